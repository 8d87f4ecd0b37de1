#include "tests/unit/spec.h"

#include <string.h>

#include "api/url.h"
#include "schemas/text.h"

static struct arena arena;

static void path_and_parameters_come_apart(void **state)
{
    (void)state;
    struct url u;
    assert_true(url_parse("/api/jobs/?status=open&q=a+b%26c&flag", &arena, &u));
    assert_string_equal(u.path, "/api/jobs/");
    assert_int_equal(u.n_params, 3);
    assert_string_equal(url_param(&u, "q"), "a b&c");
    assert_string_equal(url_param(&u, "flag"), "");
    assert_null(url_param(&u, "other"));
}

/* RFC 3986 6.2.2. */
static void a_path_has_one_spelling(void **state)
{
    (void)state;
    static const char *const paths[][2] = {
        {"/%61pi/jobs/?q=%61",  "/api/jobs/"   },
        {"//api///jobs//",      "/api/jobs/"   },
        {"/api/%7Ea%2d%2E%5f/", "/api/~a-._/"  },
        {"/a%2fb%c3%a9/",       "/a%2Fb%C3%A9/"},
        {"/A/../%2e%2E/",       "/A/../../"    },
    };
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct url u;
        assert_true(url_parse(paths[i][0], &arena, &u));
        assert_string_equal(u.path, paths[i][1]);
    }
    static const char *const none[] = {"/a%2", "/a%zz/", "/%00/", "/%ff/"};
    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        struct url u;
        assert_false(url_parse(none[i], &arena, &u));
    }
}

static void a_path_stays_raw(void **state)
{
    (void)state;
    struct url u;
    assert_true(url_parse("/a%2Fb/", &arena, &u));
    assert_string_equal(u.path, "/a%2Fb/");
    assert_int_equal(u.n_params, 0);
}

static void bad_escapes_nul_and_bad_utf8_are_refused(void **state)
{
    (void)state;
    struct url u;
    assert_false(url_parse("/?a=%", &arena, &u));
    assert_false(url_parse("/?a=%4", &arena, &u));
    assert_false(url_parse("/?a=%gg", &arena, &u));
    assert_false(url_parse("/?a=%00", &arena, &u));
    assert_false(url_parse("/?a=%ff", &arena, &u));
    assert_false(url_parse("/?%c0%80=1", &arena, &u));
}

static void too_many_parameters_are_refused(void **state)
{
    (void)state;
    char target[2 + 2 * (URL_PARAMS_MAX + 1) + 1] = "/?";
    struct url u;
    for (size_t i = 0; i < URL_PARAMS_MAX; i++)
        memcpy(target + 2 + 2 * i, "a&", 3);
    assert_true(url_parse(target, &arena, &u));
    memcpy(target + 2 + 2 * URL_PARAMS_MAX, "a", 2);
    assert_false(url_parse(target, &arena, &u));
}

static void what_was_encoded_decodes(void **state)
{
    (void)state;
    const char *text = "a b&c=d/\xc3\xa9~";
    const char *encoded = url_encode(&arena, text);
    assert_string_equal(encoded, "a%20b%26c%3Dd%2F%C3%A9~");
    assert_string_equal(url_decode(&arena, encoded, strlen(encoded), true), text);
}

static void utf8_is_what_the_rfc_says(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"plain",            true },
        {"\xc3\xa9",         true },
        {"\xe2\x82\xac",     true },
        {"\xf0\x9f\x98\x80", true },
        {"\x80",             false}, /* continuation alone */
        {"\xc3",             false}, /* cut off */
        {"\xc0\xaf",         false}, /* overlong */
        {"\xe0\x80\xaf",     false},
        {"\xed\xa0\x80",     false}, /* surrogate */
        {"\xf4\x90\x80\x80", false}, /* beyond U+10FFFF */
        {"\xf5\x80\x80\x80", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(text_is_clean(cases[i].text, strlen(cases[i].text)), cases[i].valid);
    assert_int_equal(text_characters("a\xc3\xa9\xf0\x9f\x98\x80", 7), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_and_parameters_come_apart),
        cmocka_unit_test(a_path_has_one_spelling),
        cmocka_unit_test(a_path_stays_raw),
        cmocka_unit_test(bad_escapes_nul_and_bad_utf8_are_refused),
        cmocka_unit_test(too_many_parameters_are_refused),
        cmocka_unit_test(what_was_encoded_decodes),
        cmocka_unit_test(utf8_is_what_the_rfc_says),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}

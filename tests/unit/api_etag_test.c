#include "tests/unit/spec.h"

#include "api/etag.h"

static struct arena arena;

static void if_match_is_one_strong_version(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum etag_condition condition;
        int64_t version;
    } cases[] = {
        {NULL,                        ETAG_NONE,      0                 },
        {"*",                         ETAG_NONE,      0                 },
        {" * ",                       ETAG_NONE,      0                 },
        {"\"1\"",                     ETAG_VERSION,   1                 },
        {" \"17\" ",                  ETAG_VERSION,   17                },
        {"\"0\"",                     ETAG_VERSION,   0                 },
        {"\"999999999999999999\"",    ETAG_VERSION,   999999999999999999},
        {"W/\"1\"",                   ETAG_NEVER,     0                 },
        {"\"01\"",                    ETAG_NEVER,     0                 },
        {"\"abc\"",                   ETAG_NEVER,     0                 },
        {"\"-1\"",                    ETAG_NEVER,     0                 },
        {"\"\"",                      ETAG_NEVER,     0                 },
        {"\"9999999999999999999\"",   ETAG_NEVER,     0                 },
        {"\"17-0123456789abcdef\"",   ETAG_VERSION,   17                },
        {"\"17-0123456789abcde\"",    ETAG_NEVER,     0                 },
        {"\"17-0123456789abcdeg\"",   ETAG_NEVER,     0                 },
        {"\"-0123456789abcdef\"",     ETAG_NEVER,     0                 },
        {"\"b-0123456789abcdef\"",    ETAG_NEVER,     0                 },
        {"W/\"17-0123456789abcdef\"", ETAG_NEVER,     0                 },
        {"1",                         ETAG_MALFORMED, 0                 },
        {"\"1",                       ETAG_MALFORMED, 0                 },
        {"\"1\", \"2\"",              ETAG_MALFORMED, 0                 },
        {"\"1\" \"1\"",               ETAG_MALFORMED, 0                 },
        {", \"1\",, W/\"2\",\"x\" ,", ETAG_VERSION,   1                 },
        {"\"1\", *",                  ETAG_MALFORMED, 0                 },
        {" , ",                       ETAG_MALFORMED, 0                 },
        {"* x",                       ETAG_MALFORMED, 0                 },
        {"",                          ETAG_MALFORMED, 0                 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t version = 0;
        assert_int_equal(etag_if_match(cases[i].header, &version), cases[i].condition);
        assert_true(version == cases[i].version);
    }
}

static void if_none_match_compares_weakly_with_a_list(void **state)
{
    (void)state;
    assert_false(etag_none_match_hits(NULL, "\"3\""));
    assert_true(etag_none_match_hits("*", "\"3\""));
    assert_true(etag_none_match_hits("\"3\"", "\"3\""));
    assert_true(etag_none_match_hits("\"1\", W/\"3\"", "\"3\""));
    assert_false(etag_none_match_hits("\"1\" \"3\"", "\"3\""));
    assert_false(etag_none_match_hits("\"33\"", "\"3\""));
    assert_false(etag_none_match_hits("3", "\"3\""));
    assert_true(etag_none_match_hits(",\"a,b\" ,,\t\"3\"", "\"3\""));
    assert_false(etag_none_match_hits("*, \"x\"", "\"3\""));
    assert_false(etag_none_match_hits("w/\"3\"", "\"3\""));
    assert_false(etag_none_match_hits("\"3\"", ""));
}

static void if_match_of_a_read_compares_strongly(void **state)
{
    (void)state;
    assert_true(etag_match_hits("*", "\"3\""));
    assert_true(etag_match_hits("\"1\", \"3\"", "\"3\""));
    assert_false(etag_match_hits("W/\"3\"", "\"3\""));
    assert_false(etag_match_hits("", "\"3\""));
}

static void tags_stand_for_what_they_tag(void **state)
{
    (void)state;
    assert_string_equal(etag_version(&arena, 42), "\"42\"");
    struct bytes a = {(const uint8_t *)"a", 1}, b = {(const uint8_t *)"b", 1};
    assert_string_equal(etag_hash(&arena, a), etag_hash(&arena, a));
    assert_string_not_equal(etag_hash(&arena, a), etag_hash(&arena, b));
    assert_true(etag_none_match_hits(etag_hash(&arena, a), etag_hash(&arena, a)));
}

/* What others changed changes the tag, but not what If-Match compares. */
static void a_summed_tag_has_a_version_and_changes_with_what_is_shown(void **state)
{
    (void)state;
    struct bytes a = {(const uint8_t *)"a", 1}, b = {(const uint8_t *)"b", 1};
    const char *one = etag_summed(&arena, 42, a);
    int64_t version = 0;
    assert_string_equal(one, etag_summed(&arena, 42, a));
    assert_string_not_equal(one, etag_summed(&arena, 42, b));
    assert_string_not_equal(one, etag_summed(&arena, 43, a));
    assert_int_equal(etag_if_match(one, &version), ETAG_VERSION);
    assert_int_equal(version, 42);
    assert_true(etag_none_match_hits(one, one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(if_match_is_one_strong_version),
        cmocka_unit_test(if_none_match_compares_weakly_with_a_list),
        cmocka_unit_test(if_match_of_a_read_compares_strongly),
        cmocka_unit_test(tags_stand_for_what_they_tag),
        cmocka_unit_test(a_summed_tag_has_a_version_and_changes_with_what_is_shown),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}

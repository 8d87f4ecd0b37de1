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
        {NULL,                      ETAG_NONE,      0                 },
        {"*",                       ETAG_NONE,      0                 },
        {" * ",                     ETAG_NONE,      0                 },
        {"\"1\"",                   ETAG_VERSION,   1                 },
        {" \"17\" ",                ETAG_VERSION,   17                },
        {"\"0\"",                   ETAG_VERSION,   0                 },
        {"\"999999999999999999\"",  ETAG_VERSION,   999999999999999999},
        {"W/\"1\"",                 ETAG_NEVER,     0                 },
        {"\"01\"",                  ETAG_NEVER,     0                 },
        {"\"abc\"",                 ETAG_NEVER,     0                 },
        {"\"-1\"",                  ETAG_NEVER,     0                 },
        {"\"\"",                    ETAG_NEVER,     0                 },
        {"\"9999999999999999999\"", ETAG_NEVER,     0                 },
        {"1",                       ETAG_MALFORMED, 0                 },
        {"\"1",                     ETAG_MALFORMED, 0                 },
        {"\"1\", \"2\"",            ETAG_MALFORMED, 0                 },
        {"* x",                     ETAG_MALFORMED, 0                 },
        {"",                        ETAG_MALFORMED, 0                 },
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(if_match_is_one_strong_version),
        cmocka_unit_test(if_none_match_compares_weakly_with_a_list),
        cmocka_unit_test(tags_stand_for_what_they_tag),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}

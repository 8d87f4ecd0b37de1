#include "tests/unit/spec.h"

#include <string.h>

#include "api/cursor.h"

static struct arena arena;
static const struct cursor example = {
    .created_at = 1767323045000006,
    .id = {.b = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
    .backward = true,
};

static void what_was_written_reads_back(void **state)
{
    (void)state;
    struct cursor c = {0};
    assert_true(cursor_parse(cursor_format(&arena, &example), &c));
    assert_true(c.created_at == example.created_at);
    assert_true(uuid_equal(&c.id, &example.id));
    assert_true(c.backward);
}

static void a_ranked_cursor_carries_its_rank(void **state)
{
    (void)state;
    static const int64_t ranks[] = {0, 1, -1, 607927, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < ARRAY_SIZE(ranks); i++) {
        struct cursor c = example, back = {0};
        c.ranked = true;
        c.rank = ranks[i];
        assert_true(cursor_parse(cursor_format(&arena, &c), &back));
        assert_true(back.ranked && back.rank == ranks[i]);
        assert_true(back.created_at == c.created_at && uuid_equal(&back.id, &c.id));
    }
}

/* Somebody has the address of the next page still open. */
static void a_plain_cursor_keeps_its_form_for_ever(void **state)
{
    (void)state;
    struct cursor c = {.ranked = true};
    assert_true(cursor_parse("AQEABkde9kzzRgECAwQFBgcICQoLDA0ODxA", &c));
    assert_false(c.ranked);
    assert_true(c.created_at == example.created_at && uuid_equal(&c.id, &example.id));
    assert_true(c.backward);
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    struct cursor c;
    char *text = cursor_format(&arena, &example);
    static const char *const cases[] = {"", "x", "not a cursor", "AQE", "====", "\xff"};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_false(cursor_parse(cases[i], &c));
    assert_false(cursor_parse(arena_printf(&arena, "%sA", text), &c));
    assert_false(cursor_parse(arena_strndup(&arena, text, strlen(text) - 1), &c));
    text[1] = 'g'; /* the other form in this one's length */
    assert_false(cursor_parse(text, &c));
    text[0] = 'B'; /* no form */
    assert_false(cursor_parse(text, &c));
}

static void a_time_that_no_row_has_is_refused(void **state)
{
    (void)state;
    struct cursor c = example;
    c.created_at = INT64_MAX;
    assert_false(cursor_parse(cursor_format(&arena, &c), &c));
    c.created_at = -1;
    assert_false(cursor_parse(cursor_format(&arena, &c), &c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_reads_back),
        cmocka_unit_test(a_ranked_cursor_carries_its_rank),
        cmocka_unit_test(a_plain_cursor_keeps_its_form_for_ever),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(a_time_that_no_row_has_is_refused),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}

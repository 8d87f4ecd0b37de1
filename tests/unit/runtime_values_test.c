/* Errors, memory, text, ids, times, money: the values that everything else is made of. */
#include "tests/unit/spec.h"

#include "ops/runtime/arena.h"
#include "ops/runtime/err.h"
#include "ops/runtime/money.h"
#include "ops/runtime/strbuf.h"
#include "ops/runtime/timeutil.h"
#include "ops/runtime/uuid.h"

static void every_error_code_has_a_row_in_every_table(void **state)
{
    (void)state;
    for (int code = ERR_OK; code < ERR_CODE_N; code++) {
        assert_non_null(err_code_name[code]);
        assert_true(err_http_status[code] >= 200 && err_http_status[code] <= 599);
        assert_true(code == ERR_OK || err_exit_code[code] != 0);
    }
    assert_int_equal(err_exit_code[ERR_INVALID], 78);
    struct err usage;
    err_set_reason(&usage, ERR_INVALID, ERR_REASON_USAGE, "which one?");
    assert_int_equal(err_exit_status(ERR_INVALID, &usage), ERR_EXIT_USAGE);
    assert_int_equal(err_exit_status(ERR_INVALID, NULL), 78);
    assert_int_equal(err_exit_status(ERR_OK, NULL), 0);
    assert_int_equal(err_http_status[ERR_UNAVAILABLE], 503);
    assert_int_equal(err_worker_action[ERR_UNAVAILABLE], ERR_ACTION_RETRY);
}

static void context_goes_before_the_message_and_keeps_the_code(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(err_set_reason(&err, ERR_REJECTED, "email_taken", "no %s", "luck"),
                     ERR_REJECTED);
    assert_int_equal(err_context(&err, "lane %d", 3), ERR_REJECTED);
    assert_string_equal(err.msg, "lane 3: no luck");
    assert_string_equal(err.reason, "email_taken");
    assert_int_equal(err_set(NULL, ERR_CORRUPT, "nobody asks"), ERR_CORRUPT);
}

static void a_long_message_is_cut_and_terminated(void **state)
{
    (void)state;
    char text[4 * ERR_MSG_MAX];
    struct err err = {0};
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    err_set(&err, ERR_INVALID, "%s", text);
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
    err_context(&err, "%s", text);
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
}

static void arena_memory_is_zeroed_and_aligned_also_after_clear(void **state)
{
    (void)state;
    static const char zeros[100000];
    static const size_t sizes[] = {0, 1, 7, 16, 4096, 100000, 3};
    struct arena a;
    arena_init(&a);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
            char *p = arena_alloc(&a, sizes[i]);
            assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
            assert_memory_equal(p, zeros, sizes[i]);
            memset(p, 0xee, sizes[i]);
        }
        arena_clear(&a);
    }
    arena_release(&a);
    arena_release(&a);
}

static void arena_arrays_grow_and_keep_their_items(void **state)
{
    (void)state;
    struct arena a;
    int *items = NULL;
    arena_init(&a);
    for (int n = 0; n < 1000; n++) {
        items = arena_grow(&a, items, (size_t)n, sizeof *items);
        items[n] = n;
    }
    for (int n = 0; n < 1000; n++)
        assert_int_equal(items[n], n);
    assert_string_equal(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
    assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
    struct bytes copy = arena_bytes(&a, "\0\1", 2);
    assert_memory_equal(copy.data, "\0\1", 2);
    assert_int_equal(copy.len, 2);
    arena_release(&a);
}

static void a_strbuf_is_a_string_from_the_start(void **state)
{
    (void)state;
    struct strbuf s;
    strbuf_init(&s);
    assert_string_equal(strbuf_cstr(&s), "");
    for (int i = 0; i < 500; i++)
        strbuf_addf(&s, "%03d,", i);
    assert_int_equal(s.len, 2000);
    assert_int_equal(strlen(strbuf_cstr(&s)), 2000);
    strbuf_clear(&s);
    assert_string_equal(strbuf_cstr(&s), "");
    strbuf_add_json(&s, "a\"b\\c\n\x01\xc3\xa9");
    assert_non_null(strstr(strbuf_cstr(&s), "a\\\"b\\\\c"));
    assert_null(strchr(strbuf_cstr(&s), '\n'));
    assert_non_null(strstr(strbuf_cstr(&s), "\\u0001\xc3\xa9\""));
    strbuf_release(&s);
}

static void uuids_are_read_in_either_case_and_written_in_lower(void **state)
{
    (void)state;
    struct uuid u;
    char text[UUID_TEXT_LEN + 1];
    assert_true(uuid_parse("0123ABCD-4567-89ab-CDEF-0123456789aB", &u));
    uuid_format(&u, text);
    assert_string_equal(text, "0123abcd-4567-89ab-cdef-0123456789ab");
    assert_true(uuid_is_nil(&uuid_nil));
    assert_false(uuid_is_nil(&u));
}

static void what_is_not_a_uuid_leaves_the_output_alone(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "0123abcd-4567-89ab-cdef-0123456789a",
        "0123abcd-4567-89ab-cdef-0123456789abc",
        "0123abcd04567-89ab-cdef-0123456789ab",
        "0123abcg-4567-89ab-cdef-0123456789ab",
        "{123abcd-4567-89ab-cdef-0123456789a}",
        "0123abcd-4567-89ab-cdef0-123456789ab",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct uuid u = uuid_ns_hirelog;
        assert_false(uuid_parse(bad[i], &u));
        assert_true(uuid_equal(&u, &uuid_ns_hirelog));
    }
}

/* RFC 9562 A.4 */
static void version_5_gives_the_id_of_the_rfc(void **state)
{
    (void)state;
    struct uuid dns, u;
    char text[UUID_TEXT_LEN + 1];
    assert_true(uuid_parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8", &dns));
    u = uuid_v5(&dns, "www.example.com", 15);
    uuid_format(&u, text);
    assert_string_equal(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

static void joined_parts_are_told_apart(void **state)
{
    (void)state;
    struct uuid joined = uuid_v5(&uuid_ns_hirelog, "a\0b", 3);
    struct uuid parts = uuid_v5_of("a", "b", NULL);
    struct uuid other = uuid_v5_of("ab", NULL);
    assert_true(uuid_equal(&joined, &parts));
    assert_false(uuid_equal(&other, &parts));
}

/* Every derived id that is in a log hangs on it: a change here would make strangers of them. */
static void the_namespace_is_frozen(void **state)
{
    (void)state;
    char text[UUID_TEXT_LEN + 1];
    uuid_format(&uuid_ns_hirelog, text);
    assert_string_equal(text, "0b5c0a8e-6e52-5b0e-9c59-3d1f7a416a90");
}

static void version_7_sorts_as_made_even_when_the_clock_goes_back(void **state)
{
    (void)state;
    const int64_t now = INT64_C(1767225600000000);
    struct uuid last = uuid_v7(now);
    for (int i = 0; i < 10000; i++) {
        struct uuid next = uuid_v7(i % 3 ? now : now - 5000000);
        assert_true(uuid_compare(&last, &next) < 0);
        assert_int_equal(next.b[6] >> 4, 7);
        assert_int_equal(next.b[8] >> 6, 2);
        last = next;
    }
}

static void times_are_read_with_any_offset_and_written_in_utc(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"1970-01-01T00:00:00Z",                "1970-01-01T00:00:00.000000Z"},
        {"2024-02-29T23:59:59.5+01:30",         "2024-02-29T22:29:59.500000Z"},
        {"1969-12-31T23:59:59.999999z",         "1969-12-31T23:59:59.999999Z"},
        {"2026-01-02t03:04:05.123456789-00:00", "2026-01-02T03:04:05.123456Z"},
        {"9999-12-31T23:59:59.999999Z",         "9999-12-31T23:59:59.999999Z"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t us = 0;
        char text[TIME_TEXT_LEN + 1];
        assert_true(time_parse(cases[i].in, &us));
        time_format(us, text);
        assert_string_equal(text, cases[i].out);
    }
}

static void what_is_not_a_time_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026-01-02",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T00:60:00Z",
        "2026-01-02T00:00:00",
        "2026-01-02T00:00:00.Z",
        "2026-01-02T00:00:00+24:00",
        "2026-01-02T00:00:00Zx",
        "26-01-02T00:00:00Z",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        int64_t us = 42;
        assert_false(time_parse(bad[i], &us));
        assert_int_equal(us, 42);
    }
}

static void only_active_currencies_are_known(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "EU", "eur", "EURO", "XXX", "ZZZ", "DEM", "UR ", " EU"};
    assert_true(money_currency_valid("EUR"));
    assert_true(money_currency_valid("AED"));
    assert_true(money_currency_valid("ZMW"));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(money_currency_valid(bad[i]));
}

static void sums_beyond_the_maximum_are_refused(void **state)
{
    (void)state;
    int64_t sum = 7;
    assert_true(money_add(MONEY_AMOUNT_MAX - 1, 1, &sum));
    assert_int_equal(sum, MONEY_AMOUNT_MAX);
    assert_false(money_add(MONEY_AMOUNT_MAX, 1, &sum));
    assert_false(money_add(INT64_MAX, 1, &sum));
    assert_false(money_add(INT64_MIN, -1, &sum));
    assert_int_equal(sum, MONEY_AMOUNT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_code_has_a_row_in_every_table),
        cmocka_unit_test(context_goes_before_the_message_and_keeps_the_code),
        cmocka_unit_test(a_long_message_is_cut_and_terminated),
        cmocka_unit_test(arena_memory_is_zeroed_and_aligned_also_after_clear),
        cmocka_unit_test(arena_arrays_grow_and_keep_their_items),
        cmocka_unit_test(a_strbuf_is_a_string_from_the_start),
        cmocka_unit_test(uuids_are_read_in_either_case_and_written_in_lower),
        cmocka_unit_test(what_is_not_a_uuid_leaves_the_output_alone),
        cmocka_unit_test(version_5_gives_the_id_of_the_rfc),
        cmocka_unit_test(joined_parts_are_told_apart),
        cmocka_unit_test(the_namespace_is_frozen),
        cmocka_unit_test(version_7_sorts_as_made_even_when_the_clock_goes_back),
        cmocka_unit_test(times_are_read_with_any_offset_and_written_in_utc),
        cmocka_unit_test(what_is_not_a_time_is_refused),
        cmocka_unit_test(only_active_currencies_are_known),
        cmocka_unit_test(sums_beyond_the_maximum_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

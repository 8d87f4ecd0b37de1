/* GIVEN what three clocks say WHEN they are compared THEN the watch tells which is wrong. */
#include "tests/unit/spec.h"

#include "ops/runtime/clock_watch.h"
#include "ops/runtime/timeutil.h"

#define S    INT64_C(1000000)
#define NOON (1800000000 * S)

static struct clock_watch w;
static struct strbuf page;

static int begin(void **state)
{
    (void)state;
    clock_watch_init(&w);
    strbuf_init(&page);
    return 0;
}

static int end(void **state)
{
    (void)state;
    strbuf_release(&page);
    return 0;
}

static const char *printed(void)
{
    strbuf_release(&page);
    strbuf_init(&page);
    clock_watch_print(&w, &page);
    return strbuf_cstr(&page);
}

static void nothing_is_known_at_first(void **state)
{
    (void)state;
    assert_string_equal(printed(), "{\"skew_ms\":null,\"alarm\":null}");
    assert_false(clock_watch_trusted(&w));
}

static void clocks_that_agree_are_no_alarm(void **state)
{
    (void)state;
    clock_watch_look(&w, NOON, 5 * S);
    clock_watch_look(&w, NOON + 3600 * S, 3605 * S);
    clock_watch_compare(&w, NOON, NOON + 2000, NOON + 1000 + 900000);
    assert_string_equal(printed(), "{\"skew_ms\":899,\"alarm\":null}");
    assert_true(clock_watch_trusted(&w));
}

static void a_step_of_more_than_a_minute_either_way_is_an_alarm(void **state)
{
    (void)state;
    clock_watch_look(&w, NOON, 0);
    clock_watch_look(&w, NOON + 59 * S, S / 2); /* 58.5 s: slewed, or a slow look */
    assert_null(strstr(printed(), "set"));
    clock_watch_look(&w, NOON - 600 * S, S);
    assert_non_null(strstr(printed(), "the wall clock was set by -659 s"));
    clock_watch_look(&w, NOON - 600 * S + CLOCK_STEP_SHOWN_S * S + 2 * S,
                     CLOCK_STEP_SHOWN_S * S + 3 * S);
    assert_null(strstr(printed(), "set"));
    clock_watch_look(&w, NOON + 7200 * S, CLOCK_STEP_SHOWN_S * S + 4 * S);
    assert_non_null(strstr(printed(), "the wall clock was set by 7"));
}

/* What was known of the clock before is over. */
static void after_a_step_the_clock_is_trusted_when_it_was_compared(void **state)
{
    (void)state;
    clock_watch_look(&w, NOON, 0);
    clock_watch_compare(&w, NOON, NOON, NOON);
    assert_true(clock_watch_trusted(&w));
    clock_watch_look(&w, NOON + 3600 * S, S);
    assert_false(clock_watch_trusted(&w));
    clock_watch_compare(&w, NOON + 3600 * S, NOON + 3600 * S, NOON + S);
    assert_false(clock_watch_trusted(&w));
    clock_watch_look(&w, NOON + 2 * S, 2 * S);
    clock_watch_compare(&w, NOON + 2 * S, NOON + 2 * S, NOON + 2 * S);
    assert_true(clock_watch_trusted(&w));
}

static void a_second_from_the_databases_clock_is_an_alarm(void **state)
{
    (void)state;
    clock_watch_compare(&w, NOON, NOON, NOON + S + 1);
    assert_non_null(strstr(printed(), "1000 ms behind the database's"));
    assert_true(clock_watch_trusted(&w)); /* not by a minute */
    clock_watch_compare(&w, NOON, NOON, NOON - 90 * S);
    assert_non_null(strstr(printed(), "90000 ms before the database's"));
    assert_false(clock_watch_trusted(&w));
    clock_watch_compare(&w, NOON, NOON, NOON);
    assert_non_null(strstr(printed(), "\"alarm\":null"));
}

static void a_slow_answer_proves_little(void **state)
{
    (void)state;
    clock_watch_compare(&w, NOON, NOON + 10 * S, NOON);
    assert_string_equal(printed(), "{\"skew_ms\":0,\"alarm\":null}");
    clock_watch_compare(&w, NOON, NOON + 10 * S, NOON + 12 * S);
    assert_string_equal(strstr(printed(), "\"skew_ms\":2000") ? "2 s at least" : printed(),
                        "2 s at least");
}

#define CLOCK_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLOCK_TEST(nothing_is_known_at_first),
        CLOCK_TEST(clocks_that_agree_are_no_alarm),
        CLOCK_TEST(a_step_of_more_than_a_minute_either_way_is_an_alarm),
        CLOCK_TEST(after_a_step_the_clock_is_trusted_when_it_was_compared),
        CLOCK_TEST(a_second_from_the_databases_clock_is_an_alarm),
        CLOCK_TEST(a_slow_answer_proves_little),
    };
    return cmocka_run_group_tests_name("clock watch", tests, NULL, NULL);
}

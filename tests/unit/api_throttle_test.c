#include "tests/unit/spec.h"

#include <stdio.h>

#include "api/throttle.h"

#define WINDOW 1000

static void the_window_lets_so_many_through(void **state)
{
    (void)state;
    struct throttle *t = throttle_new(2, WINDOW);
    assert_true(throttle_take(t, "ana", 3, 100) == 0);
    assert_true(throttle_take(t, "ana", 3, 200) == 0);
    assert_true(throttle_take(t, "ana", 3, 300) == 100 + WINDOW - 300);
    assert_true(throttle_take(t, "ben", 3, 300) == 0);
    assert_true(throttle_take(t, "ana", 3, 100 + WINDOW) == 0);
    throttle_free(t);
}

static void what_was_forgiven_does_not_count(void **state)
{
    (void)state;
    struct throttle *t = throttle_new(1, WINDOW);
    assert_true(throttle_take(t, "ana", 3, 100) == 0);
    throttle_forgive(t, "ana", 3);
    throttle_forgive(t, "nobody", 6);
    assert_true(throttle_take(t, "ana", 3, 100) == 0);
    assert_true(throttle_take(t, "ana", 3, 100) > 0);
    throttle_free(t);
}

static void zero_is_off(void **state)
{
    (void)state;
    struct throttle *t = throttle_new(0, WINDOW);
    for (int i = 0; i < 100; i++)
        assert_true(throttle_take(t, "ana", 3, 100) == 0);
    throttle_free(t);
}

static void many_keys_take_bounded_room_and_the_latest_still_counts(void **state)
{
    (void)state;
    struct throttle *t = throttle_new(1, WINDOW);
    for (int i = 0; i < 100000; i++) {
        char key[16];
        int len = snprintf(key, sizeof(key), "%d", i);
        assert_true(throttle_take(t, key, (size_t)len, 100 + i) == 0);
        assert_true(throttle_take(t, key, (size_t)len, 100 + i) > 0);
    }
    throttle_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_window_lets_so_many_through),
        cmocka_unit_test(what_was_forgiven_does_not_count),
        cmocka_unit_test(zero_is_off),
        cmocka_unit_test(many_keys_take_bounded_room_and_the_latest_still_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/unit/spec.h"

#include <string.h>

#include "consumers/assignment.h"

#define LANES_N 12

static const struct uuid ids[] = {{{1}}, {{2}}, {{3}}, {{4}}};
static struct assignment_lane lanes[LANES_N];

/* ana, ben, ...: the first n of them live; no lane is held. */
static struct assignment world(size_t n_workers, size_t n_lanes)
{
    struct assignment a = {.lanes = lanes, .n_lanes = n_lanes};
    memset(lanes, 0, sizeof(lanes));
    for (size_t i = 0; i < n_lanes; i++)
        lanes[i].partition = (int32_t)i;
    for (size_t i = 0; i < n_workers; i++)
        a.workers[a.n_workers++].id = ids[i];
    return a;
}

static void held(size_t lane, size_t worker)
{
    lanes[lane].held = true;
    lanes[lane].worker = ids[worker];
}

static size_t share_of(struct assignment *a, size_t worker)
{
    a->me = &ids[worker];
    return assignment_share(a);
}

static void shares_differ_by_one_and_sum_up(void **state)
{
    (void)state;
    for (size_t n_workers = 1; n_workers <= 4; n_workers++)
        for (size_t n_lanes = 0; n_lanes <= LANES_N; n_lanes++)
            for (size_t turn = 0; turn < 6; turn++) {
                struct assignment a = world(n_workers, n_lanes);
                size_t sum = 0;
                a.turn = turn;
                for (size_t w = 0; w < n_workers; w++) {
                    size_t share = share_of(&a, w);
                    assert_in_range(share, n_lanes / n_workers,
                                    (n_lanes + n_workers - 1) / n_workers);
                    sum += share;
                }
                assert_int_equal(sum, n_lanes);
            }
}

static void the_odd_lanes_of_many_services_are_not_one_workers(void **state)
{
    (void)state;
    struct assignment a = world(2, 3);
    size_t sum[2] = {0};
    for (a.turn = 0; a.turn < 6; a.turn++)
        for (size_t w = 0; w < 2; w++)
            sum[w] += share_of(&a, w);
    assert_int_equal(sum[0], 9);
    assert_int_equal(sum[1], 9);
}

static void who_leaves_or_lives_no_more_has_no_share(void **state)
{
    (void)state;
    struct assignment a = world(3, 3);
    a.workers[1].leaving = true;
    assert_int_equal(share_of(&a, 1), 0);
    assert_int_equal(share_of(&a, 3), 0);
    assert_int_equal(share_of(&a, 0) + share_of(&a, 2), 3);
}

static void a_lane_is_free_when_no_living_worker_holds_it(void **state)
{
    (void)state;
    struct assignment a = world(2, 5);
    held(1, 0);
    held(2, 3);           /* frozen: its connection is there, it is not among those that live */
    lanes[3].held = true; /* of an older program: no worker is named */
    a.workers[1].leaving = true;
    held(4, 1); /* it ends its batch first */
    static const bool is_free[] = {true, false, true, false, false};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(assignment_free(&a, &lanes[i]), is_free[i]);
}

static void workers_that_look_at_once_take_different_lanes(void **state)
{
    (void)state;
    for (size_t n_workers = 1; n_workers <= 4; n_workers++)
        for (size_t n_lanes = 0; n_lanes <= LANES_N; n_lanes++)
            for (size_t turn = 0; turn < 6; turn++) {
                struct assignment a = world(n_workers, n_lanes);
                int taken[LANES_N] = {0};
                a.turn = turn;
                for (size_t w = 0; w < n_workers; w++) {
                    size_t mine[LANES_N], due = share_of(&a, w);
                    size_t n = assignment_take(&a, due, mine);
                    assert_int_equal(n, due);
                    for (size_t i = 0; i < n; i++)
                        taken[mine[i]]++;
                }
                for (size_t i = 0; i < n_lanes; i++)
                    assert_int_equal(taken[i], 1);
            }
}

static void who_comes_later_takes_what_the_first_leaves(void **state)
{
    (void)state;
    struct assignment a = world(2, 4);
    size_t mine[LANES_N];
    held(0, 0); /* the first has one of its two */
    a.me = &ids[1];
    assert_int_equal(assignment_take(&a, 2, mine), 2);
    assert_int_equal(mine[0], 2); /* lane 1 is left to the first */
    assert_int_equal(mine[1], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_differ_by_one_and_sum_up),
        cmocka_unit_test(the_odd_lanes_of_many_services_are_not_one_workers),
        cmocka_unit_test(who_leaves_or_lives_no_more_has_no_share),
        cmocka_unit_test(a_lane_is_free_when_no_living_worker_holds_it),
        cmocka_unit_test(workers_that_look_at_once_take_different_lanes),
        cmocka_unit_test(who_comes_later_takes_what_the_first_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

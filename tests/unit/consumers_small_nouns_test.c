/* The small nouns of a lane: index of ids, claims, touched aggregates, the watchdog's rule, the
 * statements. */
#include "tests/unit/spec.h"

#include <stdlib.h>
#include <string.h>

#include "consumers/claim.h"
#include "consumers/id_index.h"
#include "consumers/lane_sql.h"
#include "consumers/manifest.h"
#include "consumers/state_store.h"
#include "consumers/watchdog.h"
#include "schemas/records.h"

static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct uuid numbered(uint32_t n)
{
    struct uuid id = {{0}};
    memcpy(id.b, &n, sizeof(n));
    return id;
}

static void an_index_keeps_the_first_value_and_grows(void **state)
{
    (void)state;
    struct id_index *x = id_index_new(&arena);
    size_t value = 77;
    struct uuid id = numbered(1);
    assert_false(id_index_find(x, &id, &value));
    assert_int_equal(value, 77);
    for (uint32_t i = 0; i < 5000; i++) {
        id = numbered(i);
        assert_true(id_index_add(x, &id, i));
        assert_false(id_index_add(x, &id, i + 1));
    }
    for (uint32_t i = 0; i < 5000; i++) {
        id = numbered(i);
        assert_true(id_index_find(x, &id, &value));
        assert_int_equal(value, i);
    }
}

static void of_two_claims_for_a_key_the_earlier_command_stays(void **state)
{
    (void)state;
    struct claim c[] = {
        {.key = "b", .command_offset = 1},
        {.key = "a", .command_offset = 9},
        {.key = "a", .command_offset = 3},
        {.key = "b", .command_offset = 2},
    };
    assert_int_equal(claim_distinct(c, ARRAY_SIZE(c)), 2);
    assert_string_equal(c[0].key, "a");
    assert_int_equal(c[0].command_offset, 3);
    assert_string_equal(c[1].key, "b");
    assert_int_equal(c[1].command_offset, 1);
    assert_int_equal(claim_distinct(c, 0), 0);
}

static void an_event_touches_every_aggregate_that_its_folds_name(void **state)
{
    (void)state;
    struct application_submitted e = {.meta = {.aggregate_id = numbered(5)}, .job_id = numbered(6)};
    struct command_rejected none = {.meta = {.aggregate_id = numbered(7)}};
    const struct decider *d = service_find("job")->decider;
    struct touched t;
    touched_init(&t, &arena);
    touched_add(&t, d, (struct record){&type_application_submitted, &e}, 11);
    touched_add(&t, d, (struct record){&type_application_submitted, &e}, 12);
    touched_add(&t, d, (struct record){&type_command_rejected, &none}, 13);
    assert_int_equal(t.ids.n, 2); /* the application and its job */
    assert_int_equal(t.positions[0], 12);
    assert_int_equal(t.positions[1], 12);
}

static void a_lane_hangs_only_while_the_brokers_answer(void **state)
{
    (void)state;
    assert_false(watchdog_hanging(19000000, 60000000, 10000));
    assert_true(watchdog_hanging(21000000, 60000000, 10000));
    assert_false(watchdog_hanging(60000000, 19000000, 10000)); /* back for 19 s only */
}

static void every_statement_has_its_file(void **state)
{
    (void)state;
    for (int i = 0; i < LANE_SQL_N; i++) {
        const struct pg_stmt *s = lane_sql((enum lane_sql)i);
        assert_non_null(s->name);
        assert_non_null(s->sql);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_keeps_the_first_value_and_grows),
        cmocka_unit_test(of_two_claims_for_a_key_the_earlier_command_stays),
        cmocka_unit_test(an_event_touches_every_aggregate_that_its_folds_name),
        cmocka_unit_test(a_lane_hangs_only_while_the_brokers_answer),
        cmocka_unit_test(every_statement_has_its_file),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

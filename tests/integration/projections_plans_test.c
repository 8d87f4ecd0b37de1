/* What the statements of a writer read. Their plans are made once, maybe when a table has a few rows, and have to be right when it has
 * many: the next ANALYZE may be a minute and 100,000 rows away. */
#include "tests/unit/spec.h"

#include <stdlib.h>

#include "consumers/lane_sql.h"
#include "schemas/records.h"
#include "tests/integration/view_world.h"

#define READ_MAX 20 /* rows, by statements that name one */
#define IDS(from, to)                              \
    "FROM generate_series(" #from ", " #to ") n, " \
    "lateral (SELECT lpad(to_hex(n), 32, '0')::uuid AS id) x"

static const struct pg_stmt read_of_state = {
    .name = "plans_state",
    .text_results = true,
    .sql = "SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index "
           "WHERE indrelid = 'state'::regclass"};
static const struct pg_stmt read_of_posting = {
    .name = "plans_posting",
    .text_results = true,
    .sql = "SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index "
           "WHERE indrelid IN ('posting'::regclass, 'search'::regclass)"};

/* How many rows were read since BEGIN. */
static long read_until_commit(struct pg *pg, const struct pg_stmt *read)
{
    long n = strtol(view_text(pg, read), NULL, 10);
    view_script(pg, "COMMIT");
    print_message("%s: %ld rows read\n", read->name, n);
    return n;
}

static void find_and_shift(struct pg *pg, struct uuid id)
{
    struct pg_param element = pg_p_uuid(&view.arena, &id);
    struct pg_param ids = pg_p_array(&view.arena, PG_UUID_ARRAY, &element, 1);
    struct pg_param find[] = {pg_p_int4(&view.arena, 1), ids};
    struct pg_param shift[] = {pg_p_int8(&view.arena, 1), pg_p_int4(&view.arena, 1), ids};
    const PGresult *r;
    OK(pg_exec(pg, lane_sql(SQL_STATE_FIND), find, ARRAY_SIZE(find), &r, &view.err));
    assert_int_equal(PQntuples(r), 1);
    OK(pg_exec(pg, lane_sql(SQL_STATE_SHIFT), shift, ARRAY_SIZE(shift), NULL, &view.err));
}

static void a_state_is_found_by_its_key_although_they_were_few(void **state)
{
    (void)state;
    struct pg *pg = view_pg("job");
    view_script(pg, "INSERT INTO state SELECT 1, id, 0, 1, 1, '', 1 " IDS(1, 30) ";ANALYZE state");
    find_and_shift(pg, id_of(7));
    view_script(pg, "INSERT INTO state SELECT 1, id, 0, 1, 1, '', 1 " IDS(31, 5000) ";BEGIN");
    find_and_shift(pg, id_of(8));
    assert_true(read_until_commit(pg, &read_of_state) <= READ_MAX);
}

static void job_closes(unsigned job)
{
    const struct record closed[] = {EVENT(job_closed, META(job, 2, 9))};
    view_apply("job", APPLY_OWN, 0, closed, 1);
    view_apply("job", "from_job", 0, closed, 1);
}

#define POSTINGS(from, to)                                                                     \
    "INSERT INTO posting SELECT id, id, '', '', '{}', 1, 'EUR', 'open', 1, now(), now() " IDS( \
        from, to) ";"                                                                          \
                  "INSERT INTO search SELECT id, 'open', '{}', 1, 'EUR', '', 1, now() " IDS(   \
                      from, to) ";"

static void a_row_is_found_by_its_key_although_they_were_few(void **state)
{
    (void)state;
    struct pg *pg = view_pg("job");
    view_script(pg, POSTINGS(1, 30) "ANALYZE posting, search");
    job_closes(7);
    view_script(pg, POSTINGS(31, 5000) "BEGIN");
    job_closes(8);
    assert_true(read_until_commit(pg, &read_of_posting) <= READ_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_is_found_by_its_key_although_they_were_few),
        cmocka_unit_test(a_row_is_found_by_its_key_although_they_were_few),
    };
    return cmocka_run_group_tests(tests, view_begin, view_end);
}

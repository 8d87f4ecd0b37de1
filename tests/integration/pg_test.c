/* The libpq wrapper against a real server (HIRELOG_TEST_PG): binary forms, pipelines that fail,
 * connections that die. */
#include "tests/unit/spec.h"

#include <limits.h>
#include <stdlib.h>

#include "ops/runtime/pg.h"
#include "ops/runtime/timeutil.h"

static struct arena arena;
static struct pg *pg;
static struct err err;

#define OK(call)                     \
    do {                             \
        if ((call) != ERR_OK)        \
            fail_msg("%s", err.msg); \
    } while (0)

static struct pg *open_session(void)
{
    struct pg *ret = NULL;
    struct pg_options o = {
        .conninfo = getenv("HIRELOG_TEST_PG"),
        .application_name = "pg_test",
        .search_path = "pg_temp",
        .statement_timeout_ms = 4000,
        .planner_fixed = true,
        .durability = PG_ASYNC,
    };
    OK(pg_open(&o, &ret, &err));
    return ret;
}

static int fresh(void **state)
{
    (void)state;
    arena_init(&arena);
    pg = open_session();
    return 0;
}

static int done(void **state)
{
    (void)state;
    pg_free(pg);
    arena_release(&arena);
    return 0;
}

static void command(const char *sql)
{
    pg_queue_command(pg, sql);
    OK(pg_sync(pg, &err));
}

static int64_t one_number(const struct pg_stmt *s)
{
    const PGresult *r = NULL;
    OK(pg_exec(pg, s, NULL, 0, &r, &err));
    return pg_get_int8(r, 0, 0);
}

static const struct pg_stmt stmt_one = {.name = "one", .sql = "SELECT 1::int8"};
static const struct pg_stmt stmt_zero_divide = {.name = "zero", .sql = "SELECT 1 / $1::int4"};

/* What array_send() makes of the same array is what we must send: byte for byte. */
static void
check_array(const struct pg_stmt *send, enum pg_type type, const struct pg_param *items, size_t n)
{
    const PGresult *r = NULL;
    OK(pg_exec(pg, send, NULL, 0, &r, &err));
    struct bytes golden = pg_get_bytes(r, 0, 0);
    struct pg_param ours = pg_p_array(&arena, type, items, n);
    assert_int_equal(ours.len, golden.len);
    assert_memory_equal(ours.data, golden.data, golden.len);
}

static void number_arrays_are_as_the_server_sends_them(void **state)
{
    (void)state;
    static const struct pg_stmt int8s = {
        .name = "int8s",
        .sql = "SELECT array_send(ARRAY[1, -2, NULL, 9223372036854775807]::int8[])"};
    static const struct pg_stmt int4s = {.name = "int4s",
                                         .sql = "SELECT array_send(ARRAY[-1, 7]::int4[])"};
    static const struct pg_stmt bools = {.name = "bools",
                                         .sql = "SELECT array_send(ARRAY[true, false])"};
    static const struct pg_stmt none = {.name = "none", .sql = "SELECT array_send('{}'::int8[])"};
    const struct pg_param int8_items[] = {pg_p_int8(&arena, 1), pg_p_int8(&arena, -2),
                                          pg_p_null(PG_INT8), pg_p_int8(&arena, INT64_MAX)};
    const struct pg_param int4_items[] = {pg_p_int4(&arena, -1), pg_p_int4(&arena, 7)};
    const struct pg_param bool_items[] = {pg_p_bool(&arena, true), pg_p_bool(&arena, false)};
    check_array(&int8s, PG_INT8_ARRAY, int8_items, 4);
    check_array(&int4s, PG_INT4_ARRAY, int4_items, 2);
    check_array(&bools, PG_BOOL_ARRAY, bool_items, 2);
    check_array(&none, PG_INT8_ARRAY, NULL, 0);
}

static void text_uuid_and_time_arrays_are_as_the_server_sends_them(void **state)
{
    (void)state;
    static const struct pg_stmt texts = {
        .name = "texts", .sql = "SELECT array_send(ARRAY['', 'a\"{,}', NULL, 'é'])"};
    static const struct pg_stmt uuids = {
        .name = "uuids",
        .sql = "SELECT array_send(ARRAY['0123abcd-4567-89ab-cdef-0123456789ab']::uuid[])"};
    static const struct pg_stmt times = {
        .name = "times",
        .sql = "SELECT array_send(ARRAY['1999-12-31T23:59:59.999999Z', "
               "'2026-01-02T03:04:05.000006Z']::timestamptz[])"};
    static const struct pg_stmt byteas = {
        .name = "byteas", .sql = "SELECT array_send(ARRAY['\\x', '\\x00ff']::bytea[])"};
    struct uuid id;
    int64_t before, after;
    assert_true(uuid_parse("0123abcd-4567-89ab-cdef-0123456789ab", &id));
    assert_true(time_parse("1999-12-31T23:59:59.999999Z", &before));
    assert_true(time_parse("2026-01-02T03:04:05.000006Z", &after));
    const struct pg_param text_items[] = {pg_p_text(&arena, ""), pg_p_text(&arena, "a\"{,}"),
                                          pg_p_text(&arena, NULL), pg_p_text(&arena, "é")};
    const struct pg_param uuid_items[] = {pg_p_uuid(&arena, &id)};
    const struct pg_param time_items[] = {pg_p_time(&arena, before), pg_p_time(&arena, after)};
    const struct pg_param bytea_items[] = {
        pg_p_bytea(&arena, (struct bytes){NULL, 0}),
        pg_p_bytea(&arena, (struct bytes){(const uint8_t *)"\0\xff", 2})};
    check_array(&texts, PG_TEXT_ARRAY, text_items, 4);
    check_array(&uuids, PG_UUID_ARRAY, uuid_items, 1);
    check_array(&times, PG_TIMESTAMPTZ_ARRAY, time_items, 2);
    check_array(&byteas, PG_BYTEA_ARRAY, bytea_items, 2);
}

static void values_come_back_as_they_went(void **state)
{
    (void)state;
    static const struct pg_stmt echo = {.name = "echo",
                                        .sql = "SELECT $1::int8, $2::int4, $3::bool, $4::text, "
                                               "$5::uuid, $6::timestamptz, $7::bytea, $8::text"};
    const PGresult *r = NULL;
    const int64_t us = INT64_C(-1234567890123);
    const struct pg_param p[] = {pg_p_int8(&arena, INT64_MIN),
                                 pg_p_int4(&arena, INT_MIN),
                                 pg_p_bool(&arena, true),
                                 pg_p_text(&arena, "naïve"),
                                 pg_p_uuid(&arena, &uuid_ns_hirelog),
                                 pg_p_time(&arena, us),
                                 pg_p_bytea(&arena, (struct bytes){(const uint8_t *)"\0\1\2", 3}),
                                 pg_p_null(PG_TEXT)};
    OK(pg_exec(pg, &echo, p, ARRAY_SIZE(p), &r, &err));
    assert_true(pg_get_int8(r, 0, 0) == INT64_MIN);
    assert_true(pg_get_int8(r, 0, 1) == INT_MIN);
    assert_true(pg_get_bool(r, 0, 2));
    assert_string_equal(pg_get_text(r, 0, 3), "naïve");
    struct uuid id = pg_get_uuid(r, 0, 4);
    assert_true(uuid_equal(&id, &uuid_ns_hirelog));
    assert_true(pg_get_time(r, 0, 5) == us);
    struct bytes b = pg_get_bytes(r, 0, 6);
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.data, "\0\1\2", 3);
    assert_true(pg_is_null(r, 0, 7));
}

static void many_statements_go_in_one_pipeline(void **state)
{
    (void)state;
    static const struct pg_stmt add = {.name = "add", .sql = "INSERT INTO n SELECT $1::int8"};
    static const struct pg_stmt sum = {.name = "sum", .sql = "SELECT sum(v)::int8 FROM n"};
    size_t last = 0;
    command("CREATE TEMP TABLE n (v int8)");
    for (int64_t i = 0; i < PG_QUEUE_MAX; i++) {
        struct pg_param p = pg_p_int8(&arena, i);
        last = pg_queue(pg, &add, &p, 1);
    }
    OK(pg_sync(pg, &err));
    assert_int_equal(last, PG_QUEUE_MAX - 1);
    assert_int_equal(pg_affected(pg, last), 1);
    assert_int_equal(one_number(&sum), PG_QUEUE_MAX * (PG_QUEUE_MAX - 1) / 2);
}

/* More than the socket buffers hold both ways: a client that only writes would wait for ever. */
static void a_pipeline_larger_than_the_socket_buffers_gets_through(void **state)
{
    (void)state;
    static const struct pg_stmt echo = {.name = "big", .sql = "SELECT $1::text"};
    const size_t size = 1U << 20;
    char *text = arena_alloc(&arena, size + 1);
    memset(text, 'x', size);
    for (int i = 0; i < 16; i++) {
        struct pg_param p = pg_p_text(&arena, text);
        pg_queue(pg, &echo, &p, 1);
    }
    OK(pg_sync(pg, &err));
    assert_int_equal(pg_get_bytes(pg_result(pg, 15), 0, 0).len, size);
}

static void the_first_error_of_a_pipeline_is_told_and_the_session_goes_on(void **state)
{
    (void)state;
    struct pg_param zero = pg_p_int4(&arena, 0);
    pg_queue(pg, &stmt_one, NULL, 0);
    pg_queue(pg, &stmt_zero_divide, &zero, 1);
    pg_queue_command(pg, "SELECT no_such_column");
    assert_int_equal(pg_sync(pg, &err), ERR_INVALID);
    assert_string_equal(err.reason, "22012");
    assert_non_null(strstr(err.msg, "zero"));
    assert_false(pg_broken(pg));
    assert_int_equal(one_number(&stmt_one), 1);
}

/* The text of a statement without a name took all the room, and nobody learnt why. */
static void an_error_of_a_long_text_says_why(void **state)
{
    (void)state;
    char text[600] = "-- ";
    memset(text + 3, 'x', 400);
    (void)snprintf(text + 403, sizeof(text) - 403, "\nSELECT no_such_column");
    pg_queue_command(pg, text);
    assert_int_equal(pg_sync(pg, &err), ERR_INTERNAL);
    assert_non_null(strstr(err.msg, "no_such_column"));
    assert_non_null(strstr(err.msg, "42703"));
}

/* The second statement was never prepared, as the pipeline was aborted before it: it must not be
 * taken for prepared. */
static void a_preparation_that_was_skipped_or_failed_is_made_again(void **state)
{
    (void)state;
    static const struct pg_stmt skipped = {.name = "skipped", .sql = "SELECT 2::int8"};
    static const struct pg_stmt early = {.name = "early",
                                         .sql = "SELECT count(*)::int8 FROM later"};
    pg_queue_command(pg, "SELECT no_such_column");
    pg_queue(pg, &skipped, NULL, 0);
    assert_int_equal(pg_sync(pg, &err), ERR_INTERNAL);
    assert_int_equal(one_number(&skipped), 2);
    assert_int_equal(pg_exec(pg, &early, NULL, 0, NULL, &err), ERR_INTERNAL);
    assert_string_equal(err.reason, "42P01");
    command("CREATE TEMP TABLE later ()");
    assert_int_equal(one_number(&early), 0);
}

static void a_commit_of_a_failed_transaction_is_no_commit(void **state)
{
    (void)state;
    struct pg_param zero = pg_p_int4(&arena, 0);
    command("BEGIN");
    assert_int_equal(pg_exec(pg, &stmt_zero_divide, &zero, 1, NULL, &err), ERR_INVALID);
    assert_int_not_equal(pg_commit(pg, &err), ERR_OK);
    assert_int_equal(one_number(&stmt_one), 1);
}

/* ---- a commit and its hint in one trip */

static const struct pg_stmt stmt_note = {.name = "note",
                                         .sql = "INSERT INTO trip SELECT txid_current()"};
static const struct pg_stmt stmt_noted = {.name = "noted",
                                          .sql = "SELECT count(DISTINCT id) FROM trip"};

static void begin_and_note(void)
{
    command("CREATE TEMP TABLE trip (id int8)");
    pg_queue_command(pg, "BEGIN");
    pg_queue(pg, &stmt_note, NULL, 0);
    OK(pg_sync(pg, &err));
}

static void a_hint_is_behind_its_commit_in_a_transaction_of_its_own(void **state)
{
    (void)state;
    begin_and_note();
    OK(pg_commit_then(pg, &stmt_note, NULL, 0, &err));
    assert_int_equal(one_number(&stmt_noted), 2);
}

static void a_hint_that_fails_leaves_the_commit_as_it_is(void **state)
{
    (void)state;
    struct pg_param zero = pg_p_int4(&arena, 0);
    struct err untouched = {0};
    begin_and_note();
    assert_int_equal(pg_commit_then(pg, &stmt_zero_divide, &zero, 1, &untouched), ERR_OK);
    assert_int_equal(untouched.code, ERR_OK);
    assert_int_equal(one_number(&stmt_noted), 1);
}

/* What was refused in the trip takes COMMIT and hint along. */
static void a_trip_that_fails_commits_and_hints_nothing(void **state)
{
    (void)state;
    struct pg_param zero = pg_p_int4(&arena, 0);
    begin_and_note();
    pg_queue(pg, &stmt_zero_divide, &zero, 1);
    assert_int_equal(pg_commit_then(pg, &stmt_note, NULL, 0, &err), ERR_INVALID);
    pg_rollback(pg);
    assert_int_equal(one_number(&stmt_noted), 0);
}

static void a_transaction_that_had_failed_is_not_committed_by_the_trip(void **state)
{
    (void)state;
    struct pg_param zero = pg_p_int4(&arena, 0);
    begin_and_note();
    assert_int_equal(pg_exec(pg, &stmt_zero_divide, &zero, 1, NULL, &err), ERR_INVALID);
    assert_int_not_equal(pg_commit_then(pg, &stmt_one, NULL, 0, &err), ERR_OK);
    assert_int_equal(one_number(&stmt_noted), 0);
}

/* The answer to the COMMIT came, whatever came behind it. */
static void a_backend_that_dies_of_its_hint_has_committed(void **state)
{
    (void)state;
    static const struct pg_stmt die = {.name = "die_of_hint",
                                       .sql = "SELECT pg_terminate_backend(pg_backend_pid())"};
    command("BEGIN");
    OK(pg_commit_then(pg, &die, NULL, 0, &err));
    assert_true(pg_broken(pg));
}

static void a_backend_that_dies_before_its_commit_is_an_unknown_outcome(void **state)
{
    (void)state;
    begin_and_note();
    pg_queue_command(pg, "SELECT pg_terminate_backend(pg_backend_pid())");
    assert_int_equal(pg_commit_then(pg, &stmt_one, NULL, 0, &err), ERR_UNAVAILABLE);
    assert_true(pg_broken(pg));
}

static void a_rollback_leaves_a_session_that_works(void **state)
{
    (void)state;
    struct pg_param zero = pg_p_int4(&arena, 0);
    command("BEGIN");
    assert_int_equal(pg_exec(pg, &stmt_zero_divide, &zero, 1, NULL, &err), ERR_INVALID);
    pg_rollback(pg);
    command("BEGIN");
    OK(pg_commit(pg, &err));
    pg_queue_command(pg, "BEGIN");
    pg_queue(pg, &stmt_zero_divide, &zero,
             1); /* queued, never synced: it must not swallow the ROLLBACK */
    pg_rollback(pg);
    assert_int_equal(one_number(&stmt_one), 1);
}

static void a_savepoint_confines_poison(void **state)
{
    (void)state;
    struct pg_param zero = pg_p_int4(&arena, 0);
    command("CREATE TEMP TABLE kept (v int)");
    command("BEGIN");
    command("SAVEPOINT one");
    assert_int_equal(pg_exec(pg, &stmt_zero_divide, &zero, 1, NULL, &err), ERR_INVALID);
    command("ROLLBACK TO SAVEPOINT one");
    command("INSERT INTO kept VALUES (1)");
    OK(pg_commit(pg, &err));
}

static void a_backend_that_dies_in_a_pipeline_is_noticed(void **state)
{
    (void)state;
    static const struct pg_stmt die = {.name = "die",
                                       .sql = "SELECT pg_terminate_backend(pg_backend_pid())"};
    int first_pid = pg_backend_pid(pg);
    command("BEGIN");
    pg_queue(pg, &die, NULL, 0);
    pg_queue(pg, &stmt_one, NULL, 0);
    assert_int_equal(pg_sync(pg, &err), ERR_UNAVAILABLE);
    assert_true(pg_broken(pg));
    assert_int_equal(pg_exec(pg, &stmt_one, NULL, 0, NULL, &err), ERR_UNAVAILABLE);
    pg_rollback(pg);
    OK(pg_reset(pg, &err));
    assert_false(pg_broken(pg));
    assert_int_not_equal(pg_backend_pid(pg), first_pid);
    assert_int_equal(one_number(&stmt_one), 1); /* prepared anew */
}

static void a_backend_ended_by_another_session_is_noticed(void **state)
{
    (void)state;
    static const struct pg_stmt kill = {.name = "kill",
                                        .sql = "SELECT pg_terminate_backend($1::int4, 5000)"};
    owned(pg_free) struct pg *other = open_session();
    struct pg_param pid = pg_p_int4(&arena, pg_backend_pid(pg));
    command("BEGIN");
    OK(pg_exec(other, &kill, &pid, 1, NULL, &err));
    assert_int_equal(pg_commit(pg, &err), ERR_UNAVAILABLE);
    assert_true(pg_broken(pg));
}

/* The end of a failover: the session would lead to a server without writes for ever. */
static void a_session_that_takes_no_writes_is_of_no_more_use(void **state)
{
    (void)state;
    command("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY");
    assert_int_equal(one_number(&stmt_one), 1);
    assert_int_equal(pg_script(pg, "CREATE TABLE nowhere ()", &err), ERR_UNAVAILABLE);
    assert_string_equal(err.reason, "25006");
    assert_true(pg_broken(pg));
    assert_int_equal(pg_exec(pg, &stmt_one, NULL, 0, NULL, &err), ERR_UNAVAILABLE);
    OK(pg_reset(pg, &err));
    command("CREATE TEMPORARY TABLE somewhere ()");
}

static void a_statement_that_takes_too_long_can_be_tried_again(void **state)
{
    (void)state;
    static const struct pg_stmt nap = {.name = "nap", .sql = "SELECT pg_sleep(60)"};
    command("SET statement_timeout = 50");
    assert_int_equal(pg_exec(pg, &nap, NULL, 0, NULL, &err), ERR_UNAVAILABLE);
    assert_string_equal(err.reason, "57014");
    assert_false(pg_broken(pg));
}

static void the_session_is_set_up_as_asked(void **state)
{
    (void)state;
    static const struct pg_stmt settings = {
        .name = "settings",
        .sql = "SELECT current_setting('synchronous_commit'), current_setting('enable_seqscan'),"
               " current_setting('jit'), current_setting('plan_cache_mode'), "
               "current_setting('statement_timeout'),"
               " current_setting('application_name'), current_setting('search_path')"};
    static const char *const wanted[] = {"off", "off",     "off",    "force_generic_plan",
                                         "4s",  "pg_test", "pg_temp"};
    const PGresult *r = NULL;
    OK(pg_exec(pg, &settings, NULL, 0, &r, &err));
    for (int i = 0; i < (int)ARRAY_SIZE(wanted); i++)
        assert_string_equal(pg_get_text(r, 0, i), wanted[i]);
}

static void await_reload(const char *names)
{
    static const struct pg_stmt shown = {
        .name = "names", .sql = "SELECT current_setting('synchronous_standby_names')"};
    const PGresult *r;
    int64_t deadline = time_monotonic_us() + 20000000;
    do {
        assert_true(time_monotonic_us() < deadline);
        OK(pg_exec(pg, &shown, NULL, 0, &r, &err));
    } while (strcmp(pg_get_text(r, 0, 0), names) != 0);
}

/* The statement timeout does not end such a commit, and its backend would wait for ever behind a client that has gone. */
static void a_commit_that_no_standby_confirms_is_given_up(void **state)
{
    (void)state;
    static const struct pg_stmt
        insert = {.name = "insert", .sql = "INSERT INTO public.kept VALUES (1)"},
        find = {.name = "find", .sql = "SELECT count(*) FROM public.kept"},
        waiting = {.name = "waiting",
                   .sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"};
    struct pg_options o = {.conninfo = getenv("HIRELOG_TEST_PG"),
                           .application_name = "pg_test vault",
                           .statement_timeout_ms = 2000,
                           .durability = PG_DURABLE,
                           .may_await_standby = true};
    owned(pg_free) struct pg *vault = NULL;
    OK(pg_open(&o, &vault, &err));
    command("DROP TABLE IF EXISTS public.kept");
    command("CREATE TABLE public.kept (n int)");
    OK(pg_script(pg, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", &err));
    OK(pg_script(pg, "SELECT pg_reload_conf()", &err));
    await_reload("nobody");
    /* It is the checkpointer that makes commits wait, and it may read the setting later than this session does. */
    int64_t tried = 0, deadline = time_monotonic_us() + 10 * 1000000LL;
    enum err_code code;
    do {
        code = pg_exec(vault, &insert, NULL, 0, NULL, &err);
        tried++;
    } while (code == ERR_OK && time_monotonic_us() < deadline);
    int64_t left = one_number(&waiting), kept = one_number(&find);
    command("INSERT INTO public.kept VALUES (2)"); /* what can be made anew waits for nobody */
    OK(pg_script(pg, "ALTER SYSTEM RESET synchronous_standby_names", &err));
    OK(pg_script(pg, "SELECT pg_reload_conf()", &err));
    await_reload("");
    command("DROP TABLE public.kept");
    assert_int_equal(code, ERR_UNAVAILABLE);
    assert_int_equal(left, 0);
    assert_int_equal(kept, tried);
    assert_false(pg_broken(vault));
    OK(pg_exec(vault, &stmt_one, NULL, 0, NULL, &err));
}

static void a_notification_reaches_the_listener(void **state)
{
    (void)state;
    owned(pg_free) struct pg *sender = open_session();
    char channel[64] = "", payload[64] = "";
    bool got = true;
    command("LISTEN lane_test");
    OK(pg_wait_notify(pg, 0, channel, sizeof channel, payload, sizeof payload, &got, &err));
    assert_false(got);
    pg_queue_command(sender, "NOTIFY lane_test, '0 17'");
    pg_queue_command(sender, "NOTIFY lane_test, '1 3'");
    OK(pg_sync(sender, &err));
    OK(pg_wait_notify(pg, 5000, channel, sizeof channel, payload, sizeof payload, &got, &err));
    assert_true(got);
    assert_string_equal(channel, "lane_test");
    assert_string_equal(payload, "0 17");
    OK(pg_wait_notify(pg, 5000, channel, sizeof channel, payload, sizeof payload, &got, &err));
    assert_true(got);
    assert_string_equal(payload, "1 3");
    assert_int_equal(one_number(&stmt_one), 1); /* listening does not disturb the pipeline */
}

static void a_script_runs_outside_the_pipeline(void **state)
{
    (void)state;
    static const struct pg_stmt count = {.name = "count", .sql = "SELECT count(*)::int8 FROM s"};
    OK(pg_script(pg, "CREATE TEMP TABLE s (v int); INSERT INTO s VALUES (1), (2);", &err));
    assert_int_equal(one_number(&count), 2);
    assert_int_equal(pg_script(pg, "SELECT 1; SELECT no_such_column;", &err), ERR_INTERNAL);
    assert_int_equal(one_number(&count), 2);
}

static void a_server_that_is_not_there_is_unavailable(void **state)
{
    (void)state;
    struct pg *none = NULL;
    struct pg_options o = {.conninfo = "host=127.0.0.1 port=1 dbname=x",
                           .application_name = "pg_test"};
    assert_int_equal(pg_open(&o, &none, &err), ERR_UNAVAILABLE);
    assert_null(none);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(number_arrays_are_as_the_server_sends_them),
        TEST(text_uuid_and_time_arrays_are_as_the_server_sends_them),
        TEST(values_come_back_as_they_went),
        TEST(many_statements_go_in_one_pipeline),
        TEST(a_pipeline_larger_than_the_socket_buffers_gets_through),
        TEST(the_first_error_of_a_pipeline_is_told_and_the_session_goes_on),
        TEST(an_error_of_a_long_text_says_why),
        TEST(a_preparation_that_was_skipped_or_failed_is_made_again),
        TEST(a_commit_of_a_failed_transaction_is_no_commit),
        TEST(a_hint_is_behind_its_commit_in_a_transaction_of_its_own),
        TEST(a_hint_that_fails_leaves_the_commit_as_it_is),
        TEST(a_trip_that_fails_commits_and_hints_nothing),
        TEST(a_transaction_that_had_failed_is_not_committed_by_the_trip),
        TEST(a_backend_that_dies_of_its_hint_has_committed),
        TEST(a_backend_that_dies_before_its_commit_is_an_unknown_outcome),
        TEST(a_rollback_leaves_a_session_that_works),
        TEST(a_savepoint_confines_poison),
        TEST(a_backend_that_dies_in_a_pipeline_is_noticed),
        TEST(a_backend_ended_by_another_session_is_noticed),
        TEST(a_session_that_takes_no_writes_is_of_no_more_use),
        TEST(a_statement_that_takes_too_long_can_be_tried_again),
        TEST(the_session_is_set_up_as_asked),
        TEST(a_commit_that_no_standby_confirms_is_given_up),
        TEST(a_notification_reaches_the_listener),
        TEST(a_script_runs_outside_the_pipeline),
        TEST(a_server_that_is_not_there_is_unavailable),
    };
    if (!getenv("HIRELOG_TEST_PG")) {
        fprintf(stderr, "HIRELOG_TEST_PG is not set\n");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

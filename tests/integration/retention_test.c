/* What outlived its use is forgotten, what is still needed stays: consumers/retention.h against a
 * real database. */
#include "tests/unit/spec.h"

#include "consumers/retention.h"
#include "consumers/service_pg.h"
#include "ops/runtime/timeutil.h"
#include "projections/service_sql.h"
#include "tests/integration/lane_world.h"

#define DAY_US (86400LL * 1000000)
#define STEP   2

static struct pg *as_service(const char *name)
{
    struct err err;
    struct service_control control;
    struct pg *pg = NULL;
    const struct service *s = service_find(name);
    struct pg_options o = {.application_name = "retention test"};
    assert_int_equal(service_control_read(&world.cfg, s, &control, &err), ERR_OK);
    assert_int_equal(service_pg_open(&world.cfg, s, control.generation, o, &pg, &err), ERR_OK);
    return pg;
}

static struct uuid walk;

static bool sweep(const char *name)
{
    struct err err;
    bool more = false;
    owned(pg_free) struct pg *pg = as_service(name);
    int64_t now = time_now_us();
    assert_int_equal(
        retention_sweep(pg, service_find(name), now, now - 7 * DAY_US, STEP, &walk, &more, &err),
        ERR_OK);
    return more;
}

static void promises_are_forgotten_with_their_outcomes(void **state)
{
    (void)state;
    sql_run("INSERT INTO hirelog_job.pending_command (command_id, partition, at) "
            "SELECT gen_random_uuid(), 0, now() - interval '8 days' FROM generate_series(1, 3)");
    sql_run("INSERT INTO hirelog_job.pending_command (command_id, partition, at) "
            "VALUES (gen_random_uuid(), 0, now() - interval '6 days')");
    assert_true(sweep("job")); /* two of three: there is more */
    assert_int_equal(sql_number("SELECT count(*) FROM hirelog_job.pending_command"), 2);
    assert_false(sweep("job"));
    assert_int_equal(sql_number("SELECT count(*) FROM hirelog_job.pending_command"), 1);
}

static void sessions_are_forgotten_when_they_have_ended(void **state)
{
    (void)state;
    sql_run("INSERT INTO hirelog_user_vault.session VALUES "
            "('\\x01', gen_random_uuid(), 1, now(), now(), now() - interval '1 second', false),"
            "('\\x02', gen_random_uuid(), 1, now(), now(), now() + interval '1 hour', false)");
    sweep("user");
    assert_int_equal(sql_number("SELECT count(*) FROM hirelog_user_vault.session"), 1);
    assert_int_equal(sql_number("SELECT count(*) FROM hirelog_user_vault.session "
                                "WHERE expires_at < now()"),
                     0);
}

static int64_t credentials(const char *which)
{
    return sql_number(arena_printf(
        &world.arena, "SELECT count(*) FROM hirelog_user_vault.credential WHERE %s", which));
}

/* 1: an account names it. 2: an orphan. 3: an orphan, too, but young. */
static void credentials_that_no_account_names_are_forgotten(void **state)
{
    (void)state;
    sql_run("INSERT INTO hirelog_user_vault.credential "
            "SELECT ('00000000-0000-7000-8000-00000000000' || i)::uuid, "
            "       '00000000-0000-7000-8000-0000000000aa', 'x', "
            "       now() - CASE WHEN i = 3 THEN interval '1 day' ELSE interval '8 days' END "
            "FROM generate_series(1, 3) i");
    sql_run("INSERT INTO hirelog_user_g1.account VALUES ('00000000-0000-7000-8000-0000000000aa', "
            "'a@b.c', 'a@b.c', 'A', '', '', '', '{}', true, "
            "'00000000-0000-7000-8000-000000000001', 1, 1, 1, now(), now())");
    sql_run("INSERT INTO hirelog_user_g1.lane_caught_up SELECT partition, epoch FROM "
            "hirelog_user_g1.lane WHERE partition <> 1");
    walk = uuid_nil;
    sweep("user"); /* partition 1 may still bring an account: nothing is forgotten */
    assert_int_equal(credentials("true"), 3);
    sql_run("INSERT INTO hirelog_user_g1.lane_caught_up SELECT partition, epoch FROM "
            "hirelog_user_g1.lane WHERE partition = 1");
    walk = uuid_nil;
    assert_true(sweep("user"));
    assert_int_equal(credentials("true"), 2);
    assert_int_equal(credentials("credential_id::text LIKE '%2'"), 0);
    assert_false(sweep("user"));
    assert_int_equal(credentials("true"), 2);
    assert_true(uuid_is_nil(&walk)); /* it begins anew */
    sql_run("UPDATE hirelog_user_g1.account SET credential_id = "
            "'00000000-0000-7000-8000-000000000003'"); /* the password was changed */
    sweep("user");
    assert_int_equal(credentials("true"), 1);
    assert_int_equal(credentials("credential_id::text LIKE '%3'"), 1);
}

/* As a lane asks, with so many accounts that a join of the whole tables looks cheap. */
static void many_accounts(void)
{
    sql_run(
        "INSERT INTO hirelog_user_g1.account (user_id, email, email_key, display_name, headline, "
        "bio, location, roles, active, credential_id, security_version, version, last_version, "
        "created_at, updated_at) SELECT gen_random_uuid(), '', '', '', '', '', '', '{}', true, "
        "gen_random_uuid(), 1, 1, 1, now(), now() FROM generate_series(1, 20000);"
        "INSERT INTO hirelog_user_vault.credential SELECT credential_id, user_id, 'x', "
        "now() - interval '8 days' FROM hirelog_user_g1.account WHERE email = '';"
        "ANALYZE hirelog_user_g1.account, hirelog_user_vault.credential");
}

/* The orphans were looked for among all accounts: ten seconds for every sweep of a million. */
static void a_sweep_looks_at_a_few_credentials_however_many_there_are(void **state)
{
    (void)state;
    struct err err;
    struct arena *a = &world.arena;
    owned(pg_free) struct pg *pg = as_service("user");
    const char *sql = sql_file_find("user", "vault", "credential_sweep")->text;
    struct pg_param p[] = {pg_p_time(a, time_now_us()), pg_p_int8(a, STEP),
                           pg_p_uuid(a, &uuid_nil)};
    many_accounts();
    pg_queue_command(pg, "SET enable_seqscan = off");
    pg_queue_command(pg, "SET plan_cache_mode = force_generic_plan");
    size_t plan = pg_queue_once(pg, arena_printf(a, "EXPLAIN %s", sql), p, ARRAY_SIZE(p));
    assert_int_equal(pg_sync(pg, &err), ERR_OK);
    for (int i = 0; i < PQntuples(pg_result(pg, plan)); i++) {
        const char *line = pg_get_text(pg_result(pg, plan), i, 0);
        bool joined = strstr(line, "Hash Cond") || strstr(line, "Merge Cond");
        if (joined && !strstr(line, "partition")) /* lanes are few */
            fail_msg("%s", line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promises_are_forgotten_with_their_outcomes),
        cmocka_unit_test(sessions_are_forgotten_when_they_have_ended),
        cmocka_unit_test(credentials_that_no_account_names_are_forgotten),
        cmocka_unit_test(a_sweep_looks_at_a_few_credentials_however_many_there_are),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}

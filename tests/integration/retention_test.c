/* What outlived its use is forgotten, what is still needed stays: consumers/retention.h against a
 * real database. */
#include "tests/unit/spec.h"

#include "consumers/retention.h"
#include "consumers/service_pg.h"
#include "ops/runtime/timeutil.h"
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

static struct retention_walk walk;

static bool sweep(const char *name)
{
    struct err err;
    bool more = false;
    owned(pg_free) struct pg *pg = as_service(name);
    int64_t now = time_now_us();
    assert_int_equal(
        retention_sweep(pg, &walk, service_find(name), now, now - 7 * DAY_US, STEP, &more, &err),
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

/* One orphan and one that an account names, both old, and a young orphan. */
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
    sql_run("UPDATE hirelog_user_g1.lane SET caught_up = (partition <> 1)");
    sweep("user"); /* partition 1 may still bring an account: nothing is forgotten */
    assert_int_equal(sql_number("SELECT count(*) FROM hirelog_user_vault.credential"), 3);
    sql_run("UPDATE hirelog_user_g1.lane SET caught_up = true");
    sweep("user");
    assert_int_equal(sql_number("SELECT count(*) FROM hirelog_user_vault.credential"), 2);
    assert_int_equal(sql_number("SELECT count(*) FROM hirelog_user_vault.credential WHERE "
                                "credential_id = '00000000-0000-7000-8000-000000000002'"),
                     0);
}

static int64_t credentials(const char *which)
{
    char text[256];
    (void)snprintf(text, sizeof(text),
                   "SELECT count(*) FROM hirelog_user_vault.credential WHERE %s", which);
    return sql_number(text);
}

/* With a million accounts a look at all of them took ten seconds, in the lane's own thread: it timed out, and the lane began
 * again, for ever. So it looks at STEP of them at a time, those of one microsecond too, and comes round again. */
static void orphans_among_many_credentials_are_found_in_small_steps(void **state)
{
    (void)state;
    sql_run("DELETE FROM hirelog_user_vault.credential");
    sql_run("INSERT INTO hirelog_user_vault.credential "
            "SELECT ('00000000-0000-7000-8000-0000000001' || to_char(i, 'FM00'))::uuid, "
            "       ('00000000-0000-7000-8000-0000000002' || to_char(i, 'FM00'))::uuid, 'x', "
            "       now() - interval '9 days' + (i / 4) * interval '1 hour' FROM "
            "generate_series(1, 10) i");
    sql_run("INSERT INTO hirelog_user_g1.account "
            "SELECT user_id, 'm', 'm', 'M', '', '', '', '{}', true, credential_id, 1, 1, 1, now(), "
            "now() "
            "FROM hirelog_user_vault.credential WHERE right(credential_id::text, 2) <> '10'");
    walk = (struct retention_walk){0};
    for (int i = 0; i < 4; i++) {
        sweep("user");
        assert_int_equal(credentials("true"), 10); /* it has not come to the orphan yet */
    }
    sweep("user");
    assert_int_equal(credentials("true"), 9);
    assert_int_equal(credentials("right(credential_id::text, 2) = '10'"), 0);
    sql_run("UPDATE hirelog_user_g1.account SET credential_id = gen_random_uuid() "
            "WHERE right(credential_id::text, 2) = '01'");
    sweep("user"); /* nobody is behind the last */
    sweep("user");
    assert_int_equal(credentials("right(credential_id::text, 2) = '01'"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promises_are_forgotten_with_their_outcomes),
        cmocka_unit_test(sessions_are_forgotten_when_they_have_ended),
        cmocka_unit_test(credentials_that_no_account_names_are_forgotten),
        cmocka_unit_test(orphans_among_many_credentials_are_found_in_small_steps),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}

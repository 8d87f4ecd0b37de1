/* Lanes with a real broker and a real database: workers are processes of their own and die for
 * good. */
#include "tests/unit/spec.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "consumers/event_header.h"
#include "consumers/lane_session.h"
#include "consumers/repair.h"
#include "consumers/worker_name.h"
#include "ops/runtime/timeutil.h"
#include "producers/event_log.h"
#include "schemas/records.h"
#include "tests/integration/lane_world.h"

#define JOBS_N 30 /* of a scenario that sends many */

#define OUTCOMES(reason) \
    "SELECT count(*) FROM hirelog_job_g1.outcome WHERE reason IS NOT DISTINCT FROM " reason

/* Jobs with a common title, so that one SQL text counts them. */
struct jobs {
    struct post_job *job[JOBS_N];
};

static void send_jobs(struct jobs *jobs, const char *title)
{
    for (size_t i = 0; i < JOBS_N; i++) {
        jobs->job[i] = post_job_new(title);
        send_command(&type_post_job, jobs->job[i]);
    }
}

static int64_t postings(const char *title)
{
    char sql[256];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM hirelog_job_g1.posting WHERE title = '%s'",
             title);
    return sql_number(sql);
}

/* Each was applied, each once: in the outcomes, the rows and the log. */
static void expect_each_once(const struct jobs *jobs, const char *title)
{
    for (size_t i = 0; i < JOBS_N; i++)
        assert_string_equal(outcome_of("job", &jobs->job[i]->meta.command_id), "applied");
    assert_int_equal(postings(title), JOBS_N);
    assert_int_equal(count_events("job", &jobs->job[0]->meta.command_id).of_command, 1);
    assert_int_equal(count_events("job", NULL).events,
                     sql_number("SELECT count(*) FROM hirelog_job_g1.outcome"));
}

static void commands_become_events_rows_and_outcomes(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    struct register_user *ana = register_user_new("ana@example.org");
    struct post_job *job = post_job_new("first");
    send_command(&type_register_user, ana);
    send_command(&type_post_job, job);
    assert_string_equal(outcome_of("user", &ana->meta.command_id), "applied");
    assert_string_equal(outcome_of("job", &job->meta.command_id), "applied");
    assert_int_equal(sql_number("SELECT count(*) FROM hirelog_user_g1.account"), 1);
    assert_int_equal(postings("first"), 1);
    assert_int_equal(count_events("job", &job->meta.command_id).of_command, 1);
    worker_stop(worker);
}

static void a_command_sent_three_times_is_decided_once(void **state)
{
    (void)state;
    struct post_job *job = post_job_new("again");
    for (int i = 0; i < 3; i++) /* nobody reads yet: one batch */
        send_command(&type_post_job, job);
    pid_t worker = worker_spawn(NULL);
    assert_string_equal(outcome_of("job", &job->meta.command_id), "applied");
    int64_t last = send_command(&type_post_job, job); /* alone: only a skipped duplicate */
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT next_command FROM hirelog_job_g1.lane WHERE partition = %d",
             partition_of(&job->job_id));
    await_number(sql, last + 1);
    assert_int_equal(count_events("job", &job->meta.command_id).of_command, 1);
    worker_stop(worker);
}

static void an_old_command_is_rejected_as_expired(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    struct post_job *job = post_job_new("late");
    job->meta.issued_at = time_now_us() - (world.cfg.command_ttl_s + 60) * 1000000;
    send_command(&type_post_job, job);
    assert_string_equal(outcome_of("job", &job->meta.command_id), "expired");
    assert_int_equal(postings("late"), 0);
    worker_stop(worker);
}

/* ---- what hangs */

/* The brokers answer, so it is no cluster that is waited for: a supervisor's matter. */
static void a_lane_that_hangs_ends_its_process(void **state)
{
    (void)state;
    struct post_job *job = post_job_new("hanging");
    send_command(&type_post_job, job);
    setenv("HIRELOG_TRANSACTION_TIMEOUT_MS", "4000", 1); /* the patience is twice that */
    pid_t worker = worker_spawn_with("HIRELOG_HANG_AT", "after_append");
    unsetenv("HIRELOG_TRANSACTION_TIMEOUT_MS");
    worker_await_abort(worker);
    worker = worker_spawn(NULL);
    assert_string_equal(outcome_of("job", &job->meta.command_id), "applied");
    assert_int_equal(count_events("job", &job->meta.command_id).of_command, 1);
    worker_stop(worker);
}

/* ---- poison */

static int64_t dead_letters(void)
{
    return sql_number("SELECT count(*) FROM hirelog_job.dead_letter");
}

static void unreadable_commands_are_rejected_in_their_place(void **state)
{
    (void)state;
    static const uint8_t garbage[] = "not avro at all";
    static const uint8_t unknown_id[] = {0, 0x7f, 0, 0, 1, 2, 3};
    int64_t before = dead_letters();
    struct post_job *good = post_job_new("after poison"), *astray = post_job_new("astray");
    struct register_user *foreign = register_user_new("x@example.org");
    int32_t p = partition_of(&good->job_id);
    struct bytes head = framed(&type_post_job, good);
    uint8_t hostile[] = {0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x0f};
    memcpy(hostile, head.data, 5);
    send_bytes("job", p, "k", 1, (struct bytes){garbage, sizeof(garbage)});
    send_bytes("job", p, NULL, 0, (struct bytes){unknown_id, sizeof(unknown_id)});
    send_bytes("job", p, NULL, 0, (struct bytes){hostile, sizeof(hostile)});
    send_bytes("job", p, NULL, 0, (struct bytes){NULL, 0});
    send_bytes("job", p, NULL, 0, framed(&type_register_user, foreign));
    send_bytes("job", (partition_of(&astray->job_id) + 1) % WORLD_PARTITIONS, NULL, 0,
               framed(&type_post_job, astray));
    send_command(&type_post_job, good);
    pid_t worker = worker_spawn(NULL);
    assert_string_equal(outcome_of("job", &good->meta.command_id), "applied");
    await_number("SELECT count(*) FROM hirelog_job.dead_letter", before + 6);
    assert_int_equal(sql_number(OUTCOMES("'internal'")), dead_letters());
    assert_int_equal(postings("astray"), 0);
    worker_stop(worker);
}

static void what_the_read_model_refuses_is_rejected_alone(void **state)
{
    (void)state;
    struct jobs before, after;
    struct post_job *poison = post_job_new("poison");
    sql_run("ALTER TABLE hirelog_job_g1.posting ADD CONSTRAINT odd CHECK (title <> 'poison')");
    send_jobs(&before, "beside poison"); /* one batch per partition */
    send_command(&type_post_job, poison);
    send_jobs(&after, "behind poison");
    pid_t worker = worker_spawn(NULL);
    assert_string_equal(outcome_of("job", &poison->meta.command_id), "internal");
    for (size_t i = 0; i < JOBS_N; i++)
        assert_string_equal(outcome_of("job", &after.job[i]->meta.command_id), "applied");
    expect_each_once(&before, "beside poison");
    expect_each_once(&after, "behind poison");
    assert_int_equal(sql_number("SELECT count(*) FROM hirelog_job.dead_letter WHERE value IS NOT "
                                "NULL AND detail LIKE '%odd%'"),
                     1);
    worker_stop(worker);
    sql_run("ALTER TABLE hirelog_job_g1.posting DROP CONSTRAINT odd");
}

/* ---- claims */

static void one_account_per_email_also_across_partitions(void **state)
{
    (void)state;
    enum { RIVALS_N = 12 };
    struct register_user *rival[RIVALS_N];
    for (size_t i = 0; i < RIVALS_N; i++) {
        rival[i] = register_user_new(i % 2 ? "Ben@Example.org" : "ben@example.org");
        send_command(&type_register_user, rival[i]);
    }
    pid_t worker = worker_spawn(NULL);
    size_t applied = 0;
    for (size_t i = 0; i < RIVALS_N; i++) {
        const char *outcome = outcome_of("user", &rival[i]->meta.command_id);
        applied += strcmp(outcome, "applied") == 0;
        assert_true(strcmp(outcome, "applied") == 0 || strcmp(outcome, "email_taken") == 0);
    }
    assert_int_equal(applied, 1);
    assert_int_equal(
        sql_number("SELECT count(*) FROM hirelog_user.claim WHERE key = 'ben@example.org'"), 1);
    worker_stop(worker);
}

/* ---- dying */

static void die_at(const char *crash_point, const char *title)
{
    struct jobs jobs;
    pid_t worker = worker_spawn(crash_point);
    send_jobs(&jobs, title);
    worker_await_crash(worker);
    worker = worker_spawn(NULL);
    expect_each_once(&jobs, title);
    worker_stop(worker);
}

static void a_crash_after_the_poll_costs_nothing(void **state)
{
    (void)state;
    die_at("after_poll", "crash after_poll");
}

static void a_crash_after_the_claims_costs_nothing(void **state)
{
    (void)state;
    die_at("after_claims", "crash after_claims");
}

static void a_crash_after_the_append_costs_nothing(void **state)
{
    (void)state;
    die_at("after_append", "crash after_append");
}

static void a_crash_after_the_apply_costs_nothing(void **state)
{
    (void)state;
    die_at("after_apply", "crash after_apply");
}

static void a_crash_between_both_commits_is_caught_up(void **state)
{
    (void)state;
    die_at("after_kafka_commit", "crash after_kafka_commit");
}

static void a_crash_after_the_view_commit_costs_nothing(void **state)
{
    (void)state;
    die_at("after_pg_commit", "crash after_pg_commit");
}

static void a_crash_while_catching_up_is_caught_up(void **state)
{
    (void)state;
    struct jobs jobs;
    pid_t worker = worker_spawn("after_kafka_commit");
    send_jobs(&jobs, "twice");
    worker_await_crash(worker);
    worker_await_crash(worker_spawn("during_catch_up"));
    worker = worker_spawn(NULL);
    expect_each_once(&jobs, "twice");
    worker_stop(worker);
}

static void a_claim_survives_a_crash_between_both_commits(void **state)
{
    (void)state;
    struct register_user *first = register_user_new("eve@example.org");
    struct register_user *second = register_user_new("eve@example.org");
    pid_t worker = worker_spawn("after_kafka_commit");
    send_command(&type_register_user, first);
    worker_await_crash(worker);
    send_command(&type_register_user, second);
    worker = worker_spawn(NULL);
    assert_string_equal(outcome_of("user", &first->meta.command_id), "applied");
    assert_string_equal(outcome_of("user", &second->meta.command_id), "email_taken");
    worker_stop(worker);
}

/* Longer than an index row may be, and no two parts alike: PostgreSQL refuses it where the claim is
 * taken. */
static void an_email_that_no_index_takes_is_rejected_alone(void **state)
{
    (void)state;
    char email[9000] = "";
    for (size_t i = 0; i + 41 < sizeof(email); i += UUID_TEXT_LEN) {
        struct uuid part = uuid_v7(time_now_us());
        uuid_format(&part, email + i);
    }
    memcpy(email + strlen(email), "@b.c", sizeof("@b.c"));
    struct register_user *monster = register_user_new(email);
    struct register_user *person = register_user_new("after.the.monster@example.org");
    pid_t worker = worker_spawn(NULL);
    send_command(&type_register_user, monster);
    send_command(&type_register_user, person);
    assert_string_equal(outcome_of("user", &monster->meta.command_id), "internal");
    assert_string_equal(outcome_of("user", &person->meta.command_id), "applied");
    worker_stop(worker);
}

/* Else the first reopening would fold the whole log again. */
static void a_lane_remembers_its_fold_version_from_the_start(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    await_number("SELECT count(*) FROM hirelog_job_g1.lane JOIN hirelog_job_g1.lane_progress USING "
                 "(partition) "
                 "WHERE caught_up AND fold_version > 0",
                 WORLD_PARTITIONS);
    worker_stop(worker);
}

/* It ended the lane's session, and the next one began with a sweep again. */
static void a_sweep_that_fails_does_not_end_the_session(void **state)
{
    (void)state;
    static const char epochs[] =
        "SELECT string_agg(epoch::text, ' ' ORDER BY partition) FROM hirelog_job_g1.lane";
    struct jobs first, second;
    sql_run("REVOKE DELETE ON hirelog_job_g1.outcome FROM hirelog_job");
    pid_t worker = worker_spawn(NULL);
    send_jobs(&first, "before a sweep");
    expect_each_once(&first, "before a sweep");
    const char *before = sql_text(epochs);
    send_jobs(&second, "after a sweep");
    expect_each_once(&second, "after a sweep");
    assert_string_equal(sql_text(epochs), before);
    worker_stop(worker);
    sql_run("GRANT DELETE ON hirelog_job_g1.outcome TO hirelog_job");
}

/* ---- owners */

/* A connection by which workers see that this process lives; it takes no lane. */
struct living {
    struct pg *pg;
    pthread_t thread;
    atomic_bool stop;
};

static void *live(void *arg)
{
    struct living *l = arg;
    struct err err;
    while (!atomic_load(&l->stop)) {
        pg_queue_command(l->pg, "SELECT pg_sleep(0.2)");
        assert_int_equal(pg_sync(l->pg, &err), ERR_OK);
    }
    return NULL;
}

static void living_begin(struct living *l, const struct service *service)
{
    struct err err;
    char name[WORKER_NAME_MAX];
    struct service_control control;
    *l = (struct living){0};
    worker_name_format("leaving", name);
    struct pg_options o = {.application_name = name};
    assert_int_equal(service_control_read(&world.cfg, service, &control, &err), ERR_OK);
    assert_int_equal(service_pg_open(&world.cfg, service, control.generation, o, &l->pg, &err),
                     ERR_OK);
    assert_int_equal(pthread_create(&l->thread, NULL, live, l), 0);
}

static void living_end(struct living *l)
{
    atomic_store(&l->stop, true);
    pthread_join(l->thread, NULL);
    pg_free(l->pg);
}

static void a_second_owner_fences_the_first(void **state)
{
    (void)state;
    const struct service *job = service_find("job");
    struct lane_session *intruder = NULL;
    struct lane_pulse pulse;
    struct lane_identity id;
    struct err err;
    struct jobs jobs;
    struct living living;
    struct post_job *warm = post_job_new("warm");
    pid_t worker = worker_spawn(NULL);
    living_begin(&living, job);
    send_command(&type_post_job, warm);
    assert_string_equal(outcome_of("job", &warm->meta.command_id), "applied");
    int32_t p = partition_of(&warm->job_id);
    lane_identity_init(&id, &world.cfg, job, p);
    lane_pulse_init(&pulse, "job", p);
    assert_int_equal(lane_session_open(&id, &pulse, &intruder, &err), ERR_OK);
    send_jobs(&jobs, "contested"); /* the worker meets its fence, yields while the intruder lives */
    size_t other = 0; /* one of another partition: the lanes that the worker kept go on */
    while (other < JOBS_N && partition_of(&jobs.job[other]->job_id) == p)
        other++;
    assert_true(other < JOBS_N);
    assert_string_equal(outcome_of("job", &jobs.job[other]->meta.command_id), "applied");
    char owned_by_us[160];
    snprintf(owned_by_us, sizeof(owned_by_us),
             "SELECT count(*) FROM hirelog_job_g1.lane WHERE partition = %d AND epoch = %lld", p,
             (long long)intruder->row.epoch);
    bool ours = false;
    for (size_t i = 0; i < JOBS_N; i++)
        ours = ours || partition_of(&jobs.job[i]->job_id) == p;
    assert_true(ours);
    assert_int_equal(sql_number(owned_by_us), 1);
    lane_session_free(intruder);
    living_end(&living);
    expect_each_once(&jobs, "contested");
    lane_pulse_release(&pulse);
    worker_stop(worker);
}

/* An adopter takes a lane that it saw without an owner only while nobody else has come since. */
static void of_two_that_saw_a_lane_free_one_gets_it(void **state)
{
    (void)state;
    struct err err;
    struct lane_row row;
    struct service_control control;
    struct pg_options o = {.application_name = "adopter"};
    const struct service *job = service_find("job");
    owned(pg_free) struct pg *first = NULL;
    owned(pg_free) struct pg *second = NULL;
    assert_int_equal(service_control_read(&world.cfg, job, &control, &err), ERR_OK);
    assert_int_equal(service_pg_open(&world.cfg, job, control.generation, o, &first, &err), ERR_OK);
    assert_int_equal(service_pg_open(&world.cfg, job, control.generation, o, &second, &err),
                     ERR_OK);
    int64_t seen = sql_number("SELECT epoch FROM hirelog_job_g1.lane WHERE partition = 0");
    assert_int_equal(lane_row_take(first, 0, seen, "first", 1, &row, &err), ERR_OK);
    int64_t taken = row.epoch;
    assert_int_equal(lane_row_take(second, 0, seen, "second", 1, &row, &err), ERR_CONFLICT);
    assert_int_equal(lane_row_take(first, 0, taken, "first", 1, &row, &err),
                     ERR_OK); /* nobody ended its connection */
    assert_int_equal(lane_row_take(second, 0, row.epoch, "second", 1, &row, &err), ERR_OK);
    assert_string_equal(sql_text("SELECT owner FROM hirelog_job_g1.lane WHERE partition = 0"),
                        "second");
    assert_true(lane_row_take(first, 0, row.epoch, "first", 1, &row, &err) ==
                ERR_UNAVAILABLE); /* its connection was ended */
}

static void two_workers_share_the_lanes_and_one_takes_over(void **state)
{
    (void)state;
    static const char owners[] = "SELECT count(DISTINCT owner) FROM hirelog_job_g1.lane l JOIN "
                                 "pg_stat_activity a ON a.pid = l.backend_pid";
    struct jobs both, one;
    pid_t first = worker_spawn(NULL);
    await_number(owners, 1);
    pid_t second = worker_spawn(NULL);
    send_jobs(&both, "two workers");
    await_number(owners, 2);
    expect_each_once(&both, "two workers");
    worker_kill(first);
    send_jobs(&one, "one worker");
    expect_each_once(&one, "one worker"); /* long before the dead member's session ends */
    worker_stop(second);
}

/* ---- losses */

#define VIEW \
    "SELECT md5(string_agg(to_jsonb(t)::text, ',' ORDER BY to_jsonb(t)::text)) FROM hirelog_"

static void every_schema_but_the_vault_comes_back(void **state)
{
    (void)state;
    static const char *const tables[] = {
        VIEW "user_g1.account t",
        VIEW "job_g1.posting t",
        VIEW "user_g1.outcome t",
        VIEW "job_g1.outcome t",
        VIEW "job_g1.state t",
        VIEW "user_g1.state t",
        "SELECT md5(string_agg(concat(key, aggregate_id, command_id), ',' ORDER BY key)) FROM "
        "hirelog_user.claim WHERE confirmed",
        "SELECT count(*) FROM hirelog_job.dead_letter",
    };
    const char *before[ARRAY_SIZE(tables)];
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        before[i] = sql_text(tables[i]);
    sql_run("DROP SCHEMA hirelog_user, hirelog_user_g1, hirelog_job, hirelog_job_g1 CASCADE");
    world_migrate();
    pid_t worker = worker_spawn(NULL);
    await_number("SELECT count(*) FROM hirelog_user_g1.lane_progress WHERE caught_up",
                 WORLD_PARTITIONS);
    await_number("SELECT count(*) FROM hirelog_job_g1.lane_progress WHERE caught_up",
                 WORLD_PARTITIONS);
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        if (strcmp(before[i], sql_text(tables[i])) != 0)
            fail_msg("not the same: %s", tables[i]);
    struct register_user *late = register_user_new("ANA@example.org");
    send_command(&type_register_user, late);
    assert_string_equal(outcome_of("user", &late->meta.command_id), "email_taken");
    worker_stop(worker);
}

static void another_fold_version_folds_the_states_anew(void **state)
{
    (void)state;
    const char *before = sql_text(VIEW "job_g1.state t");
    struct post_job *job = post_job_new("folded");
    sql_run("UPDATE hirelog_job_g1.lane SET fold_version = 0, fold_next = 0;"
            "UPDATE hirelog_job_g1.state SET version = 99");
    pid_t worker = worker_spawn(NULL);
    await_number("SELECT count(*) FROM hirelog_job_g1.lane WHERE fold_version > 0 AND fold_next = "
                 "next_event",
                 WORLD_PARTITIONS);
    assert_string_equal(sql_text(VIEW "job_g1.state t"), before);
    send_command(&type_post_job, job);
    assert_string_equal(outcome_of("job", &job->meta.command_id), "applied");
    worker_stop(worker);
}

static enum err_code open_here(int32_t partition, struct err *err)
{
    struct lane_session *s = NULL;
    struct lane_pulse pulse;
    struct lane_identity id;
    lane_identity_init(&id, &world.cfg, service_find("job"), partition);
    lane_pulse_init(&pulse, "job", partition);
    enum err_code code = lane_session_open(&id, &pulse, &s, err);
    lane_session_free(s);
    lane_pulse_release(&pulse);
    return code;
}

static void expect_stop(const char *damage, const char *repair, const char *message)
{
    struct err err;
    sql_run(damage);
    assert_int_equal(open_here(0, &err), ERR_CORRUPT);
    if (!strstr(err.msg, message))
        fail_msg("expected \"%s\", got \"%s\"", message, err.msg);
    sql_run(repair);
    if (open_here(0, &err) != ERR_OK)
        fail_msg("after the repair: %s", err.msg);
}

static void a_log_that_is_not_the_views_stops_the_lane(void **state)
{
    (void)state;
    expect_stop("UPDATE hirelog_job_g1.lane SET cluster_id = 'other' || cluster_id",
                "UPDATE hirelog_job_g1.lane SET cluster_id = substr(cluster_id, 6)", "another one");
    expect_stop("UPDATE hirelog_job_g1.lane SET next_event = next_event + 1000",
                "UPDATE hirelog_job_g1.lane SET next_event = next_event - 1000",
                "ends before the view");
    expect_stop("ALTER TABLE hirelog_job_g1.lane ADD kept uuid;"
                "UPDATE hirelog_job_g1.lane SET kept = first_event_id, first_event_id = "
                "'00000000-0000-4000-8000-000000000001'",
                "UPDATE hirelog_job_g1.lane SET first_event_id = kept", "first event");
    expect_stop("UPDATE hirelog_job_g1.lane SET kept = last_event_id, last_event_id = "
                "'00000000-0000-4000-8000-000000000001'",
                "UPDATE hirelog_job_g1.lane SET last_event_id = kept;"
                "ALTER TABLE hirelog_job_g1.lane DROP kept",
                "last event");
    expect_stop("UPDATE hirelog_job_g1.lane SET next_command = next_command + 1000",
                "UPDATE hirelog_job_g1.lane SET next_command = next_command - 1000",
                "before the next command");
}

/* W11's only way on, and not while a worker runs. */
static void repair_takes_the_logs_as_they_are(void **state)
{
    (void)state;
    struct err err;
    int64_t moved = 0;
    const struct service *job = service_find("job");
    int64_t rows = sql_number("SELECT count(*) FROM hirelog_job_g1.posting");
    pid_t worker = worker_spawn(NULL);
    await_number("SELECT count(*) FROM hirelog_job_g1.lane l JOIN pg_stat_activity a ON a.pid = "
                 "l.backend_pid AND a.backend_start = l.backend_start JOIN "
                 "hirelog_job_g1.lane_progress p USING (partition) WHERE p.caught_up",
                 WORLD_PARTITIONS);
    assert_int_equal(repair_rebuild(&world.cfg, job, &err), ERR_CONFLICT);
    assert_int_equal(repair_accept_commands(&world.cfg, job, &moved, &err), ERR_CONFLICT);
    worker_stop(worker);
    sql_run(
        "UPDATE hirelog_job_g1.lane SET next_command = next_command + 1000 WHERE partition = 0");
    assert_int_equal(open_here(0, &err), ERR_CORRUPT);
    assert_int_equal(repair_accept_commands(&world.cfg, job, &moved, &err), ERR_OK);
    assert_int_equal(moved, 1);
    assert_int_equal(open_here(0, &err), ERR_OK);
    assert_int_equal(repair_rebuild(&world.cfg, job, &err), ERR_OK);
    assert_int_equal(sql_number("SELECT count(*) FROM hirelog_job_g1.posting"), 0);
    worker = worker_spawn(NULL);
    await_number("SELECT count(*) FROM hirelog_job_g1.posting", rows);
    worker_stop(worker);
}

/* A transaction of somebody else on the partition, begun and not ended. */
static rd_kafka_t *hang(const char *topic, int32_t partition)
{
    static char text[] = "?";
    rd_kafka_t *rk = NULL;
    struct err err;
    assert_int_equal(
        kafka_producer_open(&world.cfg, "lane_test.hanging", world_delivered, NULL, &rk, &err),
        ERR_OK);
    assert_null(rd_kafka_init_transactions(rk, 10000));
    assert_null(rd_kafka_begin_transaction(rk));
    volatile int64_t offset = -1;
    assert_int_equal(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                       RD_KAFKA_V_VALUE(text, sizeof(text)),
                                       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                       RD_KAFKA_V_OPAQUE((void *)(uintptr_t)&offset),
                                       RD_KAFKA_V_END),
                     0);
    while (offset == -1)
        rd_kafka_poll(rk, 100);
    return rk;
}

static void a_hanging_transaction_is_waited_for_and_never_passed(void **state)
{
    (void)state;
    struct config impatient = world.cfg;
    struct lane_session *s = NULL;
    struct lane_pulse pulse;
    struct lane_identity id;
    struct err err;
    impatient.transaction_timeout_ms = 2000;
    lane_identity_init(&id, &impatient, service_find("job"), 1);
    lane_pulse_init(&pulse, "job", 1);
    rd_kafka_t *hanging = hang(id.event_topic, 1);
    assert_int_equal(lane_session_open(&id, &pulse, &s, &err), ERR_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "hanging transaction"));
    assert_null(rd_kafka_abort_transaction(hanging, -1));
    assert_int_equal(lane_session_open(&id, &pulse, &s, &err), ERR_OK);
    lane_session_free(s);
    lane_pulse_release(&pulse);
    kafka_producer_close(hanging);
}

/* Last: it leaves the log of partition 0 as no lane would. */
static void a_missing_part_of_a_command_stops_the_lane(void **state)
{
    (void)state;
    struct event_log *log = NULL;
    struct err err;
    struct job_closed *e = record_new(&type_job_closed, &world.arena);
    e->reason = "why not";
    struct record event = {&type_job_closed, e};
    struct event_origin origin = {.command_offset = 1000000, .i = 1, .n = 2};
    size_t refused;
    struct event_message m = {.headers = event_headers_new(event, "/test", &origin, "")};
    assert_int_equal(codec_encode(world.codec, event, &world.arena, &m.value, &err), ERR_OK);
    assert_int_equal(event_log_open(&world.cfg, "job", 0, &log, &err), ERR_OK);
    assert_int_equal(event_log_append(log, &m, 1, &err), ERR_OK);
    assert_int_equal(event_log_commit(log, &refused, &err), ERR_OK);
    event_log_free(log);
    assert_int_equal(open_here(0, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.msg, "part 1/2 of command 1000000"));
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        worker_main();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_lane_remembers_its_fold_version_from_the_start, workers_end),
        cmocka_unit_test_teardown(a_sweep_that_fails_does_not_end_the_session, workers_end),
        cmocka_unit_test_teardown(commands_become_events_rows_and_outcomes, workers_end),
        cmocka_unit_test_teardown(of_two_that_saw_a_lane_free_one_gets_it, workers_end),
        cmocka_unit_test_teardown(two_workers_share_the_lanes_and_one_takes_over, workers_end),
        cmocka_unit_test_teardown(a_command_sent_three_times_is_decided_once, workers_end),
        cmocka_unit_test_teardown(an_old_command_is_rejected_as_expired, workers_end),
        cmocka_unit_test_teardown(a_lane_that_hangs_ends_its_process, workers_end),
        cmocka_unit_test_teardown(unreadable_commands_are_rejected_in_their_place, workers_end),
        cmocka_unit_test_teardown(what_the_read_model_refuses_is_rejected_alone, workers_end),
        cmocka_unit_test_teardown(an_email_that_no_index_takes_is_rejected_alone, workers_end),
        cmocka_unit_test_teardown(one_account_per_email_also_across_partitions, workers_end),
        cmocka_unit_test_teardown(a_crash_after_the_poll_costs_nothing, workers_end),
        cmocka_unit_test_teardown(a_crash_after_the_claims_costs_nothing, workers_end),
        cmocka_unit_test_teardown(a_crash_after_the_append_costs_nothing, workers_end),
        cmocka_unit_test_teardown(a_crash_after_the_apply_costs_nothing, workers_end),
        cmocka_unit_test_teardown(a_crash_between_both_commits_is_caught_up, workers_end),
        cmocka_unit_test_teardown(a_crash_after_the_view_commit_costs_nothing, workers_end),
        cmocka_unit_test_teardown(a_crash_while_catching_up_is_caught_up, workers_end),
        cmocka_unit_test_teardown(a_claim_survives_a_crash_between_both_commits, workers_end),
        cmocka_unit_test_teardown(a_second_owner_fences_the_first, workers_end),
        cmocka_unit_test_teardown(another_fold_version_folds_the_states_anew, workers_end),
        cmocka_unit_test_teardown(every_schema_but_the_vault_comes_back, workers_end),
        cmocka_unit_test_teardown(a_log_that_is_not_the_views_stops_the_lane, workers_end),
        cmocka_unit_test_teardown(repair_takes_the_logs_as_they_are, workers_end),
        cmocka_unit_test_teardown(a_hanging_transaction_is_waited_for_and_never_passed,
                                  workers_end),
        cmocka_unit_test_teardown(a_missing_part_of_a_command_stops_the_lane, workers_end),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}

/* Views made anew from the logs with a real broker and a real database: beside the live one, while writes go on, whatever dies
 * when (R1, R2, C3). */
#include "tests/unit/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "consumers/import_mark.h"
#include "consumers/replay.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "producers/job/job.h"
#include "projections/generation.h"
#include "projections/migrate.h"
#include "schemas/records.h"
#include "tests/integration/lane_world.h"

#define MANY       40
#define WRITES_MAX 4000

/* ---- people and their commands */

static void *command(const struct record_type *type, const struct uuid *actor, int role)
{
    struct command_meta *meta = record_new(type, &world.arena);
    command_meta_fill(meta, actor);
    meta->actor.roles.items = ARENA_NEW(&world.arena, int);
    meta->actor.roles.items[0] = role;
    meta->actor.roles.n = 1;
    return meta;
}

static struct uuid ana(void)
{
    return uuid_v5_of("ana", NULL);
}

static struct uuid posted(const char *title)
{
    struct post_job *c = post_job_new(title);
    send_command(&type_post_job, c);
    return c->job_id;
}

static struct uuid edited(const struct uuid *job, const char *title)
{
    struct uuid actor = ana();
    struct edit_job *c = command(&type_edit_job, &actor, ROLE_CLIENT);
    c->job_id = *job;
    c->has_title = true;
    c->title = title;
    send_command(&type_edit_job, c);
    return c->meta.command_id;
}

static void worked(const char *freelancer_name)
{
    struct uuid client = ana(), freelancer = uuid_v5_of(freelancer_name, NULL);
    struct uuid job = posted("to be done");
    struct submit_application *apply =
        command(&type_submit_application, &freelancer, ROLE_FREELANCER);
    apply->job_id = job;
    apply->cover_letter = "take me";
    apply->bid = (struct money){90000, "EUR"};
    send_command(&type_submit_application, apply);
    struct hire_freelancer *hire = command(&type_hire_freelancer, &client, ROLE_CLIENT);
    hire->job_id = job;
    hire->application_id = application_id_of(&job, &freelancer);
    hire->contract_id = hire->meta.command_id;
    send_command(&type_hire_freelancer, hire);
    struct complete_contract *done = command(&type_complete_contract, &client, ROLE_CLIENT);
    done->job_id = job;
    done->contract_id = hire->contract_id;
    send_command(&type_complete_contract, done);
    assert_string_equal(outcome_of("job", &done->meta.command_id), "applied");
}

/* ---- what the view says */

static const char *text(const char *fmt, ...)
{
    char sql[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(sql, sizeof(sql), fmt, ap);
    va_end(ap);
    return arena_strdup(&world.arena, sql);
}

static int64_t count(const char *schema, const char *what)
{
    return sql_number(text("SELECT count(*) FROM %s.%s", schema, what));
}

static int64_t generation(const char *service)
{
    return sql_number(text("SELECT generation FROM hirelog_%s.control", service));
}

static const char *title_in(const char *schema, const struct uuid *job)
{
    char id[UUID_TEXT_LEN + 1];
    uuid_format(job, id);
    return sql_text(text("SELECT title FROM %s.posting WHERE job_id = '%s'", schema, id));
}

static const char *title_of(const struct uuid *job)
{
    return title_in(live_view("job"), job);
}

static bool has_schema(const char *name)
{
    return sql_number(text("SELECT count(*) FROM pg_namespace WHERE nspname = '%s'", name)) == 1;
}

/* All generations of a service but the live and the kept one. */
static int64_t leftovers(const char *service)
{
    return sql_number(
        text("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^hirelog_%s_g[0-9]+$' "
             "AND nspname <> '%s'",
             service, live_view(service)));
}

/* The projectors have read all that the job lanes have written. */
static void await_projected(const char *service, const char *source)
{
    await_number(text("SELECT count(*) FROM %s.position p JOIN %s.lane l USING (partition) "
                      "WHERE p.source = '%s' AND p.next < l.next_event",
                      live_view(service), live_view(source), source),
                 0);
}

/* ---- replays */

static char *told; /* what the last one printed */

static enum err_code replay(struct replay_options o, const char *service, struct err *err)
{
    size_t size;
    free(told);
    o.cfg = &world.cfg;
    o.service = service_find(service);
    o.out = open_memstream(&told, &size);
    assert_non_null(o.out);
    enum err_code code = replay_run(&o, err);
    fclose(o.out);
    return code;
}

static void expect_replayed(struct replay_options o, const char *service)
{
    struct err err = {0};
    if (replay(o, service, &err) != ERR_OK)
        fail_msg("%s\n%s", err.msg, told);
}

/* The program itself, run again as a replay of a service. */
static void replay_main(const char *service, bool rollback)
{
    struct err err = {0};
    log_setup(LOG_INFO, LOG_LOGFMT, "replay");
    world_load();
    struct replay_options o = {
        .cfg = &world.cfg, .service = service_find(service), .out = stdout, .rollback = rollback};
    enum err_code code = replay_run(&o, &err);
    if (code != ERR_OK)
        log_error("replay failed", KV_ERR(&err));
    _exit(err_exit_code[code]);
}

/* how: "replay" or "rollback". */
static pid_t spawn(const char *how, const char *service, const char *crash_at)
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    if (crash_at)
        setenv("HIRELOG_CRASH_AT", crash_at, 1);
    execl("/proc/self/exe", "replay", how, service, NULL);
    _exit(127);
}

static pid_t replay_spawn(const char *service, const char *crash_at)
{
    return spawn("replay", service, crash_at);
}

/* ---- scenarios */

static void a_replay_builds_the_same_view_while_writes_go_on(void **state)
{
    (void)state;
    static struct uuid jobs[WRITES_MAX], edits[WRITES_MAX];
    size_t n = 0;
    int status;
    pid_t worker = worker_spawn(NULL);
    for (; n < MANY; n++) {
        jobs[n] = posted("before");
        edits[n] = edited(&jobs[n], "before, again");
    }
    assert_string_equal(outcome_of("job", &edits[n - 1]), "applied");
    pid_t replaying = replay_spawn("job", NULL);
    while (waitpid(replaying, &status, n < WRITES_MAX ? WNOHANG : 0) == 0) {
        jobs[n] = posted("meanwhile");
        edits[n] = edited(&jobs[n], "meanwhile, again");
        n++;
    }
    assert_true(n > MANY);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(generation("job"), 2);
    assert_true(has_schema("hirelog_job_g1_kept"));
    struct uuid after = posted("after");
    assert_string_equal(outcome_of("job", &after), "applied");
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(outcome_of("job", &jobs[i]), "applied");
        assert_string_equal(outcome_of("job", &edits[i]), "applied");
    }
    assert_int_equal(count(live_view("job"), "posting WHERE title LIKE '%again'"), n);
    assert_int_equal(count_events_of("job", &type_job_posted), n + 1);
    await_projected("job", "job");
    assert_int_equal(count(live_view("job"), "search"), n + 1);
    expect_replayed((struct replay_options){.dry_run = true}, "job");
    assert_int_equal(generation("job"), 2);
    assert_int_equal(leftovers("job"), 0);
    worker_stop(worker);
}

static void interrupted_at(const char *crash_point)
{
    int64_t live = generation("job");
    int status;
    pid_t replaying = replay_spawn("job", crash_point);
    assert_int_equal(waitpid(replaying, &status, 0), replaying);
    if (!WIFSIGNALED(status))
        fail_msg("%s was not passed", crash_point);
    assert_int_equal(generation("job"), live);
    struct uuid job = posted(crash_point);
    assert_string_equal(outcome_of("job", &job), "applied");
    assert_string_equal(title_of(&job), crash_point);
}

static void an_interrupted_replay_leaves_the_live_view_and_can_be_done_again(void **state)
{
    (void)state;
    int64_t live = generation("job");
    pid_t worker = worker_spawn(NULL);
    await_projected("job", "job");
    interrupted_at("replay_after_make");
    interrupted_at("during_replay");
    interrupted_at("replay_before_indexes");
    interrupted_at("replay_before_compare");
    interrupted_at("replay_before_swap");
    interrupted_at("replay_in_swap");
    assert_int_equal(leftovers("job"), 1);
    expect_replayed((struct replay_options){0}, "job");
    assert_int_equal(generation("job"), live + 1);
    assert_int_equal(leftovers("job"), 0);
    struct uuid job = posted("after them all");
    assert_string_equal(outcome_of("job", &job), "applied");
    worker_stop(worker);
}

static void a_view_that_differs_is_not_swapped(void **state)
{
    (void)state;
    struct err err = {0};
    char id[UUID_TEXT_LEN + 1];
    pid_t worker = worker_spawn(NULL);
    struct uuid job = posted("as it was posted"), gone = posted("soon gone");
    assert_string_equal(outcome_of("job", &job), "applied");
    assert_string_equal(outcome_of("job", &gone), "applied");
    int64_t live = generation("job");
    uuid_format(&job, id);
    sql_run(
        text("UPDATE %s.posting SET title = 'by hand' WHERE job_id = '%s'", live_view("job"), id));
    assert_int_equal(replay((struct replay_options){0}, "job", &err), ERR_CONFLICT);
    assert_non_null(strstr(told, id));
    assert_non_null(strstr(told, "1 different"));
    assert_int_equal(generation("job"), live);
    assert_int_equal(leftovers("job"), 0);
    uuid_format(&gone, id);
    sql_run(text("DELETE FROM %s.posting WHERE job_id = '%s'", live_view("job"), id));
    assert_int_equal(replay((struct replay_options){.keep = true}, "job", &err), ERR_CONFLICT);
    assert_non_null(strstr(told, "1 only in the new one, 1 different"));
    assert_int_equal(leftovers("job"), 1);
    assert_string_equal(title_of(&job), "by hand");
    expect_replayed((struct replay_options){.unchecked = true}, "job");
    assert_string_equal(title_of(&job), "as it was posted");
    assert_string_equal(title_of(&gone), "soon gone");
    worker_stop(worker);
}

/* What the live view could not apply is healed by the replay, and told. */
static void what_was_parked_is_listed_and_healed(void **state)
{
    (void)state;
    char id[UUID_TEXT_LEN + 1];
    pid_t worker = worker_spawn(NULL);
    struct uuid job = posted("not applied");
    assert_string_equal(outcome_of("job", &job), "applied");
    await_projected("job", "job");
    worker_stop(worker);
    uuid_format(&job, id);
    sql_run(text("DELETE FROM %s.posting WHERE job_id = '%s'; INSERT INTO %s.parked VALUES "
                 "('events', %d, 999999, '%s', 'JobPosted', 'refused', '', now())",
                 live_view("job"), id, live_view("job"), (int)partition_of(&job), id));
    expect_replayed((struct replay_options){0}, "job");
    assert_non_null(strstr(told, id));
    assert_string_equal(title_of(&job), "not applied");
    assert_int_equal(count(live_view("job"), "parked"), 0);
}

static void the_generation_before_can_come_back(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    int64_t before = generation("job");
    await_projected("job", "job");
    expect_replayed((struct replay_options){0}, "job");
    struct uuid job = posted("in the newer one");
    struct uuid edit = edited(&job, "in the newer one, again");
    assert_string_equal(outcome_of("job", &edit), "applied");
    await_projected("job", "job");
    expect_replayed((struct replay_options){.rollback = true}, "job");
    assert_int_equal(generation("job"), before);
    assert_string_equal(title_of(&job), "in the newer one, again");
    edit = edited(&job, "and on");
    assert_string_equal(outcome_of("job", &edit), "applied");
    await_projected("job", "job");
    expect_replayed((struct replay_options){.dry_run = true}, "job");
    expect_replayed((struct replay_options){.rollback = true}, "job"); /* and there again */
    assert_int_equal(generation("job"), before + 1);
    assert_string_equal(title_of(&job), "and on");
    worker_stop(worker);
}

/* What it had folded was in memory only: the kept generation does not say that it has it. */
/* No worker is there to say it again. The live view is an older program's the second time, with a column of its own for it. */
static void a_generation_is_believed_as_far_as_the_one_before(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    await_projected("job", "job");
    await_number(text("SELECT count(*) FROM %s.lane l JOIN pg_stat_activity a ON a.pid = "
                      "l.backend_pid AND a.backend_start = l.backend_start JOIN "
                      "%s.lane_progress p USING (partition) WHERE p.caught_up",
                      live_view("job"), live_view("job")),
                 WORLD_PARTITIONS); /* not those of the worker before */
    await_number(
        text("SELECT count(*) FROM %s.position_progress WHERE caught_up", live_view("job")),
        WORLD_PARTITIONS);
    worker_stop(worker);
    expect_replayed((struct replay_options){0}, "job");
    assert_int_equal(count(live_view("job"), "lane_progress WHERE caught_up"), WORLD_PARTITIONS);
    assert_int_equal(count(live_view("job"), "position_progress WHERE caught_up"),
                     WORLD_PARTITIONS);
    sql_run(text("SET search_path = %s; DELETE FROM lane_caught_up WHERE partition = 1; "
                 "DELETE FROM position_caught_up; "
                 "ALTER TABLE lane ADD COLUMN caught_up bool NOT NULL DEFAULT true; "
                 "ALTER TABLE position ADD COLUMN caught_up bool NOT NULL DEFAULT true; "
                 "RESET search_path",
                 live_view("job")));
    expect_replayed((struct replay_options){.projection = "from_job"}, "job");
    assert_int_equal(count(live_view("job"), "lane_progress WHERE caught_up"),
                     WORLD_PARTITIONS - 1);
    expect_replayed((struct replay_options){.rollback = true}, "job");
    expect_replayed((struct replay_options){0}, "job");
    assert_int_equal(count(live_view("job"), "lane_progress WHERE caught_up"),
                     WORLD_PARTITIONS - 1);
    assert_int_equal(count(live_view("job"), "lane_progress"), WORLD_PARTITIONS);
    assert_int_equal(count(live_view("job"), "position_progress WHERE caught_up"), 0);
}

static void a_way_back_that_was_interrupted_knows_every_state(void **state)
{
    (void)state;
    int status;
    pid_t worker = worker_spawn(NULL);
    await_projected("job", "job");
    expect_replayed((struct replay_options){0}, "job");
    struct uuid job = posted("the kept one does not know it");
    assert_string_equal(outcome_of("job", &job), "applied");
    pid_t replaying = spawn("rollback", "job", "replay_before_states");
    assert_int_equal(waitpid(replaying, &status, 0), replaying);
    assert_true(WIFSIGNALED(status));
    await_projected("job", "job");
    expect_replayed((struct replay_options){.rollback = true}, "job");
    struct uuid edit = edited(&job, "known");
    assert_string_equal(outcome_of("job", &edit), "applied");
    await_projected("job", "job");
    expect_replayed((struct replay_options){.dry_run = true}, "job");
    worker_stop(worker);
}

/* A replay by another program folds states that this worker's deciders do not know (W10). */
static void a_lane_does_not_go_on_with_states_of_another_fold_version(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    struct uuid job = posted("folded by two programs");
    assert_string_equal(outcome_of("job", &job), "applied");
    await_projected("job", "job");
    expect_replayed((struct replay_options){0}, "job");
    struct uuid edit = edited(&job, "by a lane that works on the newer one");
    assert_string_equal(outcome_of("job", &edit), "applied");
    const char *kept =
        sql_text("SELECT nspname FROM pg_namespace WHERE nspname ~ '^hirelog_job_g[0-9]+_kept$'");
    sql_run(text("CREATE FUNCTION %s.other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                 "NEW.fold_version = 99; RETURN NEW; END $$;"
                 "CREATE TRIGGER other BEFORE UPDATE OF owner ON %s.lane FOR EACH ROW EXECUTE "
                 "FUNCTION %s.other()",
                 kept, kept, kept));
    expect_replayed((struct replay_options){.rollback = true}, "job");
    sql_run(text("DELETE FROM %s.state WHERE partition = %d; DROP TRIGGER other ON %s.lane",
                 live_view("job"), (int)partition_of(&job), live_view("job")));
    edit = edited(&job, "decided by what is known");
    assert_string_equal(outcome_of("job", &edit), "applied");
    await_projected("job", "job");
    expect_replayed((struct replay_options){.dry_run = true}, "job");
    worker_stop(worker);
}

static void an_audit_ends_in_the_past_and_never_goes_live(void **state)
{
    (void)state;
    char time[TIME_TEXT_LEN + 1], position[64], id[UUID_TEXT_LEN + 1];
    int64_t live = generation("job");
    pid_t worker = worker_spawn(NULL);
    struct uuid job = posted("then");
    assert_string_equal(outcome_of("job", &job), "applied");
    int32_t partition = partition_of(&job);
    uuid_format(&job, id);
    time_format(
        sql_number(text("SELECT extract(epoch FROM max(updated_at)) * 1000000 FROM %s.posting",
                        live_view("job"))),
        time);
    snprintf(position, sizeof(position), "job/%d:%lld", (int)partition,
             (long long)sql_number(text("SELECT next_event FROM %s.lane WHERE partition = %d",
                                        live_view("job"), (int)partition)));
    struct uuid edit = edited(&job, "now");
    assert_string_equal(outcome_of("job", &edit), "applied");
    expect_replayed((struct replay_options){.until = time}, "job");
    assert_string_equal(title_in("hirelog_job_audit", &job), "then");
    assert_int_equal(count("hirelog_job_audit", text("search WHERE job_id = '%s'", id)), 1);
    assert_string_equal(title_of(&job), "now");
    sql_run("DROP SCHEMA hirelog_job_audit CASCADE");
    expect_replayed((struct replay_options){.until = position}, "job");
    assert_string_equal(title_in("hirelog_job_audit", &job), "then");
    expect_replayed((struct replay_options){.until = "0"}, "job");
    assert_int_equal(count("hirelog_job_audit", "posting"), 0);
    assert_int_equal(generation("job"), live);
    worker_stop(worker);
}

static void what_other_services_tell_is_replayed_too(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    for (int i = 0; i < 3; i++)
        worked("ben");
    await_projected("client", "job");
    await_projected("freelancer", "job");
    int64_t hires = count(live_view("client"), "hire");
    assert_true(hires >= 3);
    expect_replayed((struct replay_options){0}, "client");
    expect_replayed((struct replay_options){0}, "freelancer");
    assert_int_equal(generation("client"), 2);
    assert_int_equal(count(live_view("client"), "hire"), hires);
    worked("ben");
    await_number(text("SELECT count(*) FROM %s.hire", live_view("client")), hires + 1);
    worker_stop(worker);
}

/* The rest of the view is copied, whatever stands there. */
static void one_projection_alone_is_replayed(void **state)
{
    (void)state;
    struct err err = {0};
    pid_t worker = worker_spawn(NULL);
    struct uuid job = posted("one of two");
    assert_string_equal(outcome_of("job", &job), "applied");
    await_projected("job", "job");
    int64_t found = count(live_view("job"), "search");
    sql_run(text("UPDATE %s.posting SET title = 'by hand'; DELETE FROM %s.search", live_view("job"),
                 live_view("job")));
    assert_int_equal(replay((struct replay_options){.projection = "from_job"}, "job", &err),
                     ERR_CONFLICT);
    assert_non_null(strstr(told, "search "));
    expect_replayed((struct replay_options){.projection = "from_job", .unchecked = true}, "job");
    assert_int_equal(count(live_view("job"), "search"), found);
    assert_string_equal(title_of(&job), "by hand");
    expect_replayed((struct replay_options){.projection = "events", .unchecked = true}, "job");
    assert_string_equal(title_of(&job), "one of two");
    assert_int_equal(count(live_view("job"), "search"), found);
    struct uuid edit = edited(&job, "and on");
    assert_string_equal(outcome_of("job", &edit), "applied");
    await_projected("job", "job");
    expect_replayed((struct replay_options){.dry_run = true}, "job");
    assert_int_equal(replay((struct replay_options){.projection = "from_nobody"}, "job", &err),
                     ERR_INVALID);
    worker_stop(worker);
}

/* A view that another program has made: what it has and ours has not is told; what is copied is copied by name. */
static void columns_of_another_program_are_told_or_copied_by_their_names(void **state)
{
    (void)state;
    struct err err = {0};
    sql_run(text("ALTER TABLE %s.posting ADD COLUMN mood text", live_view("job")));
    assert_int_equal(replay((struct replay_options){0}, "job", &err), ERR_CONFLICT);
    assert_non_null(strstr(told, "posting              not in the new one: mood text"));
    sql_run(text("ALTER TABLE %s.posting DROP COLUMN mood", live_view("job")));
    sql_run(
        text("SET search_path = %s; ALTER TABLE posting ADD COLUMN again text; UPDATE posting SET "
             "again = title; ALTER TABLE posting DROP COLUMN title; ALTER TABLE posting RENAME "
             "COLUMN again TO title; RESET search_path",
             live_view("job")));
    expect_replayed((struct replay_options){.projection = "from_job"}, "job");
    sql_run(text("ALTER TABLE %s.posting DROP COLUMN description", live_view("job")));
    expect_replayed((struct replay_options){0}, "job"); /* what ours has besides is no difference */
    assert_int_equal(count(live_view("job"), "posting WHERE description IS NULL"), 0);
}

/* Plans that are made of the statistics of a few rows read the whole table when it has grown (migrate/statistics.sql). */
static void a_small_view_looks_as_if_it_was_never_counted(void **state)
{
    (void)state;
    int64_t hires = count(live_view("client"), "hire");
    assert_true(hires > 0);
    expect_replayed((struct replay_options){0}, "client");
    assert_int_equal(count(live_view("client"), "hire"), hires);
    assert_int_equal(sql_number(text("SELECT count(*) FROM pg_class WHERE relnamespace = "
                                     "'%s'::regnamespace AND relkind = 'r' AND reltuples >= 0 AND "
                                     "relname NOT IN ('lane', 'position')",
                                     live_view("client"))),
                     0);
}

static void a_comparison_has_its_time(void **state)
{
    (void)state;
    struct err err = {0};
    struct generations g;
    struct generation_comparison c;
    struct migrate_service m = {"job", false, NULL};
    assert_int_equal(generations_open(&world.cfg, &m, &g, &err), ERR_OK);
    assert_int_equal(generation_compare_open(&g, 200, &err), ERR_OK);
    assert_int_equal(generation_compare_begin(&g, &err), ERR_OK);
    sql_run(text("BEGIN; LOCK TABLE %s.posting IN ACCESS EXCLUSIVE MODE", g.live));
    assert_int_equal(generation_compare(&g, g.live, 0, 1, 200, &c, &err), ERR_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "could not be compared in time"));
    sql_run("ROLLBACK");
    generations_release(&g);
}

/* They write the same rows of PostgreSQL's catalogue. */
static void replays_of_several_services_do_not_disturb_each_other(void **state)
{
    (void)state;
    static const char *const names[] = {"user", "client", "freelancer", "payment"};
    pid_t pids[ARRAY_SIZE(names)];
    int status, failed = 0;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        pids[i] = replay_spawn(names[i], NULL);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        failed += status != 0;
    }
    assert_int_equal(failed, 0);
}

static void drop_all_but_the_vault(const char *service)
{
    sql_run(
        text("DO $$ DECLARE found text; BEGIN FOR found IN SELECT nspname FROM pg_namespace WHERE "
             "nspname ~ '^hirelog_%s(_g[0-9]+(_kept)?|_audit)?$' LOOP EXECUTE format('DROP SCHEMA "
             "%%I CASCADE', found); END LOOP; END $$",
             service));
}

static void after_a_total_loss_everything_comes_back(void **state)
{
    (void)state;
    static const uint8_t unreadable[] = "not avro";
    pid_t worker = worker_spawn(NULL);
    struct register_user *ben = register_user_new("ben@example.org");
    send_command(&type_register_user, ben);
    assert_string_equal(outcome_of("user", &ben->meta.command_id), "applied");
    struct post_job *post = post_job_new("before the loss");
    send_bytes("job", partition_of(&post->job_id), NULL, 0,
               (struct bytes){unreadable, sizeof(unreadable)});
    send_command(&type_post_job, post);
    assert_string_equal(outcome_of("job", &post->meta.command_id), "applied");
    worked("dora");
    await_projected("client", "job");
    await_projected("freelancer", "job");
    int64_t postings = count(live_view("job"), "posting"),
            hires = count(live_view("client"), "hire"),
            contracts = count(live_view("freelancer"), "contract"),
            claims = count("hirelog_user", "claim WHERE confirmed");
    size_t events = count_events("job", NULL).events;
    worker_stop(worker);
    for (size_t i = 0; i < n_services; i++)
        drop_all_but_the_vault(services[i].name);
    for (size_t i = 0; i < n_services; i++)
        expect_replayed((struct replay_options){0}, services[i].name);
    assert_int_equal(count(live_view("job"), "posting"), postings);
    assert_int_equal(count(live_view("client"), "hire"), hires);
    assert_int_equal(count(live_view("freelancer"), "contract"), contracts);
    assert_int_equal(count("hirelog_user", "claim WHERE confirmed"), claims);
    assert_int_equal(count("hirelog_job", "dead_letter"), 1);
    assert_int_equal(sql_number(text("SELECT count(*) FROM %s.lane_progress WHERE NOT caught_up",
                                     live_view("user"))),
                     0);
    worker = worker_spawn(NULL);
    assert_string_equal(outcome_of("job", &post->meta.command_id), "applied"); /* I2 */
    send_command(&type_post_job, post);                                        /* I3 */
    struct register_user *again = register_user_new("ben@example.org");
    send_command(&type_register_user, again);
    assert_string_equal(outcome_of("user", &again->meta.command_id), "email_taken");
    struct uuid job = posted("after the loss");
    assert_string_equal(outcome_of("job", &job), "applied");
    worker_stop(worker);
    assert_int_equal(count_events("job", NULL).events, events + 1);
}

/* What outlives the generations was lost, they were not: which one is live is found out, and the next ones get names of their own. */
static void a_lost_control_is_made_anew_beside_its_generations(void **state)
{
    (void)state;
    expect_replayed((struct replay_options){0}, "payment");
    int64_t live = generation("payment");
    assert_true(has_schema(text("hirelog_payment_g%d_kept", (int)live - 1)));
    sql_run("DROP SCHEMA hirelog_payment CASCADE");
    expect_replayed((struct replay_options){.dry_run = true}, "payment");
    assert_int_equal(generation("payment"), live);
    expect_replayed((struct replay_options){0}, "payment");
    const char *view = live_view("payment");
    sql_run(text("DROP SCHEMA hirelog_payment CASCADE; DROP SCHEMA %s CASCADE", view));
    expect_replayed((struct replay_options){0}, "payment");
    assert_int_equal(leftovers("payment"), 0);
}

static void what_is_being_restored_is_not_replayed(void **state)
{
    (void)state;
    struct err err = {0};
    char topic[TOPIC_NAME_MAX];
    service_event_topic(world.cfg.topic_prefix, "job", topic);
    assert_int_equal(import_mark_set(world.producer, topic, 1, &err), ERR_OK);
    assert_int_equal(replay((struct replay_options){0}, "client", &err), ERR_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "is being restored"));
    assert_int_equal(import_mark_clear(world.producer, topic, &err), ERR_OK);
}

/* Found out before anything is read, not by waiting for records that never come (W11). */
static void a_view_beyond_its_log_is_not_replayed(void **state)
{
    (void)state;
    struct err err = {0};
    sql_run(
        text("UPDATE %s.position SET next = next + 1000000 WHERE source = 'job' AND partition = 0",
             live_view("client")));
    assert_int_equal(replay((struct replay_options){0}, "client", &err), ERR_CORRUPT);
    assert_non_null(strstr(err.msg, "job.events/0 ends at"));
    sql_run(
        text("UPDATE %s.position SET next = next - 1000000 WHERE source = 'job' AND partition = 0",
             live_view("client")));
}

static void one_replay_at_a_time(void **state)
{
    (void)state;
    struct err err = {0};
    sql_run("SELECT pg_advisory_lock(hashtextextended('hirelog replay user', 0))");
    assert_int_equal(replay((struct replay_options){0}, "user", &err), ERR_CONFLICT);
    sql_run("SELECT pg_advisory_unlock(hashtextextended('hirelog replay user', 0))");
    expect_replayed((struct replay_options){.dry_run = true}, "user");
}

#define SCENARIO(test) cmocka_unit_test_teardown(test, workers_end)

int main(int argc, char **argv)
{
    world_services = "user,job,client,freelancer,payment";
    if (argc == 2 && strcmp(argv[1], "worker") == 0)
        worker_main();
    if (argc == 3)
        replay_main(argv[2], strcmp(argv[1], "rollback") == 0);
    const struct CMUnitTest tests[] = {
        SCENARIO(a_replay_builds_the_same_view_while_writes_go_on),
        SCENARIO(an_interrupted_replay_leaves_the_live_view_and_can_be_done_again),
        SCENARIO(a_view_that_differs_is_not_swapped),
        SCENARIO(what_was_parked_is_listed_and_healed),
        SCENARIO(the_generation_before_can_come_back),
        SCENARIO(a_generation_is_believed_as_far_as_the_one_before),
        SCENARIO(a_way_back_that_was_interrupted_knows_every_state),
        SCENARIO(a_lane_does_not_go_on_with_states_of_another_fold_version),
        SCENARIO(an_audit_ends_in_the_past_and_never_goes_live),
        SCENARIO(what_other_services_tell_is_replayed_too),
        SCENARIO(one_projection_alone_is_replayed),
        SCENARIO(columns_of_another_program_are_told_or_copied_by_their_names),
        SCENARIO(a_small_view_looks_as_if_it_was_never_counted),
        SCENARIO(a_comparison_has_its_time),
        SCENARIO(replays_of_several_services_do_not_disturb_each_other),
        SCENARIO(after_a_total_loss_everything_comes_back),
        SCENARIO(a_lost_control_is_made_anew_beside_its_generations),
        SCENARIO(what_is_being_restored_is_not_replayed),
        SCENARIO(a_view_beyond_its_log_is_not_replayed),
        SCENARIO(one_replay_at_a_time),
    };
    return cmocka_run_group_tests_name("replays", tests, world_begin, world_end);
}

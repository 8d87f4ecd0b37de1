/* What was put aside, with a real broker and a real database: dead commands are sent again once, parked aggregates
 * are freed in order while their lanes work, whoever dies when. By the program's own command line. */
#include "tests/unit/spec.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "consumers/parked_retry.h"
#include "ops/runtime/timeutil.h"
#include "schemas/records.h"
#include "tests/integration/lane_world.h"

#define OUTPUT_MAX (8 * 1024 * 1024)
#define MANY       40

/* Exit codes (err.c). */
enum { DONE = 0, CORRUPT = 65, NOT_FOUND = 69, CONFLICT = 73, AWAY = 75, REFUSED = 77, WRONG = 78 };
enum { KILLED = 128 + 9 };

/* ---- the command line */

static char output[OUTPUT_MAX];

struct call {
    pid_t pid;
    FILE *out;
};

/* `environment deadletters arguments`, still running. */
static struct call begin_run(const char *environment, const char *arguments)
{
    char line[2048];
    int ends[2];
    snprintf(line, sizeof(line),
             "%s exec \"$HIRELOG_BIN\" deadletters %s --config \"$HIRELOG_CONFIG\"", environment,
             arguments);
    assert_int_equal(pipe(ends), 0);
    struct call c = {.pid = fork()};
    assert_true(c.pid >= 0);
    if (c.pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        execl("/bin/sh", "sh", "-c", line, NULL);
        _exit(127);
    }
    close(ends[1]);
    c.out = fdopen(ends[0], "r");
    assert_non_null(c.out);
    return c;
}

/* Its output goes into `output`. */
static int end_run(struct call c)
{
    int status;
    size_t n = fread(output, 1, OUTPUT_MAX - 1, c.out);
    output[n] = '\0';
    fclose(c.out);
    assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void expect(int wanted, int got, const char *what)
{
    if (got != wanted)
        fail_msg("%s: exit %d instead of %d\n%s", what, got, wanted, output);
}

static void run(int wanted, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void run(int wanted, const char *fmt, ...)
{
    char arguments[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(arguments, sizeof(arguments), fmt, ap);
    va_end(ap);
    expect(wanted, end_run(begin_run("", arguments)), arguments);
}

static void run_and_die(const char *crash_point, const char *arguments)
{
    const char *at = arena_printf(&world.arena, "HIRELOG_CRASH_AT=%s", crash_point);
    expect(KILLED, end_run(begin_run(at, arguments)), arguments);
}

static void says(const char *text)
{
    if (!strstr(output, text))
        fail_msg("\"%s\" is not in\n%s", text, output);
}

static void says_not(const char *text)
{
    if (strstr(output, text))
        fail_msg("\"%s\" is in\n%s", text, output);
}

static const char *text(const char *fmt, ...) PRINTF_LIKE(1, 2);
static const char *text(const char *fmt, ...)
{
    char t[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t, sizeof(t), fmt, ap);
    va_end(ap);
    return arena_strdup(&world.arena, t);
}

static const char *id_text(const struct uuid *id)
{
    char t[UUID_TEXT_LEN + 1];
    uuid_format(id, t);
    return arena_strdup(&world.arena, t);
}

/* ---- jobs */

static struct uuid ana(void)
{
    return uuid_v5_of("ana", NULL);
}

static void *command(const struct record_type *type)
{
    struct uuid actor = ana();
    struct command_meta *meta = record_new(type, &world.arena);
    command_meta_fill(meta, &actor);
    meta->actor.roles.items = ARENA_NEW(&world.arena, int);
    meta->actor.roles.items[0] = ROLE_CLIENT;
    meta->actor.roles.n = 1;
    return meta;
}

struct sent {
    struct uuid job, id;
    const char *name; /* of the letter that it may become */
};

static struct sent posted(const char *title)
{
    struct post_job *c = post_job_new(title);
    int64_t offset = send_command(&type_post_job, c);
    return (struct sent){c->job_id, c->meta.command_id,
                         text("job.commands/%d:%" PRId64, partition_of(&c->job_id), offset)};
}

static struct uuid edited(const struct uuid *job, const char *title)
{
    struct edit_job *c = command(&type_edit_job);
    c->job_id = *job;
    c->has_title = true;
    c->title = title;
    send_command(&type_edit_job, c);
    return c->meta.command_id;
}

static void refuse(const char *schema, const char *title)
{
    sql_run(text("ALTER TABLE hirelog_%s.posting ADD CONSTRAINT \"no_%s\" CHECK (title <> '%s')",
                 schema, title, title));
}

static void allow(const char *schema, const char *title)
{
    sql_run(text("ALTER TABLE hirelog_%s.posting DROP CONSTRAINT \"no_%s\"", schema, title));
}

static int64_t count(const char *what)
{
    return sql_number(text("SELECT count(*) FROM hirelog_%s", what));
}

static void await_count(const char *what, int64_t expected)
{
    await_number(text("SELECT count(*) FROM hirelog_%s", what), expected);
}

/* "refused again (internal), now NAME" */
static const char *new_name(void)
{
    char *now = strstr(output, "now ");
    assert_non_null(now);
    return text("%.*s", (int)strcspn(now + 4, "\n "), now + 4);
}

/* ---- dead commands */

static void what_was_poison_is_sent_again_once(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    refuse("job_g1", "odd");
    struct sent odd = posted("odd");
    assert_string_equal(outcome_of("job", &odd.id), "internal");
    run(DONE, "list --services job");
    says(text("poison\t%s\t", odd.name));
    run(REFUSED, "retry %s", odd.name);
    const char *again = new_name();
    run(DONE, "list");
    says(text("poison\t%s\t", again));
    says_not(text("\t%s\t", odd.name));
    run(CONFLICT, "retry %s", odd.name);
    says("was retried by");
    allow("job_g1", "odd");
    run(DONE, "retry %s", again);
    says("applied as job.commands/");
    run(CONFLICT, "retry %s", again);
    run(DONE, "list");
    assert_string_equal(output, "");
    run(DONE, "list --all");
    says("[retried by");
    assert_int_equal(count("job_g1.posting WHERE title = 'odd'"), 1);
    assert_int_equal(count_events_of("job", &type_job_posted), 1);
    worker_stop(worker);
}

static struct sent poison(const char *title)
{
    refuse("job_g1", title);
    struct sent sent = posted(title);
    assert_string_equal(outcome_of("job", &sent.id), "internal");
    allow("job_g1", title);
    return sent;
}

static void a_retry_that_dies_applies_once(void **state)
{
    (void)state;
    static const char *const points[] = {"letter_after_send", "letter_before_commit",
                                         "letter_after_commit"};
    pid_t worker = worker_spawn(NULL);
    size_t events = count_events_of("job", &type_job_posted);
    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        bool closed = i == 2;
        struct sent sent = poison(points[i]);
        run_and_die(points[i], text("retry %s", sent.name));
        run(closed ? CONFLICT : DONE, "retry %s", sent.name);
        run(DONE, "list");
        assert_string_equal(output, "");
        assert_int_equal(count(text("job_g1.posting WHERE title = '%s'", points[i])), 1);
    }
    worker_stop(worker);
    assert_int_equal(count_events_of("job", &type_job_posted), events + ARRAY_SIZE(points));
}

static void two_people_at_once_apply_once(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    size_t events = count_events_of("job", &type_job_posted);
    struct sent sent = poison("twice");
    struct call one = begin_run("", text("retry %s", sent.name));
    struct call other = begin_run("", text("retry %s", sent.name));
    int first = end_run(one), second = end_run(other);
    assert_true(first == DONE || second == DONE);
    assert_true(first == DONE || first == CONFLICT);
    assert_true(second == DONE || second == CONFLICT);
    worker_stop(worker);
    assert_int_equal(count_events_of("job", &type_job_posted), events + 1);
}

static void a_service_that_is_away_hides_no_others_letters(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    struct sent sent = poison("seen all the same");
    expect(AWAY,
           end_run(begin_run("HIRELOG_PG_CLIENT='host=127.0.0.1 port=1 dbname=none'", "list")),
           "list");
    says(text("poison\t%s\t", sent.name));
    says("client: ");
    run(DONE, "skip %s --reason seen", sent.name);
    worker_stop(worker);
}

/* The letter is back after the view was lost, its retry is known. */
static void what_was_applied_before_a_loss_is_not_applied_again(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    struct sent sent = poison("before the loss");
    run(DONE, "retry %s", sent.name);
    worker_stop(worker);
    size_t events = count_events_of("job", &type_job_posted);
    sql_run("DROP SCHEMA hirelog_job, hirelog_job_g1 CASCADE");
    world_migrate();
    worker = worker_spawn(NULL);
    await_count("job_g1.lane_progress WHERE caught_up", WORLD_PARTITIONS);
    run(DONE, "list");
    says(text("poison\t%s\t", sent.name));
    /* It says when it was refused, not when it was found. */
    assert_int_equal(
        count("job.dead_letter d JOIN hirelog_job_g1.outcome o USING (command_id) WHERE "
              "d.at = o.decided_at"),
        count("job.dead_letter"));
    run(DONE, "retry %s", sent.name);
    says("applied as");
    worker_stop(worker);
    assert_int_equal(count_events_of("job", &type_job_posted), events);
    sql_run(
        "DELETE FROM hirelog_job.dead_letter"); /* those of the scenarios before, back as well */
}

static void what_was_sent_too_long_ago_is_for_a_person(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    struct sent sent = poison("long ago");
    run_and_die("letter_before_commit", text("retry %s", sent.name));
    sql_run("UPDATE hirelog_job.letter_decision SET sent_at = sent_at - interval '6 days' WHERE "
            "decided_as IS NULL");
    run(CONFLICT, "retry %s", sent.name);
    says("look for command");
    run(DONE, "skip %s --reason 'it was applied'", sent.name);
    run(DONE, "list");
    assert_string_equal(output, "");
    worker_stop(worker);
}

static void a_refused_command_of_a_reactor_is_sent_again(void **state)
{
    (void)state;
    struct issue_invoice *c = record_new(&type_issue_invoice, &world.arena);
    command_meta_fill(&c->meta, NULL);
    c->meta.actor.kind = ACTOR_KIND_SYSTEM;
    c->invoice_id = c->meta.command_id;
    c->freelancer_id = c->client_id = c->contract_id = uuid_v5_of("nobody's", NULL);
    pid_t worker = worker_spawn(NULL);
    int64_t offset = send_command(&type_issue_invoice, c);
    assert_string_equal(outcome_of("payment", &c->meta.command_id), "no_lines");
    const char *name =
        text("payment.commands/%d:%" PRId64, partition_of(&c->freelancer_id), offset);
    run(DONE, "list --services payment");
    says(text("refused\t%s\t", name));
    says("\tno_lines\t");
    run(REFUSED, "retry %s", name);
    says("refused again (no_lines)");
    const char *again = new_name();
    run(WRONG, "skip %s", again);
    says("--reason");
    run(DONE, "skip %s --reason 'nothing was done for it'", again);
    run(DONE, "list --services payment");
    assert_string_equal(output, "");
    run(DONE, "list --services payment --all");
    says("nothing was done for it");
    worker_stop(worker);
}

static void a_registration_is_for_who_knows_the_password(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    sql_run("ALTER TABLE hirelog_user_g1.account ADD CONSTRAINT nobody CHECK (email <> "
            "'x@example.org')");
    struct register_user *c = register_user_new("x@example.org");
    int64_t offset = send_command(&type_register_user, c);
    assert_string_equal(outcome_of("user", &c->meta.command_id), "internal");
    sql_run("ALTER TABLE hirelog_user_g1.account DROP CONSTRAINT nobody");
    const char *name = text("user.commands/%d:%" PRId64, partition_of(&c->user_id), offset);
    run(REFUSED, "retry %s", name);
    says("comes with a secret");
    run(DONE, "skip %s --reason 'registered again'", name);
    worker_stop(worker);
}

static void what_cannot_be_read_is_shown_and_stays(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0, 0, 1, 2};
    pid_t worker = worker_spawn(NULL);
    int64_t offset = send_bytes("job", 1, "key", 3, (struct bytes){bytes, sizeof(bytes)});
    const char *name = text("job.commands/1:%" PRId64, offset);
    await_count("job.dead_letter WHERE reason = 'internal' AND value = '\\x00000102'", 1);
    run(DONE, "show %s", name);
    says("\"unreadable\": ");
    says("\"hex\": \"00000102\"");
    says("\"from\": \"kafka\"");
    says("\"key\": \"key\"");
    run(CORRUPT, "retry %s", name);
    says("cannot be read");
    run(DONE, "list");
    says(text("poison\t%s\t", name));
    run(DONE, "skip %s --reason noise", name);
    worker_stop(worker);
}

static void a_letter_is_shown_with_what_is_known(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    struct sent sent = poison("shown");
    run(DONE, "show %s", sent.name);
    says("\"kind\": \"poison\"");
    says("\"type\": \"PostJob\"");
    says("\"title\": \"shown\"");
    says("\"from\": \"kafka\"");
    says("no_shown");
    /* Brokers that do not answer are no reason to say that it is gone, or unreadable. */
    const char *show = text("show %s", sent.name), *retry = text("retry %s", sent.name);
    expect(AWAY, end_run(begin_run("HIRELOG_BROKERS=127.0.0.1:1", show)), show);
    expect(AWAY, end_run(begin_run("HIRELOG_BROKERS=127.0.0.1:1", retry)), retry);
    /* A place that the topic does not have (any more). */
    sql_run(
        "UPDATE hirelog_job.dead_letter SET \"offset\" = 1000000 WHERE detail LIKE '%no_shown%'");
    const char *gone = text("job.commands/%d:1000000", partition_of(&sent.job));
    run(DONE, "show %s", gone);
    says("\"from\": \"stored\"");
    says("\"title\": \"shown\"");
    sql_run("UPDATE hirelog_job.dead_letter SET value = NULL WHERE \"offset\" = 1000000");
    run(DONE, "show %s", gone);
    says("\"record\": null");
    run(NOT_FOUND, "retry %s", gone);
    says("its bytes were not kept");
    run(NOT_FOUND, "show %s", sent.name);
    run(NOT_FOUND, "retry %s", sent.name);
    run(NOT_FOUND, "skip %s --reason none", sent.name);
    run(DONE, "skip %s --reason 'nothing left of it'", gone);
    worker_stop(worker);
}

static void a_mistake_on_the_command_line_is_named(void **state)
{
    (void)state;
    run(WRONG, "%s", "");
    says("deadletters list, show, retry or skip");
    run(WRONG, "burn");
    run(WRONG, "retry");
    says("which letter?");
    run(WRONG, "retry jobb.commands/0:1");
    says("there is no service `jobb`");
    run(WRONG, "list --reason x");
    run(WRONG, "retry job.commands/0:1 job.commands/0:2");
    says("`job.commands/0:2` is not understood");
    run(WRONG, "skip job.commands/0:1 --reason");
    run(WRONG, "skip job.commands/0:1 --reason x --offset 1");
    run(WRONG, "skip job/events/%s --reason x --offset -1", id_text(&uuid_nil));
    run(NOT_FOUND, "retry job/events/%s", id_text(&uuid_nil));
    run(NOT_FOUND, "show job/events/%s", id_text(&uuid_nil));
}

/* ---- parked aggregates */

/* Every change of a posting, in the order in which it was made: what no version may jump over. */
static void watch(const char *schema)
{
    sql_run(text(
        "CREATE TABLE IF NOT EXISTS public.seen (n serial, view text, job_id uuid, version int8);"
        "GRANT ALL ON public.seen TO PUBLIC; GRANT ALL ON SEQUENCE public.seen_n_seq TO PUBLIC;"
        "CREATE OR REPLACE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT "
        "INTO public.seen (view, job_id, version) VALUES (TG_TABLE_SCHEMA, NEW.job_id, "
        "NEW.version); "
        "RETURN NEW; END $$;"
        "CREATE TRIGGER see AFTER INSERT OR UPDATE ON hirelog_%s.posting FOR EACH ROW EXECUTE "
        "FUNCTION public.see()",
        schema));
}

static void watch_no_more(const char *schema)
{
    sql_run(text("DROP TRIGGER see ON hirelog_%s.posting", schema));
}

/* From version 1 to the last, never back, none twice; edits that follow one another may be one change. */
static void seen_in_order(const char *schema, const struct uuid *job, int64_t last)
{
    const char *seen =
        text("FROM (SELECT version, lag(version, 1, 0::int8) OVER (ORDER BY n) AS before "
             "FROM public.seen WHERE view = 'hirelog_%s' AND job_id = '%s') AS s",
             schema, id_text(job));
    assert_int_equal(sql_number(text("SELECT count(*) %s WHERE version <= before", seen)), 0);
    assert_int_equal(sql_number(text("SELECT min(version) %s", seen)), 1);
    assert_int_equal(sql_number(text("SELECT max(version) %s", seen)), last);
}

static int64_t parked(const char *schema, const struct uuid *job)
{
    return count(text("%s.parked WHERE aggregate_id = '%s'", schema, id_text(job)));
}

static void await_parked(const char *schema, const struct uuid *job, int64_t n)
{
    await_count(text("%s.parked WHERE aggregate_id = '%s'", schema, id_text(job)), n);
}

/* A job whose posting the lane's own view does not take, found by catch-up; returns the worker. */
static pid_t park_own(const char *title, struct uuid *ret_job)
{
    pid_t worker = worker_spawn("after_kafka_commit");
    *ret_job = posted(title).job;
    worker_await_crash(worker);
    refuse("job_g1", title);
    worker = worker_spawn(NULL);
    await_parked("job_g1", ret_job, 1);
    return worker;
}

/* The same for the projector of client. */
static void park_projected(const char *title, struct uuid *ret_job)
{
    refuse("client_g1", title);
    *ret_job = posted(title).job;
    await_parked("client_g1", ret_job, 1);
}

static struct uuid edit_many(const struct uuid *job, int n)
{
    struct uuid last = uuid_nil;
    for (int i = 0; i < n; i++)
        last = edited(job, text("title %d", i));
    return last;
}

static bool ended(const struct call *c)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

/* Events of it and of another come all the while that it is freed. */
static void free_while_edited(const char *name,
                              const struct uuid *job,
                              const struct uuid *other,
                              int64_t *versions)
{
    struct call retry = begin_run("", text("retry %s", name));
    while (!ended(&retry)) {
        (void)edited(job, "meanwhile");
        (void)edited(other, "beside it");
        ++*versions;
    }
    expect(DONE, end_run(retry), name);
    says("none waits any more");
}

static void a_parked_aggregate_is_applied_in_order_while_its_lane_works(void **state)
{
    (void)state;
    struct uuid job;
    int64_t versions = MANY + 1;
    pid_t worker = park_own("parked", &job);
    struct uuid other = posted("beside").job;
    struct uuid last = edit_many(&job, MANY);
    assert_string_equal(outcome_of("job", &last), "applied");
    assert_int_equal(parked("job_g1", &job), MANY + 1);
    run(DONE, "list --services job");
    says(text("parked\tjob/events/%s\t", id_text(&job)));
    says(text("\tJobPosted\t%d\t", MANY));
    run(DONE, "show job/events/%s", id_text(&job));
    says(text("\"waiting\": %d", MANY));
    says("\"ce_type\": ");
    says("no_parked");
    watch("job_g1");
    allow("job_g1", "parked");
    free_while_edited(text("job/events/%s", id_text(&job)), &job, &other, &versions);
    last = edited(&job, "the last");
    assert_string_equal(outcome_of("job", &last), "applied");
    await_count(text("job_g1.posting WHERE job_id = '%s' AND title = 'the last'", id_text(&job)),
                1);
    assert_int_equal(parked("job_g1", &job), 0);
    seen_in_order("job_g1", &job, versions + 1);
    watch_no_more("job_g1");
    worker_stop(worker);
}

static void a_parked_aggregate_is_applied_in_order_while_its_projector_works(void **state)
{
    (void)state;
    struct uuid job;
    int64_t versions = MANY + 1;
    pid_t worker = worker_spawn(NULL);
    struct uuid other = posted("beside").job;
    park_projected("unprojected", &job);
    (void)edit_many(&job, MANY);
    await_parked("client_g1", &job, MANY + 1);
    watch("client_g1");
    allow("client_g1", "unprojected");
    free_while_edited(text("client/from_job/%s", id_text(&job)), &job, &other, &versions);
    (void)edited(&job, "the last");
    await_count(text("client_g1.posting WHERE job_id = '%s' AND title = 'the last'", id_text(&job)),
                1);
    assert_int_equal(parked("client_g1", &job), 0);
    seen_in_order("client_g1", &job, versions + 1);
    watch_no_more("client_g1");
    worker_stop(worker);
}

/* Whatever it dies at, the next call goes on; the worker, which knows the aggregate as parked, writes on. */
static void free_and_die(const char *crash_point, int64_t left)
{
    struct uuid job;
    pid_t worker = park_own(crash_point, &job);
    struct uuid last = edit_many(&job, 3);
    assert_string_equal(outcome_of("job", &last), "applied");
    watch("job_g1");
    allow("job_g1", crash_point);
    run_and_die(crash_point, text("retry job/events/%s", id_text(&job)));
    assert_int_equal(parked("job_g1", &job), left);
    last = edited(&job, "after it died");
    assert_string_equal(outcome_of("job", &last), "applied");
    assert_int_equal(parked("job_g1", &job), left > 0 ? left + 1 : 0);
    run(left > 0 ? DONE : NOT_FOUND, "retry job/events/%s", id_text(&job));
    seen_in_order("job_g1", &job, 5);
    watch_no_more("job_g1");
    worker_stop(worker);
}

static void a_retry_that_dies_before_its_commit_changes_nothing(void **state)
{
    (void)state;
    free_and_die("parked_before_commit", 4);
}

static void a_retry_that_dies_after_its_commit_has_done_it(void **state)
{
    (void)state;
    free_and_die("parked_after_commit", 0);
}

static void what_is_still_refused_stays(void **state)
{
    (void)state;
    struct uuid job;
    pid_t worker = park_own("first", &job);
    refuse("job_g1", "second");
    (void)edited(&job, "fine");
    (void)edited(&job, "second");
    struct uuid last = edited(&job, "third");
    assert_string_equal(outcome_of("job", &last), "applied");
    assert_int_equal(parked("job_g1", &job), 4);
    run(REFUSED, "retry job/events/%s", id_text(&job));
    says("0 applied, 4 wait");
    allow("job_g1", "first");
    run(REFUSED, "retry job/events/%s", id_text(&job));
    says("2 applied, 2 wait");
    says("no_second");
    assert_int_equal(count("job_g1.parked WHERE detail LIKE '%no_second%'"), 1);
    assert_int_equal(count("job_g1.posting WHERE title = 'fine'"), 1);
    last = edited(&job, "behind them"); /* it is still parked, for the lane too */
    assert_string_equal(outcome_of("job", &last), "applied");
    assert_int_equal(parked("job_g1", &job), 3);
    allow("job_g1", "second");
    run(DONE, "retry job/events/%s", id_text(&job));
    assert_int_equal(count("job_g1.posting WHERE title = 'behind them'"), 1);
    worker_stop(worker);
}

static void many_large_events_are_applied_in_pieces(void **state)
{
    (void)state;
    enum { LARGE = 200 * 1000, N = PARKED_PIECE_BYTES / LARGE + 5 };
    struct uuid job;
    char *description = arena_alloc(&world.arena, LARGE + 1);
    memset(description, 'x', LARGE);
    pid_t worker = park_own("large ones follow", &job);
    struct edit_job *c = NULL;
    for (int i = 0; i < N; i++) {
        c = command(&type_edit_job);
        c->job_id = job;
        c->has_description = true;
        c->description = description;
        description[0] = (char)('a' + i);
        send_command(&type_edit_job, c);
    }
    assert_string_equal(outcome_of("job", &c->meta.command_id), "applied");
    allow("job_g1", "large ones follow");
    run(DONE, "show job/events/%s", id_text(&job));
    says(text("\"waiting\": %d", N));
    run(DONE, "retry job/events/%s", id_text(&job));
    says(text("%d applied, none waits any more", N + 1));
    worker_stop(worker);
}

static void a_skipped_event_is_recorded(void **state)
{
    (void)state;
    struct uuid job;
    pid_t worker = park_own("skip me", &job);
    refuse("job_g1", "me too");
    (void)edited(&job, "me too");
    struct uuid last = edited(&job, "not me");
    assert_string_equal(outcome_of("job", &last), "applied");
    allow("job_g1", "skip me");
    const char *name = text("job/events/%s", id_text(&job));
    int64_t second = sql_number(text("SELECT \"offset\" FROM hirelog_job_g1.parked WHERE "
                                     "aggregate_id = '%s' ORDER BY \"offset\" "
                                     "OFFSET 1 LIMIT 1",
                                     id_text(&job)));
    run(NOT_FOUND, "skip %s --reason x --offset 123456", name);
    run_and_die("parked_after_skip",
                text("skip %s --reason 'titles may not be so' --offset %" PRId64, name, second));
    assert_int_equal(parked("job_g1", &job), 2);
    run(DONE, "retry %s", name); /* the rest of it */
    says("2 applied, none waits any more");
    assert_int_equal(count("job_g1.posting WHERE title = 'not me'"), 1);
    assert_int_equal(
        count(text(
            "job.letter_decision WHERE projection = 'events' AND \"offset\" = %" PRId64
            " AND decided_as = 'skipped' AND decided_by <> '' AND note = 'titles may not be "
            "so' AND event_type = 'JobEdited' AND value IS NOT NULL AND decided_at IS NOT NULL",
            second)),
        1);
    run(DONE, "list --services job --all");
    says(text("skipped\t%s\t", name));
    says("titles may not be so");
    allow("job_g1", "me too");
    worker_stop(worker);
}

/* Without --offset: what is refused is skipped, the rest follows at once. */
static void the_first_is_skipped_and_the_rest_applied(void **state)
{
    (void)state;
    struct uuid job;
    pid_t worker = worker_spawn(NULL);
    park_projected("no such title", &job);
    (void)edited(&job, "a good one");
    await_parked("client_g1", &job, 2);
    run(DONE, "skip client/from_job/%s --reason 'by hand'", id_text(&job));
    says("skipped, 1 applied, none waits any more");
    assert_int_equal(parked("client_g1", &job), 0);
    allow("client_g1", "no such title");
    worker_stop(worker);
}

/* ---- events that a reactor could not read */

static void an_event_that_can_be_read_now_is_reacted_to(void **state)
{
    (void)state;
    static int role[] = {ROLE_CLIENT};
    char topic[TOPIC_NAME_MAX];
    struct user_registered *e = record_new(&type_user_registered, &world.arena);
    e->meta.event_id = uuid_v7(time_now_us());
    e->meta.aggregate_id = e->meta.event_id;
    e->email = e->display_name = "eve";
    e->roles.items = role;
    e->roles.n = 1;
    struct bytes whole = framed(&type_user_registered, e), cut = {whole.data, whole.len - 1};
    service_event_topic(world.cfg.topic_prefix, "user", topic);
    int64_t offset = send_to(topic, 0, NULL, 0, cut);
    pid_t worker = worker_spawn(NULL);
    await_count("client.dead_letter WHERE reason = 'unreadable'", 1);
    const char *name = text("client/user.events/0:%" PRId64, offset);
    run(DONE, "list --services client");
    says(text("unread\t%s\t", name));
    run(CORRUPT, "retry %s", name);
    struct strbuf hex = {0};
    for (size_t i = 0; i < whole.len; i++)
        strbuf_addf(&hex, "%02x", whole.data[i]);
    sql_run(
        text("UPDATE hirelog_client.dead_letter SET value = '\\x%s' WHERE reason = 'unreadable'",
             strbuf_cstr(&hex)));
    strbuf_release(&hex);
    run(DONE, "retry %s", name);
    says("applied as client.commands/");
    await_count(text("client_g1.profile WHERE client_id = '%s'", id_text(&e->meta.aggregate_id)),
                1);
    run(CONFLICT, "retry %s", name);
    worker_kill(worker); /* its lane of user, 0, stands at bytes that are no event of its own */
}

#define SCENARIO(test) cmocka_unit_test_teardown(test, workers_end)

int main(int argc, char **argv)
{
    world_services = "user,job,client,payment";
    if (argc == 2 && strcmp(argv[1], "worker") == 0)
        worker_main();
    const struct CMUnitTest tests[] = {
        SCENARIO(what_was_poison_is_sent_again_once),
        SCENARIO(a_retry_that_dies_applies_once),
        SCENARIO(two_people_at_once_apply_once),
        SCENARIO(a_service_that_is_away_hides_no_others_letters),
        SCENARIO(what_was_applied_before_a_loss_is_not_applied_again),
        SCENARIO(what_was_sent_too_long_ago_is_for_a_person),
        SCENARIO(a_refused_command_of_a_reactor_is_sent_again),
        SCENARIO(a_registration_is_for_who_knows_the_password),
        SCENARIO(what_cannot_be_read_is_shown_and_stays),
        SCENARIO(a_letter_is_shown_with_what_is_known),
        SCENARIO(a_mistake_on_the_command_line_is_named),
        SCENARIO(a_parked_aggregate_is_applied_in_order_while_its_lane_works),
        SCENARIO(a_parked_aggregate_is_applied_in_order_while_its_projector_works),
        SCENARIO(a_retry_that_dies_before_its_commit_changes_nothing),
        SCENARIO(a_retry_that_dies_after_its_commit_has_done_it),
        SCENARIO(what_is_still_refused_stays),
        SCENARIO(many_large_events_are_applied_in_pieces),
        SCENARIO(a_skipped_event_is_recorded),
        SCENARIO(the_first_is_skipped_and_the_rest_applied),
        SCENARIO(an_event_that_can_be_read_now_is_reacted_to),
    };
    return cmocka_run_group_tests_name("dead letters", tests, world_begin, world_end);
}

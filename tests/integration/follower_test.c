/* Projectors and reactors with a real broker and a real database: what one service says becomes rows
 * and commands of others, whatever dies when. */
#include "tests/unit/spec.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/reactor.h"
#include "ops/runtime/timeutil.h"
#include "producers/job/job.h"
#include "projections/migrate.h"
#include "schemas/records.h"
#include "tests/integration/lane_world.h"

#define MANY 12 /* people of a scenario, over three partitions */

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

static struct uuid registered(const char *email, bool client, bool freelancer)
{
    struct register_user *c = register_user_new(email);
    c->roles.items = ARENA_ARRAY(&world.arena, int, 2);
    c->roles.n = 0;
    if (client)
        c->roles.items[c->roles.n++] = ROLE_CLIENT;
    if (freelancer)
        c->roles.items[c->roles.n++] = ROLE_FREELANCER;
    send_command(&type_register_user, c);
    return c->user_id;
}

static struct uuid posted(const struct uuid *client, const char *title)
{
    struct post_job *c = command(&type_post_job, client, ROLE_CLIENT);
    c->job_id = c->meta.command_id;
    c->title = title;
    c->description = "what it is about";
    c->budget = (struct money){150000, "EUR"};
    send_command(&type_post_job, c);
    return c->job_id;
}

static struct uuid edited(const struct uuid *client, const struct uuid *job, const char *title)
{
    struct edit_job *c = command(&type_edit_job, client, ROLE_CLIENT);
    c->job_id = *job;
    c->has_title = true;
    c->title = title;
    send_command(&type_edit_job, c);
    return c->meta.command_id;
}

/* A job from its posting to its completed contract; the contract's id. */
static struct uuid worked(const struct uuid *client, const struct uuid *freelancer)
{
    struct uuid job = posted(client, "to be done");
    struct submit_application *apply =
        command(&type_submit_application, freelancer, ROLE_FREELANCER);
    apply->job_id = job;
    apply->cover_letter = "take me";
    apply->bid = (struct money){90000, "EUR"};
    send_command(&type_submit_application, apply);
    struct hire_freelancer *hire = command(&type_hire_freelancer, client, ROLE_CLIENT);
    hire->job_id = job;
    hire->application_id = application_id_of(&job, freelancer);
    hire->contract_id = hire->meta.command_id;
    send_command(&type_hire_freelancer, hire);
    struct complete_contract *done = command(&type_complete_contract, client, ROLE_CLIENT);
    done->job_id = job;
    done->contract_id = hire->contract_id;
    send_command(&type_complete_contract, done);
    return hire->contract_id;
}

static int64_t count(const char *what)
{
    return sql_number(arena_printf(&world.arena, "SELECT count(*) FROM hirelog_%s", what));
}

static void await_count(const char *what, int64_t expected)
{
    await_number(arena_printf(&world.arena, "SELECT count(*) FROM hirelog_%s", what), expected);
}

/* ---- reactors */

static void who_registers_gets_a_profile_per_role(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    (void)registered("client@example.org", true, false);
    (void)registered("freelancer@example.org", false, true);
    (void)registered("both@example.org", true, true);
    await_count("client_g1.profile", 2);
    await_count("freelancer_g1.profile", 2);
    await_count("client_g1.person", 2);
    assert_int_equal(count("client.dead_letter"), 0);
    worker_stop(worker);
}

/* However the reactor dies, each user has one profile, each contract one invoice, and the log says so
 * once. */
static void die_and_react(const char *crash_point)
{
    int64_t clients = count("client_g1.profile"), invoices = count("payment_g1.invoice");
    struct uuid ana = uuid_v5_of("ana", crash_point, NULL),
                ben = uuid_v5_of("ben", crash_point, NULL);
    pid_t worker = worker_spawn(crash_point);
    for (int i = 0; i < MANY; i++) {
        (void)registered(arena_printf(&world.arena, "%s-%d@example.org", crash_point, i), true,
                         false);
        (void)worked(&ana, &ben);
    }
    worker_await_crash(worker);
    worker = worker_spawn(NULL);
    await_count("client_g1.profile", clients + MANY);
    await_count("payment_g1.invoice", invoices + MANY);
    worker_stop(worker);
    assert_int_equal(count_events_of("client", &type_client_created), clients + MANY);
    assert_int_equal(count_events_of("payment", &type_invoice_issued), invoices + MANY);
    assert_int_equal(
        sql_number("SELECT count(DISTINCT contract_id) FROM hirelog_payment_g1.invoice"),
        invoices + MANY);
    assert_int_equal(count("payment.dead_letter") + count("client.dead_letter"), 0);
}

static void a_reactor_that_dies_after_sending_doubles_nothing(void **state)
{
    (void)state;
    die_and_react("reactor_after_send");
}

static void a_reactor_that_dies_after_the_delivery_doubles_nothing(void **state)
{
    (void)state;
    die_and_react("reactor_after_delivery");
}

static void a_reactor_that_dies_after_its_commit_loses_nothing(void **state)
{
    (void)state;
    die_and_react("reactor_after_commit");
}

static void invoice_numbers_have_no_gaps(void **state)
{
    (void)state;
    assert_true(count("payment_g1.invoice") >= 3 * MANY);
    assert_int_equal(
        sql_number("SELECT count(*) FROM (SELECT freelancer_id, count(*) AS n, "
                   "max(right(number, 4)::int) AS last, count(DISTINCT number) AS numbers FROM "
                   "hirelog_payment_g1.invoice GROUP BY freelancer_id) AS books WHERE n <> last OR "
                   "n <> numbers"),
        0);
}

static void what_a_reactor_asks_for_twice_is_no_dead_letter(void **state)
{
    (void)state;
    struct create_client *c = record_new(&type_create_client, &world.arena);
    struct uuid first, dora = uuid_v5_of("dora", NULL);
    pid_t worker = worker_spawn(NULL);
    for (int i = 0; i < 2; i++) {
        command_meta_fill(&c->meta, NULL);
        c->meta.actor.kind = ACTOR_KIND_SYSTEM;
        c->client_id = dora;
        first = i ? first : c->meta.command_id;
        send_command(&type_create_client, c);
    }
    assert_string_equal(outcome_of("client", &first), "applied");
    assert_string_equal(outcome_of("client", &c->meta.command_id), "already_exists");
    assert_int_equal(count("client.dead_letter"), 0);
    worker_stop(worker);
}

/* In the live lane, and found again in the log. */
static void a_refused_command_of_a_reactor_is_a_dead_letter(void **state)
{
    (void)state;
    struct issue_invoice *c = record_new(&type_issue_invoice, &world.arena);
    command_meta_fill(&c->meta, NULL);
    c->meta.actor.kind = ACTOR_KIND_SYSTEM;
    c->invoice_id = c->meta.command_id;
    c->freelancer_id = c->client_id = c->contract_id = uuid_v5_of("nobody's", NULL);
    pid_t worker = worker_spawn(NULL);
    send_command(&type_issue_invoice, c);
    assert_string_equal(outcome_of("payment", &c->meta.command_id), "no_lines");
    await_count("payment.dead_letter WHERE reason = 'no_lines' AND value IS NOT NULL", 1);
    worker_stop(worker);
    worker = worker_spawn("after_kafka_commit");
    command_meta_fill(&c->meta, NULL);
    c->meta.actor.kind = ACTOR_KIND_SYSTEM;
    c->invoice_id = c->meta.command_id;
    send_command(&type_issue_invoice, c);
    worker_await_crash(worker);
    worker = worker_spawn(NULL);
    await_count("payment.dead_letter WHERE reason = 'no_lines'", 2);
    worker_stop(worker);
}

/* ---- projectors */

static int64_t jobs_posted(const struct uuid *client)
{
    char id[UUID_TEXT_LEN + 1];
    uuid_format(client, id);
    return sql_number(arena_printf(&world.arena,
                                   "SELECT coalesce(sum(jobs_posted), 0) FROM "
                                   "hirelog_client_g1.posting_total WHERE client_id = '%s'",
                                   id));
}

static void await_jobs_posted(const struct uuid *client, int64_t n)
{
    char id[UUID_TEXT_LEN + 1];
    uuid_format(client, id);
    await_number(arena_printf(&world.arena,
                              "SELECT coalesce(sum(jobs_posted), 0) FROM "
                              "hirelog_client_g1.posting_total WHERE client_id = '%s'",
                              id),
                 n);
}

static void die_and_project(const char *crash_point)
{
    struct uuid eve = uuid_v5_of("eve", crash_point, NULL);
    pid_t worker = worker_spawn(crash_point);
    for (int i = 0; i < MANY; i++)
        (void)posted(&eve, "counted");
    worker_await_crash(worker);
    worker = worker_spawn(NULL);
    await_jobs_posted(&eve, MANY);
    (void)posted(&eve, "one more");
    await_jobs_posted(&eve, MANY + 1);
    worker_stop(worker);
}

static void a_projector_that_dies_before_its_commit_counts_once(void **state)
{
    (void)state;
    die_and_project("projector_before_commit");
}

static void a_projector_that_dies_after_its_commit_counts_once(void **state)
{
    (void)state;
    die_and_project("projector_after_commit");
}

static void another_process_takes_over_at_once(void **state)
{
    (void)state;
    struct uuid fay = uuid_v5_of("fay", NULL);
    pid_t first = worker_spawn(NULL);
    (void)posted(&fay, "by the first");
    await_jobs_posted(&fay, 1);
    pid_t second = worker_spawn(NULL);
    (void)posted(&fay, "by the first again");
    await_jobs_posted(&fay, 2);
    worker_kill(first);
    int64_t begun = time_monotonic_us();
    (void)posted(&fay, "by the second");
    await_jobs_posted(&fay, 3);
    assert_true(time_monotonic_us() - begun < world.cfg.transaction_timeout_ms * 1000 * 2);
    worker_stop(second);
}

/* What it should have become is known: the same as without the loss. */
static void a_lost_view_is_projected_again_and_nobody_reacts_to_the_past(void **state)
{
    (void)state;
    static const char totals[] =
        "SELECT md5(string_agg(to_jsonb(t)::text, ',' ORDER BY to_jsonb(t)::text)) FROM "
        "hirelog_client_g1.posting_total t";
    const char *before = sql_text(totals);
    size_t created = count_events_of("client", &type_client_created);
    sql_run("DROP SCHEMA hirelog_client, hirelog_client_g1 CASCADE");
    world_migrate();
    pid_t worker = worker_spawn(NULL);
    await_number("SELECT count(*) FROM hirelog_client_g1.position_progress WHERE caught_up", 3 * 3);
    assert_string_equal(sql_text(totals), before);
    await_count("client_g1.profile", (int64_t)created);
    worker_stop(worker);
    assert_int_equal(count_events_of("client", &type_client_created), created);
}

/* ---- parked */

static void what_a_projector_cannot_apply_is_parked_alone(void **state)
{
    (void)state;
    struct uuid gus = uuid_v5_of("gus", NULL), refused, fine = uuid_nil;
    pid_t worker = worker_spawn(NULL);
    sql_run("ALTER TABLE hirelog_client_g1.posting ADD CONSTRAINT odd CHECK (title <> 'odd')");
    for (int i = 0; i < MANY; i++)
        fine = posted(&gus, "even");
    refused = posted(&gus, "odd");
    (void)edited(&gus, &refused, "behind it");
    (void)edited(&gus, &fine, "beside it");
    await_jobs_posted(&gus, MANY);
    await_count("client_g1.parked", 2);
    await_count("client_g1.posting WHERE title = 'beside it'", 1);
    assert_int_equal(count("client_g1.parked WHERE projection = 'from_job' AND detail LIKE '%odd%' "
                           "AND event_type = 'JobPosted'"),
                     1);
    worker_stop(worker);
    worker = worker_spawn(NULL); /* it is remembered */
    (void)edited(&gus, &refused, "behind it, too");
    await_count("client_g1.parked", 3);
    assert_int_equal(jobs_posted(&gus), MANY);
    await_count("job_g1.posting WHERE title = 'behind it, too'", 1);
    worker_stop(worker);
    sql_run("ALTER TABLE hirelog_client_g1.posting DROP CONSTRAINT odd;"
            "DELETE FROM hirelog_client_g1.parked");
}

static void what_catch_up_cannot_apply_is_parked_alone(void **state)
{
    (void)state;
    struct uuid hal = uuid_v5_of("hal", NULL);
    pid_t worker = worker_spawn("after_kafka_commit");
    struct uuid refused = posted(&hal, "unfit");
    worker_await_crash(worker);
    sql_run("ALTER TABLE hirelog_job_g1.posting ADD CONSTRAINT unfit CHECK (title <> 'unfit')");
    worker = worker_spawn(NULL);
    struct uuid next = posted(&hal, "fit"), edit = edited(&hal, &refused, "fit now");
    assert_string_equal(outcome_of("job", &refused), "applied");
    assert_string_equal(outcome_of("job", &next), "applied");
    assert_string_equal(outcome_of("job", &edit), "applied");
    await_count("job_g1.parked WHERE projection = 'events'", 2);
    assert_int_equal(count("job_g1.posting WHERE title = 'fit'"), 1);
    assert_int_equal(count("job_g1.posting WHERE title = 'fit now'"), 0);
    worker_stop(worker);
    sql_run("ALTER TABLE hirelog_job_g1.posting DROP CONSTRAINT unfit;"
            "DELETE FROM hirelog_job_g1.parked");
}

/* W5, in the projection: bytes that are no event under a schema that we know. */
static void an_unreadable_event_is_parked(void **state)
{
    (void)state;
    struct uuid ida = uuid_v5_of("ida", NULL);
    char topic[TOPIC_NAME_MAX];
    struct payment_recorded *event = record_new(&type_payment_recorded, &world.arena);
    event->reference = "cut short";
    event->amount.currency = "EUR";
    struct bytes cut = framed(&type_payment_recorded, event);
    cut.len -= 3;
    service_event_topic(world.cfg.topic_prefix, "payment", topic);
    send_to(topic, 0, NULL, 0, cut);
    pid_t worker = worker_spawn(NULL);
    await_count("client_g1.parked WHERE projection = 'from_payment' AND event_type = ''", 1);
    (void)posted(&ida, "behind it");
    await_jobs_posted(&ida, 1);
    worker_stop(worker);
}

/* W3 of followers: whoever is silent for two transaction timeouts has lost the lock. */
static void a_frozen_process_keeps_nothing(void **state)
{
    (void)state;
    struct uuid joy = uuid_v5_of("joy", NULL);
    setenv("HIRELOG_TRANSACTION_TIMEOUT_MS", "4000",
           1); /* all timeouts follow it: the group's, too */
    pid_t first = worker_spawn(NULL);
    (void)posted(&joy, "by the first");
    await_jobs_posted(&joy, 1);
    pid_t second = worker_spawn(NULL);
    unsetenv("HIRELOG_TRANSACTION_TIMEOUT_MS");
    kill(first, SIGSTOP);
    (void)posted(&joy, "by the second");
    await_jobs_posted(&joy, 2);
    kill(first, SIGCONT);
    (void)posted(&joy, "by either");
    await_jobs_posted(&joy, 3);
    worker_stop(first);
    (void)posted(&joy, "by the second again");
    await_jobs_posted(&joy, 4);
    worker_stop(second);
}

static int64_t
committed_by(const char *service, const char *reactor, const char *topic, int32_t partition)
{
    rd_kafka_t *reader = NULL;
    struct err err;
    char group[256];
    snprintf(group, sizeof(group), "%s.%s.%s", world.cfg.topic_prefix, service, reactor);
    assert_int_equal(kafka_follower_open(&world.cfg, group, 1, 1, &reader, &err), ERR_OK);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition);
    assert_int_equal(rd_kafka_committed(reader, list, 10000), 0);
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    kafka_consumer_close(reader);
    return offset;
}

static int64_t commands_in(const char *service)
{
    char topic[TOPIC_NAME_MAX];
    int64_t n = 0, low, high;
    rd_kafka_t *reader = NULL;
    struct err err;
    service_command_topic(world.cfg.topic_prefix, service, topic);
    assert_int_equal(kafka_reader_open(&world.cfg, false, 1, &reader, &err), ERR_OK);
    for (int32_t p = 0; p < WORLD_PARTITIONS; p++) {
        assert_int_equal(kafka_watermarks(reader, topic, p, &low, &high, &err), ERR_OK);
        n += high;
    }
    kafka_consumer_close(reader);
    return n;
}

static int64_t registered_by_hand(int32_t partition)
{
    char topic[TOPIC_NAME_MAX];
    int role[] = {ROLE_CLIENT};
    struct user_registered *e = record_new(&type_user_registered, &world.arena);
    service_event_topic(world.cfg.topic_prefix, "user", topic);
    e->meta.event_id = uuid_v7(time_now_us());
    e->meta.aggregate_id = e->meta.event_id;
    e->email = e->display_name = "before it";
    e->roles.items = role;
    e->roles.n = 1;
    return send_to(topic, partition, NULL, 0, framed(&type_user_registered, e));
}

/* S4: what stands before it, and in other logs, is done, once, however often it is looked at. */
static void an_event_of_a_newer_program_is_waited_for(void **state)
{
    (void)state;
    static const uint8_t newer[] = {0, 0x7f, 0, 0, 1, 2, 3};
    char topic[TOPIC_NAME_MAX];
    int64_t last = 0, before = commands_in("client"), profiles = count("client_g1.profile");
    service_event_topic(world.cfg.topic_prefix, "user", topic);
    for (int i = 0; i < 3; i++)
        last = registered_by_hand(0);
    int64_t unknown = send_to(topic, 0, NULL, 0, (struct bytes){newer, sizeof(newer)});
    assert_int_equal(unknown, last + 1);
    sql_run("DELETE FROM hirelog_client_g1.position_caught_up WHERE source = 'user'");
    for (int i = 1; i <= 2; i++) { /* the second finds only the other log's to do */
        (void)registered_by_hand(1);
        pid_t worker = worker_spawn(NULL);
        await_count("client_g1.profile", profiles + 3 + i);
        await_count("client_g1.person WHERE display_name = 'before it'", 3 + i);
        while (committed_by("client", "open_client", topic, 0) != unknown)
            await_count("client_g1.profile", profiles + 3 + i);
        worker_stop(worker);
    }
    assert_int_equal(commands_in("client"), before + 5);
    /* Until it is applied nobody may say "not found" for what it tells of. */
    assert_int_equal(
        count("client_g1.position_progress WHERE source = 'user' AND partition = 0 AND caught_up"),
        0);
}

#define SCENARIO(test) cmocka_unit_test_teardown(test, workers_end)

int main(int argc, char **argv)
{
    world_services = "user,job,client,freelancer,payment";
    if (argc == 2 && strcmp(argv[1], "worker") == 0)
        worker_main();
    const struct CMUnitTest tests[] = {
        SCENARIO(who_registers_gets_a_profile_per_role),
        /* before any is killed: the group would wait for that one, too */
        SCENARIO(a_frozen_process_keeps_nothing),
        SCENARIO(a_reactor_that_dies_after_sending_doubles_nothing),
        SCENARIO(a_reactor_that_dies_after_the_delivery_doubles_nothing),
        SCENARIO(a_reactor_that_dies_after_its_commit_loses_nothing),
        SCENARIO(invoice_numbers_have_no_gaps),
        SCENARIO(what_a_reactor_asks_for_twice_is_no_dead_letter),
        SCENARIO(a_refused_command_of_a_reactor_is_a_dead_letter),
        SCENARIO(a_projector_that_dies_before_its_commit_counts_once),
        SCENARIO(a_projector_that_dies_after_its_commit_counts_once),
        SCENARIO(another_process_takes_over_at_once),
        SCENARIO(a_lost_view_is_projected_again_and_nobody_reacts_to_the_past),
        SCENARIO(what_a_projector_cannot_apply_is_parked_alone),
        SCENARIO(what_catch_up_cannot_apply_is_parked_alone),
        SCENARIO(an_unreadable_event_is_parked),
        SCENARIO(an_event_of_a_newer_program_is_waited_for),
    };
    return cmocka_run_group_tests_name("followers", tests, world_begin, world_end);
}

/* What was done is not done again when nobody remembers that it was asked for: outcomes are forgotten after
 * outcome_retention_s, positions of reactors may be lost, and an upgrade changes how ids are made. */
#include "tests/unit/spec.h"

#include <string.h>

#include "ops/runtime/timeutil.h"
#include "producers/job/job.h"
#include "producers/messaging/messaging.h"
#include "schemas/records.h"
#include "tests/integration/lane_world.h"

static struct uuid ana, ben;

/* ---- commands and what becomes of them */

static void *command(const struct record_type *type, const struct uuid *actor)
{
    struct command_meta *meta = record_new(type, &world.arena);
    command_meta_fill(meta, actor);
    if (!actor)
        meta->actor.kind = ACTOR_KIND_SYSTEM;
    meta->actor.roles.items = ARENA_NEW(&world.arena, int);
    meta->actor.roles.items[0] = actor == &ben ? ROLE_FREELANCER : ROLE_CLIENT;
    meta->actor.roles.n = 1;
    return meta;
}

static void decided(const struct record_type *type, void *c, const char *expected)
{
    const struct command_meta *meta = c;
    send_command(type, c);
    assert_string_equal(outcome_of(type->service, &meta->command_id), expected);
}

/* As after outcome_retention_s. */
static void forget(const struct record_type *type)
{
    sql_run(arena_printf(&world.arena, "DELETE FROM %s.outcome", live_view(type->service)));
}

static void once(const struct record_type *type, void *c, const char *again)
{
    decided(type, c, "applied");
    forget(type);
    decided(type, c, again);
}

static int64_t count(const char *what)
{
    return sql_number(arena_printf(&world.arena, "SELECT count(*) FROM hirelog_%s", what));
}

/* ---- money */

static struct issue_invoice *invoice_over(const struct uuid *contract)
{
    struct issue_invoice *c = command(&type_issue_invoice, NULL);
    c->invoice_id = c->meta.command_id;
    c->freelancer_id = ben;
    c->client_id = ana;
    c->contract_id = *contract;
    c->lines.items = ARENA_NEW(&world.arena, struct invoice_line);
    c->lines.items[0] = (struct invoice_line){
        "A logo", {1000, "EUR"}
    };
    c->lines.n = 1;
    return c;
}

static void nothing_is_paid_or_given_back_twice(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    struct uuid contract = uuid_v5_of("a contract", NULL);
    struct issue_invoice *invoice = invoice_over(&contract);
    once(&type_issue_invoice, invoice, "already_exists");
    struct record_payment *pay = command(&type_record_payment, &ana);
    pay->payment_id = pay->meta.command_id;
    pay->freelancer_id = ben;
    pay->invoice_id = invoice->invoice_id;
    pay->has_amount = true;
    pay->amount = (struct money){400, "EUR"};
    pay->reference = "";
    once(&type_record_payment, pay, "already_exists");
    struct refund_payment *refund = command(&type_refund_payment, &ben);
    refund->payment_id = pay->payment_id;
    refund->freelancer_id = ben;
    refund->amount = (struct money){100, "EUR"};
    refund->reason = "";
    once(&type_refund_payment, refund, "already_done");
    worker_stop(worker);
    assert_int_equal(count_events_of("payment", &type_payment_recorded), 1);
    assert_int_equal(count_events_of("payment", &type_payment_refunded), 1);
}

/* A reactor that asks again, with whatever id. */
static void a_contract_is_invoiced_once(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    struct uuid contract = uuid_v5_of("another contract", NULL);
    struct issue_invoice *first = invoice_over(&contract);
    decided(&type_issue_invoice, first, "applied");
    decided(&type_issue_invoice, invoice_over(&contract), "contract_already_invoiced");
    assert_int_equal(count("payment.dead_letter"), 0);
    struct cancel_invoice *cancel = command(&type_cancel_invoice, &ben);
    cancel->freelancer_id = ben;
    cancel->invoice_id = first->invoice_id;
    decided(&type_cancel_invoice, cancel, "applied");
    decided(&type_issue_invoice, invoice_over(&contract), "applied");
    worker_stop(worker);
}

/* ---- an event that the program of before wrote, and answered */

static void complete_by_hand(struct contract_completed *e)
{
    char topic[TOPIC_NAME_MAX], key[UUID_TEXT_LEN + 1];
    service_event_topic(world.cfg.topic_prefix, "job", topic);
    uuid_format(&e->meta.aggregate_id, key);
    send_to(topic, 0, key, UUID_TEXT_LEN, framed(&type_contract_completed, e));
}

static void await_commands(int64_t expected)
{
    await_number("SELECT sum(next_command)::int8 FROM hirelog_payment_g1.lane", expected);
}

static void what_was_answered_before_the_upgrade_is_not_answered_anew(void **state)
{
    (void)state;
    struct contract_completed *e = record_new(&type_contract_completed, &world.arena);
    e->meta.event_id = uuid_v7(time_now_us());
    e->meta.aggregate_id = uuid_v5_of("an old contract", NULL);
    e->meta.version = 2;
    e->client_id = ana;
    e->freelancer_id = ben;
    e->amount = (struct money){1000, "EUR"};
    struct issue_invoice *old = invoice_over(&e->meta.aggregate_id);
    old->invoice_id = old->meta.command_id =
        uuid_v5(&e->meta.event_id, "charge_contract", strlen("charge_contract"));
    pid_t worker = worker_spawn(NULL);
    decided(&type_issue_invoice, old, "applied");
    struct cancel_invoice *cancel = command(&type_cancel_invoice, &ben);
    cancel->freelancer_id = ben;
    cancel->invoice_id = old->invoice_id;
    decided(&type_cancel_invoice, cancel, "applied");
    int64_t commands = sql_number("SELECT sum(next_command)::int8 FROM hirelog_payment_g1.lane");
    int64_t invoices = count("payment_g1.invoice");
    complete_by_hand(e); /* read again, as it was not known to be answered */
    await_commands(commands + 1);
    forget(&type_issue_invoice);
    complete_by_hand(e);
    await_commands(commands + 2);
    worker_stop(worker);
    assert_int_equal(count("payment_g1.invoice"), invoices);
    assert_int_equal(count("payment.dead_letter"), 0);
}

/* ---- work and words */

static void an_application_is_sent_and_taken_back_once(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    struct post_job *job = post_job_new("A logo");
    decided(&type_post_job, job, "applied");
    struct submit_application *apply = command(&type_submit_application, &ben);
    apply->job_id = job->job_id;
    apply->cover_letter = "take me";
    apply->bid = (struct money){900, "EUR"};
    struct withdraw_application *withdraw = command(&type_withdraw_application, &ben);
    withdraw->job_id = job->job_id;
    withdraw->application_id = application_id_of(&job->job_id, &ben);
    decided(&type_submit_application, apply, "applied");
    once(&type_withdraw_application, withdraw, "already_done");
    forget(&type_submit_application);
    decided(&type_submit_application, apply, "already_done");
    worker_stop(worker);
    assert_int_equal(count_events_of("job", &type_application_submitted), 1);
    assert_int_equal(count_events_of("job", &type_application_withdrawn), 1);
}

static void a_message_is_told_once(void **state)
{
    (void)state;
    pid_t worker = worker_spawn(NULL);
    struct send_message *c = command(&type_send_message, &ana);
    c->to = ben;
    c->thread_id = thread_id_of(&ana, &ben, NULL);
    c->message_id = c->meta.command_id;
    c->body = "Hello";
    once(&type_send_message, c, "already_exists");
    worker_stop(worker);
    assert_int_equal(count_events_of("messaging", &type_message_sent), 1);
}

#define SCENARIO(test) cmocka_unit_test_teardown(test, workers_end)

static int begin(void **state)
{
    ana = uuid_v5_of("ana", NULL);
    ben = uuid_v5_of("ben", NULL);
    return world_begin(state);
}

int main(int argc, char **argv)
{
    world_services = "job,messaging,payment";
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        worker_main();
    const struct CMUnitTest tests[] = {
        SCENARIO(nothing_is_paid_or_given_back_twice),
        SCENARIO(a_contract_is_invoiced_once),
        SCENARIO(an_application_is_sent_and_taken_back_once),
        SCENARIO(a_message_is_told_once),
        /* The last: the lane of job stands still behind an event that it did not write. */
        SCENARIO(what_was_answered_before_the_upgrade_is_not_answered_anew),
    };
    return cmocka_run_group_tests(tests, begin, world_end);
}

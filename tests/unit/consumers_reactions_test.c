/* What reactors say: from one event to one command, the same one every time (X1). */
#include "tests/unit/spec.h"

#include <string.h>

#include "consumers/dead_letter.h"
#include "consumers/reactions.h"
#include "consumers/reactor.h"
#include "producers/decider.h"
#include "schemas/records.h"

static struct arena arena;

static struct uuid id_of(uint8_t n)
{
    struct uuid id = uuid_nil;
    id.b[15] = n;
    return id;
}

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

static struct user_registered registered(int *roles, size_t n)
{
    return (struct user_registered){
        .meta.aggregate_id = id_of(7), .roles = {roles, n}
    };
}

static void a_profile_is_asked_for_by_role(void **state)
{
    (void)state;
    int client[] = {ROLE_CLIENT}, both[] = {ROLE_FREELANCER, ROLE_CLIENT};
    struct user_registered one = registered(client, 1), two = registered(both, 2);
    struct create_client c = {.client_id = uuid_nil};
    struct create_freelancer f = {.freelancer_id = uuid_nil};
    struct uuid command_id = id_of(9), user = id_of(7);
    assert_true(client_reactors[0].react(&one, &command_id, &c, &arena));
    assert_true(uuid_equal(&c.client_id, &user));
    assert_false(freelancer_reactors[0].react(&one, &command_id, &f, &arena));
    assert_true(client_reactors[0].react(&two, &command_id, &c, &arena));
    assert_true(freelancer_reactors[0].react(&two, &command_id, &f, &arena));
    assert_true(uuid_equal(&f.freelancer_id, &user));
}

static void a_completed_contract_is_charged_over_what_was_agreed(void **state)
{
    (void)state;
    struct contract_completed e = {
        .meta.aggregate_id = id_of(1),
        .client_id = id_of(2),
        .freelancer_id = id_of(3),
        .amount = {90000, "EUR"},
    };
    struct issue_invoice c = {.lines.n = 0};
    struct uuid command_id = id_of(9);
    assert_true(payment_reactors[0].react(&e, &command_id, &c, &arena));
    assert_true(uuid_equal(&c.invoice_id, &command_id));
    assert_true(uuid_equal(&c.contract_id, &e.meta.aggregate_id));
    assert_true(uuid_equal(&c.client_id, &e.client_id));
    assert_true(uuid_equal(&c.freelancer_id, &e.freelancer_id));
    assert_int_equal(c.lines.n, 1);
    assert_int_equal(c.lines.items[0].amount.amount, 90000);
    assert_string_equal(c.lines.items[0].amount.currency, "EUR");
}

static void the_same_event_always_means_the_same_command(void **state)
{
    (void)state;
    struct uuid command = id_of(9), another = id_of(8);
    struct event_meta event = {
        .aggregate_id = id_of(1), .version = 1, .event_id = event_id_of(&command, 0)};
    struct event_meta again = event, next = event, other = event;
    again.event_id = event_id_of(&another, 0); /* another command made it, in a restored log */
    next.version = 2;
    other.aggregate_id = id_of(2);
    struct uuid a = reactor_command_id(&client_reactors[0], &event);
    struct uuid b = reactor_command_id(&client_reactors[0], &again);
    struct uuid c = reactor_command_id(&freelancer_reactors[0], &event);
    struct uuid d = reactor_command_id(&client_reactors[0], &other);
    struct uuid e = reactor_command_id(&client_reactors[0], &next);
    assert_true(uuid_equal(&a, &b));
    assert_false(uuid_equal(&a, &c));
    assert_false(uuid_equal(&a, &d));
    assert_false(uuid_equal(&a, &e));
}

/* What a program that gave events random ids has answered and the next one reads again. */
static void an_event_with_a_random_id_is_answered_as_it_was(void **state)
{
    (void)state;
    struct event_meta event = {
        .aggregate_id = id_of(1), .version = 1, .event_id = uuid_v7(1767225600000000)};
    struct uuid then = uuid_v5(&event.event_id, "charge_contract", strlen("charge_contract"));
    struct uuid now = reactor_command_id(&payment_reactors[0], &event);
    assert_true(uuid_equal(&then, &now));
}

static void only_what_is_there_already_is_harmless(void **state)
{
    (void)state;
    struct actor system = {.kind = ACTOR_KIND_SYSTEM}, person = {.kind = ACTOR_KIND_USER};
    assert_true(dead_letter_due(&system, "expired"));
    assert_true(dead_letter_due(&system, "no_lines"));
    assert_false(dead_letter_due(&system, "already_exists"));
    assert_false(dead_letter_due(&system, "contract_already_invoiced"));
    assert_false(dead_letter_due(&person, "not_the_owner"));
    assert_true(dead_letter_due(&person, "internal"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_is_asked_for_by_role),
        cmocka_unit_test(a_completed_contract_is_charged_over_what_was_agreed),
        cmocka_unit_test(the_same_event_always_means_the_same_command),
        cmocka_unit_test(an_event_with_a_random_id_is_answered_as_it_was),
        cmocka_unit_test(only_what_is_there_already_is_harmless),
    };
    return cmocka_run_group_tests_name("reactions", tests, begin, end);
}

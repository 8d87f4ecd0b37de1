/* Names of letters: what a person types names one thing, and a mistake is named. */
#include "tests/unit/spec.h"

#include <string.h>

#include "consumers/letter_name.h"
#include "projections/apply.h"

static struct letter_name parsed(const char *text)
{
    struct letter_name n;
    struct err err;
    if (letter_name_parse(text, &n, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return n;
}

static void round_trip(const char *text)
{
    char again[LETTER_NAME_MAX];
    struct letter_name n = parsed(text);
    letter_name_format(&n, again);
    assert_string_equal(again, text);
}

static void a_name_is_read_and_written_alike(void **state)
{
    (void)state;
    round_trip("job.commands/0:17");
    round_trip("user.commands/11:9223372036854775806");
    round_trip("client/user.events/2:0");
    round_trip("client/from_job/0194fb6e-1d5c-7cc3-92d6-3f5a0a6f3a11");
    round_trip("job/events/0194fb6e-1d5c-7cc3-92d6-3f5a0a6f3a11");
    round_trip("job/from_job/00000000-0000-0000-0000-000000000000");
}

static void a_dead_command_is_named_by_its_place(void **state)
{
    (void)state;
    char topic[TOPIC_NAME_MAX];
    struct letter_name n = parsed("job.commands/3:17");
    assert_int_equal(n.kind, LETTER_COMMAND);
    assert_string_equal(n.service->name, "job");
    assert_int_equal(n.partition, 3);
    assert_int_equal(n.offset, 17);
    letter_name_topic(&n, "hirelog", topic);
    assert_string_equal(topic, "hirelog.job.commands");
}

static void an_event_is_on_the_list_of_who_could_not_read_it(void **state)
{
    (void)state;
    char topic[TOPIC_NAME_MAX];
    struct letter_name n = parsed("client/user.events/0:4");
    assert_int_equal(n.kind, LETTER_EVENT);
    assert_string_equal(n.service->name, "client");
    letter_name_topic(&n, "hirelog", topic);
    assert_string_equal(topic, "hirelog.user.events");
}

static void a_parked_aggregate_is_named_by_its_projection(void **state)
{
    (void)state;
    struct letter_name n = parsed("job/events/0194FB6E-1d5c-7cc3-92d6-3f5a0a6f3a11");
    assert_int_equal(n.kind, LETTER_PARKED);
    assert_string_equal(n.projection, APPLY_OWN);
    assert_int_equal(n.aggregate_id.b[0], 0x01);
}

static void refused(const char *text, const char *because)
{
    struct letter_name n = {.offset = 42};
    struct err err = {0};
    assert_int_equal(letter_name_parse(text, &n, &err), ERR_INVALID);
    if (!strstr(err.msg, because))
        fail_msg("%s: \"%s\" does not say \"%s\"", text, err.msg, because);
    assert_int_equal(n.offset, 42);
}

static void a_mistake_is_named(void **state)
{
    (void)state;
    refused("", "a letter is named job.commands/0:17");
    refused("job", "a letter is named");
    refused("a/b/c/d", "a letter is named");
    refused("jobb.commands/0:17", "there is no service `jobb`");
    refused("jobb/from_job/x", "there is no service `jobb`");
    refused("client/jobb.events/0:1", "there is no service `jobb`");
    refused("job.events/0:17", "`job.events` has no dead commands");
    refused(".commands/0:17", "`.commands` has no dead commands");
    refused("client/from_client/x", "client has no projection `from_client`");
    refused("client/.events/0:1", "client has no projection `.events`");
    refused("client/from_job/17", "`17` is no UUID");
    refused("job.commands/0", "no partition:offset");
    refused("job.commands/0:", "no partition:offset");
    refused("job.commands/:1", "no partition:offset");
    refused("job.commands/-1:1", "no partition:offset");
    refused("job.commands/0:1x", "no partition:offset");
    refused("job.commands/0: 1", "no partition:offset");
    refused("job.commands/2147483648:1", "no partition:offset");
    refused("job.commands/0:9223372036854775808", "no partition:offset");
}

static void a_place_has_a_name_on_its_service_list(void **state)
{
    (void)state;
    struct letter_name n;
    char text[LETTER_NAME_MAX];
    const struct service *client = service_find("client");
    assert_true(letter_name_of_place("x", client, "x.client.commands", 1, 2, &n));
    letter_name_format(&n, text);
    assert_string_equal(text, "client.commands/1:2");
    assert_true(letter_name_of_place("x", client, "x.user.events", 1, 2, &n));
    letter_name_format(&n, text);
    assert_string_equal(text, "client/user.events/1:2");
    assert_false(letter_name_of_place("x", client, "x.user.commands", 1, 2, &n));
    assert_false(letter_name_of_place("y", client, "x.user.events", 1, 2, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_read_and_written_alike),
        cmocka_unit_test(a_dead_command_is_named_by_its_place),
        cmocka_unit_test(an_event_is_on_the_list_of_who_could_not_read_it),
        cmocka_unit_test(a_parked_aggregate_is_named_by_its_projection),
        cmocka_unit_test(a_mistake_is_named),
        cmocka_unit_test(a_place_has_a_name_on_its_service_list),
    };
    return cmocka_run_group_tests_name("names of letters", tests, NULL, NULL);
}

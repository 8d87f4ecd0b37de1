/* Rules of the profiles of those who hire. */
#include "producers/client/client.h"
#include "tests/unit/given_when_then.h"

enum { NOBODY, ANA, BEN, REACTOR, ANY_COMMAND = 200 };

static int client_story_begin(void **state)
{
    (void)state;
    story_begin(&client_decider);
    return 0;
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, client_story_begin, story_end)

/* A reactor is nobody's id. */
static struct actor actor_of(unsigned who)
{
    if (who == REACTOR)
        return (struct actor){.kind = ACTOR_KIND_SYSTEM};
    return (struct actor){.kind = who == NOBODY ? ACTOR_KIND_ANONYMOUS : ACTOR_KIND_USER,
                          .id = story_id(who)};
}

static struct command_meta sent_by(unsigned who)
{
    return (struct command_meta){
        .command_id = story_id(ANY_COMMAND), .actor = actor_of(who), .issued_at = STORY_NOW_US};
}

/* Of Ana's profile. */
#define client_created()    STORY_EVENT(client_created, story_id(ANA))
#define client_updated(...) STORY_EVENT(client_updated, story_id(ANA), __VA_ARGS__)
#define PROFILE_COMMAND(command_name, who, ...)                                                   \
    __extension__({                                                                               \
        struct command_name *command_ = ARENA_NEW(&story.arena, struct command_name);             \
        *command_ = (struct command_name){.meta = sent_by(who),                                   \
                                          .client_id = story_id(ANA) __VA_OPT__(, ) __VA_ARGS__}; \
        (struct record){&type_##command_name, command_};                                          \
    })
#define create_client(who)      PROFILE_COMMAND(create_client, who)
#define update_client(who, ...) PROFILE_COMMAND(update_client, who, __VA_ARGS__)

static const struct aggregate *ana(void)
{
    struct uuid id = story_id(ANA);
    return aggregates_find(story.aggregates, &id);
}

static void a_reactor_opens_a_profile(void **state)
{
    (void)state;
    WHEN(create_client(REACTOR));
    THEN(client_created());
}

static void nobody_else_opens_a_profile(void **state)
{
    (void)state;
    WHEN(create_client(ANA));
    THEN_REJECTED("not_the_owner");
    WHEN(create_client(BEN));
    THEN_REJECTED("not_the_owner");
    WHEN(create_client(NOBODY));
    THEN_REJECTED("not_the_owner");
}

/* Whoever asks: a reactor that repeats itself must get the harmless answer. */
static void a_profile_is_opened_once(void **state)
{
    (void)state;
    GIVEN(client_created());
    WHEN(create_client(REACTOR));
    THEN_REJECTED("already_exists");
    WHEN(create_client(ANA));
    THEN_REJECTED("already_exists");
}

static void a_client_changes_the_own_profile(void **state)
{
    (void)state;
    GIVEN(client_created());
    WHEN(update_client(ANA, .has_company = true, .company = "c", .has_website = true,
                       .website = "w", .has_about = true, .about = "b"));
    THEN(client_updated(.has_company = true, .company = "c", .has_website = true, .website = "w",
                        .has_about = true, .about = "b"));
}

static void each_member_is_a_change_of_its_own(void **state)
{
    (void)state;
    GIVEN(client_created());
    WHEN(update_client(ANA, .has_company = true, .company = ""));
    THEN(client_updated(.has_company = true, .company = ""));
    WHEN(update_client(ANA, .has_website = true, .website = "w"));
    THEN(client_updated(.has_website = true, .website = "w"));
    WHEN(update_client(ANA, .has_about = true, .about = "b"));
    THEN(client_updated(.has_about = true, .about = "b"));
}

static void an_update_changes_something(void **state)
{
    (void)state;
    GIVEN(client_created());
    WHEN(update_client(ANA));
    THEN_REJECTED("nothing_to_change");
}

static void nobody_else_changes_a_profile(void **state)
{
    (void)state;
    GIVEN(client_created());
    WHEN(update_client(BEN, .has_about = true, .about = "b"));
    THEN_REJECTED("not_the_owner");
    WHEN(update_client(NOBODY, .has_about = true, .about = "b"));
    THEN_REJECTED("not_the_owner");
    WHEN(update_client(REACTOR, .has_about = true, .about = "b"));
    THEN_REJECTED("not_the_owner");
}

static void what_does_not_exist_is_not_changed(void **state)
{
    (void)state;
    WHEN(update_client(ANA, .has_about = true, .about = "b"));
    THEN_REJECTED("not_found");
    WHEN(update_client(BEN, .has_about = true, .about = "b"));
    THEN_REJECTED("not_found");
}

static void a_profile_opened_in_the_same_batch_is_changed(void **state)
{
    (void)state;
    WHEN(create_client(REACTOR));
    WHEN(update_client(ANA, .has_about = true, .about = "b"));
    THEN(client_updated(.has_about = true, .about = "b"));
    const struct event_meta *meta = story.last.events[0].value;
    assert_int_equal(meta->version, 2);
}

static void the_state_knows_whose_profile_it_is(void **state)
{
    (void)state;
    GIVEN(client_created());
    struct uuid id = story_id(ANA);
    const struct client_state *client = aggregates_state(story.aggregates, &id, &type_client_state);
    assert_non_null(client);
    assert_true(uuid_equal(&client->client_id, &id));
    GIVEN(client_updated(.has_about = true, .about = "b"));
    assert_ptr_equal(ana()->state, client);
}

static void every_event_moves_the_etag(void **state)
{
    (void)state;
    GIVEN(client_created());
    assert_int_equal(ana()->etag, 1);
    GIVEN(client_updated(.has_about = true, .about = "b"));
    assert_int_equal(ana()->version, 2);
    assert_int_equal(ana()->etag, 2);
}

static void an_update_names_the_version_it_saw(void **state)
{
    (void)state;
    GIVEN(client_created());
    struct record command = update_client(ANA, .has_about = true, .about = "b");
    struct command_meta *meta = command.value;
    meta->has_expected_version = true;
    meta->expected_version = 1;
    WHEN(command);
    THEN(client_updated(.has_about = true, .about = "b"));
    WHEN(command); /* it saw what is outdated by now */
    THEN_REJECTED("version_mismatch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(a_reactor_opens_a_profile),
        RULE(nobody_else_opens_a_profile),
        RULE(a_profile_is_opened_once),
        RULE(a_client_changes_the_own_profile),
        RULE(each_member_is_a_change_of_its_own),
        RULE(an_update_changes_something),
        RULE(nobody_else_changes_a_profile),
        RULE(what_does_not_exist_is_not_changed),
        RULE(a_profile_opened_in_the_same_batch_is_changed),
        RULE(the_state_knows_whose_profile_it_is),
        RULE(every_event_moves_the_etag),
        RULE(an_update_names_the_version_it_saw),
    };
    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}

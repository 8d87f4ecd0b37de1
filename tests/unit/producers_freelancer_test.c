/* Rules of the profiles of those who work. */
#include "producers/freelancer/freelancer.h"
#include "tests/unit/given_when_then.h"

enum { NOBODY, ANA, BEN, REACTOR, ANY_COMMAND = 200 };

static int freelancer_story_begin(void **state)
{
    (void)state;
    story_begin(&freelancer_decider);
    return 0;
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, freelancer_story_begin, story_end)

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
#define freelancer_created()    STORY_EVENT(freelancer_created, story_id(ANA))
#define freelancer_updated(...) STORY_EVENT(freelancer_updated, story_id(ANA), __VA_ARGS__)
#define PROFILE_COMMAND(command_name, who, ...)                                               \
    __extension__({                                                                           \
        struct command_name *command_ = ARENA_NEW(&story.arena, struct command_name);         \
        *command_ = (struct command_name){                                                    \
            .meta = sent_by(who), .freelancer_id = story_id(ANA) __VA_OPT__(, ) __VA_ARGS__}; \
        (struct record){&type_##command_name, command_};                                      \
    })
#define create_freelancer(who)      PROFILE_COMMAND(create_freelancer, who)
#define update_freelancer(who, ...) PROFILE_COMMAND(update_freelancer, who, __VA_ARGS__)

static const char *two_skills[] = {"C", "SQL"};
#define RATE ((struct money){.amount = 9000, .currency = "EUR"})

static const struct aggregate *ana(void)
{
    struct uuid id = story_id(ANA);
    return aggregates_find(story.aggregates, &id);
}

static void a_reactor_opens_a_profile(void **state)
{
    (void)state;
    WHEN(create_freelancer(REACTOR));
    THEN(freelancer_created());
}

static void nobody_else_opens_a_profile(void **state)
{
    (void)state;
    WHEN(create_freelancer(ANA));
    THEN_REJECTED("not_the_owner");
    WHEN(create_freelancer(BEN));
    THEN_REJECTED("not_the_owner");
    WHEN(create_freelancer(NOBODY));
    THEN_REJECTED("not_the_owner");
}

/* Whoever asks: a reactor that repeats itself must get the harmless answer. */
static void a_profile_is_opened_once(void **state)
{
    (void)state;
    GIVEN(freelancer_created());
    WHEN(create_freelancer(REACTOR));
    THEN_REJECTED("already_exists");
    WHEN(create_freelancer(ANA));
    THEN_REJECTED("already_exists");
}

static void a_freelancer_changes_the_own_profile(void **state)
{
    (void)state;
    GIVEN(freelancer_created());
    WHEN(update_freelancer(ANA, .has_headline = true, .headline = "h", .has_skills = true,
                           .skills = {two_skills, 2}, .has_hourly_rate = true, .hourly_rate = RATE,
                           .has_available = true, .available = true));
    THEN(freelancer_updated(.has_headline = true, .headline = "h", .has_skills = true,
                            .skills = {two_skills, 2}, .has_hourly_rate = true, .hourly_rate = RATE,
                            .has_available = true, .available = true));
}

static void each_member_is_a_change_of_its_own(void **state)
{
    (void)state;
    GIVEN(freelancer_created());
    WHEN(update_freelancer(ANA, .has_headline = true, .headline = ""));
    THEN(freelancer_updated(.has_headline = true, .headline = ""));
    /* no skill any more */
    WHEN(update_freelancer(ANA, .has_skills = true));
    THEN(freelancer_updated(.has_skills = true));
    WHEN(update_freelancer(ANA, .has_hourly_rate = true, .hourly_rate = RATE));
    THEN(freelancer_updated(.has_hourly_rate = true, .hourly_rate = RATE));
    WHEN(update_freelancer(ANA, .has_available = true, .available = false));
    THEN(freelancer_updated(.has_available = true, .available = false));
}

static void an_update_changes_something(void **state)
{
    (void)state;
    GIVEN(freelancer_created());
    WHEN(update_freelancer(ANA));
    THEN_REJECTED("nothing_to_change");
}

static void nobody_else_changes_a_profile(void **state)
{
    (void)state;
    GIVEN(freelancer_created());
    WHEN(update_freelancer(BEN, .has_headline = true, .headline = "h"));
    THEN_REJECTED("not_the_owner");
    WHEN(update_freelancer(NOBODY, .has_headline = true, .headline = "h"));
    THEN_REJECTED("not_the_owner");
    WHEN(update_freelancer(REACTOR, .has_headline = true, .headline = "h"));
    THEN_REJECTED("not_the_owner");
}

static void what_does_not_exist_is_not_changed(void **state)
{
    (void)state;
    WHEN(update_freelancer(ANA, .has_headline = true, .headline = "h"));
    THEN_REJECTED("not_found");
    WHEN(update_freelancer(BEN, .has_headline = true, .headline = "h"));
    THEN_REJECTED("not_found");
}

static void a_profile_opened_in_the_same_batch_is_changed(void **state)
{
    (void)state;
    WHEN(create_freelancer(REACTOR));
    WHEN(update_freelancer(ANA, .has_headline = true, .headline = "h"));
    THEN(freelancer_updated(.has_headline = true, .headline = "h"));
    const struct event_meta *meta = story.last.events[0].value;
    assert_int_equal(meta->version, 2);
}

static void the_state_knows_whose_profile_it_is(void **state)
{
    (void)state;
    GIVEN(freelancer_created());
    struct uuid id = story_id(ANA);
    const struct freelancer_state *freelancer =
        aggregates_state(story.aggregates, &id, &type_freelancer_state);
    assert_non_null(freelancer);
    assert_true(uuid_equal(&freelancer->freelancer_id, &id));
    GIVEN(freelancer_updated(.has_headline = true, .headline = "h"));
    assert_ptr_equal(ana()->state, freelancer);
}

static void every_event_moves_the_etag(void **state)
{
    (void)state;
    GIVEN(freelancer_created());
    assert_int_equal(ana()->etag, 1);
    GIVEN(freelancer_updated(.has_headline = true, .headline = "h"));
    assert_int_equal(ana()->version, 2);
    assert_int_equal(ana()->etag, 2);
}

static void an_update_names_the_version_it_saw(void **state)
{
    (void)state;
    GIVEN(freelancer_created());
    struct record command = update_freelancer(ANA, .has_headline = true, .headline = "h");
    struct command_meta *meta = command.value;
    meta->has_expected_version = true;
    meta->expected_version = 1;
    WHEN(command);
    THEN(freelancer_updated(.has_headline = true, .headline = "h"));
    WHEN(command); /* it saw what is outdated by now */
    THEN_REJECTED("version_mismatch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(a_reactor_opens_a_profile),
        RULE(nobody_else_opens_a_profile),
        RULE(a_profile_is_opened_once),
        RULE(a_freelancer_changes_the_own_profile),
        RULE(each_member_is_a_change_of_its_own),
        RULE(an_update_changes_something),
        RULE(nobody_else_changes_a_profile),
        RULE(what_does_not_exist_is_not_changed),
        RULE(a_profile_opened_in_the_same_batch_is_changed),
        RULE(the_state_knows_whose_profile_it_is),
        RULE(every_event_moves_the_etag),
        RULE(an_update_names_the_version_it_saw),
    };
    return cmocka_run_group_tests_name("freelancer", tests, NULL, NULL);
}

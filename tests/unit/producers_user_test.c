/* Rules of accounts. */
#include "producers/user/user.h"
#include "tests/unit/given_when_then.h"

enum { NOBODY, ANA, BEN, OLD_CREDENTIAL = 50, NEW_CREDENTIAL, OTHER_CREDENTIAL, ANY_COMMAND = 200 };

static int user_story_begin(void **state)
{
    (void)state;
    story_begin(&user_decider);
    return 0;
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, user_story_begin, story_end)

static int client_only[] = {ROLE_CLIENT};
#define ADDRESS "Ana@Example.org"

#define user_registered(who)                                                             \
    STORY_EVENT(user_registered, story_id(who), .email = ADDRESS, .display_name = "Ana", \
                .roles = {client_only, 1}, .credential_id = story_id(OLD_CREDENTIAL))
#define profile_updated(...) STORY_EVENT(profile_updated, story_id(ANA), __VA_ARGS__)
#define password_changed(credential) \
    STORY_EVENT(password_changed, story_id(ANA), .credential_id = story_id(credential))
#define user_logged_in()   STORY_EVENT(user_logged_in, story_id(ANA))
#define user_deactivated() STORY_EVENT(user_deactivated, story_id(ANA))

static struct command_meta sent_by(unsigned who, unsigned command_id)
{
    return (struct command_meta){
        .command_id = story_id(command_id),
        .actor = {.kind = who == NOBODY ? ACTOR_KIND_ANONYMOUS : ACTOR_KIND_USER,
                  .id = story_id(who)},
        .issued_at = STORY_NOW_US,
    };
}

#define USER_COMMAND(command_name, who, id, ...)                                                \
    __extension__({                                                                             \
        struct command_name *command_ = ARENA_NEW(&story.arena, struct command_name);           \
        *command_ = (struct command_name){.meta = sent_by(who, id),                             \
                                          .user_id = story_id(ANA) __VA_OPT__(, ) __VA_ARGS__}; \
        (struct record){&type_##command_name, command_};                                        \
    })
#define register_user(who, id)                                                    \
    USER_COMMAND(register_user, who, id, .email = ADDRESS, .display_name = "Ana", \
                 .roles = {client_only, 1}, .credential_id = story_id(OLD_CREDENTIAL))
#define update_profile(who, ...) USER_COMMAND(update_profile, who, ANY_COMMAND, __VA_ARGS__)
#define change_password(who, old)                                                       \
    USER_COMMAND(change_password, who, ANY_COMMAND, .old_credential_id = story_id(old), \
                 .new_credential_id = story_id(NEW_CREDENTIAL))
#define record_login(who)    USER_COMMAND(record_login, who, ANY_COMMAND)
#define deactivate_user(who) USER_COMMAND(deactivate_user, who, ANY_COMMAND)

static const struct aggregate *ana(void)
{
    struct uuid id = story_id(ANA);
    return aggregates_find(story.aggregates, &id);
}

static void an_account_is_opened(void **state)
{
    (void)state;
    WHEN(register_user(NOBODY, ANA));
    THEN(user_registered(ANA));
}

static void one_account_per_address(void **state)
{
    (void)state;
    story.claim_refused = true;
    WHEN(register_user(NOBODY, ANA));
    THEN_REJECTED("email_taken");
}

static void an_id_is_registered_once(void **state)
{
    (void)state;
    GIVEN(user_registered(ANA));
    WHEN(register_user(NOBODY, ANA));
    THEN_REJECTED("already_exists");
}

static void an_account_carries_the_id_of_its_command(void **state)
{
    (void)state;
    WHEN(register_user(NOBODY, BEN));
    THEN_REJECTED("not_the_owner");
}

static void who_has_an_account_opens_none(void **state)
{
    (void)state;
    WHEN(register_user(ANA, ANA));
    THEN_REJECTED("not_the_owner");
}

static void the_claim_is_the_address_in_lower_case(void **state)
{
    (void)state;
    const struct claim_rule *claim = user_decider.claim;
    struct record command = register_user(NOBODY, ANA), event = user_registered(ANA);
    assert_ptr_equal(command.type, claim->command);
    assert_ptr_equal(event.type, claim->event);
    assert_string_equal(claim->command_key(command.value, &story.arena), "ana@example.org");
    assert_string_equal(claim->event_key(event.value, &story.arena), "ana@example.org");
    assert_string_equal(user_email_key("\xc3\x84Z@x", &story.arena), "\xc3\x84z@x");
}

static void a_person_changes_the_own_profile(void **state)
{
    (void)state;
    GIVEN(user_registered(ANA));
    WHEN(update_profile(ANA, .has_display_name = true, .display_name = "A", .has_headline = true,
                        .headline = "h", .has_bio = true, .bio = "b", .has_location = true,
                        .location = "l"));
    THEN(profile_updated(.has_display_name = true, .display_name = "A", .has_headline = true,
                         .headline = "h", .has_bio = true, .bio = "b", .has_location = true,
                         .location = "l"));
}

static void absent_members_stay_absent(void **state)
{
    (void)state;
    GIVEN(user_registered(ANA));
    WHEN(update_profile(ANA, .has_bio = true, .bio = ""));
    THEN(profile_updated(.has_bio = true, .bio = ""));
}

static void an_update_changes_something(void **state)
{
    (void)state;
    GIVEN(user_registered(ANA));
    WHEN(update_profile(ANA));
    THEN_REJECTED("nothing_to_change");
}

static void the_active_credential_is_replaced(void **state)
{
    (void)state;
    GIVEN(user_registered(ANA));
    WHEN(change_password(ANA, OLD_CREDENTIAL));
    THEN(password_changed(NEW_CREDENTIAL));
}

static void an_outdated_credential_replaces_nothing(void **state)
{
    (void)state;
    GIVEN(user_registered(ANA), password_changed(OTHER_CREDENTIAL));
    WHEN(change_password(ANA, OLD_CREDENTIAL));
    THEN_REJECTED("invalid_credentials");
    WHEN(change_password(ANA, OTHER_CREDENTIAL));
    THEN(password_changed(NEW_CREDENTIAL));
}

static void a_login_is_recorded(void **state)
{
    (void)state;
    GIVEN(user_registered(ANA));
    WHEN(record_login(ANA));
    THEN(user_logged_in());
}

static void a_person_closes_the_own_account(void **state)
{
    (void)state;
    GIVEN(user_registered(ANA));
    WHEN(deactivate_user(ANA));
    THEN(user_deactivated());
}

/* Whom and what every command but RegisterUser asks. */
#define EACH_COMMAND(who, then)                                 \
    do {                                                        \
        WHEN(update_profile(who, .has_bio = true, .bio = "b")); \
        then;                                                   \
        WHEN(change_password(who, OLD_CREDENTIAL));             \
        then;                                                   \
        WHEN(record_login(who));                                \
        then;                                                   \
        WHEN(deactivate_user(who));                             \
        then;                                                   \
    } while (0)

static void nobody_touches_the_account_of_another(void **state)
{
    (void)state;
    GIVEN(user_registered(ANA));
    EACH_COMMAND(BEN, THEN_REJECTED("not_the_owner"));
    EACH_COMMAND(NOBODY, THEN_REJECTED("not_the_owner"));
}

static void nothing_happens_to_an_account_that_does_not_exist(void **state)
{
    (void)state;
    EACH_COMMAND(ANA, THEN_REJECTED("not_found"));
}

static void nothing_happens_to_a_closed_account(void **state)
{
    (void)state;
    GIVEN(user_registered(ANA), user_deactivated());
    EACH_COMMAND(ANA, THEN_REJECTED("account_deactivated"));
}

static void a_closed_account_keeps_id_and_address(void **state)
{
    (void)state;
    GIVEN(user_registered(ANA), user_deactivated());
    WHEN(register_user(NOBODY, ANA));
    THEN_REJECTED("already_exists");
    const struct user_state *user = ana()->state;
    assert_string_equal(user->email, "ana@example.org");
    assert_false(user->active);
}

static void logins_and_passwords_do_not_move_the_etag(void **state)
{
    (void)state;
    GIVEN(user_registered(ANA), user_logged_in(), password_changed(NEW_CREDENTIAL));
    assert_int_equal(ana()->version, 3);
    assert_int_equal(ana()->etag, 1);
    GIVEN(profile_updated(.has_bio = true, .bio = "b"));
    assert_int_equal(ana()->version, 4);
    assert_int_equal(ana()->etag, 4);
    GIVEN(user_deactivated());
    assert_int_equal(ana()->etag, 5);
}

static void an_etag_outlives_logins(void **state)
{
    (void)state;
    GIVEN(user_registered(ANA), user_logged_in());
    struct record command = update_profile(ANA, .has_bio = true, .bio = "b");
    struct command_meta *meta = command.value;
    meta->has_expected_version = true;
    meta->expected_version = 1;
    WHEN(command);
    THEN(profile_updated(.has_bio = true, .bio = "b"));
    meta->expected_version = 2; /* a version, but never an ETag */
    WHEN(command);
    THEN_REJECTED("version_mismatch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(an_account_is_opened),
        RULE(one_account_per_address),
        RULE(an_id_is_registered_once),
        RULE(an_account_carries_the_id_of_its_command),
        RULE(who_has_an_account_opens_none),
        RULE(the_claim_is_the_address_in_lower_case),
        RULE(a_person_changes_the_own_profile),
        RULE(absent_members_stay_absent),
        RULE(an_update_changes_something),
        RULE(the_active_credential_is_replaced),
        RULE(an_outdated_credential_replaces_nothing),
        RULE(a_login_is_recorded),
        RULE(a_person_closes_the_own_account),
        RULE(nobody_touches_the_account_of_another),
        RULE(nothing_happens_to_an_account_that_does_not_exist),
        RULE(nothing_happens_to_a_closed_account),
        RULE(a_closed_account_keeps_id_and_address),
        RULE(logins_and_passwords_do_not_move_the_etag),
        RULE(an_etag_outlives_logins),
    };
    return cmocka_run_group_tests_name("user", tests, NULL, NULL);
}

/* Rules of postings. */
#include "tests/unit/job_story.h"

static void a_client_posts_a_job(void **state)
{
    (void)state;
    WHEN(post_job(.actor = ANA));
    THEN(job_posted(ANA));
}

static void a_freelancer_posts_no_job(void **state)
{
    (void)state;
    WHEN(post_job(.actor = BEN));
    THEN_REJECTED("not_a_client");
}

static void nobody_posts_no_job(void **state)
{
    (void)state;
    WHEN(post_job(.actor = NOBODY));
    THEN_REJECTED("not_a_client");
}

static void a_job_is_posted_once(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    WHEN(post_job(.actor = DAN));
    THEN_REJECTED("already_exists");
}

static void a_job_carries_the_id_of_its_command(void **state)
{
    (void)state;
    WHEN(post_job(.actor = ANA, .command_id = OTHER_JOB));
    THEN_REJECTED("not_the_owner");
}

static void the_owner_edits_an_open_job(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    WHEN(edit_job(.actor = ANA, .title = "Better logo"));
    THEN(job_edited(.has_title = true, .title = "Better logo"));
}

static void every_member_of_a_job_can_be_edited(void **state)
{
    (void)state;
    static const char *skills[] = {"c", "sql"};
    struct edit_job c = {
        .meta = {.actor = actor_of(ANA)},
        .job_id = story_id(THE_JOB),
        .has_description = true,
        .description = "Two logos",
        .has_skills = true,
        .skills = { skills,                     2},
        .has_budget = true,
        .budget = { 9000,                 "USD"},
    };
    GIVEN(job_posted(ANA));
    WHEN(((struct record){&type_edit_job, &c}));
    THEN(job_edited(.has_description = true, .description = "Two logos", .has_skills = true,
                    .skills = {skills, 2}, .has_budget = true, .budget = {9000, "USD"}));
}

static void an_edit_changes_something(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    WHEN(edit_job(.actor = ANA));
    THEN_REJECTED("nothing_to_change");
}

static void another_client_edits_nothing(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    WHEN(edit_job(.actor = DAN, .title = "Mine"));
    THEN_REJECTED("not_the_owner");
}

static void what_does_not_exist_is_not_edited(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    WHEN(edit_job(.actor = ANA, .job = OTHER_JOB, .title = "Other"));
    THEN_REJECTED("not_found");
}

static void a_closed_job_is_not_edited(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), job_closed(""));
    WHEN(edit_job(.actor = ANA, .title = "Late"));
    THEN_REJECTED("job_not_open");
}

static void a_filled_job_is_not_edited(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), job_filled(BEN));
    WHEN(edit_job(.actor = ANA, .title = "Late"));
    THEN_REJECTED("job_not_open");
}

static void the_owner_closes_a_job(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    WHEN(close_job(.actor = ANA, .reason = "no money"));
    THEN(job_closed("no money"));
}

static void closing_declines_the_live_applications(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN), application_submitted(CAT),
          application_submitted(EVE), application_withdrawn(CAT));
    WHEN(close_job(.actor = ANA));
    THEN(job_closed(""), application_declined(BEN), application_declined(EVE));
}

static void another_client_closes_nothing(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    WHEN(close_job(.actor = DAN));
    THEN_REJECTED("not_the_owner");
}

static void a_job_is_closed_once(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    WHEN(close_job(.actor = ANA));
    THEN(job_closed(""));
    WHEN(close_job(.actor = ANA));
    THEN_REJECTED("job_not_open");
}

static void a_filled_job_is_not_closed(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), job_filled(BEN));
    WHEN(close_job(.actor = ANA));
    THEN_REJECTED("job_not_open");
}

static void what_does_not_exist_is_not_closed(void **state)
{
    (void)state;
    WHEN(close_job(.actor = ANA));
    THEN_REJECTED("not_found");
}

static void an_application_is_no_job(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    struct close_job c = {.meta = {.actor = actor_of(ANA)}, .job_id = application_of(BEN)};
    WHEN(((struct record){&type_close_job, &c}));
    THEN_REJECTED("not_found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(a_client_posts_a_job),
        RULE(a_freelancer_posts_no_job),
        RULE(nobody_posts_no_job),
        RULE(a_job_is_posted_once),
        RULE(a_job_carries_the_id_of_its_command),
        RULE(the_owner_edits_an_open_job),
        RULE(every_member_of_a_job_can_be_edited),
        RULE(an_edit_changes_something),
        RULE(another_client_edits_nothing),
        RULE(what_does_not_exist_is_not_edited),
        RULE(a_closed_job_is_not_edited),
        RULE(a_filled_job_is_not_edited),
        RULE(the_owner_closes_a_job),
        RULE(closing_declines_the_live_applications),
        RULE(another_client_closes_nothing),
        RULE(a_job_is_closed_once),
        RULE(a_filled_job_is_not_closed),
        RULE(what_does_not_exist_is_not_closed),
        RULE(an_application_is_no_job),
    };
    return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}

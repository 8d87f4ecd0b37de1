/* Rules of applications. */
#include "tests/unit/job_story.h"

static void a_freelancer_applies_for_an_open_job(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    WHEN(submit_application(.actor = BEN));
    THEN(application_submitted(BEN));
}

static void several_freelancers_apply(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    WHEN(submit_application(.actor = CAT));
    THEN(application_submitted(CAT));
}

static void a_client_does_not_apply(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    WHEN(submit_application(.actor = DAN));
    THEN_REJECTED("not_a_freelancer");
}

static void nobody_applies_for_the_own_job(void **state)
{
    (void)state;
    GIVEN(job_posted(EVE));
    WHEN(submit_application(.actor = EVE));
    THEN_REJECTED("own_job");
}

static void one_live_application_per_freelancer(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    WHEN(submit_application(.actor = BEN));
    THEN_REJECTED("already_applied");
}

static void nobody_applies_for_what_does_not_exist(void **state)
{
    (void)state;
    WHEN(submit_application(.actor = BEN));
    THEN_REJECTED("not_found");
}

static void nobody_applies_for_a_closed_job(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), job_closed(""));
    WHEN(submit_application(.actor = BEN));
    THEN_REJECTED("job_not_open");
}

static void nobody_applies_for_a_filled_job(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), job_filled(CAT));
    WHEN(submit_application(.actor = BEN));
    THEN_REJECTED("job_not_open");
}

static void a_withdrawn_application_may_be_sent_again(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN), application_withdrawn(BEN));
    WHEN(submit_application(.actor = BEN));
    THEN(application_submitted(BEN));
    const struct event_meta *meta = story.last.events[0].value;
    assert_int_equal(meta->version, 3);
}

static void a_declined_application_is_not_sent_again(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN), application_declined(BEN));
    WHEN(submit_application(.actor = BEN));
    THEN_REJECTED("application_declined");
}

/* Freelancers beyond the people of the stories. */
static struct record application_number(unsigned i)
{
    struct application_submitted *e = ARENA_NEW(&story.arena, struct application_submitted);
    e->meta.aggregate_id = story_id(1000 + i);
    e->job_id = story_id(THE_JOB);
    e->freelancer_id = story_id(3000 + i);
    e->cover_letter = "";
    e->bid = bid_of(BEN);
    return (struct record){&type_application_submitted, e};
}

/* Outcomes may be forgotten, and then a command is decided again. */
static void an_application_is_sent_and_taken_back_once_by_each_command(void **state)
{
    (void)state;
    enum { SENT = 300, TAKEN_BACK, SENT_AGAIN };
    GIVEN(job_posted(ANA));
    WHEN(submit_application(.actor = BEN, .command_id = SENT));
    WHEN(withdraw_application(.actor = BEN, .command_id = TAKEN_BACK));
    WHEN(submit_application(.actor = BEN, .command_id = SENT));
    THEN_REJECTED("already_done");
    WHEN(submit_application(.actor = BEN, .command_id = SENT_AGAIN));
    THEN(application_submitted(BEN));
    WHEN(withdraw_application(.actor = BEN, .command_id = TAKEN_BACK));
    THEN_REJECTED("already_done");
    WHEN(withdraw_application(.actor = BEN));
    THEN(application_withdrawn(BEN));
}

static void how_often_an_application_is_sent_is_limited(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    for (size_t i = 0; i < APPLICATION_COMMANDS_MAX / 2; i++) {
        WHEN(submit_application(.actor = BEN));
        THEN(application_submitted(BEN));
        WHEN(withdraw_application(.actor = BEN));
        THEN(application_withdrawn(BEN));
    }
    WHEN(submit_application(.actor = BEN));
    THEN_REJECTED("too_many_submissions");
    WHEN(submit_application(.actor = CAT));
    THEN(application_submitted(CAT));
}

static void live_applications_are_limited(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    for (unsigned i = 0; i < LIVE_APPLICATIONS_MAX - 1; i++)
        GIVEN(application_number(i));
    WHEN(submit_application(.actor = BEN));
    THEN(application_submitted(BEN));
    WHEN(submit_application(.actor = CAT));
    THEN_REJECTED("too_many_applications");
    WHEN(withdraw_application(.actor = BEN));
    THEN(application_withdrawn(BEN));
    WHEN(submit_application(.actor = CAT));
    THEN(application_submitted(CAT));
}

static void a_hire_ends_as_many_applications_as_there_can_be(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    for (unsigned i = 0; i < LIVE_APPLICATIONS_MAX - 1; i++)
        GIVEN(application_number(i));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    assert_int_equal(story.last.n, 3 + LIVE_APPLICATIONS_MAX - 1);
}

static void its_freelancer_withdraws_an_application(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    WHEN(withdraw_application(.actor = BEN));
    THEN(application_withdrawn(BEN));
}

static void nobody_else_withdraws_an_application(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    WHEN(withdraw_application(.actor = CAT, .freelancer = BEN));
    THEN_REJECTED("not_the_owner");
    WHEN(withdraw_application(.actor = ANA, .freelancer = BEN));
    THEN_REJECTED("not_the_owner");
}

static void an_application_is_withdrawn_once(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN), application_withdrawn(BEN));
    WHEN(withdraw_application(.actor = BEN));
    THEN_REJECTED("application_not_live");
}

static void what_does_not_exist_is_not_withdrawn(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    WHEN(withdraw_application(.actor = BEN));
    THEN_REJECTED("not_found");
}

static void an_application_of_another_job_is_not_found(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    WHEN(withdraw_application(.actor = BEN, .job = OTHER_JOB));
    THEN_REJECTED("not_found");
    WHEN(decline_application(.actor = ANA, .freelancer = BEN, .job = OTHER_JOB));
    THEN_REJECTED("not_found");
}

static void the_owner_declines_an_application(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    WHEN(decline_application(.actor = ANA, .freelancer = BEN));
    THEN(application_declined(BEN));
}

static void nobody_else_declines_an_application(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    WHEN(decline_application(.actor = DAN, .freelancer = BEN));
    THEN_REJECTED("not_the_owner");
    WHEN(decline_application(.actor = BEN));
    THEN_REJECTED("not_the_owner");
}

static void only_live_applications_are_declined(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN), application_withdrawn(BEN),
          application_submitted(CAT), application_declined(CAT), application_submitted(EVE),
          application_accepted(EVE));
    WHEN(decline_application(.actor = ANA, .freelancer = BEN));
    THEN_REJECTED("application_not_live");
    WHEN(decline_application(.actor = ANA, .freelancer = CAT));
    THEN_REJECTED("application_not_live");
    WHEN(decline_application(.actor = ANA, .freelancer = EVE));
    THEN_REJECTED("application_not_live");
}

static void what_does_not_exist_is_not_declined(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    WHEN(decline_application(.actor = ANA, .freelancer = BEN));
    THEN_REJECTED("not_found");
}

static void applications_do_not_move_the_job(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN), application_withdrawn(BEN));
    struct uuid job = story_id(THE_JOB);
    const struct aggregate *g = aggregates_find(story.aggregates, &job);
    assert_int_equal(g->version, 1);
    assert_int_equal(g->etag, 1);
}

static void the_id_follows_from_job_and_freelancer(void **state)
{
    (void)state;
    struct uuid job, freelancer, expected;
    assert_true(uuid_parse("00000000-0000-0000-0000-000000000064", &job));
    assert_true(uuid_parse("00000000-0000-0000-0000-000000000002", &freelancer));
    expected = uuid_v5_of("application", "00000000-0000-0000-0000-000000000064",
                          "00000000-0000-0000-0000-000000000002", NULL);
    struct uuid id = application_id_of(&job, &freelancer);
    assert_true(uuid_equal(&id, &expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(a_freelancer_applies_for_an_open_job),
        RULE(several_freelancers_apply),
        RULE(a_client_does_not_apply),
        RULE(nobody_applies_for_the_own_job),
        RULE(one_live_application_per_freelancer),
        RULE(nobody_applies_for_what_does_not_exist),
        RULE(nobody_applies_for_a_closed_job),
        RULE(nobody_applies_for_a_filled_job),
        RULE(a_withdrawn_application_may_be_sent_again),
        RULE(an_application_is_sent_and_taken_back_once_by_each_command),
        RULE(how_often_an_application_is_sent_is_limited),
        RULE(a_declined_application_is_not_sent_again),
        RULE(live_applications_are_limited),
        RULE(a_hire_ends_as_many_applications_as_there_can_be),
        RULE(its_freelancer_withdraws_an_application),
        RULE(nobody_else_withdraws_an_application),
        RULE(an_application_is_withdrawn_once),
        RULE(what_does_not_exist_is_not_withdrawn),
        RULE(an_application_of_another_job_is_not_found),
        RULE(the_owner_declines_an_application),
        RULE(nobody_else_declines_an_application),
        RULE(only_live_applications_are_declined),
        RULE(what_does_not_exist_is_not_declined),
        RULE(applications_do_not_move_the_job),
        RULE(the_id_follows_from_job_and_freelancer),
    };
    return cmocka_run_group_tests_name("application", tests, NULL, NULL);
}

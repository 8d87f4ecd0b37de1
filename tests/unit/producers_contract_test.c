/* Rules of hiring and contracts. */
#include "tests/unit/job_story.h"

static void a_hire_starts_the_contract_and_fills_the_job(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    THEN(freelancer_hired(BEN), job_filled(BEN), application_accepted(BEN));
}

static void a_hire_declines_the_other_live_applications(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(CAT), application_submitted(BEN),
          application_submitted(EVE), application_withdrawn(CAT));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    THEN(freelancer_hired(BEN), job_filled(BEN), application_accepted(BEN),
         application_declined(EVE));
}

static void one_hire_per_job(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN), application_submitted(CAT));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = CAT));
    THEN_REJECTED("job_not_open");
}

static void only_the_owner_hires(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    WHEN(hire_freelancer(.actor = DAN, .freelancer = BEN));
    THEN_REJECTED("not_the_owner");
    WHEN(hire_freelancer(.actor = BEN));
    THEN_REJECTED("not_the_owner");
}

static void withdrawn_application_cannot_be_hired(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN), application_withdrawn(BEN));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    THEN_REJECTED("application_not_live");
}

static void declined_application_cannot_be_hired(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN), application_declined(BEN));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    THEN_REJECTED("application_not_live");
}

static void who_did_not_apply_cannot_be_hired(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    THEN_REJECTED("not_found");
}

static void nobody_is_hired_for_what_does_not_exist(void **state)
{
    (void)state;
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    THEN_REJECTED("not_found");
}

static void nobody_is_hired_for_a_closed_job(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    WHEN(close_job(.actor = ANA));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    THEN_REJECTED("job_not_open");
}

static void a_contract_carries_the_id_of_its_command(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN, .command_id = OTHER_JOB));
    THEN_REJECTED("not_the_owner");
}

static void a_contract_starts_once(void **state)
{
    (void)state;
    GIVEN(freelancer_hired(CAT), job_posted(ANA), application_submitted(BEN));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    THEN_REJECTED("already_exists");
}

static void a_hired_freelancer_does_not_withdraw(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    WHEN(withdraw_application(.actor = BEN));
    THEN_REJECTED("application_not_live");
}

static void the_client_completes_a_contract(void **state)
{
    (void)state;
    GIVEN(freelancer_hired(BEN));
    WHEN(complete_contract(.actor = ANA));
    THEN(contract_completed(BEN));
}

static void the_freelancer_does_not_complete_it(void **state)
{
    (void)state;
    GIVEN(freelancer_hired(BEN));
    WHEN(complete_contract(.actor = BEN));
    THEN_REJECTED("not_the_owner");
}

static void a_stranger_ends_no_contract(void **state)
{
    (void)state;
    GIVEN(freelancer_hired(BEN));
    WHEN(complete_contract(.actor = DAN));
    THEN_REJECTED("not_a_party");
    WHEN(cancel_contract(.actor = CAT));
    THEN_REJECTED("not_a_party");
}

static void either_party_cancels_a_contract(void **state)
{
    (void)state;
    GIVEN(freelancer_hired(BEN));
    WHEN(cancel_contract(.actor = BEN, .reason = "ill"));
    THEN(contract_cancelled(BEN, "ill"));
}

static void the_client_cancels_a_contract(void **state)
{
    (void)state;
    GIVEN(freelancer_hired(BEN));
    WHEN(cancel_contract(.actor = ANA));
    THEN(contract_cancelled(BEN, ""));
}

static void a_contract_ends_once(void **state)
{
    (void)state;
    GIVEN(freelancer_hired(BEN), contract_completed(BEN));
    WHEN(complete_contract(.actor = ANA));
    THEN_REJECTED("contract_not_active");
    WHEN(cancel_contract(.actor = BEN));
    THEN_REJECTED("contract_not_active");
}

static void a_cancelled_contract_is_not_completed(void **state)
{
    (void)state;
    GIVEN(freelancer_hired(BEN), contract_cancelled(BEN, ""));
    WHEN(complete_contract(.actor = ANA));
    THEN_REJECTED("contract_not_active");
}

static void a_cancelled_contract_leaves_its_job_filled(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    WHEN(cancel_contract(.actor = ANA));
    WHEN(submit_application(.actor = CAT));
    THEN_REJECTED("job_not_open");
}

static void what_does_not_exist_is_not_ended(void **state)
{
    (void)state;
    WHEN(complete_contract(.actor = ANA));
    THEN_REJECTED("not_found");
    WHEN(cancel_contract(.actor = ANA));
    THEN_REJECTED("not_found");
}

static void a_contract_of_another_job_is_not_found(void **state)
{
    (void)state;
    GIVEN(freelancer_hired(BEN));
    WHEN(complete_contract(.actor = ANA, .job = OTHER_JOB));
    THEN_REJECTED("not_found");
    WHEN(cancel_contract(.actor = ANA, .job = OTHER_JOB));
    THEN_REJECTED("not_found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(a_hire_starts_the_contract_and_fills_the_job),
        RULE(a_hire_declines_the_other_live_applications),
        RULE(one_hire_per_job),
        RULE(only_the_owner_hires),
        RULE(withdrawn_application_cannot_be_hired),
        RULE(declined_application_cannot_be_hired),
        RULE(who_did_not_apply_cannot_be_hired),
        RULE(nobody_is_hired_for_what_does_not_exist),
        RULE(nobody_is_hired_for_a_closed_job),
        RULE(a_contract_carries_the_id_of_its_command),
        RULE(a_contract_starts_once),
        RULE(a_hired_freelancer_does_not_withdraw),
        RULE(the_client_completes_a_contract),
        RULE(the_freelancer_does_not_complete_it),
        RULE(a_stranger_ends_no_contract),
        RULE(either_party_cancels_a_contract),
        RULE(the_client_cancels_a_contract),
        RULE(a_contract_ends_once),
        RULE(a_cancelled_contract_is_not_completed),
        RULE(a_cancelled_contract_leaves_its_job_filled),
        RULE(what_does_not_exist_is_not_ended),
        RULE(a_contract_of_another_job_is_not_found),
    };
    return cmocka_run_group_tests_name("contract", tests, NULL, NULL);
}

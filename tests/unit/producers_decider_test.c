/* What decider_run and the tables promise, whatever the service. */
#include "producers/payment/payment.h"
#include "producers/user/user.h"
#include "tests/unit/job_story.h"

static const struct event_meta *event_meta(size_t i)
{
    assert_true(i < story.last.n);
    return story.last.events[i].value;
}

static void events_are_stamped(void **state)
{
    (void)state;
    WHEN(post_job(.actor = ANA));
    const struct event_meta *meta = event_meta(0);
    struct uuid job = story_id(THE_JOB), ana = story_id(ANA);
    struct uuid event_id = event_id_of(&job, 0);
    assert_true(uuid_equal(&meta->event_id, &event_id));
    assert_true(uuid_equal(&meta->command_id, &job));
    assert_true(uuid_equal(&meta->aggregate_id, &job));
    assert_int_equal(meta->version, 1);
    assert_int_equal(meta->actor.kind, ACTOR_KIND_USER);
    assert_true(uuid_equal(&meta->actor.id, &ana));
    assert_int_equal(meta->actor.roles.n, 1);
    assert_int_equal(meta->occurred_at, STORY_NOW_US);
}

static void every_event_has_an_id_of_its_own(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    for (size_t i = 1; i < story.last.n; i++)
        assert_false(uuid_equal(&event_meta(i)->event_id, &event_meta(i - 1)->event_id));
}

static struct uuid ids_of_a_hire[3];

static void hire_in_a_log_that_has_only_what_came_before(void)
{
    story_end(NULL);
    story_begin(&job_decider);
    GIVEN(job_posted(ANA), application_submitted(BEN));
    story.now_us += 3600 * INT64_C(1000000);
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
}

static void deciding_again_says_the_same(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        hire_in_a_log_that_has_only_what_came_before();
        assert_int_equal(story.last.n, ARRAY_SIZE(ids_of_a_hire));
        for (size_t i = 0; i < story.last.n; i++) {
            if (turn > 0)
                assert_true(uuid_equal(&event_meta(i)->event_id, &ids_of_a_hire[i]));
            ids_of_a_hire[i] = event_meta(i)->event_id;
        }
    }
}

static void a_refusal_has_an_id_that_no_change_has(void **state)
{
    (void)state;
    WHEN(post_job(.actor = ANA));
    struct uuid posted = event_meta(0)->event_id;
    WHEN(post_job(.actor = ANA));
    THEN_REJECTED("already_exists");
    struct uuid refused = event_meta(0)->event_id, job = story_id(THE_JOB);
    assert_false(uuid_equal(&posted, &refused));
    struct uuid expected = event_id_of(&job, EVENT_INDEX_REFUSED);
    assert_true(uuid_equal(&refused, &expected));
}

static void event_ids_are_frozen(void **state)
{
    (void)state;
    char text[UUID_TEXT_LEN + 1];
    struct uuid command = story_id(THE_JOB), id = event_id_of(&command, 0);
    uuid_format(&id, text);
    assert_string_equal(text, "fdfe5850-a0a5-5f03-872d-82c651edd6ee");
}

static void versions_have_no_gaps(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    for (int64_t version = 2; version < 10; version++) {
        WHEN(edit_job(.actor = ANA, .title = "again"));
        assert_int_equal(event_meta(0)->version, version);
        WHEN(edit_job(.actor = DAN, .title = "refused"));
        assert_int_equal(event_meta(0)->version, version);
    }
}

static void a_hire_moves_each_aggregate_by_one(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN), application_submitted(CAT));
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    static const int64_t versions[] = {1, 2, 2, 2}; /* contract, job, both applications */
    assert_int_equal(story.last.n, ARRAY_SIZE(versions));
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
        assert_int_equal(event_meta(i)->version, versions[i]);
}

static void a_refusal_names_command_and_current_version(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), job_closed(""));
    WHEN(edit_job(.actor = ANA, .title = "late"));
    const struct command_rejected *e = story.last.events[0].value;
    struct uuid job = story_id(THE_JOB);
    assert_string_equal(e->command, "EditJob");
    assert_true(uuid_equal(&e->meta.aggregate_id, &job));
    assert_int_equal(e->meta.version, 2);
    assert_int_equal(aggregates_find(story.aggregates, &job)->version, 2);
}

static void a_refusal_of_what_does_not_exist_has_version_0(void **state)
{
    (void)state;
    WHEN(edit_job(.actor = ANA, .title = "none"));
    assert_int_equal(event_meta(0)->version, 0);
    struct uuid job = story_id(THE_JOB);
    assert_false(aggregates_exists(story.aggregates, &job));
}

static void the_expected_version_is_the_etag(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), job_edited(.has_title = true, .title = "Two"));
    WHEN(edit_job(.actor = ANA, .title = "Three", .if_match = 1));
    THEN_REJECTED("version_mismatch");
    WHEN(edit_job(.actor = ANA, .title = "Three", .if_match = 2));
    THEN(job_edited(.has_title = true, .title = "Three"));
}

static void the_first_named_aggregate_is_compared(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), job_edited(.has_title = true, .title = "Two"),
          application_submitted(BEN));
    WHEN(decline_application(.actor = ANA, .freelancer = BEN, .if_match = 2));
    THEN_REJECTED("version_mismatch");
    WHEN(decline_application(.actor = ANA, .freelancer = BEN, .if_match = 1));
    THEN(application_declined(BEN));
}

static void a_refusal_of_the_rules_wins_over_the_version(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    WHEN(edit_job(.actor = DAN, .title = "x", .if_match = 7));
    THEN_REJECTED("not_the_owner");
}

static void a_forced_reason_decides_nothing(void **state)
{
    (void)state;
    story_run(post_job(.actor = ANA), "expired");
    THEN_REJECTED("expired");
    struct uuid job = story_id(THE_JOB);
    assert_false(aggregates_exists(story.aggregates, &job));
}

static void a_later_command_sees_what_an_earlier_one_did(void **state)
{
    (void)state;
    WHEN(post_job(.actor = ANA));
    WHEN(submit_application(.actor = BEN));
    WHEN(submit_application(.actor = BEN));
    THEN_REJECTED("already_applied");
    WHEN(hire_freelancer(.actor = ANA, .freelancer = BEN));
    THEN(freelancer_hired(BEN), job_filled(BEN), application_accepted(BEN));
    WHEN(complete_contract(.actor = ANA));
    THEN(contract_completed(BEN));
}

static void a_job_lists_its_live_applications(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA), application_submitted(BEN), application_submitted(CAT),
          application_submitted(EVE), application_declined(CAT));
    struct record commands[] = {hire_freelancer(.actor = ANA, .freelancer = BEN),
                                close_job(.actor = ANA)};
    struct decide_input in = {.aggregates = story.aggregates, .arena = &story.arena};
    struct uuid expected[] = {application_of(BEN), application_of(EVE)};
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        struct uuid_list ids = {0};
        decider_command(&job_decider, commands[i].type)->lists(&in, commands[i].value, &ids);
        assert_int_equal(ids.n, 2);
        assert_memory_equal(ids.items, expected, sizeof(expected));
    }
}

static void a_job_that_does_not_exist_lists_nothing(void **state)
{
    (void)state;
    struct record command = close_job(.actor = ANA);
    struct decide_input in = {.aggregates = story.aggregates, .arena = &story.arena};
    struct uuid_list ids = {0};
    decider_command(&job_decider, command.type)->lists(&in, command.value, &ids);
    assert_int_equal(ids.n, 0);
}

static void many_aggregates_are_found_again(void **state)
{
    (void)state;
    struct aggregate *known[2000];
    for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
        struct uuid id = story_id(i);
        assert_null(aggregates_find(story.aggregates, &id));
        known[i] = aggregates_get(story.aggregates, &id);
        assert_int_equal(known[i]->version, 0);
        assert_null(known[i]->type);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
        struct uuid id = story_id(i);
        assert_ptr_equal(aggregates_get(story.aggregates, &id), known[i]);
    }
}

static void a_state_is_found_under_its_type_only(void **state)
{
    (void)state;
    GIVEN(job_posted(ANA));
    struct uuid job = story_id(THE_JOB), none = story_id(OTHER_JOB);
    assert_non_null(aggregates_state(story.aggregates, &job, &type_job_state));
    assert_null(aggregates_state(story.aggregates, &job, &type_contract_state));
    assert_null(aggregates_state(story.aggregates, &none, &type_job_state));
}

static void only_people_act_for_themselves(void **state)
{
    (void)state;
    struct actor reactor = actor_of(ANA), nobody = actor_of(NOBODY);
    reactor.kind = ACTOR_KIND_SYSTEM;
    struct uuid ana = story_id(ANA);
    assert_false(actor_is(&reactor, &ana));
    assert_false(actor_has_role(&reactor, ROLE_CLIENT));
    assert_false(actor_is(&nobody, &uuid_nil));
}

/* ---- the tables are complete ---- */

static const struct {
    const char *service;
    const struct decider *decider;
} deciders[] = {
    {"user",    &user_decider   },
    {"job",     &job_decider    },
    {"payment", &payment_decider},
};

/* Rows that move the event's own aggregate: exactly one, whatever else it indexes. */
static size_t own_folds(const struct decider *d, const struct record_type *event)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n_folds; i++)
        n += d->folds[i].event == event && !(d->folds[i].flags & FOLD_INDEX) && !d->folds[i].target;
    return n;
}

static void check_table(const char *service, const struct decider *d)
{
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        if (strcmp(t->service, service) != 0)
            continue;
        if (t->role == RECORD_COMMAND && !decider_command(d, t))
            fail_msg("no rule for the command %s", t->name);
        if (t->role == RECORD_EVENT && own_folds(d, t) != 1)
            fail_msg("%zu fold rows for the event %s", own_folds(d, t), t->name);
    }
}

static void every_command_has_a_rule_and_every_event_a_fold(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(deciders); i++)
        check_table(deciders[i].service, deciders[i].decider);
}

static void tables_hold_records_of_their_service(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_SIZE(deciders); k++) {
        const struct decider *d = deciders[k].decider;
        for (size_t i = 0; i < d->n_commands; i++) {
            assert_string_equal(d->commands[i].command->service, deciders[k].service);
            assert_int_equal(d->commands[i].command->role, RECORD_COMMAND);
        }
        for (size_t i = 0; i < d->n_folds; i++) {
            assert_string_equal(d->folds[i].event->service, deciders[k].service);
            assert_int_equal(d->folds[i].event->role, RECORD_EVENT);
            assert_int_equal(d->folds[i].state->role, RECORD_STATE);
        }
    }
}

static void a_foreign_command_has_no_rule(void **state)
{
    (void)state;
    assert_null(decider_command(&user_decider, &type_post_job));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(events_are_stamped),
        RULE(every_event_has_an_id_of_its_own),
        RULE(deciding_again_says_the_same),
        RULE(a_refusal_has_an_id_that_no_change_has),
        RULE(event_ids_are_frozen),
        RULE(versions_have_no_gaps),
        RULE(a_hire_moves_each_aggregate_by_one),
        RULE(a_refusal_names_command_and_current_version),
        RULE(a_refusal_of_what_does_not_exist_has_version_0),
        RULE(the_expected_version_is_the_etag),
        RULE(the_first_named_aggregate_is_compared),
        RULE(a_refusal_of_the_rules_wins_over_the_version),
        RULE(a_forced_reason_decides_nothing),
        RULE(a_later_command_sees_what_an_earlier_one_did),
        RULE(a_job_lists_its_live_applications),
        RULE(a_job_that_does_not_exist_lists_nothing),
        RULE(many_aggregates_are_found_again),
        RULE(a_state_is_found_under_its_type_only),
        RULE(only_people_act_for_themselves),
        RULE(every_command_has_a_rule_and_every_event_a_fold),
        RULE(tables_hold_records_of_their_service),
        RULE(a_foreign_command_has_no_rule),
    };
    return cmocka_run_group_tests_name("decider", tests, NULL, NULL);
}

/* Rules of messages and threads: who writes to whom, what was read. */
#include "producers/messaging/messaging.h"
#include "tests/unit/given_when_then.h"

/* Ana's id is smaller than Ben's. */
enum { NOBODY, ANA, BEN, CAT, REACTOR, THE_JOB = 100, OTHER_JOB, ANY_COMMAND = 200, A_MESSAGE };

#define AT(us) (STORY_NOW_US - 1000 + (us)) /* before now: us < 1000 */

static int messaging_story_begin(void **state)
{
    (void)state;
    story_begin(&messaging_decider);
    return 0;
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, messaging_story_begin, story_end)

/* A reactor is nobody's id. */
static struct actor actor_of(unsigned who)
{
    if (who == REACTOR)
        return (struct actor){.kind = ACTOR_KIND_SYSTEM};
    return (struct actor){.kind = who == NOBODY ? ACTOR_KIND_ANONYMOUS : ACTOR_KIND_USER,
                          .id = story_id(who)};
}

/* job 0 = about none */
static struct uuid thread_of(unsigned one, unsigned other, unsigned job)
{
    struct uuid first = story_id(one), second = story_id(other), about = story_id(job);
    return thread_id_of(&first, &second, job ? &about : NULL);
}

/* Events of a thread of two. */
#define MESSAGE_ABOUT(job, from, to)                                                      \
    STORY_EVENT(message_sent, thread_of(from, to, job), .sender_id = story_id(from),      \
                .message_id = story_id(A_MESSAGE + (from)), .recipient_id = story_id(to), \
                .has_job_id = (job) != 0, .job_id = story_id(job), .body = "Hello")
#define message_sent(from, to) MESSAGE_ABOUT(0, from, to)
#define thread_read(reader, time) \
    STORY_EVENT(thread_read, thread_of(ANA, BEN, 0), .reader_id = story_id(reader), .up_to = (time))

/* What a command of a story can say; each command takes what it needs. */
struct message_words {
    unsigned actor;      /* who sends it */
    unsigned to;         /* 0 = Ben */
    unsigned job;        /* 0 = about none */
    unsigned command_id; /* 0 = the id that fits */
    unsigned thread[2];  /* whose thread; 0 = that of the two */
    int64_t up_to;
};

static struct command_meta meta_of(const struct message_words *w, unsigned command_id)
{
    return (struct command_meta){
        .command_id = w->command_id               ? story_id(w->command_id)
                      : command_id == ANY_COMMAND ? story_new_id()
                                                  : story_id(command_id),
        .actor = actor_of(w->actor),
        .issued_at = STORY_NOW_US,
    };
}

static struct record send_message_(const struct message_words *w)
{
    unsigned to = w->to ? w->to : BEN;
    struct send_message *c = ARENA_NEW(&story.arena, struct send_message);
    c->meta = meta_of(w, A_MESSAGE + w->actor);
    c->thread_id = w->thread[0] ? thread_of(w->thread[0], w->thread[1], w->job)
                                : thread_of(w->actor, to, w->job);
    c->message_id = story_id(A_MESSAGE + w->actor);
    c->to = story_id(to);
    c->has_job_id = w->job != 0;
    c->job_id = story_id(w->job);
    c->body = "Hello";
    return (struct record){&type_send_message, c};
}

static struct record mark_thread_read_(const struct message_words *w)
{
    struct mark_thread_read *c = ARENA_NEW(&story.arena, struct mark_thread_read);
    c->meta = meta_of(w, ANY_COMMAND);
    c->thread_id = thread_of(ANA, BEN, 0);
    c->up_to = w->up_to;
    return (struct record){&type_mark_thread_read, c};
}

#define send_message(...)     send_message_(&(struct message_words){__VA_ARGS__})
#define mark_thread_read(...) mark_thread_read_(&(struct message_words){__VA_ARGS__})

static const struct aggregate *the_thread(void)
{
    struct uuid id = thread_of(ANA, BEN, 0);
    return aggregates_find(story.aggregates, &id);
}

static void expect_marks(int64_t of_ana, int64_t of_ben)
{
    const struct thread_state *thread = the_thread()->state;
    assert_non_null(thread);
    assert_int_equal(thread->first_read_up_to, of_ana);
    assert_int_equal(thread->second_read_up_to, of_ben);
}

static void a_first_message_opens_a_thread(void **state)
{
    (void)state;
    WHEN(send_message(.actor = ANA, .to = BEN));
    THEN(message_sent(ANA, BEN));
    assert_int_equal(the_thread()->version, 1);
}

static void an_answer_joins_the_thread(void **state)
{
    (void)state;
    GIVEN(message_sent(ANA, BEN));
    WHEN(send_message(.actor = BEN, .to = ANA));
    THEN(message_sent(BEN, ANA));
    assert_int_equal(the_thread()->version, 2);
}

static void a_message_may_be_about_a_job(void **state)
{
    (void)state;
    WHEN(send_message(.actor = BEN, .to = ANA, .job = THE_JOB));
    THEN(MESSAGE_ABOUT(THE_JOB, BEN, ANA));
    assert_null(the_thread()); /* theirs about no job is another */
}

/* Both belong to one thread; in one batch they were two threads to the view, for one key. */
static void the_nil_job_is_no_job(void **state)
{
    (void)state;
    struct record command = send_message(.actor = ANA, .to = BEN);
    struct send_message *c = command.value;
    c->has_job_id = true;
    WHEN(command);
    THEN(message_sent(ANA, BEN));
}

static void nobody_writes_to_oneself(void **state)
{
    (void)state;
    WHEN(send_message(.actor = ANA, .to = ANA));
    THEN_REJECTED("own_message");
}

static void only_users_write(void **state)
{
    (void)state;
    WHEN(send_message(.actor = NOBODY, .to = BEN));
    THEN_REJECTED("not_a_party");
    WHEN(send_message(.actor = REACTOR, .to = BEN));
    THEN_REJECTED("not_a_party");
}

static void nobody_writes_into_the_thread_of_others(void **state)
{
    (void)state;
    GIVEN(message_sent(ANA, BEN));
    WHEN(send_message(.actor = CAT, .to = BEN, .thread = {ANA, BEN}));
    THEN_REJECTED("not_a_party");
    WHEN(send_message(.actor = ANA, .to = CAT, .thread = {ANA, BEN}));
    THEN_REJECTED("not_a_party");
}

static void a_message_stays_with_its_job(void **state)
{
    (void)state;
    struct record command = send_message(.actor = ANA, .to = BEN, .job = THE_JOB);
    struct send_message *c = command.value;
    c->job_id = story_id(OTHER_JOB);
    WHEN(command);
    THEN_REJECTED("not_a_party");
    c->has_job_id = false;
    WHEN(command);
    THEN_REJECTED("not_a_party");
}

static void a_message_carries_the_id_of_its_command(void **state)
{
    (void)state;
    WHEN(send_message(.actor = ANA, .to = BEN, .command_id = ANY_COMMAND));
    THEN_REJECTED("not_the_owner");
}

/* Its outcome may be forgotten, and then it is decided again. */
static void a_message_is_sent_once(void **state)
{
    (void)state;
    WHEN(send_message(.actor = ANA, .to = BEN));
    THEN(message_sent(ANA, BEN));
    WHEN(send_message(.actor = ANA, .to = BEN));
    THEN_REJECTED("already_exists");
    assert_int_equal(the_thread()->version, 1);
}

static void a_participant_marks_what_was_read(void **state)
{
    (void)state;
    GIVEN(message_sent(ANA, BEN));
    WHEN(mark_thread_read(.actor = BEN, .up_to = AT(5)));
    THEN(thread_read(BEN, AT(5)));
    WHEN(mark_thread_read(.actor = ANA, .up_to = AT(3)));
    THEN(thread_read(ANA, AT(3)));
    expect_marks(AT(3), AT(5));
}

static void a_mark_never_goes_back(void **state)
{
    (void)state;
    GIVEN(message_sent(ANA, BEN), thread_read(BEN, AT(5)), thread_read(ANA, AT(9)));
    WHEN(mark_thread_read(.actor = BEN, .up_to = AT(4)));
    THEN(thread_read(BEN, AT(5)));
    WHEN(mark_thread_read(.actor = ANA, .up_to = AT(8)));
    THEN(thread_read(ANA, AT(9)));
    WHEN(mark_thread_read(.actor = ANA, .up_to = -1));
    THEN(thread_read(ANA, AT(9)));
    expect_marks(AT(9), AT(5));
}

static void each_has_a_mark_of_the_own(void **state)
{
    (void)state;
    GIVEN(message_sent(BEN, ANA), thread_read(ANA, AT(9)));
    WHEN(mark_thread_read(.actor = BEN, .up_to = AT(4)));
    THEN(thread_read(BEN, AT(4)));
    expect_marks(AT(9), AT(4));
}

static void nothing_is_read_before_it_is_sent(void **state)
{
    (void)state;
    GIVEN(message_sent(ANA, BEN));
    WHEN(mark_thread_read(.actor = BEN, .up_to = STORY_NOW_US + 1));
    THEN(thread_read(BEN, STORY_NOW_US));
    WHEN(mark_thread_read(.actor = BEN, .up_to = INT64_MAX));
    THEN(thread_read(BEN, STORY_NOW_US));
    WHEN(mark_thread_read(.actor = ANA, .up_to = STORY_NOW_US));
    THEN(thread_read(ANA, STORY_NOW_US));
}

static void a_clock_that_stepped_back_takes_no_mark_back(void **state)
{
    (void)state;
    GIVEN(message_sent(ANA, BEN), thread_read(BEN, STORY_NOW_US));
    story.now_us = STORY_NOW_US - 50;
    WHEN(mark_thread_read(.actor = BEN, .up_to = STORY_NOW_US));
    THEN(thread_read(BEN, STORY_NOW_US));
}

static void a_mark_before_all_times_is_none(void **state)
{
    (void)state;
    GIVEN(message_sent(ANA, BEN));
    WHEN(mark_thread_read(.actor = BEN, .up_to = -1));
    THEN(thread_read(BEN, 0));
}

static void only_participants_mark(void **state)
{
    (void)state;
    GIVEN(message_sent(ANA, BEN));
    WHEN(mark_thread_read(.actor = CAT, .up_to = AT(5)));
    THEN_REJECTED("not_a_party");
    WHEN(mark_thread_read(.actor = NOBODY, .up_to = AT(5)));
    THEN_REJECTED("not_a_party");
    WHEN(mark_thread_read(.actor = REACTOR, .up_to = AT(5)));
    THEN_REJECTED("not_a_party");
}

static void what_does_not_exist_is_not_marked(void **state)
{
    (void)state;
    WHEN(mark_thread_read(.actor = ANA, .up_to = AT(5)));
    THEN_REJECTED("not_found");
    WHEN(send_message(.actor = ANA, .to = BEN, .job = THE_JOB)); /* opens another thread */
    WHEN(mark_thread_read(.actor = ANA, .up_to = AT(5)));
    THEN_REJECTED("not_found");
}

static void a_message_moves_no_mark(void **state)
{
    (void)state;
    GIVEN(message_sent(ANA, BEN));
    expect_marks(0, 0);
    GIVEN(thread_read(BEN, AT(5)), thread_read(ANA, AT(6)), message_sent(BEN, ANA),
          message_sent(ANA, BEN));
    expect_marks(AT(6), AT(5));
}

static void the_state_keeps_the_pair_sorted(void **state)
{
    (void)state;
    struct uuid ana = story_id(ANA), ben = story_id(BEN);
    GIVEN(message_sent(BEN, ANA));
    const struct thread_state *thread = the_thread()->state;
    assert_ptr_equal(the_thread()->type, &type_thread_state);
    assert_true(uuid_equal(&thread->first_id, &ana));
    assert_true(uuid_equal(&thread->second_id, &ben));
    GIVEN(message_sent(ANA, BEN));
    assert_ptr_equal(the_thread()->state, thread);
}

static void every_event_moves_the_etag(void **state)
{
    (void)state;
    GIVEN(message_sent(ANA, BEN), thread_read(BEN, AT(5)));
    assert_int_equal(the_thread()->version, 2);
    assert_int_equal(the_thread()->etag, 2);
    GIVEN(message_sent(BEN, ANA));
    assert_int_equal(the_thread()->etag, 3);
}

static void a_thread_is_of_a_pair_and_a_job(void **state)
{
    (void)state;
    struct uuid about_none = thread_of(ANA, BEN, 0), turned = thread_of(BEN, ANA, 0),
                about_job = thread_of(ANA, BEN, THE_JOB), job_turned = thread_of(BEN, ANA, THE_JOB),
                about_other = thread_of(ANA, BEN, OTHER_JOB), others = thread_of(ANA, CAT, 0);
    assert_true(uuid_equal(&about_none, &turned));
    assert_true(uuid_equal(&about_job, &job_turned));
    assert_false(uuid_equal(&about_none, &about_job));
    assert_false(uuid_equal(&about_job, &about_other));
    assert_false(uuid_equal(&about_none, &others));
}

/* Written out: logs carry it, so no release may change it. */
static void the_id_follows_from_the_sorted_pair_and_the_job(void **state)
{
    (void)state;
    struct uuid expected = uuid_v5_of("thread", "00000000-0000-0000-0000-000000000001",
                                      "00000000-0000-0000-0000-000000000002",
                                      "00000000-0000-0000-0000-000000000064", NULL);
    struct uuid id = thread_of(BEN, ANA, THE_JOB);
    assert_true(uuid_equal(&id, &expected));
    expected = uuid_v5_of("thread", "00000000-0000-0000-0000-000000000001",
                          "00000000-0000-0000-0000-000000000002",
                          "00000000-0000-0000-0000-000000000000", NULL);
    id = thread_of(BEN, ANA, 0);
    assert_true(uuid_equal(&id, &expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(a_first_message_opens_a_thread),
        RULE(an_answer_joins_the_thread),
        RULE(a_message_may_be_about_a_job),
        RULE(the_nil_job_is_no_job),
        RULE(nobody_writes_to_oneself),
        RULE(only_users_write),
        RULE(nobody_writes_into_the_thread_of_others),
        RULE(a_message_stays_with_its_job),
        RULE(a_message_carries_the_id_of_its_command),
        RULE(a_message_is_sent_once),
        RULE(a_participant_marks_what_was_read),
        RULE(a_mark_never_goes_back),
        RULE(each_has_a_mark_of_the_own),
        RULE(nothing_is_read_before_it_is_sent),
        RULE(a_clock_that_stepped_back_takes_no_mark_back),
        RULE(a_mark_before_all_times_is_none),
        RULE(only_participants_mark),
        RULE(what_does_not_exist_is_not_marked),
        RULE(a_message_moves_no_mark),
        RULE(the_state_keeps_the_pair_sorted),
        RULE(every_event_moves_the_etag),
        RULE(a_thread_is_of_a_pair_and_a_job),
        RULE(the_id_follows_from_the_sorted_pair_and_the_job),
    };
    return cmocka_run_group_tests_name("messaging", tests, NULL, NULL);
}

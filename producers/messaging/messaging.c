#include "producers/messaging/messaging.h"

#include "schemas/records.h"

struct uuid
thread_id_of(const struct uuid *one, const struct uuid *other, const struct uuid *job_id)
{
    bool sorted = uuid_compare(one, other) <= 0;
    char first[UUID_TEXT_LEN + 1], second[UUID_TEXT_LEN + 1], job[UUID_TEXT_LEN + 1];
    uuid_format(sorted ? one : other, first);
    uuid_format(sorted ? other : one, second);
    uuid_format(job_id ? job_id : &uuid_nil, job);
    return uuid_v5_of("thread", first, second, job, NULL);
}

static void send_message_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct send_message *c = command;
    uuid_list_add(ret, a, &c->thread_id);
    uuid_list_add(ret, a, &c->message_id);
}

/* Who writes as one of the pair has the right thread id by that alone: no state is asked. */
static bool names_its_thread(const struct send_message *c)
{
    struct uuid id = thread_id_of(&c->meta.actor.id, &c->to, c->has_job_id ? &c->job_id : NULL);
    return uuid_equal(&id, &c->thread_id);
}

/* The nil job gives the thread about none, so its messages must say the same: all messages of a
 * thread agree about the job, which the view relies on. */
static bool is_about_a_job(const struct send_message *c)
{
    return c->has_job_id && !uuid_equal(&c->job_id, &uuid_nil);
}

static const char *
send_message(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct send_message *c = command;
    const struct actor *actor = &c->meta.actor;
    REFUSE_UNLESS(actor->kind == ACTOR_KIND_USER, "not_a_party");
    REFUSE_UNLESS(!actor_is(actor, &c->to), "own_message");
    REFUSE_UNLESS(names_its_thread(c), "not_a_party");
    REFUSE_UNLESS(uuid_equal(&c->message_id, &c->meta.command_id), "not_the_owner");
    REFUSE_UNLESS(!aggregates_state(in->aggregates, &c->message_id, &type_message_state),
                  "already_exists");
    struct message_sent *e = decision_emit(out, &type_message_sent, &c->thread_id);
    e->message_id = c->message_id;
    e->sender_id = actor->id;
    e->recipient_id = c->to;
    e->has_job_id = is_about_a_job(c);
    e->job_id = c->job_id;
    e->body = c->body;
    return NULL;
}

static void mark_thread_read_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct mark_thread_read *c = command;
    uuid_list_add(ret, a, &c->thread_id);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* A mark in the future would hide messages yet to come: it ends at now. The old mark stays a lower
 * bound, so that requests that overtake each other do no harm. */
static const char *
mark_thread_read(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct mark_thread_read *c = command;
    const struct actor *actor = &c->meta.actor;
    const struct thread_state *thread =
        aggregates_state(in->aggregates, &c->thread_id, &type_thread_state);
    REFUSE_UNLESS(thread, "not_found");
    bool first = actor_is(actor, &thread->first_id);
    REFUSE_UNLESS(first || actor_is(actor, &thread->second_id), "not_a_party");
    int64_t mark = first ? thread->first_read_up_to : thread->second_read_up_to;
    struct thread_read *e = decision_emit(out, &type_thread_read, &c->thread_id);
    e->reader_id = actor->id;
    e->up_to = later(mark, earlier(c->up_to, in->now_us));
    return NULL;
}

static const struct command_rule commands[] = {
    {&type_send_message,     send_message_reads,     NULL, send_message    },
    {&type_mark_thread_read, mark_thread_read_reads, NULL, mark_thread_read},
};

/* The first message opens the thread; later ones move no mark, not even the sender's. */
static const void *message_sent(const void *state, const void *event, struct arena *a)
{
    if (state)
        return state;
    const struct message_sent *e = event;
    bool sorted = uuid_compare(&e->sender_id, &e->recipient_id) <= 0;
    struct thread_state *thread = ARENA_NEW(a, struct thread_state);
    thread->first_id = sorted ? e->sender_id : e->recipient_id;
    thread->second_id = sorted ? e->recipient_id : e->sender_id;
    return thread;
}

static struct uuid message_of(const void *event)
{
    const struct message_sent *e = event;
    return e->message_id;
}

static const void *message_kept(const void *state, const void *event, struct arena *a)
{
    (void)state;
    const struct message_sent *e = event;
    struct message_state *message = ARENA_NEW(a, struct message_state);
    message->thread_id = e->meta.aggregate_id;
    return message;
}

static const void *thread_read(const void *state, const void *event, struct arena *a)
{
    if (!state)
        return NULL;
    const struct thread_read *e = event;
    struct thread_state *thread = ARENA_NEW(a, struct thread_state);
    *thread = *(const struct thread_state *)state;
    bool first = uuid_equal(&e->reader_id, &thread->first_id);
    *(first ? &thread->first_read_up_to : &thread->second_read_up_to) = e->up_to;
    return thread;
}

static const struct fold_rule folds[] = {
    {&type_message_sent, &type_thread_state,  message_sent, NULL,       0         },
    {&type_message_sent, &type_message_state, message_kept, message_of, FOLD_INDEX},
    {&type_thread_read,  &type_thread_state,  thread_read,  NULL,       0         },
};

const struct decider messaging_decider = {
    .fold_version = 2,
    .commands = commands,
    .n_commands = ARRAY_SIZE(commands),
    .folds = folds,
    .n_folds = ARRAY_SIZE(folds),
};

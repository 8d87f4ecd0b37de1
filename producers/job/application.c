#include <assert.h>

#include "producers/command_ids.h"
#include "producers/job/parts.h"

struct uuid application_id_of(const struct uuid *job_id, const struct uuid *freelancer_id)
{
    char job[UUID_TEXT_LEN + 1], freelancer[UUID_TEXT_LEN + 1];
    uuid_format(job_id, job);
    uuid_format(freelancer_id, freelancer);
    return uuid_v5_of("application", job, freelancer, NULL);
}

const struct application_state *
application_find(const struct decide_input *in, const struct uuid *id, const struct uuid *job_id)
{
    const struct application_state *s =
        aggregates_state(in->aggregates, id, &type_application_state);
    return s && uuid_equal(&s->job_id, job_id) ? s : NULL;
}

void submit_application_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct submit_application *c = command;
    struct uuid id = application_id_of(&c->job_id, &c->meta.actor.id);
    uuid_list_add(ret, a, &id);
    uuid_list_add(ret, a, &c->job_id);
}

/* What an earlier application of the same freelancer for the same job means for a new one. */
static const char *const refusal_after[APPLICATION_STATUS_N] = {
    [APPLICATION_STATUS_SUBMITTED] = "already_applied",
    [APPLICATION_STATUS_WITHDRAWN] = NULL, /* may be sent again */
    [APPLICATION_STATUS_DECLINED] = "application_declined",
    [APPLICATION_STATUS_ACCEPTED] = "already_applied",
};

static const char *refuse_applicant(const struct job_state *job, const struct actor *actor)
{
    REFUSE_UNLESS(job, "not_found");
    REFUSE_UNLESS(actor_has_role(actor, ROLE_FREELANCER), "not_a_freelancer");
    REFUSE_UNLESS(!actor_is(actor, &job->client_id), "own_job");
    REFUSE_UNLESS(job->status == JOB_STATUS_OPEN, "job_not_open");
    return NULL;
}

static bool done_before(const struct application_state *s, const struct command_meta *meta)
{
    return command_ids_have(s->commands.items, s->commands.n, &meta->command_id);
}

/* There is room for taking it back, too. */
static const char *refuse_again(const struct application_state *earlier,
                                const struct command_meta *meta)
{
    REFUSE_UNLESS(!done_before(earlier, meta), "already_done");
    if (refusal_after[earlier->status])
        return refusal_after[earlier->status];
    REFUSE_UNLESS(earlier->commands.n + 2 <= APPLICATION_COMMANDS_MAX, "too_many_submissions");
    return NULL;
}

const char *
submit_application(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct submit_application *c = command;
    const struct actor *actor = &c->meta.actor;
    const struct job_state *job = job_find(in, &c->job_id);
    const char *refused = refuse_applicant(job, actor);
    if (refused)
        return refused;
    struct uuid id = application_id_of(&c->job_id, &actor->id);
    const struct application_state *earlier = application_find(in, &id, &c->job_id);
    refused = earlier ? refuse_again(earlier, &c->meta) : NULL;
    if (refused)
        return refused;
    REFUSE_UNLESS(job->live_applications.n < LIVE_APPLICATIONS_MAX, "too_many_applications");
    struct application_submitted *e = decision_emit(out, &type_application_submitted, &id);
    e->job_id = c->job_id;
    e->freelancer_id = actor->id;
    e->cover_letter = c->cover_letter;
    e->bid = c->bid;
    return NULL;
}

void withdraw_application_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct withdraw_application *c = command;
    uuid_list_add(ret, a, &c->application_id);
    uuid_list_add(ret, a, &c->job_id);
}

const char *
withdraw_application(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct withdraw_application *c = command;
    const struct application_state *application =
        application_find(in, &c->application_id, &c->job_id);
    REFUSE_UNLESS(application, "not_found");
    REFUSE_UNLESS(actor_is(&c->meta.actor, &application->freelancer_id), "not_the_owner");
    REFUSE_UNLESS(!done_before(application, &c->meta), "already_done");
    REFUSE_UNLESS(application->status == APPLICATION_STATUS_SUBMITTED, "application_not_live");
    struct application_withdrawn *e =
        decision_emit(out, &type_application_withdrawn, &c->application_id);
    e->job_id = c->job_id;
    e->freelancer_id = application->freelancer_id;
    return NULL;
}

void decline_application_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct decline_application *c = command;
    uuid_list_add(ret, a, &c->application_id);
    uuid_list_add(ret, a, &c->job_id);
}

static void emit_declined(struct decision *out,
                          const struct uuid *id,
                          const struct application_state *application)
{
    struct application_declined *e = decision_emit(out, &type_application_declined, id);
    e->job_id = application->job_id;
    e->freelancer_id = application->freelancer_id;
}

const char *
decline_application(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct decline_application *c = command;
    const struct job_state *job = job_find(in, &c->job_id);
    const struct application_state *application =
        application_find(in, &c->application_id, &c->job_id);
    REFUSE_UNLESS(job && application, "not_found");
    REFUSE_UNLESS(actor_is(&c->meta.actor, &job->client_id), "not_the_owner");
    REFUSE_UNLESS(application->status == APPLICATION_STATUS_SUBMITTED, "application_not_live");
    emit_declined(out, &c->application_id, application);
    return NULL;
}

void applications_decline(const struct decide_input *in,
                          const struct uuid *job_id,
                          const struct uuid *spared,
                          struct decision *out)
{
    const struct job_state *job = job_find(in, job_id);
    for (size_t i = 0; i < job->live_applications.n; i++) {
        const struct uuid *id = &job->live_applications.items[i];
        if (spared && uuid_equal(id, spared))
            continue;
        const struct application_state *application = application_find(in, id, job_id);
        assert(application); /* the list and the states come from the same events */
        emit_declined(out, id, application);
    }
}

static void remember(struct application_state *application,
                     const struct application_state *old,
                     const struct event_meta *meta,
                     struct arena *a)
{
    application->commands.items =
        command_ids_with(old ? old->commands.items : NULL, old ? old->commands.n : 0,
                         APPLICATION_COMMANDS_MAX, &meta->command_id, a, &application->commands.n);
}

const void *application_submitted(const void *state, const void *event, struct arena *a)
{
    const struct application_submitted *e = event;
    struct application_state *application = ARENA_NEW(a, struct application_state);
    application->job_id = e->job_id;
    application->freelancer_id = e->freelancer_id;
    application->status = APPLICATION_STATUS_SUBMITTED;
    application->bid = e->bid;
    remember(application, state, &e->meta, a);
    return application;
}

static struct application_state *
ended(const void *state, enum application_status status, struct arena *a)
{
    if (!state)
        return NULL;
    struct application_state *application = ARENA_NEW(a, struct application_state);
    *application = *(const struct application_state *)state;
    application->status = status;
    return application;
}

const void *application_withdrawn(const void *state, const void *event, struct arena *a)
{
    const struct application_withdrawn *e = event;
    struct application_state *application = ended(state, APPLICATION_STATUS_WITHDRAWN, a);
    if (application)
        remember(application, state, &e->meta, a);
    return application;
}

const void *application_declined(const void *state, const void *event, struct arena *a)
{
    (void)event;
    return ended(state, APPLICATION_STATUS_DECLINED, a);
}

const void *application_accepted(const void *state, const void *event, struct arena *a)
{
    (void)event;
    return ended(state, APPLICATION_STATUS_ACCEPTED, a);
}

#define JOB_ID_AT offsetof(struct application_submitted, job_id)
static_assert(offsetof(struct application_withdrawn, job_id) == JOB_ID_AT, "job_id after meta");
static_assert(offsetof(struct application_declined, job_id) == JOB_ID_AT, "job_id after meta");
static_assert(offsetof(struct application_accepted, job_id) == JOB_ID_AT, "job_id after meta");

struct uuid application_job(const void *event)
{
    const void *job_id = (const char *)event + JOB_ID_AT;
    return *(const struct uuid *)job_id;
}

#include "producers/job/job.h"

#include "producers/job/parts.h"

const struct job_state *job_find(const struct decide_input *in, const struct uuid *job_id)
{
    return aggregates_state(in->aggregates, job_id, &type_job_state);
}

const char *job_refuse(const struct job_state *job, const struct actor *actor)
{
    REFUSE_UNLESS(job, "not_found");
    REFUSE_UNLESS(actor_is(actor, &job->client_id), "not_the_owner");
    REFUSE_UNLESS(job->status == JOB_STATUS_OPEN, "job_not_open");
    return NULL;
}

static void add_live_applications(const struct decide_input *in,
                                  const struct uuid *job_id,
                                  struct uuid_list *ret)
{
    const struct job_state *job = job_find(in, job_id);
    for (size_t i = 0; job && i < job->live_applications.n; i++)
        uuid_list_add(ret, in->arena, &job->live_applications.items[i]);
}

static void post_job_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct post_job *c = command;
    uuid_list_add(ret, a, &c->job_id);
}

static const char *
post_job(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct post_job *c = command;
    REFUSE_UNLESS(!aggregates_exists(in->aggregates, &c->job_id), "already_exists");
    REFUSE_UNLESS(actor_has_role(&c->meta.actor, ROLE_CLIENT), "not_a_client");
    REFUSE_UNLESS(uuid_equal(&c->job_id, &c->meta.command_id), "not_the_owner");
    struct job_posted *e = decision_emit(out, &type_job_posted, &c->job_id);
    e->client_id = c->meta.actor.id;
    e->title = c->title;
    e->description = c->description;
    e->skills.items = c->skills.items;
    e->skills.n = c->skills.n;
    e->budget = c->budget;
    return NULL;
}

static void edit_job_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct edit_job *c = command;
    uuid_list_add(ret, a, &c->job_id);
}

static const char *
edit_job(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct edit_job *c = command;
    const char *refused = job_refuse(job_find(in, &c->job_id), &c->meta.actor);
    if (refused)
        return refused;
    REFUSE_UNLESS(c->has_title || c->has_description || c->has_skills || c->has_budget,
                  "nothing_to_change");
    struct job_edited *e = decision_emit(out, &type_job_edited, &c->job_id);
    e->has_title = c->has_title;
    e->title = c->title;
    e->has_description = c->has_description;
    e->description = c->description;
    e->has_skills = c->has_skills;
    e->skills.items = c->skills.items;
    e->skills.n = c->skills.n;
    e->has_budget = c->has_budget;
    e->budget = c->budget;
    return NULL;
}

static void close_job_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct close_job *c = command;
    uuid_list_add(ret, a, &c->job_id);
}

static void
close_job_lists(const struct decide_input *in, const void *command, struct uuid_list *ret)
{
    const struct close_job *c = command;
    add_live_applications(in, &c->job_id, ret);
}

static const char *
close_job(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct close_job *c = command;
    const char *refused = job_refuse(job_find(in, &c->job_id), &c->meta.actor);
    if (refused)
        return refused;
    struct job_closed *e = decision_emit(out, &type_job_closed, &c->job_id);
    e->reason = c->reason;
    applications_decline(in, &c->job_id, NULL, out);
    return NULL;
}

static void
hire_freelancer_lists(const struct decide_input *in, const void *command, struct uuid_list *ret)
{
    const struct hire_freelancer *c = command;
    add_live_applications(in, &c->job_id, ret);
}

static const struct command_rule commands[] = {
    {&type_post_job,             post_job_reads,             NULL,                  post_job            },
    {&type_edit_job,             edit_job_reads,             NULL,                  edit_job            },
    {&type_close_job,            close_job_reads,            close_job_lists,       close_job           },
    {&type_submit_application,   submit_application_reads,   NULL,                  submit_application  },
    {&type_withdraw_application, withdraw_application_reads, NULL,                  withdraw_application},
    {&type_decline_application,  decline_application_reads,  NULL,                  decline_application },
    {&type_hire_freelancer,      hire_freelancer_reads,      hire_freelancer_lists, hire_freelancer     },
    {&type_complete_contract,    complete_contract_reads,    NULL,                  complete_contract   },
    {&type_cancel_contract,      cancel_contract_reads,      NULL,                  cancel_contract     },
};

static const void *posted(const void *state, const void *event, struct arena *a)
{
    (void)state;
    const struct job_posted *e = event;
    struct job_state *job = ARENA_NEW(a, struct job_state);
    job->client_id = e->client_id;
    job->status = JOB_STATUS_OPEN;
    return job;
}

static struct job_state *copy(const void *state, struct arena *a)
{
    struct job_state *job = ARENA_NEW(a, struct job_state);
    *job = *(const struct job_state *)state;
    return job;
}

/* The command that ends a job also ends its live applications, so the list goes at once, not one by
 * one. */
static const void *ended(const void *state, enum job_status status, struct arena *a)
{
    if (!state)
        return NULL;
    struct job_state *job = copy(state, a);
    job->status = status;
    job->live_applications.items = NULL;
    job->live_applications.n = 0;
    return job;
}

static const void *filled(const void *state, const void *event, struct arena *a)
{
    (void)event;
    return ended(state, JOB_STATUS_FILLED, a);
}

static const void *closed(const void *state, const void *event, struct arena *a)
{
    (void)event;
    return ended(state, JOB_STATUS_CLOSED, a);
}

static size_t live_index(const struct job_state *job, const struct uuid *id)
{
    size_t i = 0;
    while (i < job->live_applications.n && !uuid_equal(&job->live_applications.items[i], id))
        i++;
    return i;
}

static const void *live_added(const void *state, const void *event, struct arena *a)
{
    const struct job_state *old = state;
    const struct event_meta *meta = event;
    if (!old || live_index(old, &meta->aggregate_id) < old->live_applications.n)
        return old;
    size_t n = old->live_applications.n;
    struct job_state *job = copy(old, a);
    job->live_applications.items = ARENA_ARRAY(a, struct uuid, n + 1);
    for (size_t i = 0; i < n; i++)
        job->live_applications.items[i] = old->live_applications.items[i];
    job->live_applications.items[n] = meta->aggregate_id;
    job->live_applications.n = n + 1;
    return job;
}

static const void *live_removed(const void *state, const void *event, struct arena *a)
{
    const struct job_state *old = state;
    const struct event_meta *meta = event;
    size_t gone = old ? live_index(old, &meta->aggregate_id) : 0;
    if (!old || gone == old->live_applications.n)
        return old;
    size_t n = old->live_applications.n - 1;
    struct job_state *job = copy(old, a);
    job->live_applications.items = ARENA_ARRAY(a, struct uuid, n);
    for (size_t i = 0; i < n; i++)
        job->live_applications.items[i] = old->live_applications.items[i + (i >= gone)];
    job->live_applications.n = n;
    return job;
}

static const struct fold_rule folds[] = {
    {&type_job_posted,            &type_job_state,         posted,                NULL,            0         },
    {&type_job_edited,            &type_job_state,         NULL,                  NULL,            0         },
    {&type_job_closed,            &type_job_state,         closed,                NULL,            0         },
    {&type_job_filled,            &type_job_state,         filled,                NULL,            0         },

    {&type_application_submitted, &type_application_state, application_submitted, NULL,            0         },
    {&type_application_withdrawn, &type_application_state, application_withdrawn, NULL,            0         },
    {&type_application_declined,  &type_application_state, application_declined,  NULL,            0         },
    {&type_application_accepted,  &type_application_state, application_accepted,  NULL,            0         },

    {&type_application_submitted, &type_job_state,         live_added,            application_job, FOLD_INDEX},
    {&type_application_withdrawn, &type_job_state,         live_removed,          application_job, FOLD_INDEX},
    {&type_application_declined,  &type_job_state,         live_removed,          application_job, FOLD_INDEX},
    {&type_application_accepted,  &type_job_state,         live_removed,          application_job, FOLD_INDEX},

    {&type_freelancer_hired,      &type_contract_state,    contract_started,      NULL,            0         },
    {&type_contract_completed,    &type_contract_state,    contract_completed,    NULL,            0         },
    {&type_contract_cancelled,    &type_contract_state,    contract_cancelled,    NULL,            0         },
};

const struct decider job_decider = {
    .fold_version = 2,
    .commands = commands,
    .n_commands = ARRAY_SIZE(commands),
    .folds = folds,
    .n_folds = ARRAY_SIZE(folds),
};

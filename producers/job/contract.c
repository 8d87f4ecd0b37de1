#include "producers/job/parts.h"

static const struct contract_state *
find(const struct decide_input *in, const struct uuid *id, const struct uuid *job_id)
{
    const struct contract_state *s = aggregates_state(in->aggregates, id, &type_contract_state);
    return s && uuid_equal(&s->job_id, job_id) ? s : NULL;
}

void hire_freelancer_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct hire_freelancer *c = command;
    uuid_list_add(ret, a, &c->contract_id);
    uuid_list_add(ret, a, &c->job_id);
    uuid_list_add(ret, a, &c->application_id);
}

static const char *refuse_hire(const struct decide_input *in,
                               const struct hire_freelancer *c,
                               const struct application_state *application)
{
    const char *refused = job_refuse(job_find(in, &c->job_id), &c->meta.actor);
    if (refused)
        return refused;
    REFUSE_UNLESS(application, "not_found");
    REFUSE_UNLESS(application->status == APPLICATION_STATUS_SUBMITTED, "application_not_live");
    REFUSE_UNLESS(!aggregates_exists(in->aggregates, &c->contract_id), "already_exists");
    REFUSE_UNLESS(uuid_equal(&c->contract_id, &c->meta.command_id), "not_the_owner");
    return NULL;
}

static void emit_hired(struct decision *out,
                       const struct hire_freelancer *c,
                       const struct application_state *application)
{
    struct freelancer_hired *hired = decision_emit(out, &type_freelancer_hired, &c->contract_id);
    hired->job_id = c->job_id;
    hired->application_id = c->application_id;
    hired->client_id = c->meta.actor.id;
    hired->freelancer_id = application->freelancer_id;
    hired->amount = application->bid;

    struct job_filled *filled = decision_emit(out, &type_job_filled, &c->job_id);
    filled->contract_id = c->contract_id;
    filled->application_id = c->application_id;

    struct application_accepted *accepted =
        decision_emit(out, &type_application_accepted, &c->application_id);
    accepted->job_id = c->job_id;
    accepted->freelancer_id = application->freelancer_id;
}

/* The contract comes first: it is what the answer shows. */
const char *
hire_freelancer(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct hire_freelancer *c = command;
    const struct application_state *application =
        application_find(in, &c->application_id, &c->job_id);
    const char *refused = refuse_hire(in, c, application);
    if (refused)
        return refused;
    emit_hired(out, c, application);
    applications_decline(in, &c->job_id, &c->application_id, out);
    return NULL;
}

void complete_contract_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct complete_contract *c = command;
    uuid_list_add(ret, a, &c->contract_id);
}

static const char *refuse_party(const struct contract_state *contract, const struct actor *actor)
{
    REFUSE_UNLESS(contract, "not_found");
    REFUSE_UNLESS(actor_is(actor, &contract->client_id) ||
                      actor_is(actor, &contract->freelancer_id),
                  "not_a_party");
    return NULL;
}

const char *
complete_contract(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct complete_contract *c = command;
    const struct contract_state *contract = find(in, &c->contract_id, &c->job_id);
    const char *refused = refuse_party(contract, &c->meta.actor);
    if (refused)
        return refused;
    REFUSE_UNLESS(actor_is(&c->meta.actor, &contract->client_id), "not_the_owner");
    REFUSE_UNLESS(contract->status == CONTRACT_STATUS_ACTIVE, "contract_not_active");
    struct contract_completed *e = decision_emit(out, &type_contract_completed, &c->contract_id);
    e->job_id = contract->job_id;
    e->client_id = contract->client_id;
    e->freelancer_id = contract->freelancer_id;
    e->amount = contract->amount;
    return NULL;
}

void cancel_contract_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct cancel_contract *c = command;
    uuid_list_add(ret, a, &c->contract_id);
}

const char *
cancel_contract(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct cancel_contract *c = command;
    const struct contract_state *contract = find(in, &c->contract_id, &c->job_id);
    const char *refused = refuse_party(contract, &c->meta.actor);
    if (refused)
        return refused;
    REFUSE_UNLESS(contract->status == CONTRACT_STATUS_ACTIVE, "contract_not_active");
    struct contract_cancelled *e = decision_emit(out, &type_contract_cancelled, &c->contract_id);
    e->job_id = contract->job_id;
    e->client_id = contract->client_id;
    e->freelancer_id = contract->freelancer_id;
    e->amount = contract->amount;
    e->reason = c->reason;
    return NULL;
}

const void *contract_started(const void *state, const void *event, struct arena *a)
{
    (void)state;
    const struct freelancer_hired *e = event;
    struct contract_state *contract = ARENA_NEW(a, struct contract_state);
    contract->job_id = e->job_id;
    contract->client_id = e->client_id;
    contract->freelancer_id = e->freelancer_id;
    contract->amount = e->amount;
    contract->status = CONTRACT_STATUS_ACTIVE;
    return contract;
}

static const void *ended(const void *state, enum contract_status status, struct arena *a)
{
    if (!state)
        return NULL;
    struct contract_state *contract = ARENA_NEW(a, struct contract_state);
    *contract = *(const struct contract_state *)state;
    contract->status = status;
    return contract;
}

const void *contract_completed(const void *state, const void *event, struct arena *a)
{
    (void)event;
    return ended(state, CONTRACT_STATUS_COMPLETED, a);
}

const void *contract_cancelled(const void *state, const void *event, struct arena *a)
{
    (void)event;
    return ended(state, CONTRACT_STATUS_CANCELLED, a);
}

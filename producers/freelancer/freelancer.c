#include "producers/freelancer/freelancer.h"

#include "schemas/records.h"

static void create_freelancer_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct create_freelancer *c = command;
    uuid_list_add(ret, a, &c->freelancer_id);
}

static const char *
create_freelancer(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct create_freelancer *c = command;
    REFUSE_UNLESS(!aggregates_exists(in->aggregates, &c->freelancer_id), "already_exists");
    REFUSE_UNLESS(c->meta.actor.kind == ACTOR_KIND_SYSTEM, "not_the_owner");
    decision_emit(out, &type_freelancer_created, &c->freelancer_id);
    return NULL;
}

static void update_freelancer_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct update_freelancer *c = command;
    uuid_list_add(ret, a, &c->freelancer_id);
}

static const char *
update_freelancer(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct update_freelancer *c = command;
    REFUSE_UNLESS(aggregates_state(in->aggregates, &c->freelancer_id, &type_freelancer_state),
                  "not_found");
    REFUSE_UNLESS(actor_is(&c->meta.actor, &c->freelancer_id), "not_the_owner");
    REFUSE_UNLESS(c->has_headline || c->has_skills || c->has_hourly_rate || c->has_available,
                  "nothing_to_change");
    struct freelancer_updated *e = decision_emit(out, &type_freelancer_updated, &c->freelancer_id);
    e->has_headline = c->has_headline;
    e->headline = c->headline;
    e->has_skills = c->has_skills;
    e->skills.items = c->skills.items;
    e->skills.n = c->skills.n;
    e->has_hourly_rate = c->has_hourly_rate;
    e->hourly_rate = c->hourly_rate;
    e->has_available = c->has_available;
    e->available = c->available;
    return NULL;
}

static const struct command_rule commands[] = {
    {&type_create_freelancer, create_freelancer_reads, NULL, create_freelancer},
    {&type_update_freelancer, update_freelancer_reads, NULL, update_freelancer},
};

static const void *created(const void *state, const void *event, struct arena *a)
{
    (void)state;
    const struct freelancer_created *e = event;
    struct freelancer_state *freelancer = ARENA_NEW(a, struct freelancer_state);
    freelancer->freelancer_id = e->meta.aggregate_id;
    return freelancer;
}

static const struct fold_rule folds[] = {
    {&type_freelancer_created, &type_freelancer_state, created, NULL, 0},
    {&type_freelancer_updated, &type_freelancer_state, NULL,    NULL, 0},
};

const struct decider freelancer_decider = {
    .fold_version = 1,
    .commands = commands,
    .n_commands = ARRAY_SIZE(commands),
    .folds = folds,
    .n_folds = ARRAY_SIZE(folds),
};

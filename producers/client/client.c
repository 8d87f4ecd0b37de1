#include "producers/client/client.h"

#include "schemas/records.h"

static void create_client_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct create_client *c = command;
    uuid_list_add(ret, a, &c->client_id);
}

static const char *
create_client(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct create_client *c = command;
    REFUSE_UNLESS(!aggregates_exists(in->aggregates, &c->client_id), "already_exists");
    REFUSE_UNLESS(c->meta.actor.kind == ACTOR_KIND_SYSTEM, "not_the_owner");
    decision_emit(out, &type_client_created, &c->client_id);
    return NULL;
}

static void update_client_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct update_client *c = command;
    uuid_list_add(ret, a, &c->client_id);
}

static const char *
update_client(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct update_client *c = command;
    REFUSE_UNLESS(aggregates_state(in->aggregates, &c->client_id, &type_client_state), "not_found");
    REFUSE_UNLESS(actor_is(&c->meta.actor, &c->client_id), "not_the_owner");
    REFUSE_UNLESS(c->has_company || c->has_website || c->has_about, "nothing_to_change");
    struct client_updated *e = decision_emit(out, &type_client_updated, &c->client_id);
    e->has_company = c->has_company;
    e->company = c->company;
    e->has_website = c->has_website;
    e->website = c->website;
    e->has_about = c->has_about;
    e->about = c->about;
    return NULL;
}

static const struct command_rule commands[] = {
    {&type_create_client, create_client_reads, NULL, create_client},
    {&type_update_client, update_client_reads, NULL, update_client},
};

static const void *created(const void *state, const void *event, struct arena *a)
{
    (void)state;
    const struct client_created *e = event;
    struct client_state *client = ARENA_NEW(a, struct client_state);
    client->client_id = e->meta.aggregate_id;
    return client;
}

static const struct fold_rule folds[] = {
    {&type_client_created, &type_client_state, created, NULL, 0},
    {&type_client_updated, &type_client_state, NULL,    NULL, 0},
};

const struct decider client_decider = {
    .fold_version = 1,
    .commands = commands,
    .n_commands = ARRAY_SIZE(commands),
    .folds = folds,
    .n_folds = ARRAY_SIZE(folds),
};

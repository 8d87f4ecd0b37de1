#include "producers/decider.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schemas/records.h"

#define SLOTS_MIN 64

/* Open addressing, never more than half full. Aggregates are allocated one by one: pointers stay.
 */
struct aggregates {
    struct arena *arena;
    struct aggregate **slots;
    size_t n_slots; /* power of two */
    size_t n;
};

struct aggregates *aggregates_new(struct arena *a)
{
    struct aggregates *as = ARENA_NEW(a, struct aggregates);
    as->arena = a;
    as->n_slots = SLOTS_MIN;
    as->slots = ARENA_ARRAY(a, struct aggregate *, as->n_slots);
    return as;
}

/* UUIDv7s share their first bytes, so both halves count, and the product's high bits are the mixed
 * ones. */
static size_t hash(const struct uuid *id)
{
    uint64_t head, tail;
    memcpy(&head, id->b, sizeof(head));
    memcpy(&tail, id->b + sizeof(head), sizeof(tail));
    return ((head ^ tail) * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
}

/* Where the id is, or would be put. */
static struct aggregate **slot_of(const struct aggregates *as, const struct uuid *id)
{
    size_t i = hash(id) & (as->n_slots - 1);
    while (as->slots[i] && !uuid_equal(&as->slots[i]->id, id))
        i = (i + 1) & (as->n_slots - 1);
    return &as->slots[i];
}

static void double_slots(struct aggregates *as)
{
    struct aggregate **old = as->slots;
    size_t n_old = as->n_slots;
    as->n_slots *= 2;
    as->slots = ARENA_ARRAY(as->arena, struct aggregate *, as->n_slots);
    for (size_t i = 0; i < n_old; i++)
        if (old[i])
            *slot_of(as, &old[i]->id) = old[i];
}

struct aggregate *aggregates_get(struct aggregates *as, const struct uuid *id)
{
    struct aggregate **slot = slot_of(as, id);
    if (*slot)
        return *slot;
    if (2 * (as->n + 1) > as->n_slots) {
        double_slots(as);
        slot = slot_of(as, id);
    }
    *slot = ARENA_NEW(as->arena, struct aggregate);
    (*slot)->id = *id;
    as->n++;
    return *slot;
}

const struct aggregate *aggregates_find(const struct aggregates *as, const struct uuid *id)
{
    return *slot_of(as, id);
}

bool aggregates_exists(const struct aggregates *as, const struct uuid *id)
{
    const struct aggregate *g = aggregates_find(as, id);
    return g && g->version > 0;
}

const void *
aggregates_state(const struct aggregates *as, const struct uuid *id, const struct record_type *type)
{
    const struct aggregate *g = aggregates_find(as, id);
    return g && g->type == type ? g->state : NULL;
}

void uuid_list_add(struct uuid_list *l, struct arena *a, const struct uuid *id)
{
    l->items = arena_grow(a, l->items, l->n, sizeof(*l->items));
    l->items[l->n++] = *id;
}

bool actor_is(const struct actor *actor, const struct uuid *user_id)
{
    return actor->kind == ACTOR_KIND_USER && uuid_equal(&actor->id, user_id);
}

bool actor_has_role(const struct actor *actor, int role)
{
    for (size_t i = 0; i < actor->roles.n; i++)
        if (actor->roles.items[i] == role)
            return actor->kind == ACTOR_KIND_USER;
    return false;
}

void *
decision_emit(struct decision *d, const struct record_type *type, const struct uuid *aggregate_id)
{
    assert(d->n < DECISION_EVENTS_MAX);
    assert(type->role == RECORD_EVENT);
    struct event_meta *meta = arena_alloc(d->arena, type->size); /* fields[0], offset 0 */
    meta->aggregate_id = *aggregate_id;
    d->events = arena_grow(d->arena, d->events, d->n, sizeof(*d->events));
    d->events[d->n++] = (struct record){type, meta};
    return meta;
}

const struct command_rule *decider_command(const struct decider *d,
                                           const struct record_type *command)
{
    for (size_t i = 0; i < d->n_commands; i++)
        if (d->commands[i].command == command)
            return &d->commands[i];
    return NULL;
}

static void
fold_one(const struct fold_rule *rule, struct aggregates *as, struct record event, struct arena *a)
{
    const struct event_meta *meta = event.value;
    struct uuid id = rule->target ? rule->target(event.value) : meta->aggregate_id;
    struct aggregate *g = aggregates_get(as, &id);
    if (!(rule->flags & FOLD_INDEX)) {
        g->version = meta->version;
        if (!(rule->flags & FOLD_SILENT))
            g->etag = meta->version;
    }
    const void *state = rule->evolve ? rule->evolve(g->state, event.value, a) : g->state;
    if (!state)
        return;
    g->type = rule->state;
    g->state = state;
}

void decider_fold(const struct decider *d,
                  struct aggregates *as,
                  struct record event,
                  struct arena *a)
{
    for (size_t i = 0; i < d->n_folds; i++)
        if (d->folds[i].event == event.type)
            fold_one(&d->folds[i], as, event, a);
}

static bool version_expected(const struct command_meta *meta, const struct aggregate *first)
{
    return !meta->has_expected_version || meta->expected_version == (first ? first->etag : 0);
}

/* NULL = accepted, *out has the events. */
static const char *refusal(const struct command_rule *rule,
                           const struct decide_input *in,
                           const void *command,
                           const struct aggregate *first,
                           struct decision *out)
{
    const char *reason = rule->decide(in, command, out);
    if (!reason)
        assert(out->n > 0);
    if (!reason && !version_expected(command, first))
        reason = "version_mismatch";
    return reason;
}

static void
reject(struct decision *out, struct record command, const char *reason, const struct uuid *id)
{
    out->n = 0;
    struct command_rejected *e = decision_emit(out, &type_command_rejected, id);
    e->command = command.type->name;
    e->reason = reason;
}

struct uuid event_id_of(const struct uuid *command_id, int64_t index)
{
    char name[24];
    int len = snprintf(name, sizeof(name), "%" PRId64, index);
    return uuid_v5(command_id, name, (size_t)len);
}

static void stamp_meta(struct event_meta *meta,
                       const struct command_meta *cause,
                       int64_t index,
                       int64_t version,
                       int64_t now_us)
{
    meta->event_id = event_id_of(&cause->command_id, index);
    meta->command_id = cause->command_id;
    meta->version = version;
    meta->actor = cause->actor;
    meta->occurred_at = now_us;
}

/* In order, so that the second event of one aggregate finds the version of the first. */
static void stamp_and_fold(const struct decider *d,
                           const struct decide_input *in,
                           struct aggregates *as,
                           const struct command_meta *cause,
                           const struct decision *decision)
{
    for (size_t i = 0; i < decision->n; i++) {
        struct record event = decision->events[i];
        struct event_meta *meta = event.value;
        bool rejected = event.type == &type_command_rejected;
        struct aggregate *g = aggregates_get(as, &meta->aggregate_id);
        stamp_meta(meta, cause, rejected ? EVENT_INDEX_REFUSED : (int64_t)i, g->version + !rejected,
                   in->now_us);
        decider_fold(d, as, event, in->arena);
        assert(g->version == meta->version); /* else the event has no fold row */
    }
}

void decider_run(const struct decider *d,
                 const struct decide_input *in,
                 struct aggregates *as,
                 struct record command,
                 const char *forced_reason,
                 struct decision *ret)
{
    const struct command_rule *rule = decider_command(d, command.type);
    assert(rule);
    struct uuid_list named = {0};
    rule->reads(command.value, in->arena, &named);
    assert(named.n > 0);

    *ret = (struct decision){.arena = in->arena};
    const char *reason = forced_reason;
    if (!reason)
        reason =
            refusal(rule, in, command.value, aggregates_find(in->aggregates, &named.items[0]), ret);
    if (reason)
        reject(ret, command, reason, &named.items[0]);
    stamp_and_fold(d, in, as, command.value, ret);
}

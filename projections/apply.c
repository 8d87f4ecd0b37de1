#include "projections/apply.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/strbuf.h"
#include "projections/event_field.h"
#include "projections/service_sql.h"
#include "projections/sql_params.h"
#include "schemas/records.h"

#define MARK_INSERT_ONLY "-- insert-only\n"
#define MARK_NO_ROWS     "-- no rows\n"
#define MARK_NEWEST      "-- newest counts\n"
#define PARAM_PARTITION  "partition"

struct apply_stmt {
    const struct record_type *type;
    bool insert_only, no_rows, newest_counts;
    struct pg_stmt stmt;
    struct event_field *fields; /* of $1, $2, ...; without leaf: the partition */
    size_t n;
};

struct apply {
    struct arena arena;
    bool whole;                  /* own events, where none may be missing */
    struct apply_stmt **by_type; /* by record_type.index; NULL = not ours */
    size_t queued;               /* since our last sync or the begin of apply_events */
};

static bool begins_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

static enum err_code
stmt_bind(struct apply_stmt *s, const struct sql_params *params, struct arena *a, struct err *err)
{
    s->n = params->n;
    s->fields = ARENA_ARRAY(a, struct event_field, params->n);
    for (size_t i = 0; i < params->n; i++)
        if (strcmp(params->names[i], PARAM_PARTITION) != 0)
            TRY(event_field_find(s->type, params->names[i], &s->fields[i], err));
    return ERR_OK;
}

static enum err_code stmt_new(const struct sql_file *file,
                              const struct record_type *type,
                              struct arena *a,
                              struct apply_stmt **ret,
                              struct err *err)
{
    struct apply_stmt *s = ARENA_NEW(a, struct apply_stmt);
    struct sql_params params;
    s->type = type;
    s->insert_only = begins_with(file->text, MARK_INSERT_ONLY);
    s->no_rows = begins_with(file->text, MARK_NO_ROWS);
    s->newest_counts = begins_with(file->text, MARK_NEWEST);
    TRY(sql_params_parse(file->text, a, &params, err));
    TRY(stmt_bind(s, &params, a, err));
    const char *name = arena_printf(a, "%s/%s/%s", file->service, file->kind, file->name);
    s->stmt = (struct pg_stmt){.name = name, .sql = params.text};
    *ret = s;
    return ERR_OK;
}

static enum err_code
load_file(struct apply *ap, const struct sql_file *file, const char *source, struct err *err)
{
    const struct record_type *type = record_type_find(source, file->name);
    if (!type || type->role != RECORD_EVENT)
        return err_set(err, ERR_INVALID, "projections/%s/%s/%s.sql: no such event of %s",
                       file->service, file->kind, file->name, source);
    if (stmt_new(file, type, &ap->arena, &ap->by_type[type->index], err) != ERR_OK)
        return err_context(err, "projections/%s/%s/%s.sql", file->service, file->kind, file->name);
    return ERR_OK;
}

static enum err_code check_whole(const struct apply *ap, const char *service, struct err *err)
{
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        if (t->role == RECORD_EVENT && strcmp(t->service, service) == 0 && !ap->by_type[t->index])
            return err_set(err, ERR_INVALID, "projections/%s/events/%s.sql is missing", service,
                           t->name);
    }
    return ERR_OK;
}

static enum err_code
load_all(struct apply *ap, const char *service, const char *projection, struct err *err)
{
    ap->whole = strcmp(projection, APPLY_OWN) == 0;
    const char *source = ap->whole ? service : apply_source(projection);
    if (!source)
        return err_set(err, ERR_INVALID, "no projection %s of %s", projection, service);
    ap->by_type = ARENA_ARRAY(&ap->arena, struct apply_stmt *, n_record_types);
    for (size_t i = 0; i < n_sql_files; i++)
        if (strcmp(sql_files[i].service, service) == 0 &&
            strcmp(sql_files[i].kind, projection) == 0)
            TRY(load_file(ap, &sql_files[i], source, err));
    return ap->whole ? check_whole(ap, service, err) : ERR_OK;
}

const char *apply_source(const char *projection)
{
    return begins_with(projection, APPLY_FROM) ? projection + strlen(APPLY_FROM) : NULL;
}

enum err_code
apply_new(const char *service, const char *projection, struct apply **ret, struct err *err)
{
    owned(apply_free) struct apply *ap = calloc(1, sizeof(*ap));
    if (!ap)
        abort();
    arena_init(&ap->arena);
    TRY(load_all(ap, service, projection, err));
    *ret = STEAL(ap);
    return ERR_OK;
}

bool apply_wants(const struct apply *ap, const struct record_type *type)
{
    const struct apply_stmt *s = ap->by_type[type->index];
    return s && !s->no_rows;
}

void apply_free(struct apply *ap)
{
    if (!ap)
        return;
    arena_release(&ap->arena);
    free(ap);
}

/* ---- levels */

/* An event that makes rows, and when. */
struct step {
    const struct apply_stmt *stmt;
    const struct uuid *aggregate_id;
    const void *event;
    const struct step
        *older; /* told by the same row of parameters, where this one has none; NULL = none */
    size_t pos;
    int level;
};

/* The level of each aggregate's last event in the batch, and that event; open addressing, at most half full. */
struct level_slot {
    const struct uuid *id;
    int level;
    struct step *last;
};
struct levels {
    struct level_slot *slots;
    size_t mask;
};

static struct levels levels_new(size_t n, struct arena *a)
{
    size_t size = 16;
    while (size < 2 * n)
        size *= 2;
    return (struct levels){ARENA_ARRAY(a, struct level_slot, size), size - 1};
}

static struct level_slot *levels_at(const struct levels *l, const struct uuid *id)
{
    uint64_t hash;
    memcpy(&hash, id->b + 8, sizeof(hash)); /* the random half of every UUID version in use */
    size_t i = (hash * 0x9E3779B97F4A7C15U) >> 32;
    while (l->slots[i & l->mask].id && !uuid_equal(l->slots[i & l->mask].id, id))
        i++;
    return &l->slots[i & l->mask];
}

/* The aggregate's last step takes the event in, when one row of parameters can tell of both. */
static bool joined(const struct level_slot *slot, struct step *step, struct arena *a)
{
    struct step *last = slot->last;
    if (!last || !step->stmt->newest_counts || last->stmt != step->stmt)
        return false;
    struct step *older = ARENA_NEW(a, struct step);
    *older = *last;
    step->older = older;
    step->level = last->level;
    *last = *step;
    return true;
}

/* At its level, behind the others in ret, or into the last one of its aggregate. */
static void
step_add(const struct levels *l, struct step step, struct arena *a, struct step *ret, size_t *n)
{
    struct level_slot *slot = levels_at(l, step.aggregate_id);
    if (joined(slot, &step, a))
        return;
    if (!slot->id)
        *slot = (struct level_slot){.id = step.aggregate_id};
    else
        slot->level += !step.stmt->insert_only;
    step.level = slot->level;
    ret[*n] = step;
    slot->last = &ret[(*n)++];
}

/* Into ret, which has room for n. */
static enum err_code steps_make(const struct apply *ap,
                                const struct record *events,
                                size_t n,
                                struct arena *a,
                                struct step *ret,
                                size_t *ret_n,
                                struct err *err)
{
    struct levels levels = levels_new(n, a);
    size_t made = 0;
    for (size_t i = 0; i < n; i++) {
        const struct record *e = &events[i];
        if (e->type == &type_command_rejected)
            continue;
        const struct apply_stmt *s = ap->by_type[e->type->index];
        if (!s && !ap->whole)
            continue;
        if (!s)
            return err_set(err, ERR_INTERNAL, "no projection of %s here", e->type->name);
        if (s->no_rows)
            continue;
        const struct event_meta *meta = e->value;
        struct step step = {
            .stmt = s, .aggregate_id = &meta->aggregate_id, .event = e->value, .pos = i};
        step_add(&levels, step, a, ret, &made);
    }
    *ret_n = made;
    return ERR_OK;
}

/* By level, type, aggregate, log; the deep ones behind them all in the log's order. */
static int step_compare(const void *pa, const void *pb)
{
    const struct step *x = pa, *y = pb;
    bool deep_x = x->level >= APPLY_LEVELS_MAX, deep_y = y->level >= APPLY_LEVELS_MAX;
    if (deep_x != deep_y)
        return deep_x - deep_y;
    if (!deep_x && x->level != y->level)
        return x->level - y->level;
    if (!deep_x && x->stmt != y->stmt)
        return x->stmt->type->index < y->stmt->type->index ? -1 : 1;
    int by_id = deep_x ? 0 : uuid_compare(x->aggregate_id, y->aggregate_id);
    return by_id ? by_id : (x->pos > y->pos) - (x->pos < y->pos);
}

/* How many of these go into one statement. */
static size_t group_len(const struct step *steps, size_t n)
{
    size_t len = 1;
    while (steps[0].level < APPLY_LEVELS_MAX && len < n && steps[len].level == steps[0].level &&
           steps[len].stmt == steps[0].stmt)
        len++;
    return len;
}

/* ---- statements */

/* Of the newest event that has it. */
static struct pg_param
field_param(const struct event_field *f, const struct step *step, struct arena *a)
{
    struct pg_param p = event_field_param(f, step->event, a);
    for (const struct step *older = step->older; older && !p.data; older = older->older)
        p = event_field_param(f, older->event, a);
    return p;
}

static struct pg_param
column(const struct event_field *f, const struct step *steps, size_t n, struct arena *a)
{
    struct pg_param *elements = ARENA_ARRAY(a, struct pg_param, n);
    for (size_t i = 0; i < n; i++)
        elements[i] = field_param(f, &steps[i], a);
    return pg_p_array(a, f->array_type, elements, n);
}

static enum err_code queue_group(struct apply *ap,
                                 struct pg *pg,
                                 int32_t partition,
                                 const struct step *steps,
                                 size_t n,
                                 struct arena *a,
                                 struct err *err)
{
    const struct apply_stmt *s = steps[0].stmt;
    struct pg_param params[SQL_PARAMS_MAX];
    if (ap->queued == APPLY_QUEUE_MAX) {
        TRY(pg_sync(pg, err));
        ap->queued = 0;
    }
    for (size_t i = 0; i < s->n; i++)
        params[i] =
            s->fields[i].leaf ? column(&s->fields[i], steps, n, a) : pg_p_int8(a, partition);
    (void)pg_queue(pg, &s->stmt, params, s->n);
    ap->queued++;
    return ERR_OK;
}

enum err_code apply_events(struct apply *ap,
                           struct pg *pg,
                           int32_t partition,
                           const struct record *events,
                           size_t n,
                           struct arena *a,
                           struct err *err)
{
    struct step *steps = ARENA_ARRAY(a, struct step, n);
    size_t n_steps = 0;
    ap->queued = 0;
    TRY(steps_make(ap, events, n, a, steps, &n_steps, err));
    qsort(steps, n_steps, sizeof(*steps), step_compare);
    for (size_t i = 0; i < n_steps;) {
        size_t len = group_len(steps + i, n_steps - i);
        TRY(queue_group(ap, pg, partition, steps + i, len, a, err));
        i += len;
    }
    return ERR_OK;
}

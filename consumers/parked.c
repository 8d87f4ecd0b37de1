#include "consumers/parked.h"

#include "consumers/lane_sql.h"
#include "consumers/param_column.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "schemas/records.h"

void parked_init(struct parked *p, const char *service, const char *projection, int32_t partition)
{
    *p = (struct parked){.service = service, .projection = projection, .partition = partition};
    arena_init(&p->arena);
    p->ids = id_index_new(&p->arena);
}

void parked_release(struct parked *p)
{
    arena_release(&p->arena);
}

static void remember(struct parked *p, const struct uuid *aggregate_id)
{
    p->n += id_index_add(p->ids, aggregate_id, 0);
}

enum err_code parked_load(struct parked *p, struct pg *pg, struct err *err)
{
    const PGresult *r;
    arena_clear(&p->arena);
    p->ids = id_index_new(&p->arena);
    p->n = 0;
    struct pg_param params[] = {pg_p_text(&p->arena, p->projection),
                                pg_p_int4(&p->arena, p->partition)};
    TRY(pg_exec(pg, lane_sql(SQL_PARKED_FIND), params, ARRAY_SIZE(params), &r, err));
    for (int i = 0; i < PQntuples(r); i++) {
        struct uuid id = pg_get_uuid(r, i, 0);
        remember(p, &id);
    }
    return ERR_OK;
}

enum err_code parked_refresh(struct parked *p, struct pg *pg, struct err *err)
{
    return p->n > 0 ? parked_load(p, pg, err) : ERR_OK;
}

bool parked_has(const struct parked *p, const struct uuid *aggregate_id)
{
    size_t unused;
    return p->n > 0 && id_index_find(p->ids, aggregate_id, &unused);
}

void parked_queue_save(
    struct parked *p, struct pg *pg, const struct parked_event *events, size_t n, struct arena *a)
{
    if (n == 0)
        return;
    struct pg_param *offset = param_column(a, n), *id = param_column(a, n);
    struct pg_param *type = param_column(a, n), *detail = param_column(a, n);
    struct pg_param *value = param_column(a, n);
    for (size_t i = 0; i < n; i++) {
        offset[i] = pg_p_int8(a, events[i].offset);
        id[i] = pg_p_uuid(a, &events[i].aggregate_id);
        type[i] = pg_p_text(a, events[i].type);
        detail[i] = param_printable(a, events[i].detail);
        value[i] = pg_p_bytea(a, events[i].value);
        remember(p, &events[i].aggregate_id);
    }
    struct pg_param params[] = {
        pg_p_text(a, p->projection),
        pg_p_int4(a, p->partition),
        pg_p_array(a, PG_INT8_ARRAY, offset, n),
        pg_p_array(a, PG_UUID_ARRAY, id, n),
        pg_p_array(a, PG_TEXT_ARRAY, type, n),
        pg_p_array(a, PG_TEXT_ARRAY, detail, n),
        pg_p_array(a, PG_BYTEA_ARRAY, value, n),
        pg_p_time(a, time_now_us()),
    };
    pg_queue(pg, lane_sql(SQL_PARKED_SAVE), params, ARRAY_SIZE(params));
}

static enum err_code parked_event_of(struct codec *codec,
                                     const struct log_events *run,
                                     size_t i,
                                     const char *detail,
                                     struct arena *a,
                                     struct parked_event *ret,
                                     struct err *err)
{
    const struct event_meta *meta = run->events[i].value;
    struct parked_event e = {
        .offset = run->offsets[i],
        .aggregate_id = meta->aggregate_id,
        .type = run->events[i].type->name,
        .detail = detail,
    };
    TRY(codec_encode(codec, run->events[i], a, &e.value, err));
    *ret = e;
    return ERR_OK;
}

/* Makes this event of the run rows, and does it belong to a parked aggregate? */
static bool waits(const struct parked *p, const struct apply *apply, struct record event)
{
    const struct event_meta *meta = event.value;
    return apply_wants(apply, event.type) && parked_has(p, &meta->aggregate_id);
}

enum err_code parked_apply(struct parked *p,
                           struct apply *apply,
                           struct pg *pg,
                           struct codec *codec,
                           const struct log_events *run,
                           struct arena *a,
                           struct err *err)
{
    if (p->n == 0)
        return apply_events(apply, pg, p->partition, run->events, run->n, a, err);
    struct record *free_ones = ARENA_ARRAY(a, struct record, run->n);
    struct parked_event *waiting = ARENA_ARRAY(a, struct parked_event, run->n);
    size_t n_free = 0, n_waiting = 0;
    for (size_t i = 0; i < run->n; i++) {
        if (!waits(p, apply, run->events[i]))
            free_ones[n_free++] = run->events[i];
        else
            TRY(parked_event_of(codec, run, i, NULL, a, &waiting[n_waiting++], err));
    }
    parked_queue_save(p, pg, waiting, n_waiting, a);
    return apply_events(apply, pg, p->partition, free_ones, n_free, a, err);
}

enum err_code parked_try(struct apply *apply,
                         struct pg *pg,
                         int32_t partition,
                         const struct record *event,
                         struct arena *a,
                         struct err *err)
{
    struct err undoing;
    pg_queue_command(pg, "SAVEPOINT one");
    enum err_code code = apply_events(apply, pg, partition, event, 1, a, err);
    if (code == ERR_OK) {
        pg_queue_command(pg, "RELEASE SAVEPOINT one");
        code = pg_sync(pg, err);
    }
    if (code != ERR_INVALID)
        return code;
    pg_queue_command(pg, "ROLLBACK TO SAVEPOINT one");
    if (pg_sync(pg, &undoing) != ERR_OK)
        *err = undoing;
    return err->code;
}

static void log_parked(const struct parked *p, const struct parked_event *e)
{
    log_error("an event cannot be applied: its aggregate is parked", KV_S("service", p->service),
              KV_S("projection", p->projection), KV_I("partition", p->partition),
              KV_I("offset", e->offset), KV_S("type", e->type), KV_U("aggregate", &e->aggregate_id),
              KV_S("error", e->detail));
}

static enum err_code apply_or_park(struct parked *p,
                                   struct apply *apply,
                                   struct pg *pg,
                                   struct codec *codec,
                                   const struct log_events *run,
                                   size_t i,
                                   struct arena *a,
                                   struct err *err)
{
    struct parked_event e;
    struct err why = {0};
    bool behind = waits(p, apply, run->events[i]);
    enum err_code code =
        behind ? ERR_INVALID : parked_try(apply, pg, p->partition, &run->events[i], a, &why);
    if (code == ERR_OK)
        return ERR_OK;
    if (code != ERR_INVALID) {
        *err = why;
        return code;
    }
    TRY(parked_event_of(codec, run, i, behind ? NULL : arena_strdup(a, why.msg), a, &e, err));
    if (!behind)
        log_parked(p, &e);
    parked_queue_save(p, pg, &e, 1, a);
    return pg_sync(pg, err);
}

enum err_code parked_apply_carefully(struct parked *p,
                                     struct apply *apply,
                                     struct pg *pg,
                                     struct codec *codec,
                                     const struct log_events *run,
                                     struct arena *a,
                                     struct err *err)
{
    for (size_t i = 0; i < run->n; i++)
        TRY(apply_or_park(p, apply, pg, codec, run, i, a, err));
    return ERR_OK;
}

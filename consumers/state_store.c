#include "consumers/state_store.h"

#include "consumers/id_index.h"
#include "consumers/lane_sql.h"
#include "consumers/param_column.h"
#include "schemas/records.h"

size_t state_store_queue_find(struct pg *pg,
                              int fold_version,
                              const struct uuid_list *ids,
                              struct arena *a)
{
    struct pg_param p[] = {pg_p_int4(a, fold_version), param_ids(a, ids->items, ids->n)};
    return pg_queue(pg, lane_sql(SQL_STATE_FIND), p, ARRAY_SIZE(p));
}

enum err_code state_store_load(struct pg *pg,
                               size_t index,
                               struct codec *codec,
                               struct aggregates *as,
                               struct arena *a,
                               struct err *err)
{
    const PGresult *r = pg_result(pg, index);
    for (int i = 0; i < PQntuples(r); i++) {
        struct uuid id = pg_get_uuid(r, i, 0);
        struct record state;
        if (codec_decode(codec, pg_get_bytes(r, i, 3), a, &state, err) != ERR_OK) {
            char text[UUID_TEXT_LEN + 1];
            uuid_format(&id, text);
            err_context(err, "state of %s", text);
            return err->code = ERR_CORRUPT;
        }
        struct aggregate *g = aggregates_get(as, &id);
        g->version = pg_get_int8(r, i, 1);
        g->etag = pg_get_int8(r, i, 2);
        g->type = state.type;
        g->state = state.value;
    }
    return ERR_OK;
}

void touched_init(struct touched *t, struct arena *a)
{
    *t = (struct touched){.arena = a, .index = id_index_new(a)};
}

static void touch(struct touched *t, const struct uuid *id, int64_t next_offset)
{
    size_t at = t->ids.n;
    if (id_index_add(t->index, id, at)) {
        t->positions = arena_grow(t->arena, t->positions, at, sizeof(*t->positions));
        uuid_list_add(&t->ids, t->arena, id);
    } else if (!id_index_find(t->index, id, &at)) {
        return;
    }
    t->positions[at] = next_offset;
}

void touched_add(struct touched *t,
                 const struct decider *d,
                 struct record event,
                 int64_t next_offset)
{
    const struct event_meta *meta = event.value;
    for (size_t i = 0; i < d->n_folds; i++) {
        const struct fold_rule *rule = &d->folds[i];
        if (rule->event != event.type)
            continue;
        struct uuid id = rule->target ? rule->target(event.value) : meta->aggregate_id;
        touch(t, &id, next_offset);
    }
}

enum { ID, VERSION, ETAG, DATA, POSITION, COLUMN_N };
static const enum pg_type column_types[COLUMN_N] = {
    [ID] = PG_UUID_ARRAY,    [VERSION] = PG_INT8_ARRAY,  [ETAG] = PG_INT8_ARRAY,
    [DATA] = PG_BYTEA_ARRAY, [POSITION] = PG_INT8_ARRAY,
};

void state_store_queue_rows(struct pg *pg,
                            int fold_version,
                            int32_t partition,
                            const struct state_row *rows,
                            size_t n,
                            struct arena *a)
{
    struct pg_param *column[COLUMN_N];
    if (n == 0)
        return;
    for (size_t c = 0; c < COLUMN_N; c++)
        column[c] = param_column(a, n);
    for (size_t i = 0; i < n; i++) {
        column[ID][i] = pg_p_uuid(a, &rows[i].id);
        column[VERSION][i] = pg_p_int8(a, rows[i].version);
        column[ETAG][i] = pg_p_int8(a, rows[i].etag);
        column[DATA][i] = pg_p_bytea(a, rows[i].data);
        column[POSITION][i] = pg_p_int8(a, rows[i].position);
    }
    struct pg_param p[2 + COLUMN_N] = {pg_p_int4(a, fold_version), pg_p_int4(a, partition)};
    for (size_t c = 0; c < COLUMN_N; c++)
        p[2 + c] = pg_p_array(a, column_types[c], column[c], n);
    pg_queue(pg, lane_sql(SQL_STATE_SAVE), p, ARRAY_SIZE(p));
}

enum err_code state_store_rows(const struct touched *t,
                               const struct aggregates *as,
                               struct codec *codec,
                               struct arena *a,
                               struct state_row **ret,
                               size_t *ret_n,
                               struct err *err)
{
    struct state_row *rows = ARENA_ARRAY(a, struct state_row, t->ids.n);
    size_t n = 0;
    for (size_t i = 0; i < t->ids.n; i++) {
        const struct aggregate *g = aggregates_find(as, &t->ids.items[i]);
        if (!g || !g->type)
            continue;
        struct record state = {g->type, (void *)(uintptr_t)g->state};
        rows[n] = (struct state_row){
            .id = g->id, .version = g->version, .etag = g->etag, .position = t->positions[i]};
        TRY(codec_encode(codec, state, a, &rows[n].data, err));
        n++;
    }
    *ret = rows;
    *ret_n = n;
    return ERR_OK;
}

enum err_code state_store_queue_save(struct pg *pg,
                                     int fold_version,
                                     int32_t partition,
                                     const struct touched *t,
                                     const struct aggregates *as,
                                     struct codec *codec,
                                     struct arena *a,
                                     struct err *err)
{
    struct state_row *rows = NULL;
    size_t n = 0;
    TRY(state_store_rows(t, as, codec, a, &rows, &n, err));
    state_store_queue_rows(pg, fold_version, partition, rows, n, a);
    return ERR_OK;
}

void state_store_queue_shift(
    struct pg *pg, int64_t by, int fold_version, const struct touched *t, struct arena *a)
{
    struct pg_param p[] = {
        pg_p_int8(a, by),
        pg_p_int4(a, fold_version),
        param_ids(a, t->ids.items, t->ids.n),
    };
    pg_queue(pg, lane_sql(SQL_STATE_SHIFT), p, ARRAY_SIZE(p));
}

enum err_code state_store_clear(struct pg *pg, int32_t partition, int fold_version, struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param p[] = {pg_p_int4(&a, partition), pg_p_int4(&a, fold_version)};
    return pg_exec(pg, lane_sql(SQL_STATE_CLEAR), p, ARRAY_SIZE(p), NULL, err);
}

enum err_code state_store_sweep(struct pg *pg,
                                int32_t partition,
                                int fold_version,
                                int64_t max,
                                int64_t *ret_deleted,
                                struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param p[] = {
        pg_p_int4(&a, partition),
        pg_p_int4(&a, fold_version),
        pg_p_int8(&a, max),
    };
    size_t index = pg_queue(pg, lane_sql(SQL_STATE_SWEEP), p, ARRAY_SIZE(p));
    TRY(pg_sync(pg, err));
    *ret_deleted = pg_affected(pg, index);
    return ERR_OK;
}

#include "consumers/outcome.h"

#include "consumers/lane_sql.h"
#include "consumers/param_column.h"

size_t outcome_queue_find(struct pg *pg, const struct uuid *ids, size_t n, struct arena *a)
{
    struct pg_param p[] = {param_ids(a, ids, n)};
    return pg_queue(pg, lane_sql(SQL_OUTCOME_FIND), p, ARRAY_SIZE(p));
}

/* The columns of outcome_save.sql after the partition, in its order. */
enum {
    COMMAND_ID,
    OFFSET,
    STATUS,
    REASON,
    AGGREGATE,
    VERSION,
    SENDER,
    DIGEST,
    NEXT,
    AT,
    KEY,
    COLUMN_N
};
static const enum pg_type column_types[COLUMN_N] = {
    [COMMAND_ID] = PG_UUID_ARRAY, [OFFSET] = PG_INT8_ARRAY,    [STATUS] = PG_TEXT_ARRAY,
    [REASON] = PG_TEXT_ARRAY,     [AGGREGATE] = PG_UUID_ARRAY, [VERSION] = PG_INT8_ARRAY,
    [SENDER] = PG_UUID_ARRAY,     [DIGEST] = PG_BYTEA_ARRAY,   [NEXT] = PG_INT8_ARRAY,
    [AT] = PG_TIMESTAMPTZ_ARRAY,  [KEY] = PG_UUID_ARRAY,
};

static void
fill_row(struct pg_param *column[COLUMN_N], size_t i, const struct outcome *o, struct arena *a)
{
    column[COMMAND_ID][i] = pg_p_uuid(a, &o->command_id);
    column[OFFSET][i] = pg_p_int8(a, o->command_offset);
    column[STATUS][i] = pg_p_text(a, o->reason ? "rejected" : "applied");
    column[REASON][i] = pg_p_text(a, o->reason);
    column[AGGREGATE][i] = pg_p_uuid(a, &o->aggregate_id);
    column[VERSION][i] = pg_p_int8(a, o->version);
    column[SENDER][i] = pg_p_uuid(a, &o->sender);
    column[DIGEST][i] =
        o->has_digest ? pg_p_bytea(a, (struct bytes){o->digest, DIGEST_LEN}) : pg_p_null(PG_BYTEA);
    column[NEXT][i] = pg_p_int8(a, o->next_event);
    column[AT][i] = pg_p_time(a, o->decided_at);
    column[KEY][i] = uuid_is_nil(&o->key) ? pg_p_null(PG_UUID) : pg_p_uuid(a, &o->key);
}

void outcome_queue_save(
    struct pg *pg, int32_t partition, const struct outcome *outcomes, size_t n, struct arena *a)
{
    if (n == 0)
        return;
    struct pg_param *column[COLUMN_N];
    for (size_t c = 0; c < COLUMN_N; c++)
        column[c] = param_column(a, n);
    for (size_t i = 0; i < n; i++)
        fill_row(column, i, &outcomes[i], a);
    struct pg_param p[1 + COLUMN_N] = {pg_p_int4(a, partition)};
    for (size_t c = 0; c < COLUMN_N; c++)
        p[1 + c] = pg_p_array(a, column_types[c], column[c], n);
    pg_queue(pg, lane_sql(SQL_OUTCOME_SAVE), p, ARRAY_SIZE(p));
}

void outcome_queue_shift(
    struct pg *pg, int64_t by, const struct outcome *outcomes, size_t n, struct arena *a)
{
    struct uuid *ids = ARENA_ARRAY(a, struct uuid, n);
    for (size_t i = 0; i < n; i++)
        ids[i] = outcomes[i].command_id;
    struct pg_param p[] = {pg_p_int8(a, by), param_ids(a, ids, n)};
    pg_queue(pg, lane_sql(SQL_OUTCOME_SHIFT), p, ARRAY_SIZE(p));
}

enum err_code outcome_sweep(struct pg *pg,
                            int32_t partition,
                            int64_t before,
                            int64_t max,
                            int64_t *ret_deleted,
                            struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param p[] = {pg_p_int4(&a, partition), pg_p_time(&a, before), pg_p_int8(&a, max)};
    size_t index = pg_queue(pg, lane_sql(SQL_OUTCOME_SWEEP), p, ARRAY_SIZE(p));
    TRY(pg_sync(pg, err));
    *ret_deleted = pg_affected(pg, index);
    return ERR_OK;
}

#include "consumers/lane_row.h"

#include <inttypes.h>
#include <stdio.h>

#include "consumers/lane_sql.h"
#include "ops/runtime/timeutil.h"

static void read_row(const PGresult *r, struct lane_row *row)
{
    row->epoch = pg_get_int8(r, 0, 0);
    row->next_event = pg_get_int8(r, 0, 1);
    row->next_command = pg_get_int8(r, 0, 2);
    row->fold_version = (int)pg_get_int8(r, 0, 3);
    row->fold_next = pg_get_int8(r, 0, 4);
    if (!pg_is_null(r, 0, 5))
        snprintf(row->claims_mark, sizeof(row->claims_mark), "%s", pg_get_text(r, 0, 5));
    if (!pg_is_null(r, 0, 6))
        snprintf(row->cluster_id, sizeof(row->cluster_id), "%s", pg_get_text(r, 0, 6));
    if (!pg_is_null(r, 0, 7))
        row->first_event_id = pg_get_uuid(r, 0, 7);
    if (!pg_is_null(r, 0, 8))
        row->last_event_id = pg_get_uuid(r, 0, 8);
}

enum err_code lane_row_take(struct pg *pg,
                            int32_t partition,
                            int64_t seen,
                            const char *owner,
                            int fold_version,
                            struct lane_row *ret,
                            struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param evict[] = {pg_p_int4(&a, partition), pg_p_int8(&a, seen)};
    TRY(pg_exec(pg, lane_sql(SQL_LANE_EVICT), evict, ARRAY_SIZE(evict), NULL, err));
    struct pg_param take[] = {
        pg_p_int4(&a, partition),     pg_p_text(&a, owner), pg_p_int4(&a, fold_version),
        pg_p_int8(&a, time_now_us()), pg_p_int8(&a, seen),
    };
    const PGresult *r;
    TRY(pg_exec(pg, lane_sql(SQL_LANE_TAKE), take, ARRAY_SIZE(take), &r, err));
    if (PQntuples(r) != 1)
        return err_set(err, ERR_CONFLICT, "lane %d: another owner has the row", partition);
    *ret = (struct lane_row){.partition = partition};
    read_row(r, ret);
    return ERR_OK;
}

enum err_code lane_row_read(struct pg *pg, int32_t partition, struct lane_row *ret, struct err *err)
{
    owned_value(arena_release) struct arena a;
    const PGresult *r;
    arena_init(&a);
    struct pg_param p[] = {pg_p_int4(&a, partition)};
    TRY(pg_exec(pg, lane_sql(SQL_LANE_READ), p, ARRAY_SIZE(p), &r, err));
    if (PQntuples(r) != 1)
        return err_set(err, ERR_NOT_FOUND, "there is no lane %d", partition);
    *ret = (struct lane_row){.partition = partition};
    read_row(r, ret);
    return ERR_OK;
}

enum err_code lane_row_rejoin(struct pg *pg, const struct lane_row *row, struct err *err)
{
    owned_value(arena_release) struct arena a;
    const PGresult *r;
    arena_init(&a);
    struct pg_param p[] = {
        pg_p_int4(&a, row->partition),
        pg_p_int8(&a, row->epoch),
        pg_p_int8(&a, row->next_event),
        pg_p_int4(&a, row->fold_version),
    };
    TRY(pg_exec(pg, lane_sql(SQL_LANE_REJOIN), p, ARRAY_SIZE(p), &r, err));
    if (PQntuples(r) != 1)
        return err_set(err, ERR_CONFLICT,
                       "lane %d: another owner has the row, or its states are another program's",
                       row->partition);
    return ERR_OK;
}

size_t lane_row_queue_lock(struct pg *pg, const struct lane_row *row, struct arena *a)
{
    struct pg_param p[] = {
        pg_p_int4(a, row->partition),
        pg_p_int8(a, row->epoch),
        pg_p_int8(a, row->next_event),
    };
    return pg_queue(pg, lane_sql(SQL_LANE_LOCK), p, ARRAY_SIZE(p));
}

enum err_code
lane_row_locked(struct pg *pg, size_t index, const struct lane_row *row, struct err *err)
{
    if (PQntuples(pg_result(pg, index)) == 1)
        return ERR_OK;
    return err_set(err, ERR_CONFLICT, "lane %d: another owner has the row", row->partition);
}

static struct pg_param id_or_null(struct arena *a, const struct uuid *id)
{
    return id ? pg_p_uuid(a, id) : pg_p_null(PG_UUID);
}

void lane_row_queue_advance(struct pg *pg,
                            const struct lane_row *row,
                            const struct uuid *first,
                            const struct uuid *last,
                            struct arena *a)
{
    struct pg_param p[] = {
        pg_p_int4(a, row->partition),    pg_p_int8(a, row->epoch), pg_p_int8(a, row->next_event),
        pg_p_int8(a, row->next_command), id_or_null(a, first),     id_or_null(a, last),
    };
    pg_queue(pg, lane_sql(SQL_LANE_ADVANCE), p, ARRAY_SIZE(p));
}

void lane_row_queue_catch_up(struct pg *pg,
                             const struct lane_row *row,
                             const struct uuid *first,
                             const struct uuid *last,
                             struct arena *a)
{
    struct pg_param p[] = {
        pg_p_int4(a, row->partition),
        pg_p_int8(a, row->epoch),
        pg_p_int8(a, row->next_event),
        pg_p_int8(a, row->next_command),
        pg_p_int4(a, row->fold_version),
        pg_p_int8(a, row->fold_next),
        id_or_null(a, first),
        id_or_null(a, last),
    };
    pg_queue(pg, lane_sql(SQL_LANE_CATCH_UP), p, ARRAY_SIZE(p));
}

static const char *notice(const struct lane_row *row, struct arena *a)
{
    return arena_printf(a, "%d %" PRId64, row->partition, row->next_command);
}

enum err_code
lane_row_notify(struct pg *pg, const char *channel, const struct lane_row *row, struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param p[] = {pg_p_text(&a, channel), pg_p_text(&a, notice(row, &a))};
    return pg_exec(pg, lane_sql(SQL_LANE_NOTIFY), p, ARRAY_SIZE(p), NULL, err);
}

enum err_code lane_row_commit(struct pg *pg,
                              const char *channel,
                              const struct lane_row *row,
                              struct arena *a,
                              struct err *err)
{
    struct pg_param p[] = {pg_p_text(a, channel), pg_p_text(a, notice(row, a))};
    return pg_commit_then(pg, lane_sql(SQL_LANE_NOTIFY), p, ARRAY_SIZE(p), err);
}

enum err_code lane_row_identify(struct pg *pg,
                                struct lane_row *row,
                                const char *cluster_id,
                                const char *claims_mark,
                                struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param p[] = {
        pg_p_int4(&a, row->partition),    pg_p_int8(&a, row->epoch),
        pg_p_text(&a, cluster_id),        pg_p_text(&a, claims_mark),
        pg_p_int4(&a, row->fold_version), pg_p_int8(&a, row->fold_next),
    };
    size_t index = pg_queue(pg, lane_sql(SQL_LANE_IDENTIFY), p, ARRAY_SIZE(p));
    TRY(pg_sync(pg, err));
    if (pg_affected(pg, index) != 1)
        return err_set(err, ERR_CONFLICT, "lane %d: another owner has the row", row->partition);
    snprintf(row->cluster_id, sizeof(row->cluster_id), "%s", cluster_id);
    snprintf(row->claims_mark, sizeof(row->claims_mark), "%s", claims_mark);
    return ERR_OK;
}

enum err_code
lane_row_count_marked(struct pg *pg, const char *claims_mark, int64_t *ret, struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param p[] = {pg_p_text(&a, claims_mark)};
    const PGresult *r;
    TRY(pg_exec(pg, lane_sql(SQL_LANE_BARRIER), p, ARRAY_SIZE(p), &r, err));
    *ret = pg_get_int8(r, 0, 0);
    return ERR_OK;
}

enum err_code lane_row_holder(
    struct pg *pg, int32_t partition, int64_t *ret_epoch, bool *ret_alive, struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param p[] = {pg_p_int4(&a, partition)};
    const PGresult *r;
    TRY(pg_exec(pg, lane_sql(SQL_LANE_HOLDER), p, ARRAY_SIZE(p), &r, err));
    bool found = PQntuples(r) == 1;
    *ret_epoch = found ? pg_get_int8(r, 0, 0) : 0;
    *ret_alive = found && pg_get_bool(r, 0, 1);
    return ERR_OK;
}

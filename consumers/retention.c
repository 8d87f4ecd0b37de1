#include "consumers/retention.h"

#include <assert.h>

#include "projections/service_sql.h"

struct kind {
    const char *folder; /* NULL = the service's own */
    const char *group;
    const char *name;
    bool vault;
    bool by_own_time; /* the row itself says when it ends: now is the limit */
    bool walks;       /* nothing tells which are to go: all are looked at in turn */
};

static const struct kind kinds[] = {
    {"common", "queries", "pending_sweep",    false, false, false},
    {NULL,     "vault",   "session_sweep",    true,  true,  false},
    {NULL,     "vault",   "credential_sweep", true,  false, true },
};

/* What came back: the last one that was looked at, and how many were. */
static void walk_on(struct retention_walk *walk, const PGresult *r, int64_t max)
{
    enum { CREATED_AT, CREDENTIAL_ID, LOOKED };
    if (PQntuples(r) == 1 && pg_get_int8(r, 0, LOOKED) == max)
        *walk = (struct retention_walk){pg_get_time(r, 0, CREATED_AT),
                                        pg_get_uuid(r, 0, CREDENTIAL_ID)};
    else
        *walk = (struct retention_walk){0};
}

/* Unprepared, once a minute at most: each service has texts of its own, and a pg_stmt must be
 * static. */
static enum err_code sweep(struct pg *pg,
                           const struct kind *k,
                           const char *sql,
                           struct retention_walk *walk,
                           int64_t before_us,
                           int64_t max,
                           bool *ret_more,
                           struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param p[] = {
        pg_p_time(&a, before_us),
        pg_p_int8(&a, max),
        pg_p_time(&a, walk->created_at),
        pg_p_uuid(&a, &walk->credential_id),
    };
    size_t index = pg_queue_once(pg, sql, p, k->walks ? 4 : 2);
    if (pg_sync(pg, err) != ERR_OK)
        return err_context(err, "%s", k->name);
    if (k->walks)
        walk_on(walk, pg_result(pg, index), max);
    else
        *ret_more |= pg_affected(pg, index) == max;
    return ERR_OK;
}

enum err_code retention_sweep(struct pg *pg,
                              struct retention_walk *walk,
                              const struct service *service,
                              int64_t now_us,
                              int64_t before_us,
                              int64_t max,
                              bool *ret_more,
                              struct err *err)
{
    bool more = false;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        const struct kind *k = &kinds[i];
        if (k->vault && !service->vault)
            continue;
        const struct sql_file *file =
            sql_file_find(k->folder ? k->folder : service->name, k->group, k->name);
        assert(file);
        TRY(sweep(pg, k, file->text, walk, k->by_own_time ? now_us : before_us, max, &more, err));
    }
    *ret_more = more;
    return ERR_OK;
}

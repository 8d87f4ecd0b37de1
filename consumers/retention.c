#include "consumers/retention.h"

#include <assert.h>

#include "projections/service_sql.h"

struct kind {
    const char *folder; /* NULL = the service's own */
    const char *group;
    const char *name;
    bool vault;
    bool by_own_time; /* the row itself says when it ends: now is the limit */
    bool walks;       /* a piece at a time, whatever it finds there */
};

static const struct kind kinds[] = {
    {"common", "queries", "pending_sweep",    false, false, false},
    {NULL,     "vault",   "session_sweep",    true,  true,  false},
    {NULL,     "vault",   "credential_sweep", true,  false, true },
};

/* How many it deleted, and where it stands: nil = at the end. */
static void read_step(const PGresult *r, int64_t *ret_deleted, struct uuid *walk)
{
    *ret_deleted = pg_get_int8(r, 0, 0);
    *walk = pg_is_null(r, 0, 1) ? uuid_nil : pg_get_uuid(r, 0, 1);
}

/* Unprepared, once a minute at most: each service has texts of its own, and a pg_stmt must be
 * static. walk NULL: it does not. */
static enum err_code sweep(struct pg *pg,
                           const struct sql_file *file,
                           int64_t before_us,
                           int64_t max,
                           struct uuid *walk,
                           int64_t *ret,
                           struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param p[] = {pg_p_time(&a, before_us), pg_p_int8(&a, max), pg_p_uuid(&a, walk)};
    size_t index = pg_queue_once(pg, file->text, p, walk ? 3 : 2);
    if (pg_sync(pg, err) != ERR_OK)
        return err_context(err, "%s", file->name);
    if (walk)
        read_step(pg_result(pg, index), ret, walk);
    else
        *ret = pg_affected(pg, index);
    return ERR_OK;
}

enum err_code retention_sweep(struct pg *pg,
                              const struct service *service,
                              int64_t now_us,
                              int64_t before_us,
                              int64_t max,
                              struct uuid *walk,
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
        int64_t deleted = 0;
        assert(file);
        TRY(sweep(pg, file, k->by_own_time ? now_us : before_us, max, k->walks ? walk : NULL,
                  &deleted, err));
        more |= k->walks ? deleted > 0 && !uuid_is_nil(walk) : deleted == max;
    }
    *ret_more = more;
    return ERR_OK;
}

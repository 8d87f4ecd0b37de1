#include "consumers/retention.h"

#include <assert.h>

#include "projections/service_sql.h"

struct kind {
    const char *folder; /* NULL = the service's own */
    const char *group;
    const char *name;
    bool vault;
    bool by_own_time; /* the row itself says when it ends: now is the limit */
};

static const struct kind kinds[] = {
    {"common", "queries", "pending_sweep",    false, false},
    {NULL,     "vault",   "session_sweep",    true,  true },
    {NULL,     "vault",   "credential_sweep", true,  false},
};

/* Unprepared, once a minute at most: each service has texts of its own, and a pg_stmt must be
 * static. */
static enum err_code
sweep(struct pg *pg, const char *sql, int64_t before_us, int64_t max, int64_t *ret, struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param p[] = {pg_p_time(&a, before_us), pg_p_int8(&a, max)};
    size_t index = pg_queue_once(pg, sql, p, ARRAY_SIZE(p));
    TRY(pg_sync(pg, err));
    *ret = pg_affected(pg, index);
    return ERR_OK;
}

enum err_code retention_sweep(struct pg *pg,
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
        int64_t deleted = 0;
        assert(file);
        TRY(sweep(pg, file->text, k->by_own_time ? now_us : before_us, max, &deleted, err));
        more |= deleted == max;
    }
    *ret_more = more;
    return ERR_OK;
}

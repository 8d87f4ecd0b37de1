#include "api/db.h"

#include <assert.h>

#include "api/api.h"
#include "api/local.h"
#include "consumers/service_pg.h"
#include "ops/runtime/timeutil.h"
#include "projections/generation.h"

#define RETRY_US \
    200000 /* between two tries to connect: a request does not queue behind a dead host */

void db_generation_seen(struct api_service *s, int generation)
{
    atomic_store(&s->generation, generation);
}

static enum err_code open_live(struct api_service *s,
                               const char *purpose,
                               struct pg **ret,
                               int *ret_generation,
                               struct err *err)
{
    assert(!local_get()->serves_http);
    struct service_control control;
    struct config_timeouts t = config_derive(s->cfg);
    struct pg_options o = {
        .application_name = purpose,
        .statement_timeout_ms = t.statement_ms,
        .idle_in_transaction_ms = t.idle_in_transaction_ms,
        .planner_fixed = true,
        .may_await_standby = true, /* the vault's */
    };
    TRY(service_control_read(s->cfg, s->service, &control, err));
    db_generation_seen(s, control.generation);
    TRY(service_pg_open(s->cfg, s->service, control.generation, o, ret, err));
    *ret_generation = control.generation;
    return ERR_OK;
}

enum err_code db_open(struct api_service *s,
                      const char *purpose,
                      struct pg **ret,
                      int *ret_generation,
                      struct err *err)
{
    int ignored;
    return open_live(s, purpose, ret, ret_generation ? ret_generation : &ignored, err);
}

enum err_code db_thread(struct api_service *s, struct pg **ret, struct err *err)
{
    assert(!local_get()->serves_http);
    struct local_db *db = &local_get()->db[s->index];
    if (db->pg && (pg_broken(db->pg) || db->generation != atomic_load(&s->generation))) {
        pg_free(db->pg);
        db->pg = NULL;
    }
    if (!db->pg) {
        int64_t now = time_monotonic_us();
        if (now < db->retry_us)
            return err_set(err, ERR_UNAVAILABLE, "PostgreSQL is away");
        if (open_live(s, "hirelog api", &db->pg, &db->generation, err) != ERR_OK) {
            db->retry_us = time_monotonic_us() + RETRY_US;
            return err->code = ERR_UNAVAILABLE;
        }
        db->used = false;
    }
    *ret = db->pg;
    return ERR_OK;
}

static void drop(struct api_service *s)
{
    struct local_db *db = &local_get()->db[s->index];
    pg_free(db->pg);
    db->pg = NULL;
}

typedef enum err_code attempt_fn(struct pg *pg, void *arg, struct err *err);

/* A connection may have broken since its last use, lead to a server that takes no writes any more, or its generation be over
 * (R2): worth one more try, on a new one. One that was new already is told the same again. */
static enum err_code
attempt_twice(struct api_service *s, attempt_fn *attempt, void *arg, struct err *err)
{
    for (int i = 0;; i++) {
        struct pg *pg = NULL;
        TRY(db_thread(s, &pg, err));
        struct local_db *db = &local_get()->db[s->index];
        bool fresh = !db->used;
        db->used = true;
        enum err_code code = attempt(pg, arg, err);
        if (code == ERR_OK)
            return code;
        bool again = pg_broken(pg) && !fresh;
        if (generation_over(err)) {
            again = true;
            drop(s);
        }
        if (i > 0 || !again)
            return code;
    }
}

struct query_call {
    const struct query *q;
    const struct query_arg *args;
    size_t n;
    struct arena *a;
    struct query_result *rows; /* or */
    const PGresult **raw;
};

static enum err_code query_attempt(struct pg *pg, void *arg, struct err *err)
{
    struct query_call *c = arg;
    if (c->raw)
        return query_run_raw(c->q, pg, c->args, c->n, c->a, c->raw, err);
    return query_run(c->q, pg, c->args, c->n, c->a, c->rows, err);
}

enum err_code db_query(struct api_service *s,
                       const struct query *q,
                       const struct query_arg *args,
                       size_t n,
                       struct arena *a,
                       struct query_result *ret,
                       struct err *err)
{
    struct query_call call = {.q = q, .args = args, .n = n, .a = a, .rows = ret};
    return attempt_twice(s, query_attempt, &call, err);
}

enum err_code db_query_raw(struct api_service *s,
                           const struct query *q,
                           const struct query_arg *args,
                           size_t n,
                           struct arena *a,
                           const PGresult **ret,
                           struct err *err)
{
    struct query_call call = {.q = q, .args = args, .n = n, .a = a, .raw = ret};
    return attempt_twice(s, query_attempt, &call, err);
}

struct exec_call {
    const struct pg_stmt *stmt;
    const struct pg_param *params;
    size_t n;
    const PGresult **ret;
};

static enum err_code exec_attempt(struct pg *pg, void *arg, struct err *err)
{
    struct exec_call *c = arg;
    return pg_exec(pg, c->stmt, c->params, c->n, c->ret, err);
}

enum err_code db_exec(struct api_service *s,
                      const struct pg_stmt *stmt,
                      const struct pg_param *params,
                      size_t n,
                      const PGresult **ret,
                      struct err *err)
{
    struct exec_call call = {.stmt = stmt, .params = params, .n = n, .ret = ret};
    return attempt_twice(s, exec_attempt, &call, err);
}

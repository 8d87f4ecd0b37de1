#include "consumers/lost_credentials.h"

#include <assert.h>

#include "consumers/service_pg.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "projections/service_sql.h"

#define WALK_EVERY_US (600 * 1000000LL)
#define LABELS_MAX    128
#define STATEMENT_MS  60000 /* a person waits, and no lane */

enum { CAUGHT_UP, NEXT, USER_ID, EMAIL, CREATED_AT };

void lost_credentials_init(struct lost_credentials *c, const struct service *service)
{
    char labels[LABELS_MAX];
    *c = (struct lost_credentials){.service = service->vault ? service : NULL};
    atomic_store(&c->n, -1);
    if (!c->service)
        return;
    snprintf(labels, sizeof(labels), "service=\"%s\"", service->name);
    c->gauge = metrics_gauge("hirelog_accounts_without_credential", labels,
                             "Active accounts whose password hash is not in the vault.");
}

void lost_credentials_restart(struct lost_credentials *c)
{
    atomic_store(&c->n, -1);
    c->so_far = 0;
    c->walk = uuid_nil;
    c->ask_at_us = 0;
}

/* The accounts behind that one. Unprepared: rare. */
static enum err_code step(struct pg *pg,
                          const struct service *service,
                          const struct uuid *behind,
                          const PGresult **ret,
                          struct err *err)
{
    owned_value(arena_release) struct arena a;
    const struct sql_file *file = sql_file_find(service->name, "vault", "accounts_unproved");
    arena_init(&a);
    assert(file);
    struct pg_param p[] = {pg_p_uuid(&a, behind), pg_p_int8(&a, ACCOUNTS_SEEN_MAX)};
    size_t index = pg_queue_once(pg, file->text, p, ARRAY_SIZE(p));
    if (pg_sync(pg, err) != ERR_OK)
        return err_context(err, "%s", file->name);
    *ret = pg_result(pg, index);
    if (!pg_get_bool(*ret, 0, CAUGHT_UP))
        return err_set(err, ERR_UNAVAILABLE, "accounts are still catching up");
    return ERR_OK;
}

static int64_t rows_of(const PGresult *r)
{
    return pg_is_null(r, 0, USER_ID) ? 0 : PQntuples(r);
}

static void tell(struct lost_credentials *c)
{
    if (c->so_far > 0 && c->so_far != atomic_load(&c->n))
        log_warn("accounts have lost their credentials: nobody can log in to them; "
                 "`hirelog account list --without-credential` names them",
                 KV_S("service", c->service->name), KV_I("accounts", c->so_far));
    atomic_store(&c->n, c->so_far);
    metric_set(c->gauge, c->so_far);
}

void lost_credentials_ask(struct lost_credentials *c, struct pg *pg)
{
    struct err ignored;
    const PGresult *r = NULL;
    int64_t now = time_monotonic_us();
    if (!c->service || now < c->ask_at_us || step(pg, c->service, &c->walk, &r, &ignored) != ERR_OK)
        return;
    c->so_far += rows_of(r);
    if (!pg_is_null(r, 0, NEXT)) {
        c->walk = pg_get_uuid(r, 0, NEXT);
        return;
    }
    tell(c);
    c->so_far = 0;
    c->walk = uuid_nil;
    c->ask_at_us = now + WALK_EVERY_US;
}

void lost_credentials_print(const struct lost_credentials *c, struct strbuf *out)
{
    if (c->service)
        strbuf_addf(out, "\"accounts_without_credential\":%lld,", atomic_load(&c->n));
}

static void add_lines(const PGresult *r, struct strbuf *out)
{
    for (int i = 0; i < rows_of(r); i++) {
        char id[UUID_TEXT_LEN + 1], created[TIME_TEXT_LEN + 1];
        struct uuid user = pg_get_uuid(r, i, USER_ID);
        uuid_format(&user, id);
        time_format(pg_get_time(r, i, CREATED_AT), created);
        strbuf_addf(out, "%s\t%s\t%s\n", id, pg_get_text(r, i, EMAIL), created);
    }
}

enum err_code lost_credentials_list(const struct config *cfg,
                                    const struct service *service,
                                    struct strbuf *out,
                                    struct err *err)
{
    owned(pg_free) struct pg *pg = NULL;
    struct service_control control;
    struct uuid walk = uuid_nil;
    struct pg_options o = {.application_name = "hirelog account",
                           .statement_timeout_ms = STATEMENT_MS,
                           .planner_fixed = true};
    TRY(service_control_read(cfg, service, &control, err));
    TRY(service_pg_open(cfg, service, control.generation, o, &pg, err));
    for (;;) {
        const PGresult *r = NULL;
        TRY(step(pg, service, &walk, &r, err));
        add_lines(r, out);
        if (pg_is_null(r, 0, NEXT))
            return ERR_OK;
        walk = pg_get_uuid(r, 0, NEXT);
    }
}

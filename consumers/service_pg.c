#include "consumers/service_pg.h"

#include <stdio.h>

#include "consumers/lane_sql.h"

#define SEARCH_PATH_MAX 256

void service_pg_conninfo(const struct config *cfg, const struct service *s, char *ret, size_t size)
{
    const char *own = cfg->pg_service[s - services];
    if (own[0])
        snprintf(ret, size, "%s", own);
    else
        snprintf(ret, size, "%s user=hirelog_%s", cfg->pg, s->name);
}

enum err_code service_control_read(const struct config *cfg,
                                   const struct service *s,
                                   struct service_control *ret,
                                   struct err *err)
{
    char conninfo[2 * CONFIG_TEXT_MAX], path[SEARCH_PATH_MAX];
    service_pg_conninfo(cfg, s, conninfo, sizeof(conninfo));
    snprintf(path, sizeof(path), "hirelog_%s", s->name);
    owned(pg_free) struct pg *pg = NULL;
    TRY(pg_open(&(struct pg_options){.conninfo = conninfo,
                                     .application_name = "hirelog control",
                                     .search_path = path,
                                     .statement_timeout_ms = config_derive(cfg).statement_ms},
                &pg, err));
    const PGresult *r;
    TRY(pg_exec(pg, lane_sql(SQL_LANE_CONTROL), NULL, 0, &r, err));
    if (PQntuples(r) != 1)
        return err_set(err, ERR_UNAVAILABLE, "%s: no generation; run hirelog migrate", s->name);
    ret->generation = (int)pg_get_int8(r, 0, 0);
    snprintf(ret->claims_mark, sizeof(ret->claims_mark), "%s", pg_get_text(r, 0, 1));
    return ERR_OK;
}

enum err_code service_generation_read(struct pg *pg, int *ret, struct err *err)
{
    const PGresult *r;
    TRY(pg_exec(pg, lane_sql(SQL_LANE_CONTROL), NULL, 0, &r, err));
    if (PQntuples(r) != 1)
        return err_set(err, ERR_UNAVAILABLE, "no generation; run hirelog migrate");
    *ret = (int)pg_get_int8(r, 0, 0);
    return ERR_OK;
}

enum err_code service_pg_open_schema(const struct config *cfg,
                                     const struct service *s,
                                     const char *schema,
                                     struct pg_options options,
                                     struct pg **ret,
                                     struct err *err)
{
    char conninfo[2 * CONFIG_TEXT_MAX], path[SEARCH_PATH_MAX];
    service_pg_conninfo(cfg, s, conninfo, sizeof(conninfo));
    snprintf(path, sizeof(path), "%s, hirelog_%s, hirelog_%s_vault", schema, s->name, s->name);
    options.conninfo = conninfo;
    options.search_path = path;
    return pg_open(&options, ret, err);
}

enum err_code service_pg_open(const struct config *cfg,
                              const struct service *s,
                              int generation,
                              struct pg_options options,
                              struct pg **ret,
                              struct err *err)
{
    char schema[SEARCH_PATH_MAX / 2];
    snprintf(schema, sizeof(schema), "hirelog_%s_g%d", s->name, generation);
    return service_pg_open_schema(cfg, s, schema, options, ret, err);
}

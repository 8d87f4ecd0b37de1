#include "projections/migrate.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ops/runtime/pg.h"
#include "ops/runtime/timeutil.h"
#include "projections/service_sql.h"

#define PASSWORD_MAX 256
#define KEPT_MAX     8  /* there is one; older programs may have left some */
#define SCHEMA_MAX   64 /* an identifier of PostgreSQL */

/* The statements of projections/common/migrate/; the other files there are scripts. */
enum step {
    STEP_BEGIN,
    STEP_PATH,
    STEP_HAS_TABLE,
    STEP_CONTROL_READ,
    STEP_LANES,
    STEP_KEPT,
    STEP_N
};
static struct pg_stmt steps[STEP_N] = {
    [STEP_BEGIN] = {.name = "begin"},         [STEP_PATH] = {.name = "path"},
    [STEP_HAS_TABLE] = {.name = "has_table"}, [STEP_CONTROL_READ] = {.name = "control_read"},
    [STEP_LANES] = {.name = "lanes"},         [STEP_KEPT] = {.name = "kept"},
};

struct migration {
    struct pg *pg;
    const struct migrate_service *service;
    struct arena arena;
};

static const char *text_of(const char *service, const char *kind, const char *name)
{
    const struct sql_file *file = sql_file_find(service, kind, name);
    assert(file);
    return file->text;
}

static enum err_code script(
    struct migration *m, const char *service, const char *kind, const char *name, struct err *err)
{
    if (pg_script(m->pg, text_of(service, kind, name), err) != ERR_OK)
        return err_context(err, "%s: %s.sql", m->service->name, name);
    return ERR_OK;
}

static enum err_code run(struct migration *m,
                         enum step which,
                         const struct pg_param *params,
                         size_t n,
                         const PGresult **ret,
                         struct err *err)
{
    if (pg_exec(m->pg, &steps[which], params, n, ret, err) != ERR_OK)
        return err_context(err, "%s", m->service->name);
    return ERR_OK;
}

static enum err_code begin(struct migration *m, const char *password, struct err *err)
{
    char rebuild_id[UUID_TEXT_LEN + 1];
    struct uuid id = uuid_v7(time_now_us());
    uuid_format(&id, rebuild_id);
    const struct pg_param params[] = {
        pg_p_text(&m->arena, m->service->name), pg_p_bool(&m->arena, m->service->vault),
        pg_p_text(&m->arena, password), pg_p_text(&m->arena, rebuild_id)};
    TRY(pg_script(m->pg, "BEGIN", err));
    return run(m, STEP_BEGIN, params, ARRAY_SIZE(params), NULL, err);
}

/* From here on tables are made and looked for in that schema. */
static enum err_code enter(struct migration *m, const char *schema, struct err *err)
{
    const struct pg_param param = pg_p_text(&m->arena, schema);
    return run(m, STEP_PATH, &param, 1, NULL, err);
}

static enum err_code
has_table(struct migration *m, const char *schema, const char *table, bool *ret, struct err *err)
{
    const struct pg_param params[] = {pg_p_text(&m->arena, schema), pg_p_text(&m->arena, table)};
    const PGresult *r;
    TRY(run(m, STEP_HAS_TABLE, params, ARRAY_SIZE(params), &r, err));
    *ret = pg_get_bool(r, 0, 0);
    return ERR_OK;
}

static enum err_code control(struct migration *m, struct err *err)
{
    char schema[SCHEMA_MAX];
    bool has;
    snprintf(schema, sizeof(schema), "hirelog_%s", m->service->name);
    TRY(enter(m, schema, err));
    TRY(has_table(m, schema, "control", &has, err));
    if (!has)
        TRY(script(m, "common", "", "control", err));
    TRY(script(m, "common", "migrate", "letters", err));
    return script(m, "common", "migrate", "control", err);
}

static enum err_code vault(struct migration *m, struct err *err)
{
    char schema[SCHEMA_MAX];
    bool has;
    if (!m->service->vault)
        return ERR_OK;
    snprintf(schema, sizeof(schema), "hirelog_%s_vault", m->service->name);
    TRY(has_table(m, schema, "credential", &has, err));
    if (has)
        return ERR_OK;
    TRY(enter(m, schema, err));
    return script(m, "common", "", "vault", err);
}

static enum err_code lanes(struct migration *m, int64_t partitions, struct err *err)
{
    const struct pg_param param = pg_p_int8(&m->arena, partitions);
    const PGresult *r;
    TRY(run(m, STEP_LANES, &param, 1, &r, err));
    int64_t have = pg_get_int8(r, 0, 0);
    if (have != partitions)
        return err_set(
            err, ERR_CONFLICT,
            "%s has %lld lanes, the setting partitions says %lld: it is frozen at creation",
            m->service->name, (long long)have, (long long)partitions);
    return ERR_OK;
}

/* Into the generation of that name, which is the current one and lacks it when an older program has made it. */
static enum err_code progress(struct migration *m, const char *schema, struct err *err)
{
    bool has;
    TRY(has_table(m, schema, "lane_caught_up", &has, err));
    if (has)
        return ERR_OK;
    TRY(script(m, "common", "", "progress", err));
    return script(m, "common", "migrate", "old_columns", err);
}

/* `hirelog replay --rollback` makes one of them live again. */
static enum err_code kept_generations(struct migration *m, struct err *err)
{
    const struct pg_param service = pg_p_text(&m->arena, m->service->name);
    const char *names[KEPT_MAX];
    const PGresult *r;
    TRY(run(m, STEP_KEPT, &service, 1, &r, err));
    int n = PQntuples(r) < KEPT_MAX ? PQntuples(r) : KEPT_MAX;
    for (int i = 0; i < n; i++)
        names[i] = arena_strdup(&m->arena, pg_get_text(r, i, 0));
    for (int i = 0; i < n; i++) {
        TRY(enter(m, names[i], err));
        TRY(script(m, "common", "migrate", "outcome_key", err));
        TRY(progress(m, names[i], err));
    }
    return ERR_OK;
}

/* The live generation, after control(): its schema is the current one. */
static enum err_code generation(struct migration *m, struct err *err)
{
    char schema[SCHEMA_MAX];
    const PGresult *r;
    bool has;
    TRY(script(m, "common", "migrate", "generation", err));
    TRY(run(m, STEP_CONTROL_READ, NULL, 0, &r, err));
    snprintf(schema, sizeof(schema), "hirelog_%s_g%lld", m->service->name,
             (long long)pg_get_int8(r, 0, 0));
    TRY(enter(m, schema, err));
    TRY(has_table(m, schema, "lane", &has, err));
    if (!has) {
        TRY(script(m, "common", "", "generation", err));
        TRY(script(m, m->service->name, "", "schema", err));
    }
    TRY(script(m, "common", "migrate", "outcome_key", err));
    TRY(progress(m, schema, err));
    return script(m, "common", "migrate", "statistics", err);
}

static enum err_code
service_migrate(struct migration *m, const char *password, int64_t partitions, struct err *err)
{
    TRY(begin(m, password, err));
    TRY(script(m, "common", "migrate", "schemas", err));
    TRY(vault(m, err));
    TRY(control(m, err));
    TRY(generation(m, err));
    TRY(lanes(m, partitions, err));
    TRY(kept_generations(m, err));
    TRY(script(m, "common", "migrate", "grants", err));
    return pg_commit(m->pg, err);
}

/* The first line of the file; "" when no file is set. */
static enum err_code password_read(const char *path, char ret[PASSWORD_MAX], struct err *err)
{
    ret[0] = '\0';
    if (!path[0])
        return ERR_OK;
    FILE *f = fopen(path, "re");
    if (!f)
        return err_set(err, ERR_INVALID, "pg_role_password_file %s: %s", path, strerror(errno));
    bool got = fgets(ret, PASSWORD_MAX, f) != NULL;
    fclose(f);
    ret[strcspn(ret, "\r\n")] = '\0';
    if (!got || !ret[0])
        return err_set(err, ERR_INVALID, "pg_role_password_file %s is empty", path);
    return ERR_OK;
}

static enum err_code open_admin(const struct config *cfg,
                                const struct migrate_service *service,
                                struct pg **ret,
                                struct err *err)
{
    bool own = service->admin && service->admin[0];
    struct pg_options o = {.conninfo = own ? service->admin : cfg->pg_admin,
                           .application_name = "hirelog migrate"};
    for (size_t i = 0; i < STEP_N; i++)
        steps[i].sql = text_of("common", "migrate", steps[i].name);
    return pg_open(&o, ret, err);
}

static enum err_code service_drop(struct migration *m, struct err *err)
{
    TRY(begin(m, "", err));
    TRY(script(m, "common", "migrate", "drop", err));
    return pg_commit(m->pg, err);
}

enum err_code
migrate_drop(const struct config *cfg, const struct migrate_service *service, struct err *err)
{
    owned(pg_free) struct pg *pg = NULL;
    TRY(open_admin(cfg, service, &pg, err));
    struct migration m = {.pg = pg, .service = service};
    arena_init(&m.arena);
    enum err_code code = service_drop(&m, err);
    if (code != ERR_OK)
        pg_rollback(pg);
    arena_release(&m.arena);
    return code;
}

static enum err_code migrate_one(const struct config *cfg,
                                 const struct migrate_service *service,
                                 const char *password,
                                 struct err *err)
{
    owned(pg_free) struct pg *pg = NULL;
    TRY(open_admin(cfg, service, &pg, err));
    struct migration m = {.pg = pg, .service = service};
    arena_init(&m.arena);
    enum err_code code = service_migrate(&m, password, cfg->partitions, err);
    if (code != ERR_OK)
        pg_rollback(pg);
    arena_release(&m.arena);
    return code;
}

enum err_code migrate_run(const struct config *cfg,
                          const struct migrate_service *services,
                          size_t n,
                          struct err *err)
{
    char password[PASSWORD_MAX];
    TRY(password_read(cfg->pg_role_password_file, password, err));
    for (size_t i = 0; i < n; i++)
        TRY(migrate_one(cfg, &services[i], password, err));
    return ERR_OK;
}

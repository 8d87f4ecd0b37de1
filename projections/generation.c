#include "projections/generation.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/timeutil.h"
#include "projections/service_sql.h"

#define QUERY_CANCELED "57014"

/* The statements of projections/common/generation/; the other files there are scripts. */
enum gen_sql {
    GEN_ALONE,
    GEN_NAMES,
    GEN_BEGIN,
    GEN_PATH,
    GEN_CARRY_BEGIN,
    GEN_LOCK_LANES,
    GEN_LOCK_POSITIONS,
    GEN_VECTOR,
    GEN_PARKED,
    GEN_COMPARE_TABLES,
    GEN_COMPARE,
    GEN_TIMEOUT,
    GEN_HOLD,
    GEN_SQL_N
};
static const char *const names[GEN_SQL_N] = {
    [GEN_ALONE] = "alone",
    [GEN_NAMES] = "names",
    [GEN_BEGIN] = "begin",
    [GEN_PATH] = "path",
    [GEN_CARRY_BEGIN] = "carry_begin",
    [GEN_LOCK_LANES] = "lock_lanes",
    [GEN_LOCK_POSITIONS] = "lock_positions",
    [GEN_VECTOR] = "vector",
    [GEN_PARKED] = "parked",
    [GEN_COMPARE_TABLES] = "compare_tables",
    [GEN_COMPARE] = "compare",
    [GEN_TIMEOUT] = "timeout",
    [GEN_HOLD] = "hold",
};
static struct pg_stmt statements[GEN_SQL_N], lanes = {.name = "lanes"};

static const char *text_of(const char *service, const char *kind, const char *name)
{
    const struct sql_file *file = sql_file_find(service, kind, name);
    assert(file);
    return file->text;
}

static void statements_find(void)
{
    for (size_t i = 0; i < GEN_SQL_N; i++)
        statements[i] =
            (struct pg_stmt){.name = names[i], .sql = text_of("common", "generation", names[i])};
    lanes.sql = text_of("common", "migrate", "lanes");
}

static enum err_code run(struct generations *g,
                         enum gen_sql which,
                         const struct pg_param *params,
                         size_t n,
                         const PGresult **ret,
                         struct err *err)
{
    if (pg_exec(g->pg, &statements[which], params, n, ret, err) != ERR_OK)
        return err_context(err, "%s", g->service.name);
    return ERR_OK;
}

static enum err_code
script(struct generations *g, const char *kind, const char *name, struct err *err)
{
    const char *service = kind[0] ? "common" : g->service.name;
    if (pg_script(g->pg, text_of(service, kind, name), err) != ERR_OK)
        return err_context(err, "%s: %s.sql", g->service.name, name);
    return ERR_OK;
}

/* From here on statements see that generation. */
static enum err_code enter(struct generations *g, const char *schema, struct err *err)
{
    struct pg_param p[] = {pg_p_text(&g->arena, schema), pg_p_text(&g->arena, g->service.name)};
    return run(g, GEN_PATH, p, ARRAY_SIZE(p), NULL, err);
}

static enum err_code begin(struct generations *g,
                           const char *how,
                           const char *fresh,
                           const struct generation_part *part,
                           struct err *err)
{
    struct arena *a = &g->arena;
    struct pg_param tables[GENERATION_TABLES_MAX];
    size_t n = part ? part->n_tables : 0;
    for (size_t i = 0; i < n; i++)
        tables[i] = pg_p_text(a, part->tables[i]);
    struct pg_param p[] = {
        pg_p_text(a, g->service.name),
        pg_p_text(a, g->live),
        pg_p_text(a, fresh),
        pg_p_text(a, part ? part->projection : ""),
        pg_p_array(a, PG_TEXT_ARRAY, tables, n),
    };
    TRY(pg_script(g->pg, how, err));
    return run(g, GEN_BEGIN, p, ARRAY_SIZE(p), NULL, err);
}

/* Ends what begin() began, one way or the other. */
static enum err_code end(struct generations *g, enum err_code code, struct err *err)
{
    if (code == ERR_OK)
        return pg_commit(g->pg, err);
    pg_rollback(g->pg);
    return code;
}

/* ---- opening */

static enum err_code
open_admin(const struct generations *g, int timeout_ms, struct pg **ret, struct err *err)
{
    bool own = g->service.admin && g->service.admin[0];
    struct pg_options o = {.conninfo = own ? g->service.admin : g->cfg->pg_admin,
                           .application_name = "hirelog replay",
                           .statement_timeout_ms = timeout_ms,
                           .durability = PG_LOCAL}; /* what it holds locked waits for no standby */
    return pg_open(&o, ret, err);
}

static enum err_code take_lock(struct generations *g, struct err *err)
{
    const PGresult *r;
    struct pg_param name = pg_p_text(&g->arena, g->service.name);
    TRY(run(g, GEN_ALONE, &name, 1, &r, err));
    if (pg_get_bool(r, 0, 0))
        return ERR_OK;
    return err_set(err, ERR_CONFLICT, "another replay of %s is running", g->service.name);
}

static enum err_code find_names(struct generations *g, struct err *err)
{
    const PGresult *r;
    struct pg_param name = pg_p_text(&g->arena, g->service.name);
    TRY(run(g, GEN_NAMES, &name, 1, &r, err));
    if (PQntuples(r) != 1)
        return err_set(err, ERR_NOT_FOUND, "%s: no generation; run hirelog migrate",
                       g->service.name);
    snprintf(g->live, sizeof(g->live), "hirelog_%s_g%lld", g->service.name,
             (long long)pg_get_int8(r, 0, 0));
    snprintf(g->kept, sizeof(g->kept), "%s", pg_get_text(r, 0, 1));
    snprintf(g->next, sizeof(g->next), "hirelog_%s_g%lld", g->service.name,
             (long long)pg_get_int8(r, 0, 2));
    return ERR_OK;
}

static enum err_code open_all(struct generations *g, struct err *err)
{
    char shared[GENERATION_NAME_MAX];
    snprintf(shared, sizeof(shared), "hirelog_%s", g->service.name);
    TRY(open_admin(g, 0, &g->pg, err));
    TRY(enter(g, shared, err));
    TRY(take_lock(g, err));
    return find_names(g, err);
}

enum err_code generations_open(const struct config *cfg,
                               const struct migrate_service *service,
                               struct generations *ret,
                               struct err *err)
{
    *ret = (struct generations){.service = *service, .cfg = cfg};
    arena_init(&ret->arena);
    statements_find();
    enum err_code code = open_all(ret, err);
    if (code != ERR_OK)
        generations_release(ret);
    return code;
}

void generations_release(struct generations *g)
{
    pg_free(g->compare_pg);
    pg_free(g->pg);
    g->pg = g->compare_pg = NULL;
    arena_release(&g->arena);
}

/* ---- making */

static enum err_code make_tables(struct generations *g,
                                 const char *name,
                                 const struct generation_part *part,
                                 struct err *err)
{
    struct pg_param partitions = pg_p_int8(&g->arena, g->cfg->partitions);
    TRY(script(g, "generation", "make", err));
    TRY(enter(g, name, err));
    TRY(pg_script(g->pg, text_of("common", "", "generation"), err));
    TRY(pg_script(g->pg, text_of("common", "", "progress"), err));
    TRY(script(g, "", "schema", err));
    TRY(script(g, "migrate", "statistics", err));
    TRY(script(g, "generation", "bulk_begin", err));
    TRY(pg_exec(g->pg, &lanes, &partitions, 1, NULL, err));
    if (part->projection[0])
        TRY(script(g, "generation", "copy", err));
    TRY(script(g, "generation", "catalogue", err));
    return script(g, "migrate", "grants", err);
}

enum err_code generation_make(struct generations *g,
                              const char *name,
                              const struct generation_part *part,
                              struct err *err)
{
    TRY(generation_drop(g, name, err));
    enum err_code code = begin(g, "BEGIN ISOLATION LEVEL REPEATABLE READ", name, part, err);
    if (code == ERR_OK)
        code = make_tables(g, name, part, err);
    return end(g, code, err);
}

enum err_code generation_finish(struct generations *g, const char *name, struct err *err)
{
    enum err_code code = begin(g, "BEGIN", name, NULL, err);
    if (code == ERR_OK)
        code = enter(g, name, err);
    if (code == ERR_OK)
        code = script(g, "generation", "bulk_end", err);
    return end(g, code, err);
}

enum err_code generation_drop(struct generations *g, const char *name, struct err *err)
{
    enum err_code code = begin(g, "BEGIN", name, NULL, err);
    if (code == ERR_OK)
        code = script(g, "generation", "catalogue", err);
    if (code == ERR_OK)
        code = script(g, "generation", "drop", err);
    return end(g, code, err);
}

/* ---- where it is */

enum err_code generation_vector_read(struct generations *g,
                                     const char *name,
                                     int fold_version,
                                     struct generation_vector *ret,
                                     struct err *err)
{
    const PGresult *r;
    struct pg_param version = pg_p_int4(&g->arena, fold_version);
    TRY(enter(g, name, err));
    TRY(run(g, GEN_VECTOR, &version, 1, &r, err));
    ret->n = (size_t)PQntuples(r);
    ret->logs = ARENA_ARRAY(&g->arena, struct generation_log, ret->n);
    for (size_t i = 0; i < ret->n; i++) {
        struct generation_log *log = &ret->logs[i];
        snprintf(log->source, sizeof(log->source), "%s", pg_get_text(r, (int)i, 0));
        log->partition = (int32_t)pg_get_int8(r, (int)i, 1);
        log->next = pg_get_int8(r, (int)i, 2);
        log->folded = pg_get_int8(r, (int)i, 3);
        log->ran = pg_get_bool(r, (int)i, 4);
    }
    return ERR_OK;
}

static enum err_code lock_rows(struct generations *g, struct err *err)
{
    int hold_ms = config_derive(g->cfg).idle_in_transaction_ms;
    struct pg_param hold = pg_p_text(&g->arena, arena_printf(&g->arena, "%d", hold_ms));
    TRY(enter(g, g->live, err));
    TRY(run(g, GEN_HOLD, &hold, 1, NULL, err));
    TRY(run(g, GEN_LOCK_LANES, NULL, 0, NULL, err));
    return run(g, GEN_LOCK_POSITIONS, NULL, 0, NULL, err);
}

enum err_code generation_lock(struct generations *g, struct err *err)
{
    enum err_code code = begin(g, "BEGIN", "", NULL, err);
    if (code == ERR_OK)
        code = lock_rows(g, err);
    return code == ERR_OK ? code : end(g, code, err);
}

void generation_unlock(struct generations *g)
{
    pg_rollback(g->pg);
}

/* ---- swapping */

static enum err_code carry_over(struct generations *g,
                                const char *fresh,
                                const struct generation_loss *loss,
                                struct err *err)
{
    struct arena *a = &g->arena;
    struct pg_param p[] = {pg_p_bool(a, loss->lost), pg_p_text(a, loss->claims_mark),
                           pg_p_text(a, loss->cluster_id)};
    TRY(run(g, GEN_CARRY_BEGIN, p, ARRAY_SIZE(p), NULL, err));
    struct pg_param names_of[] = {pg_p_text(a, g->service.name), pg_p_text(a, g->live),
                                  pg_p_text(a, fresh), pg_p_text(a, ""),
                                  pg_p_array(a, PG_TEXT_ARRAY, NULL, 0)};
    TRY(run(g, GEN_BEGIN, names_of, ARRAY_SIZE(names_of), NULL, err));
    TRY(script(g, "generation", "catalogue", err));
    TRY(script(g, "generation", "carry", err));
    TRY(script(g, "generation", "drop_kept", err));
    return script(g, "generation", "flip", err);
}

enum err_code generation_swap(struct generations *g,
                              const char *fresh,
                              const struct generation_loss *loss,
                              struct err *err)
{
    return end(g, carry_over(g, fresh, loss, err), err);
}

/* ---- comparing */

enum err_code generation_compare_open(struct generations *g, int timeout_ms, struct err *err)
{
    pg_free(g->compare_pg);
    g->compare_pg = NULL;
    TRY(open_admin(g, timeout_ms, &g->compare_pg, err));
    return pg_script(g->compare_pg, text_of("common", "generation", "compare_begin"), err);
}

enum err_code generation_compare_begin(struct generations *g, struct err *err)
{
    TRY(pg_script(g->compare_pg, "BEGIN ISOLATION LEVEL REPEATABLE READ", err));
    return pg_script(g->compare_pg, "SELECT 1", err); /* the snapshot is of the first statement */
}

/* Those of one generation, behind what *ids has. */
static enum err_code
add_parked(struct generations *g, const char *schema, struct uuid **ids, size_t *n, struct err *err)
{
    const PGresult *r;
    struct pg_param path[] = {pg_p_text(&g->arena, schema), pg_p_text(&g->arena, g->service.name)};
    TRY(pg_exec(g->compare_pg, &statements[GEN_PATH], path, ARRAY_SIZE(path), NULL, err));
    TRY(pg_exec(g->compare_pg, &statements[GEN_PARKED], NULL, 0, &r, err));
    for (int i = 0; i < PQntuples(r); i++) {
        *ids = arena_grow(&g->arena, *ids, *n, sizeof(**ids));
        (*ids)[(*n)++] = pg_get_uuid(r, i, 0);
    }
    return ERR_OK;
}

static int compare_ids(const void *a, const void *b)
{
    return uuid_compare(a, b);
}

/* Those that both have parked stand there once. */
static size_t distinct(struct uuid *ids, size_t n)
{
    size_t kept = 0;
    if (n == 0)
        return 0;
    assert(ids);
    qsort(ids, n, sizeof(*ids), compare_ids);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || !uuid_equal(&ids[kept - 1], &ids[i]))
            ids[kept++] = ids[i];
    return kept;
}

struct comparing {
    const char *fresh;
    struct pg_param since, fold_version, parked;
};

static enum err_code compare_table(struct generations *g,
                                   const struct comparing *c,
                                   struct generation_difference *d,
                                   struct err *err)
{
    struct arena *a = &g->arena;
    const PGresult *r;
    struct pg_param p[] = {pg_p_text(a, g->live),  pg_p_text(a, c->fresh),
                           pg_p_text(a, d->table), c->since,
                           c->fold_version,        c->parked};
    if (pg_exec(g->compare_pg, &statements[GEN_COMPARE], p, ARRAY_SIZE(p), &r, err) != ERR_OK)
        return err_context(err, "comparing %s", d->table);
    d->in_live = pg_get_int8(r, 0, 0);
    d->in_fresh = pg_get_int8(r, 0, 1);
    d->only_live = pg_get_int8(r, 0, 2);
    d->only_fresh = pg_get_int8(r, 0, 3);
    d->different = pg_get_int8(r, 0, 4);
    d->sample = arena_strdup(a, pg_get_text(r, 0, 5));
    return ERR_OK;
}

/* What only the live one has parked has been healed by the replay. */
static bool table_same(const struct generation_difference *d)
{
    bool parked = strcmp(d->table, "parked") == 0;
    return !d->apart[0] && d->only_fresh == 0 && (parked || d->only_live + d->different == 0);
}

static enum err_code list_tables(struct generations *g,
                                 const char *fresh,
                                 struct generation_comparison *ret,
                                 struct err *err)
{
    const PGresult *r;
    struct pg_param p[] = {pg_p_text(&g->arena, g->live), pg_p_text(&g->arena, fresh)};
    TRY(pg_exec(g->compare_pg, &statements[GEN_COMPARE_TABLES], p, ARRAY_SIZE(p), &r, err));
    ret->n_tables = (size_t)PQntuples(r);
    ret->tables = ARENA_ARRAY(&g->arena, struct generation_difference, ret->n_tables);
    for (size_t i = 0; i < ret->n_tables; i++)
        ret->tables[i] = (struct generation_difference){
            .table = arena_strdup(&g->arena, pg_get_text(r, (int)i, 0)),
            .apart = arena_strdup(&g->arena, pg_get_text(r, (int)i, 1)),
            .sample = "",
        };
    return ERR_OK;
}

static enum err_code too_slow(struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE,
                   "the generations could not be compared in time; `--unchecked` swaps without "
                   "comparing");
}

/* What is left of the minute is the next statement's. */
static enum err_code set_timeout(struct generations *g, int64_t deadline_us, struct err *err)
{
    int64_t left_ms = (deadline_us - time_monotonic_us()) / 1000;
    if (left_ms <= 0)
        return too_slow(err);
    struct pg_param ms = pg_p_text(&g->arena, arena_printf(&g->arena, "%lld", (long long)left_ms));
    return pg_exec(g->compare_pg, &statements[GEN_TIMEOUT], &ms, 1, NULL, err);
}

static enum err_code compare_all(struct generations *g,
                                 const struct comparing *c,
                                 int64_t deadline_us,
                                 struct generation_comparison *ret,
                                 struct err *err)
{
    for (size_t i = 0; i < ret->n_tables; i++) {
        struct generation_difference *d = &ret->tables[i];
        TRY(set_timeout(g, deadline_us, err));
        if (!d->apart[0] && compare_table(g, c, d, err) != ERR_OK)
            return strcmp(err->reason, QUERY_CANCELED) == 0 ? too_slow(err) : err->code;
        ret->same = ret->same && table_same(d);
    }
    return ERR_OK;
}

enum err_code generation_compare(struct generations *g,
                                 const char *fresh,
                                 int64_t since_us,
                                 int fold_version,
                                 int timeout_ms,
                                 struct generation_comparison *ret,
                                 struct err *err)
{
    struct arena *a = &g->arena;
    struct uuid *parked = NULL;
    int64_t deadline_us = time_monotonic_us() + timeout_ms * INT64_C(1000);
    *ret = (struct generation_comparison){.same = true};
    TRY(add_parked(g, g->live, &parked, &ret->n_parked, err));
    TRY(add_parked(g, fresh, &parked, &ret->n_parked, err));
    ret->n_parked = distinct(parked, ret->n_parked);
    ret->parked = parked;
    struct pg_param *ids = ARENA_ARRAY(a, struct pg_param, ret->n_parked);
    for (size_t i = 0; i < ret->n_parked; i++)
        ids[i] = pg_p_uuid(a, &parked[i]);
    struct comparing c = {
        .fresh = fresh,
        .since = pg_p_time(a, since_us),
        .fold_version = pg_p_int4(a, fold_version),
        .parked = pg_p_array(a, PG_UUID_ARRAY, ids, ret->n_parked),
    };
    TRY(list_tables(g, fresh, ret, err));
    enum err_code code = compare_all(g, &c, deadline_us, ret, err);
    pg_free(g->compare_pg); /* its snapshot holds back what can be forgotten */
    g->compare_pg = NULL;
    return code;
}

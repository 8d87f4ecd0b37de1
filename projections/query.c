#include "projections/query.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "projections/apply.h"
#include "projections/service_sql.h"
#include "projections/sql_params.h"

#define QUERIES_MAX        128 /* of one process */
#define QUERY_SOURCES_MAX  8
#define QUERY_DECLARED_MAX 16
#define FRAME_BODY         "--! query\n"

enum query_kind { QUERY_NONE, QUERY_ITEM, QUERY_LIST, QUERY_RANKED, QUERY_RAW };

struct declared {
    const char *name;
    enum pg_type type;
};

struct variant {
    struct pg_stmt stmt;
    struct sql_params params;
};

struct query {
    const struct sql_file *file;
    enum query_kind kind;
    bool own, summed;
    const char *projected[QUERY_SOURCES_MAX]; /* services: "job" for from_job */
    size_t n_projected;
    struct declared declared[QUERY_DECLARED_MAX];
    size_t n_declared;
    struct sql_switches switches;
    struct variant *variants; /* by the bits of the switches that are on */
};

/* All that was opened. Filled under the lock before threads, then only read; its memory lives as
 * long as the process. */
static struct {
    pthread_mutex_t lock;
    struct arena arena;
    struct query items[QUERIES_MAX];
    size_t n;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct {
    const char *name;
    enum pg_type type;
} sql_types[] = {
    {"bool",        PG_BOOL       },
    {"bytea",       PG_BYTEA      },
    {"int4",        PG_INT4       },
    {"int8",        PG_INT8       },
    {"int8[]",      PG_INT8_ARRAY },
    {"text",        PG_TEXT       },
    {"text[]",      PG_TEXT_ARRAY },
    {"timestamptz", PG_TIMESTAMPTZ},
    {"uuid",        PG_UUID       },
    {"uuid[]",      PG_UUID_ARRAY },
};

/* What comes with the kind, or with the frame, undeclared in the file. */
static const struct {
    enum query_kind kind;
    struct declared param;
} given[] = {
    {QUERY_ITEM,   {"ids", PG_UUID_ARRAY}         },
    {QUERY_LIST,   {"cursor_time", PG_TIMESTAMPTZ}},
    {QUERY_LIST,   {"cursor_id", PG_UUID}         },
    {QUERY_LIST,   {"backward", PG_BOOL}          },
    {QUERY_LIST,   {"page_limit", PG_INT8}        },
    {QUERY_RANKED, {"cursor_rank", PG_INT8}       },
    {QUERY_RANKED, {"cursor_time", PG_TIMESTAMPTZ}},
    {QUERY_RANKED, {"cursor_id", PG_UUID}         },
    {QUERY_RANKED, {"backward", PG_BOOL}          },
    {QUERY_RANKED, {"page_limit", PG_INT8}        },
};

static enum err_code
wrong(const struct query *q, struct err *err, const char *what, const char *which)
{
    return err_set(err, ERR_INVALID, "projections/%s/queries/%s.sql: %s%s", q->file->service,
                   q->file->name, what, which);
}

static const struct declared *declared_find(const struct query *q, const char *name)
{
    for (size_t i = 0; i < q->n_declared; i++)
        if (strcmp(q->declared[i].name, name) == 0)
            return &q->declared[i];
    return NULL;
}

/* ---- the header */

/* The blank-separated word at *s within its line, which it is moved past; NULL at the line's end.
 */
static const char *next_word(const char **s, struct arena *a)
{
    *s += strspn(*s, " ");
    size_t len = strcspn(*s, " \n");
    const char *word = len > 0 ? arena_strndup(a, *s, len) : NULL;
    *s += len;
    return word;
}

static enum err_code declare(struct query *q, const char *name, const char *type, struct err *err)
{
    if (q->n_declared == QUERY_DECLARED_MAX)
        return wrong(q, err, "too many parameters at ", name);
    for (size_t i = 0; type && i < ARRAY_SIZE(sql_types); i++)
        if (strcmp(sql_types[i].name, type) == 0) {
            q->declared[q->n_declared++] = (struct declared){name, sql_types[i].type};
            return ERR_OK;
        }
    return wrong(q, err, "no type we know for :", name);
}

static enum err_code read_params(struct query *q, const char *s, struct err *err)
{
    for (const char *name; (name = next_word(&s, &all.arena));) {
        if (name[0] != ':')
            break; /* prose behind the list */
        TRY(declare(q, name + 1, next_word(&s, &all.arena), err));
    }
    return ERR_OK;
}

static enum err_code read_sources(struct query *q, const char *s, struct err *err)
{
    for (const char *name; (name = next_word(&s, &all.arena));) {
        const char *source = apply_source(name);
        if (q->n_projected == QUERY_SOURCES_MAX)
            return wrong(q, err, "too many sources at ", name);
        if (source)
            q->projected[q->n_projected++] = source;
        else if (strcmp(name, q->file->service) == 0)
            q->own = true;
        else
            return wrong(q, err, "neither the own service nor from_<service>: ", name);
    }
    return ERR_OK;
}

static enum query_kind kind_of_word(const char *word)
{
    static const char *const words[] = {[QUERY_ITEM] = "item",
                                        [QUERY_LIST] = "list",
                                        [QUERY_RANKED] = "ranked",
                                        [QUERY_RAW] = "raw"};
    for (size_t k = QUERY_ITEM; k < ARRAY_SIZE(words); k++)
        if (strcmp(words[k], word) == 0)
            return (enum query_kind)k;
    return QUERY_NONE;
}

static enum err_code read_header_line(struct query *q, const char *line, struct err *err)
{
    const char *s = line + strlen("--");
    const char *word = next_word(&s, &all.arena);
    if (!word)
        return ERR_OK;
    if (word[0] == ':')
        return read_params(q, line + strlen("--"), err);
    if (strcmp(word, "sources:") == 0)
        return read_sources(q, s, err);
    if (next_word(&s, &all.arena))
        return ERR_OK; /* prose */
    if (strcmp(word, "summed") == 0)
        q->summed = true;
    enum query_kind kind = kind_of_word(word);
    if (kind == QUERY_NONE)
        return ERR_OK;
    if (q->kind != QUERY_NONE)
        return wrong(q, err, "a second kind: ", word);
    q->kind = kind;
    return ERR_OK;
}

static enum err_code read_header(struct query *q, struct err *err)
{
    const char *line = q->file->text;
    while (strncmp(line, "--", 2) == 0) {
        TRY(read_header_line(q, line, err));
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    if (q->kind == QUERY_NONE)
        return wrong(q, err, "none of `-- item`, `-- list`, `-- ranked`, `-- raw`", "");
    if ((q->kind == QUERY_RAW) != (!q->own && q->n_projected == 0))
        return wrong(q, err, q->kind == QUERY_RAW ? "raw, but has " : "no line `-- sources:`", "");
    for (size_t i = 0; i < ARRAY_SIZE(given); i++)
        if (given[i].kind == q->kind) {
            if (q->n_declared == QUERY_DECLARED_MAX)
                return wrong(q, err, "too many parameters", "");
            q->declared[q->n_declared++] = given[i].param;
        }
    return ERR_OK;
}

/* ---- its statements */

/* The frame that these sources need, with the query's text in its place. */
static const char *framed(const struct query *q, struct arena *a)
{
    const struct sql_file *file = sql_file_find("common", "", "frame");
    assert(file);
    const struct sql_switches s = {
        .names = {"own", "projected", "item", "ranked"},
          .n = 4
    };
    uint32_t on = (uint32_t)q->own | (uint32_t)(q->n_projected > 0) << 1 |
                  (uint32_t)(q->kind == QUERY_ITEM) << 2 | (uint32_t)(q->kind == QUERY_RANKED) << 3;
    const char *frame = sql_switches_apply(file->text, &s, on, a);
    const char *place = strstr(frame, FRAME_BODY);
    assert(place);
    const char *end = strrchr(q->file->text, ';');
    size_t len = end ? (size_t)(end - q->file->text) : strlen(q->file->text);
    return arena_printf(a, "%.*s%.*s\n%s", (int)(place - frame), frame, (int)len, q->file->text,
                        place + strlen(FRAME_BODY));
}

static bool frame_param(const struct query *q, const char *name)
{
    return q->kind != QUERY_RAW && (strcmp(name, "service") == 0 || strcmp(name, "sources") == 0);
}

static enum err_code variant_make(
    const struct query *q, const char *text, uint32_t on, struct variant *ret, struct err *err)
{
    struct arena *a = &all.arena;
    const char *sql = sql_switches_apply(text, &q->switches, on, a);
    TRY(sql_params_parse(sql, a, &ret->params, err));
    for (size_t i = 0; i < ret->params.n; i++)
        if (!declared_find(q, ret->params.names[i]) && !frame_param(q, ret->params.names[i]))
            return wrong(q, err, "undeclared :", ret->params.names[i]);
    const char *name = arena_printf(a, "%s/%s#%u", q->file->service, q->file->name, on);
    ret->stmt = (struct pg_stmt){.name = name, .sql = ret->params.text};
    return ERR_OK;
}

static bool used_somewhere(const struct query *q, const char *name)
{
    for (uint32_t v = 0; v < 1U << q->switches.n; v++)
        for (size_t i = 0; i < q->variants[v].params.n; i++)
            if (strcmp(q->variants[v].params.names[i], name) == 0)
                return true;
    for (size_t i = 0; i < q->switches.n; i++)
        if (strcmp(q->switches.names[i], name) == 0)
            return true;
    return false;
}

static enum err_code query_open(struct query *q, const struct sql_file *file, struct err *err)
{
    *q = (struct query){.file = file};
    TRY(read_header(q, err));
    const char *text = q->kind == QUERY_RAW ? file->text : framed(q, &all.arena);
    TRY(sql_switches_find(text, &all.arena, &q->switches, err));
    for (size_t i = 0; i < q->switches.n; i++)
        if (!declared_find(q, q->switches.names[i]))
            return wrong(q, err, "undeclared switch ", q->switches.names[i]);
    q->variants = ARENA_ARRAY(&all.arena, struct variant, (size_t)1 << q->switches.n);
    for (uint32_t v = 0; v < 1U << q->switches.n; v++)
        TRY(variant_make(q, text, v, &q->variants[v], err));
    for (size_t i = 0; i < q->n_declared; i++)
        if (!used_somewhere(q, q->declared[i].name))
            return wrong(q, err, "unused :", q->declared[i].name);
    return ERR_OK;
}

static enum err_code open_all(const char *service, struct err *err)
{
    size_t n = all.n;
    for (size_t i = 0; i < n_sql_files; i++) {
        const struct sql_file *f = &sql_files[i];
        if (strcmp(f->service, service) != 0 || strcmp(f->kind, "queries") != 0)
            continue;
        if (query_find(service, f->name))
            return ERR_OK; /* opened before, so all of them */
        if (n == QUERIES_MAX)
            return err_set(err, ERR_INVALID, "more than %d queries", QUERIES_MAX);
        TRY(query_open(&all.items[n], f, err));
        n++;
    }
    all.n = n;
    return ERR_OK;
}

enum err_code queries_open(const char *service, struct err *err)
{
    pthread_mutex_lock(&all.lock);
    enum err_code code = open_all(service, err);
    pthread_mutex_unlock(&all.lock);
    return code;
}

const struct query *query_find(const char *service, const char *name)
{
    for (size_t i = 0; i < all.n; i++)
        if (strcmp(all.items[i].file->service, service) == 0 &&
            strcmp(all.items[i].file->name, name) == 0)
            return &all.items[i];
    return NULL;
}

const struct query *query_next_item(const char *service, const struct query *q)
{
    for (size_t i = q ? (size_t)(q - all.items) + 1 : 0; i < all.n; i++)
        if (all.items[i].kind == QUERY_ITEM && strcmp(all.items[i].file->service, service) == 0)
            return &all.items[i];
    return NULL;
}

/* ---- what it is */

bool query_ranked(const struct query *q)
{
    return q->kind == QUERY_RANKED;
}

bool query_summed(const struct query *q)
{
    return q->summed || q->n_projected > 0;
}

bool query_takes(const struct query *q, const char *param)
{
    return declared_find(q, param) != NULL;
}

bool query_reads(const struct query *q, const char *service, size_t len)
{
    const char *own = q->own ? q->file->service : "";
    if (strlen(own) == len && memcmp(own, service, len) == 0)
        return true;
    for (size_t i = 0; i < q->n_projected; i++)
        if (strlen(q->projected[i]) == len && memcmp(q->projected[i], service, len) == 0)
            return true;
    return false;
}

/* ---- running one */

static const struct query_arg *arg_find(const struct query_arg *args, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(args[i].name, name) == 0)
            return &args[i];
    return NULL;
}

static bool is_on(const struct query_arg *arg)
{
    if (!arg || !arg->value.data)
        return false;
    return arg->value.type != PG_BOOL || *(const char *)arg->value.data != 0;
}

static const struct variant *
variant_for(const struct query *q, const struct query_arg *args, size_t n)
{
    uint32_t on = 0;
    for (size_t i = 0; i < q->switches.n; i++)
        on |= (uint32_t)is_on(arg_find(args, n, q->switches.names[i])) << i;
    return &q->variants[on];
}

static struct pg_param sources_param(const struct query *q, struct arena *a)
{
    struct pg_param elements[QUERY_SOURCES_MAX];
    for (size_t i = 0; i < q->n_projected; i++)
        elements[i] = pg_p_text(a, q->projected[i]);
    return pg_p_array(a, PG_TEXT_ARRAY, elements, q->n_projected);
}

static struct pg_param param_for(const struct query *q,
                                 const char *name,
                                 const struct query_arg *args,
                                 size_t n,
                                 struct arena *a)
{
    const struct declared *d = declared_find(q, name);
    if (!d)
        return strcmp(name, "service") == 0 ? pg_p_text(a, q->file->service) : sources_param(q, a);
    const struct query_arg *arg = arg_find(args, n, name);
    return arg ? arg->value : pg_p_null(d->type);
}

static enum err_code execute(const struct query *q,
                             struct pg *pg,
                             const struct query_arg *args,
                             size_t n,
                             struct arena *a,
                             const PGresult **ret,
                             struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct declared *d = declared_find(q, args[i].name);
        assert(d && d->type == args[i].value.type);
    }
    const struct variant *v = variant_for(q, args, n);
    struct pg_param params[SQL_PARAMS_MAX];
    for (size_t i = 0; i < v->params.n; i++)
        params[i] = param_for(q, v->params.names[i], args, n, a);
    return pg_exec(pg, &v->stmt, params, v->params.n, ret, err);
}

enum {
    COLUMN_POSITION,
    COLUMN_CAUGHT_UP,
    COLUMN_PARKED,
    COLUMN_ID,
    COLUMN_CREATED_AT,
    COLUMN_VERSION,
    COLUMN_BODY,
    COLUMN_RANK
};

static void
read_rows(const struct query *q, const PGresult *r, struct arena *a, struct query_result *ret)
{
    int n = PQntuples(r);
    assert(n > 0); /* the frame answers always */
    ret->parked =
        pg_is_null(r, 0, COLUMN_PARKED) ? NULL : arena_strdup(a, pg_get_text(r, 0, COLUMN_PARKED));
    ret->position = arena_strdup(a, pg_get_text(r, 0, COLUMN_POSITION));
    ret->caught_up = pg_get_bool(r, 0, COLUMN_CAUGHT_UP);
    ret->n = pg_is_null(r, 0, COLUMN_ID) ? 0 : (size_t)n;
    ret->rows = ARENA_ARRAY(a, struct query_row, ret->n);
    for (size_t i = 0; i < ret->n; i++)
        ret->rows[i] = (struct query_row){
            .id = pg_get_uuid(r, (int)i, COLUMN_ID),
            .created_at = pg_get_time(r, (int)i, COLUMN_CREATED_AT),
            .version = pg_get_int8(r, (int)i, COLUMN_VERSION),
            .body = pg_get_bytes(r, (int)i, COLUMN_BODY),
            .rank = q->kind == QUERY_RANKED ? pg_get_int8(r, (int)i, COLUMN_RANK) : 0,
        };
}

enum err_code query_run(const struct query *q,
                        struct pg *pg,
                        const struct query_arg *args,
                        size_t n,
                        struct arena *a,
                        struct query_result *ret,
                        struct err *err)
{
    assert(q->kind != QUERY_RAW);
    const PGresult *r;
    TRY(execute(q, pg, args, n, a, &r, err));
    read_rows(q, r, a, ret);
    return ERR_OK;
}

enum err_code query_run_raw(const struct query *q,
                            struct pg *pg,
                            const struct query_arg *args,
                            size_t n,
                            struct arena *a,
                            const PGresult **ret,
                            struct err *err)
{
    assert(q->kind == QUERY_RAW);
    return execute(q, pg, args, n, a, ret, err);
}

bool query_is_parked(const struct query_result *r, const struct uuid *id)
{
    char text[UUID_TEXT_LEN + 1];
    uuid_format(id, text);
    return r->parked && strstr(r->parked, text);
}

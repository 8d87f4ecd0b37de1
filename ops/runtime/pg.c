#include "ops/runtime/pg.h"

#include <assert.h>
#include <poll.h>

#include "ops/runtime/pg_errors.h"
#include "ops/runtime/strbuf.h"
#include "ops/runtime/timeutil.h"

#define PREPARED_MAX        512 /* statements of one connection; a power of two (open addressing) */
#define DEADLINE_DEFAULT_MS 30000 /* of one sync, where no statement timeout bounds it */
#define CANCEL_TIMEOUT_MS   1000
#define LATE_MS             500 /* behind the statement timeout, which ends whatever is not a commit */
#define SQL_SHOWN_MAX       60 /* bytes of a statement without a name, in an error */

enum entry_kind { ENTRY_PREPARE, ENTRY_EXECUTE, ENTRY_COMMAND };

struct entry {
    enum entry_kind kind;
    const struct pg_stmt *stmt; /* NULL for commands */
    const char *sql;            /* of commands */
    PGresult *res;
};

struct pg {
    PGconn *conn;
    char *conninfo;
    char *application_name;
    char *search_path;
    struct pg_options options;
    bool broken;
    int64_t late_us; /* of a sync that may await a standby: given up then; 0 = not, or done */
    bool given_up;
    bool synced;      /* the queue's results have been read: the next pg_queue starts anew */
    size_t n_entries; /* in libpq's order, preparations included */
    struct entry entries[2 * PG_QUEUE_MAX];
    size_t n_queued;
    size_t index[PG_QUEUE_MAX];                   /* caller's index -> entry */
    const struct pg_stmt *prepared[PREPARED_MAX]; /* by address */
};

/* ---- connection
 * ----------------------------------------------------------------------------------------------------------
 */

static void quiet(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

static void clear_results(struct pg *pg)
{
    for (size_t i = 0; i < pg->n_entries; i++)
        PQclear(pg->entries[i].res);
    pg->n_entries = 0;
    pg->n_queued = 0;
    pg->synced = false;
}

static const char *const synchronous_commit[PG_DURABILITY_N] = {
    [PG_ASYNC] = "off",
    [PG_LOCAL] = "local",
    [PG_DURABLE] = "on",
};

static void session_settings(const struct pg *pg, struct strbuf *sql)
{
    const struct pg_options *o = &pg->options;
    strbuf_adds(sql, "SET client_encoding = 'UTF8';SET timezone = 'UTC';");
    if (pg->search_path)
        strbuf_addf(sql, "SET search_path = %s;", pg->search_path);
    if (o->statement_timeout_ms)
        strbuf_addf(sql, "SET statement_timeout = %d;", o->statement_timeout_ms);
    if (o->idle_in_transaction_ms)
        strbuf_addf(sql, "SET idle_in_transaction_session_timeout = %d;",
                    o->idle_in_transaction_ms);
    if (o->planner_fixed)
        strbuf_adds(
            sql,
            "SET enable_seqscan = off;SET jit = off;SET plan_cache_mode = force_generic_plan;");
    if (synchronous_commit[o->durability])
        strbuf_addf(sql, "SET synchronous_commit = %s;", synchronous_commit[o->durability]);
}

static enum err_code connect_now(struct pg *pg, struct err *err)
{
    /* RULES 29: a dead peer is noticed within seconds. What stands behind the caller's string wins over it: the name is how
     * workers know each other. */
    const char *keys[] = {
        "connect_timeout",  "tcp_user_timeout", "keepalives_idle",  "keepalives_interval",
        "keepalives_count", "dbname",           "application_name", NULL};
    const char *values[] = {"3", "5000", "5", "2", "3", pg->conninfo, pg->application_name, NULL};
    struct strbuf sql;
    pg->conn = PQconnectdbParams(keys, values, 1);
    pg->broken = PQstatus(pg->conn) != CONNECTION_OK;
    if (pg->broken)
        return err_set(err, ERR_UNAVAILABLE, "connect to PostgreSQL: %s", PQerrorMessage(pg->conn));
    PQsetNoticeReceiver(pg->conn, quiet, NULL);
    strbuf_init(&sql);
    session_settings(pg, &sql);
    PGresult *res = PQexec(pg->conn, strbuf_cstr(&sql));
    bool ok = PQresultStatus(res) == PGRES_COMMAND_OK;
    PQclear(res);
    strbuf_release(&sql);
    if (!ok || PQsetnonblocking(pg->conn, 1) != 0 || !PQenterPipelineMode(pg->conn)) {
        pg->broken = true;
        return err_set(err, ERR_UNAVAILABLE, "set up the session: %s", PQerrorMessage(pg->conn));
    }
    return ERR_OK;
}

static char *copy(const char *s)
{
    char *c = s ? strdup(s) : NULL;
    if (s && !c)
        abort();
    return c;
}

enum err_code pg_open(const struct pg_options *o, struct pg **ret, struct err *err)
{
    owned(pg_free) struct pg *pg = calloc(1, sizeof(*pg));
    if (!pg)
        abort();
    pg->options = *o;
    pg->conninfo = copy(o->conninfo);
    pg->application_name = copy(o->application_name);
    pg->search_path = copy(o->search_path);
    TRY(connect_now(pg, err));
    *ret = STEAL(pg);
    return ERR_OK;
}

void pg_free(struct pg *pg)
{
    if (!pg)
        return;
    clear_results(pg);
    PQfinish(pg->conn);
    free(pg->conninfo);
    free(pg->application_name);
    free(pg->search_path);
    free(pg);
}

enum err_code pg_reset(struct pg *pg, struct err *err)
{
    clear_results(pg);
    memset(pg->prepared, 0, sizeof(pg->prepared));
    PQfinish(pg->conn);
    return connect_now(pg, err);
}

bool pg_broken(const struct pg *pg)
{
    return pg->broken || PQstatus(pg->conn) == CONNECTION_BAD;
}

int pg_backend_pid(const struct pg *pg)
{
    return PQbackendPID(pg->conn);
}

int pg_socket(const struct pg *pg)
{
    return PQsocket(pg->conn);
}

/* ---- queue
 * ---------------------------------------------------------------------------------------------------------------
 */

static const struct pg_stmt **prepared_slot(struct pg *pg, const struct pg_stmt *s)
{
    size_t at = ((uintptr_t)s >> 4) & (PREPARED_MAX - 1);
    for (size_t i = 0; i < PREPARED_MAX; i++) {
        const struct pg_stmt **slot = &pg->prepared[(at + i) & (PREPARED_MAX - 1)];
        if (!*slot || *slot == s)
            return slot;
    }
    assert(!"PREPARED_MAX statements on one connection");
    return NULL;
}

/* Starts a fresh queue after a sync; returns the entry that the next libpq call fills. */
static struct entry *
next_entry(struct pg *pg, enum entry_kind kind, const struct pg_stmt *s, const char *sql)
{
    if (pg->synced)
        clear_results(pg);
    assert(pg->n_queued < PG_QUEUE_MAX); /* before the entry is written, so there is room for it */
    struct entry *e = &pg->entries[pg->n_entries++];
    *e = (struct entry){.kind = kind, .stmt = s, .sql = sql};
    return e;
}

static size_t next_index(struct pg *pg)
{
    pg->index[pg->n_queued] = pg->n_entries - 1;
    return pg->n_queued++;
}

static void prepare(struct pg *pg, const struct pg_stmt *s, const Oid *types, int n)
{
    const struct pg_stmt **slot = prepared_slot(pg, s);
    if (*slot)
        return;
    *slot = s;
    next_entry(pg, ENTRY_PREPARE, s, s->sql);
    if (!PQsendPrepare(pg->conn, s->name, s->sql, n, types))
        pg->broken = true;
}

/* Parameters as libpq wants them. */
struct wire {
    Oid types[PG_PARAMS_MAX];
    const char *values[PG_PARAMS_MAX];
    int lengths[PG_PARAMS_MAX];
    int formats[PG_PARAMS_MAX];
};

static void wire_fill(struct wire *w, const struct pg_param *p, size_t n)
{
    assert(n <= PG_PARAMS_MAX);
    for (size_t i = 0; i < n; i++) {
        w->types[i] = (Oid)p[i].type;
        w->values[i] = p[i].data;
        w->lengths[i] = p[i].len;
        w->formats[i] = 1;
    }
}

size_t pg_queue(struct pg *pg, const struct pg_stmt *s, const struct pg_param *p, size_t n)
{
    struct wire w;
    wire_fill(&w, p, n);
    if (pg->synced)
        clear_results(pg);
    prepare(pg, s, w.types, (int)n);
    next_entry(pg, ENTRY_EXECUTE, s, NULL);
    if (!PQsendQueryPrepared(pg->conn, s->name, (int)n, w.values, w.lengths, w.formats,
                             s->text_results ? 0 : 1))
        pg->broken = true;
    return next_index(pg);
}

size_t pg_queue_once(struct pg *pg, const char *sql, const struct pg_param *p, size_t n)
{
    struct wire w;
    wire_fill(&w, p, n);
    next_entry(pg, ENTRY_COMMAND, NULL, sql);
    if (!PQsendQueryParams(pg->conn, sql, (int)n, w.types, w.values, w.lengths, w.formats, 1))
        pg->broken = true;
    return next_index(pg);
}

size_t pg_queue_command(struct pg *pg, const char *sql)
{
    return pg_queue_once(pg, sql, NULL, 0);
}

/* ---- sync
 * ----------------------------------------------------------------------------------------------------------------
 */

/* PQcancel() may wait for a frozen server for ever; this does for its timeouts. */
static void give_up(struct pg *pg)
{
    static const struct pg_stmt cancel = {.name = "cancel", .sql = "SELECT pg_cancel_backend($1)"};
    struct pg_options o = {.conninfo = pg->conninfo,
                           .application_name = pg->application_name,
                           .statement_timeout_ms = CANCEL_TIMEOUT_MS};
    owned(pg_free) struct pg *other = NULL;
    owned_value(arena_release) struct arena a;
    struct err ignored;
    arena_init(&a);
    pg->late_us = 0;
    pg->given_up = true;
    struct pg_param pid = pg_p_int4(&a, PQbackendPID(pg->conn));
    enum err_code code = pg_open(&o, &other, &ignored);
    if (code == ERR_OK)
        code = pg_exec(other, &cancel, &pid, 1, NULL, &ignored);
    (void)code; /* then the deadline ends it, and the connection */
}

/* Milliseconds until the deadline, or until it is time to give up. */
static int64_t patience_ms(const struct pg *pg, int64_t deadline_us)
{
    int64_t until = pg->late_us && pg->late_us < deadline_us ? pg->late_us : deadline_us;
    int64_t left_us = until - time_monotonic_us();
    return left_us > 0 ? (left_us + 999) / 1000 : 0;
}

/* Flushes and waits for input until a result can be taken without blocking. False: connection gone
 * or deadline passed. */
static bool wait_readable(struct pg *pg, int64_t deadline_us)
{
    for (;;) {
        int unsent = PQflush(pg->conn);
        if (unsent < 0 || PQstatus(pg->conn) == CONNECTION_BAD)
            return false;
        if (unsent == 0 && !PQisBusy(pg->conn))
            return true;
        if (pg->late_us && time_monotonic_us() >= pg->late_us)
            give_up(pg);
        int64_t left_ms = patience_ms(pg, deadline_us);
        struct pollfd fd = {.fd = PQsocket(pg->conn),
                            .events = (short)(POLLIN | (unsent ? POLLOUT : 0))};
        if (time_monotonic_us() >= deadline_us || poll(&fd, 1, (int)left_ms) < 0)
            return false;
        if ((fd.revents & (POLLIN | POLLERR | POLLHUP)) && !PQconsumeInput(pg->conn))
            return false;
        if (unsent == 0 && !PQisBusy(pg->conn))
            return true;
    }
}

static bool next_result(struct pg *pg, int64_t deadline_us, PGresult **ret)
{
    if (!wait_readable(pg, deadline_us))
        return false;
    *ret = PQgetResult(pg->conn);
    return true;
}

/* One result and its terminating NULL for each entry, then the SYNC. False: the connection is of no
 * more use (RULES 24). */
static bool read_results(struct pg *pg, int64_t deadline_us)
{
    PGresult *res;
    for (size_t i = 0; i < pg->n_entries; i++) {
        if (!next_result(pg, deadline_us, &pg->entries[i].res) || !pg->entries[i].res)
            return false;
        if (PQstatus(pg->conn) == CONNECTION_BAD || !next_result(pg, deadline_us, &res) || res) {
            return false;
        }
    }
    if (!next_result(pg, deadline_us, &res))
        return false;
    bool is_sync = PQresultStatus(res) == PGRES_PIPELINE_SYNC;
    PQclear(res);
    return is_sync;
}

static bool succeeded(const struct entry *e)
{
    ExecStatusType status = PQresultStatus(e->res);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* A text that has no name is cut, so that there is room for what PostgreSQL says of it. */
static enum err_code entry_error(struct pg *pg, const struct entry *e, struct err *err)
{
    const char *sqlstate = PQresultErrorField(e->res, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(e->res, PG_DIAG_MESSAGE_PRIMARY);
    const char *what = e->stmt ? e->stmt->name : e->sql;
    if (!sqlstate)
        return err_set(err, ERR_UNAVAILABLE, "%.*s: %s", SQL_SHOWN_MAX, what,
                       PQresultErrorMessage(e->res));
    const struct pg_error_rule *rule = pg_error_rule(sqlstate);
    if (rule && rule->close)
        pg->broken = true;
    return err_set_reason(err, rule ? rule->code : ERR_INTERNAL, sqlstate, "%.*s: %s (%s)",
                          SQL_SHOWN_MAX, what, message ? message : "", sqlstate);
}

/* A statement whose preparation failed or was skipped must be prepared again. Rebuilds the probing
 * table. */
static void forget_failed_preparations(struct pg *pg)
{
    const struct pg_stmt *kept[PREPARED_MAX];
    bool failed = false;
    memcpy(kept, pg->prepared, sizeof(kept));
    for (size_t i = 0; i < pg->n_entries; i++) {
        const struct entry *e = &pg->entries[i];
        if (e->kind != ENTRY_PREPARE || succeeded(e))
            continue;
        failed = true;
        for (size_t k = 0; k < PREPARED_MAX; k++)
            kept[k] = kept[k] == e->stmt ? NULL : kept[k];
    }
    if (!failed)
        return;
    memset(pg->prepared, 0, sizeof(pg->prepared));
    for (size_t k = 0; k < PREPARED_MAX; k++) {
        if (kept[k])
            *prepared_slot(pg, kept[k]) = kept[k];
    }
}

static int64_t sync_deadline_us(const struct pg *pg)
{
    int64_t ms = pg->options.statement_timeout_ms ? 2LL * pg->options.statement_timeout_ms
                                                  : DEADLINE_DEFAULT_MS;
    return time_monotonic_us() + ms * 1000;
}

static void set_patience(struct pg *pg)
{
    const struct pg_options *o = &pg->options;
    pg->given_up = false;
    pg->late_us = o->may_await_standby && o->statement_timeout_ms
                      ? time_monotonic_us() + (o->statement_timeout_ms + LATE_MS) * INT64_C(1000)
                      : 0;
}

enum err_code pg_sync(struct pg *pg, struct err *err)
{
    if (pg->synced)
        clear_results(pg);
    pg->synced = true;
    set_patience(pg);
    if (pg->broken || !PQpipelineSync(pg->conn) || !read_results(pg, sync_deadline_us(pg))) {
        pg->broken = true;
        for (size_t i = 0; i < pg->n_entries; i++) {
            const struct entry *e = &pg->entries[i];
            if (e->res && !succeeded(e) && PQresultErrorField(e->res, PG_DIAG_SQLSTATE)) {
                entry_error(pg, e, err);
                if (err)
                    err->code = ERR_UNAVAILABLE;
                return ERR_UNAVAILABLE;
            }
        }
        return err_set(err, ERR_UNAVAILABLE, "connection to PostgreSQL lost: %s",
                       PQerrorMessage(pg->conn));
    }
    for (size_t i = 0; i < pg->n_entries; i++) {
        if (!succeeded(&pg->entries[i])) {
            forget_failed_preparations(pg);
            return entry_error(pg, &pg->entries[i], err);
        }
    }
    if (pg->given_up)
        return err_set(err, ERR_UNAVAILABLE, "stored, but no standby has confirmed it in time");
    return ERR_OK;
}

const PGresult *pg_result(const struct pg *pg, size_t index)
{
    assert(pg->synced && index < pg->n_queued);
    return pg->entries[pg->index[index]].res;
}

int64_t pg_affected(const struct pg *pg, size_t index)
{
    assert(pg->synced && index < pg->n_queued);
    return strtoll(PQcmdTuples(pg->entries[pg->index[index]].res), NULL, 10);
}

enum err_code pg_exec(struct pg *pg,
                      const struct pg_stmt *s,
                      const struct pg_param *p,
                      size_t n,
                      const PGresult **ret,
                      struct err *err)
{
    size_t index = pg_queue(pg, s, p, n);
    TRY(pg_sync(pg, err));
    if (ret)
        *ret = pg_result(pg, index);
    return ERR_OK;
}

/* RULES 23. */
static bool committed(const struct pg *pg, size_t index)
{
    const PGresult *res = pg->entries[pg->index[index]].res;
    return res && strcmp(PQcmdStatus((PGresult *)(uintptr_t)res), "COMMIT") == 0;
}

static enum err_code not_committed(enum err_code code, struct err *err)
{
    return code == ERR_OK ? err_set(err, ERR_INTERNAL, "COMMIT of a failed transaction") : code;
}

enum err_code pg_commit(struct pg *pg, struct err *err)
{
    size_t index = pg_queue_command(pg, "COMMIT");
    enum err_code code = pg_sync(pg, err);
    return code == ERR_OK && committed(pg, index) ? ERR_OK : not_committed(code, err);
}

enum err_code pg_commit_then(
    struct pg *pg, const struct pg_stmt *s, const struct pg_param *p, size_t n, struct err *err)
{
    struct err why = {0};
    size_t index = pg_queue_command(pg, "COMMIT");
    (void)pg_queue(pg, s, p, n);
    enum err_code code = pg_sync(pg, &why);
    if (committed(pg, index)) /* the hint's failure is nobody's business */
        return ERR_OK;
    if (err)
        *err = why;
    return not_committed(code, err);
}

void pg_rollback(struct pg *pg)
{
    struct err ignored;
    if (pg_broken(pg))
        return;
    /* What was queued and never synced goes first, so that the ROLLBACK is not swallowed by its
     * error. */
    if (!pg->synced && pg->n_entries > 0 && pg_sync(pg, &ignored) != ERR_OK && pg_broken(pg))
        return;
    pg_queue_command(pg, "ROLLBACK");
    enum err_code code = pg_sync(pg, &ignored);
    (void)code; /* a session that cannot roll back is broken, and pg_broken() says so */
}

enum err_code pg_script(struct pg *pg, const char *sql, struct err *err)
{
    clear_results(pg);
    if (pg_broken(pg) || !PQexitPipelineMode(pg->conn))
        return err_set(err, ERR_UNAVAILABLE, "connection to PostgreSQL lost: %s",
                       PQerrorMessage(pg->conn));
    struct entry e = {.kind = ENTRY_COMMAND, .sql = "script", .res = PQexec(pg->conn, sql)};
    enum err_code code = succeeded(&e) ? ERR_OK : entry_error(pg, &e, err);
    PQclear(e.res);
    if (!PQenterPipelineMode(pg->conn))
        pg->broken = true;
    return code;
}

enum err_code pg_wait_notify(struct pg *pg,
                             int timeout_ms,
                             char *channel,
                             size_t channel_size,
                             char *payload,
                             size_t payload_size,
                             bool *ret_got,
                             struct err *err)
{
    PGnotify *n = PQnotifies(pg->conn);
    if (!n && !pg_broken(pg)) {
        struct pollfd fd = {.fd = PQsocket(pg->conn), .events = POLLIN};
        if (poll(&fd, 1, timeout_ms) > 0 && !PQconsumeInput(pg->conn))
            pg->broken = true;
        n = PQnotifies(pg->conn);
    }
    if (!n && pg_broken(pg))
        return err_set(err, ERR_UNAVAILABLE, "connection to PostgreSQL lost: %s",
                       PQerrorMessage(pg->conn));
    *ret_got = n != NULL;
    if (n) {
        snprintf(channel, channel_size, "%s", n->relname);
        snprintf(payload, payload_size, "%s", n->extra);
        PQfreemem(n);
    }
    return ERR_OK;
}

enum err_code pg_check_alive(struct pg *pg, struct err *err)
{
    char ignored[2];
    bool got;
    return pg_wait_notify(pg, 0, ignored, sizeof(ignored), ignored, sizeof(ignored), &got, err);
}

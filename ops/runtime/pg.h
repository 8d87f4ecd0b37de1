/*
 * pg.h - libpq in pipeline mode. Queue statements, sync, read their results. One thread per
 * connection. Never logs.
 *
 *     size_t r = pg_queue(pg, &stmt_read, params, n);       (prepared on first use on this
 * connection) TRY(pg_sync(pg, err));                                (sends, reads everything, first
 * error wins) const PGresult *res = pg_result(pg, r);               (valid until the next pg_queue
 * after the sync)
 *
 * Parameters and results are binary unless a statement says text. After an error the connection is
 * usable again (pg_sync has consumed up to the SYNC); an open transaction is then in the failed
 * state: pg_rollback. A broken connection: every call gives ERR_UNAVAILABLE until pg_reset.
 */
#ifndef OPS_RUNTIME_PG_H
#define OPS_RUNTIME_PG_H

#include <libpq-fe.h>

#include "ops/runtime/arena.h"
#include "ops/runtime/err.h"
#include "ops/runtime/uuid.h"

enum pg_type {
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_INT8 = 20,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_TIMESTAMPTZ = 1184,
    PG_UUID = 2950,
    PG_BOOL_ARRAY = 1000,
    PG_BYTEA_ARRAY = 1001,
    PG_INT4_ARRAY = 1007,
    PG_TEXT_ARRAY = 1009,
    PG_INT8_ARRAY = 1016,
    PG_TIMESTAMPTZ_ARRAY = 1185,
    PG_UUID_ARRAY = 2951,
};

#define PG_PARAMS_MAX 64
#define PG_QUEUE_MAX \
    256 /* statements per sync (RULES 24); pg_queue syncs nothing by itself: exceeding is an \
           assertion */

/* A statement: static storage; its address is its identity, prepared once per connection. */
struct pg_stmt {
    const char *name; /* for messages and as prepared-statement name; unique per connection */
    const char *sql;
    bool text_results;
};

struct pg_param {
    enum pg_type type;
    const void *data; /* binary form, network order; NULL = SQL NULL */
    int len;
};

struct pg; /* opaque */

/* What a commit waits for. */
enum pg_durability {
    PG_AS_SERVER, /* as the server is set */
    PG_ASYNC,     /* nothing: what can be made anew (W1) */
    PG_LOCAL,     /* this server's disk, and no standby */
    PG_DURABLE, /* also the standbys that synchronous_standby_names asks for: what nobody can make anew */
    PG_DURABILITY_N
};

struct pg_options {
    const char *conninfo;
    const char *application_name;
    const char *search_path;    /* NULL = default */
    int statement_timeout_ms;   /* 0 = none */
    int idle_in_transaction_ms; /* 0 = none */
    bool planner_fixed;         /* lane sessions: enable_seqscan, jit off, generic plans */
    enum pg_durability durability;
    bool
        may_await_standby; /* a commit that no standby confirms within the statement timeout (which does not end
                               it) is given up: ERR_UNAVAILABLE, the rows are there, the connection is whole */
};

MUST_CHECK enum err_code pg_open(const struct pg_options *o, struct pg **ret, struct err *err);
void pg_free(struct pg *pg); /* NULL ok */
DEFINE_CLEANUP(struct pg *, pg_free);
MUST_CHECK enum err_code pg_reset(struct pg *pg,
                                  struct err *err); /* reconnect; forgets prepared statements */
bool pg_broken(const struct pg *pg);
int pg_backend_pid(const struct pg *pg);
int pg_socket(const struct pg *pg); /* for poll() by listeners */

size_t pg_queue(struct pg *pg, const struct pg_stmt *s, const struct pg_param *p, size_t n);
/* Like pg_queue, without preparing: BEGIN, COMMIT, SAVEPOINT x. sql must live until the sync. */
size_t pg_queue_command(struct pg *pg, const char *sql);
/* Like pg_queue, for what is too rare to keep prepared. sql must live until the sync. */
size_t pg_queue_once(struct pg *pg, const char *sql, const struct pg_param *p, size_t n);
/* Sends SYNC, flushes, reads all results. The first failed statement's error: its code by the table
 * of pg_errors.h, by which the connection may be broken, too; err->reason holds the SQLSTATE,
 * err->msg names the statement. */
MUST_CHECK enum err_code pg_sync(struct pg *pg, struct err *err);
const PGresult *pg_result(const struct pg *pg, size_t index);
int64_t pg_affected(const struct pg *pg, size_t index); /* rows of an INSERT/UPDATE/DELETE */

/* queue + sync of one. *ret may be NULL; valid until the next queue. */
MUST_CHECK enum err_code pg_exec(struct pg *pg,
                                 const struct pg_stmt *s,
                                 const struct pg_param *p,
                                 size_t n,
                                 const PGresult **ret,
                                 struct err *err);
/* Queues COMMIT, syncs; ERR_OK only if the command tag is exactly COMMIT (RULES 23). */
MUST_CHECK enum err_code pg_commit(struct pg *pg, struct err *err);
/* The same, and behind it, in the same trip and a transaction of its own, a statement that may fail: a
 * hint such as NOTIFY. ERR_OK: committed, whatever became of the hint. What fails in this trip hints nothing; a
 * transaction that had failed in an earlier one is rolled back, and hinted: check each sync. */
MUST_CHECK enum err_code pg_commit_then(
    struct pg *pg, const struct pg_stmt *s, const struct pg_param *p, size_t n, struct err *err);
void pg_rollback(struct pg *pg); /* best effort; a broken connection stays broken */
/* Simple multi-statement script (migrations), outside the pipeline. */
MUST_CHECK enum err_code pg_script(struct pg *pg, const char *sql, struct err *err);
/* An idle connection has nothing to say but that it is dead: ERR_UNAVAILABLE. Asks nobody; notifications
 * that wait are dropped. */
MUST_CHECK enum err_code pg_check_alive(struct pg *pg, struct err *err);
/* LISTEN side: waits up to timeout_ms for one notification. false = none came. channel/payload into
 * the buffers. */
MUST_CHECK enum err_code pg_wait_notify(struct pg *pg,
                                        int timeout_ms,
                                        char *channel,
                                        size_t channel_size,
                                        char *payload,
                                        size_t payload_size,
                                        bool *ret_got,
                                        struct err *err);

/* Parameters in binary form, copied into the arena. */
struct pg_param pg_p_null(enum pg_type type);
struct pg_param pg_p_int8(struct arena *a, int64_t v);
struct pg_param pg_p_int4(struct arena *a, int32_t v);
struct pg_param pg_p_bool(struct arena *a, bool v);
struct pg_param pg_p_text(struct arena *a, const char *s); /* NULL = SQL NULL */
struct pg_param pg_p_uuid(struct arena *a, const struct uuid *u);
struct pg_param pg_p_time(struct arena *a, int64_t us);
struct pg_param pg_p_bytea(struct arena *a, struct bytes b);
/* One-dimensional array (RULES: header ndim, hasnull, element oid, dim, lower bound 1; empty is
 * ndim 0) of n elements made by the functions above, all of the element type that belongs to
 * array_type. */
struct pg_param
pg_p_array(struct arena *a, enum pg_type array_type, const struct pg_param *elements, size_t n);

/* Values of binary results. Column by position; asserts the column's type. */
bool pg_is_null(const PGresult *r, int row, int col);
int64_t pg_get_int8(const PGresult *r, int row, int col); /* int4, int8 */
bool pg_get_bool(const PGresult *r, int row, int col);
struct uuid pg_get_uuid(const PGresult *r, int row, int col);
int64_t pg_get_time(const PGresult *r, int row, int col); /* timestamptz -> us since 1970 */
struct bytes pg_get_bytes(const PGresult *r,
                          int row,
                          int col); /* bytea, text, json: a view into r (select jsonb as text) */
const char *pg_get_text(const PGresult *r, int row, int col); /* NUL-terminated view into r */

#endif

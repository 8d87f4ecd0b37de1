/*
 * query.h - rows -> JSON. One .sql per query; the JSON is built by PostgreSQL; the position it saw
 * comes from the same snapshot.
 *
 * projections/<service>/queries/<name>.sql begins with comment lines, among them:
 *     -- sources: client from_job           rows of the own lanes; rows that the projector of
 *                                           another service's events keeps
 *     -- item | list | ranked | raw
 *     -- summed                             shows what other aggregates sum up to: so the version
 *                                           does not tell whether it changed; every query with a
 *                                           from_ source is
 *     -- :status text  :client_id uuid      parameters and types; an absent one is NULL
 * item and list select exactly the columns id uuid, created_at timestamptz, version int8, body text
 * (JSON). item: WHERE id = ANY(:ids), any order list: newest first by (created_at, id) from
 * :cursor_time, :cursor_id (absent = from the end), at most :page_limit rows. With :backward the
 * other way round: oldest first from the cursor, so that the row beyond a page is always the last
 * one. ranked: a list with a column rank int8 behind body and the parameter :cursor_rank; best first by
 * (rank, created_at, id). raw: any columns, no sources, no frame (query_run_raw) Lines marked `--? status !backward`
 * are there only when :status is given and :backward is not (sql_params.h); a bool counts as given
 * when true. Each combination is a statement of its own with its own plan.
 *
 * Open the connections with planner_fixed: a custom plan per call costs more than most of these
 * queries. Thread-safe once opened; a pg connection is the caller's.
 */
#ifndef PROJECTIONS_QUERY_H
#define PROJECTIONS_QUERY_H

#include "ops/runtime/pg.h"
#include "ops/runtime/strbuf.h"

struct query; /* opaque, static after queries_open */

/* Parses the headers of all queries of a service; a second call does nothing. Call before threads.
 * ERR_INVALID names the file and what is wrong with it. */
MUST_CHECK enum err_code queries_open(const char *service, struct err *err);
const struct query *query_find(const char *service, const char *name); /* NULL = none */
/* The item queries of a service one after the other: behind q, NULL = the first. NULL = no more. */
const struct query *query_next_item(const char *service, const struct query *q);
bool query_ranked(const struct query *q);
bool query_summed(const struct query *q);
bool query_takes(const struct query *q, const char *param); /* declares it */
/* Is the service among its sources? */
bool query_reads(const struct query *q, const char *service, size_t len);

/* An argument that the query does not declare, or of another type, is a bug (assertion). */
struct query_arg {
    const char *name;
    struct pg_param value;
};
struct query_row {
    struct uuid id;
    int64_t created_at;
    int64_t version;
    struct bytes body; /* view into the result */
    int64_t rank;      /* of ranked queries, else 0 */
};
struct query_result {
    struct query_row *rows; /* arena */
    size_t n;
    const char
        *position; /* "job/0:17,job/1:4": next offsets of its sources in this snapshot; arena */
    bool
        caught_up; /* false: a source's lane is missing or still catching up: 503, never 404 (V2) */
    const char *parked; /* of the ids asked for, those with parked events (P2): text; NULL = none */
};
/* Is the read model of that aggregate incomplete until a person has looked at it (P2)? Items only. */
bool query_is_parked(const struct query_result *r, const struct uuid *id);
/* Items and lists. One statement, one snapshot. */
MUST_CHECK enum err_code query_run(const struct query *q,
                                   struct pg *pg,
                                   const struct query_arg *args,
                                   size_t n,
                                   struct arena *a,
                                   struct query_result *ret,
                                   struct err *err);
/* `-- raw` ones. *ret is the connection's, until its next statement. */
MUST_CHECK enum err_code query_run_raw(const struct query *q,
                                       struct pg *pg,
                                       const struct query_arg *args,
                                       size_t n,
                                       struct arena *a,
                                       const PGresult **ret,
                                       struct err *err);

/* Has `position`, of a result of q, passed every "service/partition:offset" of `after` that concerns
 * q's sources? Others are ignored; of a source without position yet nothing is passed. */
bool position_covers(const struct query *q, const char *position, const char *after);
/* ERR_INVALID: not of the form service/p:offset,... */
MUST_CHECK enum err_code position_check(const char *text, struct err *err);
/* The entry at *s, which moves behind it and its comma. False at the end and on what is none. */
struct position_entry {
    const char *service; /* not terminated */
    size_t service_len;
    int64_t partition, offset;
};
bool position_next(const char **s, struct position_entry *ret);
/* What the position says of that log. False: nothing. */
bool position_find(const char *position, const char *service, int32_t partition, int64_t *ret);

#endif

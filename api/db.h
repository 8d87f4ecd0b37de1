/*
 * db.h - PostgreSQL connections of this process: per service, as its role, search_path naming the
 * generation that is live. Not for the threads that serve HTTP (assertion): what asks PostgreSQL is a desk's (desk.h), a pool's
 * (errand.h), or has a thread of its own. Never logs.
 */
#ifndef API_DB_H
#define API_DB_H

#include "ops/runtime/pg.h"
#include "projections/query.h"

struct api_service;

/* A connection to the generation that is live now. Caller's. ret_generation NULL = never mind. */
MUST_CHECK enum err_code db_open(struct api_service *s,
                                 const char *purpose,
                                 struct pg **ret,
                                 int *ret_generation,
                                 struct err *err);
/*
 * The calling thread's connection, opened at first use, anew when it broke or when the generation
 * has changed; closed with the thread. For a short while after a failure it fails at once.
 * ERR_UNAVAILABLE.
 */
MUST_CHECK enum err_code db_thread(struct api_service *s, struct pg **ret, struct err *err);
/* query_run(), query_run_raw() and pg_exec() on the thread's connection; once more on a new one
 * when the old one turns out to be broken, so statements must be safe to repeat. */
MUST_CHECK enum err_code db_query(struct api_service *s,
                                  const struct query *q,
                                  const struct query_arg *args,
                                  size_t n,
                                  struct arena *a,
                                  struct query_result *ret,
                                  struct err *err);
MUST_CHECK enum err_code db_query_raw(struct api_service *s,
                                      const struct query *q,
                                      const struct query_arg *args,
                                      size_t n,
                                      struct arena *a,
                                      const PGresult **ret,
                                      struct err *err);
MUST_CHECK enum err_code db_exec(struct api_service *s,
                                 const struct pg_stmt *stmt,
                                 const struct pg_param *params,
                                 size_t n,
                                 const PGresult **ret,
                                 struct err *err);
/* Told by whoever sees the live generation: connections of another one are replaced at their next
 * use. */
void db_generation_seen(struct api_service *s, int generation);

#endif

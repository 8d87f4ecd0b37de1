/*
 * retention.h - forgets, in small steps, what outlived its use beside outcomes and states: promises
 * of 202 answers and, in a vault, ended sessions and credentials that no account names (V1). Never
 * logs.
 */
#ifndef CONSUMERS_RETENTION_H
#define CONSUMERS_RETENTION_H

#include "consumers/manifest.h"
#include "ops/runtime/pg.h"

/* Where the walk over a vault's credentials is; zeroed = at the oldest. */
struct retention_walk {
    int64_t created_at;
    struct uuid credential_id;
};

/* Deletes at most `max` rows of each kind, own transaction; before_us = now less the outcomes'
 * retention. *ret_more: a kind reached max. Of credentials it looks at `max` per call, from *walk on, and begins
 * again behind the last. Any lane of the service may call it. */
MUST_CHECK enum err_code retention_sweep(struct pg *pg,
                                         struct retention_walk *walk,
                                         const struct service *service,
                                         int64_t now_us,
                                         int64_t before_us,
                                         int64_t max,
                                         bool *ret_more,
                                         struct err *err);

#endif

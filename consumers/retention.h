/*
 * retention.h - forgets, in small steps, what outlived its use beside outcomes and states: promises
 * of 202 answers and, in a vault, ended sessions and credentials that no account names (V1). Never
 * logs.
 */
#ifndef CONSUMERS_RETENTION_H
#define CONSUMERS_RETENTION_H

#include "consumers/manifest.h"
#include "ops/runtime/pg.h"

/* Deletes at most `max` rows of each kind, own transaction; before_us = now less the outcomes'
 * retention. Credentials are not found by their age: each call looks at the next `max` of them. *walk is
 * where it goes on, nil at first, the caller's to keep. *ret_more: a kind reached max, or credentials were
 * forgotten and there are more to look at. Any lane of the service may call it. */
MUST_CHECK enum err_code retention_sweep(struct pg *pg,
                                         const struct service *service,
                                         int64_t now_us,
                                         int64_t before_us,
                                         int64_t max,
                                         struct uuid *walk,
                                         bool *ret_more,
                                         struct err *err);

#endif

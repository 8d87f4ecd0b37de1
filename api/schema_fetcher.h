/*
 * schema_fetcher.h - texts that only the schema registry has, fetched for outside readers by one thread with a
 * bounded queue: an HTTP thread never waits for another server. Never logs.
 */
#ifndef API_SCHEMA_FETCHER_H
#define API_SCHEMA_FETCHER_H

#include "ops/runtime/err.h"

#define SCHEMA_FETCHES_MAX 64 /* waiting */

struct schema_fetcher; /* opaque */
struct request;

/* One piece of work; lies in the request's arena. */
struct schema_fetch {
    struct request *request; /* parked; resumed when it is done */
    int32_t id;
    enum err_code
        code; /* out: ERR_OK, ERR_NOT_FOUND, ERR_UNAVAILABLE (schema_ids.h), or too much to do */
    const char *text; /* out */
    struct schema_fetch *next;
};

MUST_CHECK enum err_code schema_fetcher_start(struct schema_fetcher **ret, struct err *err);
/* What still queues, and what comes later, is resumed as ERR_UNAVAILABLE. */
void schema_fetcher_stop(struct schema_fetcher *f);
void schema_fetcher_free(struct schema_fetcher *f); /* NULL ok; nobody uses it any more */
/* The request, parked before, is resumed when it is done. */
void schema_fetcher_submit(struct schema_fetcher *f, struct schema_fetch *fetch);

#endif

/*
 * lookup.h - reads of one resource, many at a time: what queues up while PostgreSQL is busy is
 * asked for in one statement. A statement per request costs two context switches and its own
 * snapshot; this is what makes a read cheap when there are many. One thread per service.
 */
#ifndef API_LOOKUP_H
#define API_LOOKUP_H

#include "ops/runtime/err.h"
#include "projections/query.h"

#define LOOKUP_BATCH_MAX 64

struct api_service;
struct request;
struct lookups; /* opaque */

/* One read; lies in the request's arena. */
struct lookup {
    struct request *request; /* parked; resumed when the rest is filled in */
    struct arena *arena;     /* the request's: of the results */
    const struct query *query;
    struct uuid id;
    struct uuid reader; /* item_reader(): one statement is never for two */
    enum err_code code;
    struct err err; /* unless code is ERR_OK */
    bool found, caught_up, parked;
    struct query_row row;
    const char *position;
    struct lookup *next;
};

MUST_CHECK enum err_code
lookups_start(struct api_service *s, struct lookups **ret, struct err *err);
/* What queues, and what comes later, is resumed with ERR_UNAVAILABLE. */
void lookups_stop(struct lookups *l);
void lookups_free(struct lookups *l); /* NULL ok; nobody uses it any more */
void lookups_submit(struct lookups *l, struct lookup *lookup);

#endif

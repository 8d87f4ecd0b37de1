/*
 * lookup.h - resources by their ids: a desk (desk.h) for each item query of a service, so that many are read with one statement and
 * a locked table delays those queries that read it and no other.
 */
#ifndef API_LOOKUP_H
#define API_LOOKUP_H

#include "api/desk.h"
#include "projections/query.h"

#define LOOKUP_QUERIES_MAX 16 /* item queries of a service */

struct api_service;
struct lookups; /* opaque */

/* One read; lies in the request's arena. */
struct lookup {
    struct desk_job job;
    struct arena *arena; /* the request's: of the results */
    const struct query *query;
    struct uuid id;
    struct uuid reader; /* item_reader(): one statement is never for two */
    bool found, caught_up, parked;
    struct query_row row;
    const char *position;
};

/* Its queries must be open. */
MUST_CHECK enum err_code
lookups_start(struct api_service *s, struct lookups **ret, struct err *err);
/* What queues, and what comes later, is resumed with ERR_UNAVAILABLE. */
void lookups_stop(struct lookups *l);
void lookups_free(struct lookups *l); /* NULL ok; nobody uses it any more */
/* query: an item query of the service. */
void lookups_submit(struct lookups *l, struct lookup *lookup);
/* At most LOOKUPS_MAX at once; those of one query are read together. */
#define LOOKUPS_MAX 512
void lookups_submit_all(struct lookups *l, struct lookup **lookups, size_t n);

#endif

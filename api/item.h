/*
 * item.h - resources by their ids, as an item query shows them: what reads, look-ups and commands
 * have in common. Never logs.
 */
#ifndef API_ITEM_H
#define API_ITEM_H

#include <jansson.h>

#include "api/route.h"
#include "projections/query.h"

#define ITEM_ARGS_MAX 2
#define ITEM_READER   "reader_id" /* a query that takes it shows something else to each reader */

/* Whom an answer is for: the reader, or nobody when all see the same. */
struct uuid item_reader(const struct query *q, const struct uuid *reader);
/* The arguments of an item query; returns how many. */
size_t item_args(const struct query *q,
                 const struct uuid *ids,
                 size_t n,
                 const struct uuid *reader,
                 struct arena *a,
                 struct query_arg ret[ITEM_ARGS_MAX]);
/* Looks one resource up for the caller of rq: parks it, and `then` finds the answer in rq->lookup, which lies with its results in a.
 * The service must be there (api_service_find). */
enum step item_ask(struct request *rq,
                   struct arena *a,
                   const char *service,
                   const char *query,
                   const struct uuid *id,
                   handler_fn *then);
/* Asked for when nothing was found: is it unknown whether there is such a thing? True: the reply is filled in, 503
 * while the view is catching up (V2), 409 when its events wait for an operator (P2). `what`: in the API's words. */
bool item_uncertain(struct request *rq, bool caught_up, bool parked, const char *what);
/* The tag of a resource that this query shows. */
char *item_etag(const struct query *q, struct arena *a, int64_t version, struct bytes body);

/* A resource's JSON; NULL when it is none. New reference. */
json_t *item_json(struct bytes body);
/* False: no such member, or not a UUID. */
bool item_member(const json_t *o, const char *name, struct uuid *ret);

#endif

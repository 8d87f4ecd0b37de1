/*
 * apply.h - events -> rows. One function for lanes, catch-up, projectors and replay.
 *
 * A projection is a folder of a service: `events` are its own events, applied by its lanes;
 * `from_<source>` are another service's (or its own once more, off the write path), applied by its
 * projector. Per event type one .sql with `:name` parameters, bound by name to the event's fields:
 * the leaves of the record joined with _ (budget_amount, client_id), those of meta without a prefix
 * (aggregate_id, version, occurred_at, actor_id). Each is an array, one element per event, for
 * unnest(). An array field arrives as text in array-literal form (`skills::text[]` in the SQL), an
 * array of records as JSON text, an enum as its symbol, an absent optional as NULL. `:partition` is
 * one int8 for all: the partition of the log that the events stand in. A file whose first line is
 * `-- no rows` says that the event changes nothing here. One thread.
 */
#ifndef PROJECTIONS_APPLY_H
#define PROJECTIONS_APPLY_H

#include "ops/runtime/pg.h"
#include "schemas/record.h"

#define APPLY_LEVELS_MAX 8
#define APPLY_QUEUE_MAX \
    128 /* statements of ours on the connection's queue when apply_events returns */

struct apply; /* opaque: the parsed statements of one service */

#define APPLY_OWN  "events"
#define APPLY_FROM "from_"

/* The service whose events the projection holds: "job" for from_job; NULL for `events`. */
const char *apply_source(const char *projection);

/* ERR_INVALID names the file and parameter that no event field matches, an own event type without
 * file, or a file without event type. Free it after the connections that it was used with: they know its
 * statements by address. */
MUST_CHECK enum err_code
apply_new(const char *service, const char *projection, struct apply **ret, struct err *err);
/* Does an event of that type make rows? */
bool apply_wants(const struct apply *ap, const struct record_type *type);
void apply_free(struct apply *ap); /* NULL ok */
DEFINE_CLEANUP(struct apply *, apply_free);

/*
 * Queues the statements for these events (log order) on pg by levels: an event's level is one above
 * the last event of the same aggregate in the batch; insert-only types (first line `--
 * insert-only`) may share a level with what went before; from level APPLY_LEVELS_MAX on one by one. Where the first line is
 * `-- newest counts`, events of that type that follow one another for an aggregate are one row: of each parameter the newest
 * value that is not NULL. That is for statements that set what an event has, and keep what it has not.
 * Within a statement rows are in the order of their aggregate ids. Syncs whenever APPLY_QUEUE_MAX
 * statements are queued, so results of earlier statements must have been read; the caller syncs at
 * the end. CommandRejected makes no rows. An own event
 * type without file is ERR_INTERNAL; in a from_ projection it makes no rows.
 */
MUST_CHECK enum err_code apply_events(struct apply *ap,
                                      struct pg *pg,
                                      int32_t partition,
                                      const struct record *events,
                                      size_t n,
                                      struct arena *a,
                                      struct err *err);

#endif

/*
 * apply.h - events -> rows. One function for lanes, catch-up, projectors and replay.
 * Per event type one .sql with `:name` parameters, bound by name to the event's fields: the leaves
 * of the record joined with _ (budget_amount, client_id), those of meta without a prefix
 * (aggregate_id, version, occurred_at, actor_id). Each is an array, one element per event, for
 * unnest(). An array field arrives as text in array-literal form (`skills::text[]` in the SQL), an
 * enum as its symbol, an absent optional as NULL. A file whose first line is `-- no rows` says that
 * the event changes nothing here. One thread.
 */
#ifndef PROJECTIONS_APPLY_H
#define PROJECTIONS_APPLY_H

#include "ops/runtime/pg.h"
#include "schemas/record.h"

#define APPLY_LEVELS_MAX 8
#define APPLY_QUEUE_MAX \
    128 /* statements of ours on the connection's queue when apply_events returns */

struct apply; /* opaque: the parsed statements of one service */

/* ERR_INVALID names the file and parameter that no event field matches, an event type without file,
 * or a file without event type. Free it after the connections that it was used with: they know its
 * statements by address. */
MUST_CHECK enum err_code apply_new(const char *service, struct apply **ret, struct err *err);
void apply_free(struct apply *ap); /* NULL ok */
DEFINE_CLEANUP(struct apply *, apply_free);

/*
 * Queues the statements for these events (log order) on pg by levels: an event's level is one above
 * the last event of the same aggregate in the batch; insert-only types (first line `--
 * insert-only`) may share a level with what went before; from level APPLY_LEVELS_MAX on one by one.
 * Within a statement rows are in the order of their aggregate ids. Syncs whenever APPLY_QUEUE_MAX
 * statements are queued, so results of earlier statements must have been read; the caller syncs at
 * the end. CommandRejected makes no rows. An event type that this service does not know is
 * ERR_INTERNAL.
 */
MUST_CHECK enum err_code apply_events(struct apply *ap,
                                      struct pg *pg,
                                      const struct record *events,
                                      size_t n,
                                      struct arena *a,
                                      struct err *err);

#endif

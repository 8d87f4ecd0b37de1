/*
 * parked.h - aggregates whose events a projection could not apply (P2): their statements wait in the
 * table parked, everything behind them for the same aggregate too, and everybody else goes on. One
 * value per projection and partition, of the one thread that writes both. Logs each aggregate that
 * is parked, once.
 *
 * Only that thread ever adds to the table; a person (parked_retry.h) only takes away, and only while he
 * holds the row that the thread locks first in each of its transactions (lane, position). So what is
 * in memory holds at least what the table holds, and the thread reads it again behind the lock when
 * it is not empty: parked_refresh(). Then it neither parks an event of an aggregate that was freed
 * meanwhile nor applies one before those that waited; while nothing is parked it costs nothing.
 */
#ifndef CONSUMERS_PARKED_H
#define CONSUMERS_PARKED_H

#include "consumers/id_index.h"
#include "projections/apply.h"
#include "schemas/codec.h"

struct parked {
    const char *service, *projection; /* APPLY_OWN, from_<source>; not owned */
    int32_t partition;
    struct arena arena; /* of ids */
    struct id_index *ids;
    size_t n;
};

void parked_init(struct parked *p, const char *service, const char *projection, int32_t partition);
void parked_release(struct parked *p);
/* What the table holds: at the beginning of a session. */
MUST_CHECK enum err_code parked_load(struct parked *p, struct pg *pg, struct err *err);
/* The same, when there is something in memory: after the lock of each transaction that applies. */
MUST_CHECK enum err_code parked_refresh(struct parked *p, struct pg *pg, struct err *err);
bool parked_has(const struct parked *p, const struct uuid *aggregate_id);

/* A run of events of one partition, in log order. */
struct log_events {
    const struct record *events;
    const int64_t *offsets;
    size_t n;
};

/* apply_events() of what is not parked; what is stays behind its like. Queues; the caller syncs. */
MUST_CHECK enum err_code parked_apply(struct parked *p,
                                      struct apply *apply,
                                      struct pg *pg,
                                      struct codec *codec,
                                      const struct log_events *run,
                                      struct arena *a,
                                      struct err *err);
/*
 * The same after a refusal (ERR_INVALID): event by event, each behind a savepoint; what is refused is
 * parked. Slow, and for the rare run only. Inside the caller's transaction. When that is rolled
 * back: parked_load() again.
 */
MUST_CHECK enum err_code parked_apply_carefully(struct parked *p,
                                                struct apply *apply,
                                                struct pg *pg,
                                                struct codec *codec,
                                                const struct log_events *run,
                                                struct arena *a,
                                                struct err *err);
/* One event behind a savepoint, in the caller's transaction. ERR_INVALID: refused, and the transaction is as
 * before; anything else ends it. */
MUST_CHECK enum err_code parked_try(struct apply *apply,
                                    struct pg *pg,
                                    int32_t partition,
                                    const struct record *event,
                                    struct arena *a,
                                    struct err *err);

/* An event that stays out of the view. */
struct parked_event {
    int64_t offset;
    struct uuid aggregate_id;
    const char *type;   /* "" = unreadable */
    const char *detail; /* NULL = stands behind a refused one */
    struct bytes value; /* framed */
};
/* Parks these events: queues the rows, remembers the aggregates. */
void parked_queue_save(
    struct parked *p, struct pg *pg, const struct parked_event *events, size_t n, struct arena *a);

#endif

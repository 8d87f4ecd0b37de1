/*
 * catch_up.h - what the log has and the view has not: rows, outcomes, states, claims (W5, W10, C3).
 * Runs after the producers have fenced every other writer and before anything is decided. One
 * thread. Logs alarms.
 */
#ifndef CONSUMERS_CATCH_UP_H
#define CONSUMERS_CATCH_UP_H

#include "consumers/lane_session.h"

struct state_cache;

/* A replay fills a view that nobody reads yet: in large chunks, states at the end, up to a given offset. */
struct catch_up_bulk {
    struct state_cache *states;
    int64_t outcomes_from_us; /* older ones are forgotten already */
    int64_t until_us;         /* stop before the first command that was decided later; 0 = never */
    _Atomic int64_t *next;    /* shows how far it is */
    bool letters;             /* dead letters, too: they were lost, and are no part of a view */
    const atomic_bool *stop;  /* instead of the pulse's */
};

/* Where to read from: rows and outcomes before next_event are there, states before fold_next,
 * claims before claims_next. */
struct catch_up_plan {
    int64_t claims_next;
    int64_t end; /* high watermark after fencing; in bulk any event's offset + 1 */
    const struct catch_up_bulk *bulk; /* NULL: a lane opens */
};

/*
 * Reads with `reader` (read_committed, fetch wait 1 ms) until its end of partition is at or past
 * plan->end; s->row moves along, in PostgreSQL too. ERR_UNAVAILABLE: the end was not reached in
 * twice the transaction timeout (a hanging transaction; never go on), an unknown schema id (a newer
 * writer, S4), or something is away. ERR_CORRUPT: an event is missing from its command, or cannot
 * be read. What the read model refuses is parked (P2).
 */
MUST_CHECK enum err_code catch_up(struct lane_session *s,
                                  rd_kafka_t *reader,
                                  const struct catch_up_plan *plan,
                                  struct err *err);

#endif

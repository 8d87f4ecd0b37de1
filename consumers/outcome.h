/*
 * outcome.h - what became of a command: one row, looked up by command id by the API (the answer)
 * and by lanes (dedupe, I3). Rebuilt from the log. Never logs.
 */
#ifndef CONSUMERS_OUTCOME_H
#define CONSUMERS_OUTCOME_H

#include "ops/runtime/pg.h"

#define DIGEST_LEN 32

struct outcome {
    struct uuid command_id;
    int64_t command_offset;
    const char *reason;       /* NULL = applied */
    struct uuid aggregate_id; /* of the command's first event, with its version */
    int64_t version;
    struct uuid sender;
    bool has_digest;
    uint8_t digest[DIGEST_LEN];
    struct uuid key;    /* the command's partition key; nil = none is known */
    int64_t next_event; /* offset after the command's last event */
    int64_t decided_at;
};

/* Queues the look-up of n command ids; rows hold the id in column 0. */
size_t outcome_queue_find(struct pg *pg, const struct uuid *ids, size_t n, struct arena *a);
/* Queues the insert; what exists stays. n may be 0. */
void outcome_queue_save(
    struct pg *pg, int32_t partition, const struct outcome *outcomes, size_t n, struct arena *a);
/* Queues the correction of next_event by `by`. */
void outcome_queue_shift(
    struct pg *pg, int64_t by, const struct outcome *outcomes, size_t n, struct arena *a);
/* Deletes at most `max` that are older; own transaction. */
MUST_CHECK enum err_code outcome_sweep(struct pg *pg,
                                       int32_t partition,
                                       int64_t before,
                                       int64_t max,
                                       int64_t *ret_deleted,
                                       struct err *err);

#endif

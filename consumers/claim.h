/*
 * claim.h - unique keys across partitions (one account per e-mail): rows taken before the Kafka
 * transaction, confirmed or released with the outcome (C1, C2). Never logs.
 */
#ifndef CONSUMERS_CLAIM_H
#define CONSUMERS_CLAIM_H

#include "ops/runtime/pg.h"

struct claim {
    const char *key; /* normalised */
    struct uuid aggregate_id;
    int64_t command_offset;
    struct uuid command_id;
    bool refused; /* out of claim_take: the key is another's */
};

/*
 * Takes the claims on a connection with synchronous commit; a key that two of them want goes to the
 * one with the lower offset. ERR_OK also when some were refused. Asking again for what one holds is
 * harmless.
 */
MUST_CHECK enum err_code claim_take(struct pg *pg,
                                    int32_t partition,
                                    struct claim *claims,
                                    size_t n,
                                    struct arena *a,
                                    struct err *err);
/* Queues the confirmation by an event. Fewer affected rows than n distinct keys: one belongs to
 * another aggregate for good. Keys must be distinct: claim_distinct() first. n > 0. */
size_t claim_queue_confirm(
    struct pg *pg, int32_t partition, const struct claim *claims, size_t n, struct arena *a);
/* Queues the release of what rejected commands hold; n may be 0. */
void claim_queue_release(struct pg *pg, const struct claim *claims, size_t n, struct arena *a);
/* Sorts by (key, offset) and keeps the first of each key; returns how many are left. */
size_t claim_distinct(struct claim *claims, size_t n);

#endif

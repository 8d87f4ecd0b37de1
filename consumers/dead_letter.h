/*
 * dead_letter.h - records that could not be handled, kept for a person to look at (W6). Never logs.
 */
#ifndef CONSUMERS_DEAD_LETTER_H
#define CONSUMERS_DEAD_LETTER_H

#include "ops/runtime/pg.h"

struct dead_letter {
    int64_t offset;
    struct uuid command_id;
    const char *reason;
    const char *detail; /* any bytes: what text cannot hold is replaced */
    struct bytes value; /* data NULL = unknown (found again by catch-up) */
};

/* Queues the insert; what exists stays. n may be 0. */
void dead_letter_queue_save(struct pg *pg,
                            const char *topic,
                            int32_t partition,
                            int64_t now_us,
                            const struct dead_letter *letters,
                            size_t n,
                            struct arena *a);

#endif

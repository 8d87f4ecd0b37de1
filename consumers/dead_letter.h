/*
 * dead_letter.h - records that could not be handled, kept for a person to look at (W6, X1). Never logs.
 */
#ifndef CONSUMERS_DEAD_LETTER_H
#define CONSUMERS_DEAD_LETTER_H

#include "ops/runtime/pg.h"
#include "schemas/records.h"

struct dead_letter {
    int64_t offset, at_us; /* where it lies, when it was refused */
    struct uuid command_id;
    const char *reason;
    const char *detail; /* any bytes: what text cannot hold is replaced */
    struct bytes value; /* data NULL = unknown (found again by catch-up) */
};

/* Does this rejection need a person? Poison always; a reactor's command (actor system) unless what it
 * would create is there already (X1). */
bool dead_letter_due(const struct actor *actor, const char *reason);

/* Queues the insert; what exists stays. n may be 0. */
void dead_letter_queue_save(struct pg *pg,
                            const char *topic,
                            int32_t partition,
                            const struct dead_letter *letters,
                            size_t n,
                            struct arena *a);

#endif

/*
 * parked_retry.h - what waits for a parked aggregate becomes rows after all (P2), by a person's hand, while
 * lanes and projectors work. Never logs.
 *
 * Order. Each piece is one transaction that locks first what the writer of the projection locks first
 * in each of its own: the lane's row, or the position's. While it is held, every event of the
 * aggregate before the position is a row or in `parked`, and those behind it come later, by the
 * writer. The piece applies from the front, each event behind a savepoint, and stops at the first that
 * is refused; so what is left in `parked` is always a tail. As long as one row is left the aggregate is
 * parked for the writer, too, which looks again behind the same lock (parked.h). Hence no event is
 * lost, none is applied twice, none before one that waited; whoever dies when: a piece is committed
 * or was not.
 *
 * The lane waits for a piece at most (PARKED_PIECE_US and one event), then for the next batch of its own.
 *
 * A generation that stopped being the live one while we waited for the lock is left alone: a swap locks
 * the same rows before it moves the generation, so what we read behind the lock holds until we commit.
 */
#ifndef CONSUMERS_PARKED_RETRY_H
#define CONSUMERS_PARKED_RETRY_H

#include "consumers/letter_name.h"
#include "ops/runtime/config.h"

#define PARKED_PIECE_MAX   500               /* events of one transaction */
#define PARKED_PIECE_BYTES (4 * 1024 * 1024) /* of them, and the one that goes beyond */
#define PARKED_PIECE_US    200000            /* that hold up a lane */

/* Deliberately, and kept with who and why (letter_decision). */
struct parked_skip {
    int64_t offset; /* -1 = the first that waits */
    const char *by, *reason;
};
struct parked_result {
    int64_t applied;       /* events that are rows now, or make none */
    int64_t left;          /* still waiting; 0 = the aggregate is free */
    int64_t skipped;       /* offset; -1 = none */
    int32_t partition;     /* of what was refused; left > 0 only */
    int64_t refused;       /* its offset */
    char why[ERR_MSG_MAX]; /* the newest reason */
};

/*
 * Applies what waits for n->aggregate_id, without the skipped event (skip NULL = none). ERR_OK: done as far
 * as it goes, *ret says how far. ERR_NOT_FOUND: nothing of it is parked, or not that event.
 * ERR_UNAVAILABLE: something is away, or an event is a newer program's (S4); the pieces before are
 * committed, and the same call goes on from there.
 */
MUST_CHECK enum err_code parked_retry(const struct config *cfg,
                                      const struct letter_name *n,
                                      const struct parked_skip *skip,
                                      struct parked_result *ret,
                                      struct err *err);

#endif

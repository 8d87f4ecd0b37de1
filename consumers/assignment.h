/*
 * assignment.h - which lanes of a service are this worker's. Every worker looks at the same lists, of workers that live and
 * of lanes with their holders, and comes to the same shares without a word between them:
 *
 *   - Each worker has the same number of lanes, some one more. Who has one more turns with the service, so that not one
 *     worker has one more of each.
 *   - Who has more than its share gives lanes up; who has less takes lanes that nobody holds. Nothing else moves.
 *   - Of the free lanes each worker takes other ones: those behind what the workers before it lack.
 *
 * Lists may differ for a moment. Then two take one lane, and the compare-and-set on the lane's row lets one of them have it
 * (lane_row_take). Pure.
 */
#ifndef CONSUMERS_ASSIGNMENT_H
#define CONSUMERS_ASSIGNMENT_H

#include "ops/runtime/uuid.h"

#define WORKERS_MAX 256 /* that share the lanes of a service; the youngest beyond it get none */

struct assignment_worker {
    struct uuid id;
    bool leaving; /* keeps what it holds until it has let go of it, and takes nothing */
};

struct assignment_lane {
    int32_t partition;
    int64_t epoch;      /* of its row */
    bool held;          /* by a connection */
    struct uuid worker; /* whose; nil: of no worker that we know (an older program, a test) */
};

struct assignment {
    const struct uuid *me;
    size_t turn; /* of the service: another number for each */
    struct assignment_worker workers[WORKERS_MAX];
    size_t n_workers; /* sorted by id */
    const struct assignment_lane *lanes;
    size_t n_lanes; /* sorted by partition */
};

/* How many lanes are this worker's. 0 when it is not among those that live. */
size_t assignment_share(const struct assignment *a);
/* Does nobody have that lane: no connection, or one of a worker that lives no more? */
bool assignment_free(const struct assignment *a, const struct assignment_lane *lane);
/* The free lanes that this worker takes now, `want` of them at most, as indices into a->lanes. Returns how many. */
size_t assignment_take(const struct assignment *a, size_t want, size_t *ret);

#endif

/*
 * group.h - the lanes of one service in this process. A group member of its own thread learns which
 * partitions are ours; its partitions stay paused (each lane reads for itself) and its commits are
 * a hint for lag tools (W3). A lane that nobody works on is adopted without waiting for the group:
 * a killed worker stays a member until its session ends, up to 45 s later. Safe because the lane
 * row and the producers fence (W3), never because of the group. Logs assignments.
 */
#ifndef CONSUMERS_GROUP_H
#define CONSUMERS_GROUP_H

#include "consumers/manifest.h"
#include "ops/runtime/config.h"
#include "ops/runtime/strbuf.h"

struct group; /* opaque */

/* Starts the thread. cfg outlives the group. Caller owns *ret. */
MUST_CHECK enum err_code group_start(const struct config *cfg,
                                     const struct service *service,
                                     struct group **ret,
                                     struct err *err);
/* Lanes end their batches; returns at once. */
void group_request_stop(struct group *g);
/* Waits for the thread, leaves the Kafka group and frees; false: a lane did not end in time, *g
 * still exists. */
MUST_CHECK bool group_join(struct group *g, int timeout_ms);

/* Appends one JSON object; true when every lane of ours decides commands and none is without a
 * worker. Any thread. */
bool group_ready(struct group *g, struct strbuf *out_json);
/* Longest time for which a lane has not been in control; 0 without lanes. Any thread. */
int64_t group_idle_us(struct group *g);
/* Asks the broker, up to timeout_ms. Any thread. */
bool group_brokers_reachable(struct group *g, int timeout_ms);

#endif

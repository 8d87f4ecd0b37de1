/*
 * group.h - the lanes of one service in this process. A thread of its own looks at the service's database a few times a second: which
 * workers live, and which lane is whose. So it knows its share (assignment.h), takes lanes that nobody has and gives up what is
 * beyond its share; the look itself is how others know that this worker lives. A worker that is killed is gone with its
 * connections, one that is frozen or whose host is gone after SILENT_MS. Safe because the lane row and the producers fence (W3),
 * never because of the list. In Kafka the group has no members: its offsets are a hint for lag tools (W3, W11). Logs what moves.
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
/* Waits for the thread and frees; false: a lane did not end in time, *g
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

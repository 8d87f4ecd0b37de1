/*
 * lane.h - one partition of one service: a thread that opens sessions and runs them until it is
 * told to stop, or another owner has the lane's row. Whatever is away, it backs off and tries again; what only a person can
 * decide stops it with a message. Logs its life.
 */
#ifndef CONSUMERS_LANE_H
#define CONSUMERS_LANE_H

#include "consumers/lane_session.h"

struct lane; /* opaque */

struct lane_options {
    const struct config *cfg; /* outlives the lane */
    const struct service *service;
    int32_t partition;
    int64_t
        epoch; /* of its row, when it was seen without an owner: another one by now means that another owner came */
    group_hint_fn *group_hint;
    void *arg;
};

struct lane_status {
    const char *service;
    int32_t partition;
    enum lane_state state;
    int64_t next_command; /* -1 = not known yet */
    int64_t lag;          /* -1 = not known yet */
    int64_t ahead_us; /* of the lane's last event, before this machine's clock; <= 0 = it is not */
    int64_t idle_us;  /* since the thread was last in control */
    char message[ERR_MSG_MAX];
};

/* Starts the thread. */
MUST_CHECK enum err_code
lane_start(const struct lane_options *o, struct lane **ret, struct err *err);
/* The lane ends its batch, then its thread. Any thread; returns at once. */
void lane_request_stop(struct lane *l);
/* Waits for the thread and frees the lane; false: it did not end in time and still exists. */
MUST_CHECK bool lane_join(struct lane *l, int timeout_ms);
int32_t lane_partition(const struct lane *l);
void lane_status(struct lane *l, struct lane_status *ret);

#endif

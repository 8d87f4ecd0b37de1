/*
 * lane_pulse.h - what the thread of a lane shows to others while it works: liveness, state,
 * positions, metrics. The lane writes, anyone reads; `stop` is the other way round. Lives as long
 * as the lane.
 */
#ifndef CONSUMERS_LANE_PULSE_H
#define CONSUMERS_LANE_PULSE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ops/runtime/err.h"
#include "ops/runtime/metrics.h"

enum lane_state {
    LANE_STARTING,        /* taking the row, fencing */
    LANE_CATCHING_UP,     /* reading what the log has and the view has not */
    LANE_AWAITING_CLAIMS, /* caught up; other lanes of the service have not (C3) */
    LANE_RUNNING,         /* deciding commands */
    LANE_BACKING_OFF,     /* something is away; tries again */
    LANE_STOPPED,         /* a person must look: see the message */
    LANE_ENDED,           /* the thread is done */
    LANE_STATE_N
};
extern const char *const lane_state_name[LANE_STATE_N];

struct lane_pulse {
    atomic_bool stop;         /* please drain and end */
    atomic_int state;         /* enum lane_state */
    atomic_llong progress_us; /* monotonic time when the thread last was in control */
    atomic_llong epoch; /* of the row, as the lane last knew it; LANE_EPOCH_ANY: whatever it is */
    atomic_llong next_command;  /* group hint */
    atomic_llong last_event_us; /* its time; 0 = not known yet */
    atomic_llong lag;           /* commands in the log that are not decided; -1 = not known yet */
    struct metric *batches, *commands, *duplicates, *events, *batch_seconds, *catch_up_events,
        *dead_letters, *restarts, *lag_gauge;
    pthread_mutex_t lock;
    char message[ERR_MSG_MAX]; /* why it backs off or stopped */
};

void lane_pulse_init(struct lane_pulse *p, const char *service, int32_t partition);
void lane_pulse_release(struct lane_pulse *p);
/* The thread is alive and in control. */
void lane_pulse_beat(struct lane_pulse *p);
/* Beats, too. message NULL = "". */
void lane_pulse_state(struct lane_pulse *p, enum lane_state state, const char *message);
void lane_pulse_message(struct lane_pulse *p, char *ret, size_t size);
bool lane_pulse_stopping(const struct lane_pulse *p);

#endif

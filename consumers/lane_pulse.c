#include "consumers/lane_pulse.h"

#include <inttypes.h>
#include <stdio.h>

#include "consumers/lane_row.h"
#include "ops/runtime/timeutil.h"

#define LABELS_MAX 128

const char *const lane_state_name[LANE_STATE_N] = {
    [LANE_STARTING] = "starting",
    [LANE_CATCHING_UP] = "catching_up",
    [LANE_AWAITING_CLAIMS] = "awaiting_claims",
    [LANE_RUNNING] = "running",
    [LANE_BACKING_OFF] = "backing_off",
    [LANE_STOPPED] = "stopped",
    [LANE_ENDED] = "ended",
};

void lane_pulse_init(struct lane_pulse *p, const char *service, int32_t partition)
{
    char labels[LABELS_MAX];
    snprintf(labels, sizeof(labels), "service=\"%s\",partition=\"%d\"", service, partition);
    *p = (struct lane_pulse){
        .batches = metrics_counter("hirelog_lane_batches_total", labels, "Batches committed."),
        .commands = metrics_counter("hirelog_lane_commands_total", labels, "Commands decided."),
        .duplicates = metrics_counter("hirelog_lane_duplicates_total", labels,
                                      "Commands skipped: decided before."),
        .events = metrics_counter("hirelog_lane_events_total", labels, "Events appended."),
        .batch_seconds = metrics_histogram("hirelog_lane_batch_seconds", labels,
                                           "From the poll to the commit of the view."),
        .catch_up_events = metrics_counter("hirelog_lane_catch_up_events_total", labels,
                                           "Events applied from the log at start."),
        .dead_letters = metrics_counter("hirelog_lane_dead_letters_total", labels,
                                        "Poison and refused commands of reactors."),
        .restarts = metrics_counter("hirelog_lane_restarts_total", labels,
                                    "Times that the lane was opened anew."),
        .lag_gauge =
            metrics_gauge("hirelog_lane_lag", labels, "Commands in the log that are not decided."),
    };
    atomic_store(&p->lag, -1);
    atomic_store(&p->next_command, -1);
    atomic_store(&p->epoch, LANE_EPOCH_ANY);
    pthread_mutex_init(&p->lock, NULL);
    lane_pulse_beat(p);
}

void lane_pulse_release(struct lane_pulse *p)
{
    pthread_mutex_destroy(&p->lock);
}

void lane_pulse_beat(struct lane_pulse *p)
{
    atomic_store(&p->progress_us, time_monotonic_us());
}

void lane_pulse_state(struct lane_pulse *p, enum lane_state state, const char *message)
{
    pthread_mutex_lock(&p->lock);
    snprintf(p->message, sizeof(p->message), "%s", message ? message : "");
    pthread_mutex_unlock(&p->lock);
    atomic_store(&p->state, (int)state);
    lane_pulse_beat(p);
}

void lane_pulse_message(struct lane_pulse *p, char *ret, size_t size)
{
    pthread_mutex_lock(&p->lock);
    snprintf(ret, size, "%s", p->message);
    pthread_mutex_unlock(&p->lock);
}

bool lane_pulse_stopping(const struct lane_pulse *p)
{
    return atomic_load(&p->stop);
}

/*
 * lane_session.h - what a lane holds between two openings (W4): connections, producers, readers,
 * its row. Opening takes the lane, fences, catches up and checks; any unknown outcome ends the
 * session and the lane opens a new one. One thread. Logs what a person should see once (alarms).
 */
#ifndef CONSUMERS_LANE_SESSION_H
#define CONSUMERS_LANE_SESSION_H

#include "consumers/inbox.h"
#include "consumers/lane_pulse.h"
#include "consumers/lane_row.h"
#include "consumers/manifest.h"
#include "consumers/parked.h"
#include "consumers/service_pg.h"
#include "producers/event_log.h"

/* The committed offset of the worker group for a partition, -1 = none (W11); any thread. */
typedef int64_t group_hint_fn(void *arg, int32_t partition);

/* Who the lane is. Outlives all its sessions. */
struct lane_identity {
    const struct config *cfg;
    const struct service *service;
    int32_t partition;
    char owner[128];           /* host/pid, for people */
    group_hint_fn *group_hint; /* NULL = none */
    void *group_hint_arg;
    char command_topic[TOPIC_NAME_MAX], event_topic[TOPIC_NAME_MAX];
    char source[TOPIC_NAME_MAX];  /* ce_source */
    char channel[TOPIC_NAME_MAX]; /* of NOTIFY */
    struct config_timeouts timeouts;
};

/* Names and timeouts; group_hint is left NULL. */
void lane_identity_init(struct lane_identity *ret,
                        const struct config *cfg,
                        const struct service *service,
                        int32_t partition);

struct lane_session {
    const struct lane_identity *id;
    struct lane_pulse *pulse;
    struct service_control control;
    struct pg *pg;        /* the lane's transactions */
    struct pg *claims_pg; /* NULL: the service has no claims */
    struct codec *codec;
    struct apply *apply;
    struct parked parked; /* aggregates whose rows wait for a person (P2) */
    struct event_log *log;
    rd_kafka_t *commands; /* at row.next_command */
    int32_t n_partitions;
    struct lane_row row;
    int64_t
        last_event_us; /* time of the newest event in the log: the lane's time never goes back behind it */
    int64_t expected_offset; /* where the next event will probably be; verified after each commit */
    struct inbox inbox;
    size_t limit; /* commands per batch; halved while poison is being cornered (W7) */
    struct arena arena;
    int64_t sweep_at_us;
    struct uuid sweep_walk; /* retention_sweep's */
};

/*
 * ERR_UNAVAILABLE, ERR_CONFLICT: try again later (ERR_CONFLICT: another owner was quicker).
 * ERR_CORRUPT: log and view do not belong together, or an event cannot be what it claims; only a
 * person can decide (W5, W11).
 */
MUST_CHECK enum err_code lane_session_open(const struct lane_identity *id,
                                           struct lane_pulse *pulse,
                                           struct lane_session **ret,
                                           struct err *err);
void lane_session_free(struct lane_session *s); /* NULL ok */
DEFINE_CLEANUP(struct lane_session *, lane_session_free);
/* Decides commands until the pulse says stop (ERR_OK) or a new session is needed. */
MUST_CHECK enum err_code lane_session_run(struct lane_session *s, struct err *err);

/* W10: states of another fold version than the decider's are folded anew from the log's beginning; before catch_up(). */
MUST_CHECK enum err_code lane_session_start_fold(struct lane_session *s, struct err *err);

#endif

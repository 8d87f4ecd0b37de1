/*
 * replay_log.h - one partition of one event log into a generation that nobody reads yet: the service's own events as its lane's
 * catch-up applies them, another's as its projector does. Begins where the generation stands. One thread at a time; logs what is
 * parked.
 */
#ifndef CONSUMERS_REPLAY_LOG_H
#define CONSUMERS_REPLAY_LOG_H

#include "consumers/lane_session.h"

struct replay_log {
    const struct config *cfg;
    const struct service *service;
    const char *schema;     /* of the generation */
    const char *projection; /* APPLY_OWN, or one of the service's from_<source> */
    int32_t partition;
    int64_t until_us;         /* nothing that happened later; 0 = never mind */
    int64_t outcomes_from_us; /* older outcomes are forgotten already */
    bool lost;   /* the service's claims (C3) and dead letters are rebuilt from the log, too */
    int64_t end; /* offset to reach: any event's + 1, or the high watermark */
    _Atomic int64_t next; /* shows how far it is; any thread */
    atomic_bool stop;     /* please end with ERR_UNAVAILABLE; any thread */
};

/* Reads up to ->end. ERR_UNAVAILABLE, ERR_CORRUPT as catch_up() says. */
MUST_CHECK enum err_code replay_log_run(struct replay_log *l, struct err *err);

#endif

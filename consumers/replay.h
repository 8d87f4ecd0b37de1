/*
 * replay.h - a service's view made anew from the event logs (R1, R2): the next generation is filled beside the live one while writes
 * go on, compared with it row by row at one vector of offsets, and swapped in. Whatever ends it before the swap leaves the live view as
 * it was; beginning again drops the leftover. A command for a person: prints what it does to `out`. Never logs, but for what is parked.
 */
#ifndef CONSUMERS_REPLAY_H
#define CONSUMERS_REPLAY_H

#include <stdio.h>

#include "consumers/manifest.h"
#include "ops/runtime/config.h"
#include "ops/runtime/err.h"

struct replay_options {
    const struct config *cfg;
    const struct service *service;
    const char *
        projection; /* APPLY_OWN or from_<source>: the rest is copied from the live view; NULL = all of it */
    const char *
        until; /* replay_until_parse(); the schema hirelog_<service>_audit, never live; NULL = none */
    bool dry_run;   /* compares only */
    bool rollback;  /* the kept generation, brought up to date, is live again */
    bool unchecked; /* swaps without comparing */
    bool keep;      /* a generation that differs is kept to be looked at, until the next replay */
    FILE *out;
    bool terminal; /* `out` is one */
};

/* ERR_CONFLICT: the views differ (nothing was swapped), or another replay is running. ERR_INVALID: no such projection, or what it
 * should end at is neither a time nor a position. Creates what is missing in PostgreSQL first, as `hirelog migrate` does: a view that was
 * lost comes back. */
MUST_CHECK enum err_code replay_run(const struct replay_options *o, struct err *err);

/* Where an audit ends. */
struct replay_until {
    int64_t time_us; /* 0 = none: nothing that happened later */
    int64_t offset;  /* -1 = none: of each log */
    const char *
        position; /* NULL = none: "job/0:17,user/1:3", as in Hirelog-Position; other logs to their ends */
};
/* RFC 3339, a number, or a position. ERR_INVALID. */
MUST_CHECK enum err_code
replay_until_parse(const char *text, struct replay_until *ret, struct err *err);
/* Where this log ends, at most `end`. */
int64_t replay_until_offset(const struct replay_until *u,
                            const char *service,
                            int32_t partition,
                            int64_t end);

#endif

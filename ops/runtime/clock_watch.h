/*
 * clock_watch.h - is this machine's wall clock right? It is compared with a clock that only runs (a step) and with the
 * database's (a difference). One per process, any thread. Logs each alarm when it begins and when it ends.
 */
#ifndef OPS_RUNTIME_CLOCK_WATCH_H
#define OPS_RUNTIME_CLOCK_WATCH_H

#include <pthread.h>

#include "ops/runtime/strbuf.h"

#define CLOCK_STEP_MAX_US  (60 * INT64_C(1000000)) /* between two looks; more is an alarm */
#define CLOCK_SKEW_MAX_US  INT64_C(1000000)        /* against the database; more is an alarm */
#define CLOCK_STEP_SHOWN_S 600                     /* for so long /readyz tells of a step */

struct clock_watch {
    pthread_mutex_t lock;
    int64_t ahead_us;               /* of the wall clock before the running one, at the last look */
    int64_t step_us, stepped_at_us; /* the last step, and when, by the running clock */
    int64_t skew_us;                /* the database's time minus ours */
    bool looked, compared, stepped, skewed;
};

/* The process's. */
struct clock_watch *clock_watch(void);
void clock_watch_init(struct clock_watch *w);

/* A look at both clocks (time_now_us, time_running_us). At least every few seconds. */
void clock_watch_look(struct clock_watch *w, int64_t wall_us, int64_t running_us);
/* What the database's clock said between two looks at ours. A slow answer proves less: half of the time that it took is
 * granted. */
void clock_watch_compare(struct clock_watch *w,
                         int64_t asked_us,
                         int64_t answered_us,
                         int64_t database_us);
/* Was the clock compared with the database's since its last step, and within CLOCK_STEP_MAX_US? What a wrong clock would destroy for
 * good (an old command, an old outcome) asks first. */
bool clock_watch_trusted(struct clock_watch *w);
/* Appends {"skew_ms":3,"alarm":"..."}; skew_ms null = not known, alarm null = none. */
void clock_watch_print(struct clock_watch *w, struct strbuf *out_json);

#endif

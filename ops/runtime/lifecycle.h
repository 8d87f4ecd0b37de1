/*
 * lifecycle.h - signals, staged stopping, readiness to the supervisor, named crash points.
 */
#ifndef OPS_RUNTIME_LIFECYCLE_H
#define OPS_RUNTIME_LIFECYCLE_H

#include "ops/runtime/base.h"

enum lifecycle_stage {
    LIFECYCLE_RUNNING,  /* everything is accepted */
    LIFECYCLE_DRAINING, /* nothing new is accepted, what was begun is ended */
    LIFECYCLE_STOPPED,  /* what was begun has ended; close and leave */
};

/* Blocks TERM, INT and HUP in the calling thread, so in all threads made after it; ignores PIPE.
 * Call first in main. */
void lifecycle_setup(void);
/* Waits for TERM/INT, then moves to DRAINING and returns; from then on a second one leaves at once
 * with 130. */
void lifecycle_wait(void);
enum lifecycle_stage lifecycle_stage(void);
void lifecycle_request_stop(void); /* as if TERM had come; any thread */
/* Tells systemd (NOTIFY_SOCKET), when there is one. state: "READY=1", "STOPPING=1". */
void lifecycle_notify(const char *state);

/* kill -9 of itself when HIRELOG_CRASH_AT equals name (or "name:n": at the n-th passing); at
 * HIRELOG_HANG_AT the calling thread stops for ever. Compiled in always. */
void crash_point(const char *name);

#endif

/*
 * replay_crew.h - several logs of a replay at once, with the progress of all of them. Called by one thread; has others. Never logs.
 */
#ifndef CONSUMERS_REPLAY_CREW_H
#define CONSUMERS_REPLAY_CREW_H

#include <stdio.h>

#include "consumers/replay_log.h"

#define REPLAY_THREADS_MAX 2 /* logs at once: memory is per log */

/* Brings every log to its end. The first failure stops the others; *ret_records: how far they moved. what NULL: shows nothing. */
MUST_CHECK enum err_code replay_crew_run(
    struct replay_log *logs, size_t n, const char *what, FILE *out, bool terminal, struct err *err);

#endif

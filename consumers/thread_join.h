/*
 * thread_join.h - pthread_join with a deadline.
 */
#ifndef CONSUMERS_THREAD_JOIN_H
#define CONSUMERS_THREAD_JOIN_H

#include <pthread.h>
#include <time.h>

#include "ops/runtime/base.h"

/* False: it still runs after timeout_ms. */
MUST_CHECK static inline bool thread_join(pthread_t thread, int timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == 0;
}

#endif

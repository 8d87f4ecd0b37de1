/*
 * thread_join.h - pthread_join with a deadline.
 */
#ifndef CONSUMERS_THREAD_JOIN_H
#define CONSUMERS_THREAD_JOIN_H

#include "ops/runtime/deadline.h"

/* False: it still runs after timeout_ms. */
MUST_CHECK static inline bool thread_join(pthread_t thread, int timeout_ms)
{
    struct timespec until = deadline_after_ms(timeout_ms);
    return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == 0;
}

#endif

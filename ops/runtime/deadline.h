/*
 * deadline.h - waits that end after a duration, whatever happens to the wall clock: CLOCK_MONOTONIC in
 * the one place where a wait takes an absolute time. Never logs.
 */
#ifndef OPS_RUNTIME_DEADLINE_H
#define OPS_RUNTIME_DEADLINE_H

#include <pthread.h>
#include <time.h>

#include "ops/runtime/base.h"

/* A condition for deadline_wait(). The caller destroys it. */
void deadline_cond_init(pthread_cond_t *cond);
/* timeout_ms from now, of CLOCK_MONOTONIC. */
struct timespec deadline_after_ms(int64_t timeout_ms);
/* Under the mutex: until the condition is signalled, or `until` has passed: then false. As always with
 * conditions, it may also return without either. */
bool deadline_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until);

#endif

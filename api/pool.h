/*
 * pool.h - work that takes too long for an HTTP thread: a few threads of its own with a bounded queue.
 * The request is parked meanwhile.
 */
#ifndef API_POOL_H
#define API_POOL_H

#include "ops/runtime/err.h"

#define POOL_THREADS_MAX 64

struct pool; /* opaque */
struct request;

/* One piece of work; lies in the request's arena, as the first member of what it works on. */
struct pool_job {
    void (*work)(struct pool_job *job); /* in one of the pool's threads */
    struct request *request;            /* parked; resumed when the work is done or refused */
    bool refused;                       /* out: not done: too much to do, or stopping */
    struct pool_job *next;
};

/* queue_max: jobs that wait for a thread. */
MUST_CHECK enum err_code
pool_start(int64_t threads, size_t queue_max, struct pool **ret, struct err *err);
/* What still queues, and what comes later, is resumed as refused. */
void pool_stop(struct pool *p);
void pool_free(struct pool *p); /* NULL ok; nobody uses it any more */
DEFINE_CLEANUP(struct pool *, pool_free);
void pool_submit(struct pool *p, struct pool_job *job);

#endif

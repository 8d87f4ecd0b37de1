/*
 * pool.h - work that takes too long for an HTTP thread: threads of its own with a bounded queue for each kind of work. A kind may
 * always have one thread, whatever the others do, and at most as many as the pool was told; so a kind that is held up (a locked table)
 * holds up itself only. Threads are made when they are needed. The request is parked meanwhile.
 */
#ifndef API_POOL_H
#define API_POOL_H

#include "ops/runtime/err.h"

#define POOL_KINDS_MAX   32
#define POOL_QUEUE_MAX   1024 /* jobs of one kind that wait for PostgreSQL; beyond it 503 */
#define POOL_THREADS_MAX 64   /* that one kind may have */

struct pool; /* opaque */
struct request;

/* One piece of work; lies in the request's arena, as the first member of what it works on. */
struct pool_job {
    void (*work)(struct pool_job *job); /* in one of the pool's threads */
    struct request *request;            /* parked; resumed when the work is done or refused */
    const void *kind; /* what it may have to wait for: the statement; NULL is a kind, too */
    bool refused;     /* out: not done: too much to do, or stopping */
    bool held_up;     /* out of work(): so is what queues behind it, and is refused */
    struct pool_job *next;
};

/*
 * threads: what one kind has at most; the pool has one more for each further kind.
 * queue_max: jobs of one kind that wait for a thread.
 */
MUST_CHECK enum err_code
pool_start(int64_t threads, size_t queue_max, struct pool **ret, struct err *err);
/* What still queues, and what comes later, is resumed as refused. */
void pool_stop(struct pool *p);
void pool_free(struct pool *p); /* NULL ok; nobody uses it any more */
DEFINE_CLEANUP(struct pool *, pool_free);
void pool_submit(struct pool *p, struct pool_job *job);

#endif

#include "api/pool.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "api/request.h"

struct kind {
    const void *name;
    struct pool_job *head, **tail;
    size_t n;       /* in the queue */
    size_t running; /* threads that work on it */
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct kind kinds[POOL_KINDS_MAX];
    size_t n_kinds, next_kind; /* next_kind: whose turn it is */
    size_t max;                /* of each kind's queue */
    size_t shared;             /* threads besides the first one of each kind */
    size_t n_shared;           /* of these that work */
    size_t idle;               /* threads that wait and were not woken */
    size_t woken, made;        /* that have not noticed yet; that have not begun yet */
    bool stop;
    pthread_t threads[POOL_KINDS_MAX + POOL_THREADS_MAX];
    size_t n_threads;
};

static struct kind *kind_of(struct pool *p, const void *name)
{
    size_t i = 0;
    while (i < p->n_kinds && p->kinds[i].name != name)
        i++;
    if (i == p->n_kinds) {
        assert(i < POOL_KINDS_MAX);
        p->n_kinds++;
        p->kinds[i].name = name;
        p->kinds[i].tail = &p->kinds[i].head;
    }
    return &p->kinds[i];
}

/* May one more thread work on it? */
static bool admitted(const struct pool *p, const struct kind *k)
{
    return k->running == 0 || p->n_shared < p->shared;
}

static struct pool_job *take(struct kind *k)
{
    struct pool_job *job = k->head;
    k->head = job->next;
    if (!k->head)
        k->tail = &k->head;
    k->n--;
    return job;
}

/* Kinds take turns. NULL: nothing may begin. */
static struct kind *next_of(struct pool *p)
{
    for (size_t i = 0; i < p->n_kinds; i++) {
        size_t at = (p->next_kind + i) % p->n_kinds;
        if (p->kinds[at].head && admitted(p, &p->kinds[at])) {
            p->next_kind = at + 1;
            return &p->kinds[at];
        }
    }
    return NULL;
}

static void refuse(struct pool_job *job)
{
    job->refused = true;
    request_resume(job->request);
}

static void refuse_all(struct pool_job *jobs)
{
    for (struct pool_job *next; jobs; jobs = next) {
        next = jobs->next;
        refuse(jobs);
    }
}

static struct pool_job *take_all(struct kind *k)
{
    struct pool_job *all = k->head;
    k->head = NULL;
    k->tail = &k->head;
    k->n = 0;
    return all;
}

/* Under the lock, which it gives back meanwhile. */
static void run_one(struct pool *p, struct kind *k)
{
    struct pool_job *job = take(k), *behind = NULL;
    bool shared = k->running++ > 0;
    p->n_shared += shared;
    pthread_mutex_unlock(&p->lock);
    job->work(job);
    bool held_up = job->held_up;
    request_resume(job->request);
    pthread_mutex_lock(&p->lock);
    p->n_shared -= --k->running > 0;
    if (held_up)
        behind = take_all(k);
    if (!behind)
        return;
    pthread_mutex_unlock(&p->lock);
    refuse_all(behind);
    pthread_mutex_lock(&p->lock);
}

static void wait_for_more(struct pool *p)
{
    p->idle++;
    while (p->woken == 0 && !p->stop)
        pthread_cond_wait(&p->more, &p->lock);
    if (p->woken > 0)
        p->woken--;
}

static void *pool_main(void *arg)
{
    struct pool *p = arg;
    pthread_mutex_lock(&p->lock);
    p->made--;
    while (!p->stop) {
        struct kind *k = next_of(p);
        if (k)
            run_one(p, k);
        else
            wait_for_more(p);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Under the lock. False: there is no thread, and none can be made. */
static bool wake_or_make(struct pool *p)
{
    if (p->idle > 0) {
        p->idle--;
        p->woken++;
        pthread_cond_signal(&p->more);
        return true;
    }
    if (p->n_threads == ARRAY_SIZE(p->threads) ||
        pthread_create(&p->threads[p->n_threads], NULL, pool_main, p) != 0)
        return p->n_threads > 0;
    p->n_threads++;
    p->made++;
    return true;
}

/* How many threads more could begin something now. */
static size_t startable(const struct pool *p)
{
    size_t first = 0, rest = 0, left = p->shared - p->n_shared;
    for (size_t i = 0; i < p->n_kinds; i++) {
        const struct kind *k = &p->kinds[i];
        bool alone = k->n > 0 && k->running == 0;
        first += alone;
        rest += k->n - alone;
    }
    return first + (rest < left ? rest : left);
}

enum err_code pool_start(int64_t threads, size_t queue_max, struct pool **ret, struct err *err)
{
    struct pool *p = calloc(1, sizeof(*p));
    if (!p)
        abort();
    assert(threads >= 1 && threads <= POOL_THREADS_MAX);
    p->max = queue_max;
    p->shared = (size_t)threads - 1;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    if (!wake_or_make(p)) { /* what has one thread can always go on */
        pool_free(p);
        return err_set(err, ERR_INTERNAL, "cannot start the threads of a pool");
    }
    *ret = p;
    return ERR_OK;
}

void pool_stop(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->more);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->n_threads; i++)
        pthread_join(p->threads[i], NULL);
    p->n_threads = 0;
    for (size_t i = 0; i < p->n_kinds; i++)
        refuse_all(take_all(&p->kinds[i]));
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pool_stop(p);
    pthread_cond_destroy(&p->more);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static bool put(struct pool *p, struct pool_job *job)
{
    struct kind *k = kind_of(p, job->kind);
    if (p->stop || k->n == p->max)
        return false;
    job->next = NULL;
    *k->tail = job;
    k->tail = &job->next;
    k->n++;
    if (p->woken + p->made < startable(p))
        (void)wake_or_make(p);
    return true;
}

void pool_submit(struct pool *p, struct pool_job *job)
{
    pthread_mutex_lock(&p->lock);
    bool room = put(p, job);
    pthread_mutex_unlock(&p->lock);
    if (!room)
        refuse(job);
}

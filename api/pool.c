#include "api/pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "api/request.h"

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct pool_job *head, **tail;
    size_t n, max;
    bool stop;
    pthread_t threads[POOL_THREADS_MAX];
    size_t n_threads;
};

static struct pool_job *take(struct pool *p)
{
    struct pool_job *job = p->head;
    p->head = job->next;
    if (!p->head)
        p->tail = &p->head;
    p->n--;
    return job;
}

static void refuse(struct pool_job *job)
{
    job->refused = true;
    request_resume(job->request);
}

static void *pool_main(void *arg)
{
    struct pool *p = arg;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->head && !p->stop)
            pthread_cond_wait(&p->more, &p->lock);
        if (p->stop)
            break;
        struct pool_job *job = take(p);
        pthread_mutex_unlock(&p->lock);
        job->work(job);
        request_resume(job->request);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

enum err_code pool_start(int64_t threads, size_t queue_max, struct pool **ret, struct err *err)
{
    struct pool *p = calloc(1, sizeof(*p));
    bool ok = true;
    if (!p)
        abort();
    p->max = queue_max;
    p->tail = &p->head;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    for (; ok && p->n_threads < (size_t)threads && p->n_threads < POOL_THREADS_MAX;
         p->n_threads += ok)
        ok = pthread_create(&p->threads[p->n_threads], NULL, pool_main, p) == 0;
    if (!ok) {
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
    while (p->head)
        refuse(take(p));
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

void pool_submit(struct pool *p, struct pool_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&p->lock);
    bool room = p->n < p->max && !p->stop;
    if (room) {
        *p->tail = job;
        p->tail = &job->next;
        p->n++;
        pthread_cond_signal(&p->more);
    }
    pthread_mutex_unlock(&p->lock);
    if (!room)
        refuse(job);
}

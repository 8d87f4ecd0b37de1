#include "api/desk.h"

#include <pthread.h>
#include <stdlib.h>

#include "api/request.h"

struct desk {
    desk_alike_fn *alike;
    desk_serve_fn *serve;
    void *arg;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct desk_job *head, **tail;
    size_t n; /* in line */
    bool closed;
    struct arena arena; /* of a batch */
};

static void put(struct desk *d, struct desk_job *job)
{
    job->next = NULL;
    *d->tail = job;
    d->tail = &job->next;
    d->n++;
}

static struct desk_job *line_take(struct desk *d)
{
    struct desk_job *all = d->head;
    d->head = NULL;
    d->tail = &d->head;
    d->n = 0;
    return all;
}

/* Those that the first one's statement serves too; the others keep their order. */
static size_t batch_take(struct desk *d, struct desk_job *batch[DESK_BATCH_MAX])
{
    size_t n = 0;
    for (struct desk_job *job = line_take(d), *next; job; job = next) {
        next = job->next;
        if (n < DESK_BATCH_MAX && (n == 0 || !d->alike || d->alike(batch[0], job)))
            batch[n++] = job;
        else
            put(d, job);
    }
    return n;
}

/* The jobs are gone with their requests from here on. */
static void end(struct desk_job **jobs, size_t n)
{
    struct request *waiting[DESK_BATCH_MAX];
    size_t n_waiting = 0;
    for (size_t i = 0; i < n; i++) {
        if (jobs[i]->request)
            waiting[n_waiting++] = jobs[i]->request;
        else
            free(jobs[i]);
    }
    request_resume_all(waiting, n_waiting);
}

static void fail(struct desk_job *job, const struct err *err)
{
    job->err = *err;
    job->code = err->code;
    end(&job, 1);
}

static void line_fail(struct desk *d, const struct err *err)
{
    pthread_mutex_lock(&d->lock);
    struct desk_job *all = line_take(d);
    pthread_mutex_unlock(&d->lock);
    for (struct desk_job *next; all; all = next) {
        next = all->next;
        fail(all, err);
    }
}

static void batch_run(struct desk *d, struct desk_job **batch, size_t n)
{
    struct err err;
    arena_clear(&d->arena);
    bool ok = d->serve(d->arg, batch, n, &d->arena, &err) == ERR_OK;
    for (size_t i = 0; i < n && !ok; i++) {
        batch[i]->err = err;
        batch[i]->code = err.code;
    }
    end(batch, n);
    if (!ok && err.code == ERR_UNAVAILABLE)
        line_fail(d, &err);
}

static void *desk_main(void *arg)
{
    struct desk *d = arg;
    struct desk_job *batch[DESK_BATCH_MAX];
    pthread_mutex_lock(&d->lock);
    while (!d->closed) {
        if (!d->head) {
            pthread_cond_wait(&d->more, &d->lock);
            continue;
        }
        size_t n = batch_take(d, batch);
        pthread_mutex_unlock(&d->lock);
        batch_run(d, batch, n);
        pthread_mutex_lock(&d->lock);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

enum err_code
desk_open(desk_alike_fn *alike, desk_serve_fn *serve, void *arg, struct desk **ret, struct err *err)
{
    struct desk *d = calloc(1, sizeof(*d));
    if (!d)
        abort();
    *d = (struct desk){.alike = alike, .serve = serve, .arg = arg};
    d->tail = &d->head;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->more, NULL);
    arena_init(&d->arena);
    if (pthread_create(&d->thread, NULL, desk_main, d) != 0) {
        free(d);
        return err_set(err, ERR_INTERNAL, "cannot start the thread of a desk");
    }
    *ret = d;
    return ERR_OK;
}

void desk_close(struct desk *d)
{
    struct err err;
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    bool closed = d->closed;
    d->closed = true;
    pthread_cond_signal(&d->more);
    pthread_mutex_unlock(&d->lock);
    if (closed)
        return;
    pthread_join(d->thread, NULL);
    (void)err_set(&err, ERR_UNAVAILABLE, "this process is stopping");
    line_fail(d, &err);
}

void desk_free(struct desk *d)
{
    if (!d)
        return;
    desk_close(d);
    pthread_cond_destroy(&d->more);
    pthread_mutex_destroy(&d->lock);
    arena_release(&d->arena);
    free(d);
}

void desk_submit_all(struct desk *d, struct desk_job **jobs, size_t n)
{
    struct err err;
    size_t taken = 0;
    pthread_mutex_lock(&d->lock);
    bool closed = d->closed, first = !d->head;
    for (; !closed && taken < n && d->n < DESK_LINE_MAX; taken++)
        put(d, jobs[taken]);
    if (first)
        pthread_cond_signal(&d->more);
    pthread_mutex_unlock(&d->lock);
    (void)err_set(&err, ERR_UNAVAILABLE,
                  closed ? "this process is stopping" : "too many wait for the same");
    for (; taken < n; taken++)
        fail(jobs[taken], &err);
}

void desk_submit(struct desk *d, struct desk_job *job)
{
    desk_submit_all(d, &job, 1);
}

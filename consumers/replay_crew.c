#include "consumers/replay_crew.h"

#include <pthread.h>
#include <stdlib.h>

#include "consumers/progress.h"
#include "ops/runtime/deadline.h"

#define SHOW_MS 100

struct crew {
    struct replay_log *logs;
    size_t n;
    pthread_mutex_t lock; /* the members below */
    pthread_cond_t one_ended;
    size_t next, n_running;
    enum err_code code; /* of the first failure */
    struct err err;
};

/* The next log that has anything to do; NULL: none, or it is over. */
static struct replay_log *log_take(struct crew *c)
{
    while (c->code == ERR_OK && c->next < c->n) {
        struct replay_log *l = &c->logs[c->next++];
        if (atomic_load(&l->next) < l->end)
            return l;
    }
    return NULL;
}

static void failed(struct crew *c, enum err_code code, const struct err *err)
{
    if (c->code == ERR_OK) {
        c->code = code;
        c->err = *err;
    }
    for (size_t i = 0; i < c->n; i++)
        atomic_store(&c->logs[i].stop, true);
}

static void *member(void *arg)
{
    struct crew *c = arg;
    pthread_mutex_lock(&c->lock);
    for (struct replay_log *l; (l = log_take(c)) != NULL;) {
        struct err err = {0};
        pthread_mutex_unlock(&c->lock);
        enum err_code code = replay_log_run(l, &err);
        pthread_mutex_lock(&c->lock);
        if (code != ERR_OK)
            failed(c, code, &err);
    }
    c->n_running--;
    pthread_cond_signal(&c->one_ended);
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

static int64_t sum_of_next(const struct crew *c)
{
    int64_t sum = 0;
    for (size_t i = 0; i < c->n; i++)
        sum += atomic_load(&c->logs[i].next);
    return sum;
}

static int64_t sum_of_ends(const struct crew *c)
{
    int64_t sum = 0;
    for (size_t i = 0; i < c->n; i++) {
        int64_t next = atomic_load(&c->logs[i].next);
        sum += c->logs[i].end > next ? c->logs[i].end : next;
    }
    return sum;
}

/* Under the lock. */
static void watch(struct crew *c, struct progress *p, int64_t from, int64_t total)
{
    while (c->n_running > 0) {
        struct timespec until = deadline_after_ms(SHOW_MS);
        (void)deadline_wait(&c->one_ended, &c->lock, &until);
        if (p)
            progress_show(p, sum_of_next(c) - from, total);
    }
}

static void run(struct crew *c, struct progress *p, int64_t from, int64_t total)
{
    pthread_t threads[REPLAY_THREADS_MAX];
    size_t n = 0;
    pthread_mutex_lock(&c->lock);
    while (n < REPLAY_THREADS_MAX && n < c->n && pthread_create(&threads[n], NULL, member, c) == 0)
        n++;
    c->n_running = n;
    if (n == 0 && c->n > 0)
        c->code = err_set(&c->err, ERR_UNAVAILABLE, "no thread for a replay");
    watch(c, p, from, total);
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
}

enum err_code replay_crew_run(
    struct replay_log *logs, size_t n, const char *what, FILE *out, bool terminal, struct err *err)
{
    struct crew c = {.logs = logs, .n = n};
    struct progress p;
    pthread_mutex_init(&c.lock, NULL);
    deadline_cond_init(&c.one_ended);
    int64_t from = sum_of_next(&c), total = sum_of_ends(&c) - from;
    if (what)
        progress_begin(&p, out, terminal, what);
    run(&c, what ? &p : NULL, from, total);
    if (what)
        progress_end(&p, sum_of_next(&c) - from, total);
    pthread_cond_destroy(&c.one_ended);
    pthread_mutex_destroy(&c.lock);
    if (c.code != ERR_OK)
        *err = c.err;
    return c.code;
}

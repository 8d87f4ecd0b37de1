#include "api/guard.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "ops/runtime/clock_watch.h"
#include "ops/runtime/deadline.h"
#include "ops/runtime/timeutil.h"

#define GUARD_TICK_MS 1000
#define CROWD_MIN     256 /* connections whose memory is worth giving back */

struct guard_entry {
    struct guard_entry *prev, *next;
    int fd;
    _Atomic int64_t deadline_us;
};

struct guard {
    pthread_mutex_t lock; /* of the list; a descriptor in it is open */
    pthread_cond_t stopping;
    struct guard_entry list; /* ring head */
    size_t n, n_most;        /* connections: now, and at most since memory was given back */
    bool stop;
    pthread_t thread;
};

static void shut_late_ones(struct guard *g, int64_t now)
{
    for (struct guard_entry *e = g->list.next; e != &g->list; e = e->next) {
        int64_t deadline = atomic_load_explicit(&e->deadline_us, memory_order_relaxed);
        if (deadline != 0 && deadline < now)
            (void)shutdown(e->fd, SHUT_RDWR); /* MHD sees the end of the stream and closes */
    }
}

/* More than half of a crowd has gone. Under the lock. */
static bool crowd_has_gone(struct guard *g)
{
    if (g->n_most < CROWD_MIN || g->n > g->n_most / 2)
        return false;
    g->n_most = g->n;
    return true;
}

static void *guard_main(void *arg)
{
    struct guard *g = arg;
    pthread_mutex_lock(&g->lock);
    while (!g->stop) {
        struct timespec until = deadline_after_ms(GUARD_TICK_MS);
        (void)deadline_wait(&g->stopping, &g->lock, &until);
        shut_late_ones(g, time_monotonic_us());
        clock_watch_look(clock_watch(), time_now_us(), time_running_us());
        if (!crowd_has_gone(g))
            continue;
        pthread_mutex_unlock(&g->lock);
        (void)malloc_trim(0); /* else the process keeps the pages of the free blocks */
        pthread_mutex_lock(&g->lock);
    }
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

enum err_code guard_start(struct guard **ret, struct err *err)
{
    struct guard *g = calloc(1, sizeof(*g));
    if (!g)
        abort();
    pthread_mutex_init(&g->lock, NULL);
    deadline_cond_init(&g->stopping);
    g->list.prev = g->list.next = &g->list;
    if (pthread_create(&g->thread, NULL, guard_main, g) != 0) {
        free(g);
        return err_set(err, ERR_INTERNAL, "cannot start the guard thread");
    }
    *ret = g;
    return ERR_OK;
}

void guard_stop(struct guard *g)
{
    if (!g)
        return;
    pthread_mutex_lock(&g->lock);
    g->stop = true;
    pthread_cond_signal(&g->stopping);
    pthread_mutex_unlock(&g->lock);
    pthread_join(g->thread, NULL);
    pthread_cond_destroy(&g->stopping);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

struct guard_entry *guard_open(struct guard *g, int fd)
{
    struct guard_entry *e = calloc(1, sizeof(*e));
    if (!e)
        abort();
    e->fd = fd;
    guard_deadline(e, time_monotonic_us() + GUARD_READ_US);
    pthread_mutex_lock(&g->lock);
    e->next = &g->list;
    e->prev = g->list.prev;
    e->prev->next = e->next->prev = e;
    if (++g->n > g->n_most)
        g->n_most = g->n;
    pthread_mutex_unlock(&g->lock);
    return e;
}

void guard_close(struct guard *g, struct guard_entry *e)
{
    pthread_mutex_lock(&g->lock);
    e->prev->next = e->next;
    e->next->prev = e->prev;
    g->n--;
    pthread_mutex_unlock(&g->lock);
    free(e);
}

void guard_deadline(struct guard_entry *e, int64_t deadline_us)
{
    atomic_store_explicit(&e->deadline_us, deadline_us, memory_order_relaxed);
}

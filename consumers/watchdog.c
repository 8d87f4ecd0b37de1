#include "consumers/watchdog.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "ops/runtime/clock_watch.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"

#define TICK_MS  500
#define REACH_MS 1000
#define AWAY_MS  5000 /* a look takes at most two seconds or so: who comes later was not running */

struct watchdog {
    const struct config *cfg;
    struct group *const *groups;
    size_t n;
    atomic_bool stop, reachable;
    int64_t away_at_us; /* when the brokers last did not answer, or nobody looked */
    int64_t looked_at_us;
    pthread_t thread;
};

bool watchdog_hanging(int64_t idle_us, int64_t reachable_us, int64_t transaction_timeout_ms)
{
    int64_t limit_us = 2 * transaction_timeout_ms * 1000;
    return idle_us > limit_us && reachable_us > limit_us;
}

static void look(struct watchdog *w)
{
    bool reachable = w->n == 0 || group_brokers_reachable(w->groups[0], REACH_MS);
    int64_t now = time_monotonic_us();
    clock_watch_look(clock_watch(), time_now_us(), time_running_us());
    atomic_store(&w->reachable, reachable);
    /* A process that was frozen was idle as a whole: its lanes get their time from now on. */
    if (!reachable || now - w->looked_at_us > AWAY_MS * 1000LL)
        w->away_at_us = now;
    w->looked_at_us = now;
    for (size_t i = 0; i < w->n; i++) {
        int64_t idle_us = group_idle_us(w->groups[i]);
        if (!watchdog_hanging(idle_us, now - w->away_at_us, w->cfg->transaction_timeout_ms))
            continue;
        log_error("a lane hangs while the brokers answer, aborting",
                  KV_I("idle_ms", idle_us / 1000));
        abort();
    }
}

static void *watchdog_thread(void *arg)
{
    struct watchdog *w = arg;
    while (!atomic_load(&w->stop)) {
        look(w);
        struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
        nanosleep(&tick, NULL);
    }
    return NULL;
}

enum err_code watchdog_start(const struct config *cfg,
                             struct group *const *groups,
                             size_t n,
                             struct watchdog **ret,
                             struct err *err)
{
    struct watchdog *w = calloc(1, sizeof(*w));
    if (!w)
        abort();
    w->cfg = cfg;
    w->groups = groups;
    w->n = n;
    w->away_at_us = w->looked_at_us = time_monotonic_us();
    if (pthread_create(&w->thread, NULL, watchdog_thread, w) != 0) {
        free(w);
        return err_set(err, ERR_UNAVAILABLE, "no thread for the watchdog");
    }
    *ret = w;
    return ERR_OK;
}

void watchdog_stop(struct watchdog *w)
{
    if (!w)
        return;
    atomic_store(&w->stop, true);
    pthread_join(w->thread, NULL);
    free(w);
}

bool watchdog_brokers_reachable(const struct watchdog *w)
{
    return atomic_load(&w->reachable);
}

#include "consumers/worker.h"

#include <assert.h>

#include "consumers/group.h"
#include "consumers/projector.h"
#include "consumers/reactor.h"
#include "consumers/topology_watch.h"
#include "consumers/watchdog.h"
#include "ops/runtime/admin.h"
#include "ops/runtime/clock_watch.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "schemas/schema_ids.h"

#define DRAIN_MS     6000 /* lanes get 5 s of it */
#define REACTORS_MAX 64

struct worker {
    const struct config *cfg;
    struct group *groups[SERVICES_MAX];
    size_t n;
    struct projector *projectors[SERVICES_MAX];
    size_t n_projectors;
    struct reactor *reactors[REACTORS_MAX];
    size_t n_reactors;
    struct watchdog *watchdog;
    struct topology_watch *topology;
    struct admin *admin;
};

/* Projectors first, then reactors. */
static size_t followers(const struct worker *w)
{
    return w->n_projectors + w->n_reactors;
}

static struct follower *follower_at(const struct worker *w, size_t i)
{
    return i < w->n_projectors ? projector_follower(w->projectors[i])
                               : reactor_follower(w->reactors[i - w->n_projectors]);
}

static bool ready(struct strbuf *out, void *arg)
{
    const struct worker *w = arg;
    bool all = watchdog_brokers_reachable(w->watchdog);
    strbuf_addf(out, "{\"kafka\":%s,\"clock\":", all ? "\"ok\"" : "\"away\"");
    clock_watch_print(
        clock_watch(),
        out); /* an alarm alone breaks no promise: what it keeps from work says so itself */
    strbuf_adds(out, ",\"services\":[");
    for (size_t i = 0; i < w->n; i++) {
        if (i > 0)
            strbuf_addc(out, ',');
        all = group_ready(w->groups[i], out) && all;
    }
    strbuf_adds(out, "],\"followers\":[");
    for (size_t i = 0; i < followers(w); i++) {
        if (i > 0)
            strbuf_addc(out, ',');
        all = follower_ready(follower_at(w, i), out) && all;
    }
    strbuf_adds(out, "],\"topology\":");
    all = topology_watch_ready(w->topology, out) && all;
    strbuf_addf(out, ",\"ready\":%s}", all ? "true" : "false");
    return all;
}

static enum err_code service_start(struct worker *w, const struct service *s, struct err *err)
{
    TRY(group_start(w->cfg, s, &w->groups[w->n], err));
    w->n++;
    if (s->projections[0]) {
        TRY(projector_start(w->cfg, s, &w->projectors[w->n_projectors], err));
        w->n_projectors++;
    }
    for (size_t i = 0; i < s->n_reactors; i++) {
        assert(w->n_reactors < REACTORS_MAX);
        TRY(reactor_start(w->cfg, s, &s->reactors[i], &w->reactors[w->n_reactors], err));
        w->n_reactors++;
    }
    return ERR_OK;
}

static enum err_code start(struct worker *w, struct err *err)
{
    TRY(topology_watch_start(w->cfg, false, &w->topology, err));
    TRY(schema_ids_look_up(err));
    for (size_t i = 0; i < n_services; i++)
        if (services_list_has(w->cfg->services, services[i].name))
            TRY(service_start(w, &services[i], err));
    TRY(watchdog_start(w->cfg, w->groups, w->n, &w->watchdog, err));
    TRY(admin_start(w->cfg->listen, (int)w->cfg->worker_admin_port, ready, w, &w->admin, err));
    TRY(topology_watch_first(w->topology, err));
    log_info("worker started", KV_I("services", (int64_t)w->n),
             KV_I("admin_port", admin_port(w->admin)));
    return ERR_OK;
}

static int left_ms(int64_t deadline_us)
{
    int64_t left = (deadline_us - time_monotonic_us()) / 1000;
    return left > 0 ? (int)left : 0;
}

static bool followers_join(struct worker *w, int64_t deadline_us)
{
    bool all = true;
    for (size_t i = 0; i < followers(w); i++)
        follower_request_stop(follower_at(w, i));
    for (size_t i = 0; i < followers(w); i++)
        all = follower_join(follower_at(w, i), left_ms(deadline_us)) && all;
    for (size_t i = 0; all && i < w->n_projectors; i++)
        projector_free(w->projectors[i]);
    for (size_t i = 0; all && i < w->n_reactors; i++)
        reactor_free(w->reactors[i]);
    return all;
}

static enum err_code stop(struct worker *w, struct err *err)
{
    bool drained = true;
    int64_t deadline = time_monotonic_us() + DRAIN_MS * 1000LL; /* for all together (RULES 14) */
    admin_stop(w->admin);
    topology_watch_stop(w->topology);
    watchdog_stop(w->watchdog); /* it looks at the groups' members, which are closed next */
    for (size_t i = 0; i < w->n; i++)
        group_request_stop(w->groups[i]);
    drained = followers_join(w, deadline);
    for (size_t i = 0; i < w->n; i++)
        drained = group_join(w->groups[i], left_ms(deadline)) && drained;
    log_info("worker stopped", KV_S("drained", drained ? "yes" : "no"));
    return drained ? ERR_OK : err_set(err, ERR_UNAVAILABLE, "a lane did not drain in time");
}

enum err_code worker_run(const struct config *cfg, struct err *err)
{
    struct worker w = {.cfg = cfg};
    struct err ignored;
    enum err_code code = start(&w, err);
    if (code == ERR_OK) {
        lifecycle_notify("READY=1");
        lifecycle_wait();
        lifecycle_notify("STOPPING=1");
        return stop(&w, err);
    }
    enum err_code stopped = stop(&w, &ignored);
    (void)stopped; /* the first failure is the one to tell */
    return code;
}

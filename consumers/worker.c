#include "consumers/worker.h"

#include <string.h>

#include "consumers/group.h"
#include "consumers/watchdog.h"
#include "ops/runtime/admin.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"

#define DRAIN_MS 6000 /* lanes get 5 s of it */

struct worker {
    const struct config *cfg;
    struct group *groups[SERVICES_MAX];
    size_t n;
    struct watchdog *watchdog;
    struct admin *admin;
};

/* Is `name` in the comma-separated list? An empty list is all. */
static bool chosen(const char *list, const char *name)
{
    size_t len = strlen(name);
    if (!list[0])
        return true;
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        at += strspn(at, " ");
        if (strncmp(at, name, len) == 0 && (!at[len] || at[len] == ',' || at[len] == ' '))
            return true;
    }
    return false;
}

static bool ready(struct strbuf *out, void *arg)
{
    const struct worker *w = arg;
    bool all = watchdog_brokers_reachable(w->watchdog);
    strbuf_addf(out, "{\"kafka\":%s,\"services\":[", all ? "\"ok\"" : "\"away\"");
    for (size_t i = 0; i < w->n; i++) {
        if (i > 0)
            strbuf_addc(out, ',');
        all = group_ready(w->groups[i], out) && all;
    }
    strbuf_addf(out, "],\"ready\":%s}", all ? "true" : "false");
    return all;
}

static enum err_code start(struct worker *w, struct err *err)
{
    for (size_t i = 0; i < n_services; i++) {
        if (!chosen(w->cfg->services, services[i].name))
            continue;
        TRY(group_start(w->cfg, &services[i], &w->groups[w->n], err));
        w->n++;
    }
    TRY(watchdog_start(w->cfg, w->groups, w->n, &w->watchdog, err));
    TRY(admin_start(w->cfg->listen, (int)w->cfg->worker_admin_port, ready, w, &w->admin, err));
    log_info("worker started", KV_I("services", (int64_t)w->n),
             KV_I("admin_port", admin_port(w->admin)));
    return ERR_OK;
}

static enum err_code stop(struct worker *w, struct err *err)
{
    bool drained = true;
    int64_t deadline = time_monotonic_us() + DRAIN_MS * 1000LL; /* for all together (RULES 14) */
    admin_stop(w->admin);
    watchdog_stop(w->watchdog); /* it looks at the groups' members, which are closed next */
    for (size_t i = 0; i < w->n; i++)
        group_request_stop(w->groups[i]);
    for (size_t i = 0; i < w->n; i++) {
        int64_t left_ms = (deadline - time_monotonic_us()) / 1000;
        drained = group_join(w->groups[i], left_ms > 0 ? (int)left_ms : 0) && drained;
    }
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

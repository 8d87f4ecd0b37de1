#include "consumers/topology_watch.h"

#include <pthread.h>
#include <stdlib.h>

#include "consumers/thread_join.h"
#include "consumers/topology.h"
#include "ops/runtime/deadline.h"
#include "ops/runtime/log.h"
#include "ops/runtime/metrics.h"

#define START_MS 3000
#define STOP_MS  200

struct topology_watch {
    const struct config *cfg;
    bool vault;
    pthread_t thread;
    struct metric *gauges[TOPOLOGY_WEIGHT_N];
    struct timespec first_until;
    pthread_mutex_t lock; /* all below */
    pthread_cond_t changed;
    bool stop, looked; /* looked: the first look has ended, known or not */
    bool known;
    struct topology_report report;
    struct strbuf told; /* as it was logged last */
};

/* ---- the thread */

/* One line for each broken promise, one for all weak points; again only when something has changed. */
static void tell(struct topology_watch *w)
{
    const struct topology_report *r = &w->report;
    owned_value(strbuf_release) struct strbuf all = {0};
    for (size_t i = 0; i < r->n; i++) {
        topology_print(&r->findings[i], &all);
        strbuf_addc(&all, '\n');
    }
    if (strcmp(strbuf_cstr(&all), strbuf_cstr(&w->told)) == 0)
        return;
    for (size_t i = 0; i < r->n && r->findings[i].weight <= TOPOLOGY_MISSING; i++) {
        owned_value(strbuf_release) struct strbuf one = {0};
        topology_print(&r->findings[i], &one);
        log_error("topology does not keep a promise, not ready until it does",
                  KV_S("finding", strbuf_cstr(&one)));
    }
    size_t weak = r->n_of[TOPOLOGY_WEAKENS] + r->n_of[TOPOLOGY_UNREAD];
    if (weak > 0)
        log_warn("topology is weaker than production needs; `hirelog topics check` lists how",
                 KV_I("findings", (int64_t)weak));
    else if (r->n == 0)
        log_info("topology is as it should be");
    strbuf_clear(&w->told);
    strbuf_adds(&w->told, strbuf_cstr(&all));
}

static void keep(struct topology_watch *w, struct topology_report *fresh)
{
    topology_report_release(&w->report);
    w->report = *fresh;
    w->known = true;
    for (size_t i = 0; i < TOPOLOGY_WEIGHT_N; i++)
        metric_set(w->gauges[i], (int64_t)fresh->n_of[i]);
    tell(w);
}

/* What is not known now was known before: that stays, until somebody answers. */
static void look(struct topology_watch *w)
{
    struct err err = {0};
    struct topology_report fresh;
    topology_report_init(&fresh);
    enum err_code code = topology_check(w->cfg, w->vault, &fresh, &err);
    pthread_mutex_lock(&w->lock);
    if (code == ERR_OK) {
        keep(w, &fresh);
    } else {
        if (!w->looked)
            log_warn("topology is not known yet, looking again", KV_ERR(&err));
        topology_report_release(&fresh);
    }
    w->looked = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static void *watch_thread(void *arg)
{
    struct topology_watch *w = arg;
    for (;;) {
        look(w);
        struct timespec next = deadline_after_ms(w->cfg->topology_check_s * 1000);
        pthread_mutex_lock(&w->lock);
        while (!w->stop && deadline_wait(&w->changed, &w->lock, &next)) {
        }
        bool stop = w->stop;
        pthread_mutex_unlock(&w->lock);
        if (stop)
            return NULL;
    }
}

/* ---- for others */

static void prepare(struct topology_watch *w)
{
    pthread_mutex_init(&w->lock, NULL);
    deadline_cond_init(&w->changed);
    topology_report_init(&w->report);
    for (size_t i = 0; i < TOPOLOGY_WEIGHT_N; i++) {
        char labels[64];
        snprintf(labels, sizeof(labels), "kind=\"%s\"", topology_weight_name[i]);
        w->gauges[i] = metrics_gauge("hirelog_topology_findings", labels,
                                     "What `hirelog topics check` would list.");
    }
}

static void release(struct topology_watch *w)
{
    topology_report_release(&w->report);
    strbuf_release(&w->told);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

enum err_code topology_watch_start(const struct config *cfg,
                                   bool vault,
                                   struct topology_watch **ret,
                                   struct err *err)
{
    struct topology_watch *w = calloc(1, sizeof(*w));
    if (!w)
        abort();
    w->cfg = cfg;
    w->vault = vault;
    w->first_until = deadline_after_ms(START_MS);
    prepare(w);
    if (pthread_create(&w->thread, NULL, watch_thread, w) != 0) {
        release(w);
        return err_set(err, ERR_UNAVAILABLE, "no thread to look at the topology");
    }
    *ret = w;
    return ERR_OK;
}

void topology_watch_stop(struct topology_watch *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    if (thread_join(w->thread, STOP_MS))
        release(w);
}

enum err_code topology_watch_first(struct topology_watch *w, struct err *err)
{
    enum err_code code = ERR_OK;
    pthread_mutex_lock(&w->lock);
    while (!w->looked && deadline_wait(&w->changed, &w->lock, &w->first_until)) {
    }
    if (w->known && w->report.n_of[TOPOLOGY_BREAKS] > 0)
        code = topology_verdict(&w->report, err);
    pthread_mutex_unlock(&w->lock);
    return code;
}

static const char *state_of(const struct topology_watch *w)
{
    if (!w->known)
        return "unknown";
    if (w->report.n_of[TOPOLOGY_BREAKS] > 0)
        return topology_weight_name[TOPOLOGY_BREAKS];
    return w->report.n_of[TOPOLOGY_MISSING] > 0 ? topology_weight_name[TOPOLOGY_MISSING] : "ok";
}

bool topology_watch_ready(struct topology_watch *w, struct strbuf *out)
{
    if (!w) {
        strbuf_adds(out, "{\"state\":\"unknown\"}");
        return true;
    }
    pthread_mutex_lock(&w->lock);
    const struct topology_report *r = &w->report;
    size_t heavy = r->n_of[TOPOLOGY_BREAKS] + r->n_of[TOPOLOGY_MISSING];
    strbuf_addf(out, "{\"state\":\"%s\",\"weak\":%zu,\"findings\":[", state_of(w),
                r->n_of[TOPOLOGY_WEAKENS] + r->n_of[TOPOLOGY_UNREAD]);
    for (size_t i = 0; i < heavy && i < TOPOLOGY_TOLD_MAX; i++) {
        owned_value(strbuf_release) struct strbuf one = {0};
        topology_print(&r->findings[i], &one);
        strbuf_adds(out, i ? "," : "");
        strbuf_add_json(out, strbuf_cstr(&one));
    }
    strbuf_adds(out, "]}");
    pthread_mutex_unlock(&w->lock);
    return heavy == 0;
}

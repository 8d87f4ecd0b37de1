#include "api/api.h"

#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_sql.h"
#include "api/asyncapi.h"
#include "api/docs_page.h"
#include "api/feed.h"
#include "api/feed_rules.h"
#include "api/handlers.h"
#include "api/lookup.h"
#include "api/openapi.h"
#include "api/password.h"
#include "api/pending.h"
#include "api/pool.h"
#include "api/route.h"
#include "api/sender.h"
#include "api/server.h"
#include "api/sessions.h"
#include "api/stream_quota.h"
#include "api/throttle.h"
#include "api/waiters.h"
#include "consumers/topology_watch.h"
#include "ops/runtime/admin.h"
#include "ops/runtime/clock_watch.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/metrics.h"
#include "ops/runtime/timeutil.h"
#include "projections/query.h"
#include "schemas/schema_ids.h"

#define DRAIN_US             (10 * 1000000LL)
#define DRAIN_POLL_MS        20
#define LOGIN_ADDRESS_FACTOR 10 /* one address may be a whole office's */
#define SECOND_US            1000000

struct api_service *api_service_find(struct api *api, const char *name)
{
    for (size_t i = 0; i < api->n_services; i++)
        if (strcmp(api->services[i].service->name, name) == 0)
            return &api->services[i];
    return NULL;
}

bool api_serves(struct api *api, const struct route *r)
{
    const struct api_service *s = r->service ? api_service_find(api, r->service) : NULL;
    return !r->service || (s && s->served);
}

static void metrics_make(struct api_service *s)
{
    char labels[64];
    (void)snprintf(labels, sizeof(labels), "service=\"%s\"", s->service->name);
    s->read_wait = metrics_histogram("hirelog_read_wait_seconds", labels,
                                     "From a read with Hirelog-After to the view that has it.");
    s->reads_late = metrics_counter("hirelog_reads_late_total", labels,
                                    "Reads whose Hirelog-After the view did not reach in time.");
}

static enum err_code service_add(struct api *api, const struct service *service, struct err *err)
{
    struct api_service *s = &api->services[api->n_services];
    const char *missing;
    s->service = service;
    s->cfg = api->cfg;
    s->index = api->n_services;
    service_command_topic(api->cfg->topic_prefix, service->name, s->topic);
    s->served = services_list_has(api->cfg->services, service->name);
    api->topics[s->index] = s->topic;
    metrics_make(s);
    if (service->vault)
        api->vault = s;
    TRY(queries_open(service->name, err));
    if (s->served && (missing = routes_check_queries(service->name)))
        return err_set(err, ERR_INTERNAL, "route table: no fitting query %s/%s", service->name,
                       missing);
    TRY(waiters_start(s, &s->waiters, err));
    TRY(lookups_start(s, &s->lookups, err));
    TRY(pendings_open(s, &s->pendings, err));
    TRY(pool_start(api->cfg->list_threads, POOL_QUEUE_MAX, &s->pool, err));
    if (s->served)
        s->feed = feed_new(api, s);
    api->n_services++;
    return ERR_OK;
}

/* The vault's service is always there: everybody's sessions are in it. */
static enum err_code services_add(struct api *api, struct err *err)
{
    for (size_t i = 0; i < n_services; i++)
        if (services[i].vault)
            api_sql_init(services[i].name);
    for (size_t i = 0; i < n_services; i++)
        if (services[i].vault || services_list_has(api->cfg->services, services[i].name))
            TRY(service_add(api, &services[i], err));
    return ERR_OK;
}

static struct bytes text_bytes(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static enum err_code api_open(struct api *api, struct err *err)
{
    const struct config *cfg = api->cfg;
    const char *mistake = routes_check();
    if (mistake)
        return err_set(err, ERR_INTERNAL, "route table: %s", mistake);
    if ((mistake = feed_rules_check()))
        return err_set(err, ERR_INTERNAL, "feed table: no fitting row for %s", mistake);
    TRY(topology_watch_start(cfg, true, &api->topology, err));
    TRY(schema_ids_look_up(err));
    TRY(identity_key_read(cfg, api->identity_key, err));
    TRY(sessions_open(api, &api->sessions, err));
    api->logins_by_email = throttle_new(cfg->login_attempts_max, cfg->login_window_s * SECOND_US);
    api->logins_by_address = throttle_new(cfg->login_attempts_max * LOGIN_ADDRESS_FACTOR,
                                          cfg->login_window_s * SECOND_US);
    api->writes_by_user = throttle_new(cfg->user_writes_per_second_max, SECOND_US);
    api->stream_quota = stream_quota_new(cfg->feed_streams_max, cfg->feed_streams_user_max);
    TRY(services_add(api, err));
    api->openapi = text_bytes(openapi_text(api));
    api->asyncapi = text_bytes(asyncapi_text(api));
    api->docs = text_bytes(docs_page_text(api));
    TRY(passwords_start(cfg, &api->passwords, err));
    TRY(pool_start(1, SCHEMA_FETCHES_MAX, &api->schemas, err));
    TRY(sender_start(cfg, api->topics, api->n_services, &api->sender, err));
    return topology_watch_first(api->topology, err);
}

/* Ends whatever requests wait for: afterwards none stays parked. */
static void parts_stop(struct api *api)
{
    sessions_stop(api->sessions);
    passwords_stop(api->passwords);
    pool_stop(api->schemas);
    for (size_t i = 0; i < api->n_services; i++) {
        struct api_service *s = &api->services[i];
        waiters_drain(s->waiters);
        lookups_stop(s->lookups);
        pool_stop(s->pool);
        desk_close(s->pendings);
    }
    sender_stop(api->sender);
}

static void api_close(struct api *api)
{
    topology_watch_stop(api->topology);
    sender_free(api->sender);
    passwords_free(api->passwords);
    pool_free(api->schemas);
    for (size_t i = 0; i < SERVICES_MAX; i++) { /* also the one whose start failed half-way */
        struct api_service *s = &api->services[i];
        waiters_free(s->waiters);
        lookups_free(s->lookups);
        desk_free(s->pendings);
        pool_free(s->pool);
        feed_free(s->feed);
    }
    stream_quota_free(api->stream_quota);
    sessions_free(api->sessions);
    throttle_free(api->logins_by_email);
    throttle_free(api->logins_by_address);
    throttle_free(api->writes_by_user);
    free((void *)(uintptr_t)api->openapi.data);
    free((void *)(uintptr_t)api->asyncapi.data);
    free((void *)(uintptr_t)api->docs.data);
}

/* "name":{"<service>":true,...}, of every service whose view is read here. True when all are. */
static bool ready_views(const struct api *api,
                        const char *name,
                        bool (*is)(const struct waiters *),
                        struct strbuf *out)
{
    bool all = true;
    strbuf_addf(out, ",\"%s\":{", name);
    for (size_t i = 0; i < api->n_services; i++) {
        bool yes = is(api->services[i].waiters);
        strbuf_addf(out, "%s\"%s\":%s", i ? "," : "", api->services[i].service->name,
                    yes ? "true" : "false");
        all &= yes;
    }
    strbuf_addc(out, '}');
    return all;
}

static bool ready(struct strbuf *out, void *arg)
{
    struct api *api = arg;
    strbuf_addf(out, "{\"topics\":%s,\"clock\":", sender_ready(api->sender) ? "true" : "false");
    clock_watch_print(clock_watch(), out);
    bool all = ready_views(api, "views", waiters_listening, out);
    all = ready_views(api, "writable", waiters_writable, out) && all;
    (void)ready_views(api, "caught_up", waiters_caught_up,
                      out); /* a detail: what is there is served */
    strbuf_adds(out, ",\"watermarks\":{");
    for (size_t i = 0; i < api->n_services; i++) {
        strbuf_addf(out, "%s\"%s\":", i ? "," : "", api->services[i].service->name);
        waiters_print(api->services[i].waiters, out);
    }
    strbuf_adds(out, "},\"topology\":");
    all = topology_watch_ready(api->topology, out) && all;
    strbuf_addc(out, '}');
    return all && sender_ready(api->sender) && !atomic_load(&api->draining);
}

static void idle_wait(const struct server *server, int64_t until_us)
{
    while (server_active(server) > 0 && time_monotonic_us() < until_us)
        (void)poll(NULL, 0, DRAIN_POLL_MS);
}

/* Nothing new; what was begun gets its time; then what still waits is told so; then nothing is left
 * to stop. */
static void drain(struct api *api, struct server *server)
{
    atomic_store(&api->draining, true);
    lifecycle_notify("STOPPING=1");
    server_quiesce(server);
    for (size_t i = 0; i < api->n_services; i++)
        if (api->services[i].feed)
            feed_drain(api->services[i].feed);
    idle_wait(server, time_monotonic_us() + DRAIN_US);
    log_info("draining", KV_I("unfinished", server_active(server)));
    parts_stop(api);
    idle_wait(server, time_monotonic_us() + SECOND_US);
}

/* RULES 14: what is still parked cannot be stopped (MHD aborts over suspended connections), nor
 * freed; then the process leaves with all that is there. */
static void server_end(struct server *server, bool *ret_all_ended)
{
    int64_t unfinished = server_active(server);
    *ret_all_ended = unfinished == 0;
    if (*ret_all_ended)
        server_stop(server);
    else
        log_warn("leaving unfinished requests behind", KV_I("unfinished", unfinished));
}

static enum err_code serve(struct api *api, bool *ret_all_ended, struct err *err)
{
    const struct config *cfg = api->cfg;
    struct server *server = NULL;
    owned(admin_stop) struct admin *admin = NULL;
    TRY(server_start(api, &server, err));
    enum err_code code =
        admin_start(cfg->listen, (int)cfg->api_admin_port, ready, api, &admin, err);
    if (code == ERR_OK) {
        log_info("serving", KV_S("listen", cfg->listen), KV_I("port", server_port(server)),
                 KV_I("admin_port", admin_port(admin)));
        lifecycle_notify("READY=1");
        lifecycle_wait();
    }
    drain(api, server);
    admin_stop(STEAL(admin));
    server_end(server, ret_all_ended);
    return code;
}

enum err_code api_run(const struct config *cfg, struct err *err)
{
    struct api *api = calloc(1, sizeof(*api));
    if (!api)
        abort();
    api->cfg = cfg;
    bool all_ended = true;
    enum err_code code = api_open(api, err);
    if (code == ERR_OK)
        code = serve(api, &all_ended, err);
    if (all_ended) {
        api_close(api);
        free(api);
    }
    if (code == ERR_OK)
        log_info("stopped");
    return code;
}

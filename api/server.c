#include "api/server.h"

#include <assert.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "api/guard.h"
#include "api/local.h"
#include "api/request.h"
#include "ops/runtime/metrics.h"
#include "ops/runtime/timeutil.h"

#define IDLE_TIMEOUT_S 60
#define BACKLOG        1024
#define STATUS_CLASSES 6

struct server {
    struct api *api;
    struct MHD_Daemon *daemon;
    struct guard *guard;
    int port;
    int quiesced_fd; /* -1 = still listening */
    _Atomic int64_t active;
    struct metric *answers[STATUS_CLASSES];
    struct metric *seconds;
};

static void connection_seen(void *cls,
                            struct MHD_Connection *connection,
                            void **socket_context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct server *s = cls;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        guard_close(s->guard, *socket_context);
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *socket_context = guard_open(s->guard, info->connect_fd);
}

/* The first that is heard of a request: its target as it came. The request is the connection's from
 * here on. */
static void *target_seen(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct server *s = cls;
    struct request *rq = request_new();
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    rq->api = s->api;
    rq->connection = connection;
    rq->guard = info->socket_context;
    rq->began_us = time_monotonic_us();
    rq->target = arena_strdup(&rq->arena, target);
    guard_deadline(rq->guard, rq->began_us + GUARD_READ_US);
    return rq;
}

static void request_over(void *cls,
                         struct MHD_Connection *connection,
                         void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct server *s = cls;
    struct request *rq = *context;
    (void)connection;
    (void)code;
    if (!rq)
        return;
    int64_t now = time_monotonic_us();
    if (rq->counted) {
        atomic_fetch_sub(&s->active, 1);
        metric_add(s->answers[rq->reply.status / 100 % STATUS_CLASSES], 1);
        metric_observe_us(s->seconds, now - rq->began_us);
    }
    guard_deadline(rq->guard, now + GUARD_IDLE_US);
    request_free(rq);
    *context = NULL;
}

/* Too large by its own word: said before the body comes, and the connection closes. */
static bool too_large_at_once(struct request *rq)
{
    const char *length = rq->headers.content_length;
    if (!length || strtoull(length, NULL, 10) <= BODY_MAX)
        return false;
    rq->reply.close = true;
    (void)reply_problem(rq, MHD_HTTP_CONTENT_TOO_LARGE, "content_too_large",
                        "The body is larger than %d bytes.", BODY_MAX);
    return true;
}

static enum MHD_Result
headers_done(struct server *s, struct request *rq, const char *method, const char *version)
{
    rq->method = method;
    rq->counted = true;
    atomic_fetch_add(&s->active, 1);
    if (!request_headers(rq, version) || too_large_at_once(rq))
        return reply_send(rq);
    rq->phase = REQUEST_BODY;
    guard_deadline(rq->guard, time_monotonic_us() + GUARD_READ_US);
    return MHD_YES;
}

static enum MHD_Result step_done(struct request *rq, enum step step)
{
    return step == STEP_PARKED ? MHD_YES : reply_send(rq);
}

static enum MHD_Result on_request(void *cls,
                                  struct MHD_Connection *connection,
                                  const char *url,
                                  const char *method,
                                  const char *version,
                                  const char *upload_data,
                                  size_t *upload_size,
                                  void **context)
{
    struct request *rq = *context;
    (void)connection;
    (void)url;
    assert(rq);
    switch (rq->phase) {
    case REQUEST_HEADERS:
        return headers_done(cls, rq, method, version);
    case REQUEST_BODY:
        if (*upload_size > 0) {
            request_body_add(rq, upload_data, *upload_size);
            *upload_size = 0;
            return MHD_YES;
        }
        rq->phase = REQUEST_HANDLING;
        guard_deadline(rq->guard, 0);
        return step_done(rq, dispatch(rq));
    case REQUEST_HANDLING:
        break;
    }
    return step_done(rq, rq->next(rq));
}

static void metrics_make(struct server *s)
{
    for (int i = 0; i < STATUS_CLASSES; i++) {
        char labels[32];
        (void)snprintf(labels, sizeof(labels), "class=\"%dxx\"", i);
        s->answers[i] =
            metrics_counter("hirelog_http_answers_total", labels, "Answers by class of status.");
    }
    s->seconds = metrics_histogram("hirelog_http_request_seconds", "",
                                   "From the request line to the end of the answer.");
}

static enum err_code
listen_address(const struct config *cfg, struct addrinfo **ret, struct err *err)
{
    char port[8];
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    (void)snprintf(port, sizeof(port), "%d", (int)cfg->api_port);
    if (getaddrinfo(cfg->listen, port, &hints, ret) != 0)
        return err_set(err, ERR_INVALID, "listen = %s is not an address", cfg->listen);
    return ERR_OK;
}

static struct MHD_Daemon *daemon_start(struct server *s, const struct addrinfo *at)
{
    const struct config *cfg = s->api->cfg;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    flags |= at->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0;
    return MHD_start_daemon(flags, (uint16_t)cfg->api_port, NULL, NULL, on_request, s,       //
                            MHD_OPTION_SOCK_ADDR, at->ai_addr,                               //
                            MHD_OPTION_THREAD_POOL_SIZE, (unsigned)cfg->api_threads,         //
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)cfg->api_connections_max, //
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S,         //
                            MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)BACKLOG,               //
                            MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U,                          //
                            MHD_OPTION_URI_LOG_CALLBACK, target_seen, s,                     //
                            MHD_OPTION_NOTIFY_COMPLETED, request_over, s,                    //
                            MHD_OPTION_NOTIFY_CONNECTION, connection_seen, s,                //
                            MHD_OPTION_END);
}

enum err_code server_start(struct api *api, struct server **ret, struct err *err)
{
    struct addrinfo *at = NULL;
    struct server *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    s->api = api;
    s->quiesced_fd = -1;
    metrics_make(s);
    enum err_code code = guard_start(&s->guard, err);
    if (code == ERR_OK)
        code = listen_address(api->cfg, &at, err);
    if (code == ERR_OK) {
        s->daemon = daemon_start(s, at);
        if (!s->daemon)
            code = err_set(err, ERR_INVALID, "cannot listen on %s port %d", api->cfg->listen,
                           (int)api->cfg->api_port);
        freeaddrinfo(at);
    }
    if (code != ERR_OK) {
        guard_stop(s->guard);
        free(s);
        return code;
    }
    s->port = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    *ret = s;
    return ERR_OK;
}

int server_port(const struct server *s)
{
    return s->port;
}

void server_quiesce(struct server *s)
{
    s->quiesced_fd = MHD_quiesce_daemon(s->daemon);
}

int64_t server_active(const struct server *s)
{
    return atomic_load(&s->active);
}

void server_stop(struct server *s)
{
    if (!s)
        return;
    MHD_stop_daemon(s->daemon);
    if (s->quiesced_fd >= 0)
        close(s->quiesced_fd);
    guard_stop(s->guard);
    free(s);
}

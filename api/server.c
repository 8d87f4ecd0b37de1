#include "api/server.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api.h"
#include "api/guard.h"
#include "api/local.h"
#include "api/request.h"
#include "ops/runtime/half_close.h"
#include "ops/runtime/metrics.h"
#include "ops/runtime/timeutil.h"

#define IDLE_TIMEOUT_S 60
#define BACKLOG        1024
/* As strict as the RFCs let a server be: what a proxy in front of us could read in another way is refused. */
#define PARSER_STRICTNESS 1
#define LOOPS_MAX         64
#define LOOP_WAIT_MS      1000 /* however long nothing happens */
#define STATUS_CLASSES    6
/* Of a connection: the header of a request has to fit (else 431; 414 for its target), and what it leaves that of the
 * answer, whose Hirelog-Position names every partition of up to six services. libmicrohttpd clears all of it for
 * each request, and its own default, twice as much, cost a tenth of what a write does. */
#define CONNECTION_MEMORY     ((size_t)16 * 1024)
#define MEMORY_OF_A_PARTITION 256

/*
 * One thread, one daemon, all on one listening socket. Not MHD's own pool: its loop (0.9.75) drains
 * epoll in rounds of 128 events, and when a round was exactly full it waits for more before it
 * serves those it has. With 128 connections of a thread that all wait for their answer nobody sends
 * more, and they hang until the idle timeout. MHD_run() never waits; the waiting is done here. Its own
 * wake-up is of no use for that: a resume that comes between its look at the resumed and its clearing of the
 * wake-up would wait for the next event. So request_resume() writes to wake_fd, which is cleared
 * before MHD_run() looks.
 */
struct loop {
    struct server *server;
    struct MHD_Daemon *daemon;
    int wake_fd;
    pthread_t thread;
};

struct server {
    struct api *api;
    struct loop loops[LOOPS_MAX];
    size_t n_loops;
    struct guard *guard;
    int listen_fd;
    int port;
    _Atomic bool stop;
    _Atomic int64_t active;
    struct metric *answers[STATUS_CLASSES];
    struct metric *seconds;
};

static void connection_seen(void *cls,
                            struct MHD_Connection *connection,
                            void **socket_context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct server *s = ((struct loop *)cls)->server;
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        half_close_forget(fd);
        guard_close(s->guard, *socket_context);
        return;
    }
    half_close_watch(fd);
    *socket_context = guard_open(s->guard, fd);
}

/* The first that is heard of a request: its target as it came. The request is the connection's from
 * here on. */
static void *target_seen(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct server *s = ((struct loop *)cls)->server;
    struct request *rq = request_new();
    rq->guard =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    rq->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    rq->api = s->api;
    rq->connection = connection;
    rq->wake_fd = ((struct loop *)cls)->wake_fd;
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
    struct server *s = ((struct loop *)cls)->server;
    struct request *rq = *context;
    (void)connection;
    (void)code;
    if (!rq)
        return;
    int64_t now = time_monotonic_us();
    if (rq->work_over)
        rq->work_over(rq->work);
    if (rq->counted) {
        atomic_fetch_sub(&s->active, 1);
        metric_add(s->answers[rq->reply.status / 100 % STATUS_CLASSES], 1);
        if (!rq->reply.stream) /* which lasts as long as its reader likes */
            metric_observe_us(s->seconds, now - rq->began_us);
    }
    half_close_release(rq->fd);
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
        return headers_done(((struct loop *)cls)->server, rq, method, version);
    case REQUEST_BODY:
        if (*upload_size > 0) {
            request_body_add(rq, upload_data, *upload_size);
            *upload_size = 0;
            return MHD_YES;
        }
        rq->phase = REQUEST_HANDLING;
        half_close_hold(rq->fd);
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

/* Takes any port for api_port = 0. */
static enum err_code open_listener(struct server *s, const struct addrinfo *at, struct err *err)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    char port[8];
    int one = 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &size) != 0 ||
        getnameinfo((struct sockaddr *)&bound, size, NULL, 0, port, sizeof(port), NI_NUMERICSERV) !=
            0) {
        err_set(err, ERR_INVALID, "cannot listen on %s port %d: %s", s->api->cfg->listen,
                (int)s->api->cfg->api_port, strerror(errno));
        if (fd >= 0)
            close(fd);
        return err->code;
    }
    s->listen_fd = fd;
    s->port = (int)strtol(port, NULL, 10);
    return ERR_OK;
}

static struct MHD_Daemon *daemon_start(struct loop *l)
{
    const struct server *s = l->server;
    const struct config *cfg = s->api->cfg;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    size_t memory = CONNECTION_MEMORY + (size_t)cfg->partitions * MEMORY_OF_A_PARTITION;
    unsigned limit = (unsigned)(cfg->api_connections_max / cfg->api_threads);
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, l,                     //
                            MHD_OPTION_LISTEN_SOCKET, s->listen_fd,                  //
                            MHD_OPTION_CONNECTION_LIMIT, limit ? limit : 1,          //
                            MHD_OPTION_CLIENT_DISCIPLINE_LVL, PARSER_STRICTNESS,     //
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S, //
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,              //
                            MHD_OPTION_URI_LOG_CALLBACK, target_seen, l,             //
                            MHD_OPTION_NOTIFY_COMPLETED, request_over, l,            //
                            MHD_OPTION_NOTIFY_CONNECTION, connection_seen, l,        //
                            MHD_OPTION_END);
}

/* Until there is something to do, or an idle connection is to be closed. */
static void loop_wait(const struct loop *l, int epoll_fd)
{
    MHD_UNSIGNED_LONG_LONG due_ms = LOOP_WAIT_MS;
    struct pollfd fds[] = {
        {.fd = epoll_fd,   .events = POLLIN},
        {.fd = l->wake_fd, .events = POLLIN}
    };
    uint64_t wakes;
    if (MHD_get_timeout(l->daemon, &due_ms) != MHD_YES || due_ms > LOOP_WAIT_MS)
        due_ms = LOOP_WAIT_MS;
    (void)poll(fds, ARRAY_SIZE(fds), (int)due_ms);
    if (fds[1].revents && read(l->wake_fd, &wakes, sizeof(wakes)) < 0)
        assert(errno == EAGAIN);
}

static void *loop_main(void *arg)
{
    const struct loop *l = arg;
    local_get()->serves_http = true;
    int epoll_fd = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    while (!atomic_load(&l->server->stop)) {
        loop_wait(l, epoll_fd);
        (void)MHD_run(l->daemon);
    }
    return NULL;
}

/* The listening socket is ours: what is not told so closes it. */
static void daemon_stop(struct MHD_Daemon *d)
{
    (void)MHD_quiesce_daemon(d);
    MHD_stop_daemon(d);
}

/* wake_fd is closed again on failure. */
static enum err_code loop_start(struct loop *l, struct err *err)
{
    l->daemon = daemon_start(l);
    if (l->daemon && pthread_create(&l->thread, NULL, loop_main, l) == 0)
        return ERR_OK;
    if (l->daemon)
        daemon_stop(l->daemon);
    close(l->wake_fd);
    return err_set(err, ERR_INTERNAL, "the HTTP library does not start");
}

static enum err_code loops_start(struct server *s, struct err *err)
{
    for (int64_t i = 0; i < s->api->cfg->api_threads; i++) {
        struct loop *l = &s->loops[s->n_loops];
        *l = (struct loop){.server = s, .wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
        if (l->wake_fd < 0)
            return err_set(err, ERR_UNAVAILABLE, "no descriptor for HTTP");
        TRY(loop_start(l, err));
        s->n_loops++;
    }
    return ERR_OK;
}

static enum err_code open_all(struct server *s, struct err *err)
{
    struct addrinfo *at = NULL;
    TRY(guard_start(&s->guard, err));
    TRY(listen_address(s->api->cfg, &at, err));
    enum err_code code = open_listener(s, at, err);
    freeaddrinfo(at);
    TRY(code);
    return loops_start(s, err);
}

enum err_code server_start(struct api *api, struct server **ret, struct err *err)
{
    struct server *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    s->api = api;
    s->listen_fd = -1;
    metrics_make(s);
    if (open_all(s, err) != ERR_OK) {
        server_stop(s);
        return err->code;
    }
    *ret = s;
    return ERR_OK;
}

int server_port(const struct server *s)
{
    return s->port;
}

void server_quiesce(struct server *s)
{
    for (size_t i = 0; i < s->n_loops; i++)
        (void)MHD_quiesce_daemon(s->loops[i].daemon);
}

int64_t server_active(const struct server *s)
{
    return atomic_load(&s->active);
}

void server_stop(struct server *s)
{
    if (!s)
        return;
    atomic_store(&s->stop, true);
    for (size_t i = 0; i < s->n_loops; i++) {
        pthread_join(s->loops[i].thread, NULL);
        daemon_stop(s->loops[i].daemon);
        close(s->loops[i].wake_fd);
    }
    if (s->listen_fd >= 0)
        close(s->listen_fd);
    guard_stop(s->guard);
    free(s);
}

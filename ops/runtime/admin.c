#include "ops/runtime/admin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ops/runtime/metrics.h"

#define CONNECTIONS_MAX 32U
#define TIMEOUT_S       5U

struct admin {
    struct MHD_Daemon *daemon;
    ready_fn *ready;
    void *arg;
    int port;
};

struct answer {
    unsigned int status;
    const char *content_type;
    struct strbuf body;
};

typedef void page_fn(struct admin *a, struct answer *ret);

static void health_page(struct admin *a, struct answer *ret)
{
    (void)a;
    strbuf_adds(&ret->body, "{\"status\":\"alive\"}");
}

static void ready_page(struct admin *a, struct answer *ret)
{
    if (!a->ready(&ret->body, a->arg))
        ret->status = MHD_HTTP_SERVICE_UNAVAILABLE;
}

static void metrics_page(struct admin *a, struct answer *ret)
{
    (void)a;
    ret->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_print(&ret->body);
}

static const struct {
    const char *path;
    page_fn *page;
} pages[] = {
    {"/healthz", health_page },
    {"/readyz",  ready_page  },
    {"/metrics", metrics_page},
};

static void find_page(struct admin *a, const char *path, const char *method, struct answer *ret)
{
    bool reads =
        strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        if (strcmp(pages[i].path, path) != 0)
            continue;
        if (reads)
            pages[i].page(a, ret);
        else
            ret->status = MHD_HTTP_METHOD_NOT_ALLOWED;
        return;
    }
    ret->status = MHD_HTTP_NOT_FOUND;
}

static enum MHD_Result send_answer(struct MHD_Connection *c, const struct answer *a)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(
        a->body.len, (void *)(uintptr_t)strbuf_cstr(&a->body), MHD_RESPMEM_MUST_COPY);
    if (!r)
        return MHD_NO;
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, a->content_type);
    MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    if (a->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result sent = MHD_queue_response(c, a->status, r);
    MHD_destroy_response(r);
    return sent;
}

static enum MHD_Result handle(void *cls,
                              struct MHD_Connection *c,
                              const char *url,
                              const char *method,
                              const char *version,
                              const char *upload,
                              size_t *upload_size,
                              void **state)
{
    static char begun;
    (void)version;
    (void)upload;
    if (!*state) { /* headers only: MHD wants the answer at the second call */
        *state = &begun;
        return MHD_YES;
    }
    if (*upload_size) { /* nobody sends us bodies; what comes is not looked at */
        *upload_size = 0;
        return MHD_YES;
    }
    struct answer a = {.status = MHD_HTTP_OK, .content_type = "application/json; charset=utf-8"};
    strbuf_init(&a.body);
    find_page(cls, url, method, &a);
    enum MHD_Result sent = send_answer(c, &a);
    strbuf_release(&a.body);
    return sent;
}

/* A socket of our own: the library's would share the port with another process that listens there
 * (SO_REUSEPORT). */
static enum err_code listen_on(const char *address, int port, int *ret, struct err *err)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1;
    if (inet_pton(AF_INET, address, &in.sin_addr) != 1)
        return err_set(err, ERR_INVALID, "listen: %s is no numeric address", address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(err, ERR_UNAVAILABLE, "admin port: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
               sizeof(on)); /* connections of a former process linger */
    if (bind(fd, (struct sockaddr *)&in, sizeof(in)) != 0 ||
        listen(fd, (int)CONNECTIONS_MAX) != 0) {
        err_set(err, ERR_INVALID, "admin port %s:%d: %s", address, port, strerror(errno));
        close(fd);
        return ERR_INVALID;
    }
    *ret = fd;
    return ERR_OK;
}

static int port_of(int fd)
{
    struct sockaddr_in in = {0};
    socklen_t len = sizeof(in);
    int failed = getsockname(fd, (struct sockaddr *)&in, &len);
    return failed ? 0 : ntohs(in.sin_port);
}

enum err_code admin_start(
    const char *address, int port, ready_fn *ready, void *arg, struct admin **ret, struct err *err)
{
    int fd = -1;
    TRY(listen_on(address, port, &fd, err));
    struct admin *a = calloc(1, sizeof(*a));
    if (!a)
        abort();
    *a = (struct admin){.ready = ready, .arg = arg, .port = port_of(fd)};
    a->daemon =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL, handle, a,
                         MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
                         MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S, MHD_OPTION_END);
    if (!a->daemon) {
        close(fd);
        free(a);
        return err_set(err, ERR_UNAVAILABLE, "admin port: no server");
    }
    *ret = a;
    return ERR_OK;
}

int admin_port(const struct admin *a)
{
    return a->port;
}

void admin_stop(struct admin *a)
{
    if (!a)
        return;
    MHD_stop_daemon(a->daemon);
    free(a);
}

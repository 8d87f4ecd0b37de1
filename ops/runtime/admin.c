#include "ops/runtime/admin.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/metrics.h"

#define CONNECTIONS_MAX 32
#define TIMEOUT_S       5

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

static struct MHD_Daemon *listen_on(struct admin *a, const struct sockaddr_in *address)
{
    return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL, handle,
                            a, MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_CONNECTION_LIMIT,
                            CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S,
                            MHD_OPTION_LISTENING_ADDRESS_REUSE, 1, MHD_OPTION_END);
}

enum err_code admin_start(
    const char *address, int port, ready_fn *ready, void *arg, struct admin **ret, struct err *err)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, address, &in.sin_addr) != 1)
        return err_set(err, ERR_INVALID, "listen: %s is no numeric address", address);
    struct admin *a = calloc(1, sizeof(*a));
    if (!a)
        abort();
    a->ready = ready;
    a->arg = arg;
    a->daemon = listen_on(a, &in);
    if (!a->daemon) {
        free(a);
        return err_set(err, ERR_INVALID, "admin port %s:%d: cannot listen there", address, port);
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(a->daemon, MHD_DAEMON_INFO_BIND_PORT);
    a->port = info ? info->port : port;
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

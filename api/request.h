/*
 * request.h - one HTTP request from its first header to its last byte: what was asked, who asks,
 * what will be answered. Belongs to the MHD thread of its connection, but while it is parked: then
 * to whoever it was handed to, who ends with request_resume(). All its memory is its arenas'.
 */
#ifndef API_REQUEST_H
#define API_REQUEST_H

#include <microhttpd.h>

#include "api/guard.h"
#include "api/prefer.h"
#include "api/reply.h"
#include "api/router.h"
#include "api/sessions.h"
#include "api/url.h"
#include "ops/runtime/strbuf.h"

#define BODY_MAX (256 * 1024)

struct api;
struct errand;
struct lookup;
struct sight;
struct write;

/* The header fields that mean something to us; NULL = absent. Views into MHD's memory, or the
 * arena's when joined. */
struct headers {
    const char *authorization, *content_encoding, *content_length, *content_type, *expect,
        *hirelog_after, *host;
    const char *idempotency_key, *if_match, *if_none_match, *last_event_id, *prefer, *traceparent,
        *transfer_encoding;
};

enum request_phase { REQUEST_HEADERS, REQUEST_BODY, REQUEST_HANDLING };

struct request {
    struct arena arena;
    struct arena scratch; /* of one attempt of a read that waits; cleared before the next */
    struct api *api;
    struct MHD_Connection *connection;
    int fd;      /* of the connection */
    int wake_fd; /* of the loop that serves it; request_resume() writes to it */
    struct guard_entry *guard;
    enum request_phase phase;
    bool counted;       /* among the server's active requests */
    const char *target; /* as it came; from routing on in origin-form */
    const char *method;
    struct headers headers;
    struct strbuf body;
    bool body_too_large;
    struct url url;
    struct router_match match;
    const struct route *route;
    bool authenticated;
    struct identity identity;
    struct prefer prefer;
    int64_t began_us; /* monotonic */
    handler_fn *next; /* what goes on when a parked request is resumed */
    struct reply reply;
    struct write *write;   /* of a command in progress */
    struct lookup *lookup; /* item_ask()'s last */
    struct sight *sight;   /* read.c's: who may see it */
    struct errand *errand; /* errand_send()'s last */
    void *work;            /* of a handler in progress */
    void (*work_over)(
        void *work); /* NULL, or what ends it when the request is over before it was done */
    struct request *pool_next;
};

/* Looks at every header field (RULES 30). False: the reply is a 400 (431 for too many of them, 417 for an
 * Expect that is unknown), and closes the connection. */
MUST_CHECK bool request_headers(struct request *rq, const char *version);
/* A piece of the body. Beyond BODY_MAX it is thrown away and remembered as too large. */
void request_body_add(struct request *rq, const char *data, size_t len);

/* Suspends the connection; `next` runs in its thread after request_resume(). Call it before handing
 * the request on. */
void request_park(struct request *rq, handler_fn *next);
/* Any thread, once per park; rq is not the caller's afterwards. */
void request_resume(struct request *rq);
/* Many at once: each HTTP thread is woken once. */
void request_resume_all(struct request *const *all, size_t n);

/* It changes nothing: GET or HEAD (RFC 9110 9.2.1). */
bool request_is_safe(const struct request *rq);

/* The UUID in a capture that dispatch has checked. */
struct uuid request_capture_uuid(const struct request *rq, const char *name);

/* What goes on behind a routed request: routing, who may, limits, the handler. */
enum step dispatch(struct request *rq);

#endif

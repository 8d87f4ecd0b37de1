#include "api/reply.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/etag.h"
#include "api/request.h"
#include "ops/runtime/log.h"
#include "ops/runtime/strbuf.h"
#include "ops/runtime/timeutil.h"

static void header(struct MHD_Response *r, const char *name, const char *value)
{
    if (value && MHD_add_response_header(r, name, value) != MHD_YES)
        log_warn("header field left out", KV_S("name", name));
}

static void headers_fixed(struct MHD_Response *r)
{
    static const struct {
        const char *name, *value;
    } fixed[] = {
        {"Cache-Control",           "no-store"                                  },
        {"X-Content-Type-Options",  "nosniff"                                   },
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"Referrer-Policy",         "no-referrer"                               },
    };
    for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
        header(r, fixed[i].name, fixed[i].value);
}

static void headers_own(struct MHD_Response *r, const struct reply *reply)
{
    header(r, "Location", reply->location);
    header(r, "ETag", reply->etag);
    header(r, "Hirelog-Position", reply->position);
    header(r, "Preference-Applied", reply->applied);
    header(r, "Allow", reply->allow);
    if (reply->status == MHD_HTTP_UNAUTHORIZED)
        header(r, "WWW-Authenticate", "Bearer");
    if (reply->body.len > 0 || reply->stream)
        header(r, "Content-Type", reply->content_type ? reply->content_type : "application/json");
    if (reply->retry_after_s > 0) {
        char text[24];
        (void)snprintf(text, sizeof(text), "%" PRId64, reply->retry_after_s);
        header(r, "Retry-After", text);
    }
    if (reply->close)
        header(r, "Connection", "close");
}

/* RFC 9110 13.2.2, of a read that would be answered with 200. What has no tag matches `*` only. */
static void conditions_evaluate(struct request *rq)
{
    const struct headers *h = &rq->headers;
    const char *etag = rq->reply.etag ? rq->reply.etag : "";
    if (!request_is_safe(rq) || rq->reply.status != MHD_HTTP_OK || rq->reply.stream)
        return;
    if (h->if_match && !etag_match_hits(h->if_match, etag))
        (void)reply_problem(rq, MHD_HTTP_PRECONDITION_FAILED, "version_mismatch",
                            "If-Match names no tag of it.");
    else if (etag_none_match_hits(h->if_none_match, etag))
        (void)reply_empty(rq, MHD_HTTP_NOT_MODIFIED);
}

enum MHD_Result reply_send(struct request *rq)
{
    const struct reply *reply = &rq->reply;
    assert(reply->status != 0);
    conditions_evaluate(rq);
    guard_deadline(rq->guard, time_monotonic_us() + GUARD_ANSWER_US);
    struct MHD_Response *r =
        reply->stream
            ? reply->stream
            : MHD_create_response_from_buffer(reply->body.len, (void *)(uintptr_t)reply->body.data,
                                              MHD_RESPMEM_PERSISTENT);
    if (!r)
        return MHD_NO;
    headers_fixed(r);
    headers_own(r, reply);
    enum MHD_Result result = MHD_queue_response(rq->connection, reply->status, r);
    MHD_destroy_response(r);
    return result;
}

enum step reply_json(struct request *rq, unsigned status, struct bytes body)
{
    rq->reply.status = status;
    rq->reply.body = body;
    return STEP_DONE;
}

enum step reply_empty(struct request *rq, unsigned status)
{
    return reply_json(rq, status, (struct bytes){NULL, 0});
}

/* `more` is JSON that follows the common members. */
static enum step
problem(struct request *rq, unsigned status, const char *code, const char *detail, const char *more)
{
    owned_value(strbuf_release) struct strbuf s = {0};
    strbuf_addf(&s, "{\"type\":\"urn:hirelog:problem:%s\",\"title\":", code);
    strbuf_add_json(&s, MHD_get_reason_phrase_for(status));
    strbuf_addf(&s, ",\"status\":%u,\"detail\":", status);
    strbuf_add_json(&s, detail);
    strbuf_addf(&s, ",\"code\":\"%s\"%s}", code, more);
    rq->reply.content_type = "application/problem+json";
    rq->reply.etag = NULL;
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE && rq->reply.retry_after_s == 0)
        rq->reply.retry_after_s = RETRY_AFTER_S;
    return reply_json(rq, status, arena_bytes(&rq->arena, s.data, s.len));
}

enum step reply_problem(struct request *rq, unsigned status, const char *code, const char *fmt, ...)
{
    char detail[ERR_MSG_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(detail, sizeof(detail), fmt, args);
    va_end(args);
    return problem(rq, status, code, detail, "");
}

enum step
reply_refused(struct request *rq, unsigned status, const char *code, const struct uuid *command_id)
{
    char id[UUID_TEXT_LEN + 1], more[64];
    uuid_format(command_id, id);
    (void)snprintf(more, sizeof(more), ",\"command_id\":\"%s\"", id);
    return problem(rq, status, code, "The command was refused; nothing changed.", more);
}

enum step reply_invalid(struct request *rq, const struct field_errors *errors)
{
    owned_value(strbuf_release) struct strbuf s = {0};
    for (size_t i = 0; i < errors->n; i++) {
        strbuf_adds(&s, i ? ",{\"field\":" : ",\"errors\":[{\"field\":");
        strbuf_add_json(&s, errors->items[i].field);
        strbuf_addf(&s, ",\"code\":\"%s\",\"detail\":", errors->items[i].code);
        strbuf_add_json(&s, errors->items[i].detail ? errors->items[i].detail : "");
        strbuf_addc(&s, '}');
    }
    strbuf_adds(&s, errors->n ? "]" : "");
    return problem(rq, MHD_HTTP_BAD_REQUEST, "invalid", "The request has invalid fields.",
                   strbuf_cstr(&s));
}

enum step
reply_invalid_field(struct request *rq, const char *field, const char *code, const char *detail)
{
    struct field_errors *one = ARENA_NEW(&rq->arena, struct field_errors);
    field_errors_add(one, &rq->arena, field, code, detail);
    return reply_invalid(rq, one);
}

enum step reply_unavailable(struct request *rq, const char *detail)
{
    return reply_problem(rq, MHD_HTTP_SERVICE_UNAVAILABLE, "unavailable", "%s", detail);
}

enum step reply_err(struct request *rq, const struct err *err)
{
    static const char *const codes[ERR_CODE_N] = {
        [ERR_INVALID] = "invalid",
        [ERR_NOT_FOUND] = "not_found",
        [ERR_CONFLICT] = "conflict",
        [ERR_REJECTED] = "refused",
    };
    unsigned status = (unsigned)err_http_status[err->code];
    if (status < 500)
        return reply_problem(rq, status, codes[err->code] ? codes[err->code] : "invalid", "%s",
                             err->msg);
    log_warn("request failed", KV_S("route", rq->route ? rq->route->path : ""), KV_ERR(err));
    if (err->code == ERR_UNAVAILABLE)
        return reply_unavailable(rq, "A part of the service is away; try again.");
    return reply_problem(rq, status, "internal", "Something went wrong here.");
}

#include "api/request.h"

#include <assert.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "api/field_list.h"
#include "api/target.h"

#define LOOPS_NOTED_MAX \
    8 /* HTTP threads that are woken once for many requests; further ones for each */
#define HEADERS_MAX 64

enum repeat {
    REPEAT_REFUSED,
    REPEAT_JOINED,
    REPEAT_VOID, /* then it is as if there were none */
};

static const struct header_rule {
    const char *name;
    size_t offset;
    enum repeat repeat;
} header_rules[] = {
    {"Authorization",     offsetof(struct headers, authorization),     REPEAT_REFUSED},
    {"Content-Encoding",  offsetof(struct headers, content_encoding),  REPEAT_JOINED },
    {"Content-Length",    offsetof(struct headers, content_length),    REPEAT_REFUSED},
    {"Content-Type",      offsetof(struct headers, content_type),      REPEAT_REFUSED},
    {"Expect",            offsetof(struct headers, expect),            REPEAT_JOINED },
    {"Hirelog-After",     offsetof(struct headers, hirelog_after),     REPEAT_JOINED },
    {"Host",              offsetof(struct headers, host),              REPEAT_REFUSED},
    {"Idempotency-Key",   offsetof(struct headers, idempotency_key),   REPEAT_REFUSED},
    {"If-Match",          offsetof(struct headers, if_match),          REPEAT_JOINED },
    {"If-None-Match",     offsetof(struct headers, if_none_match),     REPEAT_JOINED },
    {"Last-Event-ID",     offsetof(struct headers, last_event_id),     REPEAT_REFUSED},
    {"Prefer",            offsetof(struct headers, prefer),            REPEAT_JOINED },
    {"Traceparent",       offsetof(struct headers, traceparent),       REPEAT_VOID   },
    {"Transfer-Encoding", offsetof(struct headers, transfer_encoding), REPEAT_REFUSED},
};

static bool token_valid(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alnum && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return len > 0;
}

static bool value_valid(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* RFC 9112 5: the blanks around a value are not part of it. */
static const char *trimmed(struct request *rq, const char *value)
{
    struct field_part p = field_part_trimmed(value ? value : "", value ? strlen(value) : 0);
    return p.s[p.len] == '\0' ? p.s : arena_strndup(&rq->arena, p.s, p.len);
}

struct header_walk {
    struct request *rq;
    const char *mistake; /* NULL = none so far */
    unsigned status;     /* of the answer to a mistake */
    size_t n;
};

static const char *
header_take(struct request *rq, const struct header_rule *rule, const char *value)
{
    const char **slot = (const char **)((char *)&rq->headers + rule->offset);
    if (!*slot)
        *slot = value;
    else if (rule->repeat == REPEAT_VOID)
        *slot = "";
    else if (rule->repeat == REPEAT_JOINED)
        *slot = arena_printf(&rq->arena, "%s, %s", *slot, value);
    else
        return "a header field that may stand once is there twice";
    return NULL;
}

static enum MHD_Result header_see(void *cls,
                                  enum MHD_ValueKind kind,
                                  const char *name,
                                  size_t name_len,
                                  const char *value,
                                  size_t value_len)
{
    struct header_walk *w = cls;
    (void)kind;
    if (++w->n > HEADERS_MAX) {
        w->mistake = "too many header fields";
        w->status = MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
    } else if (!token_valid(name, name_len) || !value_valid(value ? value : "", value_len))
        w->mistake = "a header field has characters that it may not have";
    for (size_t i = 0; i < ARRAY_SIZE(header_rules) && !w->mistake; i++)
        if (strcasecmp(header_rules[i].name, name) == 0)
            w->mistake = header_take(w->rq, &header_rules[i], trimmed(w->rq, value));
    return w->mistake ? MHD_NO : MHD_YES;
}

static bool digits_only(const char *s)
{
    return *s && s[strspn(s, "0123456789")] == '\0';
}

/* One way only to tell where the body ends. */
static const char *framing_mistake(const struct headers *h, bool old)
{
    if (h->content_length && h->transfer_encoding)
        return "both Content-Length and Transfer-Encoding";
    if (h->content_length && !digits_only(h->content_length))
        return "Content-Length is not a number";
    if (h->transfer_encoding && (old || strcasecmp(h->transfer_encoding, "chunked") != 0))
        return "this Transfer-Encoding is not understood";
    return NULL;
}

/* RFC 9110 10.1.1; HTTP/1.0 has no such field. */
static const char *expectation_mistake(struct header_walk *w, bool old)
{
    const char *expect = old || !w->rq->headers.expect ? "" : w->rq->headers.expect;
    struct field_part rest = {expect, strlen(expect)}, one;
    while (field_part_next(&rest, ',', &one))
        if (!field_part_is(one, "100-continue")) {
            w->status = MHD_HTTP_EXPECTATION_FAILED;
            return "this Expect cannot be met";
        }
    return NULL;
}

/* What the fields say together. A higher minor version than 1 is spoken to in ours (RFC 9110 2.5). */
static const char *fields_mistake(struct header_walk *w, const char *version)
{
    const struct headers *h = &w->rq->headers;
    bool old = strcmp(version, "HTTP/1.0") == 0;
    if (strncmp(version, "HTTP/1.", strlen("HTTP/1.")) != 0)
        return "only HTTP/1.0 and HTTP/1.1 are spoken here";
    if (!h->host && !old)
        return "Host is missing";
    if (h->host && !target_host_valid(h->host))
        return "Host is not a host";
    if (!token_valid(w->rq->method, strlen(w->rq->method)))
        return "the method has characters that it may not have";
    const char *mistake = framing_mistake(h, old);
    return mistake ? mistake : expectation_mistake(w, old);
}

bool request_headers(struct request *rq, const char *version)
{
    struct header_walk w = {.rq = rq, .status = MHD_HTTP_BAD_REQUEST};
    (void)MHD_get_connection_values_n(rq->connection, MHD_HEADER_KIND, header_see, &w);
    if (!w.mistake)
        w.mistake = fields_mistake(&w, version);
    if (!w.mistake)
        return true;
    rq->reply.close = true;
    (void)reply_problem(rq, w.status,
                        w.status == MHD_HTTP_EXPECTATION_FAILED ? "expectation_failed" : "invalid",
                        "%s", w.mistake);
    return false;
}

void request_body_add(struct request *rq, const char *data, size_t len)
{
    if (rq->body_too_large || len > BODY_MAX - rq->body.len) {
        rq->body_too_large = true;
        return;
    }
    strbuf_add(&rq->body, data, len);
}

void request_park(struct request *rq, handler_fn *next)
{
    rq->next = next;
    MHD_suspend_connection(rq->connection);
}

static void loop_wake(int wake_fd)
{
    uint64_t one = 1;
    ssize_t n = write(wake_fd, &one, sizeof(one));
    (void)n; /* full means that a wake-up is already on its way */
}

void request_resume(struct request *rq)
{
    request_resume_all(&rq, 1);
}

void request_resume_all(struct request *const *all, size_t n)
{
    int loops[LOOPS_NOTED_MAX];
    size_t n_loops = 0;
    for (size_t i = 0; i < n; i++) {
        int wake_fd = all[i]->wake_fd; /* the request may be answered and gone after the resume */
        size_t at = 0;
        MHD_resume_connection(all[i]->connection);
        while (at < n_loops && loops[at] != wake_fd)
            at++;
        if (at == LOOPS_NOTED_MAX)
            loop_wake(wake_fd);
        else if (at == n_loops)
            loops[n_loops++] = wake_fd;
    }
    for (size_t i = 0; i < n_loops; i++)
        loop_wake(loops[i]);
}

bool request_is_safe(const struct request *rq)
{
    return strcmp(rq->method, "GET") == 0 || strcmp(rq->method, "HEAD") == 0;
}

struct uuid request_capture_uuid(const struct request *rq, const char *name)
{
    struct uuid id = uuid_nil;
    const char *text = router_capture(&rq->match, name);
    bool ok = text && uuid_parse(text, &id);
    assert(ok);
    return id;
}

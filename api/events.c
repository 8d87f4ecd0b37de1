/* events.c - GET /api/events/: a request becomes a stream of a service's feed (feed.h). */
#include <string.h>

#include "api/api.h"
#include "api/feed.h"
#include "api/feed_position.h"
#include "api/handlers.h"
#include "api/request.h"
#include "api/stream_quota.h"

#define TOO_MANY_RETRY_S 5

/* NULL: the mistake is among the errors. */
static struct api_service *service_asked_for(struct request *rq, struct field_errors *errors)
{
    const char *name = url_param(&rq->url, "service");
    struct api_service *s = name ? api_service_find(rq->api, name) : NULL;
    if (!name)
        field_errors_add(errors, &rq->arena, "service", "required", "whose events");
    else if (!s || !s->served)
        field_errors_add(errors, &rq->arena, "service", "range", "no service of this process");
    return s && s->served ? s : NULL;
}

static void parameters_check(struct request *rq, struct field_errors *errors)
{
    static const char *const known[] = {"service", "after"};
    for (size_t i = 0; i < rq->url.n_params; i++) {
        const char *name = rq->url.params[i].name;
        bool ok = false;
        for (size_t k = 0; k < ARRAY_SIZE(known); k++)
            ok |= strcmp(known[k], name) == 0;
        if (!ok)
            field_errors_add(errors, &rq->arena, name, "unknown", "not a parameter of this list");
        for (size_t k = 0; k < i; k++)
            if (strcmp(rq->url.params[k].name, name) == 0)
                field_errors_add(errors, &rq->arena, name, "duplicate", "may stand once");
    }
}

/* The header is what a reconnecting client sends by itself, so it stands above the parameter; an empty one
 * says nothing. */
static void
place_parse(struct request *rq, const char *service, int64_t *ret, struct field_errors *errors)
{
    struct err err;
    const char *header = rq->headers.last_event_id;
    bool again = header && header[0];
    const char *text = again ? header : url_param(&rq->url, "after");
    int32_t n = (int32_t)rq->api->cfg->partitions;
    for (int32_t p = 0; p < n; p++)
        ret[p] = FEED_FROM_NOW;
    if (text && text[0] && feed_position_parse(text, service, n, ret, &err) != ERR_OK)
        field_errors_add(errors, &rq->arena, again ? "Last-Event-ID" : "after", "format",
                         arena_strdup(&rq->arena, err.msg));
}

static bool quota_take(struct request *rq)
{
    unsigned status = MHD_HTTP_TOO_MANY_REQUESTS;
    const char *detail = "Too many event streams of this user.";
    switch (stream_quota_take(rq->api->stream_quota, &rq->identity.user_id)) {
    case QUOTA_TAKEN:
        return true;
    case QUOTA_OF_USER:
        break;
    case QUOTA_OF_ALL:
        status = MHD_HTTP_SERVICE_UNAVAILABLE;
        detail = "Too many event streams.";
        break;
    }
    rq->reply.retry_after_s = TOO_MANY_RETRY_S;
    (void)reply_problem(rq, status, "too_many_streams", "%s", detail);
    return false;
}

/* The stream never began. */
static void stream_drop(void *work)
{
    struct stream *s = work;
    stream_quota_give(s->request->api->stream_quota, &s->viewer);
    stream_free(s);
}

static enum step refuse(struct request *rq, enum admission a)
{
    if (a == ADMISSION_UNAVAILABLE)
        return reply_unavailable(rq, "The event log cannot be read now; try again.");
    if (a == ADMISSION_TOO_OLD)
        return reply_problem(rq, MHD_HTTP_GONE, "position_too_old",
                             "The log does not reach back to there; begin anew.");
    return reply_problem(rq, MHD_HTTP_GONE, "position_unknown",
                         "The log does not reach so far: it is another one; begin anew.");
}

static enum step admitted(struct request *rq)
{
    struct stream *s = rq->work;
    if (s->admission != ADMISSION_OK)
        return refuse(rq, s->admission);
    stream_connect(s, rq, rq->api->cfg->feed_stall_s * 1000000);
    struct MHD_Response *r = feed_join(s->feed, s);
    if (!r)
        return reply_unavailable(rq, "No memory for another stream.");
    rq->work_over = NULL; /* it is the response's now */
    rq->reply.stream = r;
    rq->reply.status = MHD_HTTP_OK;
    rq->reply.content_type = rq->route->content_type;
    rq->reply.close = true;
    return STEP_DONE;
}

enum step events_show(struct request *rq)
{
    struct field_errors *errors = ARENA_NEW(&rq->arena, struct field_errors);
    struct api_service *service = service_asked_for(rq, errors);
    int64_t *at = ARENA_ARRAY(&rq->arena, int64_t, (size_t)rq->api->cfg->partitions);
    parameters_check(rq, errors);
    if (service)
        place_parse(rq, service->service->name, at, errors);
    if (!service || errors->n > 0)
        return reply_invalid(rq, errors);
    if (strcmp(rq->method, "HEAD") == 0) /* nothing would ever be sent */
        return reply_empty(rq, MHD_HTTP_OK);
    if (!quota_take(rq))
        return STEP_DONE;
    struct stream *s = stream_new(&rq->identity, (int32_t)rq->api->cfg->partitions);
    memcpy(s->at, at, (size_t)rq->api->cfg->partitions * sizeof(*at));
    s->request = rq;
    s->feed = service->feed;
    rq->work = s;
    rq->work_over = stream_drop;
    request_park(rq, admitted);
    feed_admit(s->feed, s);
    return STEP_PARKED;
}

#include "api/api.h"
#include "api/request.h"
#include "api/target.h"
#include "api/throttle.h"
#include "ops/runtime/timeutil.h"
#include "schemas/records.h"

#include <string.h>

#define OPTIONS "OPTIONS"

/* The steps: each lets the request pass, or fills the reply. */
typedef bool check_fn(struct request *rq);

static bool not_draining(struct request *rq)
{
    if (!atomic_load(&rq->api->draining))
        return true;
    rq->reply.close = true;
    (void)reply_unavailable(rq, "This process is stopping.");
    return false;
}

static bool body_fits(struct request *rq)
{
    if (!rq->body_too_large)
        return true;
    rq->reply.close = true;
    (void)reply_problem(rq, MHD_HTTP_CONTENT_TOO_LARGE, "content_too_large",
                        "The body is larger than %d bytes.", BODY_MAX);
    return false;
}

/* RFC 9110 9.1: 501 for a method that no resource here could have, 405 for one that this one has not. */
static bool method_known(struct request *rq)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", OPTIONS};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strcmp(rq->method, known[i]) == 0)
            return true;
    (void)reply_problem(rq, MHD_HTTP_NOT_IMPLEMENTED, "not_implemented",
                        "No resource here has this method.");
    return false;
}

static bool target_valid(struct request *rq)
{
    const char *origin = target_origin(rq->target, rq->method, &rq->arena);
    if (origin && url_parse(origin, &rq->arena, &rq->url)) {
        rq->target = origin;
        return true;
    }
    (void)reply_problem(rq, MHD_HTTP_BAD_REQUEST, "invalid",
                        "The request target is not well-formed; other characters than those of a "
                        "URI are percent-encoded.");
    return false;
}

/* OPTIONS * asks for the server; what one resource has is told by routed(). */
static bool not_the_server(struct request *rq)
{
    if (strcmp(rq->url.path, TARGET_SERVER) != 0)
        return true;
    rq->reply.allow = "GET, HEAD, POST, PATCH, OPTIONS";
    (void)reply_empty(rq, MHD_HTTP_NO_CONTENT);
    return false;
}

static const char *with_slash(struct request *rq)
{
    const char *query = strchr(rq->target, '?');
    return arena_printf(&rq->arena, "%s/%s", rq->url.path, query ? query : "");
}

static bool routed(struct request *rq)
{
    switch (router_find(rq->method, rq->url.path, &rq->arena, &rq->match)) {
    case ROUTER_FOUND:
        rq->route = rq->match.route;
        if (api_serves(rq->api, rq->route))
            return true;
        break; /* another process serves it */
    case ROUTER_NOT_FOUND:
        break;
    case ROUTER_METHOD:
        rq->reply.allow = arena_printf(&rq->arena, "%s, %s", rq->match.allow, OPTIONS);
        if (strcmp(rq->method, OPTIONS) == 0)
            (void)reply_empty(rq, MHD_HTTP_NO_CONTENT);
        else
            (void)reply_problem(rq, MHD_HTTP_METHOD_NOT_ALLOWED, "method_not_allowed",
                                "Allowed are %s.", rq->reply.allow);
        return false;
    case ROUTER_REDIRECT:
        rq->reply.location = with_slash(rq);
        (void)reply_empty(rq, MHD_HTTP_PERMANENT_REDIRECT);
        return false;
    case ROUTER_BAD_ESCAPE:
        (void)reply_problem(rq, MHD_HTTP_BAD_REQUEST, "invalid", "The path is not well-formed.");
        return false;
    }
    (void)reply_problem(rq, MHD_HTTP_NOT_FOUND, "not_found", "There is nothing here.");
    return false;
}

static bool role_held(struct request *rq)
{
    static const struct {
        enum who who;
        int role;
        const char *code;
    } roles[] = {
        {WHO_CLIENT,     ROLE_CLIENT,     "not_a_client"    },
        {WHO_FREELANCER, ROLE_FREELANCER, "not_a_freelancer"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
        if (rq->route->who == roles[i].who && !identity_has_role(&rq->identity, roles[i].role)) {
            (void)reply_problem(rq, MHD_HTTP_FORBIDDEN, roles[i].code, "This needs another role.");
            return false;
        }
    return true;
}

static bool captures_are_ids(struct request *rq)
{
    struct field_errors *errors = ARENA_NEW(&rq->arena, struct field_errors);
    for (size_t i = 0; i < rq->match.n_captures && !rq->route->bare; i++) {
        const struct capture *c = &rq->match.captures[i];
        struct uuid id;
        if (!uuid_parse(c->value, &id))
            field_errors_add(errors, &rq->arena, arena_strndup(&rq->arena, c->name, c->name_len),
                             "format", "a UUID");
    }
    if (errors->n > 0)
        (void)reply_invalid(rq, errors);
    return errors->n == 0;
}

static bool own_path(struct request *rq)
{
    if (!rq->route->self)
        return true;
    struct uuid id = request_capture_uuid(rq, rq->route->self);
    if (uuid_equal(&id, &rq->identity.user_id))
        return true;
    (void)reply_problem(rq, MHD_HTTP_FORBIDDEN, "not_the_owner", "This belongs to somebody else.");
    return false;
}

static bool not_too_fast(struct request *rq)
{
    if (!rq->authenticated || request_is_safe(rq))
        return true;
    const struct uuid *id = &rq->identity.user_id;
    int64_t wait_us =
        throttle_take(rq->api->writes_by_user, id->b, sizeof(id->b), time_monotonic_us());
    if (wait_us == 0)
        return true;
    rq->reply.retry_after_s = wait_us / 1000000 + 1;
    (void)reply_problem(rq, MHD_HTTP_TOO_MANY_REQUESTS, "too_many_requests",
                        "Too many writes in a second.");
    return false;
}

/*
 * RFC 9110 13.2: a condition is never passed over. What a command can carry is one version that is expected
 * (If-Match, where the route takes it); that there must be nothing yet (If-None-Match: *) is never true, as
 * what a path here names is there, or else 404. Reads evaluate both when they are answered (reply.c).
 */
static bool conditions_possible(struct request *rq)
{
    const struct headers *h = &rq->headers;
    if (request_is_safe(rq))
        return true;
    if (h->if_none_match && strcmp(h->if_none_match, "*") == 0) {
        (void)reply_problem(rq, MHD_HTTP_PRECONDITION_FAILED, "version_mismatch",
                            "If-None-Match: * does not hold, it is there.");
        return false;
    }
    if (h->if_none_match)
        (void)reply_invalid_field(rq, "If-None-Match", "unknown", "reads have it; here If-Match");
    else if (h->if_match && !rq->route->conditional)
        (void)reply_invalid_field(rq, "If-Match", "unknown", "this route does not take it");
    else
        return true;
    return false;
}

static bool all_pass(struct request *rq, check_fn *const *checks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!checks[i](rq))
            return false;
    return true;
}

/* Who asks is known, or does not matter. */
static enum step handle(struct request *rq)
{
    static check_fn *const checks[] = {role_held, captures_are_ids, own_path, not_too_fast,
                                       conditions_possible};
    if (!all_pass(rq, checks, ARRAY_SIZE(checks)))
        return STEP_DONE;
    rq->prefer =
        prefer_parse(rq->headers.prefer, rq->api->cfg->wait_default_s, rq->api->cfg->wait_max_s);
    return rq->route->handler(rq);
}

static enum step unauthenticated(struct request *rq)
{
    return reply_problem(rq, MHD_HTTP_UNAUTHORIZED, "unauthenticated",
                         "A valid bearer token is needed.");
}

static enum step session_told(struct request *rq)
{
    const struct session_ask *ask = rq->work;
    rq->work = NULL;
    if (ask->job.code == ERR_NOT_FOUND)
        return unauthenticated(rq);
    if (ask->job.code != ERR_OK)
        return reply_err(rq, &ask->job.err);
    rq->identity = ask->who;
    rq->authenticated = true;
    return handle(rq);
}

static enum step authenticate(struct request *rq)
{
    struct session_ask *ask = ARENA_NEW(&rq->arena, struct session_ask);
    struct sessions *sessions = rq->api->sessions;
    switch (sessions_known(sessions, rq->headers.authorization, &rq->identity, ask)) {
    case SESSION_VALID:
        rq->authenticated = true;
        return handle(rq);
    case SESSION_NONE:
        return unauthenticated(rq);
    case SESSION_UNKNOWN:
        break;
    }
    rq->work = ask;
    ask->job.request = rq;
    request_park(rq, session_told);
    sessions_ask(sessions, ask);
    return STEP_PARKED;
}

enum step dispatch(struct request *rq)
{
    static check_fn *const checks[] = {not_draining, body_fits,      method_known,
                                       target_valid, not_the_server, routed};
    if (!all_pass(rq, checks, ARRAY_SIZE(checks)))
        return STEP_DONE;
    enum who who = rq->route->who;
    bool nobody = who == WHO_ANYONE || (who == WHO_MAYBE && !rq->headers.authorization);
    return nobody ? handle(rq) : authenticate(rq);
}

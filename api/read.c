#include "api/read.h"

#include <assert.h>
#include <string.h>

#include "api/api.h"
#include "api/db.h"
#include "api/etag.h"
#include "api/item.h"
#include "api/list_params.h"
#include "api/lookup.h"
#include "api/pool.h"
#include "api/waiters.h"
#include "ops/runtime/metrics.h"
#include "ops/runtime/timeutil.h"

/* ---- one resource, and who may see it */

/* Is it this id, or an array with it? */
static bool member_has(const json_t *o, const char *name, const struct uuid *who)
{
    struct uuid id;
    const json_t *list = name ? json_object_get(o, name) : NULL, *one;
    size_t i;
    if (item_member(o, name, &id))
        return uuid_equal(&id, who);
    json_array_foreach(list, i, one)
    {
        const char *text = json_string_value(one);
        if (text && uuid_parse(text, &id) && uuid_equal(&id, who))
            return true;
    }
    return false;
}

static enum step not_theirs(struct request *rq, const struct access *access)
{
    return reply_problem(rq, MHD_HTTP_FORBIDDEN, access->reason, "This is not yours to see.");
}

/* Who may see it is being asked for. */
struct sight {
    const struct access *access;
    handler_fn *then;
};

static bool named_in(const json_t *o, const struct access *access, const struct uuid *who)
{
    for (size_t i = 0; i < ACCESS_MEMBERS_MAX; i++)
        if (member_has(o, access->members[i], who))
            return true;
    return false;
}

static enum step via_found(struct request *rq)
{
    const struct lookup *via = rq->lookup;
    const struct sight *sight = rq->sight;
    const struct access *access = sight->access;
    if (via->job.code != ERR_OK)
        return reply_err(rq, &via->job.err);
    if (!via->found && item_uncertain(rq, via->caught_up, via->parked, access->via_query))
        return STEP_DONE;
    json_t *owner = via->found ? item_json(via->row.body) : NULL;
    bool ok = member_has(owner, access->via_owner, &rq->identity.user_id);
    json_decref(owner);
    return ok ? sight->then(rq) : not_theirs(rq, access);
}

/* `then` goes on when the caller may see the resource; else the reply is filled in. */
static enum step
see(struct request *rq, const struct access *access, struct bytes body, handler_fn *then)
{
    struct uuid via;
    if (!access)
        return then(rq);
    json_t *o = item_json(body);
    bool theirs = named_in(o, access, &rq->identity.user_id);
    bool asks = !theirs && access->via_query && item_member(o, access->via_member, &via);
    json_decref(o);
    if (theirs)
        return then(rq);
    if (!asks)
        return not_theirs(rq, access);
    struct sight *sight = rq->sight = ARENA_NEW(&rq->arena, struct sight);
    *sight = (struct sight){access, then};
    return item_ask(rq, &rq->arena, rq->route->service, access->via_query, &via, via_found);
}

/* The id in the path; dispatch has checked that it is one. */
static struct uuid first_capture(const struct request *rq)
{
    struct uuid id = uuid_nil;
    bool ok = rq->match.n_captures > 0 && uuid_parse(rq->match.captures[0].value, &id);
    assert(ok);
    return id;
}

/* 404 is a fact only when nothing is uncertain. */
static enum step absent(struct request *rq, bool caught_up, bool parked, const char *what)
{
    if (item_uncertain(rq, caught_up, parked, what))
        return STEP_DONE;
    return reply_problem(rq, MHD_HTTP_NOT_FOUND, "not_found", "There is no such %s.", what);
}

/* ---- waiting for a position */

#define AGAIN_US 100000 /* between two attempts of one read */

static bool after_valid(struct request *rq)
{
    struct err err;
    if (!rq->headers.hirelog_after || position_check(rq->headers.hirelog_after, &err) == ERR_OK)
        return true;
    (void)reply_invalid_field(rq, "Hirelog-After", "format", "<service>/<partition>:<offset>,...");
    return false;
}

/* Where one attempt puts its results: those of a read that may wait are thrown away before the next
 * attempt, so that waiting costs no memory. */
static struct arena *attempt_begin(struct request *rq)
{
    if (!rq->headers.hirelog_after)
        return &rq->arena;
    arena_clear(&rq->scratch);
    rq->reply.position = rq->reply.applied = NULL;
    return &rq->scratch;
}

static struct api_service *own_service(const struct request *rq)
{
    return api_service_find(rq->api, rq->route->service);
}

/* Has the view passed Hirelog-After? */
static bool covers(const struct request *rq, const struct query *q, const char *position)
{
    return !rq->headers.hirelog_after || position_covers(q, position, rq->headers.hirelog_after);
}

/* The pause before the next attempt is as long as the waiting so far, up to AGAIN_US. */
static enum step not_yet(struct request *rq, int64_t epoch, handler_fn *again)
{
    int64_t now = time_monotonic_us(), waited = now - rq->began_us;
    int64_t deadline = rq->began_us + rq->prefer.wait_s * 1000000;
    if (now >= deadline || atomic_load(&rq->api->draining)) {
        metric_add(own_service(rq)->reads_late, 1);
        return reply_unavailable(rq, "The view has not come that far yet.");
    }
    struct read_wait *w = ARENA_NEW(&rq->scratch, struct read_wait);
    *w = (struct read_wait){
        .request = rq,
        .epoch = epoch,
        .not_before_us = now + (waited < AGAIN_US ? waited : AGAIN_US),
        .deadline_us = deadline,
    };
    struct waiters *waiters = own_service(rq)->waiters;
    request_park(rq, again);
    waiters_add_read(waiters, w);
    return STEP_PARKED;
}

static int64_t epoch_now(const struct request *rq)
{
    return waiters_epoch(own_service(rq)->waiters);
}

static void facts(struct request *rq, const char *position)
{
    char applied[PREFER_APPLIED_MAX];
    rq->reply.position = position;
    if (rq->headers.hirelog_after && prefer_applied(&rq->prefer, applied))
        rq->reply.applied = arena_strdup(&rq->scratch, applied);
}

static void waited(const struct request *rq)
{
    if (rq->headers.hirelog_after)
        metric_observe_us(own_service(rq)->read_wait, time_monotonic_us() - rq->began_us);
}

static enum step shown(struct request *rq, const char *etag, struct bytes body)
{
    rq->reply.etag = etag;
    return reply_json(rq, MHD_HTTP_OK, body);
}

/* A read of one resource on its way: of one attempt. */
struct item_work {
    const struct lookup *found;
    int64_t epoch; /* before the look-up */
};

static enum step item_shown(struct request *rq)
{
    const struct lookup *found = ((const struct item_work *)rq->work)->found;
    if (!found->found || found->parked) /* what the view has of a parked one may be wrong */
        return absent(rq, found->caught_up, found->parked, rq->route->resource);
    struct bytes body = found->row.body;
    return shown(rq, item_etag(found->query, &rq->arena, found->row.version, body), body);
}

static enum step item_read(struct request *rq);

static enum step item_found(struct request *rq)
{
    struct item_work *w = rq->work;
    const struct lookup *found = w->found = rq->lookup;
    if (found->job.code != ERR_OK)
        return reply_err(rq, &found->job.err);
    facts(rq, found->position);
    if (!covers(rq, found->query, found->position))
        return not_yet(rq, w->epoch, item_read);
    waited(rq);
    return found->found ? see(rq, rq->route->access, found->row.body, item_shown) : item_shown(rq);
}

static enum step item_read(struct request *rq)
{
    const struct route *route = rq->route;
    struct arena *a = attempt_begin(rq);
    struct item_work *w = rq->work = ARENA_NEW(a, struct item_work);
    struct uuid id = route->actor_arg ? rq->identity.user_id : first_capture(rq);
    w->epoch = epoch_now(rq);
    return item_ask(rq, a, route->service, route->query, &id, item_found);
}

enum step read_item(struct request *rq)
{
    return after_valid(rq) ? item_read(rq) : STEP_DONE;
}

/* ---- pages */

/* What was asked for, checked once, and what came of the last attempt: a list that waits for its
 * position is asked for again. */
struct list {
    struct pool_job job;
    const struct query *query;
    struct list_params params;
    int64_t epoch; /* before the attempt */
    enum err_code code;
    struct err err; /* unless code is ERR_OK */
    const char *position;
    bool covered, empty, caught_up; /* covered: it has passed Hirelog-After */
    struct bytes body;              /* when it is covered */
};

/* Arguments that the caller did not write: path, caller, the page. */
static void args_complete(struct request *rq, struct list *l)
{
    struct arena *a = &rq->arena;
    struct list_params *p = &l->params;
    for (size_t i = 0; i < rq->match.n_captures; i++) {
        const struct capture *c = &rq->match.captures[i];
        struct uuid id;
        bool ok = uuid_parse(c->value, &id);
        assert(ok);
        list_params_add(p, arena_strndup(a, c->name, c->name_len), pg_p_uuid(a, &id));
    }
    if (rq->route->actor_arg)
        list_params_add(p, rq->route->actor_arg, pg_p_uuid(a, &rq->identity.user_id));
    if (query_takes(l->query, ITEM_READER))
        list_params_add(p, ITEM_READER, pg_p_uuid(a, &rq->identity.user_id));
    if (p->has_cursor) {
        list_params_add(p, "cursor_time", pg_p_time(a, p->cursor.created_at));
        list_params_add(p, "cursor_id", pg_p_uuid(a, &p->cursor.id));
    }
    if (p->has_cursor && p->cursor.ranked)
        list_params_add(p, "cursor_rank", pg_p_int8(a, p->cursor.rank));
    list_params_add(p, "backward", pg_p_bool(a, p->cursor.backward));
    list_params_add(p, "page_limit",
                    pg_p_int8(a, p->page_size + 1)); /* one more tells whether there is more */
}

static bool list_parse(struct request *rq, struct list **ret)
{
    const struct route *route = rq->route;
    struct list *l = ARENA_NEW(&rq->arena, struct list);
    struct list_params *p = &l->params;
    struct field_errors *errors = ARENA_NEW(&rq->arena, struct field_errors);
    list_params_read(route->filters, &rq->url, &rq->arena, p, errors);
    bool search = route->search && p->searching;
    l->query = query_find(route->service, search ? route->search : route->query);
    if (p->has_cursor && p->cursor.ranked != query_ranked(l->query))
        field_errors_add(errors, &rq->arena, "cursor", "format", "of another list");
    if (errors->n > 0) {
        (void)reply_invalid(rq, errors);
        return false;
    }
    list_params_keep(p, l->query);
    args_complete(rq, l);
    *ret = l;
    return true;
}

/* This list's address with another cursor, as JSON; null without one. */
static const char *page_url(struct request *rq, const struct cursor *c)
{
    if (!c)
        return "null";
    struct arena *a = &rq->arena;
    const char *query = "";
    for (size_t i = 0; i < rq->url.n_params; i++) {
        const struct url_param *p = &rq->url.params[i];
        if (strcmp(p->name, "cursor") != 0)
            query =
                arena_printf(a, "%s%s=%s&", query, url_encode(a, p->name), url_encode(a, p->value));
    }
    return arena_printf(a, "\"%s?%scursor=%s\"", rq->url.path, query, cursor_format(a, c));
}

/* A page of rows, newest first, and where the neighbours begin. */
struct page {
    const struct query_row *rows;
    size_t n;
    const struct cursor *next, *previous; /* NULL = none */
};

static const struct cursor *
cursor_at(struct arena *a, const struct list *l, const struct query_row *row, bool backward)
{
    struct cursor *c = ARENA_NEW(a, struct cursor);
    *c = (struct cursor){
        .created_at = row->created_at,
        .id = row->id,
        .backward = backward,
        .ranked = query_ranked(l->query),
        .rank = row->rank,
    };
    return c;
}

/* The place right beside that of a cursor, so that a walk the other way begins with the row there. */
static void id_step(struct uuid *id, bool up)
{
    for (size_t i = sizeof(id->b); i-- > 0;) {
        id->b[i] = (uint8_t)(up ? id->b[i] + 1 : id->b[i] - 1);
        if (id->b[i] != (up ? 0x00 : 0xff))
            break;
    }
}

/* The way back from a page that has no rows (any more). */
static const struct cursor *cursor_back(struct arena *a, const struct cursor *came)
{
    struct cursor *c = ARENA_NEW(a, struct cursor);
    *c = *came;
    c->backward = !came->backward;
    id_step(&c->id, !c->backward);
    return c;
}

static void rows_reverse(struct query_row *rows, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct query_row row = rows[i];
        rows[i] = rows[n - 1 - i];
        rows[n - 1 - i] = row;
    }
}

/* The row too many tells whether there is more in the direction of the walk; behind it there is
 * what it came from. */
static struct page page_cut(struct arena *a, const struct list *l, const struct query_result *r)
{
    const struct list_params *asked = &l->params;
    bool more = r->n > (size_t)asked->page_size, backward = asked->cursor.backward;
    struct page p = {.rows = r->rows, .n = more ? (size_t)asked->page_size : r->n};
    bool newer = backward ? more : asked->has_cursor, older = backward || more;
    if (backward)
        rows_reverse(r->rows, p.n); /* they came oldest first */
    if (p.n > 0) {
        p.previous = newer ? cursor_at(a, l, &p.rows[0], true) : NULL;
        p.next = older ? cursor_at(a, l, &p.rows[p.n - 1], false) : NULL;
    } else if (asked->has_cursor) {
        const struct cursor *back = cursor_back(a, &asked->cursor);
        p.previous = backward ? NULL : back;
        p.next = backward ? back : NULL;
    }
    return p;
}

static struct bytes page_json(struct request *rq, const struct page *p)
{
    const char *head = arena_printf(&rq->arena, "{\"next\":%s,\"previous\":%s,\"results\":[",
                                    page_url(rq, p->next), page_url(rq, p->previous));
    size_t len = strlen(head) + 2;
    for (size_t i = 0; i < p->n; i++)
        len += p->rows[i].body.len + 1;
    char *out = arena_alloc(&rq->arena, len + 1), *at = out;
    at = mempcpy(at, head, strlen(head));
    for (size_t i = 0; i < p->n; i++) {
        if (i > 0)
            *at++ = ',';
        at = mempcpy(at, p->rows[i].body.data, p->rows[i].body.len);
    }
    at = mempcpy(at, "]}", 2);
    return (struct bytes){(const uint8_t *)out, (size_t)(at - out)};
}

static struct uuid parent_id(const struct request *rq)
{
    struct uuid id = uuid_nil;
    const char *param = rq->route->parent->param;
    if (!param)
        return first_capture(rq);
    const char *text = url_param(&rq->url, param); /* a required filter: it was looked at */
    bool ok = text && uuid_parse(text, &id);
    assert(ok);
    return id;
}

/* That there is nothing is a fact only when the view has caught up (V2); what there is may be shown
 * before. */
static enum step list_shown(struct request *rq)
{
    const struct list *l = rq->work;
    if (l->empty && item_uncertain(rq, l->caught_up, false, rq->route->resource))
        return STEP_DONE;
    return shown(rq, etag_hash(&rq->arena, l->body), l->body);
}

static enum step parent_found(struct request *rq)
{
    const struct parent *parent = rq->route->parent;
    const struct lookup *found = rq->lookup;
    if (found->job.code != ERR_OK)
        return reply_err(rq, &found->job.err);
    if (!found->found)
        return absent(rq, found->caught_up, found->parked, parent->query);
    return see(rq, &parent->access, found->row.body, list_shown);
}

/* The resource that the list belongs to says whether the caller may see it. */
static enum step list_see(struct request *rq)
{
    const struct parent *parent = rq->route->parent;
    if (!parent)
        return list_shown(rq);
    struct uuid id = parent_id(rq);
    return item_ask(rq, &rq->arena, rq->route->service, parent->query, &id, parent_found);
}

/* In a thread of the pool: a search may take long, and others' connections do not wait for it. */
static void list_work(struct pool_job *job)
{
    struct list *l = (struct list *)job;
    struct request *rq = job->request;
    struct query_result r;
    l->code = db_query(own_service(rq), l->query, l->params.args, l->params.n_args,
                       attempt_begin(rq), &r, &l->err);
    job->held_up = l->code == ERR_UNAVAILABLE;
    if (l->code != ERR_OK)
        return;
    l->position = r.position;
    l->covered = covers(rq, l->query, r.position);
    if (!l->covered)
        return;
    struct page page = page_cut(&rq->arena, l, &r);
    l->body = page_json(rq, &page); /* before the next statement takes the rows away */
    l->empty = page.n == 0;
    l->caught_up = r.caught_up;
}

static enum step list_ask(struct request *rq);

static enum step list_found(struct request *rq)
{
    const struct list *l = rq->work;
    if (l->job.refused)
        return reply_unavailable(rq, "Too many lists are asked for at the moment.");
    if (l->code != ERR_OK)
        return reply_err(rq, &l->err);
    facts(rq, l->position);
    if (!l->covered)
        return not_yet(rq, l->epoch, list_ask);
    waited(rq);
    return list_see(rq);
}

static enum step list_ask(struct request *rq)
{
    struct list *l = rq->work;
    struct pool *pool = own_service(rq)->pool;
    l->job = (struct pool_job){.work = list_work, .request = rq, .kind = l->query};
    l->epoch = epoch_now(rq);
    request_park(rq, list_found);
    pool_submit(pool, &l->job);
    return STEP_PARKED;
}

enum step read_list(struct request *rq)
{
    struct list *l = NULL;
    if (!after_valid(rq) || !list_parse(rq, &l))
        return STEP_DONE;
    rq->work = l;
    return list_ask(rq);
}

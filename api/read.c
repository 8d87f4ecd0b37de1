#include "api/read.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/cursor.h"
#include "api/db.h"
#include "api/etag.h"
#include "api/lookup.h"
#include "api/waiters.h"
#include "ops/runtime/timeutil.h"

/* ---- one resource, and who may see it */

static struct query_arg ids_arg(struct arena *a, const struct uuid *id)
{
    struct pg_param p = pg_p_uuid(a, id);
    return (struct query_arg){"ids", pg_p_array(a, PG_UUID_ARRAY, &p, 1)};
}

static enum err_code item_find(struct request *rq,
                               const char *query,
                               const struct uuid *id,
                               struct query_result *ret,
                               struct err *err)
{
    struct api_service *s = api_service_find(rq->api, rq->route->service);
    struct query_arg arg = ids_arg(&rq->arena, id);
    TRY(db_query(s, query_find(rq->route->service, query), &arg, 1, &rq->arena, ret, err));
    for (size_t i = 0; i < ret->n;
         i++) /* the answer outlives the result, which the next request of this thread replaces */
        ret->rows[i].body = arena_bytes(&rq->arena, ret->rows[i].body.data, ret->rows[i].body.len);
    return ERR_OK;
}

static bool member_uuid(const json_t *o, const char *name, struct uuid *ret)
{
    const char *text = name ? json_string_value(json_object_get(o, name)) : NULL;
    return text && uuid_parse(text, ret);
}

static bool member_is(const json_t *o, const char *name, const struct uuid *who)
{
    struct uuid id;
    return member_uuid(o, name, &id) && uuid_equal(&id, who);
}

/* Is the caller in the resource that this one points to? ERR_REJECTED: no; anything else than
 * ERR_OK: nobody can tell now. */
static enum err_code
visible_via(struct request *rq, const struct access *access, const json_t *o, struct err *err)
{
    struct uuid id;
    struct query_result r;
    if (!access->via_query || !member_uuid(o, access->via_member, &id))
        return err_set(err, ERR_REJECTED, "not a party");
    TRY(item_find(rq, access->via_query, &id, &r, err));
    if (r.n == 0 && !r.caught_up)
        return err_set(err, ERR_UNAVAILABLE, "%s is still catching up", access->via_query);
    json_t *owner =
        r.n ? json_loadb((const char *)r.rows[0].body.data, r.rows[0].body.len, 0, NULL) : NULL;
    bool ok = member_is(owner, access->via_owner, &rq->identity.user_id);
    json_decref(owner);
    return ok ? ERR_OK : err_set(err, ERR_REJECTED, "not a party");
}

/* False: the reply is filled in. */
static bool visible(struct request *rq, const struct access *access, struct bytes body)
{
    struct err err;
    if (!access)
        return true;
    json_t *o = json_loadb((const char *)body.data, body.len, 0, NULL);
    bool ok = false;
    for (size_t i = 0; i < ACCESS_MEMBERS_MAX && !ok; i++)
        ok = member_is(o, access->members[i], &rq->identity.user_id);
    enum err_code code = ok ? ERR_OK : visible_via(rq, access, o, &err);
    json_decref(o);
    if (code == ERR_REJECTED)
        (void)reply_problem(rq, MHD_HTTP_FORBIDDEN, access->reason, "This is not yours to see.");
    else if (code != ERR_OK)
        (void)reply_err(rq, &err);
    return code == ERR_OK;
}

/* The id in the path; dispatch has checked that it is one. */
static struct uuid first_capture(const struct request *rq)
{
    struct uuid id = uuid_nil;
    bool ok = rq->match.n_captures > 0 && uuid_parse(rq->match.captures[0].value, &id);
    assert(ok);
    return id;
}

/* 404 is a fact only when the view has caught up (V2). */
static enum step absent(struct request *rq, const struct query_result *r, const char *what)
{
    if (!r->caught_up)
        return reply_unavailable(rq, "The view is still catching up.");
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

/* Has the view passed Hirelog-After? */
static bool fresh(const struct request *rq, const struct query_result *r)
{
    return !rq->headers.hirelog_after ||
           position_covers(query_find(rq->route->service, rq->route->query), r->position,
                           rq->headers.hirelog_after);
}

/* The pause before the next attempt is as long as the waiting so far, up to AGAIN_US. */
static enum step not_yet(struct request *rq, int64_t epoch, handler_fn *again)
{
    int64_t now = time_monotonic_us(), waited = now - rq->began_us;
    int64_t deadline = rq->began_us + rq->prefer.wait_s * 1000000;
    if (now >= deadline || atomic_load(&rq->api->draining))
        return reply_unavailable(rq, "The view has not come that far yet.");
    struct read_wait *w = ARENA_NEW(&rq->scratch, struct read_wait);
    *w = (struct read_wait){
        .request = rq,
        .epoch = epoch,
        .not_before_us = now + (waited < AGAIN_US ? waited : AGAIN_US),
        .deadline_us = deadline,
    };
    struct waiters *waiters = api_service_find(rq->api, rq->route->service)->waiters;
    request_park(rq, again);
    waiters_add_read(waiters, w);
    return STEP_PARKED;
}

static int64_t epoch_now(const struct request *rq)
{
    return waiters_epoch(api_service_find(rq->api, rq->route->service)->waiters);
}

static void facts(struct request *rq, const struct query_result *r)
{
    char applied[PREFER_APPLIED_MAX];
    rq->reply.position = r->position;
    if (rq->headers.hirelog_after && prefer_applied(&rq->prefer, applied))
        rq->reply.applied = arena_strdup(&rq->scratch, applied);
}

static enum step shown(struct request *rq, const char *etag, struct bytes body)
{
    rq->reply.etag = etag;
    if (etag_none_match_hits(rq->headers.if_none_match, etag))
        return reply_empty(rq, MHD_HTTP_NOT_MODIFIED);
    return reply_json(rq, MHD_HTTP_OK, body);
}

/* A read of one resource on its way: of one attempt. */
struct item_work {
    struct lookup lookup;
    int64_t epoch; /* before the look-up */
};

static enum step item_ask(struct request *rq);

static enum step item_found(struct request *rq)
{
    const struct route *route = rq->route;
    struct item_work *w = rq->work;
    const struct lookup *found = &w->lookup;
    struct query_result r = {.position = found->position, .caught_up = found->caught_up};
    if (found->code != ERR_OK)
        return reply_err(rq, &found->err);
    facts(rq, &r);
    if (!fresh(rq, &r))
        return not_yet(rq, w->epoch, item_ask);
    if (!found->found)
        return absent(rq, &r, route->resource);
    if (!visible(rq, route->access, found->row.body))
        return STEP_DONE;
    return shown(rq, etag_version(&rq->arena, found->row.version), found->row.body);
}

static enum step item_ask(struct request *rq)
{
    const struct route *route = rq->route;
    struct arena *a = attempt_begin(rq);
    struct item_work *w = rq->work = ARENA_NEW(a, struct item_work);
    struct lookups *lookups = api_service_find(rq->api, route->service)->lookups;
    w->epoch = epoch_now(rq);
    w->lookup = (struct lookup){
        .request = rq,
        .arena = a,
        .query = query_find(route->service, route->query),
        .id = route->actor_arg ? rq->identity.user_id : first_capture(rq),
    };
    request_park(rq, item_found);
    lookups_submit(lookups, &w->lookup);
    return STEP_PARKED;
}

enum step read_item(struct request *rq)
{
    return after_valid(rq) ? item_ask(rq) : STEP_DONE;
}

/* ---- pages */

#define LIST_ARGS_MAX 16

/* What was asked for, checked once; a list that waits for its position runs it again. */
struct list {
    struct query_arg args[LIST_ARGS_MAX];
    size_t n_args;
    int64_t page_size;
    bool has_cursor;
    struct cursor cursor;
};

static void arg_add(struct list *l, const char *name, struct pg_param value)
{
    assert(l->n_args < LIST_ARGS_MAX);
    l->args[l->n_args++] = (struct query_arg){name, value};
}

static const struct filter *filter_find(const struct route *r, const char *name)
{
    for (const struct filter *f = r->filters; f && f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

static bool symbol_valid(const struct enum_type *e, const char *text)
{
    for (size_t i = 0; i < e->n_symbols; i++)
        if (strcmp(e->symbols[i], text) == 0)
            return true;
    return false;
}

static void filter_take(struct request *rq,
                        struct list *l,
                        const struct filter *f,
                        const char *value,
                        struct field_errors *errors)
{
    struct uuid id;
    if (f->kind == FILTER_ENUM && symbol_valid(f->enums, value))
        arg_add(l, f->name, pg_p_text(&rq->arena, value));
    else if (f->kind == FILTER_UUID && uuid_parse(value, &id))
        arg_add(l, f->name, pg_p_uuid(&rq->arena, &id));
    else
        field_errors_add(errors, &rq->arena, f->name, f->kind == FILTER_UUID ? "format" : "range",
                         f->kind == FILTER_UUID ? "a UUID" : "not a word that is known here");
}

static bool page_size_parse(const char *text, int64_t *ret)
{
    size_t len = strlen(text);
    if (len == 0 || len > 3 || text[strspn(text, "0123456789")] != '\0')
        return false;
    *ret = strtoll(text, NULL, 10);
    return *ret >= 1 && *ret <= PAGE_SIZE_MAX;
}

static void param_take(struct request *rq,
                       struct list *l,
                       const struct url_param *p,
                       struct field_errors *errors)
{
    const struct filter *f = filter_find(rq->route, p->name);
    if (f)
        filter_take(rq, l, f, p->value, errors);
    else if (strcmp(p->name, "page_size") == 0 && !page_size_parse(p->value, &l->page_size))
        field_errors_add(errors, &rq->arena, p->name, "range", "1 to 100");
    else if (strcmp(p->name, "cursor") == 0 &&
             !(l->has_cursor = cursor_parse(p->value, &l->cursor)))
        field_errors_add(errors, &rq->arena, p->name, "format", "not a cursor of ours");
    else if (strcmp(p->name, "page_size") != 0 && strcmp(p->name, "cursor") != 0)
        field_errors_add(errors, &rq->arena, p->name, "unknown", "no such parameter");
}

static void params_take(struct request *rq, struct list *l, struct field_errors *errors)
{
    const struct url *u = &rq->url;
    for (size_t i = 0; i < u->n_params; i++) {
        bool again = false;
        for (size_t k = 0; k < i && !again; k++)
            again = strcmp(u->params[k].name, u->params[i].name) == 0;
        if (again)
            field_errors_add(errors, &rq->arena, u->params[i].name, "duplicate", "there twice");
        else
            param_take(rq, l, &u->params[i], errors);
    }
}

/* Arguments that the caller did not write: path, caller, what a filter is by default, the page. */
static void args_complete(struct request *rq, struct list *l)
{
    struct arena *a = &rq->arena;
    for (size_t i = 0; i < rq->match.n_captures; i++) {
        const struct capture *c = &rq->match.captures[i];
        struct uuid id;
        bool ok = uuid_parse(c->value, &id);
        assert(ok);
        arg_add(l, arena_strndup(a, c->name, c->name_len), pg_p_uuid(a, &id));
    }
    if (rq->route->actor_arg)
        arg_add(l, rq->route->actor_arg, pg_p_uuid(a, &rq->identity.user_id));
    for (const struct filter *f = rq->route->filters; f && f->name; f++)
        if (f->standard && !url_param(&rq->url, f->name))
            arg_add(l, f->name, pg_p_text(a, f->standard));
    if (l->has_cursor) {
        arg_add(l, "cursor_time", pg_p_time(a, l->cursor.created_at));
        arg_add(l, "cursor_id", pg_p_uuid(a, &l->cursor.id));
    }
    arg_add(l, "backward", pg_p_bool(a, l->cursor.backward));
    arg_add(l, "page_limit",
            pg_p_int8(a, l->page_size + 1)); /* one more tells whether there is more */
}

static bool list_parse(struct request *rq, struct list **ret)
{
    struct list *l = ARENA_NEW(&rq->arena, struct list);
    struct field_errors *errors = ARENA_NEW(&rq->arena, struct field_errors);
    l->page_size = PAGE_SIZE_DEFAULT;
    params_take(rq, l, errors);
    if (errors->n > 0) {
        (void)reply_invalid(rq, errors);
        return false;
    }
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

static const struct cursor *cursor_at(struct arena *a, const struct query_row *row, bool backward)
{
    struct cursor *c = ARENA_NEW(a, struct cursor);
    *c = (struct cursor){.created_at = row->created_at, .id = row->id, .backward = backward};
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
    bool more = r->n > (size_t)l->page_size, backward = l->cursor.backward;
    struct page p = {.rows = r->rows, .n = more ? (size_t)l->page_size : r->n};
    bool newer = backward ? more : l->has_cursor, older = backward || more;
    if (backward)
        rows_reverse(r->rows, p.n); /* they came oldest first */
    if (p.n > 0) {
        p.previous = newer ? cursor_at(a, &p.rows[0], true) : NULL;
        p.next = older ? cursor_at(a, &p.rows[p.n - 1], false) : NULL;
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

/* The resource that the list belongs to. False: the reply is filled in. */
static bool parent_allows(struct request *rq)
{
    const struct parent *parent = rq->route->parent;
    struct query_result r;
    struct err err;
    if (!parent)
        return true;
    struct uuid id = first_capture(rq);
    if (item_find(rq, parent->query, &id, &r, &err) != ERR_OK)
        (void)reply_err(rq, &err);
    else if (r.n == 0)
        (void)absent(rq, &r, parent->query);
    else
        return visible(rq, &parent->access, r.rows[0].body);
    return false;
}

static enum step list_run(struct request *rq)
{
    struct list *l = rq->work;
    struct query_result r;
    struct err err;
    struct api_service *s = api_service_find(rq->api, rq->route->service);
    int64_t epoch = epoch_now(rq);
    const struct query *q = query_find(rq->route->service, rq->route->query);
    if (db_query(s, q, l->args, l->n_args, attempt_begin(rq), &r, &err) != ERR_OK)
        return reply_err(rq, &err);
    facts(rq, &r);
    if (!fresh(rq, &r))
        return not_yet(rq, epoch, list_run);
    struct page page = page_cut(&rq->arena, l, &r);
    struct bytes body = page_json(rq, &page);
    if (!parent_allows(rq))
        return STEP_DONE;
    return shown(rq, etag_hash(&rq->arena, body), body);
}

enum step read_list(struct request *rq)
{
    struct list *l = NULL;
    if (!after_valid(rq) || !list_parse(rq, &l))
        return STEP_DONE;
    rq->work = l;
    return list_run(rq);
}

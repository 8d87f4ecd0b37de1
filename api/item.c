#include "api/item.h"

#include "api/api.h"
#include "api/etag.h"
#include "api/lookup.h"
#include "api/request.h"
#include "api/row_index.h"

struct uuid item_reader(const struct query *q, const struct uuid *reader)
{
    return query_takes(q, ITEM_READER) ? *reader : uuid_nil;
}

size_t item_args(const struct query *q,
                 const struct uuid *ids,
                 size_t n,
                 const struct uuid *reader,
                 struct arena *a,
                 struct query_arg ret[ITEM_ARGS_MAX])
{
    ret[0] = (struct query_arg){"ids", uuids_param(a, ids, n)};
    if (!query_takes(q, ITEM_READER))
        return 1;
    ret[1] = (struct query_arg){ITEM_READER, pg_p_uuid(a, reader)};
    return 2;
}

enum step item_ask(struct request *rq,
                   struct arena *a,
                   const char *service,
                   const char *query,
                   const struct uuid *id,
                   handler_fn *then)
{
    const struct query *q = query_find(service, query);
    struct lookups *lookups = api_service_find(rq->api, service)->lookups;
    struct lookup *l = rq->lookup = ARENA_NEW(a, struct lookup);
    *l = (struct lookup){
        .job = {.request = rq},
        .arena = a,
        .query = q,
        .id = *id,
        .reader = item_reader(q, &rq->identity.user_id),
    };
    request_park(rq, then);
    lookups_submit(lookups, l);
    return STEP_PARKED;
}

bool item_uncertain(struct request *rq, bool caught_up, bool parked, const char *what)
{
    if (parked)
        (void)reply_problem(rq, MHD_HTTP_CONFLICT, "parked",
                            "This %s cannot be shown until an operator has looked at it.", what);
    else if (!caught_up)
        (void)reply_unavailable(rq, "The view is still catching up.");
    return parked || !caught_up;
}

char *item_etag(const struct query *q, struct arena *a, int64_t version, struct bytes body)
{
    return query_summed(q) ? etag_summed(a, version, body) : etag_version(a, version);
}

json_t *item_json(struct bytes body)
{
    return json_loadb((const char *)body.data, body.len, 0, NULL);
}

bool item_member(const json_t *o, const char *name, struct uuid *ret)
{
    const char *text = name ? json_string_value(json_object_get(o, name)) : NULL;
    return text && uuid_parse(text, ret);
}

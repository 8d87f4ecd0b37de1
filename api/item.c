#include "api/item.h"

#include "api/api.h"
#include "api/db.h"
#include "api/etag.h"
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

enum err_code item_find(struct request *rq,
                        const char *service,
                        const char *query,
                        const struct uuid *id,
                        struct query_result *ret,
                        struct err *err)
{
    struct query_arg args[ITEM_ARGS_MAX];
    const struct query *q = query_find(service, query);
    size_t n = item_args(q, id, 1, &rq->identity.user_id, &rq->arena, args);
    TRY(db_query(api_service_find(rq->api, service), q, args, n, &rq->arena, ret, err));
    for (size_t i = 0; i < ret->n;
         i++) /* the answer outlives the result, which the next request of this thread replaces */
        ret->rows[i].body = arena_bytes(&rq->arena, ret->rows[i].body.data, ret->rows[i].body.len);
    return ERR_OK;
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

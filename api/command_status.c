/* command_status.c - GET /api/commands/{command_id}/: what became of a command, for its sender
 * only. */
#include <inttypes.h>
#include <string.h>

#include "api/api.h"
#include "api/api_sql.h"
#include "api/db.h"
#include "api/handlers.h"
#include "api/item.h"
#include "api/request.h"

enum column {
    DECIDED,
    PENDING,
    SENDER,
    REJECTED,
    REASON,
    AGGREGATE_ID,
    PARTITION,
    NEXT_EVENT,
    LANE_BEHIND
};

/* What one service knows of it; copied out of the result. */
struct status {
    bool decided, pending, rejected, lane_behind;
    struct uuid sender, aggregate_id;
    const char *reason;
    int64_t partition, next_event;
};

static enum err_code status_read(struct request *rq,
                                 struct api_service *s,
                                 const struct uuid *id,
                                 struct status *ret,
                                 struct err *err)
{
    const PGresult *r = NULL;
    struct pg_param p = pg_p_uuid(&rq->arena, id);
    TRY(db_exec(s, api_sql(API_COMMAND_FIND), &p, 1, &r, err));
    *ret = (struct status){
        .decided = pg_get_bool(r, 0, DECIDED),
        .pending = pg_get_bool(r, 0, PENDING),
        .rejected = pg_get_bool(r, 0, REJECTED),
        .reason = arena_strdup(&rq->arena, pg_get_text(r, 0, REASON)),
        .lane_behind = pg_get_bool(r, 0, LANE_BEHIND),
    };
    if (!pg_is_null(r, 0, SENDER))
        ret->sender = pg_get_uuid(r, 0, SENDER);
    if (!pg_is_null(r, 0, AGGREGATE_ID))
        ret->aggregate_id = pg_get_uuid(r, 0, AGGREGATE_ID);
    if (ret->decided) {
        ret->partition = pg_get_int8(r, 0, PARTITION);
        ret->next_event = pg_get_int8(r, 0, NEXT_EVENT);
    }
    return ERR_OK;
}

/* An anonymous command is found by its id alone; a person's only by that person. */
static bool is_senders(const struct request *rq, const struct status *st)
{
    return uuid_is_nil(&st->sender) ||
           (rq->authenticated && uuid_equal(&st->sender, &rq->identity.user_id));
}

/* The address of the service's item that has this id. NULL = none to show. */
static const char *item_location(struct request *rq, struct api_service *s, const struct uuid *id)
{
    char text[UUID_TEXT_LEN + 1];
    struct query_result r;
    struct err err;
    uuid_format(id, text);
    for (size_t i = 0; i < n_routes; i++) {
        const struct route *route = &routes[i];
        if (!route->location || strcmp(route->service, s->service->name) != 0)
            continue;
        if (item_find(rq, route->service, route->query, id, &r, &err) == ERR_OK && r.n == 1)
            return arena_printf(&rq->arena, "%s%s/", route->location, text);
    }
    return NULL;
}

/* Where what the command made or changed is: it has the command's own id, or is what its first event
 * is about. */
static const char *location_find(struct request *rq,
                                 struct api_service *s,
                                 const struct uuid *command_id,
                                 const struct uuid *aggregate_id)
{
    const char *made = item_location(rq, s, command_id);
    return made || uuid_equal(command_id, aggregate_id) ? made : item_location(rq, s, aggregate_id);
}

static const char *optional_member(struct arena *a, const char *name, const char *value)
{
    return value && *value ? arena_printf(a, ",\"%s\":\"%s\"", name, value) : "";
}

static enum step status_show(struct request *rq,
                             struct api_service *s,
                             const struct uuid *command_id,
                             const struct status *st)
{
    struct arena *a = &rq->arena;
    char id[UUID_TEXT_LEN + 1];
    uuid_format(command_id, id);
    const char *word = !st->decided ? "pending" : st->rejected ? "rejected" : "applied";
    const char *location = NULL;
    if (st->decided) {
        rq->reply.position = arena_printf(a, "%s/%" PRId64 ":%" PRId64, s->service->name,
                                          st->partition, st->next_event);
        location = st->rejected ? NULL : location_find(rq, s, command_id, &st->aggregate_id);
    }
    const char *body = arena_printf(a, "{\"id\":\"%s\",\"status\":\"%s\"%s%s%s}", id, word,
                                    optional_member(a, "reason", st->reason),
                                    optional_member(a, "location", location),
                                    optional_member(a, "position", rq->reply.position));
    return reply_json(rq, MHD_HTTP_OK, (struct bytes){(const uint8_t *)body, strlen(body)});
}

enum step command_status(struct request *rq)
{
    struct uuid id = request_capture_uuid(rq, "command_id");
    bool behind = false;
    for (size_t i = 0; i < rq->api->n_services; i++) {
        struct status st;
        struct err err;
        if (status_read(rq, &rq->api->services[i], &id, &st, &err) != ERR_OK)
            return reply_err(rq, &err);
        behind |= st.lane_behind;
        if ((st.decided || st.pending) && is_senders(rq, &st))
            return status_show(rq, &rq->api->services[i], &id, &st);
    }
    if (behind)
        return reply_unavailable(rq, "The view is still catching up.");
    return reply_problem(rq, MHD_HTTP_NOT_FOUND, "not_found", "There is no such command of yours.");
}

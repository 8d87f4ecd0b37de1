/* command_status.c - GET /api/commands/{command_id}/: what became of a command, for its sender
 * only. */
#include <inttypes.h>
#include <string.h>

#include "api/api.h"
#include "api/api_sql.h"
#include "api/db.h"
#include "api/errand.h"
#include "api/handlers.h"
#include "api/item.h"
#include "api/lookup.h"
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

/* A status on its way: what one service knows of the command, and where what it made may be. */
struct status {
    struct uuid command_id;
    size_t service; /* that is asked, or knows it */
    bool behind;    /* one that was asked may not know yet */
    bool decided, pending, rejected, lane_behind;
    struct uuid sender, aggregate_id;
    const char *reason;
    int64_t partition, next_event;
    size_t route;   /* whose item is looked for */
    bool by_events; /* by the aggregate's id; before, by the command's own */
};

static struct api_service *asked_service(const struct request *rq)
{
    return &rq->api->services[((const struct status *)rq->work)->service];
}

/* Fills in what comes from the row; in a thread of the pool. */
static enum err_code status_read(struct request *rq, struct err *err)
{
    struct status *st = rq->work;
    const PGresult *r = NULL;
    struct pg_param p = pg_p_uuid(&rq->arena, &st->command_id);
    TRY(db_exec(asked_service(rq), api_sql(API_COMMAND_FIND), &p, 1, &r, err));
    st->decided = pg_get_bool(r, 0, DECIDED);
    st->pending = pg_get_bool(r, 0, PENDING);
    st->rejected = pg_get_bool(r, 0, REJECTED);
    st->reason = arena_strdup(&rq->arena, pg_get_text(r, 0, REASON));
    st->lane_behind = pg_get_bool(r, 0, LANE_BEHIND);
    st->sender = pg_is_null(r, 0, SENDER) ? uuid_nil : pg_get_uuid(r, 0, SENDER);
    st->aggregate_id = pg_is_null(r, 0, AGGREGATE_ID) ? uuid_nil : pg_get_uuid(r, 0, AGGREGATE_ID);
    if (st->decided) {
        st->partition = pg_get_int8(r, 0, PARTITION);
        st->next_event = pg_get_int8(r, 0, NEXT_EVENT);
    }
    return ERR_OK;
}

/* An anonymous command is found by its id alone; a person's only by that person. */
static bool is_senders(const struct request *rq, const struct status *st)
{
    return uuid_is_nil(&st->sender) ||
           (rq->authenticated && uuid_equal(&st->sender, &rq->identity.user_id));
}

static const char *optional_member(struct arena *a, const char *name, const char *value)
{
    return value && *value ? arena_printf(a, ",\"%s\":\"%s\"", name, value) : "";
}

static enum step status_show(struct request *rq, const char *location)
{
    const struct status *st = rq->work;
    struct arena *a = &rq->arena;
    char id[UUID_TEXT_LEN + 1];
    uuid_format(&st->command_id, id);
    const char *word = !st->decided ? "pending" : st->rejected ? "rejected" : "applied";
    if (st->decided)
        rq->reply.position =
            arena_printf(a, "%s/%" PRId64 ":%" PRId64, asked_service(rq)->service->name,
                         st->partition, st->next_event);
    const char *body = arena_printf(a, "{\"id\":\"%s\",\"status\":\"%s\"%s%s%s}", id, word,
                                    optional_member(a, "reason", st->reason),
                                    optional_member(a, "location", location),
                                    optional_member(a, "position", rq->reply.position));
    return reply_json(rq, MHD_HTTP_OK, (struct bytes){(const uint8_t *)body, strlen(body)});
}

/* Where what the command made or changed is: it has the command's own id, or is what its first event
 * is about. */
static const struct uuid *sought_id(const struct status *st)
{
    return st->by_events ? &st->aggregate_id : &st->command_id;
}

static enum step location_seek(struct request *rq);

static enum step location_found(struct request *rq)
{
    struct status *st = rq->work;
    char id[UUID_TEXT_LEN + 1];
    if (rq->lookup->job.code != ERR_OK || !rq->lookup->found) {
        st->route++;
        return location_seek(rq);
    }
    uuid_format(sought_id(st), id);
    return status_show(rq, arena_printf(&rq->arena, "%s%s/", routes[st->route].location, id));
}

/* Asks the service's routes with a location for an item of that id, from st->route on. */
static enum step location_seek(struct request *rq)
{
    struct status *st = rq->work;
    const char *service = asked_service(rq)->service->name;
    for (; st->route < n_routes; st->route++) {
        const struct route *r = &routes[st->route];
        if (r->location && strcmp(r->service, service) == 0)
            return item_ask(rq, &rq->arena, r->service, r->query, sought_id(st), location_found);
    }
    if (st->by_events || uuid_equal(&st->command_id, &st->aggregate_id))
        return status_show(rq, NULL);
    st->by_events = true;
    st->route = 0;
    return location_seek(rq);
}

static enum step service_ask(struct request *rq);

static enum step service_told(struct request *rq)
{
    struct status *st = rq->work;
    if (rq->errand->code != ERR_OK)
        return reply_err(rq, &rq->errand->err);
    if ((st->decided || st->pending) && is_senders(rq, st))
        return st->decided && !st->rejected ? location_seek(rq) : status_show(rq, NULL);
    st->behind |= st->lane_behind;
    st->service++;
    return service_ask(rq);
}

static enum step service_ask(struct request *rq)
{
    const struct status *st = rq->work;
    if (st->service < rq->api->n_services)
        return errand_send(rq, asked_service(rq), api_sql(API_COMMAND_FIND), status_read,
                           service_told);
    if (st->behind)
        return reply_unavailable(rq, "The view is still catching up.");
    return reply_problem(rq, MHD_HTTP_NOT_FOUND, "not_found", "There is no such command of yours.");
}

enum step command_status(struct request *rq)
{
    struct status *st = rq->work = ARENA_NEW(&rq->arena, struct status);
    st->command_id = request_capture_uuid(rq, "command_id");
    return service_ask(rq);
}

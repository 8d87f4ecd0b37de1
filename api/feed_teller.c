#include "api/feed_teller.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/db.h"
#include "api/item.h"
#include "api/local.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "schemas/json.h"
#include "schemas/records.h"

#define JOBS_MAX     4096 /* whose clients are remembered; they never change */
#define LOG_AGAIN_US (60 * 1000000LL)

struct job_client {
    struct uuid job, client;
};

struct feed_teller {
    struct api *api;
    char topic[TOPIC_NAME_MAX];
    struct job_client jobs[JOBS_MAX]; /* by the job's last bytes; nil = free */
    int64_t complain_us;
    struct arena arena; /* of one event */
};

struct feed_teller *feed_teller_new(struct api *api, const char *topic)
{
    struct feed_teller *t = calloc(1, sizeof(*t));
    if (!t)
        abort();
    t->api = api;
    (void)snprintf(t->topic, sizeof(t->topic), "%s", topic);
    arena_init(&t->arena);
    return t;
}

void feed_teller_free(struct feed_teller *t)
{
    if (!t)
        return;
    arena_release(&t->arena);
    free(t);
}

static void complain(struct feed_teller *t,
                     const struct feed_record *r,
                     const char *what,
                     const struct err *err)
{
    int64_t now = time_monotonic_us();
    if (now < t->complain_us)
        return;
    t->complain_us = now + LOG_AGAIN_US;
    log_warn(what, KV_S("topic", t->topic), KV_I("partition", r->partition),
             KV_I("offset", r->offset), KV_ERR(err));
}

/* ---- the client of a job, which an application does not name */

static struct job_client *slot(struct feed_teller *t, const struct uuid *job)
{
    return &t->jobs[((size_t)job->b[14] << 8 | job->b[15]) % JOBS_MAX];
}

static void remember(struct feed_teller *t, const struct uuid *job, const struct uuid *client)
{
    *slot(t, job) = (struct job_client){*job, *client};
}

/* nil when the view has passed the event and has no such job: its rows are parked, nobody can tell. */
static enum err_code job_ask(struct feed_teller *t,
                             const struct feed_record *r,
                             const struct uuid *job,
                             struct uuid *ret,
                             struct err *err)
{
    const char *name = type_job_posted.service;
    const struct query *q = query_find(name, "job");
    struct query_arg args[ITEM_ARGS_MAX];
    struct query_result found;
    size_t n = item_args(q, job, 1, &uuid_nil, &t->arena, args);
    TRY(db_query(api_service_find(t->api, name), q, args, n, &t->arena, &found, err));
    const char *after =
        arena_printf(&t->arena, "%s/%d:%" PRId64, name, (int)r->partition, r->offset + 1);
    if (found.n == 0) {
        *ret = uuid_nil;
        return position_covers(q, found.position, after)
                   ? ERR_OK
                   : err_set(err, ERR_UNAVAILABLE, "the view does not have its job yet");
    }
    json_t *o = item_json(found.rows[0].body);
    bool ok = item_member(o, "client_id", ret);
    json_decref(o);
    return ok ? ERR_OK : err_set(err, ERR_INTERNAL, "a job without a client");
}

static enum err_code job_client(struct feed_teller *t,
                                const struct feed_record *r,
                                const struct uuid *job,
                                struct uuid *ret,
                                struct err *err)
{
    if (uuid_equal(&slot(t, job)->job, job)) {
        *ret = slot(t, job)->client;
        return ERR_OK;
    }
    TRY(job_ask(t, r, job, ret, err));
    if (!uuid_is_nil(ret))
        remember(t, job, ret);
    return ERR_OK;
}

/* ---- */

static enum told view_of(struct feed_teller *t,
                         const struct feed_record *r,
                         const struct feed_rule *rule,
                         struct record event,
                         struct feed_view *ret)
{
    struct err err;
    struct uuid job, client = uuid_nil;
    json_t *o = record_to_json(event.type, event.value);
    enum err_code code = ERR_OK;
    if (feed_rule_job(rule, o, &job))
        code = job_client(t, r, &job, &client, &err);
    if (code == ERR_OK)
        feed_view_init(ret, rule, o, &client);
    else
        complain(t, r, "the feed waits for the view", &err);
    json_decref(o);
    return code == ERR_OK ? TOLD : TOLD_LATER;
}

enum told feed_teller_tell(struct feed_teller *t,
                           const struct feed_record *r,
                           struct feed_view *ret_view,
                           const char **ret_name)
{
    struct err err;
    struct record event;
    struct bytes framed = {r->message->payload, r->message->len};
    arena_clear(&t->arena);
    enum err_code code = codec_decode(local_get()->codec, framed, &t->arena, &event, &err);
    const struct feed_rule *rule = code == ERR_OK ? feed_rule_find(event.type) : NULL;
    if (code == ERR_NOT_FOUND || code == ERR_UNAVAILABLE) {
        complain(t, r, "the feed waits for an event's schema", &err); /* S4, S3 */
        return TOLD_LATER;
    }
    if (!rule) {
        if (code != ERR_OK)
            complain(t, r, "an event cannot be read: nobody is told of it", &err);
        return TOLD_NONE;
    }
    if (event.type == &type_job_posted) {
        const struct job_posted *posted = event.value;
        remember(t, &posted->meta.aggregate_id, &posted->client_id);
    }
    *ret_name = event.type->name;
    return view_of(t, r, rule, event, ret_view);
}

#include "consumers/projector.h"

#include <stdio.h>
#include <stdlib.h>

#include "consumers/event_header.h"
#include "consumers/lane_sql.h"
#include "consumers/parked.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"

#define PATIENCE_MS    30    /* what a read waits for another service's rows (Hirelog-After) */
#define STORE_EVERY_US 50000 /* positions of events that make no rows here */

/* One log's part of a session. */
struct projected_log {
    struct parked parked;
    bool caught_up;
    int64_t stored; /* position in the table; what is read further made no rows so far */
};

struct projector {
    const struct service *service;
    char channel[TOPIC_NAME_MAX];
    struct follower *follower;
    /* of a session */
    struct apply *applies[FOLLOWER_SOURCES_MAX];
    struct codec *codec;
    struct projected_log *logs; /* by the session's logs */
    size_t n_logs;
    int64_t stored_at_us;
    struct arena arena; /* of a run */
};

/* ---- a session's beginning and end */

static void close_session(void *self)
{
    struct projector *p = self;
    for (size_t i = 0; i < FOLLOWER_SOURCES_MAX; i++) {
        apply_free(p->applies[i]);
        p->applies[i] = NULL;
    }
    for (size_t i = 0; i < p->n_logs; i++)
        parked_release(&p->logs[i].parked);
    free(p->logs);
    p->logs = NULL;
    p->n_logs = 0;
    codec_free(p->codec);
    p->codec = NULL;
}

static enum err_code
open_source(struct projector *p, struct follower_session *s, size_t source, struct err *err)
{
    const char *name = s->options->sources[source];
    struct arena *a = &p->arena;
    const PGresult *r;
    struct pg_param make[] = {pg_p_text(a, name), pg_p_int8(a, s->options->cfg->partitions)};
    TRY(apply_new(p->service->name, p->service->projections[source], &p->applies[source], err));
    TRY(pg_exec(s->pg, lane_sql(SQL_POSITION_MAKE), make, ARRAY_SIZE(make), NULL, err));
    TRY(pg_exec(s->pg, lane_sql(SQL_POSITION_FIND), make, 1, &r, err));
    for (int i = 0; i < PQntuples(r); i++)
        for (size_t k = 0; k < s->n_logs; k++)
            if (s->logs[k].source == source && s->logs[k].partition == pg_get_int8(r, i, 0)) {
                s->logs[k].next = p->logs[k].stored = pg_get_int8(r, i, 1);
                p->logs[k].caught_up = pg_get_bool(r, i, 2);
            }
    return ERR_OK;
}

static enum err_code open_session(void *self, struct follower_session *s, struct err *err)
{
    struct projector *p = self;
    arena_clear(&p->arena);
    p->codec = codec_new();
    p->logs = calloc(s->n_logs, sizeof(*p->logs));
    if (!p->logs)
        abort();
    p->n_logs = s->n_logs;
    for (size_t i = 0; i < s->n_logs; i++)
        parked_init(&p->logs[i].parked, p->service->name,
                    p->service->projections[s->logs[i].source], s->logs[i].partition);
    for (size_t i = 0; i < s->options->n_sources; i++)
        TRY(open_source(p, s, i, err));
    for (size_t i = 0; i < s->n_logs; i++) {
        if (s->logs[i].next < 0)
            return err_set(err, ERR_CORRUPT, "%s has another number of partitions than the setting",
                           s->logs[i].topic);
        TRY(parked_load(&p->logs[i].parked, s->pg, err));
    }
    return ERR_OK;
}

/* ---- a run of events */

/* A piece of a run, one transaction: it ends where the run does or with an event that cannot be read. */
struct projection_run {
    struct projector *p;
    struct follower_session *s;
    struct follower_log *log;
    struct projected_log *mine;
    struct parked *parked;
    struct apply *apply;
    int64_t next; /* position behind it */
    struct record *events;
    int64_t *offsets;
    size_t n;
    bool unreadable; /* the last one */
    struct parked_event last;
};

/* Under a schema that we know, so no newer program helps: its aggregate waits for a person. */
static void
take_unreadable(struct projection_run *x, const rd_kafka_message_t *m, const struct err *why)
{
    struct err ignored;
    x->unreadable = true;
    x->last = (struct parked_event){
        .offset = m->offset,
        .type = "",
        .detail = arena_strdup(&x->p->arena, why->msg),
        .value = {m->payload, m->len},
    };
    if (event_aggregate_read(message_headers(m), m->offset, &x->last.aggregate_id, &ignored) !=
        ERR_OK)
        x->last.aggregate_id = uuid_nil;
    log_error("an event cannot be read: its aggregate is parked",
              KV_S("service", x->p->service->name), KV_S("topic", x->log->topic),
              KV_I("partition", m->partition), KV_I("offset", m->offset), KV_ERR(why));
}

/* The follower has asked for its schema: what is away now was there a moment ago, and is no reason to
 * park anything. */
static enum err_code
read_one(struct projection_run *x, const rd_kafka_message_t *m, struct err *err)
{
    struct bytes framed = {m->payload, m->len};
    const struct record_type *type = NULL;
    struct err why;
    x->next = m->offset + 1;
    enum err_code code = codec_type(framed, &type, &why);
    if (code == ERR_OK && !apply_wants(x->apply, type))
        return ERR_OK;
    if (code == ERR_OK)
        code = codec_decode(x->p->codec, framed, &x->p->arena, &x->events[x->n], &why);
    if (code == ERR_OK)
        x->offsets[x->n++] = m->offset;
    else if (code == ERR_UNAVAILABLE || code == ERR_NOT_FOUND)
        return err_set(err, ERR_UNAVAILABLE, "%s", why.msg);
    else
        take_unreadable(x, m, &why);
    return ERR_OK;
}

/* From the i-th message on; *i becomes the index behind the piece. */
static enum err_code
read_piece(struct projection_run *x, const struct follower_run *run, size_t *i, struct err *err)
{
    x->events = ARENA_ARRAY(&x->p->arena, struct record, run->n - *i);
    x->offsets = ARENA_ARRAY(&x->p->arena, int64_t, run->n - *i);
    while (*i < run->n && !x->unreadable)
        TRY(read_one(x, run->messages[(*i)++], err));
    return ERR_OK;
}

static size_t queue_move(struct projection_run *x)
{
    struct arena *a = &x->p->arena;
    struct pg_param params[] = {
        pg_p_text(a, x->s->options->sources[x->log->source]),
        pg_p_int4(a, x->log->partition),
        pg_p_int8(a, x->mine->stored),
        pg_p_int8(a, x->next),
    };
    return pg_queue(x->s->pg, lane_sql(SQL_POSITION_MOVE), params, ARRAY_SIZE(params));
}

/* Whoever waits to read these rows is told; nobody reads what is being replayed. */
static enum err_code commit(struct projection_run *x, struct err *err)
{
    struct projector *p = x->p;
    struct pg_param params[] = {pg_p_text(&p->arena, p->channel),
                                pg_p_text(&p->arena, PROJECTOR_PAYLOAD)};
    if (!p->channel[0])
        return pg_commit(x->s->pg, err);
    return pg_commit_then(x->s->pg, lane_sql(SQL_LANE_NOTIFY), params, ARRAY_SIZE(params), err);
}

static enum err_code write_piece(struct projection_run *x, bool carefully, struct err *err)
{
    struct pg *pg = x->s->pg;
    struct projector *p = x->p;
    struct log_events events = {x->events, x->offsets, x->n};
    pg_queue_command(pg, "BEGIN");
    size_t moved = queue_move(x);
    TRY(pg_sync(pg, err));
    if (pg_affected(pg, moved) != 1)
        return err_set(err, ERR_CONFLICT, "somebody else projects %s into %s", x->log->topic,
                       p->service->name);
    TRY(parked_refresh(x->parked, pg, err));
    if (carefully)
        TRY(parked_apply_carefully(x->parked, x->apply, pg, p->codec, &events, &p->arena, err));
    else
        TRY(parked_apply(x->parked, x->apply, pg, p->codec, &events, &p->arena, err));
    if (x->unreadable)
        parked_queue_save(x->parked, pg, &x->last, 1, &p->arena);
    crash_point("projector_before_commit");
    TRY(commit(x, err));
    x->mine->stored = x->next;
    crash_point("projector_after_commit");
    return ERR_OK;
}

/* What was refused is tried again one by one. */
static enum err_code write_or_park(struct projection_run *x, struct err *err)
{
    enum err_code code = write_piece(x, false, err);
    if (code != ERR_INVALID || pg_broken(x->s->pg))
        return code;
    pg_rollback(x->s->pg);
    TRY(parked_load(x->parked, x->s->pg, err));
    return write_piece(x, true, err);
}

static struct projection_run
piece_of(struct projector *p, struct follower_session *s, struct follower_log *log)
{
    struct projected_log *mine = &p->logs[log - s->logs];
    return (struct projection_run){
        .p = p,
        .s = s,
        .log = log,
        .mine = mine,
        .parked = &mine->parked,
        .apply = p->applies[log->source],
        .next = log->next,
    };
}

/* What makes no rows is passed without a transaction; rest() stores how far. */
static enum err_code
handle(void *self, struct follower_session *s, const struct follower_run *run, struct err *err)
{
    struct projector *p = self;
    arena_clear(&p->arena);
    for (size_t i = 0; i < run->n;) {
        struct projection_run x = piece_of(p, s, run->log);
        TRY(read_piece(&x, run, &i, err));
        if (x.n > 0 || x.unreadable)
            TRY(write_or_park(&x, err));
    }
    return ERR_OK;
}

/* Positions of logs that only had events for others: in one go, not for each of them. */
static enum err_code rest(void *self, struct follower_session *s, struct err *err)
{
    struct projector *p = self;
    int64_t now = time_monotonic_us();
    if (now < p->stored_at_us + STORE_EVERY_US)
        return ERR_OK;
    arena_clear(&p->arena);
    p->stored_at_us = now;
    for (size_t i = 0; i < s->n_logs; i++) {
        if (s->logs[i].next <= p->logs[i].stored)
            continue;
        struct projection_run x = piece_of(p, s, &s->logs[i]);
        TRY(write_piece(&x, false, err));
    }
    return ERR_OK;
}

static enum err_code
at_end(void *self, struct follower_session *s, const struct follower_log *log, struct err *err)
{
    struct projector *p = self;
    struct projected_log *mine = &p->logs[log - s->logs];
    if (mine->caught_up)
        return ERR_OK;
    arena_clear(&p->arena);
    struct pg_param params[] = {pg_p_text(&p->arena, s->options->sources[log->source]),
                                pg_p_int4(&p->arena, log->partition)};
    TRY(pg_exec(s->pg, lane_sql(SQL_POSITION_CAUGHT_UP), params, ARRAY_SIZE(params), NULL, err));
    mine->caught_up = true;
    return ERR_OK;
}

const struct follower_role projector_role = {
    .kind = "projector",
    .open = open_session,
    .handle = handle,
    .rest = rest,
    .at_end = at_end,
    .close = close_session,
};

struct projector *projector_new(const struct service *service)
{
    struct projector *p = calloc(1, sizeof(*p));
    if (!p)
        abort();
    p->service = service;
    arena_init(&p->arena);
    return p;
}

enum err_code projector_start(const struct config *cfg,
                              const struct service *service,
                              struct projector **ret,
                              struct err *err)
{
    struct projector *p = projector_new(service);
    snprintf(p->channel, sizeof(p->channel), "lane_%s", service->name);
    struct follower_options o = {.cfg = cfg,
                                 .service = service,
                                 .name = "projector",
                                 .patience_ms = PATIENCE_MS,
                                 .role = &projector_role,
                                 .self = p};
    for (; service->projections[o.n_sources]; o.n_sources++)
        o.sources[o.n_sources] = apply_source(service->projections[o.n_sources]);
    if (follower_start(&o, &p->follower, err) != ERR_OK) {
        projector_free(p);
        return err->code;
    }
    *ret = p;
    return ERR_OK;
}

struct follower *projector_follower(struct projector *p)
{
    return p->follower;
}

void projector_free(struct projector *p)
{
    if (!p)
        return;
    arena_release(&p->arena);
    free(p);
}

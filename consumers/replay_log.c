#include "consumers/replay_log.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/catch_up.h"
#include "consumers/event_header.h"
#include "consumers/projector.h"
#include "consumers/state_cache.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/timeutil.h"

#define AHEAD_MIB        24
#define POLL_MS          100
#define STATES_BYTES_MAX (12 * 1024 * 1024) /* in memory, of one log */
#define RUN_EVENTS_MAX   4000
#define RUN_BYTES_MAX    (4 * 1024 * 1024)

static enum err_code open_pg(const struct replay_log *l, struct pg **ret, struct err *err)
{
    struct pg_options o = {
        .application_name = "hirelog replay",
        .planner_fixed = true,
        .durability = PG_ASYNC,
    };
    return service_pg_open_schema(l->cfg, l->service, l->schema, o, ret, err);
}

/* ---- own events: a lane's session without a lane */

struct own {
    struct lane_identity id;
    struct lane_pulse pulse;
    struct lane_session s;
    struct state_cache *states;
    rd_kafka_t *reader;
};

static enum err_code own_open(struct replay_log *l, struct own *o, struct err *err)
{
    struct lane_session *s = &o->s;
    TRY(open_pg(l, &s->pg, err));
    s->codec = codec_new();
    TRY(apply_new(l->service->name, APPLY_OWN, &s->apply, err));
    TRY(lane_row_read(s->pg, l->partition, &s->row, err));
    TRY(lane_session_start_fold(s, err));
    TRY(parked_load(&s->parked, s->pg, err));
    o->states = state_cache_new(STATES_BYTES_MAX, s->row.fold_next);
    return kafka_scanner_open(l->cfg, AHEAD_MIB, &o->reader, err);
}

static enum err_code own_run(struct replay_log *l, struct own *o, struct err *err)
{
    TRY(own_open(l, o, err));
    struct catch_up_bulk bulk = {
        .states = o->states,
        .outcomes_from_us = l->outcomes_from_us,
        .letters = l->lost,
        .until_us = l->until_us,
        .next = &l->next,
        .stop = &l->stop,
    };
    struct catch_up_plan plan = {
        .claims_next = l->lost ? o->s.row.next_event : INT64_MAX, /* none without a rule */
        .end = l->end,
        .bulk = &bulk,
    };
    TRY(catch_up(&o->s, o->reader, &plan, err));
    atomic_store(&l->next, l->end); /* what is behind its last event is no event */
    return ERR_OK;
}

static enum err_code replay_own(struct replay_log *l, struct err *err)
{
    struct own *o = calloc(1, sizeof(*o));
    if (!o)
        abort();
    lane_identity_init(&o->id, l->cfg, l->service, l->partition);
    lane_pulse_init(&o->pulse, l->service->name, l->partition);
    o->s.id = &o->id;
    o->s.pulse = &o->pulse;
    parked_init(&o->s.parked, l->service->name, APPLY_OWN, l->partition);
    arena_init(&o->s.arena);
    enum err_code code = own_run(l, o, err);
    kafka_consumer_close(o->reader);
    state_cache_free(o->states);
    parked_release(&o->s.parked);
    pg_free(o->s.pg);
    apply_free(o->s.apply);
    codec_free(o->s.codec);
    arena_release(&o->s.arena);
    lane_pulse_release(&o->pulse);
    free(o);
    return code;
}

/* ---- others' events: a projector's session without a follower */

struct projected {
    struct follower_options options;
    struct follower_session s; /* with one log */
    struct follower_log log;
    rd_kafka_message_t *run[RUN_EVENTS_MAX];
    size_t n, bytes;
    int64_t end, until_us;
    bool done;
};

static void run_clear(struct projected *p)
{
    for (size_t i = 0; i < p->n; i++)
        rd_kafka_message_destroy(p->run[i]);
    p->n = p->bytes = 0;
}

static enum err_code hand_over(struct replay_log *l, struct projected *p, struct err *err)
{
    enum err_code code = ERR_OK;
    crash_point("during_replay");
    if (p->n > 0) {
        struct follower_run run = {
            .log = &p->log, .messages = p->run, .n = p->n, .next = p->run[p->n - 1]->offset + 1};
        code = projector_role.handle(p->options.self, &p->s, &run, err);
        if (code == ERR_OK)
            p->log.next = run.next;
    }
    run_clear(p);
    atomic_store(&l->next, p->log.next);
    return code;
}

/* When it happened; the record's own time is that of the writing, or of a restoring. */
static bool is_later(const struct projected *p, const rd_kafka_message_t *m)
{
    char text[TIME_TEXT_LEN + 1];
    int64_t at_us = 0;
    if (p->until_us == 0)
        return false;
    if (!event_header_text(message_headers(m), "ce_time", text, sizeof(text)) ||
        !time_parse(text, &at_us))
        at_us = rd_kafka_message_timestamp(m, NULL) * 1000;
    return at_us > p->until_us;
}

/* Takes the message over. */
static enum err_code take_event(struct projected *p, rd_kafka_message_t *m, struct err *err)
{
    const struct record_type *type;
    struct bytes framed = {m->payload, m->len};
    p->done = m->offset >= p->end || is_later(p, m);
    enum err_code code = p->done ? ERR_OK : codec_type(framed, &type, err);
    if (!p->done && code != ERR_NOT_FOUND) { /* what cannot be read is parked */
        p->done = m->offset + 1 == p->end;
        p->bytes += m->len;
        p->run[p->n++] = m;
        return ERR_OK;
    }
    int64_t offset = m->offset;
    rd_kafka_message_destroy(m);
    return code == ERR_OK ? ERR_OK /* S4 */
                          : err_set(err, ERR_UNAVAILABLE,
                                    "event %" PRId64 " of %s/%d was written "
                                    "by a newer program",
                                    offset, p->log.topic, (int)p->log.partition);
}

static enum err_code take(struct projected *p, rd_kafka_message_t *m, struct err *err)
{
    if (!m->err)
        return take_event(p, m, err);
    enum err_code code = ERR_OK;
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        p->done = m->offset >= p->end;
    else if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || m->err == RD_KAFKA_RESP_ERR__FATAL)
        code = err_set(err, ERR_UNAVAILABLE, "reading events: %s", rd_kafka_message_errstr(m));
    rd_kafka_message_destroy(m); /* anything else: the client tries again, the deadline watches */
    return code;
}

static enum err_code read_projected(struct replay_log *l, struct projected *p, struct err *err)
{
    int64_t patience_us = 2 * l->cfg->transaction_timeout_ms * 1000;
    int64_t deadline = time_monotonic_us() + patience_us;
    while (!p->done) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(p->s.reader, POLL_MS);
        if (atomic_load(&l->stop) || time_monotonic_us() > deadline) {
            if (m)
                rd_kafka_message_destroy(m);
            return err_set(err, ERR_UNAVAILABLE, "%s/%d is not readable up to %" PRId64,
                           p->log.topic, (int)p->log.partition, p->end);
        }
        if (!m)
            continue;
        if (!m->err)
            deadline = time_monotonic_us() + patience_us;
        TRY(take(p, m, err));
        if (p->n == RUN_EVENTS_MAX || p->bytes >= RUN_BYTES_MAX)
            TRY(hand_over(l, p, err));
    }
    TRY(hand_over(l, p, err));
    TRY(projector_role.rest(p->options.self, &p->s, err)); /* the position of what made no rows */
    atomic_store(&l->next, p->end);
    return ERR_OK;
}

static enum err_code projected_run(struct replay_log *l, struct projected *p, struct err *err)
{
    TRY(open_pg(l, &p->s.pg, err));
    TRY(projector_role.open(p->options.self, &p->s, err));
    atomic_store(&l->next, p->log.next);
    if (p->log.next >= p->end)
        return ERR_OK;
    TRY(kafka_scanner_open(l->cfg, AHEAD_MIB, &p->s.reader, err));
    TRY(kafka_reader_assign(p->s.reader, p->log.topic, p->log.partition, p->log.next, err));
    return read_projected(l, p, err);
}

static enum err_code replay_projected(struct replay_log *l, struct err *err)
{
    struct projected *p = calloc(1, sizeof(*p));
    if (!p)
        abort();
    struct projector *projector = projector_new(l->service);
    p->options = (struct follower_options){.cfg = l->cfg, .service = l->service, .self = projector};
    for (size_t i = 0; l->service->projections[i]; i++) {
        p->options.sources[i] = apply_source(l->service->projections[i]);
        p->options.n_sources++;
        if (strcmp(l->service->projections[i], l->projection) == 0)
            p->log.source = i;
    }
    p->log.partition = l->partition;
    p->log.next = -1;
    service_event_topic(l->cfg->topic_prefix, apply_source(l->projection), p->log.topic);
    p->s = (struct follower_session){.options = &p->options, .logs = &p->log, .n_logs = 1};
    p->end = l->end;
    p->until_us = l->until_us;
    enum err_code code = projected_run(l, p, err);
    run_clear(p);
    kafka_consumer_close(p->s.reader);
    pg_free(p->s.pg);
    projector_role.close(projector); /* statements outlive connections */
    projector_free(projector);
    free(p);
    return code;
}

enum err_code replay_log_run(struct replay_log *l, struct err *err)
{
    bool own = strcmp(l->projection, APPLY_OWN) == 0;
    enum err_code code = own ? replay_own(l, err) : replay_projected(l, err);
    malloc_trim(0); /* else the next log's memory comes on top of what this one leaves in pieces */
    return code;
}

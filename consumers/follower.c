#include "consumers/follower.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/import_mark.h"
#include "consumers/lane_sql.h"
#include "consumers/service_pg.h"
#include "consumers/thread_join.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/log.h"
#include "ops/runtime/metrics.h"
#include "ops/runtime/timeutil.h"
#include "projections/generation.h"
#include "schemas/codec.h"

/* Behind busy lanes the broker collects so much, or for as long as the role has patience, instead of waking
 * every follower at each commit: that doubled the time of a write. */
#define FETCH_MIN_BYTES   65536
#define POLL_MS           100
#define RUN_BYTES_MAX     (4 * 1024 * 1024)
#define STANDBY_MS        500 /* between two tries to get the lock */
#define BACK_OFF_FIRST_MS 100
#define BACK_OFF_MAX_MS   5000
#define SLICE_MS          20
#define LAG_EVERY_US      500000
#define PING_EVERY_US     1000000
#define LOG_AGAIN_US      (60 * 1000000LL) /* the same complaint */
#define LABELS_MAX        128

enum follower_state {
    FOLLOWER_STARTING,
    FOLLOWER_STANDBY, /* another process has the lock */
    FOLLOWER_RUNNING,
    FOLLOWER_BACKING_OFF,
    FOLLOWER_STATE_N
};
static const char *const state_name[FOLLOWER_STATE_N] = {
    [FOLLOWER_STARTING] = "starting",
    [FOLLOWER_STANDBY] = "standby",
    [FOLLOWER_RUNNING] = "running",
    [FOLLOWER_BACKING_OFF] = "backing_off",
};

struct follower {
    struct follower_options options;
    pthread_t thread;
    atomic_bool stop;
    atomic_int state;
    atomic_llong lag; /* records in the logs that were not handed over; -1 = not known */
    struct metric *records, *restarts, *lag_gauge;
    pthread_mutex_t lock; /* message */
    char message[ERR_MSG_MAX];
    char complaint[ERR_MSG_MAX]; /* the last that was logged */
    int64_t complain_at_us;
};

/* The inside of a session: what was polled and not handed over yet, per log. */
struct pile {
    rd_kafka_message_t **messages;
    size_t n, room;
    bool at_end;
};
struct reading {
    struct follower_session session; /* first: roles see this */
    struct follower *follower;
    struct pile *piles; /* by log */
    size_t n_messages, n_bytes;
    int64_t lag_at_us, ping_at_us;
    int generation;
    struct err newer; /* the first event that only a newer program knows */
};

bool follower_stopping(const struct follower_session *s)
{
    return atomic_load(&((const struct reading *)s)->follower->stop);
}

static void set_state(struct follower *f, enum follower_state state, const char *message)
{
    pthread_mutex_lock(&f->lock);
    snprintf(f->message, sizeof(f->message), "%s", message);
    pthread_mutex_unlock(&f->lock);
    atomic_store(&f->state, (int)state);
    if (state != FOLLOWER_RUNNING)
        atomic_store(&f->lag, -1);
}

/* Waits, ready to stop. */
static void pause_ms(struct follower *f, int64_t ms)
{
    int64_t until = time_monotonic_us() + ms * 1000;
    while (time_monotonic_us() < until && !atomic_load(&f->stop)) {
        struct timespec slice = {.tv_nsec = SLICE_MS * 1000000L};
        nanosleep(&slice, NULL);
    }
}

/* ---- a session's beginning */

static enum err_code connect_pg(struct reading *r, struct err *err)
{
    const struct follower_options *o = r->session.options;
    char name[LABELS_MAX];
    struct service_control control;
    struct pg_options options = {
        .statement_timeout_ms = config_derive(o->cfg).statement_ms,
        .idle_in_transaction_ms = config_derive(o->cfg).idle_in_transaction_ms,
        .planner_fixed = true,
        /* W1: right for the view, whose position goes with it; not for what a reactor writes, whose
         * position is Kafka's. */
        .durability = o->group ? PG_AS_SERVER : PG_ASYNC,
    };
    snprintf(name, sizeof(name), "hirelog %s", o->name);
    options.application_name = name;
    TRY(service_control_read(o->cfg, o->service, &control, err));
    r->generation = control.generation;
    return service_pg_open(o->cfg, o->service, control.generation, options, &r->session.pg, err);
}

/* A standby may have waited for weeks: the view that it connected to may be an old one. */
static enum err_code check_generation(const struct reading *r, struct err *err)
{
    const struct follower_options *o = r->session.options;
    struct service_control control;
    TRY(service_control_read(o->cfg, o->service, &control, err));
    if (control.generation != r->generation)
        return err_set(err, ERR_UNAVAILABLE, "another generation is live");
    return ERR_OK;
}

static enum err_code lock_take(struct reading *r, bool *ret, struct err *err)
{
    const struct follower_options *o = r->session.options;
    char name[LABELS_MAX];
    const PGresult *result;
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    snprintf(name, sizeof(name), "%s %s", o->service->name, o->name);
    const char *idle_ms = arena_printf(&a, "%" PRId64, 2 * o->cfg->transaction_timeout_ms);
    struct pg_param p[] = {pg_p_text(&a, name), pg_p_text(&a, idle_ms)};
    TRY(pg_exec(r->session.pg, lane_sql(SQL_FOLLOWER_LOCK), p, ARRAY_SIZE(p), &result, err));
    *ret = pg_get_bool(result, 0, 0);
    return ERR_OK;
}

static enum err_code add_logs(struct reading *r, size_t source, struct err *err)
{
    struct follower_session *s = &r->session;
    char topic[TOPIC_NAME_MAX];
    int32_t partitions = (int32_t)s->options->cfg->partitions;
    service_event_topic(s->options->cfg->topic_prefix, s->options->sources[source], topic);
    TRY(import_mark_check(s->reader, topic, err)); /* it may be another log in the end */
    TRY(kafka_topic_has_partitions(s->reader, topic, partitions, err));
    size_t n = s->n_logs + (size_t)partitions;
    s->logs = realloc(s->logs, n * sizeof(*s->logs));
    r->piles = realloc(r->piles, n * sizeof(*r->piles));
    if (!s->logs || !r->piles)
        abort();
    for (int32_t p = 0; p < partitions; p++) {
        struct follower_log *log = &s->logs[s->n_logs];
        *log = (struct follower_log){.source = source, .partition = p, .next = -1};
        snprintf(log->topic, sizeof(log->topic), "%s", topic);
        r->piles[s->n_logs++] = (struct pile){0};
    }
    return ERR_OK;
}

static enum err_code open_reader(struct reading *r, struct err *err)
{
    const struct follower_options *o = r->session.options;
    char own[TOPIC_NAME_MAX];
    TRY(kafka_follower_open(o->cfg, o->group, o->patience_ms, FETCH_MIN_BYTES, &r->session.reader,
                            err));
    service_command_topic(o->cfg->topic_prefix, o->service->name, own);
    TRY(import_mark_check(r->session.reader, own, err)); /* no reactor sends into it */
    for (size_t i = 0; i < o->n_sources; i++)
        TRY(add_logs(r, i, err));
    return ERR_OK;
}

static enum err_code assign(struct follower_session *s, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)s->n_logs);
    for (size_t i = 0; i < s->n_logs; i++)
        rd_kafka_topic_partition_list_add(list, s->logs[i].topic, s->logs[i].partition)->offset =
            s->logs[i].next < 0 ? RD_KAFKA_OFFSET_BEGINNING : s->logs[i].next;
    rd_kafka_resp_err_t code = rd_kafka_assign(s->reader, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code)
        return err_set(err, ERR_UNAVAILABLE, "assign: %s", rd_kafka_err2str(code));
    return ERR_OK;
}

/* ---- reading */

static struct pile *pile_of(struct reading *r, const rd_kafka_message_t *m)
{
    const char *topic = rd_kafka_topic_name(m->rkt);
    for (size_t i = 0; i < r->session.n_logs; i++)
        if (r->session.logs[i].partition == m->partition &&
            strcmp(r->session.logs[i].topic, topic) == 0)
            return &r->piles[i];
    return NULL;
}

static void pile_add(struct reading *r, struct pile *p, rd_kafka_message_t *m)
{
    if (p->n == p->room) {
        p->room = p->room ? 2 * p->room : 64;
        p->messages = realloc(p->messages, p->room * sizeof(rd_kafka_message_t *));
        if (!p->messages)
            abort();
    }
    p->messages[p->n++] = m;
    r->n_messages++;
    r->n_bytes += m->len;
}

static void pile_clear(struct pile *p)
{
    for (size_t i = 0; i < p->n; i++)
        rd_kafka_message_destroy(p->messages[i]);
    p->n = 0;
}

/* Takes the message over. */
static enum err_code take(struct reading *r, rd_kafka_message_t *m, struct err *err)
{
    struct pile *p = m->rkt ? pile_of(r, m) : NULL;
    if (!m->err && p) {
        pile_add(r, p, m);
        return ERR_OK;
    }
    enum err_code code = ERR_OK;
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && p)
        p->at_end = true;
    else if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
        code = err_set(err, ERR_CORRUPT, "the position is not in the log: was the topic lost?");
    else if (m->err == RD_KAFKA_RESP_ERR__FATAL || m->err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
             m->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        code = err_set(err, ERR_UNAVAILABLE, "reading events: %s", rd_kafka_message_errstr(m));
    rd_kafka_message_destroy(m); /* anything else: the client tries again */
    return code;
}

/* What is there; waits for the first only. */
static enum err_code fill(struct reading *r, struct err *err)
{
    int timeout_ms = POLL_MS;
    while (r->n_messages < FOLLOWER_RUN_MAX && r->n_bytes < RUN_BYTES_MAX) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(r->session.reader, timeout_ms);
        if (!m)
            break;
        timeout_ms = 0;
        TRY(take(r, m, err));
    }
    return ERR_OK;
}

/* How many come before the first of a newer program (S4), or whose registry is away (S3). *ret_why is
 * written for that one. */
static size_t known_from_here(const struct pile *p, struct err *ret_why)
{
    size_t n = 0;
    for (const struct record_type *type; n < p->n; n++) {
        struct bytes framed = {p->messages[n]->payload, p->messages[n]->len};
        enum err_code code = codec_type(framed, &type, ret_why);
        if (code == ERR_NOT_FOUND || code == ERR_UNAVAILABLE)
            break;
    }
    return n;
}

/* S4: wait and alarm. */
static void
not_known(const struct follower_log *log, int64_t offset, const struct err *why, struct err *ret)
{
    if (why->code == ERR_UNAVAILABLE)
        err_set(ret, ERR_UNAVAILABLE, "event %" PRId64 " of %s/%d: %s", offset, log->topic,
                (int)log->partition, why->msg);
    else
        err_set(ret, ERR_UNAVAILABLE, "event %" PRId64 " of %s/%d was written by a newer program",
                offset, log->topic, (int)log->partition);
}

static enum err_code hand_over_run(struct reading *r, size_t i, struct err *err)
{
    struct follower_session *s = &r->session;
    struct pile *p = &r->piles[i];
    struct err why = {0};
    size_t n = known_from_here(p, &why);
    if (n > 0) {
        struct follower_run run = {
            .log = &s->logs[i],
            .messages = p->messages,
            .n = n,
            .next = p->messages[n - 1]->offset + 1,
        };
        TRY(s->options->role->handle(s->options->self, s, &run, err));
        s->logs[i].next = run.next;
        metric_add(r->follower->records, (int64_t)n);
    }
    if (n < p->n) {
        p->at_end = false; /* of what came, not of what was done */
        if (r->newer.code == ERR_OK)
            not_known(&s->logs[i], p->messages[n]->offset, &why, &r->newer);
    }
    pile_clear(p);
    return ERR_OK;
}

static enum err_code hand_over(struct reading *r, size_t i, struct err *err)
{
    struct follower_session *s = &r->session;
    struct pile *p = &r->piles[i];
    const struct follower_role *role = s->options->role;
    if (p->n > 0)
        TRY(hand_over_run(r, i, err));
    if (!p->at_end)
        return ERR_OK;
    p->at_end = false;
    return role->at_end ? role->at_end(s->options->self, s, &s->logs[i], err) : ERR_OK;
}

/* S4: wait and alarm, but not before what came from other logs is done. */
static enum err_code wait_for_newer(const struct reading *r, struct err *err)
{
    if (r->newer.code == ERR_OK)
        return ERR_OK;
    *err = r->newer;
    return err->code;
}

static void measure_lag(struct reading *r)
{
    struct follower_session *s = &r->session;
    int64_t lag = 0, low, high, now = time_monotonic_us();
    if (now < r->lag_at_us)
        return;
    r->lag_at_us = now + LAG_EVERY_US;
    for (size_t i = 0; i < s->n_logs; i++) {
        const struct follower_log *log = &s->logs[i];
        rd_kafka_resp_err_t code =
            rd_kafka_get_watermark_offsets(s->reader, log->topic, log->partition, &low, &high);
        int64_t from = log->next > low ? log->next : low;
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR &&
            high > from + 1) /* a commit marker is no record */
            lag += high - from;
    }
    atomic_store(&r->follower->lag, lag);
    metric_set(r->follower->lag_gauge, lag);
}

/* Whoever does not ask for long has lost the lock (idle_session_timeout); whoever has lost it learns
 * so here. */
static enum err_code ping(struct reading *r, struct err *err)
{
    int64_t now = time_monotonic_us();
    if (now < r->ping_at_us)
        return ERR_OK;
    r->ping_at_us = now + PING_EVERY_US;
    return pg_exec(r->session.pg, lane_sql(SQL_FOLLOWER_PING), NULL, 0, NULL, err);
}

static enum err_code turn(struct reading *r, struct err *err)
{
    TRY(ping(r, err));
    TRY(fill(r, err));
    for (size_t i = 0; i < r->session.n_logs; i++)
        TRY(hand_over(r, i, err));
    r->n_messages = r->n_bytes = 0;
    TRY(wait_for_newer(r, err));
    if (r->session.options->role->rest)
        TRY(r->session.options->role->rest(r->session.options->self, &r->session, err));
    measure_lag(r);
    return ERR_OK;
}

/* ---- the thread */

static void reading_release(struct reading *r)
{
    for (size_t i = 0; i < r->session.n_logs; i++) {
        pile_clear(&r->piles[i]);
        free(r->piles[i].messages);
    }
    free(r->piles);
    free(r->session.logs);
    kafka_consumer_close(r->session.reader);
    pg_free(r->session.pg);
    r->session.options->role->close(r->session.options->self); /* statements outlive connections */
}

static enum err_code run_session(struct follower *f, struct reading *r, struct err *err)
{
    bool locked = false;
    TRY(connect_pg(r, err));
    while (!locked) {
        if (atomic_load(&f->stop))
            return ERR_OK;
        TRY(lock_take(r, &locked, err));
        if (!locked) {
            set_state(f, FOLLOWER_STANDBY, "");
            pause_ms(f, STANDBY_MS);
        }
    }
    TRY(check_generation(r, err));
    TRY(open_reader(r, err));
    TRY(f->options.role->open(f->options.self, &r->session, err));
    TRY(assign(&r->session, err));
    log_info("following", KV_S("service", f->options.service->name), KV_S("name", f->options.name),
             KV_I("partitions", (int64_t)r->session.n_logs));
    set_state(f, FOLLOWER_RUNNING, "");
    while (!atomic_load(&f->stop))
        TRY(turn(r, err));
    return ERR_OK;
}

/* Once, and again every minute while it stays the same. */
static void complain(struct follower *f, const struct err *err)
{
    int64_t now = time_monotonic_us();
    bool same = strcmp(err->msg, f->complaint) == 0;
    if (same && now < f->complain_at_us)
        return;
    f->complain_at_us = now + LOG_AGAIN_US;
    snprintf(f->complaint, sizeof(f->complaint), "%s", err->msg);
    if (err->code == ERR_CORRUPT || same)
        log_error("follower does not get on", KV_S("service", f->options.service->name),
                  KV_S("name", f->options.name), KV_ERR(err));
    else
        log_warn("follower interrupted, beginning anew", KV_S("service", f->options.service->name),
                 KV_S("name", f->options.name), KV_S("code", err_code_name[err->code]),
                 KV_ERR(err));
}

/* A session that was long enough to get somewhere begins the back-off anew. */
static int64_t next_back_off_ms(int64_t last_ms, int64_t began_us, enum err_code code)
{
    if (code == ERR_CORRUPT)
        return BACK_OFF_MAX_MS;
    if (time_monotonic_us() - began_us > BACK_OFF_MAX_MS * 1000LL)
        return BACK_OFF_FIRST_MS;
    return last_ms * 2 < BACK_OFF_MAX_MS ? last_ms * 2 : BACK_OFF_MAX_MS;
}

static void *follower_thread(void *arg)
{
    struct follower *f = arg;
    int64_t back_off_ms = BACK_OFF_FIRST_MS / 2;
    while (!atomic_load(&f->stop)) {
        struct reading r = {.follower = f, .session.options = &f->options};
        struct err err = {0};
        int64_t began_us = time_monotonic_us();
        enum err_code code = run_session(f, &r, &err);
        reading_release(&r);
        if (code == ERR_OK || atomic_load(&f->stop))
            continue;
        back_off_ms = next_back_off_ms(back_off_ms, began_us, code);
        if (generation_over(&err) && atomic_load(&f->state) == FOLLOWER_RUNNING)
            log_info("another generation is live", KV_S("service", f->options.service->name),
                     KV_S("name", f->options.name));
        else
            complain(f, &err);
        metric_add(f->restarts, 1);
        set_state(f, FOLLOWER_BACKING_OFF, err.msg);
        pause_ms(f, back_off_ms);
    }
    return NULL;
}

enum err_code
follower_start(const struct follower_options *o, struct follower **ret, struct err *err)
{
    struct follower *f = calloc(1, sizeof(*f));
    char labels[LABELS_MAX];
    if (!f)
        abort();
    f->options = *o;
    snprintf(labels, sizeof(labels), "service=\"%s\",name=\"%s\"", o->service->name, o->name);
    f->records = metrics_counter("hirelog_follower_records_total", labels,
                                 "Event records that a projector or reactor has handled.");
    f->restarts = metrics_counter("hirelog_follower_restarts_total", labels,
                                  "Times that a projector or reactor began anew.");
    f->lag_gauge = metrics_gauge("hirelog_follower_lag", labels,
                                 "Event records that a projector or reactor has not handled.");
    atomic_store(&f->lag, -1);
    pthread_mutex_init(&f->lock, NULL);
    if (pthread_create(&f->thread, NULL, follower_thread, f) != 0) {
        pthread_mutex_destroy(&f->lock);
        free(f);
        return err_set(err, ERR_UNAVAILABLE, "no thread for %s", o->name);
    }
    *ret = f;
    return ERR_OK;
}

void follower_request_stop(struct follower *f)
{
    atomic_store(&f->stop, true);
}

bool follower_join(struct follower *f, int timeout_ms)
{
    if (!thread_join(f->thread, timeout_ms))
        return false;
    pthread_mutex_destroy(&f->lock);
    free(f);
    return true;
}

bool follower_ready(struct follower *f, struct strbuf *out)
{
    enum follower_state state = (enum follower_state)atomic_load(&f->state);
    strbuf_addf(out, "{\"service\":\"%s\",\"%s\":\"%s\",\"state\":\"%s\",\"lag\":%lld",
                f->options.service->name, f->options.role->kind, f->options.name, state_name[state],
                atomic_load(&f->lag));
    pthread_mutex_lock(&f->lock);
    if (f->message[0]) {
        strbuf_adds(out, ",\"reason\":");
        strbuf_add_json(out, f->message);
    }
    pthread_mutex_unlock(&f->lock);
    strbuf_addc(out, '}');
    return state == FOLLOWER_RUNNING || state == FOLLOWER_STANDBY;
}

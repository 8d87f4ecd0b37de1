#include "consumers/follower.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/lane_sql.h"
#include "consumers/service_pg.h"
#include "consumers/thread_join.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/log.h"
#include "ops/runtime/metrics.h"
#include "ops/runtime/timeutil.h"

#define FETCH_WAIT_MS     100
#define POLL_MS           100
#define RUN_BYTES_MAX     (4 * 1024 * 1024)
#define STANDBY_MS        500 /* between two tries to get the lock */
#define BACK_OFF_FIRST_MS 100
#define BACK_OFF_MAX_MS   5000
#define SLICE_MS          20
#define LAG_EVERY_US      500000
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
    int64_t lag_at_us;
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
        .async_commit = true, /* W1: right for the view, whose position goes with it */
    };
    snprintf(name, sizeof(name), "hirelog %s", o->name);
    options.application_name = name;
    TRY(service_control_read(o->cfg, o->service, &control, err));
    return service_pg_open(o->cfg, o->service, control.generation, options, &r->session.pg, err);
}

static enum err_code lock_take(struct reading *r, bool *ret, struct err *err)
{
    const struct follower_options *o = r->session.options;
    char name[LABELS_MAX];
    const PGresult *result;
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    snprintf(name, sizeof(name), "%s %s", o->service->name, o->name);
    struct pg_param p = pg_p_text(&a, name);
    TRY(pg_exec(r->session.pg, lane_sql(SQL_FOLLOWER_LOCK), &p, 1, &result, err));
    *ret = pg_get_bool(result, 0, 0);
    return ERR_OK;
}

static enum err_code add_logs(struct reading *r, size_t source, struct err *err)
{
    struct follower_session *s = &r->session;
    char topic[TOPIC_NAME_MAX];
    int32_t partitions = 0;
    service_event_topic(s->options->cfg->topic_prefix, s->options->sources[source], topic);
    TRY(kafka_topic_partitions(s->reader, topic, &partitions, err));
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
    if (o->group)
        TRY(kafka_offset_reader_open(o->cfg, o->group, FETCH_WAIT_MS, &r->session.reader, err));
    else
        TRY(kafka_reader_open(o->cfg, true, FETCH_WAIT_MS, &r->session.reader, err));
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
    else if (m->err == RD_KAFKA_RESP_ERR__FATAL)
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

static enum err_code hand_over(struct reading *r, size_t i, struct err *err)
{
    struct follower_session *s = &r->session;
    struct pile *p = &r->piles[i];
    const struct follower_role *role = s->options->role;
    if (p->n > 0) {
        struct follower_run run = {
            .log = &s->logs[i],
            .messages = p->messages,
            .n = p->n,
            .next = p->messages[p->n - 1]->offset + 1,
        };
        TRY(role->handle(s->options->self, s, &run, err));
        s->logs[i].next = run.next;
        metric_add(r->follower->records, (int64_t)p->n);
        pile_clear(p);
    }
    if (!p->at_end)
        return ERR_OK;
    p->at_end = false;
    return role->at_end ? role->at_end(s->options->self, s, &s->logs[i], err) : ERR_OK;
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

/* An idle connection has nothing to say but that it is dead: then the lock is gone. */
static enum err_code check_alive(struct pg *pg, struct err *err)
{
    char ignored[2];
    bool got;
    return pg_wait_notify(pg, 0, ignored, sizeof(ignored), ignored, sizeof(ignored), &got, err);
}

static enum err_code turn(struct reading *r, struct err *err)
{
    TRY(fill(r, err));
    if (r->n_messages == 0)
        TRY(check_alive(r->session.pg, err));
    for (size_t i = 0; i < r->session.n_logs; i++)
        TRY(hand_over(r, i, err));
    r->n_messages = r->n_bytes = 0;
    measure_lag(r);
    return ERR_OK;
}

/* ---- the thread */

static void reading_release(struct reading *r)
{
    r->session.options->role->close(r->session.options->self);
    for (size_t i = 0; i < r->session.n_logs; i++) {
        pile_clear(&r->piles[i]);
        free(r->piles[i].messages);
    }
    free(r->piles);
    free(r->session.logs);
    kafka_consumer_close(r->session.reader);
    pg_free(r->session.pg);
}

static enum err_code
run_session(struct follower *f, struct reading *r, bool *ret_ran, struct err *err)
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
    TRY(open_reader(r, err));
    TRY(f->options.role->open(f->options.self, &r->session, err));
    TRY(assign(&r->session, err));
    log_info("following", KV_S("service", f->options.service->name), KV_S("name", f->options.name),
             KV_I("partitions", (int64_t)r->session.n_logs));
    set_state(f, FOLLOWER_RUNNING, "");
    *ret_ran = true;
    while (!atomic_load(&f->stop))
        TRY(turn(r, err));
    return ERR_OK;
}

static void failed(struct follower *f, const struct err *err)
{
    log_warn("follower interrupted, beginning anew", KV_S("service", f->options.service->name),
             KV_S("name", f->options.name), KV_S("code", err_code_name[err->code]), KV_ERR(err));
    metric_add(f->restarts, 1);
    set_state(f, FOLLOWER_BACKING_OFF, err->msg);
}

static void *follower_thread(void *arg)
{
    struct follower *f = arg;
    int64_t back_off_ms = BACK_OFF_FIRST_MS;
    while (!atomic_load(&f->stop)) {
        struct reading r = {.follower = f, .session.options = &f->options};
        struct err err = {0};
        bool ran = false;
        enum err_code code = run_session(f, &r, &ran, &err);
        reading_release(&r);
        if (code == ERR_OK)
            continue;
        failed(f, &err);
        back_off_ms = ran ? BACK_OFF_FIRST_MS : back_off_ms * 2;
        back_off_ms = back_off_ms < BACK_OFF_MAX_MS ? back_off_ms : BACK_OFF_MAX_MS;
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

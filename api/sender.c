#include "api/sender.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/request.h"
#include "api/trace.h"
#include "api/waiters.h"
#include "consumers/import_mark.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/kafka_fault.h"
#include "ops/runtime/log.h"
#include "ops/runtime/metrics.h"

#define SENDER_TOPICS_MAX  16
#define POLL_MS            100
#define TOPICS_RETRY_POLLS 10 /* a second between looks for topics that are not known yet */
#define FLUSH_MS           5000

struct sender {
    const struct config *cfg;
    const char *const *topics;
    size_t n_topics;
    _Atomic int32_t partitions[SENDER_TOPICS_MAX];
    pthread_rwlock_t lock; /* write: while the producer is replaced */
    rd_kafka_t *rk;        /* NULL while it could not be opened */
    _Atomic int64_t outstanding;
    _Atomic bool failing; /* the last report was a failure */
    _Atomic bool stop;
    pthread_t thread;
    struct metric *stored, *failed, *lost;
};

static void ticket_end(struct ticket *t, enum ticket_state state)
{
    t->state = state;
    request_resume(t->request);
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct sender *s = opaque;
    struct ticket *t = m->_private;
    (void)rk;
    atomic_fetch_sub(&s->outstanding, 1);
    atomic_store(&s->failing, m->err != RD_KAFKA_RESP_ERR_NO_ERROR);
    metric_add(m->err ? s->failed : s->stored, 1);
    if (!t) {
        metric_add(s->lost, m->err ? 1 : 0);
        return;
    }
    t->partition = m->partition;
    t->offset = m->err ? -1 : m->offset;
    if (m->err)
        ticket_end(t, kafka_fault_not_stored(m->err, rd_kafka_message_status(m)) ? TICKET_NOT_STORED
                                                                                 : TICKET_UNKNOWN);
    else if (t->deadline_us == 0)
        ticket_end(t, TICKET_STORED);
    else
        waiters_add(t->waiters, t);
}

/* With a consumer: where the broker makes topics by itself, a producer that asks for the mark makes it. */
static enum err_code
topic_look_up(struct sender *s, rd_kafka_t *reader, size_t i, int32_t *ret, struct err *err)
{
    TRY(import_mark_check(reader, s->topics[i], err));
    TRY(kafka_topic_has_partitions(s->rk, s->topics[i], s->cfg->partitions, err));
    *ret = (int32_t)s->cfg->partitions;
    return ERR_OK;
}

/* Nothing can be known about Kafka from here while it is away: tried again until it answers. */
static void topics_look_up(struct sender *s)
{
    rd_kafka_t *reader = NULL;
    struct err err;
    if (!s->rk || kafka_reader_open(s->cfg, false, POLL_MS, &reader, &err) != ERR_OK)
        return;
    for (size_t i = 0; i < s->n_topics; i++) {
        int32_t n;
        if (atomic_load(&s->partitions[i]) != 0)
            continue;
        if (topic_look_up(s, reader, i, &n, &err) != ERR_OK)
            log_warn("command topic cannot be used yet, looking again", KV_S("topic", s->topics[i]),
                     KV_ERR(&err));
        else
            atomic_store(&s->partitions[i], n);
    }
    kafka_consumer_close(reader);
}

static bool producer_dead(struct sender *s)
{
    char text[256];
    return !s->rk || rd_kafka_fatal_error(s->rk, text, sizeof(text)) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* An idempotent producer that met a fatal error sends nothing any more: what it held is reported, a
 * new one takes over. */
static void producer_replace(struct sender *s)
{
    struct err err;
    rd_kafka_t *fresh = NULL;
    if (kafka_producer_open(s->cfg, NULL, delivered, s, &fresh, &err) != ERR_OK) {
        log_error("cannot open the command producer", KV_ERR(&err));
        return;
    }
    pthread_rwlock_wrlock(&s->lock);
    rd_kafka_t *old = s->rk;
    s->rk = fresh;
    pthread_rwlock_unlock(&s->lock);
    if (old)
        log_warn("command producer replaced after a fatal error");
    kafka_producer_close(old);
}

static void *sender_main(void *arg)
{
    struct sender *s = arg;
    for (unsigned turn = 0; !atomic_load(&s->stop); turn++) {
        if (producer_dead(s))
            producer_replace(s);
        if (turn % TOPICS_RETRY_POLLS == 0 && !sender_ready(s))
            topics_look_up(s);
        if (s->rk)
            (void)rd_kafka_poll(s->rk, POLL_MS);
    }
    return NULL;
}

enum err_code sender_start(const struct config *cfg,
                           const char *const *topics,
                           size_t n_topics,
                           struct sender **ret,
                           struct err *err)
{
    struct sender *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    s->cfg = cfg;
    s->topics = topics;
    s->n_topics = n_topics;
    s->stored = metrics_counter("hirelog_commands_sent_total", "result=\"stored\"",
                                "Commands handed to Kafka.");
    s->failed = metrics_counter("hirelog_commands_sent_total", "result=\"failed\"",
                                "Commands handed to Kafka.");
    s->lost =
        metrics_counter("hirelog_audit_lost_total", "", "Login records that Kafka did not take.");
    pthread_rwlock_init(&s->lock, NULL);
    if (kafka_producer_open(cfg, NULL, delivered, s, &s->rk, err) != ERR_OK) {
        free(s);
        return err_context(err, "command producer");
    }
    topics_look_up(s);
    if (pthread_create(&s->thread, NULL, sender_main, s) != 0) {
        kafka_producer_close(s->rk);
        free(s);
        return err_set(err, ERR_INTERNAL, "cannot start the sender thread");
    }
    *ret = s;
    return ERR_OK;
}

void sender_stop(struct sender *s)
{
    if (atomic_exchange(&s->stop, true))
        return;
    pthread_join(s->thread, NULL);
    pthread_rwlock_wrlock(&s->lock);
    rd_kafka_t *rk = s->rk;
    s->rk = NULL;
    pthread_rwlock_unlock(&s->lock);
    if (rk)
        (void)rd_kafka_flush(rk, FLUSH_MS);
    kafka_producer_close(rk);
}

void sender_free(struct sender *s)
{
    if (!s)
        return;
    sender_stop(s);
    pthread_rwlock_destroy(&s->lock);
    free(s);
}

int32_t sender_partitions(const struct sender *s, size_t topic)
{
    return atomic_load(&s->partitions[topic]);
}

bool sender_ready(const struct sender *s)
{
    for (size_t i = 0; i < s->n_topics; i++)
        if (atomic_load(&s->partitions[i]) == 0)
            return false;
    return true;
}

static rd_kafka_headers_t *trace_headers(const char *traceparent)
{
    char valid[TRACEPARENT_LEN + 1];
    if (!traceparent || !trace_parent_parse(traceparent, valid))
        return NULL;
    rd_kafka_headers_t *h = rd_kafka_headers_new(1);
    (void)rd_kafka_header_add(h, "traceparent", -1, valid, TRACEPARENT_LEN);
    return h;
}

static rd_kafka_resp_err_t produce(struct sender *s, const struct send *w)
{
    rd_kafka_headers_t *headers = trace_headers(w->traceparent);
    rd_kafka_vu_t parts[8] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC,     .u.cstr = s->topics[w->topic]                            },
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = w->partition                                    },
        {.vtype = RD_KAFKA_VTYPE_KEY,       .u.mem = {(void *)(uintptr_t)w->key, UUID_TEXT_LEN}      },
        {.vtype = RD_KAFKA_VTYPE_VALUE,     .u.mem = {(void *)(uintptr_t)w->value.data, w->value.len}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS,  .u.i = RD_KAFKA_MSG_F_COPY                               },
        {.vtype = RD_KAFKA_VTYPE_OPAQUE,    .u.ptr = w->ticket                                       },
        {.vtype = RD_KAFKA_VTYPE_HEADERS,   .u.headers = headers                                     },
    };
    rd_kafka_error_t *error = rd_kafka_produceva(s->rk, parts, headers ? 7 : 6);
    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (headers)
        rd_kafka_headers_destroy(headers);
    return code;
}

enum err_code sender_send(struct sender *s, const struct send *what, struct err *err)
{
    /* While deliveries fail one message at a time tries the way; the others need not wait for its
     * time-out. */
    if (atomic_load(&s->failing) && atomic_load(&s->outstanding) > 0)
        return err_set(err, ERR_UNAVAILABLE, "Kafka takes no messages");
    atomic_fetch_add(&s->outstanding, 1);
    pthread_rwlock_rdlock(&s->lock);
    rd_kafka_resp_err_t code = s->rk ? produce(s, what) : RD_KAFKA_RESP_ERR__TRANSPORT;
    pthread_rwlock_unlock(&s->lock);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ERR_OK;
    atomic_fetch_sub(&s->outstanding, 1);
    return err_set(err, ERR_UNAVAILABLE, "produce: %s", rd_kafka_err2str(code));
}

void sender_audit_lost(struct sender *s)
{
    metric_add(s->lost, 1);
}

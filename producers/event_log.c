#include "producers/event_log.h"

#include <assert.h>
#include <stdatomic.h>

#include "ops/runtime/timeutil.h"

#define SLOTS_N        2
#define COMMIT_SLOW_US 1000000 /* W9: above it a second EndTxn may be under way */
#define NAME_SIZE      256
#define NONE_REFUSED   SIZE_MAX

/* One of the two producers. */
struct slot {
    rd_kafka_t *rk;
    char id[NAME_SIZE];       /* transactional.id */
    _Atomic int end_txn_sent; /* requests, counted by an interceptor */
    bool suspect;             /* recreate before its next begin (W9) */
};

struct event_log {
    struct config cfg;
    char topic[NAME_SIZE];
    int32_t partition;
    struct slot slots[SLOTS_N];
    int turn; /* which slot the open or next transaction uses */
    bool open;
    struct event_message *messages; /* of the open transaction */
    size_t n;
    size_t refused; /* index of a record that broker or library will never take */
};

static bool refuses_for_ever(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || code == RD_KAFKA_RESP_ERR_INVALID_MSG ||
           code == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE || code == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
           code == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
}

/* Called from within commit and abort, so on the lane's thread. */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct event_log *l = opaque;
    struct event_message *message = m->_private;
    (void)rk;
    message->offset = m->err ? -1 : m->offset;
    if (m->err && refuses_for_ever(m->err) && l->refused == NONE_REFUSED)
        l->refused = (size_t)(message - l->messages);
}

/* Repeats what librdkafka calls retriable; -1 = without a limit of our own (RULES 3). */
static enum kafka_action
finish(rd_kafka_error_t *(*call)(rd_kafka_t *, int), rd_kafka_t *rk, rd_kafka_error_t **ret)
{
    for (;;) {
        rd_kafka_error_t *error = call(rk, -1);
        enum kafka_action action = kafka_classify(error);
        if (action != KAFKA_RETRY) {
            *ret = error;
            return action;
        }
        rd_kafka_error_destroy(error);
    }
}

static enum err_code slot_init_transactions(struct event_log *l, struct slot *s, struct err *err)
{
    int64_t deadline = time_monotonic_us() + 2 * l->cfg.transaction_timeout_ms * 1000;
    for (;;) {
        rd_kafka_error_t *error =
            rd_kafka_init_transactions(s->rk, (int)l->cfg.transaction_timeout_ms);
        enum kafka_action action = kafka_classify(error);
        if (action == KAFKA_DONE)
            return ERR_OK;
        if (action != KAFKA_RETRY || time_monotonic_us() > deadline)
            return kafka_err_take(error, err, "init_transactions");
        rd_kafka_error_destroy(error);
    }
}

/* A fresh producer with this id: the broker raises the epoch, so whatever the old one still sends
 * is refused. */
static enum err_code slot_open(struct event_log *l, struct slot *s, struct err *err)
{
    int32_t partitions;
    kafka_producer_close(STEAL(s->rk));
    s->suspect = false;
    TRY(kafka_transactional_open(&l->cfg, s->id, on_delivery, l, &s->end_txn_sent, &s->rk, err));
    TRY(kafka_topic_partitions(s->rk, l->topic, &partitions, err));
    if (l->partition >= partitions)
        return err_set(err, ERR_INVALID, "topic %s has no partition %d", l->topic,
                       (int)l->partition);
    return slot_init_transactions(l, s, err);
}

enum err_code event_log_open(const struct config *cfg,
                             const char *service,
                             int32_t partition,
                             struct event_log **ret,
                             struct err *err)
{
    owned(event_log_free) struct event_log *l = calloc(1, sizeof(*l));
    if (!l)
        abort();
    l->cfg = *cfg;
    l->partition = partition;
    l->refused = NONE_REFUSED;
    snprintf(l->topic, sizeof(l->topic), "%s.%s.events", cfg->topic_prefix, service);
    for (int i = 0; i < SLOTS_N; i++) {
        struct slot *s = &l->slots[i];
        snprintf(s->id, sizeof(s->id), "%s.%s.%d.%c", cfg->topic_prefix, service, (int)partition,
                 'a' + i);
        TRY(slot_open(l, s, err));
    }
    *ret = STEAL(l);
    return ERR_OK;
}

void event_log_free(struct event_log *l)
{
    struct err ignored;
    if (!l)
        return;
    if (l->open && event_log_abort(l, &ignored) != ERR_OK)
        l->open = false; /* the next owner's init_transactions ends it */
    for (int i = 0; i < SLOTS_N; i++)
        kafka_producer_close(l->slots[i].rk);
    free(l);
}

static rd_kafka_resp_err_t produce(struct event_log *l, rd_kafka_t *rk, struct event_message *m)
{
    char key[UUID_TEXT_LEN + 1];
    uuid_format(&m->key, key);
    /* librdkafka copies key and payload; the headers are its own from success on. */
    rd_kafka_resp_err_t code = rd_kafka_producev(
        rk, RD_KAFKA_V_TOPIC(l->topic), RD_KAFKA_V_PARTITION(l->partition),
        RD_KAFKA_V_KEY(key, UUID_TEXT_LEN),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)m->value.data, m->value.len),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(m->timestamp_ms),
        RD_KAFKA_V_HEADERS(m->headers), RD_KAFKA_V_OPAQUE(m), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && m->headers)
        rd_kafka_headers_destroy(m->headers);
    m->headers = NULL;
    return code;
}

static void drop_headers(struct event_message *messages, size_t from, size_t n)
{
    for (size_t i = from; i < n; i++) {
        if (messages[i].headers)
            rd_kafka_headers_destroy(messages[i].headers);
        messages[i].headers = NULL;
    }
}

static enum err_code begin(struct event_log *l, struct err *err)
{
    struct slot *s = &l->slots[l->turn];
    if (s->suspect)
        TRY(slot_open(l, s, err));
    s->end_txn_sent = 0;
    rd_kafka_error_t *error = rd_kafka_begin_transaction(s->rk);
    if (error)
        return kafka_err_take(error, err, "begin_transaction");
    l->open = true;
    return ERR_OK;
}

enum err_code
event_log_append(struct event_log *l, struct event_message *messages, size_t n, struct err *err)
{
    assert(!l->open && n > 0);
    enum err_code begun = begin(l, err);
    if (begun != ERR_OK) {
        drop_headers(messages, 0, n);
        return begun;
    }
    l->messages = messages;
    l->n = n;
    l->refused = NONE_REFUSED;
    for (size_t i = 0; i < n; i++) {
        messages[i].offset = -1;
        rd_kafka_resp_err_t code = produce(l, l->slots[l->turn].rk, &messages[i]);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            continue;
        drop_headers(messages, i + 1, n);
        /* A local failure does not poison the transaction (RULES 2): event_log_commit looks at
         * `refused` and aborts itself. */
        if (!refuses_for_ever(code))
            return err_set(err, ERR_UNAVAILABLE, "produce to %s: %s", l->topic,
                           rd_kafka_err2str(code));
        l->refused = i;
        return ERR_OK;
    }
    return ERR_OK;
}

/* After a refused record both the sequence numbers and the state of the producer are in doubt
 * (RULES 2): new ones. */
static enum err_code give_up_refused(struct event_log *l, size_t *ret_index, struct err *err)
{
    size_t refused = l->refused;
    rd_kafka_error_t *error;
    if (finish(rd_kafka_abort_transaction, l->slots[l->turn].rk, &error) != KAFKA_DONE)
        rd_kafka_error_destroy(
            error); /* normal here; the new producer's init_transactions ends it */
    l->open = false;
    TRY(slot_open(l, &l->slots[l->turn], err));
    *ret_index = refused;
    return err_set(err, ERR_INVALID, "the broker refused record %zu of %zu", refused + 1, l->n);
}

static enum err_code check_offsets(const struct event_log *l, struct err *err)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->messages[i].offset < 0)
            return err_set(err, ERR_UNAVAILABLE,
                           "committed, but the offset of record %zu is unknown", i + 1);
    }
    return ERR_OK;
}

enum err_code event_log_commit(struct event_log *l, size_t *ret_index, struct err *err)
{
    struct slot *s = &l->slots[l->turn];
    rd_kafka_error_t *error;
    assert(l->open);
    if (l->refused != NONE_REFUSED)
        return give_up_refused(l, ret_index, err);
    int64_t started = time_monotonic_us();
    enum kafka_action action = finish(rd_kafka_commit_transaction, s->rk, &error);
    if (action == KAFKA_ABORT && l->refused != NONE_REFUSED) {
        rd_kafka_error_destroy(error);
        return give_up_refused(l, ret_index, err);
    }
    if (action != KAFKA_DONE)
        return kafka_err_take(error, err, "commit_transaction");
    l->open = false;
    s->suspect = s->end_txn_sent > 1 || time_monotonic_us() - started > COMMIT_SLOW_US;
    l->turn = (l->turn + 1) % SLOTS_N;
    return check_offsets(l, err);
}

enum err_code event_log_abort(struct event_log *l, struct err *err)
{
    struct slot *s = &l->slots[l->turn];
    rd_kafka_error_t *error;
    if (!l->open)
        return ERR_OK;
    l->open = false;
    int64_t started = time_monotonic_us();
    if (finish(rd_kafka_abort_transaction, s->rk, &error) != KAFKA_DONE)
        return kafka_err_take(error, err, "abort_transaction");
    s->suspect = s->end_txn_sent > 1 || time_monotonic_us() - started > COMMIT_SLOW_US;
    return ERR_OK;
}

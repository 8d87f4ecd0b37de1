#include "producers/event_log.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "ops/runtime/kafka_fault.h"
#include "ops/runtime/timeutil.h"

#define COMMIT_SLOW_US    1000000
#define CLOSE_ABORT_MS    5000
#define WAIT_SLICES       4 /* of a transaction timeout: the beat comes between them */
#define PRODUCERS_IN_TURN 2
#define NONE_REFUSED      SIZE_MAX

struct producer {
    struct event_log *log;
    char id[128]; /* transactional.id */
    rd_kafka_t *rk;
    rd_kafka_topic_t *topic;
    atomic_int end_txns; /* EndTxn requests sent since begin; kafka_transactional_open counts */
    bool worn;           /* to be made anew before its next begin */
};

struct event_log {
    struct config cfg;
    char topic[128];
    int32_t partition;
    struct producer producers[PRODUCERS_IN_TURN];
    size_t turn;
    bool begun;
    struct event_message *messages; /* of the begun transaction */
    size_t n;
    size_t refused; /* index of the record that was refused, or NONE_REFUSED */
    bool unknown;   /* a delivery report failed or came without an offset (RULES 6) */
    rd_kafka_resp_err_t
        ours; /* why records were refused that is this installation's fault; or none */
    int64_t renewals;
    event_log_beat_fn *beat; /* NULL = nobody wants to know */
    void *beat_arg;
};

static void beat(const struct event_log *l)
{
    if (l->beat)
        l->beat(l->beat_arg);
}

/* ---- delivery reports (served inside commit, abort and close, so on the log's own thread) ---- */

static bool is_refusal(rd_kafka_resp_err_t code)
{
    return kafka_fault_of(code) == KAFKA_FAULT_RECORD;
}

/* The rest of a transaction that failed is purged: that says nothing. */
static bool is_first_cause(const struct event_log *l, rd_kafka_resp_err_t code)
{
    return l->ours == RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
           code != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

/* The broker refuses whole batches: the largest record of them is the one that does not fit. */
static void note_refused(struct event_log *l, size_t index)
{
    if (l->refused == NONE_REFUSED ||
        l->messages[index].value.len > l->messages[l->refused].value.len)
        l->refused = index;
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    struct event_log *l = ((struct producer *)opaque)->log;
    size_t index = (size_t)(uintptr_t)m->_private;
    if (index >= l->n)
        return; /* of a transaction that was given up */
    if (is_refusal(m->err))
        note_refused(l, index);
    else if (m->err || m->offset < 0)
        l->unknown = true;
    else
        l->messages[index].offset = m->offset;
    if (kafka_fault_of(m->err) == KAFKA_FAULT_OURS && is_first_cause(l, m->err))
        l->ours = m->err;
}

/* ---- producers ---- */

static void producer_close(struct producer *p)
{
    if (p->topic)
        rd_kafka_topic_destroy(p->topic);
    kafka_producer_close(p->rk);
    p->topic = NULL;
    p->rk = NULL;
}

/* A cold topic costs its first transaction a second or two (DESIGN 7). */
static enum err_code warm_up(struct producer *p, struct err *err)
{
    const struct event_log *l = p->log;
    int32_t partitions = 0;
    TRY(kafka_topic_partitions(p->rk, l->topic, &partitions, err));
    if (l->partition >= partitions)
        return err_set(err, ERR_INVALID, "%s has no partition %d", l->topic, (int)l->partition);
    p->topic = rd_kafka_topic_new(p->rk, l->topic, NULL);
    assert(p->topic);
    return ERR_OK;
}

/*
 * Retriable means: the same call again (RULES 2); librdkafka goes on where it was. Until patience_ms have passed: what
 * then still has no answer is told as an error, whose outcome is unknown (W4). The watchdog hears of each
 * slice, so a cluster without a quorum is waited for, and only a call that does not keep its own timeout is a hang.
 */
static rd_kafka_error_t *call_until(const struct producer *p,
                                    int64_t patience_ms,
                                    rd_kafka_error_t *(*call)(rd_kafka_t *, int))
{
    int64_t slice_ms = p->log->cfg.transaction_timeout_ms / WAIT_SLICES;
    int64_t deadline_us = time_monotonic_us() + patience_ms * 1000;
    beat(p->log);
    rd_kafka_error_t *error = call(p->rk, (int)slice_ms);
    while (kafka_classify(error) == KAFKA_RETRY && time_monotonic_us() < deadline_us) {
        rd_kafka_error_destroy(error);
        beat(p->log);
        error = call(p->rk, (int)slice_ms);
    }
    beat(p->log);
    return error;
}

/* A predecessor's transaction that is still being ended takes its time; then the lane says so and tries
 * again. */
static enum err_code init_transactions(const struct producer *p, struct err *err)
{
    int64_t patience_ms = p->log->cfg.transaction_timeout_ms / WAIT_SLICES;
    rd_kafka_error_t *error = call_until(p, patience_ms, rd_kafka_init_transactions);
    return error ? kafka_err_take(error, err, "init_transactions") : ERR_OK;
}

/* A fresh producer of this id: the broker raises the epoch, so whatever the old one still sends is
 * refused. On failure it stays worn. */
static enum err_code producer_open(struct producer *p, struct err *err)
{
    p->worn = true;
    producer_close(p);
    beat(p->log);
    TRY(kafka_transactional_open(&p->log->cfg, p->id, on_delivery, p, &p->end_txns, &p->rk, err));
    TRY(warm_up(p, err));
    TRY(init_transactions(p, err));
    atomic_store(&p->end_txns, 0);
    p->worn = false;
    return ERR_OK;
}

static enum err_code producers_open(struct event_log *l, struct err *err)
{
    for (size_t i = 0; i < PRODUCERS_IN_TURN; i++)
        TRY(producer_open(&l->producers[i], err));
    return ERR_OK;
}

enum err_code event_log_open(const struct config *cfg,
                             const char *service,
                             int32_t partition,
                             struct event_log **ret,
                             struct err *err)
{
    return event_log_open_watched(cfg, service, partition, NULL, NULL, ret, err);
}

enum err_code event_log_open_watched(const struct config *cfg,
                                     const char *service,
                                     int32_t partition,
                                     event_log_beat_fn *beat_fn,
                                     void *beat_arg,
                                     struct event_log **ret,
                                     struct err *err)
{
    owned(event_log_free) struct event_log *l = calloc(1, sizeof(*l));
    if (!l)
        abort();
    l->cfg = *cfg;
    l->partition = partition;
    l->refused = NONE_REFUSED;
    l->beat = beat_fn;
    l->beat_arg = beat_arg;
    snprintf(l->topic, sizeof(l->topic), "%s.%s.events", cfg->topic_prefix, service);
    for (size_t i = 0; i < PRODUCERS_IN_TURN; i++) {
        struct producer *p = &l->producers[i];
        p->log = l;
        snprintf(p->id, sizeof(p->id), "%s.%s.%d.%c", cfg->topic_prefix, service, (int)partition,
                 (char)('a' + i));
    }
    TRY(producers_open(l, err));
    *ret = STEAL(l);
    return ERR_OK;
}

/* What is still open is aborted within a deadline (RULES 14); else by the broker after the
 * transaction timeout, or by the next owner's init_transactions. */
static void give_up_open(struct event_log *l)
{
    if (!l->begun)
        return;
    rd_kafka_error_t *error = rd_kafka_abort_transaction(l->producers[l->turn].rk, CLOSE_ABORT_MS);
    if (error)
        rd_kafka_error_destroy(error);
}

void event_log_free(struct event_log *l)
{
    if (!l)
        return;
    give_up_open(l);
    l->n = 0; /* late delivery reports find nothing to write to */
    for (size_t i = 0; i < PRODUCERS_IN_TURN; i++) {
        beat(l);
        producer_close(&l->producers[i]);
    }
    beat(l);
    free(l);
}

bool event_log_fault_is_ours(const struct event_log *l)
{
    return l->ours != RD_KAFKA_RESP_ERR_NO_ERROR;
}

int64_t event_log_renewals(const struct event_log *l)
{
    return l->renewals;
}

/* ---- transactions ---- */

/* W9: an EndTxn that is still under way would end this producer's next transaction. */
static enum err_code renew_if_worn(struct producer *p, struct err *err)
{
    if (!p->worn && atomic_load(&p->end_txns) <= 1)
        return ERR_OK;
    p->log->renewals++;
    return producer_open(p, err);
}

static enum err_code begin(struct event_log *l, struct err *err)
{
    struct producer *p = &l->producers[l->turn];
    TRY(renew_if_worn(p, err));
    atomic_store(&p->end_txns, 0);
    rd_kafka_error_t *error = rd_kafka_begin_transaction(p->rk);
    if (error) {
        p->worn = true;
        return kafka_err_take(error, err, "begin_transaction");
    }
    l->begun = true;
    l->refused = NONE_REFUSED;
    l->unknown = false;
    l->ours = RD_KAFKA_RESP_ERR_NO_ERROR;
    return ERR_OK;
}

static rd_kafka_resp_err_t produce(struct event_log *l, size_t index)
{
    struct event_message *m = &l->messages[index];
    char key[UUID_TEXT_LEN + 1];
    uuid_format(&m->key, key);
    m->offset = -1;
    rd_kafka_vu_t fields[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT,       .u.rkt = l->producers[l->turn].topic                     },
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = l->partition                                    },
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS,  .u.i = RD_KAFKA_MSG_F_COPY                               },
        {.vtype = RD_KAFKA_VTYPE_VALUE,     .u.mem = {(void *)(uintptr_t)m->value.data, m->value.len}},
        {.vtype = RD_KAFKA_VTYPE_KEY,       .u.mem = {key, UUID_TEXT_LEN}                            },
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = m->timestamp_ms                                 },
        {.vtype = RD_KAFKA_VTYPE_OPAQUE,    .u.ptr = (void *)(uintptr_t)index                        },
        {.vtype = RD_KAFKA_VTYPE_HEADERS,   .u.headers = m->headers                                  },
    };
    size_t n = ARRAY_SIZE(fields) - (m->headers ? 0 : 1);
    rd_kafka_error_t *error = rd_kafka_produceva(l->producers[l->turn].rk, fields, n);
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    if (error)
        rd_kafka_error_destroy(error);
    else
        m->headers = NULL; /* librdkafka's now */
    return code;
}

static void drop_headers(struct event_message *messages, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (messages[i].headers)
            rd_kafka_headers_destroy(messages[i].headers);
        messages[i].headers = NULL;
    }
}

/* A record refused on the spot does not poison the transaction (RULES 2): commit would succeed
 * without it, so it is remembered. */
static enum err_code produce_all(struct event_log *l, struct err *err)
{
    for (size_t i = 0; i < l->n; i++) {
        rd_kafka_resp_err_t code = produce(l, i);
        if (is_refusal(code)) {
            l->refused = i;
            return ERR_OK;
        }
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return err_set(err, ERR_UNAVAILABLE, "produce: %s", rd_kafka_err2str(code));
    }
    return ERR_OK;
}

/* Why nothing is taken, where that is known: the call's own error only says that the transaction failed. */
static void explain(const struct event_log *l, struct err *err)
{
    if (l->ours == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP)
        err_context(err, "a clock is wrong, this machine's or the broker's (%s)",
                    rd_kafka_err2str(l->ours));
    else if (l->ours)
        err_context(err, "the broker takes nothing from us (%s)", rd_kafka_err2str(l->ours));
}

enum err_code
event_log_append(struct event_log *l, struct event_message *messages, size_t n, struct err *err)
{
    assert(n > 0 && !l->begun);
    enum err_code code = begin(l, err);
    if (code == ERR_OK) {
        l->messages = messages;
        l->n = n;
        code = produce_all(l, err);
        if (code != ERR_OK) {
            (void)!event_log_abort(l, NULL); /* worn now; the first error is the one to tell */
            explain(l, err);
        }
    }
    drop_headers(messages, n);
    return code;
}

static void forget_transaction(struct event_log *l)
{
    l->begun = false;
    l->messages = NULL;
    l->n = 0;
}

/*
 * As long as the broker keeps the transaction; after that only the log knows what became of it. RULES 3 had -1 here: then a
 * coordinator without enough replicas held the lane for ever, and the watchdog ended the whole process for it.
 * Giving up is no new crash point: it stands where a kill of the process in the call stood ("during 6" in
 * docs/architecture.md), and the lane does the same as after that. It frees both producers, its successors are
 * fenced in by init_transactions, it reads the log to its end and believes it.
 */
static rd_kafka_error_t *end_transaction(const struct producer *p,
                                         rd_kafka_error_t *(*end)(rd_kafka_t *, int))
{
    return call_until(p, p->log->cfg.transaction_timeout_ms, end);
}

/* The producer is made anew after each abort: what was in flight, or refused, leaves gaps in its
 * sequence (RULES 2, 4). */
enum err_code event_log_abort(struct event_log *l, struct err *err)
{
    if (!l->begun)
        return ERR_OK;
    struct producer *p = &l->producers[l->turn];
    p->worn = true;
    rd_kafka_error_t *error = end_transaction(p, rd_kafka_abort_transaction);
    forget_transaction(l);
    return error ? kafka_err_take(error, err, "abort_transaction") : ERR_OK;
}

static enum err_code give_up_refused(struct event_log *l, size_t *ret_index, struct err *err)
{
    size_t index = l->refused;
    size_t len = l->messages[index].value.len;
    TRY(event_log_abort(l, err));
    *ret_index = index;
    return err_set(err, ERR_INVALID, "record %zu of %zu bytes was refused", index, len);
}

static enum err_code
commit_failed(struct event_log *l, rd_kafka_error_t *error, size_t *ret_index, struct err *err)
{
    bool abortable = kafka_classify(error) == KAFKA_ABORT;
    enum err_code code = kafka_err_take(error, err, "commit_transaction");
    if (abortable && l->refused != NONE_REFUSED)
        return give_up_refused(l, ret_index, err);
    l->producers[l->turn].worn = true;
    if (!abortable)
        forget_transaction(l); /* fatal: there is nothing left to abort */
    explain(l, err);
    return code;
}

enum err_code event_log_commit(struct event_log *l, size_t *ret_index, struct err *err)
{
    assert(l->begun);
    struct producer *p = &l->producers[l->turn];
    if (l->refused != NONE_REFUSED)
        return give_up_refused(l, ret_index, err);
    int64_t began_us = time_monotonic_us();
    rd_kafka_error_t *error = end_transaction(p, rd_kafka_commit_transaction);
    if (error)
        return commit_failed(l, error, ret_index, err);
    p->worn = time_monotonic_us() - began_us > COMMIT_SLOW_US;
    bool known = !l->unknown;
    for (size_t i = 0; i < l->n; i++)
        known = known && l->messages[i].offset >= 0;
    forget_transaction(l);
    l->turn = (l->turn + 1) % PRODUCERS_IN_TURN;
    return known ? ERR_OK : err_set(err, ERR_UNAVAILABLE, "committed, but the offsets are unknown");
}

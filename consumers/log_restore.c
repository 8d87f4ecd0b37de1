#include "consumers/log_restore.h"

#include <inttypes.h>

#include "ops/runtime/kafka.h"
#include "ops/runtime/kafka_fault.h"

#define UNDER_WAY_BYTES_MAX   (16 * 1024 * 1024)
#define UNDER_WAY_RECORDS_MAX 50000
#define POLL_MS               100

struct log_restore {
    rd_kafka_t *rk;
    size_t bytes, records; /* under way */
    struct err failure;    /* the first; reports are served on this thread, in polls */
};

static enum err_code
refused(rd_kafka_resp_err_t code, const char *topic, int32_t partition, struct err *err)
{
    bool poison = kafka_fault_of(code) == KAFKA_FAULT_RECORD;
    return err_set(err, poison ? ERR_INVALID : ERR_UNAVAILABLE, "%s/%d: %s", topic, (int)partition,
                   rd_kafka_err2str(code));
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct log_restore *l = opaque;
    int64_t expected = (int64_t)(intptr_t)m->_private;
    (void)rk;
    l->bytes -= m->len;
    l->records--;
    if (l->failure.code != ERR_OK)
        return;
    if (m->err)
        refused(m->err, rd_kafka_topic_name(m->rkt), m->partition, &l->failure);
    else if (expected != LOG_RESTORE_ANYWHERE && m->offset != expected)
        err_set(&l->failure, ERR_CONFLICT,
                "%s/%d: a record came to stand at %" PRId64 ", not at %" PRId64
                ": somebody else writes there",
                rd_kafka_topic_name(m->rkt), (int)m->partition, m->offset, expected);
}

enum err_code log_restore_open(const struct config *cfg, struct log_restore **ret, struct err *err)
{
    owned(log_restore_free) struct log_restore *l = calloc(1, sizeof(*l));
    if (!l)
        abort();
    TRY(kafka_producer_open(cfg, NULL, delivered, l, &l->rk, err));
    *ret = STEAL(l);
    return ERR_OK;
}

void log_restore_free(struct log_restore *l)
{
    if (!l)
        return;
    kafka_producer_close(l->rk);
    free(l);
}

static enum err_code failure(const struct log_restore *l, struct err *err)
{
    if (l->failure.code != ERR_OK && err)
        *err = l->failure;
    return l->failure.code;
}

static bool much_under_way(const struct log_restore *l)
{
    return l->bytes > UNDER_WAY_BYTES_MAX || l->records >= UNDER_WAY_RECORDS_MAX;
}

static rd_kafka_resp_err_t produce(struct log_restore *l,
                                   const char *topic,
                                   int32_t partition,
                                   const struct archive_record *r,
                                   rd_kafka_headers_t *headers,
                                   int64_t offset)
{
    return rd_kafka_producev(l->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                             RD_KAFKA_V_KEY(r->key.data, r->key.len),
                             RD_KAFKA_V_VALUE((void *)(uintptr_t)r->value.data, r->value.len),
                             RD_KAFKA_V_TIMESTAMP(r->timestamp_ms),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers),
                             RD_KAFKA_V_OPAQUE((void *)(intptr_t)offset), RD_KAFKA_V_END);
}

enum err_code log_restore_add(struct log_restore *l,
                              const char *topic,
                              int32_t partition,
                              const struct archive_record *r,
                              int64_t offset,
                              struct err *err)
{
    static const struct archive_record blank; /* timestamp 0: the client takes the time of now */
    if (r && r->timestamp_ms <= 0)
        return err_set(err, ERR_INVALID, "the record at offset %" PRId64 " has no timestamp",
                       r->offset);
    for (;;) {
        rd_kafka_poll(l->rk, 0);
        while (much_under_way(l))
            rd_kafka_poll(l->rk, POLL_MS);
        TRY(failure(l, err));
        rd_kafka_headers_t *headers = r ? archive_headers_new(r) : NULL;
        rd_kafka_resp_err_t code = produce(l, topic, partition, r ? r : &blank, headers, offset);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            break;
        if (headers)
            rd_kafka_headers_destroy(headers);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return refused(code, topic, partition, err);
        rd_kafka_poll(l->rk, POLL_MS);
    }
    l->bytes += r ? r->value.len : 0;
    l->records++;
    return ERR_OK;
}

/* Ends: what is not stored in the message timeout is reported as failed. */
enum err_code log_restore_flush(struct log_restore *l, struct err *err)
{
    while (rd_kafka_flush(l->rk, POLL_MS) == RD_KAFKA_RESP_ERR__TIMED_OUT)
        ;
    return failure(l, err);
}

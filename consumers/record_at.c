#include "consumers/record_at.h"

#include <inttypes.h>

#include "ops/runtime/kafka.h"
#include "ops/runtime/timeutil.h"

#define POLL_MS 100

/* Is it an answer to where the record is? Takes m over; *ret NULL: it is not there. */
static bool answers(rd_kafka_message_t *m, int64_t offset, rd_kafka_message_t **ret)
{
    bool record = !m->err && m->offset == offset;
    bool gone = (!m->err && m->offset > offset) || m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
                m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET;
    *ret = record ? m : NULL;
    if (!record)
        rd_kafka_message_destroy(m);
    return record || gone;
}

enum err_code record_at(const struct config *cfg,
                        rd_kafka_t *reader,
                        const char *topic,
                        int32_t partition,
                        int64_t offset,
                        rd_kafka_message_t **ret,
                        struct err *err)
{
    int64_t low = 0, high = 0;
    int64_t deadline = time_monotonic_us() + cfg->transaction_timeout_ms * 1000;
    TRY(kafka_watermarks(reader, topic, partition, &low, &high, err));
    if (offset < low || offset >= high) {
        *ret = NULL;
        return ERR_OK;
    }
    TRY(kafka_reader_assign(reader, topic, partition, offset, err));
    while (time_monotonic_us() < deadline) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, POLL_MS);
        if (m && answers(m, offset, ret))
            return ERR_OK;
    }
    return err_set(err, ERR_UNAVAILABLE, "%s/%d: record %" PRId64 " could not be read", topic,
                   (int)partition, offset);
}

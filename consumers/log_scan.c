#include "consumers/log_scan.h"

#include <inttypes.h>

#include "ops/runtime/timeutil.h"

#define AHEAD_MIB     48
#define FETCH_WAIT_MS 1 /* each wait for the end delays the caller */
#define POLL_MS       100
#define LSO_SLICE_NS  20000000L

static int64_t patience_us(const struct config *cfg)
{
    return 2 * cfg->transaction_timeout_ms * 1000;
}

/* The last stable offset is what a read_committed reader is told (W5). */
static enum err_code wait_for_stable(const struct config *cfg,
                                     const char *topic,
                                     int32_t partition,
                                     int64_t high,
                                     struct log_range *ret,
                                     struct err *err)
{
    rd_kafka_t *committed = NULL;
    int64_t deadline = time_monotonic_us() + patience_us(cfg);
    TRY(kafka_reader_open(cfg, true, FETCH_WAIT_MS, &committed, err));
    enum err_code code;
    for (;;) {
        code = kafka_watermarks(committed, topic, partition, &ret->low, &ret->end, err);
        if (code != ERR_OK || ret->end >= high)
            break;
        if (time_monotonic_us() > deadline) {
            code = err_set(err, ERR_UNAVAILABLE,
                           "%s/%d: the log's end (%" PRId64
                           ") is not readable: a hanging transaction?",
                           topic, (int)partition, high);
            break;
        }
        struct timespec slice = {.tv_nsec = LSO_SLICE_NS};
        nanosleep(&slice, NULL);
    }
    kafka_consumer_close(committed);
    return code;
}

enum err_code log_scan_range(const struct config *cfg,
                             const char *topic,
                             int32_t partition,
                             struct log_range *ret,
                             struct err *err)
{
    rd_kafka_t *uncommitted = NULL;
    struct log_range range = {0, 0};
    int64_t low, high;
    TRY(kafka_reader_open(cfg, false, FETCH_WAIT_MS, &uncommitted, err));
    enum err_code code = kafka_watermarks(uncommitted, topic, partition, &low, &high, err);
    kafka_consumer_close(uncommitted);
    TRY(code);
    TRY(wait_for_stable(cfg, topic, partition, high, &range, err));
    *ret = range;
    return ERR_OK;
}

static enum err_code take(const rd_kafka_message_t *m,
                          struct log_range range,
                          log_scan_fn *fn,
                          void *arg,
                          bool *done,
                          struct err *err)
{
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF || !m->err)
        *done = m->offset >= range.end;
    if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || m->err == RD_KAFKA_RESP_ERR__FATAL ||
        m->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        m->err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
        return err_set(err, ERR_UNAVAILABLE, "reading from offset %" PRId64 ": %s", range.low,
                       rd_kafka_message_errstr(m));
    if (m->err || *done)
        return ERR_OK; /* the client tries again */
    return fn(arg, m, err);
}

static enum err_code read_range(rd_kafka_t *reader,
                                int64_t patience,
                                struct log_range range,
                                log_scan_fn *fn,
                                void *arg,
                                struct err *err)
{
    int64_t deadline = time_monotonic_us() + patience;
    for (bool done = false; !done;) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, POLL_MS);
        if (!m) {
            if (time_monotonic_us() > deadline)
                return err_set(err, ERR_UNAVAILABLE, "nothing comes before offset %" PRId64,
                               range.end);
            continue;
        }
        bool moves = !m->err;
        enum err_code code = take(m, range, fn, arg, &done, err);
        rd_kafka_message_destroy(m);
        TRY(code);
        if (moves)
            deadline = time_monotonic_us() + patience;
    }
    return ERR_OK;
}

enum err_code log_scan(const struct config *cfg,
                       const char *topic,
                       int32_t partition,
                       struct log_range range,
                       log_scan_fn *fn,
                       void *arg,
                       struct err *err)
{
    rd_kafka_t *reader = NULL;
    if (range.low >= range.end)
        return ERR_OK;
    TRY(kafka_scanner_open(cfg, AHEAD_MIB, &reader, err));
    enum err_code code = kafka_reader_assign(reader, topic, partition, range.low, err);
    if (code == ERR_OK)
        code = read_range(reader, patience_us(cfg), range, fn, arg, err);
    kafka_consumer_close(reader);
    if (code != ERR_OK)
        err_context(err, "%s/%d", topic, (int)partition);
    return code;
}

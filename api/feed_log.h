/*
 * feed_log.h - one Kafka reader over all partitions of an event topic, from any place. One thread, but for
 * feed_log_wake(). Never logs.
 */
#ifndef API_FEED_LOG_H
#define API_FEED_LOG_H

#include <librdkafka/rdkafka.h>

#include "ops/runtime/config.h"
#include "ops/runtime/err.h"

struct feed_log; /* opaque */

enum feed_news {
    FEED_NOTHING,
    FEED_RECORD,
    FEED_END, /* of the partition, for now: everything before the offset was given */
    FEED_LOST /* the place is not in the log (any more) */
};

/* Who keeps up lets the broker collect: a feed must not cost a write anything. Who is behind does not. */
enum feed_haste { FEED_PATIENT, FEED_EAGER };

struct feed_record {
    int32_t partition;
    int64_t offset;
    rd_kafka_message_t *message; /* NULL unless FEED_RECORD; feed_record_release() */
};
void feed_record_release(struct feed_record *r);

/* Reads nothing before feed_log_seek(). ERR_CORRUPT: not so many partitions. */
MUST_CHECK enum err_code feed_log_open(const struct config *cfg,
                                       const char *topic,
                                       enum feed_haste haste,
                                       struct feed_log **ret,
                                       struct err *err);
void feed_log_close(struct feed_log *l); /* NULL ok */
/* Goes on with these offsets. */
MUST_CHECK enum err_code feed_log_seek(struct feed_log *l, const int64_t *next, struct err *err);
/* The next that is there. */
enum feed_news feed_log_poll(struct feed_log *l, int timeout_ms, struct feed_record *ret);
/* To ask the broker something before the first seek: later an answer waits behind a fetch. */
rd_kafka_t *feed_log_handle(struct feed_log *l);
/* Any thread: feed_log_poll() returns FEED_NOTHING at once, now or the next time. */
void feed_log_wake(struct feed_log *l);
/* Nothing of this partition any more until the next seek. */
void feed_log_hold(struct feed_log *l, int32_t partition);

#endif

/*
 * log_scan.h - reads a stretch of one partition, read_committed, and hands each record over. One
 * thread. Never logs.
 */
#ifndef CONSUMERS_LOG_SCAN_H
#define CONSUMERS_LOG_SCAN_H

#include "ops/runtime/kafka.h"

/* Offsets: [low, end). */
struct log_range {
    int64_t low, end;
};

/* m is valid during the call. An error ends the scan. */
typedef enum err_code log_scan_fn(void *arg, const rd_kafka_message_t *m, struct err *err);

/*
 * The end that a snapshot may have: every transaction is wholly before it or wholly behind it, and
 * whatever was acknowledged before the call is before it. It is the first last stable offset that has
 * passed the high watermark of now. ERR_UNAVAILABLE: it does not within twice the transaction timeout
 * (a hanging transaction), ERR_NOT_FOUND: no such topic.
 */
MUST_CHECK enum err_code log_scan_range(const struct config *cfg,
                                        const char *topic,
                                        int32_t partition,
                                        struct log_range *ret,
                                        struct err *err);
/* Every committed record of the range, in order. ERR_UNAVAILABLE: nothing came for twice the
 * transaction timeout, or the broker deleted what was to be read (retention). */
MUST_CHECK enum err_code log_scan(const struct config *cfg,
                                  const char *topic,
                                  int32_t partition,
                                  struct log_range range,
                                  log_scan_fn *fn,
                                  void *arg,
                                  struct err *err);

#endif

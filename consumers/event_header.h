/*
 * event_header.h - the headers of an event record (DESIGN 3): CloudEvents in binary mode,
 * traceparent, `command` and `digest`. Never logs.
 */
#ifndef CONSUMERS_EVENT_HEADER_H
#define CONSUMERS_EVENT_HEADER_H

#include <librdkafka/rdkafka.h>

#include "consumers/outcome.h"
#include "ops/runtime/err.h"
#include "schemas/record.h"

#define TRACEPARENT_MAX 64

/* The i-th (from 1) of the n events of one command, and what the command leaves behind for
 * catch-up. */
struct event_origin {
    int64_t command_offset;
    int64_t i, n;
    bool has_digest;
    uint8_t digest[DIGEST_LEN];
};

/* New headers, the caller's (event_log_append takes them over). traceparent "" = none. `source` is
 * /<prefix>/<service>. */
rd_kafka_headers_t *event_headers_new(struct record event,
                                      const char *source,
                                      const struct event_origin *origin,
                                      const char *traceparent);
/* The headers of a record, still its own; NULL = it has none. */
const rd_kafka_headers_t *message_headers(const rd_kafka_message_t *m);
/* A header as text; h may be NULL. False: missing, longer than the buffer, or no text. */
MUST_CHECK bool
event_header_text(const rd_kafka_headers_t *h, const char *name, char *ret, size_t size);
/* h may be NULL; offset is for the message. ERR_CORRUPT: not one of our events. */
MUST_CHECK enum err_code event_origin_read(const rd_kafka_headers_t *h,
                                           int64_t offset,
                                           struct event_origin *ret,
                                           struct err *err);
/* ce_id. ERR_CORRUPT as above. */
MUST_CHECK enum err_code
event_id_read(const rd_kafka_headers_t *h, int64_t offset, struct uuid *ret, struct err *err);
/* ce_subject: the aggregate that it changes. ERR_CORRUPT as above. */
MUST_CHECK enum err_code event_aggregate_read(const rd_kafka_headers_t *h,
                                              int64_t offset,
                                              struct uuid *ret,
                                              struct err *err);
/* The command record's traceparent, or "". */
void traceparent_read(const rd_kafka_headers_t *h, char ret[TRACEPARENT_MAX]);

#endif

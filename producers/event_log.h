/*
 * event_log.h - append decided events to one event partition, all or none.
 * Owns the two transactional producers of the lane (`<prefix>.<service>.<p>.a` and `.b`), used in
 * turn (DESIGN 4, 7). One thread. Never logs.
 */
#ifndef PRODUCERS_EVENT_LOG_H
#define PRODUCERS_EVENT_LOG_H

#include "ops/runtime/config.h"
#include "ops/runtime/kafka.h"

struct event_log; /* opaque */

/* Fences every earlier writer of this partition: new producers, init_transactions on both (W4).
 * ERR_UNAVAILABLE when no broker answers. Caller owns *ret. */
MUST_CHECK enum err_code event_log_open(const struct config *cfg,
                                        const char *service,
                                        int32_t partition,
                                        struct event_log **ret,
                                        struct err *err);
void event_log_free(struct event_log *l); /* NULL ok; aborts what is open */
DEFINE_CLEANUP(struct event_log *, event_log_free);

struct event_message {
    struct bytes value; /* framed Avro */
    struct uuid key;    /* partition key */
    int64_t timestamp_ms;
    rd_kafka_headers_t *headers; /* handed over by event_log_append */
    int64_t offset;              /* out: valid after commit success only; -1 = unknown (RULES 6) */
};

/* Begin and produce; returns at once. Messages must live until commit or abort has returned. */
MUST_CHECK enum err_code
event_log_append(struct event_log *l, struct event_message *messages, size_t n, struct err *err);
/*
 * ERR_OK: all are in the log and every offset is known. ERR_INVALID: the broker refused a record
 * (too large): nothing is in the log, *ret_index says which; the log reopens its producers by
 * itself. Any other error: unknown or fenced; free the log and go through W4/W5. ERR_CONFLICT:
 * fenced by another owner.
 */
MUST_CHECK enum err_code event_log_commit(struct event_log *l, size_t *ret_index, struct err *err);
/* Gives the begun transaction up. On failure: free the log (W4). */
MUST_CHECK enum err_code event_log_abort(struct event_log *l, struct err *err);

#endif

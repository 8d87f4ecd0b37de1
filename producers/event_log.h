/*
 * event_log.h - append decided events to one event partition, all or none.
 * Owns the two transactional producers of the lane (`<prefix>.<service>.<p>.a` and `.b`), used in
 * turn (DESIGN 4, 7). One thread. Never logs.
 *
 * After any error but ERR_INVALID the log knows too little to go on: free it, open a new one and
 * catch up (W4, W5).
 */
#ifndef PRODUCERS_EVENT_LOG_H
#define PRODUCERS_EVENT_LOG_H

#include "ops/runtime/config.h"
#include "ops/runtime/kafka.h"

struct event_log; /* opaque */

/* Called before and after each call that waits for the cluster, on the log's own thread: none waits longer than
 * a transaction timeout without it. */
typedef void event_log_beat_fn(void *arg);

/*
 * Fences every earlier writer of this partition: new producers, init_transactions on both, topic
 * warmed up (W4). cfg is copied. Caller owns *ret. ERR_UNAVAILABLE when no broker
 * answers, ERR_NOT_FOUND without the topic, ERR_INVALID without the partition.
 */
MUST_CHECK enum err_code event_log_open(const struct config *cfg,
                                        const char *service,
                                        int32_t partition,
                                        struct event_log **ret,
                                        struct err *err);
/* The same; beat tells that the thread is in control while it waits. NULL = nobody asks. */
MUST_CHECK enum err_code event_log_open_watched(const struct config *cfg,
                                                const char *service,
                                                int32_t partition,
                                                event_log_beat_fn *beat,
                                                void *beat_arg,
                                                struct event_log **ret,
                                                struct err *err);
void event_log_free(struct event_log *l); /* NULL ok; aborts what is open */
DEFINE_CLEANUP(struct event_log *, event_log_free);

struct event_message {
    struct bytes value; /* framed Avro; copied */
    struct uuid key;    /* partition key */
    int64_t timestamp_ms;
    rd_kafka_headers_t
        *headers;   /* NULL = none; handed over by event_log_append, also when it fails */
    int64_t offset; /* out: valid after commit success only; -1 before (RULES 6) */
};

/* Begin and produce; returns at once, but for a producer that has to be made anew first (W9). n >
 * 0. Messages must live until commit or abort has returned. A record that is too large shows at the
 * commit. */
MUST_CHECK enum err_code
event_log_append(struct event_log *l, struct event_message *messages, size_t n, struct err *err);
/*
 * ERR_OK: all are in the log and every offset is known. ERR_INVALID: a record was refused (too
 * large): nothing is in the log, *ret_index says which; the next append works. Any other error:
 * unknown or fenced; also after a transaction timeout without an answer. ERR_CONFLICT: fenced by another owner.
 */
MUST_CHECK enum err_code event_log_commit(struct event_log *l, size_t *ret_index, struct err *err);
/* Did the last append or commit fail for what only people mend (KAFKA_FAULT_OURS: a clock, rights, settings)? Its
 * err names it. The commands are not at fault, so they wait. */
bool event_log_fault_is_ours(const struct event_log *l);
/* Gives the begun transaction up; nothing to do when none is begun. */
MUST_CHECK enum err_code event_log_abort(struct event_log *l, struct err *err);

/* Producers made anew because of W9 or an abort; for metrics and tests. */
int64_t event_log_renewals(const struct event_log *l);

#endif

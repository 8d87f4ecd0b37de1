/*
 * log_restore.h - writes records that once were, each with its own timestamp, to partitions that
 * nobody else writes to. Idempotent producer: what is there is a prefix of what was added, in order.
 * One thread. Never logs.
 */
#ifndef CONSUMERS_LOG_RESTORE_H
#define CONSUMERS_LOG_RESTORE_H

#include "consumers/archive.h"
#include "ops/runtime/config.h"

#define LOG_RESTORE_ANYWHERE (-1)

struct log_restore; /* opaque */
MUST_CHECK enum err_code
log_restore_open(const struct config *cfg, struct log_restore **ret, struct err *err);
void log_restore_free(struct log_restore *l); /* NULL ok; what was not flushed may be lost */
DEFINE_CLEANUP(struct log_restore *, log_restore_free);
/*
 * Queues one record; waits while much is under way. r NULL = a blank one, of now. offset: where it
 * has to come to stand, or LOG_RESTORE_ANYWHERE. An error may be of an earlier record. ERR_CONFLICT:
 * it came to stand elsewhere, so somebody else writes there; ERR_INVALID: it has no timestamp, or the
 * broker refuses it.
 */
MUST_CHECK enum err_code log_restore_add(struct log_restore *l,
                                         const char *topic,
                                         int32_t partition,
                                         const struct archive_record *r,
                                         int64_t offset,
                                         struct err *err);
/* All that was added is in the log. */
MUST_CHECK enum err_code log_restore_flush(struct log_restore *l, struct err *err);

#endif

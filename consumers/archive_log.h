/*
 * archive_log.h - one of a service's logs on its way into an archive: which log, what was known before its
 * first record was read, then its records and its manifest. Logs each partition.
 */
#ifndef CONSUMERS_ARCHIVE_LOG_H
#define CONSUMERS_ARCHIVE_LOG_H

#include "consumers/archive_manifest.h"
#include "ops/runtime/config.h"

/* A cut through both logs of a service: by partition the end of its command log. */
struct archive_cut {
    int64_t next_command[ARCHIVE_PARTITIONS_MAX];
};

/*
 * Topic, cluster, partitions and the positions of groups (archive_group.h) into *ret, an initialised manifest.
 * ERR_INVALID: not a topic of ours; ERR_NOT_FOUND: no such topic; ERR_UNAVAILABLE: Kafka is away.
 */
MUST_CHECK enum err_code archive_log_begin(const struct config *cfg,
                                           const char *topic,
                                           struct archive_manifest *ret,
                                           struct err *err);
/* Where the command log of `m` ends now. */
MUST_CHECK enum err_code archive_cut_begin(const struct config *cfg,
                                           const struct archive_manifest *m,
                                           struct archive_cut *ret,
                                           struct err *err);
/*
 * Records and manifest into `dir`, an empty directory. cut NULL: up to the end that the log has now. Else, of events,
 * until every command before the cut was decided, or CUT_PATIENCE_MS passed without an event (no worker: what is
 * open is told in the log, and stays open), and the cut is moved behind the last decided command; of commands: up to the cut.
 * ERR_UNAVAILABLE: Kafka is away, a transaction hangs, or the disk says no.
 */
MUST_CHECK enum err_code archive_log_write(const struct config *cfg,
                                           struct archive_manifest *m,
                                           const char *dir,
                                           struct archive_cut *cut,
                                           struct err *err);

#endif

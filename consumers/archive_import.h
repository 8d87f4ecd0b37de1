/*
 * archive_import.h - `hirelog import DIR ...`: restores the logs of services, from their archives,
 * into a cluster that has none.
 *
 * Event logs come back record by record: key, value, headers, timestamp, order. Their offsets do not:
 * between events stood transaction markers, and to place these anew every transaction would have to
 * be made again. What was at which offset is in the archive. Nothing that survives a cluster counts in
 * event offsets: a view of the old cluster is refused by the lane (W11) and rebuilt.
 *
 * Command offsets do come back, and so the new cluster is a new epoch that needs no number. An offset
 * of a command is its identity in many places: the header `command` of its events, lane.next_command,
 * outcomes, claims, dead letters, the id of what cannot be read, whom the API wakes up. So none is
 * ever given twice. Where the restored events say that command n was decided, the new command log
 * continues behind n: offsets up to there are filled with blank records, which are then deleted
 * (DeleteRecords), but for those that an archive of the command log brings back, each in its place.
 * A header then means for ever what it meant: an old one can't hide a new command, since its offset is
 * lower than any new one's; and none runs again, since a lane that reads the headers begins behind
 * them (W2, W5). No reader has to know of an epoch. The price is a blank record per command, about a
 * byte on disk, where each command brought an event with it, of hundreds (W2; skipped duplicates
 * aside): a small part of the import, however large the offset.
 *
 * Archives are read as they are, then this happens in order; the import may be killed anywhere:
 *
 *   1 refuse      archives that are damaged (SHA-256 of each file, before anything is written) or do
 *                 not fit, logs that are not empty              killed: nothing was done
 *   2 mark        the topic <prefix>.<service>.import (import_mark.h), of all services; then topics that
 *                 are missing                                   killed from here on until 8: lanes,
 *                 projectors and reactors of the service do not begin, the API takes no commands for it,
 *                 until an import of the same archives has ended. Running it again goes on: what is
 *                 there is a prefix (log_restore.h), continued, and checked as a whole in 5
 *   3 fence       the lanes' own transactional ids: a lane that was open on the empty log cannot write
 *                 any more, and looks for the mark when it opens again. A lane fences first, then looks;
 *                 we mark first, then fence: one of both sees the other. Then the logs must still be empty
 *   4 restore     events, then commands with their blanks
 *   5 check       everything is read back: digest and number of records per partition are the manifest's
 *   6 delete      the blanks that come before the log's new beginning
 *   7 groups      reactors go on where they were, in the new log's offsets (archive_group.h): history does
 *                 not fire again (X1)
 *   8 unmark      each service is whole when its mark goes; a service that still has one is restored by
 *                 the same command with its directories alone
 *
 * Logs each partition.
 */
#ifndef CONSUMERS_ARCHIVE_IMPORT_H
#define CONSUMERS_ARCHIVE_IMPORT_H

#include "ops/runtime/config.h"
#include "ops/runtime/err.h"

#define ARCHIVE_IMPORT_MAX 32 /* directories at once */

/*
 * dirs: of each service its events, and its commands if there is an archive of them. ERR_INVALID: an
 * archive is damaged or does not fit, the message names it and why; ERR_CONFLICT: a topic is not empty,
 * or somebody else writes to it; ERR_CORRUPT: what was read back is not what is in the archive;
 * ERR_UNAVAILABLE: Kafka is away. *ret_records: records restored.
 */
MUST_CHECK enum err_code archive_import(const struct config *cfg,
                                        const char *const *dirs,
                                        size_t n,
                                        int64_t *ret_records,
                                        struct err *err);

#endif

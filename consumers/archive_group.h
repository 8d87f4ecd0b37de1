/*
 * archive_group.h - how far consumer groups had read when a log was exported, and the same in the cluster
 * that it is restored into. Never logs.
 *
 * Reactors have no other memory (X1): without it history fires again. Their positions go with the archive
 * of the commands that they send, and are read before the first of these: what lies before a position had
 * been sent by then, so it is in that archive, or was decided. Positions that went with the events could say
 * "done" of what an earlier archive of the commands does not have.
 *
 * The hint of the workers (W11: a gap before the command log is skipped duplicates) goes with the events, and is
 * read before the first of these: what was decided by then is in them.
 */
#ifndef CONSUMERS_ARCHIVE_GROUP_H
#define CONSUMERS_ARCHIVE_GROUP_H

#include "consumers/archive_manifest.h"
#include "ops/runtime/config.h"

/* What the group of this archive reads: its source's events, or, the workers, its service's commands. */
void archive_group_topic(const char *prefix,
                         const struct archive_manifest *m,
                         const struct archive_group *g,
                         char ret[TOPIC_NAME_MAX]);
/* The groups into m, which has its service and partitions. ERR_UNAVAILABLE: no answer. */
MUST_CHECK enum err_code
archive_groups_read(const struct config *cfg, struct archive_manifest *m, struct err *err);
/* Gives the group these positions instead, by partition; < 0 = none. *ret_taken false: it has members, who know
 * better. ERR_UNAVAILABLE: no answer. */
MUST_CHECK enum err_code archive_group_commit(const struct config *cfg,
                                              const struct archive_manifest *m,
                                              const struct archive_group *g,
                                              const int64_t *next,
                                              bool *ret_taken,
                                              struct err *err);

#endif

/*
 * archive_export.h - `hirelog export TOPIC --to DIR`: one of a service's logs into an archive, while
 * the service runs. What was acknowledged before it began is in it; no transaction is in it by half.
 *
 * The directory is new, empty, or holds what an interrupted export left: that one is known by its
 * file `export.unfinished` (locked while it works), and begun anew. Killed at any moment it leaves no
 * manifest, so no archive; the file goes after the manifest came, and a manifest always counts.
 */
#ifndef CONSUMERS_ARCHIVE_EXPORT_H
#define CONSUMERS_ARCHIVE_EXPORT_H

#include "consumers/archive_manifest.h"
#include "ops/runtime/config.h"

/*
 * Into *ret, an initialised manifest. ERR_INVALID: not a topic of ours, or the directory is
 * somebody's; ERR_NOT_FOUND: no such topic; ERR_CONFLICT: another export works there;
 * ERR_UNAVAILABLE: Kafka is away, a transaction hangs, or the disk says no. Logs each partition.
 */
MUST_CHECK enum err_code archive_export(const struct config *cfg,
                                        const char *topic,
                                        const char *dir,
                                        struct archive_manifest *ret,
                                        struct err *err);

#endif

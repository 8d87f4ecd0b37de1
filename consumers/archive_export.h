/*
 * archive_export.h - `hirelog export`: logs into archives, while the services run. What was acknowledged before
 * it began is in it; no transaction is in it by half. The directory: archive_dir.h. Logs each partition.
 *
 * `export --all` makes one consistent cut of all logs. What is restored from it may be decided on: no invoice comes
 * twice, nothing refers to what is not there. Let E and C be a service's logs of events and commands, G the
 * positions of its reactors in the events of the services that they follow. Per service, one after the other:
 *
 *   1  G is read            every command that a reactor sent for an event before G is stored already
 *   2  the end c of C       is later, so all of these are before c
 *   3  E, from its beginning until each command before c was decided; e = the end of that, n = behind the last
 *      command that E[0, e) decides
 *   4  C up to max(c, n)    n is c or more, unless nobody decides
 *
 * Services come in the order of service_order.h: whoever follows a service is cut before it. So
 *
 *   - Nothing that the source decides after the cut is decided again. A command in the archive is before n, so
 *     its events are, too. Only where no worker decided for CUT_PATIENCE_MS are there open commands in
 *     the archive; they were accepted, so they must not be lost, and the log names them. The restored cluster
 *     decides them. A worker that comes back to the source decides them there, too, with the same ids of
 *     events and of reactors' commands, but perhaps with another outcome: then the two clusters part.
 *   - No effect without its cause. A command of a reactor in C, or an event that it led to in E, has its cause
 *     in the events of a service that is cut later, so after that cause was committed.
 *   - No effect twice. An event before G has its command in C or its events in E. An event at or behind G
 *     is read again by the restored reactor, which sends a command with the id of the first time: where that is
 *     decided in E its outcome is known and it is skipped; where E does not have it, it was not decided in
 *     the cut, and is decided once.
 *   - No effect is missing: the restored reactor begins at G, and everything behind G is sent again.
 *   - Claims and views are made from E alone; both logs of a lane are cut with n behind every event, so a lane
 *     begins where the source's lane stood.
 *   - What people did across services is told by the order, too: a message is cut before its job and before the
 *     people, a job before the people.
 *
 * Killed at any moment it leaves no index, and without one nothing of it is imported as a whole. The index has the
 * checksum of each part's manifest, the manifest those of its files (archive_index.h).
 */
#ifndef CONSUMERS_ARCHIVE_EXPORT_H
#define CONSUMERS_ARCHIVE_EXPORT_H

#include "consumers/archive_index.h"
#include "consumers/archive_manifest.h"
#include "ops/runtime/config.h"

/*
 * `export TOPIC --to DIR`, one log: a cut that fits no other archive. Into *ret, an initialised manifest.
 * ERR_INVALID: not a topic of ours, or the directory is somebody's; ERR_NOT_FOUND: no such topic;
 * ERR_CONFLICT: another export works there; ERR_UNAVAILABLE: Kafka is away, a transaction hangs, or the disk says no.
 */
MUST_CHECK enum err_code archive_export(const struct config *cfg,
                                        const char *topic,
                                        const char *dir,
                                        struct archive_manifest *ret,
                                        struct err *err);
/* `export --all --to DIR`. Into *ret, an initialised index. Errors as above; ERR_UNAVAILABLE, too, when a service is
 * being restored. */
MUST_CHECK enum err_code archive_export_all(const struct config *cfg,
                                            const char *dir,
                                            struct archive_index *ret,
                                            struct err *err);

#endif

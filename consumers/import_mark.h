/*
 * import_mark.h - is a service's log being restored? From before the first record of an import until
 * after its last check there is the topic `<prefix>.<service>.import`, and nobody begins on such a
 * log: it looks like a new or a shorter one and is neither.
 *
 * A topic, because its creation and its deletion are each one atomic, replicated step for all
 * partitions of both logs at once; group offsets expire, topic configurations take no names of ours,
 * and a record in the logs themselves would have to be known to every reader. Never logs.
 */
#ifndef CONSUMERS_IMPORT_MARK_H
#define CONSUMERS_IMPORT_MARK_H

#include "consumers/manifest.h"
#include "ops/runtime/kafka.h"

/* `topic` is the service's command or event topic, here and below. */
void import_mark_topic(const char *topic, char ret[TOPIC_NAME_MAX]);
/* ERR_UNAVAILABLE: it is being restored (the message says by what), or no broker answers. */
MUST_CHECK enum err_code import_mark_check(rd_kafka_t *rk, const char *topic, struct err *err);
MUST_CHECK enum err_code
import_mark_find(rd_kafka_t *rk, const char *topic, bool *ret, struct err *err);
/* Seen by the broker that we ask when it returns; there already is fine. */
MUST_CHECK enum err_code
import_mark_set(rd_kafka_t *rk, const char *topic, int replication, struct err *err);
/* Not there is fine. Gone for the broker that we ask, too, when it returns (or 5 s have passed). */
MUST_CHECK enum err_code import_mark_clear(rd_kafka_t *rk, const char *topic, struct err *err);

#endif

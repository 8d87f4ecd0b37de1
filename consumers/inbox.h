/*
 * inbox.h - command records that were fetched and not yet decided, in log order. A batch takes from
 * the front what it manages; the rest waits. One thread. Never logs.
 */
#ifndef CONSUMERS_INBOX_H
#define CONSUMERS_INBOX_H

#include <librdkafka/rdkafka.h>

#include "ops/runtime/err.h"

struct inbox_item {
    rd_kafka_message_t *message;
    const char *forced_reason; /* static; set when the command was found to be poison: it is not
                                  decided again */
    char *detail;              /* why, for the dead letter; the inbox's */
};

struct inbox {
    struct inbox_item *items;
    size_t n, max;
    size_t bytes, bytes_max;
};

void inbox_init(struct inbox *in, size_t commands_max, size_t bytes_max);
void inbox_release(struct inbox *in);
/*
 * Takes what is there, up to the limits; waits up to timeout_ms for the first only. Offsets below
 * `from` are dropped (W4). ERR_UNAVAILABLE: the position is gone or the handle is dead; open the
 * lane anew, its checks tell why.
 */
MUST_CHECK enum err_code
inbox_fill(struct inbox *in, rd_kafka_t *reader, int64_t from, int timeout_ms, struct err *err);
/* The first n are decided. */
void inbox_drop(struct inbox *in, size_t n);
void inbox_force(struct inbox *in, size_t index, const char *reason, const char *detail);

#endif

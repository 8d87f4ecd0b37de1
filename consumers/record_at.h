/*
 * record_at.h - the record at a place of a log, for people who look at one. Never logs.
 */
#ifndef CONSUMERS_RECORD_AT_H
#define CONSUMERS_RECORD_AT_H

#include <librdkafka/rdkafka.h>

#include "ops/runtime/config.h"
#include "ops/runtime/err.h"

/* reader: kafka_reader_open(), read_committed. *ret is the caller's, to be destroyed; NULL: the brokers say that
 * it is not there (any more). ERR_UNAVAILABLE: they say nothing within the transaction timeout.
 * ERR_NOT_FOUND: there is no such topic. */
MUST_CHECK enum err_code record_at(const struct config *cfg,
                                   rd_kafka_t *reader,
                                   const char *topic,
                                   int32_t partition,
                                   int64_t offset,
                                   rd_kafka_message_t **ret,
                                   struct err *err);

#endif

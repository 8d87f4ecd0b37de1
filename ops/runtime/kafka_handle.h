/*
 * kafka_handle.h - rd_kafka_new() that leaves nothing behind when it fails. Logs only when it ends the process.
 */
#ifndef OPS_RUNTIME_KAFKA_HANDLE_H
#define OPS_RUNTIME_KAFKA_HANDLE_H

#include <librdkafka/rdkafka.h>

#include "ops/runtime/err.h"

/* Handles that failed and are still being taken apart; one more ends the process. */
#define KAFKA_HANDLES_BROKEN_MAX 16

/*
 * Takes conf, also when it fails. A consumer's events come by rd_kafka_consumer_poll(). Caller owns *ret.
 * ERR_INVALID: a setting; ERR_UNAVAILABLE: no threads to be had, the same call may succeed later.
 */
MUST_CHECK enum err_code
kafka_handle_open(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **ret, struct err *err);

#endif

/*
 * kafka_fault.h - whose fault an error of librdkafka is: one table of all its codes. Nobody else asks for
 * single codes to find out. Pure.
 */
#ifndef OPS_RUNTIME_KAFKA_FAULT_H
#define OPS_RUNTIME_KAFKA_FAULT_H

#include <librdkafka/rdkafka.h>

#include "ops/runtime/err.h"

enum kafka_fault {
    KAFKA_FAULT_NONE,    /* no error, or news and no fault */
    KAFKA_FAULT_CLUSTER, /* wait, and try again: a broker is away, moves, is full or too slow */
    KAFKA_FAULT_RECORD,  /* poison: no repetition of the same bytes can be stored */
    KAFKA_FAULT_OURS, /* this installation's: recreate, alarm, try again. Settings, rights, clock, state */
};

/* A code that the table does not have (a newer library's) is the cluster's. */
enum kafka_fault kafka_fault_of(rd_kafka_resp_err_t code);
/* Does the table have the code? For the test that asks for every code of the library. */
bool kafka_fault_known(rd_kafka_resp_err_t code);
/* ERR_OK, ERR_NOT_FOUND (no such topic or partition), ERR_INVALID (the record's), ERR_UNAVAILABLE (the
 * cluster's, and ours: once it is mended the same call succeeds). */
enum err_code kafka_fault_err(rd_kafka_resp_err_t code);
/*
 * Is it certain that a record of which a delivery report tells this error is not in the log? librdkafka's own status is
 * not enough: it calls a record "not persisted" for every code that it does not know, UNKNOWN (a
 * broker's "unexpected error", perhaps after the append) among them. False = perhaps it is.
 */
bool kafka_fault_not_stored(rd_kafka_resp_err_t code, rd_kafka_msg_status_t status);

#endif

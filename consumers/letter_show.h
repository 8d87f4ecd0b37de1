/*
 * letter_show.h - one letter with everything that is known of it, as JSON for people. Each record is read from Kafka,
 * with its headers, where it still is (`"from": "kafka"`), else from the bytes that were kept (`"stored"`); null when there
 * are none. Never logs.
 */
#ifndef CONSUMERS_LETTER_SHOW_H
#define CONSUMERS_LETTER_SHOW_H

#include <jansson.h>

#include "consumers/letter_name.h"
#include "ops/runtime/config.h"

#define LETTER_SHOW_EVENTS_MAX 100 /* of a parked aggregate; `waiting` says how many there are */
#define LETTER_SHOW_BYTES_MAX  (4 * 1024 * 1024) /* the same; and the one that goes beyond */

/* *ret is a new reference. ERR_NOT_FOUND: there is no such letter. ERR_UNAVAILABLE: Kafka or PostgreSQL is
 * away, so that nobody can say what the record is. */
MUST_CHECK enum err_code
letter_show(const struct config *cfg, const struct letter_name *n, json_t **ret, struct err *err);

#endif

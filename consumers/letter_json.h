/*
 * letter_json.h - a record as JSON, whatever its bytes are. Never logs.
 */
#ifndef CONSUMERS_LETTER_JSON_H
#define CONSUMERS_LETTER_JSON_H

#include <jansson.h>
#include <librdkafka/rdkafka.h>

#include "schemas/codec.h"

/*
 * {"type": "PostJob", "value": {...}}, or, when the bytes cannot be what they claim or their schema is not known
 * here, {"unreadable": why, "hex": "..."}. Any other failure is returned: what is away makes nothing unreadable.
 * *ret is a new reference.
 */
MUST_CHECK enum err_code letter_json_record(
    struct codec *codec, struct bytes framed, struct arena *a, json_t **ret, struct err *err);
/* The same of a record in Kafka, with its `timestamp`, `key` and `headers`. */
MUST_CHECK enum err_code letter_json_message(struct codec *codec,
                                             const rd_kafka_message_t *m,
                                             struct arena *a,
                                             json_t **ret,
                                             struct err *err);
/* New references. Time as RFC 3339; text as it is, as {"hex": ...} where it is none, null where there are
 * no bytes. */
json_t *letter_json_time(int64_t us);
json_t *letter_json_text(const void *bytes, size_t len);

#endif

/*
 * codec.h - records <-> Avro in Confluent framing (byte 0, 4-byte big-endian id, body), by avro-c's
 * generic values. Decoding uses the writer's schema, matches fields by name, fills absent ones from
 * our own defaults (RULES 18), after a scan of all counts and lengths (RULES 20). A codec belongs
 * to one thread; decoded memory to the arena given.
 */
#ifndef SCHEMAS_CODEC_H
#define SCHEMAS_CODEC_H

#include "ops/runtime/arena.h"
#include "ops/runtime/err.h"
#include "schemas/record.h"

#define CODEC_MESSAGE_MAX (1024 * 1024)

struct codec; /* opaque: cached avro values per schema */

struct codec *codec_new(void);
void codec_free(struct codec *c); /* NULL ok */
DEFINE_CLEANUP(struct codec *, codec_free);

/* Frames with the id of the newest version (or the registry's, S3). ERR_INVALID: larger than
 * CODEC_MESSAGE_MAX, a string that is NULL or not UTF-8, an unknown symbol; the message names the
 * field. */
MUST_CHECK enum err_code
codec_encode(struct codec *c, struct record r, struct arena *a, struct bytes *ret, struct err *err);
/* ERR_NOT_FOUND: unknown schema id (S4). ERR_UNAVAILABLE: the id is a registry's that is away (S3): later,
 * and never to be taken for unknown or unreadable. ERR_CORRUPT: bad framing, bad body, hostile lengths,
 * trailing bytes, bad UUID or UTF-8, U+0000. ret->type is one of record_types. */
MUST_CHECK enum err_code codec_decode(
    struct codec *c, struct bytes framed, struct arena *a, struct record *ret, struct err *err);
/* The type of a framed record, without decoding it. Errors as above. */
MUST_CHECK enum err_code
codec_type(struct bytes framed, const struct record_type **ret, struct err *err);
/* SHA-256 of the payload (all but meta and "digest": false fields): canonical JSON, sorted, members
 * at their default left out, so a newer version of the same command has the same digest. */
void codec_digest(struct record command, struct arena *a, uint8_t ret[32]);
/* A zeroed record with all defaults filled in; required strings are NULL. The items of a default
 * array are shared: replace the array, never write into it. */
void *record_new(const struct record_type *t, struct arena *a);

#endif

/*
 * schema_ids.h - the ids that a schema registry has assigned (S3): which one each record type is written
 * with, and which text an id below REGISTRY_LOCKED_ID_MIN stands for. Process-wide: opened once,
 * before threads. Without schema_registry_url nothing here is asked for, and all ids are the binary's.
 *
 * What was learnt is kept for good: an id stands for its text for ever. Unknown ids are asked for by
 * whoever meets one, one at a time; a registry that is away is left alone for
 * SCHEMA_IDS_AWAY_MS in between. Any thread, never logs.
 */
#ifndef SCHEMAS_SCHEMA_IDS_H
#define SCHEMAS_SCHEMA_IDS_H

#include "ops/runtime/config.h"

#define SCHEMA_IDS_MAX     4096 /* texts of ours that a registry has */
#define SCHEMA_IDS_AWAY_MS 500
#define SCHEMA_NAMESPACE   "hirelog." /* of every type of ours */

struct wire;

/* Talks to nobody yet. ERR_INVALID: wrong credentials file. */
MUST_CHECK enum err_code schema_ids_open(const struct config *cfg, struct err *err);
bool schema_ids_are_a_registrys(void);
/*
 * What a process that writes does at its start, before threads and codecs: finds the ids of all commands
 * and events, which are written with them from then on. (States stay with the ids of the binary:
 * they never leave PostgreSQL.) ERR_NOT_FOUND: a schema is not published yet. ERR_CONFLICT: an id
 * would mean two schemas. ERR_UNAVAILABLE: the registry is away.
 */
MUST_CHECK enum err_code schema_ids_look_up(struct err *err);
/* ERR_NOT_FOUND: neither the registry nor we know it, or a newer program's text (S4). ERR_UNAVAILABLE: the
 * registry is away: later. */
MUST_CHECK enum err_code schema_ids_wire(int32_t id, const struct wire **ret, struct err *err);
/* The text of one of our types, also of a version that only a newer program knows. *ret lives for ever.
 * As above; other people's schemas are ERR_NOT_FOUND. May take REGISTRY_ANSWER_MS. */
MUST_CHECK enum err_code schema_ids_text(int32_t id, const char **ret, struct err *err);
/* The same from memory; NULL = not there yet. */
const char *schema_ids_known_text(int32_t id);

#endif

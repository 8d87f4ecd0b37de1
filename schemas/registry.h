/*
 * registry.h - schema ids: the embedded registry over the schemas in the binary (S2), and the
 * look-ups that api/ serves in the Confluent REST dialect. Immutable after start, any thread.
 */
#ifndef SCHEMAS_REGISTRY_H
#define SCHEMAS_REGISTRY_H

#include "schemas/record.h"

#define REGISTRY_LOCKED_ID_MIN 1000000

/* The type and version that an id stands for; false = unknown. */
MUST_CHECK bool registry_by_id(int32_t id,
                               const struct record_type **ret_type,
                               const struct schema_version **ret_version);
const struct record_type *registry_subject(const char *subject); /* NULL = none */
/* version 0 = latest; NULL = none. */
const struct schema_version *registry_version(const struct record_type *t, int32_t version);
/* Same schema, however it is written (schema_text.h)? NULL = none. */
const struct schema_version *registry_lookup(const struct record_type *t, const char *schema_text);

#endif

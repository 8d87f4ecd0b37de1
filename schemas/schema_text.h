/*
 * schema_text.h - are two texts of an Avro schema the same schema? A registry may write one back in
 * its own way: other white space and order of members, names without the namespace around them,
 * {"type": "string"} for "string", no docs. Pure, any thread.
 */
#ifndef SCHEMAS_SCHEMA_TEXT_H
#define SCHEMAS_SCHEMA_TEXT_H

#include <jansson.h>

#include "ops/runtime/base.h"

#define SCHEMA_TEXT_DEPTH_MAX 64 /* of nested types */

/* The schema in one form for all its texts, to be compared by json_equal(); new reference. A record's or
 * enum's "name" is the full name. NULL: not JSON, or deeper than a schema of ours may be. */
json_t *schema_text_canonical(const char *text);
/* The full name of the type that the text describes, "" when it has none. A view into canonical. */
const char *schema_text_name(const json_t *canonical);

#endif

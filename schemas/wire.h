/*
 * wire.h - internal to schemas/: how a published text lays a record out on the wire and where each
 * part of it lies in the C struct. Built once from all texts in the binary, at first use; immutable
 * after, any thread.
 */
#ifndef SCHEMAS_WIRE_H
#define SCHEMAS_WIRE_H

#include <avro.h>

#include "ops/runtime/arena.h"
#include "ops/runtime/err.h"
#include "schemas/record.h"

/* Array items of one record, all arrays together: what hostile counts can make us allocate. */
#define WIRE_ITEMS_MAX 65536

struct wire_record;

/* One field of the writer, in the writer's order. */
struct wire_field {
    const struct field *field;  /* ours, of that name */
    bool is_int;                /* Avro int: 32 bits */
    size_t item_min;            /* least bytes of one T */
    struct wire_record *record; /* FIELD_RECORD */
};

struct wire_record {
    const struct record_type *type;
    const void *defaults; /* a struct of the type, as record_new makes it */
    struct wire_field *fields;
    size_t n;
    size_t size_min; /* least bytes of a value */
};

/* One version of one record type. */
struct wire {
    const struct record_type *type;
    const struct schema_version *version;
    avro_schema_t schema;
    struct wire_record *record;
    size_t slot;      /* dense, for caches */
    int32_t write_id; /* what it is framed with: version->id, or the registry's (schema_ids.h) */
};

size_t wire_slots(void);
const struct wire *wire_newest(const struct record_type *t);
const struct wire *wire_by_id(int32_t id); /* of the binary; NULL = unknown */
const struct wire *wire_of(const struct record_type *t, const struct schema_version *v);
/* From now on it is framed with this id; before threads. */
void wire_write_as(const struct wire *w, int32_t id);
/* Fills *value (zeroed) with the defaults of t. */
void wire_defaults(const struct record_type *t, void *value, struct arena *a);
/* The defaults of one of record_types; never changes. */
const void *wire_template(const struct record_type *t);

/*
 * Walks a body without trusting it: every count, length, branch, symbol, string. ERR_OK: avro-c can
 * read it safely and reads all of it. ERR_CORRUPT names the field.
 */
MUST_CHECK enum err_code wire_scan(const struct wire *w, struct bytes body, struct err *err);

#endif

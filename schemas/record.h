/*
 * record.h - what the generator knows about every command, event and state, as tables. The typed
 * structs are in build/gen/schemas/records.h, made by generate.c from
 * schemas/<service>/<Name>[.v<N>].avsc. Immutable, any thread.
 */
#ifndef SCHEMAS_RECORD_H
#define SCHEMAS_RECORD_H

#include <string.h>

#include "ops/runtime/uuid.h"

enum field_kind {
    FIELD_BOOL,   /* bool */
    FIELD_LONG,   /* int64_t (Avro long or int) */
    FIELD_STRING, /* const char *, UTF-8, no U+0000 */
    FIELD_UUID,   /* struct uuid (Avro string, logicalType uuid) */
    FIELD_TIME,   /* int64_t us since 1970 (timestamp-micros) */
    FIELD_ENUM,   /* int: index of the symbol */
    FIELD_RECORD, /* struct of .record, in place */
};

struct enum_type {
    const char *name;
    const char *const *symbols;
    size_t n_symbols;
};

/*
 * A field of a generated struct. optional (["null", T]): `bool has_<name>;` stands before it.
 * array: the member is `struct { T *items; size_t n; }`, seen through struct record_array.
 */
struct field {
    const char *name;
    const char *doc;
    enum field_kind kind;
    bool optional;
    bool array;
    bool api;    /* comes from the HTTP body ("api": false in the .avsc takes it out) */
    bool digest; /* part of the payload digest ("digest": false: credential ids) */
    bool pii;
    size_t offset;                    /* of the member */
    size_t has_offset;                /* of has_<name>, when optional */
    size_t item_size;                 /* of one T */
    const struct record_type *record; /* FIELD_RECORD */
    const struct enum_type *enums;    /* FIELD_ENUM */
    const char *default_json;         /* NULL = none, required */
    int64_t min, max;                 /* FIELD_LONG; INT64_MIN/MAX = none */
    int64_t min_length, max_length;   /* characters of a FIELD_STRING */
    int64_t min_items, max_items;     /* arrays; always bounded */
    bool unique_items;                /* arrays of strings and enums: no item twice */
    const char *format; /* "email", "currency", "line" (no control characters), NULL = "text" (tab
                           and newlines too) */
};

struct record_array {
    void *items;
    size_t n;
};

/* The array member at `member`; copies, since the member's own type is another struct. */
static inline struct record_array record_array_get(const void *member)
{
    struct record_array array;
    memcpy(&array, member, sizeof array);
    return array;
}
static inline void record_array_set(void *member, struct record_array array)
{
    memcpy(member, &array, sizeof array);
}

/* One published text of a schema. Self-contained: shared types are inlined by the generator. */
struct schema_version {
    int32_t id;       /* from schemas/ids.lock, >= 1,000,000 */
    int32_t version;  /* 1.. */
    const char *text; /* what the registry answers and fingerprints */
};

enum record_role { RECORD_COMMAND, RECORD_EVENT, RECORD_STATE, RECORD_PART };

struct record_type {
    const char *name;    /* JobPosted */
    const char *subject; /* hirelog.job.JobPosted = full name (RecordNameStrategy) */
    const char *service; /* job; "common" for CommandRejected and shared parts */
    const char *doc;
    enum record_role role;
    size_t size;                /* of the generated struct */
    const struct field *fields; /* commands and events: fields[0] is `meta`, offset 0 */
    size_t n_fields;
    const struct field
        *key; /* commands: the partition key ("key": "job_id" in the .avsc); NULL otherwise */
    const struct schema_version
        *versions; /* oldest first; the newest describes the struct. Parts have none */
    size_t n_versions;
    size_t index; /* in record_types; RECORD_INDEX_NONE for parts */
};
#define RECORD_INDEX_NONE SIZE_MAX

/* A value and its type. */
struct record {
    const struct record_type *type;
    void *value;
};

extern const struct record_type
    *const record_types[]; /* all but parts, sorted by name then service; generated */
extern const size_t n_record_types;

/* service NULL = any. NULL when there is none. */
const struct record_type *record_type_find(const char *service, const char *name);
const struct field *record_field(const struct record_type *t, const char *name); /* NULL = none */

#endif

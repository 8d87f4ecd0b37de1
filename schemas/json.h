/*
 * json.h - JSON bodies <-> records by the same tables. Reports every bad field, not the first
 * (API.md "Errors").
 */
#ifndef SCHEMAS_JSON_H
#define SCHEMAS_JSON_H

#include <jansson.h>

#include "ops/runtime/arena.h"
#include "ops/runtime/err.h"
#include "schemas/record.h"

#define JSON_DEPTH_MAX        32
#define JSON_FIELD_ERRORS_MAX 64

struct field_error {
    const char *field; /* dotted path: budget.amount, skills.3 */
    const char *code;  /* required, unknown, duplicate, type, range, length, format */
    const char *detail;
};
struct field_errors {
    struct field_error items[JSON_FIELD_ERRORS_MAX];
    size_t n;
};
void field_errors_add(struct field_errors *e,
                      struct arena *a,
                      const char *field,
                      const char *code,
                      const char *detail);

/* Parses text (an object expected). ERR_INVALID: err->msg says where, or *errors holds duplicates
 * with their name. */
MUST_CHECK enum err_code json_parse(
    struct bytes text, struct arena *a, json_t **ret, struct field_errors *errors, struct err *err);
/* Fills the `api` fields of *value (made by record_new). PATCH rules are the schema's: an optional
 * field absent = unchanged, null is a type error. Unknown members are errors. ERR_INVALID when
 * errors->n > 0. */
MUST_CHECK enum err_code record_from_json(const struct record_type *t,
                                          json_t *object,
                                          struct arena *a,
                                          void *value,
                                          struct field_errors *errors);
/* All fields, new reference. UUIDs and times as text, optional absent members left out. */
json_t *record_to_json(const struct record_type *t, const void *value);
/* JSON Schema (OpenAPI 3.1) of the `api` fields (commands) or of all fields. New reference. */
json_t *record_json_schema(const struct record_type *t);

#endif

/*
 * event_field.h - a leaf of an event under the name that the .sql files use, as a parameter
 * (apply.h has the naming). Pure.
 */
#ifndef PROJECTIONS_EVENT_FIELD_H
#define PROJECTIONS_EVENT_FIELD_H

#include "ops/runtime/pg.h"
#include "schemas/record.h"

#define EVENT_FIELD_DEPTH_MAX 4

struct event_field {
    const struct field *leaf;
    size_t offset;                             /* of the leaf in the event */
    size_t has_offsets[EVENT_FIELD_DEPTH_MAX]; /* of the flags that must all be true for it to be
                                                  there */
    size_t n_has;
    enum pg_type type, array_type; /* of one value, and of a column of them */
};

/* ERR_INVALID: no leaf has that name, or it is a record as a whole. */
MUST_CHECK enum err_code event_field_find(const struct record_type *event,
                                          const char *name,
                                          struct event_field *ret,
                                          struct err *err);
struct pg_param event_field_param(const struct event_field *f, const void *event, struct arena *a);

#endif

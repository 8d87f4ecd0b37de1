/*
 * field_list.h - field values that are lists (RFC 9110 5.6.1): parts between commas or semicolons, but not
 * those that stand in quoted strings. Pure; what is returned are views.
 */
#ifndef API_FIELD_LIST_H
#define API_FIELD_LIST_H

#include "ops/runtime/arena.h"

/* A part of a value, without the blanks around it. */
struct field_part {
    const char *s;
    size_t len;
};

struct field_part field_part_trimmed(const char *s, size_t len);
/* The next part at *rest that is not empty; moves *rest behind its separator. False: there is none. */
MUST_CHECK bool field_part_next(struct field_part *rest, char separator, struct field_part *ret);
/* The whole of it is this word, in any case. */
bool field_part_is(struct field_part p, const char *word);
/* `name = value`, either without its blanks. Without `=` the value is empty. */
void field_part_split(struct field_part p,
                      struct field_part *ret_name,
                      struct field_part *ret_value);
/* A quoted string without its quotes, anything else as it is. Quoted pairs stay: no value of ours has one. */
struct field_part field_part_unquoted(struct field_part p);

#endif

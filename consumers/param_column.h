/*
 * param_column.h - columns for unnest(): one pg_param per row, then one array parameter per column.
 *
 *     struct pg_param *id = param_column(a, n);
 *     for (...) id[i] = pg_p_uuid(a, &rows[i].id);
 *     p[0] = pg_p_array(a, PG_UUID_ARRAY, id, n);
 */
#ifndef CONSUMERS_PARAM_COLUMN_H
#define CONSUMERS_PARAM_COLUMN_H

#include "ops/runtime/pg.h"

static inline struct pg_param *param_column(struct arena *a, size_t n)
{
    return ARENA_ARRAY(a, struct pg_param, n);
}

/* n ids as uuid[]. */
static inline struct pg_param param_ids(struct arena *a, const struct uuid *ids, size_t n)
{
    struct pg_param *column = param_column(a, n);
    for (size_t i = 0; i < n; i++)
        column[i] = pg_p_uuid(a, &ids[i]);
    return pg_p_array(a, PG_UUID_ARRAY, column, n);
}

/* Messages of libraries may quote the bytes they failed on, or be cut in the middle of a character:
 * only printable ASCII is sure to be accepted as text. NULL = SQL NULL. */
static inline struct pg_param param_printable(struct arena *a, const char *s)
{
    if (!s)
        return pg_p_null(PG_TEXT);
    char *copy = arena_strdup(a, s);
    for (char *c = copy; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return pg_p_text(a, copy);
}

#endif

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

#endif

/*
 * row_index.h - rows of one look-up by many ids: the parameter, and which row has which id. Pure;
 * arena memory.
 */
#ifndef API_ROW_INDEX_H
#define API_ROW_INDEX_H

#include "ops/runtime/pg.h"

struct row_index_entry {
    struct uuid id;
    size_t row;
};
struct row_index {
    struct row_index_entry *entries; /* sorted by id after row_index_sort() */
    size_t n;
};

struct pg_param uuids_param(struct arena *a, const struct uuid *ids, size_t n);

/* Room for n rows; fill entries[row], then sort. */
void row_index_init(struct row_index *x, struct arena *a, size_t n);
void row_index_sort(struct row_index *x);
/* NULL = no row has it. */
const struct row_index_entry *row_index_find(const struct row_index *x, const struct uuid *id);

#endif

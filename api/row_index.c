#include "api/row_index.h"

#include <stdlib.h>

struct pg_param uuids_param(struct arena *a, const struct uuid *ids, size_t n)
{
    struct pg_param *items = ARENA_ARRAY(a, struct pg_param, n);
    for (size_t i = 0; i < n; i++)
        items[i] = pg_p_uuid(a, &ids[i]);
    return pg_p_array(a, PG_UUID_ARRAY, items, n);
}

void row_index_init(struct row_index *x, struct arena *a, size_t n)
{
    *x = (struct row_index){.entries = ARENA_ARRAY(a, struct row_index_entry, n), .n = n};
}

static int compare(const void *a, const void *b)
{
    return uuid_compare(&((const struct row_index_entry *)a)->id,
                        &((const struct row_index_entry *)b)->id);
}

void row_index_sort(struct row_index *x)
{
    qsort(x->entries, x->n, sizeof(*x->entries), compare);
}

const struct row_index_entry *row_index_find(const struct row_index *x, const struct uuid *id)
{
    struct row_index_entry key = {.id = *id};
    return x->n ? bsearch(&key, x->entries, x->n, sizeof(key), compare) : NULL;
}

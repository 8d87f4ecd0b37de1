/*
 * id_index.h - a small map from UUID to a number (an index into somebody's array). Arena memory;
 * grows; nothing is ever removed.
 */
#ifndef CONSUMERS_ID_INDEX_H
#define CONSUMERS_ID_INDEX_H

#include "ops/runtime/arena.h"
#include "ops/runtime/uuid.h"

struct id_index; /* opaque */

struct id_index *id_index_new(struct arena *a);
/* True: added. False: it was there already and keeps its value. */
bool id_index_add(struct id_index *x, const struct uuid *id, size_t value);
/* False: *ret untouched. */
bool id_index_find(const struct id_index *x, const struct uuid *id, size_t *ret);

#endif

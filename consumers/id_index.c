#include "consumers/id_index.h"

#include <string.h>

#define ID_INDEX_START 64 /* a power of two */

struct id_slot {
    struct uuid id;
    size_t value;
    bool used;
};
struct id_index {
    struct arena *arena;
    struct id_slot *slots;
    size_t cap, n;
};

static size_t hash_of(const struct uuid *id)
{
    uint64_t half[2];
    memcpy(half, id->b, sizeof(half));
    uint64_t h = half[0] * 0x9e3779b97f4a7c15u ^ half[1];
    return (size_t)(h ^ h >> 32) * 0x9e3779b1u >> 7;
}

/* The slot that holds id, or the empty one where it belongs. */
static struct id_slot *slot_of(const struct id_index *x, const struct uuid *id)
{
    size_t mask = x->cap - 1;
    for (size_t i = hash_of(id) & mask;; i = (i + 1) & mask)
        if (!x->slots[i].used || uuid_equal(&x->slots[i].id, id))
            return &x->slots[i];
}

struct id_index *id_index_new(struct arena *a)
{
    struct id_index *x = ARENA_NEW(a, struct id_index);
    x->arena = a;
    x->cap = ID_INDEX_START;
    x->slots = ARENA_ARRAY(a, struct id_slot, x->cap);
    return x;
}

static void double_slots(struct id_index *x)
{
    struct id_slot *old = x->slots;
    size_t old_cap = x->cap;
    x->cap *= 2;
    x->slots = ARENA_ARRAY(x->arena, struct id_slot, x->cap);
    for (size_t i = 0; i < old_cap; i++)
        if (old[i].used)
            *slot_of(x, &old[i].id) = old[i];
}

bool id_index_add(struct id_index *x, const struct uuid *id, size_t value)
{
    if (x->n * 2 >= x->cap)
        double_slots(x);
    struct id_slot *slot = slot_of(x, id);
    if (slot->used)
        return false;
    *slot = (struct id_slot){.id = *id, .value = value, .used = true};
    x->n++;
    return true;
}

bool id_index_find(const struct id_index *x, const struct uuid *id, size_t *ret)
{
    const struct id_slot *slot = slot_of(x, id);
    if (slot->used)
        *ret = slot->value;
    return slot->used;
}

/*
 * arena.h - memory of one batch or one request: allocate freely, free all at once.
 * Memory is zeroed. Out of memory aborts the process. Not thread-safe; each owner has its own.
 */
#ifndef OPS_RUNTIME_ARENA_H
#define OPS_RUNTIME_ARENA_H

#include <stdarg.h>

#include "ops/runtime/base.h"

struct arena_block;
struct arena {
    struct arena_block *head; /* newest block; NULL = nothing allocated yet */
};

void arena_init(struct arena *a); /* allocates nothing */
void arena_release(struct arena *a);
void arena_clear(struct arena *a);        /* keeps the newest, largest block for the next batch */
size_t arena_kept(const struct arena *a); /* bytes that arena_clear() would keep */

/* Zeroed, aligned for any type. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((malloc, returns_nonnull));
#define ARENA_NEW(a, type)      ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (n)))
/* An array of n items grown to hold n + 1: doubles when n is a power of two. Returns the (moved)
 * array. */
void *arena_grow(struct arena *a, void *items, size_t n, size_t item_size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct bytes arena_bytes(struct arena *a, const void *data, size_t len); /* a copy */

#endif

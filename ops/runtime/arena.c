#include "ops/runtime/arena.h"

#include <assert.h>
#include <stdalign.h>

#define ARENA_BLOCK_BYTES ((size_t)64 * 1024)
#define ARENA_ALIGN       (alignof(max_align_t))

struct arena_block {
    struct arena_block *older;
    size_t used;
    size_t cap;
    alignas(max_align_t) uint8_t data[];
};

void arena_init(struct arena *a)
{
    a->head = NULL;
}

static void free_down_to(struct arena *a, struct arena_block *last)
{
    while (a->head != last) {
        struct arena_block *older = a->head->older;
        free(a->head);
        a->head = older;
    }
}

void arena_release(struct arena *a)
{
    free_down_to(a, NULL);
}

void arena_clear(struct arena *a)
{
    struct arena_block *first = a->head;
    while (first && first->older)
        first = first->older;
    free_down_to(a, first);
    if (first)
        first->used = 0;
}

/* The first block always has the normal size, since arena_clear() keeps it for ever. */
static void add_block(struct arena *a, size_t size)
{
    bool oversized = size > ARENA_BLOCK_BYTES;
    if (oversized && !a->head)
        add_block(a, ARENA_BLOCK_BYTES);
    size_t cap = oversized ? size : ARENA_BLOCK_BYTES;
    struct arena_block *block = malloc(sizeof *block + cap);
    if (!block)
        abort();
    block->older = a->head;
    block->used = 0;
    block->cap = cap;
    a->head = block;
}

void *arena_alloc(struct arena *a, size_t size)
{
    assert(size <= SIZE_MAX / 2);
    size_t rounded = (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
    if (rounded == 0)
        rounded = ARENA_ALIGN;
    if (!a->head || a->head->cap - a->head->used < rounded)
        add_block(a, rounded);
    void *p = a->head->data + a->head->used;
    a->head->used += rounded;
    return memset(p, 0, rounded);
}

void *arena_grow(struct arena *a, void *items, size_t n, size_t item_size)
{
    bool full = (n & (n - 1)) == 0; /* capacities are powers of two; n = 0 is full, too */
    if (!full)
        return items;
    assert(item_size > 0 && n <= SIZE_MAX / 4 / item_size);
    void *grown = arena_alloc(a, (n ? 2 * n : 1) * item_size);
    if (n)
        memcpy(grown, items, n * item_size);
    return grown;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *copy = arena_alloc(a, n + 1);
    if (n)
        memcpy(copy, s, n);
    return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(len >= 0);
    char *text = arena_alloc(a, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    return text;
}

struct bytes arena_bytes(struct arena *a, const void *data, size_t len)
{
    uint8_t *copy = arena_alloc(a, len);
    if (len)
        memcpy(copy, data, len);
    return (struct bytes){.data = copy, .len = len};
}

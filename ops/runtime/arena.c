#include "ops/runtime/arena.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_MIN 16384

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t cap;
    _Alignas(max_align_t) uint8_t data[];
};

static struct arena_block *block_new(size_t cap)
{
    struct arena_block *b = malloc(sizeof(*b) + cap);
    if (!b)
        abort();
    *b = (struct arena_block){.cap = cap};
    return b;
}

void arena_init(struct arena *a)
{
    a->head = NULL;
}

static void free_blocks(struct arena_block *b)
{
    while (b) {
        struct arena_block *next = b->next;
        free(b);
        b = next;
    }
}

void arena_release(struct arena *a)
{
    free_blocks(a->head);
    a->head = NULL;
}

/* The newest block is the largest: keeping it lets a steady batch size settle on one block. */
void arena_clear(struct arena *a)
{
    if (!a->head)
        return;
    free_blocks(a->head->next);
    a->head->next = NULL;
    a->head->used = 0;
}

size_t arena_kept(const struct arena *a)
{
    return a->head ? a->head->cap : 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
    assert(size < SIZE_MAX / 4);
    size_t need = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
    if (!a->head || a->head->cap - a->head->used < need) {
        size_t cap = a->head ? 2 * a->head->cap : ARENA_BLOCK_MIN;
        struct arena_block *b = block_new(cap < need ? need : cap);
        b->next = a->head;
        a->head = b;
    }
    void *p = a->head->data + a->head->used;
    a->head->used += need;
    return memset(p, 0, need);
}

void *arena_grow(struct arena *a, void *items, size_t n, size_t item_size)
{
    if (n & (n - 1))
        return items;
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
    memcpy(copy, s, n);
    return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_list again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    assert(n >= 0);
    char *text = arena_alloc(a, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}

struct bytes arena_bytes(struct arena *a, const void *data, size_t len)
{
    void *copy = arena_alloc(a, len);
    if (len)
        memcpy(copy, data, len);
    return (struct bytes){copy, len};
}

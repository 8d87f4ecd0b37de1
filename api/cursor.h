/*
 * cursor.h - where a page of a list begins: an opaque text that stands for (created_at, id), of a
 * ranked list for (rank, created_at, id), and a direction. Pure.
 */
#ifndef API_CURSOR_H
#define API_CURSOR_H

#include "ops/runtime/arena.h"
#include "ops/runtime/uuid.h"

struct cursor {
    int64_t created_at; /* us */
    struct uuid id;
    bool backward; /* towards newer ones, or better ones */
    bool ranked;
    int64_t rank; /* when ranked */
};

char *cursor_format(struct arena *a, const struct cursor *c);
/* False: not made by cursor_format. */
MUST_CHECK bool cursor_parse(const char *text, struct cursor *ret);

#endif

#include "consumers/state_cache.h"

#include <stdlib.h>
#include <string.h>

#include "consumers/id_index.h"

#define FLUSH_ROWS 5000 /* per statement */

struct state_cache {
    struct arena arena; /* of index, rows and their bytes */
    struct id_index *index;
    struct state_row *rows;
    size_t n;
    size_t bytes, bytes_max;
    int64_t saved;
};

static void clear(struct state_cache *c)
{
    arena_release(&c->arena);
    c->index = id_index_new(&c->arena);
    c->rows = NULL;
    c->n = c->bytes = 0;
}

struct state_cache *state_cache_new(size_t bytes_max, int64_t saved)
{
    struct state_cache *c = calloc(1, sizeof(*c));
    if (!c)
        abort();
    c->bytes_max = bytes_max;
    c->saved = saved;
    arena_init(&c->arena);
    clear(c);
    return c;
}

void state_cache_free(struct state_cache *c)
{
    if (!c)
        return;
    arena_release(&c->arena);
    free(c);
}

enum err_code state_cache_load(const struct state_cache *c,
                               const struct uuid_list *ids,
                               struct codec *codec,
                               struct aggregates *as,
                               struct arena *a,
                               struct uuid_list *ret_missing,
                               struct err *err)
{
    for (size_t i = 0; i < ids->n; i++) {
        size_t at;
        struct record state;
        if (!id_index_find(c->index, &ids->items[i], &at)) {
            if (c->saved > 0)
                uuid_list_add(ret_missing, a, &ids->items[i]);
            continue;
        }
        const struct state_row *row = &c->rows[at];
        TRY(codec_decode(codec, row->data, a, &state, err));
        struct aggregate *g = aggregates_get(as, &row->id);
        g->version = row->version;
        g->etag = row->etag;
        g->type = state.type;
        g->state = state.value;
    }
    return ERR_OK;
}

/* What grew leaves its old bytes behind until the next flush. */
static void put(struct state_cache *c, const struct state_row *row)
{
    size_t at = c->n;
    struct bytes old = {0};
    if (id_index_add(c->index, &row->id, at)) {
        c->rows = arena_grow(&c->arena, c->rows, c->n, sizeof(*c->rows));
        c->n++;
        c->bytes +=
            4 * sizeof(*row); /* with its place in the index, and what growing leaves behind */
    } else if (id_index_find(c->index, &row->id, &at)) {
        old = c->rows[at].data;
    }
    c->rows[at] = *row;
    if (old.data && row->data.len <= old.len) {
        c->rows[at].data.data = memcpy((void *)(uintptr_t)old.data, row->data.data, row->data.len);
        return;
    }
    c->rows[at].data = arena_bytes(&c->arena, row->data.data, row->data.len);
    c->bytes += row->data.len + sizeof(max_align_t);
}

void state_cache_put(struct state_cache *c, const struct state_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put(c, &rows[i]);
}

bool state_cache_full(const struct state_cache *c)
{
    return c->bytes >= c->bytes_max;
}

int64_t state_cache_saved(const struct state_cache *c)
{
    return c->saved;
}

enum err_code state_cache_write(
    struct state_cache *c, struct pg *pg, int fold_version, int32_t partition, struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    for (size_t i = 0; i < c->n; i += FLUSH_ROWS) {
        size_t n = c->n - i < FLUSH_ROWS ? c->n - i : FLUSH_ROWS;
        arena_clear(&a);
        state_store_queue_rows(pg, fold_version, partition, c->rows + i, n, &a);
        TRY(pg_sync(pg, err));
    }
    return ERR_OK;
}

void state_cache_wrote(struct state_cache *c, int64_t next)
{
    c->saved = next;
    clear(c);
}

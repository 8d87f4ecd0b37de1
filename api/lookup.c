#include "api/lookup.h"

#include <assert.h>
#include <stdlib.h>

#include "api/api.h"
#include "api/db.h"
#include "api/item.h"
#include "api/row_index.h"

struct lookups {
    struct api_service *service;
    struct {
        const struct query *query;
        struct desk *desk;
    } items[LOOKUP_QUERIES_MAX];
    size_t n;
};

/* One statement is never for two readers. */
static bool alike(const struct desk_job *a, const struct desk_job *b)
{
    return uuid_equal(&((const struct lookup *)a)->reader, &((const struct lookup *)b)->reader);
}

static void found(struct lookup *lookup, const struct query_row *row)
{
    lookup->found = true;
    lookup->row = *row;
    lookup->row.body = arena_bytes(lookup->arena, row->body.data, row->body.len);
}

static enum err_code batch_ask(struct lookups *l,
                               struct desk_job **batch,
                               size_t n,
                               struct arena *a,
                               struct query_result *ret,
                               struct err *err)
{
    const struct lookup *first = (const struct lookup *)batch[0];
    struct query_arg args[ITEM_ARGS_MAX];
    struct uuid *ids = ARENA_ARRAY(a, struct uuid, n);
    for (size_t i = 0; i < n; i++)
        ids[i] = ((const struct lookup *)batch[i])->id;
    size_t n_args = item_args(first->query, ids, n, &first->reader, a, args);
    return db_query(l->service, first->query, args, n_args, a, ret, err);
}

static enum err_code
batch_serve(void *arg, struct desk_job **batch, size_t n, struct arena *a, struct err *err)
{
    struct query_result r;
    struct row_index index;
    TRY(batch_ask(arg, batch, n, a, &r, err));
    row_index_init(&index, a, r.n);
    for (size_t i = 0; i < r.n; i++)
        index.entries[i] = (struct row_index_entry){r.rows[i].id, i};
    row_index_sort(&index);
    for (size_t i = 0; i < n; i++) {
        struct lookup *lookup = (struct lookup *)batch[i];
        const struct row_index_entry *at = row_index_find(&index, &lookup->id);
        lookup->caught_up = r.caught_up;
        lookup->parked = query_is_parked(&r, &lookup->id);
        lookup->position = r.position ? arena_strdup(lookup->arena, r.position) : NULL;
        if (at)
            found(lookup, &r.rows[at->row]);
    }
    return ERR_OK;
}

static enum err_code desks_open(struct lookups *l, struct err *err)
{
    const struct query *q = NULL;
    while ((q = query_next_item(l->service->service->name, q))) {
        assert(l->n < LOOKUP_QUERIES_MAX);
        TRY(desk_open(alike, batch_serve, l, &l->items[l->n].desk, err));
        l->items[l->n++].query = q;
    }
    return ERR_OK;
}

enum err_code lookups_start(struct api_service *s, struct lookups **ret, struct err *err)
{
    struct lookups *l = calloc(1, sizeof(*l));
    if (!l)
        abort();
    l->service = s;
    if (desks_open(l, err) != ERR_OK) {
        lookups_free(l);
        return err->code;
    }
    *ret = l;
    return ERR_OK;
}

void lookups_stop(struct lookups *l)
{
    for (size_t i = 0; i < l->n; i++)
        desk_close(l->items[i].desk);
}

void lookups_free(struct lookups *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->n; i++)
        desk_free(l->items[i].desk);
    free(l);
}

void lookups_submit_all(struct lookups *l, struct lookup **lookups, size_t n)
{
    struct {
        size_t item;
        struct lookup *lookup;
    } asked[LOOKUPS_MAX]; /* they are not ours to look at once the first ones are submitted */
    struct desk_job *jobs[LOOKUPS_MAX];
    assert(n <= LOOKUPS_MAX);
    for (size_t i = 0; i < n; i++) {
        asked[i].lookup = lookups[i];
        asked[i].item = 0;
        while (asked[i].item < l->n && l->items[asked[i].item].query != lookups[i]->query)
            asked[i].item++;
        assert(asked[i].item < l->n);
    }
    for (size_t item = 0; item < l->n; item++) {
        size_t n_jobs = 0;
        for (size_t i = 0; i < n; i++)
            if (asked[i].item == item)
                jobs[n_jobs++] = &asked[i].lookup->job;
        if (n_jobs > 0)
            desk_submit_all(l->items[item].desk, jobs, n_jobs);
    }
}

void lookups_submit(struct lookups *l, struct lookup *lookup)
{
    lookups_submit_all(l, &lookup, 1);
}

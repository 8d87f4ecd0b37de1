#include "api/lookup.h"

#include <pthread.h>
#include <stdlib.h>

#include "api/db.h"
#include "api/item.h"
#include "api/request.h"
#include "api/row_index.h"

struct lookups {
    struct api_service *service;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct lookup *head, **tail;
    bool stop;
    struct arena arena; /* of a batch */
};

static void put(struct lookups *l, struct lookup *lookup)
{
    lookup->next = NULL;
    *l->tail = lookup;
    l->tail = &lookup->next;
}

/* Do both want the same statement? */
static bool alike(const struct lookup *a, const struct lookup *b)
{
    return a->query == b->query && uuid_equal(&a->reader, &b->reader);
}

/* Those that the first one's statement answers too; the others keep their order. */
static size_t batch_take(struct lookups *l, struct lookup *batch[LOOKUP_BATCH_MAX])
{
    struct lookup *all = l->head;
    size_t n = 0;
    l->head = NULL;
    l->tail = &l->head;
    for (struct lookup *next; all; all = next) {
        next = all->next;
        if (n < LOOKUP_BATCH_MAX && (n == 0 || alike(batch[0], all)))
            batch[n++] = all;
        else
            put(l, all);
    }
    return n;
}

static void found(struct lookup *lookup, const struct query_row *row)
{
    lookup->found = true;
    lookup->row = *row;
    lookup->row.body = arena_bytes(lookup->arena, row->body.data, row->body.len);
}

static void batch_run(struct lookups *l, struct lookup **batch, size_t n)
{
    struct arena *a = &l->arena;
    struct query_result r = {0};
    struct row_index index;
    struct err err = {0};
    struct uuid *ids = ARENA_ARRAY(a, struct uuid, n);
    for (size_t i = 0; i < n; i++)
        ids[i] = batch[i]->id;
    struct query_arg args[ITEM_ARGS_MAX];
    size_t n_args = item_args(batch[0]->query, ids, n, &batch[0]->reader, a, args);
    enum err_code code = db_query(l->service, batch[0]->query, args, n_args, a, &r, &err);
    row_index_init(&index, a, r.n);
    for (size_t i = 0; i < r.n; i++)
        index.entries[i] = (struct row_index_entry){r.rows[i].id, i};
    row_index_sort(&index);
    for (size_t i = 0; i < n; i++) {
        struct lookup *lookup = batch[i];
        const struct row_index_entry *at = row_index_find(&index, &lookup->id);
        lookup->code = code;
        lookup->err = err;
        lookup->caught_up = r.caught_up;
        lookup->parked = query_is_parked(&r, &lookup->id);
        lookup->position = r.position ? arena_strdup(lookup->arena, r.position) : NULL;
        if (at)
            found(lookup, &r.rows[at->row]);
        request_resume(lookup->request);
    }
}

static void refuse(struct lookup *lookup)
{
    lookup->code = err_set(&lookup->err, ERR_UNAVAILABLE, "this process is stopping");
    request_resume(lookup->request);
}

static void *lookups_main(void *arg)
{
    struct lookups *l = arg;
    struct lookup *batch[LOOKUP_BATCH_MAX];
    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        if (!l->head) {
            pthread_cond_wait(&l->more, &l->lock);
            continue;
        }
        size_t n = batch_take(l, batch);
        pthread_mutex_unlock(&l->lock);
        arena_clear(&l->arena);
        batch_run(l, batch, n);
        pthread_mutex_lock(&l->lock);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

enum err_code lookups_start(struct api_service *s, struct lookups **ret, struct err *err)
{
    struct lookups *l = calloc(1, sizeof(*l));
    if (!l)
        abort();
    l->service = s;
    l->tail = &l->head;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->more, NULL);
    arena_init(&l->arena);
    if (pthread_create(&l->thread, NULL, lookups_main, l) != 0) {
        free(l);
        return err_set(err, ERR_INTERNAL, "cannot start a look-up thread");
    }
    *ret = l;
    return ERR_OK;
}

void lookups_stop(struct lookups *l)
{
    pthread_mutex_lock(&l->lock);
    bool stopped = l->stop;
    l->stop = true;
    pthread_cond_signal(&l->more);
    pthread_mutex_unlock(&l->lock);
    if (stopped)
        return;
    pthread_join(l->thread, NULL);
    for (struct lookup *next; l->head; l->head = next) {
        next = l->head->next;
        refuse(l->head);
    }
    l->tail = &l->head;
}

void lookups_free(struct lookups *l)
{
    if (!l)
        return;
    lookups_stop(l);
    pthread_cond_destroy(&l->more);
    pthread_mutex_destroy(&l->lock);
    arena_release(&l->arena);
    free(l);
}

void lookups_submit(struct lookups *l, struct lookup *lookup)
{
    pthread_mutex_lock(&l->lock);
    bool refused = l->stop, first = !l->head;
    if (!refused)
        put(l, lookup);
    if (first)
        pthread_cond_signal(&l->more);
    pthread_mutex_unlock(&l->lock);
    if (refused)
        refuse(lookup);
}

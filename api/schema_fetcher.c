#include "api/schema_fetcher.h"

#include <pthread.h>
#include <stdlib.h>

#include "api/request.h"
#include "schemas/schema_ids.h"

struct schema_fetcher {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct schema_fetch *head, **tail;
    size_t n;
    bool stop, ended;
    pthread_t thread;
};

static struct schema_fetch *take(struct schema_fetcher *f)
{
    struct schema_fetch *fetch = f->head;
    f->head = fetch->next;
    if (!f->head)
        f->tail = &f->head;
    f->n--;
    return fetch;
}

static void finish(struct schema_fetch *fetch, enum err_code code)
{
    fetch->code = code;
    request_resume(fetch->request);
}

static void *fetcher_main(void *arg)
{
    struct schema_fetcher *f = arg;
    pthread_mutex_lock(&f->lock);
    for (;;) {
        while (!f->head && !f->stop)
            pthread_cond_wait(&f->more, &f->lock);
        if (f->stop)
            break;
        struct schema_fetch *fetch = take(f);
        struct err ignored;
        pthread_mutex_unlock(&f->lock);
        finish(fetch, schema_ids_text(fetch->id, &fetch->text, &ignored));
        pthread_mutex_lock(&f->lock);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

enum err_code schema_fetcher_start(struct schema_fetcher **ret, struct err *err)
{
    struct schema_fetcher *f = calloc(1, sizeof(*f));
    if (!f)
        abort();
    f->tail = &f->head;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->more, NULL);
    if (pthread_create(&f->thread, NULL, fetcher_main, f) != 0) {
        f->ended = true;
        schema_fetcher_free(f);
        return err_set(err, ERR_INTERNAL, "no thread for the schema registry");
    }
    *ret = f;
    return ERR_OK;
}

void schema_fetcher_stop(struct schema_fetcher *f)
{
    if (!f || f->ended)
        return;
    pthread_mutex_lock(&f->lock);
    f->stop = true;
    pthread_cond_signal(&f->more);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    f->ended = true;
    while (f->head)
        finish(take(f), ERR_UNAVAILABLE);
}

void schema_fetcher_free(struct schema_fetcher *f)
{
    if (!f)
        return;
    schema_fetcher_stop(f);
    pthread_cond_destroy(&f->more);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

void schema_fetcher_submit(struct schema_fetcher *f, struct schema_fetch *fetch)
{
    pthread_mutex_lock(&f->lock);
    bool room = f->n < SCHEMA_FETCHES_MAX && !f->stop;
    if (room) {
        *f->tail = fetch;
        f->tail = &fetch->next;
        f->n++;
        pthread_cond_signal(&f->more);
    }
    pthread_mutex_unlock(&f->lock);
    if (!room)
        finish(fetch, ERR_UNAVAILABLE);
}

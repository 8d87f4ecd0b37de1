#include "api/local.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/request.h"

#define POOL_MAX       256   /* requests kept per thread */
#define KEPT_BODY_MAX  16384 /* larger body buffers are given back */
#define KEPT_ARENA_MAX 65536 /* larger arena blocks too */

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static __thread struct local *mine;

static void request_destroy(struct request *rq)
{
    arena_release(&rq->arena);
    arena_release(&rq->scratch);
    strbuf_release(&rq->body);
    free(rq);
}

static void local_free(void *arg)
{
    struct local *l = arg;
    for (size_t i = 0; i < SERVICES_MAX; i++)
        pg_free(l->db[i].pg);
    codec_free(l->codec);
    while (l->pool) {
        struct request *rq = l->pool;
        l->pool = rq->pool_next;
        request_destroy(rq);
    }
    free(l);
}

static void key_make(void)
{
    int rc = pthread_key_create(&key, local_free);
    assert(rc == 0);
}

struct local *local_get(void)
{
    if (mine)
        return mine;
    pthread_once(&once, key_make);
    mine = calloc(1, sizeof(*mine));
    if (!mine)
        abort();
    mine->codec = codec_new();
    pthread_setspecific(key, mine);
    return mine;
}

struct request *request_new(void)
{
    struct local *l = local_get();
    struct request *rq = l->pool;
    if (rq) {
        l->pool = rq->pool_next;
        l->n_pool--;
        return rq;
    }
    rq = calloc(1, sizeof(*rq));
    if (!rq)
        abort();
    arena_init(&rq->arena);
    arena_init(&rq->scratch);
    strbuf_init(&rq->body);
    return rq;
}

void request_free(struct request *rq)
{
    struct local *l = local_get();
    if (l->n_pool == POOL_MAX) {
        request_destroy(rq);
        return;
    }
    struct arena arena = rq->arena;
    struct strbuf body = rq->body;
    if (arena_kept(&arena) > KEPT_ARENA_MAX)
        arena_release(&arena);
    arena_clear(&arena);
    arena_release(&rq->scratch);
    if (body.cap > KEPT_BODY_MAX)
        strbuf_release(&body);
    strbuf_clear(&body);
    *rq = (struct request){.arena = arena, .body = body, .pool_next = l->pool};
    l->pool = rq;
    l->n_pool++;
}

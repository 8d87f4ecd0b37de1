#include "api/throttle.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 2048
#define WAYS    4

struct count {
    uint64_t key; /* keyed hash: 0 = free */
    int64_t until_us;
    int64_t n;
};

struct throttle {
    int64_t max, window_us;
    uint8_t secret[crypto_shorthash_KEYBYTES]; /* nobody can aim at a bucket */
    pthread_mutex_t lock;
    struct count counts[BUCKETS][WAYS];
};

struct throttle *throttle_new(int64_t max, int64_t window_us)
{
    struct throttle *t = calloc(1, sizeof(*t));
    if (!t)
        abort();
    t->max = max;
    t->window_us = window_us;
    randombytes_buf(t->secret, sizeof(t->secret));
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void throttle_free(struct throttle *t)
{
    if (!t)
        return;
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static uint64_t hash(const struct throttle *t, const void *key, size_t len)
{
    uint64_t h;
    crypto_shorthash((uint8_t *)&h, key, len, t->secret);
    return h | 1;
}

/* The key's count, or NULL. ret_oldest: what may be overwritten. */
static struct count *find(struct throttle *t, uint64_t key, struct count **ret_oldest)
{
    struct count *bucket = t->counts[(key >> 1) % BUCKETS];
    *ret_oldest = &bucket[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (bucket[i].key == key)
            return &bucket[i];
        if (bucket[i].until_us < (*ret_oldest)->until_us)
            *ret_oldest = &bucket[i];
    }
    return NULL;
}

int64_t throttle_take(struct throttle *t, const void *key, size_t len, int64_t now_us)
{
    if (t->max == 0)
        return 0;
    int64_t wait_us = 0;
    uint64_t h = hash(t, key, len);
    pthread_mutex_lock(&t->lock);
    struct count *oldest, *c = find(t, h, &oldest);
    if (!c || c->until_us <= now_us) {
        c = c ? c : oldest;
        *c = (struct count){.key = h, .until_us = now_us + t->window_us};
    }
    if (c->n >= t->max)
        wait_us = c->until_us - now_us;
    else
        c->n++;
    pthread_mutex_unlock(&t->lock);
    return wait_us;
}

void throttle_forgive(struct throttle *t, const void *key, size_t len)
{
    pthread_mutex_lock(&t->lock);
    struct count *oldest, *c = find(t, hash(t, key, len), &oldest);
    if (c && c->n > 0)
        c->n--;
    pthread_mutex_unlock(&t->lock);
}

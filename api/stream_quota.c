#include "api/stream_quota.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct stream_quota {
    pthread_mutex_t lock;
    int64_t max, user_max, n;
    struct uuid *users; /* of each stream that is open, any order */
};

struct stream_quota *stream_quota_new(int64_t max, int64_t user_max)
{
    struct stream_quota *q = calloc(1, sizeof(*q));
    if (!q || !(q->users = calloc((size_t)max, sizeof(*q->users))))
        abort();
    pthread_mutex_init(&q->lock, NULL);
    q->max = max;
    q->user_max = user_max;
    return q;
}

void stream_quota_free(struct stream_quota *q)
{
    if (!q)
        return;
    pthread_mutex_destroy(&q->lock);
    free(q->users);
    free(q);
}

static enum quota take(struct stream_quota *q, const struct uuid *user)
{
    int64_t own = 0;
    for (int64_t i = 0; i < q->n; i++)
        own += uuid_equal(&q->users[i], user);
    if (own >= q->user_max)
        return QUOTA_OF_USER;
    if (q->n == q->max)
        return QUOTA_OF_ALL;
    q->users[q->n++] = *user;
    return QUOTA_TAKEN;
}

enum quota stream_quota_take(struct stream_quota *q, const struct uuid *user)
{
    pthread_mutex_lock(&q->lock);
    enum quota result = take(q, user);
    pthread_mutex_unlock(&q->lock);
    return result;
}

void stream_quota_give(struct stream_quota *q, const struct uuid *user)
{
    pthread_mutex_lock(&q->lock);
    int64_t i = 0;
    while (i < q->n && !uuid_equal(&q->users[i], user))
        i++;
    assert(i < q->n);
    q->users[i] = q->users[--q->n];
    pthread_mutex_unlock(&q->lock);
}

#include "consumers/assignment.h"

static const struct assignment_worker *worker_find(const struct assignment *a,
                                                   const struct uuid *id)
{
    for (size_t i = 0; i < a->n_workers; i++)
        if (uuid_equal(&a->workers[i].id, id))
            return &a->workers[i];
    return NULL;
}

/* Of those that stay. */
static size_t count_staying(const struct assignment *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n_workers; i++)
        n += !a->workers[i].leaving;
    return n;
}

static size_t share(const struct assignment *a, size_t rank, size_t n_staying)
{
    return a->n_lanes / n_staying + ((rank + a->turn) % n_staying < a->n_lanes % n_staying);
}

size_t assignment_share(const struct assignment *a)
{
    size_t rank = 0;
    for (size_t i = 0; i < a->n_workers; i++) {
        if (a->workers[i].leaving)
            continue;
        if (uuid_equal(&a->workers[i].id, a->me))
            return share(a, rank, count_staying(a));
        rank++;
    }
    return 0;
}

bool assignment_free(const struct assignment *a, const struct assignment_lane *lane)
{
    return !lane->held || (!uuid_is_nil(&lane->worker) && !worker_find(a, &lane->worker));
}

static size_t held_by(const struct assignment *a, const struct uuid *worker)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n_lanes; i++)
        n += a->lanes[i].held && uuid_equal(&a->lanes[i].worker, worker);
    return n;
}

/* What the workers before this one lack of their shares. */
static size_t lacking_before(const struct assignment *a)
{
    size_t rank = 0, lacking = 0, n_staying = count_staying(a);
    for (size_t i = 0; i < a->n_workers && !uuid_equal(&a->workers[i].id, a->me); i++) {
        if (a->workers[i].leaving)
            continue;
        size_t due = share(a, rank++, n_staying), has = held_by(a, &a->workers[i].id);
        lacking += due > has ? due - has : 0;
    }
    return lacking;
}

size_t assignment_take(const struct assignment *a, size_t want, size_t *ret)
{
    size_t skip = lacking_before(a), n = 0;
    for (size_t i = 0; i < a->n_lanes && n < want; i++) {
        if (!assignment_free(a, &a->lanes[i]))
            continue;
        if (skip > 0)
            skip--;
        else
            ret[n++] = i;
    }
    return n;
}

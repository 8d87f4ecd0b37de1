/*
 * state_cache.h - states of one partition in memory while its log is replayed: each is written once, not once per chunk, and none
 * is read back while all fit. Bounded: when it is full its states are written and forgotten, and from then on those that are
 * missing are read. Memory of its own. One thread. Never logs.
 */
#ifndef CONSUMERS_STATE_CACHE_H
#define CONSUMERS_STATE_CACHE_H

#include "consumers/state_store.h"

struct state_cache; /* opaque */

/* saved: how far the states in the database are; 0 = there are none. */
struct state_cache *state_cache_new(size_t bytes_max, int64_t saved);
void state_cache_free(struct state_cache *c); /* NULL ok */
DEFINE_CLEANUP(struct state_cache *, state_cache_free);

/* Puts what it has into `as`; those that may be in the database into *ret_missing. */
MUST_CHECK enum err_code state_cache_load(const struct state_cache *c,
                                          const struct uuid_list *ids,
                                          struct codec *codec,
                                          struct aggregates *as,
                                          struct arena *a,
                                          struct uuid_list *ret_missing,
                                          struct err *err);
void state_cache_put(struct state_cache *c, const struct state_row *rows, size_t n);
bool state_cache_full(const struct state_cache *c);
/* Every event before that offset is in the states that were saved; what came later is in memory alone. */
int64_t state_cache_saved(const struct state_cache *c);
/* Writes all of them, in the caller's transaction. Syncs. */
MUST_CHECK enum err_code state_cache_write(
    struct state_cache *c, struct pg *pg, int fold_version, int32_t partition, struct err *err);
/* That transaction is committed, and every event before `next` is in it: forgets them. */
void state_cache_wrote(struct state_cache *c, int64_t next);

#endif

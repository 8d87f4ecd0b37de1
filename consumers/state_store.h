/*
 * state_store.h - states of aggregates between batches: Avro records in the table state, per
 * fold_version (W10). Never logs.
 */
#ifndef CONSUMERS_STATE_STORE_H
#define CONSUMERS_STATE_STORE_H

#include "ops/runtime/pg.h"
#include "producers/decider.h"
#include "schemas/codec.h"

/* Queues the read of these aggregates; n may be 0. */
size_t state_store_queue_find(struct pg *pg,
                              int fold_version,
                              const struct uuid_list *ids,
                              struct arena *a);
/* Puts what was found into as. ERR_CORRUPT: a stored state cannot be read (a newer program wrote
 * it?). */
MUST_CHECK enum err_code state_store_load(struct pg *pg,
                                          size_t index,
                                          struct codec *codec,
                                          struct aggregates *as,
                                          struct arena *a,
                                          struct err *err);

struct id_index;

/* Which aggregates a run of events changed, and where each stood last. */
struct touched {
    struct arena *arena;
    struct id_index *index;
    struct uuid_list ids;
    int64_t *positions; /* offset after the last event that changed it */
};
void touched_init(struct touched *t, struct arena *a);
/* Adds every aggregate that the event's fold rows name. */
void touched_add(struct touched *t,
                 const struct decider *d,
                 struct record event,
                 int64_t next_offset);

/* A state as it is stored. */
struct state_row {
    struct uuid id;
    int64_t version, etag;
    int64_t position;
    struct bytes data; /* framed */
};
/* The touched aggregates that have a state. ERR_INVALID: one is too large to be stored. */
MUST_CHECK enum err_code state_store_rows(const struct touched *t,
                                          const struct aggregates *as,
                                          struct codec *codec,
                                          struct arena *a,
                                          struct state_row **ret,
                                          size_t *ret_n,
                                          struct err *err);
/* Queues their upsert; n may be 0. */
void state_store_queue_rows(struct pg *pg,
                            int fold_version,
                            int32_t partition,
                            const struct state_row *rows,
                            size_t n,
                            struct arena *a);

/* Queues the upsert of all touched aggregates that have a state. ERR_INVALID: one is too large to
 * be stored. */
MUST_CHECK enum err_code state_store_queue_save(struct pg *pg,
                                                int fold_version,
                                                int32_t partition,
                                                const struct touched *t,
                                                const struct aggregates *as,
                                                struct codec *codec,
                                                struct arena *a,
                                                struct err *err);
void state_store_queue_shift(
    struct pg *pg, int64_t by, int fold_version, const struct touched *t, struct arena *a);
/* Forgets what an interrupted or older run of this fold version left in the partition: folding
 * begins anew. Own transaction. */
MUST_CHECK enum err_code
state_store_clear(struct pg *pg, int32_t partition, int fold_version, struct err *err);
/* Deletes at most `max` of older fold versions; own transaction. */
MUST_CHECK enum err_code state_store_sweep(struct pg *pg,
                                           int32_t partition,
                                           int fold_version,
                                           int64_t max,
                                           int64_t *ret_deleted,
                                           struct err *err);

#endif

/*
 * lane_row.h - one partition's row of the table lane: who owns it, how far the view is. Every write
 * is a compare-and-set on the owner's epoch. Never logs.
 */
#ifndef CONSUMERS_LANE_ROW_H
#define CONSUMERS_LANE_ROW_H

#include "ops/runtime/pg.h"

#define LANE_MARK_MAX    80
#define LANE_CLUSTER_MAX 64

struct lane_row {
    int32_t partition;
    int64_t epoch;
    int64_t next_event;   /* rows and outcomes hold every event before it */
    int64_t next_command; /* every command before it is decided */
    int fold_version;
    int64_t fold_next; /* states of fold_version hold every event before it */
    char claims_mark[LANE_MARK_MAX];
    char cluster_id[LANE_CLUSTER_MAX];         /* "" = never ran */
    struct uuid first_event_id, last_event_id; /* nil = no event yet */
};

#define LANE_EPOCH_ANY (-1)

/* Ends the former owner's backend, takes the row (made when missing). seen: the epoch that the row has as the caller
 * knows, or LANE_EPOCH_ANY. ERR_CONFLICT: it has another one by now, so somebody else took it since. */
MUST_CHECK enum err_code lane_row_take(struct pg *pg,
                                       int32_t partition,
                                       int64_t seen,
                                       const char *owner,
                                       int fold_version,
                                       struct lane_row *ret,
                                       struct err *err);
/* As it stands, whoever has it: for who fills or keeps a generation that no lane works on. ERR_NOT_FOUND: there is no row. */
MUST_CHECK enum err_code
lane_row_read(struct pg *pg, int32_t partition, struct lane_row *ret, struct err *err);
/* The owner goes on in another generation, by a connection of that one. ERR_CONFLICT: the lane is not ours there, or its states are of
 * another fold version: it has to be opened anew. */
MUST_CHECK enum err_code
lane_row_rejoin(struct pg *pg, const struct lane_row *row, struct err *err);
/* Queues the compare-and-set; after the sync lane_row_locked() tells whether the lane is still
 * ours. */
size_t lane_row_queue_lock(struct pg *pg, const struct lane_row *row, struct arena *a);
/* ERR_CONFLICT: somebody else has the lane. */
MUST_CHECK enum err_code
lane_row_locked(struct pg *pg, size_t index, const struct lane_row *row, struct err *err);

/* Queues the row's new positions after a batch. first/last NULL = no events. */
void lane_row_queue_advance(struct pg *pg,
                            const struct lane_row *row,
                            const struct uuid *first,
                            const struct uuid *last,
                            struct arena *a);
/* The same in catch-up, where rows and states may stand at different offsets. */
void lane_row_queue_catch_up(struct pg *pg,
                             const struct lane_row *row,
                             const struct uuid *first,
                             const struct uuid *last,
                             struct arena *a);
/* Caught up, on this cluster, claims of this life of the database (own transaction). */
MUST_CHECK enum err_code lane_row_identify(struct pg *pg,
                                           struct lane_row *row,
                                           const char *cluster_id,
                                           const char *claims_mark,
                                           struct err *err);
/* Tells the APIs how far the view is: a statement of its own, after the commit (RULES 28). A lost
 * one costs them time only. */
MUST_CHECK enum err_code
lane_row_notify(struct pg *pg, const char *channel, const struct lane_row *row, struct err *err);
/* Commits, and notifies in the same trip. A notification that is lost costs the waiting API half a second, not
 * an answer. */
MUST_CHECK enum err_code lane_row_commit(struct pg *pg,
                                         const char *channel,
                                         const struct lane_row *row,
                                         struct arena *a,
                                         struct err *err);
/* Lanes of this service whose claims have that mark. */
MUST_CHECK enum err_code
lane_row_count_marked(struct pg *pg, const char *claims_mark, int64_t *ret, struct err *err);
/* Is the row (still) of that epoch, and does its holder's backend live? A missing row: neither. */
MUST_CHECK enum err_code lane_row_holder(
    struct pg *pg, int32_t partition, int64_t *ret_epoch, bool *ret_alive, struct err *err);

#endif

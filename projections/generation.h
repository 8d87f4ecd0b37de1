/*
 * generation.h - generations of a service's view, as the administrator sees them (R1, R2): one is live, the next one is filled
 * beside it, compared with it and swapped in; the one before is kept for a way back. Schemas:
 *
 *     hirelog_<service>_g<N>        live, or filled at the moment
 *     hirelog_<service>_g<N>_kept   was live before the last swap
 *     hirelog_<service>_audit       of the past, never live
 *
 * Claims, dead letters and the vault are no part of a generation. Whoever works with a generation when it is swapped away finds
 * no tables at his next statement (generation_over()): the schema has another name from then on. One thread. Never logs.
 */
#ifndef PROJECTIONS_GENERATION_H
#define PROJECTIONS_GENERATION_H

#include "ops/runtime/pg.h"
#include "projections/migrate.h"

#define GENERATION_KEPT       "_kept"
#define GENERATION_NAME_MAX   64 /* an identifier of PostgreSQL */
#define GENERATION_SOURCE_MAX 32
#define GENERATION_TABLES_MAX 32

/* What a statement says when its generation was swapped away: connect anew and run it again. */
static inline bool generation_over(const struct err *err)
{
    return strcmp(err->reason, "42P01") == 0; /* undefined_table */
}

struct generations {
    struct pg *pg; /* the administrator's; holds the lock: one replay of a service at a time */
    struct pg *compare_pg;
    struct migrate_service service;
    const struct config *cfg;
    char live[GENERATION_NAME_MAX];
    char kept[GENERATION_NAME_MAX]; /* "" = none */
    char next[GENERATION_NAME_MAX]; /* of the one to be made */
    struct arena arena;
};

/* ERR_CONFLICT: another replay of the service is running. ERR_NOT_FOUND: nothing is live (run migrate). */
MUST_CHECK enum err_code generations_open(const struct config *cfg,
                                          const struct migrate_service *service,
                                          struct generations *ret,
                                          struct err *err);
void generations_release(struct generations *g); /* what was locked is free again */

/* Which part of a view is made anew. */
struct generation_part {
    const char *projection;                    /* "" = all of it */
    const char *tables[GENERATION_TABLES_MAX]; /* that the projection writes */
    size_t n_tables;
};
/*
 * An empty generation of that name, whatever had the name before is dropped, and what interrupted replays left. Ready to be
 * filled fast: without secondary indexes, unlogged. With a part, everything else is copied from the live one, in one snapshot
 * with its positions.
 */
MUST_CHECK enum err_code generation_make(struct generations *g,
                                         const char *name,
                                         const struct generation_part *part,
                                         struct err *err);
/* It has been filled: logged, indexed, analysed. */
MUST_CHECK enum err_code
generation_finish(struct generations *g, const char *name, struct err *err);
MUST_CHECK enum err_code generation_drop(struct generations *g, const char *name, struct err *err);

/* How far a log is in a generation. */
struct generation_log {
    char source[GENERATION_SOURCE_MAX]; /* "" = the service's own events */
    int32_t partition;
    int64_t next;
    int64_t folded; /* at most next: states of the fold version asked for are as far */
    bool ran;       /* was at the log's end once */
};
struct generation_vector {
    struct generation_log *logs; /* arena of the generations: until the next call that says so */
    size_t n;
};
MUST_CHECK enum err_code generation_vector_read(struct generations *g,
                                                const char *name,
                                                int fold_version,
                                                struct generation_vector *ret,
                                                struct err *err);
/* Begins a transaction that holds every lane and position row of the live generation: nobody writes it until generation_unlock()
 * or generation_swap(), or until a lane's patience with an idle transaction is over. */
MUST_CHECK enum err_code generation_lock(struct generations *g, struct err *err);
void generation_unlock(struct generations *g);

/* What the new one is told when the live one knows nothing (a lost view). */
struct generation_loss {
    bool lost;
    const char *claims_mark, *cluster_id;
};
/* Inside generation_lock(), `fresh` at the same vector: makes it live, keeps the other. */
MUST_CHECK enum err_code generation_swap(struct generations *g,
                                         const char *fresh,
                                         const struct generation_loss *loss,
                                         struct err *err);

struct generation_difference {
    const char *table;
    const char *apart; /* why it can't be compared; "" = it can */
    int64_t in_live, in_fresh, only_live, only_fresh, different;
    const char *sample; /* the first keys */
};
/* Opens what is compared with: before generation_lock(). */
MUST_CHECK enum err_code
generation_compare_open(struct generations *g, int timeout_ms, struct err *err);
/* Takes a snapshot of everything, at the latest when it returns: inside generation_lock(). */
MUST_CHECK enum err_code generation_compare_begin(struct generations *g, struct err *err);
struct generation_comparison {
    const struct uuid *parked; /* aggregates left out: an event of them could not be applied */
    size_t n_parked;
    struct generation_difference *tables;
    size_t n_tables;
    bool same;
};
/*
 * Row by row by primary key, in that snapshot; at most `timeout_ms`, as it was opened with (ERR_UNAVAILABLE). `since`: younger outcomes count. What only the
 * fresh one has parked makes them different; what only the live one has does not.
 */
MUST_CHECK enum err_code generation_compare(struct generations *g,
                                            const char *fresh,
                                            int64_t since_us,
                                            int fold_version,
                                            int timeout_ms,
                                            struct generation_comparison *ret,
                                            struct err *err);

#endif

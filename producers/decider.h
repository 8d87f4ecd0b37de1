/*
 * decider.h - the write side of a service as tables: which aggregates a command names, what it
 * decides, how an event changes a state. Pure: no I/O, no clock, no randomness; memory from the
 * batch arena only; time, ids and claims come in.
 */
#ifndef PRODUCERS_DECIDER_H
#define PRODUCERS_DECIDER_H

#include "ops/runtime/arena.h"
#include "schemas/record.h"

/* One aggregate as the lane sees it in the middle of a batch. */
struct aggregate {
    struct uuid id;
    int64_t version; /* of its last event; 0 = it does not exist */
    int64_t etag;    /* version of its last event that changed the representation (If-Match compares
                        with it) */
    const struct record_type *type; /* of the state; NULL before the first fold */
    const void *state;
};

/* The aggregates of a batch by id; open addressing, arena memory. */
struct aggregates;
struct aggregates *aggregates_new(struct arena *a);
/* Never NULL: an unknown id gives a fresh aggregate of version 0. The pointer stays valid for the
 * batch. */
struct aggregate *aggregates_get(struct aggregates *as, const struct uuid *id);
/* NULL when never put or got. */
const struct aggregate *aggregates_find(const struct aggregates *as, const struct uuid *id);
/* Did anything ever happen to it? */
bool aggregates_exists(const struct aggregates *as, const struct uuid *id);
/* The state when it exists and is of that type, else NULL. */
const void *aggregates_state(const struct aggregates *as,
                             const struct uuid *id,
                             const struct record_type *type);

struct uuid_list {
    struct uuid *items;
    size_t n;
};
void uuid_list_add(struct uuid_list *l, struct arena *a, const struct uuid *id);

/* Is the actor that person? Not when it is nobody or a reactor. */
struct actor;
bool actor_is(const struct actor *actor, const struct uuid *user_id);
bool actor_has_role(const struct actor *actor, int role); /* enum role */

struct decide_input {
    const struct aggregates *aggregates;
    int64_t now_us;     /* occurred_at of what is decided */
    bool claim_refused; /* the command's claim (e-mail) is another's (C2) */
    struct arena *arena;
};

/* A rule of a decide_fn, read as a sentence: REFUSE_UNLESS(job->status == JOB_STATUS_OPEN,
 * "job_not_open"); */
#define REFUSE_UNLESS(condition, reason) \
    do {                                 \
        if (!(condition))                \
            return (reason);             \
    } while (0)

#define DECISION_EVENTS_MAX \
    1024 /* of one command: a hire declines up to LIVE_APPLICATIONS_MAX others */
struct decision {
    struct arena *arena;
    struct record
        *events; /* metas: aggregate_id set by decision_emit; the rest is stamped by decider_run */
    size_t n;
};
/* A zeroed event of `type` on an aggregate, appended to the decision. The FIRST event of a command
 * names the resource that the command's answer shows (Location, ETag). */
void *
decision_emit(struct decision *d, const struct record_type *type, const struct uuid *aggregate_id);

/* Aggregates that the command itself names (first round of reads). */
typedef void reads_fn(const void *command, struct arena *a, struct uuid_list *ret);
/* Aggregates that those states list (second round); NULL when there is none. */
typedef void lists_fn(const struct decide_input *in, const void *command, struct uuid_list *ret);
/* NULL = accepted (at least one event emitted), else a stable refusal code of API.md (static
 * string). */
typedef const char *
decide_fn(const struct decide_input *in, const void *command, struct decision *out);
/* New state (arena memory; the old one when nothing changes in it) from the old one (NULL = none)
 * and the event. Cannot fail. */
typedef const void *evolve_fn(const void *state, const void *event, struct arena *a);
/* Which aggregate a fold row changes; NULL in the table = meta.aggregate_id. */
typedef struct uuid fold_target_fn(const void *event);

struct command_rule {
    const struct record_type *command;
    reads_fn *reads; /* the first id is the one that the answer shows, that a refusal names and that
                      * expected_version is compared with */
    lists_fn *lists;
    decide_fn *decide;
};
enum fold_flags {
    FOLD_SILENT = 1, /* takes a version, but the representation's ETag stays (UserLoggedIn) */
    FOLD_INDEX = 2,  /* changes another aggregate's bookkeeping (a job's live applications): no
                        version, no ETag there */
};
struct fold_rule {
    const struct record_type *event;
    const struct record_type *state;
    evolve_fn *evolve; /* NULL = the state knows nothing of it: only version and ETag move */
    fold_target_fn *target;
    int flags;
};
/* What a claim-taking command claims and which event confirms it (C1). NULL members: the service
 * has no claims. */
struct claim_rule {
    const struct record_type *command;
    const char *(*command_key)(const void *command, struct arena *a); /* normalised */
    const struct record_type *event;
    const char *(*event_key)(const void *event, struct arena *a);
};
struct decider {
    int fold_version; /* raise when a fold or a state schema changes its meaning: states are folded
                         anew (W10) */
    const struct command_rule *commands;
    size_t n_commands;
    const struct fold_rule *folds;
    size_t n_folds;
    const struct claim_rule *claim; /* NULL = none */
};

const struct command_rule *decider_command(const struct decider *d,
                                           const struct record_type *command); /* NULL = not ours */
/* Changes every aggregate that the event's fold rows name: state, version, etag. */
void decider_fold(const struct decider *d,
                  struct aggregates *as,
                  struct record event,
                  struct arena *a);

/*
 * Identity of the index-th event (from 0) of a command: UUIDv5 of command id and index. A command that
 * is decided again, in a log that was restored without its events, makes events of the same ids.
 * CommandRejected is its command's only event and has EVENT_INDEX_REFUSED: a command that was
 * refused, forgotten (outcome_retention_s), sent again and then accepted gives no id twice. What may be
 * accepted twice (a PATCH) gives its ids twice then; the versions of these events differ.
 */
#define EVENT_INDEX_REFUSED (-1)
struct uuid event_id_of(const struct uuid *command_id, int64_t index);

/*
 * decide, compare meta.expected_version with the first named aggregate's etag (a refusal of the
 * rules wins; else `version_mismatch`), turn a refusal into one CommandRejected (version = the
 * current one or 0), stamp metas (event_id, command_id, version gap-free per aggregate, actor,
 * occurred_at = now), fold. forced_reason != NULL skips deciding: CommandRejected with that reason
 * ("internal", "expired"). The command must be one of the decider's. *ret is what to append, at
 * least one event, in arena memory.
 */
void decider_run(const struct decider *d,
                 const struct decide_input *in,
                 struct aggregates *as,
                 struct record command,
                 const char *forced_reason,
                 struct decision *ret);

#endif

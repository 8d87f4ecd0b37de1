/*
 * lane_command.h - one command record as its lane sees it: read, checked, and what became of it.
 * Arena memory of the batch. Never logs.
 */
#ifndef CONSUMERS_LANE_COMMAND_H
#define CONSUMERS_LANE_COMMAND_H

#include "consumers/claim.h"
#include "consumers/event_header.h"
#include "consumers/lane_session.h"

struct lane_command {
    int64_t offset;
    struct uuid id, key;
    struct record record; /* type NULL: poison, could not be read as a command of this partition */
    struct bytes raw;
    const char *forced_reason; /* NULL = decide */
    const char *detail;        /* of poison */
    bool skipped;              /* decided before, or twice in this batch (I3) */
    bool has_digest;
    uint8_t digest[DIGEST_LEN];
    struct claim *claim; /* NULL = takes none */
    char traceparent[TRACEPARENT_MAX];
    size_t first_event, n_events; /* in the batch */
};

/* What cannot be read is poison under an id made from its place (W6). now_us: for `expired` (I4).
 * ERR_UNAVAILABLE: nobody can tell yet, its schema is in a registry that is away (S3). */
MUST_CHECK enum err_code lane_command_read(const struct lane_session *s,
                                           const struct inbox_item *item,
                                           int64_t now_us,
                                           struct arena *a,
                                           struct lane_command *ret,
                                           struct err *err);
/* Rejected because nobody could handle it: wants a dead letter. */
bool lane_command_poison(const struct lane_command *c);
/* CommandRejected{internal} for what has no readable command: by the system, on the key. */
struct record
lane_command_reject_unread(const struct lane_command *c, int64_t now_us, struct arena *a);

#endif

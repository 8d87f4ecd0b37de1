/*
 * batch_work.h - the inside of a batch: what batch.c prepares and batch_write.c makes durable.
 * Arena memory.
 */
#ifndef CONSUMERS_BATCH_WORK_H
#define CONSUMERS_BATCH_WORK_H

#include "consumers/batch.h"
#include "consumers/dead_letter.h"
#include "consumers/lane_command.h"
#include "consumers/state_store.h"

#define CULPRIT_UNKNOWN SIZE_MAX

enum batch_stage {
    BATCH_READ,      /* nothing is open */
    BATCH_BEGUN,     /* PostgreSQL transaction */
    BATCH_APPENDED,  /* and a Kafka transaction */
    BATCH_COMMITTED, /* the log has it, or nobody knows: only catch-up tells */
};

struct batch {
    struct lane_session *s;
    struct arena *arena;
    int64_t now_us, began_us;
    enum batch_stage stage;
    struct lane_command *commands;
    size_t n;         /* read */
    size_t n_decided; /* of them, this batch */
    struct aggregates *aggregates;
    struct touched touched;
    struct record *events;
    struct event_message *messages;
    size_t n_events, event_bytes;
    struct outcome *outcomes;
    size_t n_outcomes;
    struct dead_letter *letters;
    size_t n_letters;
    bool log_lost;  /* the event log must be opened anew (W4) */
    bool refused;   /* the failure is the data's (W7) */
    size_t culprit; /* index of the command that it is, when known */
};

/* Append, apply, Kafka commit, view commit (W1). */
MUST_CHECK enum err_code batch_write(struct batch *b, struct err *err);

#endif

/*
 * follower.h - one thread that reads event logs behind the lanes. Projectors and reactors are made
 * of it.
 *
 * While it holds the lock of its name in its service's database - one process at a time; free again
 * as soon as the holder's connection ends, by itself when the holder is frozen, so nobody waits long for a dead one - it reads every partition
 * of its sources from where its role says and hands over what came, a run of one partition at a
 * time. Whatever fails ends the session; it backs off and begins anew from the stored positions: at
 * least once, made harmless by the role. Logs its life.
 */
#ifndef CONSUMERS_FOLLOWER_H
#define CONSUMERS_FOLLOWER_H

#include <librdkafka/rdkafka.h>

#include "consumers/manifest.h"
#include "ops/runtime/config.h"
#include "ops/runtime/pg.h"
#include "ops/runtime/strbuf.h"

#define FOLLOWER_SOURCES_MAX PROJECTIONS_MAX
#define FOLLOWER_RUN_MAX     500 /* records handed over at once */

/* One partition of a source. */
struct follower_log {
    size_t source; /* index in options.sources */
    char topic[TOPIC_NAME_MAX];
    int32_t partition;
    int64_t
        next; /* offset to read next; the role sets it when a session opens; -1 = the beginning */
};

/* What a session has; ends with it. */
struct follower_session {
    const struct follower_options *options;
    struct pg *pg; /* holds the lock; the service's role and search_path; asynchronous commits */
    rd_kafka_t *reader; /* read_committed */
    struct follower_log *logs;
    size_t n_logs;
};

/* Records of one partition, in order; their schemas are known (S4 is the follower's). */
struct follower_run {
    struct follower_log *log;
    rd_kafka_message_t *const *messages;
    size_t n;
    int64_t next; /* offset behind the last */
};

/* What it is for. Called by the follower's thread only; `self` is the options'. */
struct follower_role {
    const char *kind; /* projector, reactor */
    /* A session begins: fills log->next of all logs. */
    enum err_code (*open)(void *self, struct follower_session *s, struct err *err);
    /* Makes the run's effect durable, with the new position. ERR_UNAVAILABLE: later. */
    enum err_code (*handle)(void *self,
                            struct follower_session *s,
                            const struct follower_run *run,
                            struct err *err);
    /* After every turn, also when nothing came; may be NULL. */
    enum err_code (*rest)(void *self, struct follower_session *s, struct err *err);
    /* The log's end was reached; may be NULL. */
    enum err_code (*at_end)(void *self,
                            struct follower_session *s,
                            const struct follower_log *log,
                            struct err *err);
    void (*close)(void *self); /* the session is over; also after a failed open */
};

struct follower_options {
    const struct config *cfg; /* outlives the follower */
    const struct service *service;
    const char *name; /* of the lock, in logs, metrics, readyz; unique in the service */
    const char *sources[FOLLOWER_SOURCES_MAX]; /* services whose event topics are read */
    size_t n_sources;
    const char *group; /* whose offsets the reader stores; NULL = none */
    int patience_ms;   /* how long the broker may collect before it answers */
    const struct follower_role *role;
    void *self;
};

struct follower; /* opaque */

/* Starts the thread. *o is copied. Caller owns *ret. */
MUST_CHECK enum err_code
follower_start(const struct follower_options *o, struct follower **ret, struct err *err);
/* Ends the run at hand, then the thread; returns at once. Any thread. */
void follower_request_stop(struct follower *f);
/* Waits for the thread and frees; false: it did not end in time and still exists. */
MUST_CHECK bool follower_join(struct follower *f, int timeout_ms);
/* Appends one JSON object; true when it reads, or another process does. Any thread. */
bool follower_ready(struct follower *f, struct strbuf *out_json);
/* Is it told to stop? For roles that wait. */
bool follower_stopping(const struct follower_session *s);

#endif

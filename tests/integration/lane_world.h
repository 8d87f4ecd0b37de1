/*
 * lane_world.h - what tests of lanes talk to: a migrated database, topics of three partitions,
 * commands sent straight to Kafka, worker processes that can be killed. Settings come from
 * HIRELOG_CONFIG (ops/test.sh gives each test a place of its own).
 */
#ifndef TESTS_INTEGRATION_LANE_WORLD_H
#define TESTS_INTEGRATION_LANE_WORLD_H

#include <sys/types.h>

#include "consumers/manifest.h"
#include "ops/runtime/config.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/pg.h"
#include "schemas/codec.h"

#define WORLD_PARTITIONS 3

struct world {
    struct config cfg;
    struct arena arena;
    struct pg *pg; /* the administrator's; listens on the lanes' channels */
    rd_kafka_t *producer;
    struct codec *codec;
};
extern struct world world;
/* What workers serve; a test that wants others sets it before anything else, in the child too. */
extern const char *world_services;

/* Group fixtures of cmocka. */
int world_begin(void **state);
int world_end(void **state);
void world_migrate(void);
/* The settings alone: for the program itself, run again. */
void world_load(void);
/* Puts the offset (-2 = failed) into the int64_t that the message's opaque points to. */
void world_delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque);

/* The program itself, run again as a worker; crash_at NULL = never. */
pid_t worker_spawn(const char *crash_at);
/* The same with a variable of its environment. */
pid_t worker_spawn_with(const char *variable, const char *value);
/* Waits for the end of a worker whose watchdog ends it (abort). */
void worker_await_abort(pid_t pid);
/* Waits for the end of a worker that was told to crash; asserts that it was killed at that point.
 */
void worker_await_crash(pid_t pid);
void worker_stop(pid_t pid); /* TERM; asserts that it drained */
void worker_kill(pid_t pid); /* -9 */
/* Teardown: what a failed test left running. */
int workers_end(void **state);
/* main() of the child; never returns. */
void worker_main(void) __attribute__((noreturn));

/* Commands with good metas, new ids, as of now. actor NULL = anonymous. */
struct command_meta;
void command_meta_fill(struct command_meta *meta, const struct uuid *actor);
struct post_job;
struct register_user;
struct post_job *post_job_new(const char *title);
struct register_user *register_user_new(const char *email);
/* To the partition of its key; waits for the broker's answer. Returns the offset. */
int64_t send_command(const struct record_type *type, void *command);
int64_t send_bytes(
    const char *service, int32_t partition, const void *key, size_t key_len, struct bytes value);
/* The same to any topic. */
int64_t
send_to(const char *topic, int32_t partition, const void *key, size_t key_len, struct bytes value);
struct bytes framed(const struct record_type *type, void *command);
int32_t partition_of(const struct uuid *key);

/* One number from SQL; %s-free text. */
int64_t sql_number(const char *sql);
const char *sql_text(const char *sql);
void sql_run(const char *sql);
/* Waits (for notifications, not for time) until the query gives that number. */
void await_number(const char *sql, int64_t expected);
/* The schema of the generation that is live. */
const char *live_view(const char *service);
/* Waits for the command's outcome; "applied" or the refusal's reason. */
const char *outcome_of(const char *service, const struct uuid *command_id);

/* All committed events of a service: how many, and how many carry this command id (by header ce_id
 * none is read twice). */
struct log_count {
    size_t events, of_command, of_type;
};
struct log_count count_events(const char *service, const struct uuid *command_id);
/* Of them, those of a type. */
size_t count_events_of(const char *service, const struct record_type *type);

#endif

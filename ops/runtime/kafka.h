/*
 * kafka.h - librdkafka with our settings: handles by role, one error mapping, the partitioner,
 * topic facts. Never logs. Handles are the caller's; free with kafka_close_*().
 */
#ifndef OPS_RUNTIME_KAFKA_H
#define OPS_RUNTIME_KAFKA_H

#include <librdkafka/rdkafka.h>

#include "ops/runtime/config.h"
#include "ops/runtime/err.h"
#include "ops/runtime/uuid.h"

/* What to do about a failed transactional call (RULES 2). The only place that looks at the flags.
 */
enum kafka_action { KAFKA_DONE, KAFKA_RETRY, KAFKA_ABORT, KAFKA_RECREATE };
enum kafka_action kafka_classify(const rd_kafka_error_t *error); /* NULL -> KAFKA_DONE */
/* Message and code of an rd_kafka_error_t into err; destroys it. */
enum err_code kafka_err_take(rd_kafka_error_t *error, struct err *err, const char *doing);

typedef void kafka_dr_fn(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque);

/* Idempotent producer, acks=all, dr_msg_cb set (RULES 1); per-message opaque arrives as
 * m->_private. opaque = the handle's opaque. transactional_id NULL = not transactional. */
MUST_CHECK enum err_code kafka_producer_open(const struct config *cfg,
                                             const char *transactional_id,
                                             kafka_dr_fn *dr,
                                             void *opaque,
                                             rd_kafka_t **ret,
                                             struct err *err);
/* A transactional producer that counts the EndTxn requests (ApiKey 26) it has sent, retries
 * included, into *end_txn_sent, which must outlive it: more than one for a commit or abort means
 * that a late one may hit the next transaction (W9). */
MUST_CHECK enum err_code kafka_transactional_open(const struct config *cfg,
                                                  const char *transactional_id,
                                                  kafka_dr_fn *dr,
                                                  void *opaque,
                                                  _Atomic int *end_txn_sent,
                                                  rd_kafka_t **ret,
                                                  struct err *err);
/* Consumer without a group duty: manual assignment, no commits, partition EOF events on.
 * read_committed or not; fetch_wait_ms 500 for lanes, 1 for catch-up. */
MUST_CHECK enum err_code kafka_reader_open(const struct config *cfg,
                                           bool read_committed,
                                           int fetch_wait_ms,
                                           rd_kafka_t **ret,
                                           struct err *err);
/* The same, read_committed, for who reads a log from end to end: that much is fetched ahead, and is what can be read
 * in a second. */
MUST_CHECK enum err_code
kafka_scanner_open(const struct config *cfg, int ahead_mib, rd_kafka_t **ret, struct err *err);
/* The same, read_committed, for who reads behind: an answer is there when min_bytes have come together or
 * the wait is over. group: whose stored offsets rd_kafka_committed() and rd_kafka_commit() mean, by a
 * consumer that is alone by a lock and never joins; NULL = none. */
MUST_CHECK enum err_code kafka_follower_open(const struct config *cfg,
                                             const char *group,
                                             int fetch_wait_ms,
                                             int fetch_min_bytes,
                                             rd_kafka_t **ret,
                                             struct err *err);
void kafka_producer_close(rd_kafka_t *rk); /* NULL ok; purges, never waits over 5 s (RULES 14) */
void kafka_consumer_close(
    rd_kafka_t *rk); /* NULL ok; a watermark call that never answers delays it, not us */

/* Points a reader at one partition; offset >= 0 exact (RULES 9: auto.offset.reset=error), or
 * RD_KAFKA_OFFSET_BEGINNING. */
MUST_CHECK enum err_code kafka_reader_assign(
    rd_kafka_t *rk, const char *topic, int32_t partition, int64_t offset, struct err *err);
/* Low and high watermark as a read_uncommitted *reader* sees them; own deadline (RULES 13). */
MUST_CHECK enum err_code kafka_watermarks(rd_kafka_t *reader,
                                          const char *topic,
                                          int32_t partition,
                                          int64_t *ret_low,
                                          int64_t *ret_high,
                                          struct err *err);

/* (murmur2(lower-case 36-character key) & 0x7fffffff) % n. Same as the Java client's default. */
int32_t kafka_partition(const struct uuid *key, int32_t n);
int32_t kafka_partition_text(const char *key, size_t len, int32_t n);

/* Number of partitions of an existing topic; ERR_NOT_FOUND when it does not exist. Also warms the
 * handle up for it. */
MUST_CHECK enum err_code
kafka_topic_partitions(rd_kafka_t *rk, const char *topic, int32_t *ret, struct err *err);
/* For who counts on there being as many as the settings say: ERR_CORRUPT when there are not. Some
 * partition would then be no lane's, or a key's commands and events were apart. */
MUST_CHECK enum err_code
kafka_topic_has_partitions(rd_kafka_t *rk, const char *topic, int64_t wanted, struct err *err);
MUST_CHECK enum err_code kafka_cluster_id(rd_kafka_t *rk, char *ret, size_t size, struct err *err);
#define KAFKA_TOPIC_SETTINGS_MAX 16
struct kafka_topic_setting {
    const char *name;
    char value[24];
};
struct kafka_topic_spec {
    const char *name;
    int32_t partitions;
    int replication;
    struct kafka_topic_setting settings[KAFKA_TOPIC_SETTINGS_MAX];
    size_t n_settings;
};
/* Creates what is missing, and changes nothing that is there; ERR_CONFLICT when one exists with another
 * number of partitions. */
MUST_CHECK enum err_code kafka_topics_create(rd_kafka_t *rk,
                                             const struct kafka_topic_spec *specs,
                                             size_t n,
                                             struct err *err);
/* ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err_code kafka_topic_delete(rd_kafka_t *rk, const char *topic, struct err *err);
/* The partition begins at `offset` from now on: records before it are gone (DeleteRecords). */
MUST_CHECK enum err_code kafka_records_delete(
    rd_kafka_t *rk, const char *topic, int32_t partition, int64_t offset, struct err *err);

#endif

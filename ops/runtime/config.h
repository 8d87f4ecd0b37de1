/*
 * config.h - every setting is one row of one table: name, type, default, bounds, doc.
 * default < file (`key = value`, # comments) < environment (HIRELOG_<KEY>). All mistakes are
 * reported at once.
 */
#ifndef OPS_RUNTIME_CONFIG_H
#define OPS_RUNTIME_CONFIG_H

#include "ops/runtime/err.h"
#include "ops/runtime/strbuf.h"

#define CONFIG_TEXT_MAX     512
#define CONFIG_SERVICES_MAX 16

struct config {
    char brokers[CONFIG_TEXT_MAX]; /* Kafka bootstrap servers */
    char pg[CONFIG_TEXT_MAX]; /* libpq string without user; services log in as hirelog_<service> */
    char pg_admin[CONFIG_TEXT_MAX];              /* owner; for `hirelog migrate` only */
    char pg_role_password_file[CONFIG_TEXT_MAX]; /* password that migrate gives the service roles;
                                                    "" = none */
    char pg_service[CONFIG_SERVICES_MAX]
                   [CONFIG_TEXT_MAX]; /* pg_<service>: full libpq string; "" = from pg */
    char pg_admin_service[CONFIG_SERVICES_MAX][CONFIG_TEXT_MAX]; /* pg_admin_<service>; "" =
                                                                    pg_admin */
    char services[CONFIG_TEXT_MAX];                              /* comma-separated; "" = all */
    char schema_registry_url[CONFIG_TEXT_MAX]; /* "" = the ids of the binary (S2); else S3 */
    char schema_registry_credentials_file[CONFIG_TEXT_MAX]; /* user:password; "" = none */
    char topic_prefix[64];                                  /* "hirelog" */
    int64_t partitions; /* of every topic at creation; checked at start */
    int64_t topic_replication, topic_min_insync_replicas; /* 1; 0 = from topic_replication */
    int64_t topology_check_s;                             /* 60 */
    char listen[64];                                      /* 127.0.0.1 */
    int64_t api_port, api_admin_port, worker_admin_port;  /* 0 = any free one, logged */
    int64_t api_threads, list_threads;                    /* 2, 4 */
    int64_t api_connections_max;                          /* 4096 */
    int64_t transaction_timeout_ms; /* THE timeout (10000); all others are derived, see
                                       config_derive() */
    int64_t batch_commands_max, batch_events_max, batch_bytes_max;
    int64_t wait_default_s, wait_max_s;         /* Prefer: wait; 5, 30 */
    int64_t command_ttl_s;                      /* 86400 */
    int64_t outcome_retention_s;                /* 604800 */
    int64_t login_attempts_max, login_window_s; /* throttle per e-mail and per address */
    int64_t user_writes_per_second_max;         /* 0 = off */
    int64_t session_idle_s, session_max_s;      /* 1800, 43200 */
    int64_t feed_streams_max, feed_streams_user_max, feed_stall_s; /* 1000, 10, 15 */
    int64_t argon2_memory_kib, argon2_passes, argon2_threads;      /* 19456, 2; size of the pool */
    char identity_key_file[CONFIG_TEXT_MAX];
    char log_format[16], log_level[16];
};

/* What RULES 5 derives from transaction_timeout_ms. */
struct config_timeouts {
    int message_ms, socket_ms, statement_ms, idle_in_transaction_ms, batch_ms;
};

/* file may be NULL. services = NULL-terminated names that pg_<service> and pg_admin_<service>
 * may be set for. On
 * ERR_INVALID `problems` holds one line per mistake. */
MUST_CHECK enum err_code config_load(const char *file,
                                     const char *const services[],
                                     struct config *ret,
                                     struct strbuf *problems,
                                     struct err *err);
struct config_timeouts config_derive(const struct config *c);
/* The order of RULES 5; ERR_INVALID names the pair that is broken. config_load calls it. */
MUST_CHECK enum err_code config_timeouts_check(const struct config_timeouts *t,
                                               int64_t transaction_timeout_ms,
                                               struct err *err);
void config_print(const struct config *c,
                  struct strbuf *out); /* effective `key = value`, secrets are only file names */
void config_print_sample(struct strbuf *out); /* commented sample file */
void config_print_docs(struct strbuf *out);   /* Markdown table */

#endif

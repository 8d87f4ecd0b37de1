#include "ops/runtime/kafka_fault.h"

struct row {
    rd_kafka_resp_err_t code;
    enum kafka_fault fault;
    bool refused; /* before anything was stored: see kafka_fault_not_stored() */
};

/*
 * All codes of librdkafka 2.0.2, in its order: its own, then the brokers'. A broker that refuses a timestamp
 * speaks of our clock or of its own, never of the record; rights and settings are mended by people, so what waits for
 * them is not rejected. Local codes that a delivery report may carry before the record was ever sent
 * (a full queue, a timeout in it) count as refused as long as librdkafka says that it was not.
 */
static const struct row rows[] = {
    {RD_KAFKA_RESP_ERR__BAD_MSG,                              KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR__BAD_COMPRESSION,                      KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR__DESTROY,                              KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__FAIL,                                 KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR__TRANSPORT,                            KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE,                    KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__RESOLVE,                              KAFKA_FAULT_CLUSTER, true },
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,                        KAFKA_FAULT_CLUSTER, true },
    {RD_KAFKA_RESP_ERR__PARTITION_EOF,                        KAFKA_FAULT_NONE,    false},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,                    KAFKA_FAULT_CLUSTER, true },
    {RD_KAFKA_RESP_ERR__FS,                                   KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,                        KAFKA_FAULT_CLUSTER, true },
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,                     KAFKA_FAULT_CLUSTER, true },
    {RD_KAFKA_RESP_ERR__INVALID_ARG,                          KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__TIMED_OUT,                            KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR__QUEUE_FULL,                           KAFKA_FAULT_CLUSTER, true },
    {RD_KAFKA_RESP_ERR__ISR_INSUFF,                           KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR__NODE_UPDATE,                          KAFKA_FAULT_NONE,    false},
    {RD_KAFKA_RESP_ERR__SSL,                                  KAFKA_FAULT_OURS,    true },
    {RD_KAFKA_RESP_ERR__WAIT_COORD,                           KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR__UNKNOWN_GROUP,                        KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__IN_PROGRESS,                          KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS,                     KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__EXISTING_SUBSCRIPTION,                KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS,                    KAFKA_FAULT_NONE,    false},
    {RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS,                    KAFKA_FAULT_NONE,    false},
    {RD_KAFKA_RESP_ERR__CONFLICT,                             KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__STATE,                                KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PROTOCOL,                     KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED,                      KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION,                       KAFKA_FAULT_OURS,    true },
    {RD_KAFKA_RESP_ERR__NO_OFFSET,                            KAFKA_FAULT_NONE,    false},
    {RD_KAFKA_RESP_ERR__OUTDATED,                             KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,                      KAFKA_FAULT_CLUSTER, true },
    {RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE,                  KAFKA_FAULT_OURS,    true },
    {RD_KAFKA_RESP_ERR__WAIT_CACHE,                           KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR__INTR,                                 KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__KEY_SERIALIZATION,                    KAFKA_FAULT_RECORD,  true },
    {RD_KAFKA_RESP_ERR__VALUE_SERIALIZATION,                  KAFKA_FAULT_RECORD,  true },
    {RD_KAFKA_RESP_ERR__KEY_DESERIALIZATION,                  KAFKA_FAULT_RECORD,  false},
    {RD_KAFKA_RESP_ERR__VALUE_DESERIALIZATION,                KAFKA_FAULT_RECORD,  false},
    {RD_KAFKA_RESP_ERR__PARTIAL,                              KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR__READ_ONLY,                            KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__NOENT,                                KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__UNDERFLOW,                            KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR__INVALID_TYPE,                         KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__RETRY,                                KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR__PURGE_QUEUE,                          KAFKA_FAULT_OURS,    true },
    {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT,                       KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__FATAL,                                KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__INCONSISTENT,                         KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE,                    KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED,                    KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__UNKNOWN_BROKER,                       KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR__NOT_CONFIGURED,                       KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__FENCED,                               KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__APPLICATION,                          KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST,                      KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR__NOOP,                                 KAFKA_FAULT_NONE,    false},
    {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET,                    KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_UNKNOWN,                               KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_NO_ERROR,                              KAFKA_FAULT_NONE,    false},
    {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE,                   KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_INVALID_MSG,                           KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,                 KAFKA_FAULT_CLUSTER, true },
    {RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,                      KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,                  KAFKA_FAULT_CLUSTER, true },
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,              KAFKA_FAULT_CLUSTER, true },
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,                     KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,                  KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,                 KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,                    KAFKA_FAULT_RECORD,  true },
    {RD_KAFKA_RESP_ERR_STALE_CTRL_EPOCH,                      KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE,             KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,                     KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,          KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,             KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_NOT_COORDINATOR,                       KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,                       KAFKA_FAULT_OURS,    true },
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,                 KAFKA_FAULT_RECORD,  true },
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,                   KAFKA_FAULT_CLUSTER, true },
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,      KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS,                 KAFKA_FAULT_OURS,    true },
    {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,                    KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL,           KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_INVALID_GROUP_ID,                      KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,                     KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT,               KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,                 KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE,            KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,            KAFKA_FAULT_OURS,    true },
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,            KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,          KAFKA_FAULT_OURS,    true },
    {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,                     KAFKA_FAULT_OURS,    true },
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM,            KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE,                    KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,                   KAFKA_FAULT_OURS,    true },
    {RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS,                  KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_INVALID_PARTITIONS,                    KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR,            KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT,            KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_INVALID_CONFIG,                        KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_NOT_CONTROLLER,                        KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_INVALID_REQUEST,                       KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,        KAFKA_FAULT_OURS,    true },
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION,                      KAFKA_FAULT_OURS,    true },
    {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,          KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER,             KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,                KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_INVALID_TXN_STATE,                     KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING,           KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT,           KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,               KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED,        KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_SECURITY_DISABLED,                     KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_OPERATION_NOT_ATTEMPTED,               KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,                   KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_LOG_DIR_NOT_FOUND,                     KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,            KAFKA_FAULT_OURS,    true },
    {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,                   KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_REASSIGNMENT_IN_PROGRESS,              KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTH_DISABLED,        KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_NOT_FOUND,            KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_OWNER_MISMATCH,       KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,  KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED, KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_EXPIRED,              KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_INVALID_PRINCIPAL_TYPE,                KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP,                       KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND,                    KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND,            KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH,           KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND,                    KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_TOPIC_DELETION_DISABLED,               KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,                   KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,                  KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE,          KAFKA_FAULT_OURS,    true },
    {RD_KAFKA_RESP_ERR_STALE_BROKER_EPOCH,                    KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,                  KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED,                    KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE,        KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED,                KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,                    KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE,        KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_ELECTION_NOT_NEEDED,                   KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_NO_REASSIGNMENT_IN_PROGRESS,           KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC,             KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD,                        KAFKA_FAULT_RECORD,  true },
    {RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,                KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,             KAFKA_FAULT_CLUSTER, true },
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED,                       KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_RESOURCE_NOT_FOUND,                    KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_DUPLICATE_RESOURCE,                    KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_UNACCEPTABLE_CREDENTIAL,               KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_INCONSISTENT_VOTER_SET,                KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_INVALID_UPDATE_VERSION,                KAFKA_FAULT_OURS,    false},
    {RD_KAFKA_RESP_ERR_FEATURE_UPDATE_FAILED,                 KAFKA_FAULT_CLUSTER, false},
    {RD_KAFKA_RESP_ERR_PRINCIPAL_DESERIALIZATION_FAILURE,     KAFKA_FAULT_OURS,    false},
};

static const struct row *row_of(rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].code == code)
            return &rows[i];
    return NULL;
}

bool kafka_fault_known(rd_kafka_resp_err_t code)
{
    return row_of(code) != NULL;
}

enum kafka_fault kafka_fault_of(rd_kafka_resp_err_t code)
{
    const struct row *row = row_of(code);
    return row ? row->fault : KAFKA_FAULT_CLUSTER;
}

enum err_code kafka_fault_err(rd_kafka_resp_err_t code)
{
    static const enum err_code of_fault[] = {
        [KAFKA_FAULT_NONE] = ERR_OK,
        [KAFKA_FAULT_CLUSTER] = ERR_UNAVAILABLE,
        [KAFKA_FAULT_RECORD] = ERR_INVALID,
        [KAFKA_FAULT_OURS] = ERR_UNAVAILABLE,
    };
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
        return ERR_NOT_FOUND;
    return of_fault[kafka_fault_of(code)];
}

bool kafka_fault_not_stored(rd_kafka_resp_err_t code, rd_kafka_msg_status_t status)
{
    const struct row *row = row_of(code);
    return status == RD_KAFKA_MSG_STATUS_NOT_PERSISTED && row && row->refused;
}

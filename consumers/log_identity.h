/*
 * log_identity.h - do the log and the view belong together (W11)? A lost, emptied or recreated
 * topic must stop the lane, never be taken for "nothing happened yet". Never logs.
 */
#ifndef CONSUMERS_LOG_IDENTITY_H
#define CONSUMERS_LOG_IDENTITY_H

#include "consumers/lane_session.h"

/* What the broker says about both partitions, after fencing. */
struct log_bounds {
    char cluster_id[LANE_CLUSTER_MAX];
    int64_t events_low, events_high;
    int64_t commands_low, commands_high;
};

/* With a read_uncommitted reader: a producer or a read_committed one would answer the LSO (W5). */
MUST_CHECK enum err_code log_bounds_read(const struct lane_session *s,
                                         rd_kafka_t *reader,
                                         struct log_bounds *ret,
                                         struct err *err);
/* Before catch-up: cluster, first and last event. ERR_CORRUPT tells a person what does not match. *ret_last_us: the time of the
 * view's last event, up to a millisecond later; 0 = there is none. */
MUST_CHECK enum err_code log_identity_check(const struct lane_session *s,
                                            rd_kafka_t *reader,
                                            const struct log_bounds *bounds,
                                            int64_t *ret_last_us,
                                            struct err *err);
/* After catch-up: the commands from next_command on must be there. A lane that never decided
 * anything begins where the log begins: *next_command may be raised. */
MUST_CHECK enum err_code log_commands_check(const struct lane_session *s,
                                            const struct log_bounds *bounds,
                                            int64_t *next_command,
                                            struct err *err);

#endif

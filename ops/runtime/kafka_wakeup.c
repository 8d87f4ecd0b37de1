#include "ops/runtime/kafka_wakeup.h"

#include <librdkafka/rdkafka.h>

#if RD_KAFKA_VERSION == 0x020002ff

#define US_PER_MS     1000
#define IMMEDIATE_MS  1 /* as librdkafka says it */
#define LOOK_AGAIN_US 10000

int64_t __wrap_rd_kafka_timers_next(struct rd_kafka_timers_s *timers, int timeout_us, int do_lock)
{
    int64_t us = __real_rd_kafka_timers_next(timers, timeout_us, do_lock);
    return (us + US_PER_MS - 1) / US_PER_MS * US_PER_MS;
}

void __wrap_rd_kafka_txn_schedule_register_partitions(struct rd_kafka_s *rk, int backoff_ms)
{
    __real_rd_kafka_txn_schedule_register_partitions(rk,
                                                     backoff_ms == IMMEDIATE_MS ? 0 : backoff_ms);
}

uint8_t __wrap_rd_kafka_msgq_allow_wakeup_at(struct rd_kafka_msgq_s *queue,
                                             const struct rd_kafka_msgq_s *sending,
                                             int64_t *next_wakeup,
                                             int64_t now,
                                             int64_t linger_us,
                                             int32_t batch_records,
                                             int64_t batch_bytes)
{
    int64_t next = INT64_MAX;
    uint8_t ready = __real_rd_kafka_msgq_allow_wakeup_at(queue, sending, &next, now, linger_us,
                                                         batch_records, batch_bytes);
    if (next <= now)
        next = now + LOOK_AGAIN_US;
    if (next_wakeup != NULL && next < *next_wakeup)
        *next_wakeup = next;
    return ready;
}

#endif

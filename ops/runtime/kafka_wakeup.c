#include "ops/runtime/kafka_wakeup.h"

#include <librdkafka/rdkafka.h>

#if RD_KAFKA_VERSION == 0x020002ff

#define US_PER_MS    1000
#define IMMEDIATE_MS 1 /* as librdkafka says it */

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

#endif

/*
 * kafka_wakeup.h - when the main thread of a librdkafka 2.0.2 handle wakes.
 *
 * Debian 12's librdkafka rounds the time until its next timer down to whole milliseconds: in the last one
 * before a timer is due the main thread asks the clock without a pause (librdkafka #4671, mended in 2.4).
 * And what it calls "immediate" when a transaction gets its first record (AddPartitionsToTxn) is a timer of
 * one millisecond, started once more by the answer. So a transaction waited 1 ms and cost 2 ms of a core,
 * which is more than everything else a worker does for it.
 *
 * Both are mended here by taking the place of two functions of the library, which the linker allows for the
 * static one only: LIBRDKAFKA in the Makefile. Another version is linked as it is; when the distribution has
 * a later one, this file goes. Only librdkafka calls it, on any thread. Never logs.
 */
#ifndef RUNTIME_KAFKA_WAKEUP_H
#define RUNTIME_KAFKA_WAKEUP_H

#include <stdint.h>

struct rd_kafka_s;
struct rd_kafka_timers_s;

/* rdkafka_timer.h of 2.0.2: us until the next timer, at most timeout_us. Ours: rounded up to whole ms. */
int64_t __real_rd_kafka_timers_next(struct rd_kafka_timers_s *timers, int timeout_us, int do_lock);
int64_t __wrap_rd_kafka_timers_next(struct rd_kafka_timers_s *timers, int timeout_us, int do_lock);
/* rdkafka_txnmgr.h of 2.0.2: adds a transaction's new partitions after backoff_ms, 0 is at once. Ours: 1 is
 * at once, too, as those who say it mean it. The linker leaves the calls of rdkafka_txnmgr.c itself alone:
 * after an answer the timer is still of 1 ms, but nothing waits for it, and it is slept through. */
void __real_rd_kafka_txn_schedule_register_partitions(struct rd_kafka_s *rk, int backoff_ms);
void __wrap_rd_kafka_txn_schedule_register_partitions(struct rd_kafka_s *rk, int backoff_ms);

#endif

/*
 * kafka_wakeup.h - when the threads of a librdkafka 2.0.2 handle wake.
 *
 * Debian 12's librdkafka asks the clock without a pause in two places. Its main thread rounds the time until
 * its next timer down to whole milliseconds, so it does in the last one (librdkafka #4671, mended in 2.4). And
 * the thread of a broker does while records wait that it may not send: of an idempotent producer's partition
 * no request is made as long as five records or more are under way, but their time to be sent has come.
 * Besides, what it calls "immediate" when a transaction gets its first record (AddPartitionsToTxn) is a timer
 * of one millisecond, started once more by the answer.
 *
 * So a transaction waited 1 ms and cost 2 ms of a core, more than everything else a worker does for it; and
 * of what a busy API spent on a command, a quarter was its sender's wait for answers.
 *
 * All are mended here by taking the place of functions of the library, which the linker allows for the
 * static one only: LIBRDKAFKA in the Makefile. Another version is linked as it is; when the distribution has
 * a later one, this file goes. Only librdkafka calls it, on any thread. Never logs.
 */
#ifndef RUNTIME_KAFKA_WAKEUP_H
#define RUNTIME_KAFKA_WAKEUP_H

#include <stdint.h>

struct rd_kafka_s;
struct rd_kafka_timers_s;
struct rd_kafka_msgq_s;

/* rdkafka_timer.h of 2.0.2: us until the next timer, at most timeout_us. Ours: rounded up to whole ms. */
int64_t __real_rd_kafka_timers_next(struct rd_kafka_timers_s *timers, int timeout_us, int do_lock);
int64_t __wrap_rd_kafka_timers_next(struct rd_kafka_timers_s *timers, int timeout_us, int do_lock);
/* rdkafka_txnmgr.h of 2.0.2: adds a transaction's new partitions after backoff_ms, 0 is at once. Ours: 1 is
 * at once, too, as those who say it mean it. The linker leaves the calls of rdkafka_txnmgr.c itself alone:
 * after an answer the timer is still of 1 ms, but nothing waits for it, and it is slept through. */
void __real_rd_kafka_txn_schedule_register_partitions(struct rd_kafka_s *rk, int backoff_ms);
void __wrap_rd_kafka_txn_schedule_register_partitions(struct rd_kafka_s *rk, int backoff_ms);
/* rdkafka_msg.h of 2.0.2: whether the records that wait for a partition make a batch; *next_wakeup (us, may be
 * NULL) becomes the time at which they are due, where that is sooner. Ours: for those that are due already, in
 * 10 ms. They are sent at once, or else wait for an answer, which ends the thread's sleep, except when it comes to
 * another broker's thread. */
typedef uint8_t rd_kafka_msgq_allow_wakeup_at_fn(struct rd_kafka_msgq_s *queue,
                                                 const struct rd_kafka_msgq_s *sending,
                                                 int64_t *next_wakeup,
                                                 int64_t now,
                                                 int64_t linger_us,
                                                 int32_t batch_records,
                                                 int64_t batch_bytes);
rd_kafka_msgq_allow_wakeup_at_fn __real_rd_kafka_msgq_allow_wakeup_at;
rd_kafka_msgq_allow_wakeup_at_fn __wrap_rd_kafka_msgq_allow_wakeup_at;

#endif

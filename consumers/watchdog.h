/*
 * watchdog.h - ends the process when a lane has made no progress for twice the transaction timeout
 * while the brokers answer (RULES 3): commit and abort wait for ever, and a supervisor that starts
 * it again is the way out. Logs, then abort().
 */
#ifndef CONSUMERS_WATCHDOG_H
#define CONSUMERS_WATCHDOG_H

#include "consumers/group.h"

struct watchdog; /* opaque */

/* The groups outlive the watchdog. */
MUST_CHECK enum err_code watchdog_start(const struct config *cfg,
                                        struct group *const *groups,
                                        size_t n,
                                        struct watchdog **ret,
                                        struct err *err);
void watchdog_stop(struct watchdog *w); /* NULL ok; frees */
/* Did the brokers answer when last asked? Any thread. */
bool watchdog_brokers_reachable(const struct watchdog *w);
/* The rule itself: idle for how long, and how long the brokers have answered without a break. */
bool watchdog_hanging(int64_t idle_us, int64_t reachable_us, int64_t transaction_timeout_ms);

#endif

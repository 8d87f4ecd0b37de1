/*
 * timeutil.h - times are int64 microseconds since 1970 UTC; durations carry their unit in the name.
 */
#ifndef OPS_RUNTIME_TIMEUTIL_H
#define OPS_RUNTIME_TIMEUTIL_H

#include "ops/runtime/base.h"

#define TIME_TEXT_LEN 27 /* 2026-01-02T03:04:05.000006Z */

int64_t time_now_us(void);       /* wall clock */
int64_t time_monotonic_us(void); /* for durations and deadlines */
int64_t
time_running_us(void); /* goes on while the machine sleeps: what the wall clock is compared with */
void time_format(int64_t us,
                 char ret[TIME_TEXT_LEN + 1]); /* RFC 3339 UTC, microseconds; years 0..9999 */
MUST_CHECK bool time_parse(const char *text, int64_t *ret); /* RFC 3339, any offset */

#endif

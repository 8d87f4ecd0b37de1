/*
 * throttle.h - how often something happened lately: counts per key in windows of fixed length, in
 * bounded memory. When the table is full the oldest count of a bucket is forgotten. Any thread.
 */
#ifndef API_THROTTLE_H
#define API_THROTTLE_H

#include "ops/runtime/base.h"

struct throttle; /* opaque */

/* max = 0: lets everything through. */
struct throttle *throttle_new(int64_t max, int64_t window_us);
void throttle_free(struct throttle *t); /* NULL ok */

/* Counts one. 0 = let it through, else microseconds until the window ends (and nothing was
 * counted). */
MUST_CHECK int64_t throttle_take(struct throttle *t, const void *key, size_t len, int64_t now_us);
/* Takes one back: it was harmless. */
void throttle_forgive(struct throttle *t, const void *key, size_t len);

#endif

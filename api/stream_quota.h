/*
 * stream_quota.h - how many event streams are open, in all and of each user. Any thread.
 */
#ifndef API_STREAM_QUOTA_H
#define API_STREAM_QUOTA_H

#include "ops/runtime/uuid.h"

enum quota { QUOTA_TAKEN, QUOTA_OF_USER, QUOTA_OF_ALL };

struct stream_quota; /* opaque */

struct stream_quota *stream_quota_new(int64_t max, int64_t user_max);
void stream_quota_free(struct stream_quota *q); /* NULL ok */
/* QUOTA_TAKEN: give it back. The others say which limit is reached. */
MUST_CHECK enum quota stream_quota_take(struct stream_quota *q, const struct uuid *user);
void stream_quota_give(struct stream_quota *q, const struct uuid *user);

#endif

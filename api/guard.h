/*
 * guard.h - absolute deadlines of connections (RULES 31): libmicrohttpd's own timeout sees
 * inactivity only, and a byte per second is activity. One thread looks at all connections every
 * second and shuts the late ones down. It also gives memory back to the system when a crowd of
 * connections has gone.
 */
#ifndef API_GUARD_H
#define API_GUARD_H

#include "ops/runtime/err.h"

#define GUARD_READ_US   (15 * 1000000LL) /* the rest of a header, or a body */
#define GUARD_IDLE_US   (75 * 1000000LL) /* between two requests */
#define GUARD_ANSWER_US (75 * 1000000LL) /* a reader's time to take the answer */

struct guard;       /* opaque */
struct guard_entry; /* opaque: one connection */

MUST_CHECK enum err_code guard_start(struct guard **ret, struct err *err);
void guard_stop(struct guard *g); /* NULL ok; after the last connection has been closed */

struct guard_entry *guard_open(struct guard *g, int fd);
/* Before the descriptor is closed. */
void guard_close(struct guard *g, struct guard_entry *e);
/* Monotonic us; 0 = none while the request is being handled. Any thread. */
void guard_deadline(struct guard_entry *e, int64_t deadline_us);

#endif

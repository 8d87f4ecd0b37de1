/*
 * worker_name.h - what the connections of this worker process are called in pg_stat_activity. The name is how
 * workers know each other, and which lane is whose: each looks at the same list (assignment.h). Any thread.
 */
#ifndef CONSUMERS_WORKER_NAME_H
#define CONSUMERS_WORKER_NAME_H

#include "ops/runtime/uuid.h"

#define WORKER_NAME_MAX 64 /* of PostgreSQL: longer names are cut */

/* Of this process: made at the first call, a UUIDv7, so that workers are sorted by their age. */
const struct uuid *worker_id(void);
/* "hirelog <kind> <worker id>". kind: "worker", "leaving" or "lane". */
void worker_name_format(const char *kind, char ret[WORKER_NAME_MAX]);

#endif

/*
 * topology_watch.h - looks at the cluster's topology now and every topology_check_s, on a thread of its
 * own, and keeps what it found. Logs what changes. Any thread may ask.
 */
#ifndef CONSUMERS_TOPOLOGY_WATCH_H
#define CONSUMERS_TOPOLOGY_WATCH_H

#include "ops/runtime/config.h"
#include "ops/runtime/err.h"
#include "ops/runtime/strbuf.h"

struct topology_watch; /* opaque */

/* Begins to look, beside the rest of the start. vault: as in topology_check(). cfg outlives it. */
MUST_CHECK enum err_code topology_watch_start(const struct config *cfg,
                                              bool vault,
                                              struct topology_watch **ret,
                                              struct err *err);
/* NULL ok; frees it. A look that waits for a broker is not waited for: it is left to the process's end. */
void topology_watch_stop(struct topology_watch *w);
DEFINE_CLEANUP(struct topology_watch *, topology_watch_stop);

/* The end of a start: ERR_CONFLICT, naming what is wrong, when the first look has found a broken promise. Waits for that look,
 * until three seconds after topology_watch_start() at most: without a broker nothing is known, and the start goes on. */
MUST_CHECK enum err_code topology_watch_first(struct topology_watch *w, struct err *err);

/* Appends {"state":"ok|broken|missing|unknown","weak":<n>,"findings":["...",...]}: what is broken or missing, TOPOLOGY_TOLD_MAX of them.
 * False: broken, or a topic is missing. "unknown" (no look has succeeded yet) is true: others tell that no broker answers; later what
 * was last known stays. NULL: not started yet. */
#define TOPOLOGY_TOLD_MAX 8
bool topology_watch_ready(struct topology_watch *w, struct strbuf *out);

#endif

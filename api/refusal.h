/* refusal.h - a decider's reason code -> HTTP status: one table. A reason that is not in it is a
 * conflict with the state. */
#ifndef API_REFUSAL_H
#define API_REFUSAL_H

#include "ops/runtime/base.h"

struct refusal {
    const char *reason;
    unsigned status;
};
extern const struct refusal refusals[]; /* all that are not 409 */
extern const size_t n_refusals;

unsigned refusal_status(const char *reason);

#endif

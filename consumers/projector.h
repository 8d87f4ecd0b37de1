/*
 * projector.h - other services' events -> rows of this service (P2). A follower whose position is
 * the table position: a compare-and-set with every run, in the same transaction as the rows. After
 * each commit it notifies the APIs on the service's lane channel (payload PROJECTOR_PAYLOAD).
 */
#ifndef CONSUMERS_PROJECTOR_H
#define CONSUMERS_PROJECTOR_H

#include "consumers/follower.h"

#define PROJECTOR_PAYLOAD "projected"

struct projector; /* opaque */

/* Of all the from_ projections of the service, which has one at least. Starts its thread. Caller
 * owns *ret. */
MUST_CHECK enum err_code projector_start(const struct config *cfg,
                                         const struct service *service,
                                         struct projector **ret,
                                         struct err *err);
struct follower *projector_follower(struct projector *p);
/* After follower_join() of its follower. */
void projector_free(struct projector *p);

/* For a replay, which brings a session of its own with any of the service's logs: `self` and the role. Nobody is notified. Free it
 * after the role's close(). */
struct projector *projector_new(const struct service *service);
extern const struct follower_role projector_role;

#endif

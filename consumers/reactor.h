/*
 * reactor.h - events of one service become commands of another (X1). A follower whose positions are
 * the offsets of its Kafka group `<prefix>.<service>.<rule>`, committed after the delivery of what
 * they caused: losing PostgreSQL never fires history again. At least once is harmless, as command
 * ids are made from what the event says. What is refused is a dead letter of the lane that refuses.
 */
#ifndef CONSUMERS_REACTOR_H
#define CONSUMERS_REACTOR_H

#include "consumers/follower.h"

struct reactor; /* opaque */

/* Starts its thread. `service` takes the commands. Caller owns *ret. */
MUST_CHECK enum err_code reactor_start(const struct config *cfg,
                                       const struct service *service,
                                       const struct reactor_rule *rule,
                                       struct reactor **ret,
                                       struct err *err);
struct follower *reactor_follower(struct reactor *r);
/* After follower_join() of its follower. */
void reactor_free(struct reactor *r);

/*
 * UUIDv5 of aggregate id, version and reactor: in a log that was restored, whichever command made that
 * version of the aggregate, the reactor asks for the same. Of an event whose id is a UUIDv7 it is
 * UUIDv5(event_id, reactor): the programs that wrote such events answered them so, and who reads
 * one again, after an upgrade or because positions are lost, must ask for what was asked for then.
 */
struct event_meta;
struct uuid reactor_command_id(const struct reactor_rule *rule, const struct event_meta *event);
/* What the rule makes of the event, by the system; NULL: nothing. Arena memory. */
void *reactor_command_new(const struct reactor_rule *rule,
                          const void *event,
                          const struct uuid *command_id,
                          int64_t issued_at,
                          struct arena *a);

#endif

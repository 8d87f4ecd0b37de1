/*
 * reactions.h - what reactors say: from an event of one service to a command of another. Pure.
 */
#ifndef CONSUMERS_REACTIONS_H
#define CONSUMERS_REACTIONS_H

#include "consumers/manifest.h"

extern const struct reactor_rule client_reactors[], freelancer_reactors[], payment_reactors[];
#define CLIENT_REACTORS_N     1
#define FREELANCER_REACTORS_N 1
#define PAYMENT_REACTORS_N    1

#endif

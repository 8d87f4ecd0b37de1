/* user.h - accounts: one per e-mail, profile, credentials by id, security version. Pure. */
#ifndef PRODUCERS_USER_USER_H
#define PRODUCERS_USER_USER_H

#include "producers/decider.h"

extern const struct decider user_decider;

#endif

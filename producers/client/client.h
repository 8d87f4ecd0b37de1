/*
 * client.h - the profiles of those who hire. One aggregate per user, opened by a reactor. Pure.
 *
 * Refusals:
 *   already_exists     the profile is open (harmless: the reactor asked twice)
 *   not_the_owner      only a reactor opens a profile; only the client itself changes it
 *   not_found          no such client
 *   nothing_to_change  UpdateClient without a member
 */
#ifndef PRODUCERS_CLIENT_CLIENT_H
#define PRODUCERS_CLIENT_CLIENT_H

#include "producers/decider.h"

extern const struct decider client_decider;

#endif

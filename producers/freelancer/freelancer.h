/*
 * freelancer.h - the profiles of those who work. One aggregate per user, opened by a reactor. Pure.
 *
 * Refusals:
 *   already_exists     the profile is open (harmless: the reactor asked twice)
 *   not_the_owner      only a reactor opens a profile; only the freelancer itself changes it
 *   not_found          no such freelancer
 *   nothing_to_change  UpdateFreelancer without a member
 */
#ifndef PRODUCERS_FREELANCER_FREELANCER_H
#define PRODUCERS_FREELANCER_FREELANCER_H

#include "producers/decider.h"

extern const struct decider freelancer_decider;

#endif

/*
 * user.h - accounts: one per e-mail, profile, credentials by id. Pure.
 *
 * Refusals, first match first:
 *   already_exists       the id is taken (RegisterUser)
 *   email_taken          the address is another account's, or was: deactivation keeps it
 *   not_found            no such account
 *   not_the_owner        a person changes only the own account; who opens one is not known yet, and it gets
 *                        the command's id
 *   account_deactivated  nothing happens to a closed account any more
 *   invalid_credentials  the old password was replaced meanwhile (ChangePassword)
 *   nothing_to_change    UpdateProfile without a member
 */
#ifndef PRODUCERS_USER_USER_H
#define PRODUCERS_USER_USER_H

#include "producers/decider.h"

extern const struct decider user_decider;

/* The form in which an address is unique: ASCII letters in lower case, all else as given (RFC 5321
 * lets only the host ignore case, but nobody has two accounts that differ in it). Arena memory. */
const char *user_email_key(const char *email, struct arena *a);

#endif

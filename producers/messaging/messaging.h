/*
 * messaging.h - threads of two people, about a job or about none. The thread is the aggregate: each
 * message takes a version of it. That a message was sent is a state of its own, by its id: a command that
 * is sent again after its outcome is forgotten would tell it twice. Pure.
 *
 * Refusals:
 *   not_a_party    only the two participants write, and only they read
 *   own_message    nobody writes to oneself
 *   not_found      no such thread
 *   already_exists the message was sent before
 *   not_the_owner  what is created carries the command's id
 */
#ifndef PRODUCERS_MESSAGING_MESSAGING_H
#define PRODUCERS_MESSAGING_MESSAGING_H

#include "producers/decider.h"

extern const struct decider messaging_decider;

/* The one thread of two people about a job; job_id NULL or nil = about none. The order of the two
 * does not matter. */
struct uuid
thread_id_of(const struct uuid *one, const struct uuid *other, const struct uuid *job_id);

#endif

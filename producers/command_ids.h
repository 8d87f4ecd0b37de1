/*
 * command_ids.h - the commands that a state remembers because nothing else would tell that they were
 * done: outcomes are forgotten after outcome_retention_s, and a command that is sent again after that is
 * decided again. Where a command creates something of its own id, the id is taken and no memory is needed.
 *
 * A list has a limit, which its decider refuses to pass. Pure; arena memory.
 */
#ifndef PRODUCERS_COMMAND_IDS_H
#define PRODUCERS_COMMAND_IDS_H

#include "ops/runtime/arena.h"
#include "ops/runtime/uuid.h"

bool command_ids_have(const struct uuid *ids, size_t n, const struct uuid *id);
/* A copy with one more at its end, *ret_n of them. Of a list that is full (in a log of before the limit) the oldest
 * goes: folding cannot fail. */
struct uuid *command_ids_with(const struct uuid *ids,
                              size_t n,
                              size_t max,
                              const struct uuid *id,
                              struct arena *a,
                              size_t *ret_n);

#endif

/*
 * replay_command.h - `hirelog replay`: its arguments, and which services it is for. Prints to standard output. Never logs.
 */
#ifndef API_REPLAY_COMMAND_H
#define API_REPLAY_COMMAND_H

#include "ops/runtime/config.h"
#include "ops/runtime/err.h"

/* What stands behind the command, its first word and the rest, without those that every command takes. ERR_INVALID: they make no sense. Else as replay_run(). */
MUST_CHECK enum err_code replay_command(
    const struct config *cfg, const char *verb, char *const *args, size_t n, struct err *err);

#endif

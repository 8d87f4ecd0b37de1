/*
 * replay_command.h - `hirelog replay`: its arguments, and which services it is for. Prints to standard output. Never logs.
 */
#ifndef API_REPLAY_COMMAND_H
#define API_REPLAY_COMMAND_H

#include "ops/runtime/config.h"
#include "ops/runtime/err.h"

/* The arguments behind the command, without those that every command takes. ERR_INVALID: they make no sense. Else as replay_run(). */
MUST_CHECK enum err_code
replay_command(const struct config *cfg, char **args, int n, struct err *err);

#endif

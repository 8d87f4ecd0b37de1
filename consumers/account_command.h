/*
 * account_command.h - `hirelog account`: what the operator does about single accounts. Prints; never logs.
 */
#ifndef CONSUMERS_ACCOUNT_COMMAND_H
#define CONSUMERS_ACCOUNT_COMMAND_H

#include "ops/runtime/config.h"
#include "ops/runtime/err.h"

/* verb and arguments as on the command line. ERR_INVALID with ERR_REASON_USAGE: a mistake there, nothing
 * was done. ERR_UNAVAILABLE: PostgreSQL is away, or
 * accounts are still catching up. */
MUST_CHECK enum err_code account_command(
    const struct config *cfg, const char *verb, char *const *arguments, size_t n, struct err *err);

#endif

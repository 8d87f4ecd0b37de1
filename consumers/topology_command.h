/* topology_command.h - `hirelog topics create` and `hirelog topics check`. Prints on stdout. */
#ifndef CONSUMERS_TOPOLOGY_COMMAND_H
#define CONSUMERS_TOPOLOGY_COMMAND_H

#include "ops/runtime/config.h"
#include "ops/runtime/err.h"

/*
 * create: makes the topics of cfg->services that are not there, and changes nothing that is there.
 * check: prints a line for each finding, weak points that are alike on one line. ERR_CONFLICT: a promise is
 * broken; ERR_NOT_FOUND: a topic is missing; weak points alone are ERR_OK. ERR_INVALID: another verb.
 * ERR_UNAVAILABLE: the cluster does not answer.
 */
MUST_CHECK enum err_code
topology_command(const struct config *cfg, const char *verb, struct err *err);

#endif

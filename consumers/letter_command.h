/*
 * letter_command.h - `hirelog deadletters`: the table of its verbs. Writes to stdout what a verb has to say.
 */
#ifndef CONSUMERS_LETTER_COMMAND_H
#define CONSUMERS_LETTER_COMMAND_H

#include "ops/runtime/config.h"
#include "ops/runtime/err.h"

/*
 * list [--all]; show NAME; retry NAME; skip NAME --reason TEXT [--offset N]. `arguments` is what stands behind the
 * verb. ERR_INVALID: an argument that the verb does not know, or lacks. ERR_REJECTED: it was refused again, as the
 * output says. Else as letter_retry.h and parked_retry.h have it.
 */
MUST_CHECK enum err_code letter_command(
    const struct config *cfg, const char *verb, char *const *arguments, size_t n, struct err *err);

#endif

/*
 * archive_command.h - `hirelog export` and `hirelog import`: their arguments. Prints to standard output. Never logs
 * itself.
 */
#ifndef API_ARCHIVE_COMMAND_H
#define API_ARCHIVE_COMMAND_H

#include "ops/runtime/config.h"
#include "ops/runtime/err.h"

/*
 * What stands behind the command: its first word ("" = an option comes first), and the rest. ERR_INVALID with
 * ERR_REASON_USAGE: the arguments make no sense, and nothing was done. Else as archive_export(),
 * archive_export_all(), archive_import(). A signal ends the process at once: it leaves nothing that looks whole.
 */
MUST_CHECK enum err_code export_command(
    const struct config *cfg, const char *verb, char *const *args, size_t n, struct err *err);
MUST_CHECK enum err_code import_command(
    const struct config *cfg, const char *verb, char *const *args, size_t n, struct err *err);

#endif

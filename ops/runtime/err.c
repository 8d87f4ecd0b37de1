#include "ops/runtime/err.h"

#include <stdarg.h>

const int err_http_status[ERR_CODE_N] = {
    [ERR_OK] = 200,       [ERR_INVALID] = 400,     [ERR_NOT_FOUND] = 404, [ERR_CONFLICT] = 409,
    [ERR_REJECTED] = 409, [ERR_UNAVAILABLE] = 503, [ERR_CORRUPT] = 500,   [ERR_INTERNAL] = 500,
};

/* A refusal needs no action: it is the command's outcome. A lost race is tried again after back-off
 * (W3). */
const enum err_action err_worker_action[ERR_CODE_N] = {
    [ERR_OK] = ERR_ACTION_NONE,        [ERR_INVALID] = ERR_ACTION_PARK,
    [ERR_NOT_FOUND] = ERR_ACTION_PARK, [ERR_CONFLICT] = ERR_ACTION_RETRY,
    [ERR_REJECTED] = ERR_ACTION_NONE,  [ERR_UNAVAILABLE] = ERR_ACTION_RETRY,
    [ERR_CORRUPT] = ERR_ACTION_PARK,   [ERR_INTERNAL] = ERR_ACTION_STOP,
};

const int err_exit_code[ERR_CODE_N] = {
    [ERR_OK] = 0,           [ERR_INVALID] = 78, /* EX_CONFIG */
    [ERR_NOT_FOUND] = 66,                       /* EX_NOINPUT */
    [ERR_CONFLICT] = 73,                        /* EX_CANTCREAT */
    [ERR_REJECTED] = 69,                        /* EX_UNAVAILABLE */
    [ERR_UNAVAILABLE] = 75,                     /* EX_TEMPFAIL */
    [ERR_CORRUPT] = 65,                         /* EX_DATAERR */
    [ERR_INTERNAL] = 70,                        /* EX_SOFTWARE */
};

const char *const err_code_name[ERR_CODE_N] = {
    [ERR_OK] = "ok",
    [ERR_INVALID] = "invalid",
    [ERR_NOT_FOUND] = "not_found",
    [ERR_CONFLICT] = "conflict",
    [ERR_REJECTED] = "rejected",
    [ERR_UNAVAILABLE] = "unavailable",
    [ERR_CORRUPT] = "corrupt",
    [ERR_INTERNAL] = "internal",
};

/* Formats first and copies then, so that a message may be built from the error that it replaces. */
static enum err_code
set(struct err *err, enum err_code code, const char *reason, const char *fmt, va_list args)
{
    if (!err)
        return code;
    struct err made = {.code = code};
    (void)snprintf(made.reason, sizeof made.reason, "%s", reason);
    (void)vsnprintf(made.msg, sizeof made.msg, fmt, args);
    *err = made;
    return code;
}

enum err_code err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    set(err, code, "", fmt, args);
    va_end(args);
    return code;
}

enum err_code
err_set_reason(struct err *err, enum err_code code, const char *reason, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    set(err, code, reason, fmt, args);
    va_end(args);
    return code;
}

enum err_code err_context(struct err *err, const char *fmt, ...)
{
    char context[ERR_MSG_MAX];
    char msg[2 * ERR_MSG_MAX + 2];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(context, sizeof context, fmt, args);
    va_end(args);
    (void)snprintf(msg, sizeof msg, "%s: %s", context, err->msg);
    (void)snprintf(err->msg, sizeof err->msg, "%.*s", ERR_MSG_MAX - 1, msg);
    return err->code;
}

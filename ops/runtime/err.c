#include "ops/runtime/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const int err_http_status[ERR_CODE_N] = {
    [ERR_OK] = 200,       [ERR_INVALID] = 400,     [ERR_NOT_FOUND] = 404, [ERR_CONFLICT] = 409,
    [ERR_REJECTED] = 409, [ERR_UNAVAILABLE] = 503, [ERR_CORRUPT] = 500,   [ERR_INTERNAL] = 500,
};
const enum err_action err_worker_action[ERR_CODE_N] = {
    [ERR_OK] = ERR_ACTION_NONE,           [ERR_INVALID] = ERR_ACTION_PARK,
    [ERR_NOT_FOUND] = ERR_ACTION_RETRY, /* a newer writer's schema: wait for the upgrade (S4) */
    [ERR_CONFLICT] = ERR_ACTION_RETRY,    [ERR_REJECTED] = ERR_ACTION_NONE,
    [ERR_UNAVAILABLE] = ERR_ACTION_RETRY, [ERR_CORRUPT] = ERR_ACTION_STOP,
    [ERR_INTERNAL] = ERR_ACTION_RETRY,
};
/* sysexits.h */
const int err_exit_code[ERR_CODE_N] = {
    [ERR_OK] = 0,        [ERR_INVALID] = 78,     [ERR_NOT_FOUND] = 69, [ERR_CONFLICT] = 73,
    [ERR_REJECTED] = 77, [ERR_UNAVAILABLE] = 75, [ERR_CORRUPT] = 65,   [ERR_INTERNAL] = 70,
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

int err_exit_status(enum err_code code, const struct err *err)
{
    if (code == ERR_INVALID && err && strcmp(err->reason, ERR_REASON_USAGE) == 0)
        return ERR_EXIT_USAGE;
    return err_exit_code[code];
}

static enum err_code
set(struct err *err, enum err_code code, const char *reason, const char *fmt, va_list ap)
{
    if (!err)
        return code;
    err->code = code;
    snprintf(err->reason, sizeof(err->reason), "%s", reason);
    vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
    return code;
}

enum err_code err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set(err, code, "", fmt, ap);
    va_end(ap);
    return code;
}

enum err_code
err_set_reason(struct err *err, enum err_code code, const char *reason, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set(err, code, reason, fmt, ap);
    va_end(ap);
    return code;
}

enum err_code err_context(struct err *err, const char *fmt, ...)
{
    char context[ERR_MSG_MAX];
    char joined[2 * ERR_MSG_MAX + 2];
    va_list ap;
    if (!err)
        return ERR_INTERNAL;
    va_start(ap, fmt);
    vsnprintf(context, sizeof(context), fmt, ap);
    va_end(ap);
    snprintf(joined, sizeof(joined), "%s: %s", context, err->msg);
    memcpy(err->msg, joined, sizeof(err->msg) - 1);
    err->msg[sizeof(err->msg) - 1] = '\0';
    return err->code;
}

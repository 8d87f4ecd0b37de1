/*
 * err.h - the one error taxonomy. An error is a value; libraries return it, edges log it once.
 * HTTP status, what a worker does, and the exit code are three tables over the same enum.
 */
#ifndef OPS_RUNTIME_ERR_H
#define OPS_RUNTIME_ERR_H

#include "ops/runtime/base.h"

enum err_code {
    ERR_OK,
    ERR_INVALID,     /* the caller's input is wrong; msg names what */
    ERR_NOT_FOUND,   /* no such thing */
    ERR_CONFLICT,    /* somebody else was first (compare-and-set lost, fenced) */
    ERR_REJECTED,    /* a decider refused; reason holds the stable code */
    ERR_UNAVAILABLE, /* Kafka, PostgreSQL or time ran out: the same call may succeed later */
    ERR_CORRUPT,     /* bytes that cannot be what they claim: park or stop */
    ERR_INTERNAL,    /* our bug */
    ERR_CODE_N
};

enum err_action { ERR_ACTION_NONE, ERR_ACTION_RETRY, ERR_ACTION_PARK, ERR_ACTION_STOP };

#define ERR_MSG_MAX    256
#define ERR_REASON_MAX 48

#define ERR_REASON_USAGE "usage" /* of ERR_INVALID: the command line makes no sense */
#define ERR_EXIT_USAGE   64      /* EX_USAGE */

/* Written only on failure. `reason` is empty but for ERR_REJECTED (decider code), SQL errors
 * (SQLSTATE) and ERR_REASON_USAGE. */
struct err {
    enum err_code code;
    char reason[ERR_REASON_MAX];
    char msg[ERR_MSG_MAX];
};

extern const int err_http_status[ERR_CODE_N];
extern const enum err_action err_worker_action[ERR_CODE_N];
extern const int
    err_exit_code[ERR_CODE_N]; /* sysexits: ERR_INVALID 78 (EX_CONFIG), ERR_UNAVAILABLE 75, ... */
extern const char *const err_code_name[ERR_CODE_N];
/* What a process ends with: err_exit_code, or ERR_EXIT_USAGE. err may be NULL. */
int err_exit_status(enum err_code code, const struct err *err);

/* Fills *err (err may be NULL) and returns code: `return err_set(err, ERR_INVALID, "port %d", p);`
 */
enum err_code err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same with a reason code. */
enum err_code
err_set_reason(struct err *err, enum err_code code, const char *reason, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* Puts "context: " before the message, keeps the code. Returns err->code. */
enum err_code err_context(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define TRY(call)                         \
    do {                                  \
        enum err_code try_code_ = (call); \
        if (try_code_ != ERR_OK)          \
            return try_code_;             \
    } while (0)

#endif

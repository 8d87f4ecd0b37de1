/*
 * reply.h - what goes back. Every answer of ours leaves through reply_send(), which sets all header
 * fields (RULES 38); errors are application/problem+json. The functions that fill a reply return
 * STEP_DONE: `return reply_problem(...)`.
 */
#ifndef API_REPLY_H
#define API_REPLY_H

#include <microhttpd.h>

#include "api/route.h"
#include "ops/runtime/err.h"
#include "schemas/json.h"

#define RETRY_AFTER_S 1

struct reply {
    unsigned status;
    struct bytes body;        /* arena or static; lives until the request is over */
    const char *content_type; /* NULL = application/json */
    const char *location, *etag, *position, *applied, *allow; /* NULL = none */
    int64_t retry_after_s;                                    /* 0 = none */
    bool close;                                               /* ends the connection */
    struct MHD_Response *stream; /* in place of a body; reply_send() takes it over */
};

enum step reply_json(struct request *rq, unsigned status, struct bytes body);
enum step reply_empty(struct request *rq, unsigned status);
/* code: a stable code of API.md. */
enum step reply_problem(struct request *rq, unsigned status, const char *code, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* The same about a command. */
enum step
reply_refused(struct request *rq, unsigned status, const char *code, const struct uuid *command_id);
/* 400 invalid with all of them. */
enum step reply_invalid(struct request *rq, const struct field_errors *errors);
/* 400 invalid with one. */
enum step
reply_invalid_field(struct request *rq, const char *field, const char *code, const char *detail);
/* By the table of err.h. Logs what is our fault; tells the caller nothing about it. */
enum step reply_err(struct request *rq, const struct err *err);
enum step reply_unavailable(struct request *rq, const char *detail);

/* Queues the reply. */
enum MHD_Result reply_send(struct request *rq);

#endif

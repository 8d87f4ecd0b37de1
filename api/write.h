/*
 * write.h - JSON -> command -> Kafka -> outcome -> answer (DESIGN 4 "API side"), driven by the
 * route's row. Handlers with a need of their own (accounts) call the steps and put theirs between.
 */
#ifndef API_WRITE_H
#define API_WRITE_H

#include <jansson.h>

#include "api/request.h"
#include "api/ticket.h"

#define IDEMPOTENCY_KEY_MAX 255
#define OUTCOME_WAIT_US     5000000 /* at least, for a stored outcome in place of a refusal */

/* A command on its way. */
struct write {
    struct ticket ticket;
    struct err err; /* why it was not sent; code ERR_OK: it was, or not yet */
    struct api_service *service;
    const struct record_type *type;
    void *command;
    struct uuid command_id;
    bool
        resolving_key; /* write_resolve() looks for the partition key now, else for what must exist */
    bool keyed; /* has an Idempotency-Key: another one may have decided this id before us (I2) */
    uint8_t digest[32];
    handler_fn *otherwise; /* write_stored()'s */
    handler_fn *then;      /* after an applied outcome, in place of the plain answer; NULL = that */
    handler_fn *refused;   /* after a rejected one, likewise */
};

/* The handler of all routes whose command is fully described by the table. */
handler_fn write_handler;

/* The steps. False: the reply is filled in. */

/* The body as a JSON object; an empty body is {}. New reference; field errors so far in *errors. */
MUST_CHECK bool write_body(struct request *rq, json_t **ret, struct field_errors *errors);
/*
 * rq->write with command id, expected version, preferences. principal: who sends it, as text, for
 * I1.
 */
MUST_CHECK bool
write_begin(struct request *rq, const struct record_type *type, const char *principal);
/* The command's fields from the body, and those that path, caller and command id give. */
MUST_CHECK bool write_fill(struct request *rq, json_t *body, struct field_errors *errors);
/* What the row lets follow from the fields: a derived key, that what is named exists, the partition
 * key from the view. Then write_send(); a key whose outcome is stored gets that, whatever the view lacks now. */
enum step write_resolve(struct request *rq);
/* When a look-up is about to refuse the command: what was decided once stays so, whatever the view has lost since (I2). Answers with
 * the outcome that is stored under the command's key; `otherwise` when there is no key or no outcome. */
enum step write_stored(struct request *rq, handler_fn *otherwise);
/* Into Kafka. The answer follows by itself. */
enum step write_send(struct request *rq);
/* The plain answer to an applied outcome. */
enum step write_applied(struct request *rq);
/* The plain answer to a rejected one. */
enum step write_rejected(struct request *rq);

/* Without anybody waiting: an audit record. */
MUST_CHECK enum err_code write_audit(struct request *rq,
                                     struct api_service *service,
                                     const struct record_type *type,
                                     const struct identity *who,
                                     void *command,
                                     struct err *err);

#endif

/*
 * pending.h - notes of commands whose senders get a 202: (command, sender) in PostgreSQL before the answer, so that
 * /api/commands/{id}/ can say pending, and hide it from others. A desk per service; the commit does not wait for the disk: what a
 * crash takes is found by its outcome.
 */
#ifndef API_PENDING_H
#define API_PENDING_H

#include "api/desk.h"
#include "ops/runtime/uuid.h"

struct api_service;

/* Lies in the request's arena. */
struct pending_note {
    struct desk_job job;
    struct uuid command_id;
    struct uuid sender; /* nil = anonymous */
    int32_t partition;
    int64_t offset; /* -1: Kafka may or may not have it */
    int64_t at;     /* us since 1970 */
};

/* The desk that takes notes. */
MUST_CHECK enum err_code pendings_open(struct api_service *s, struct desk **ret, struct err *err);

#endif

/*
 * ticket.h - what a parked write waits for. It lies in the request's arena and passes from the MHD
 * thread to the sender, from there to the waiters, each time as a whole; who has no more to do writes
 * `state` and resumes the request. When a resource is shown, that is the service's look-ups.
 */
#ifndef API_TICKET_H
#define API_TICKET_H

#include "api/lookup.h"
#include "ops/runtime/arena.h"
#include "ops/runtime/err.h"
#include "ops/runtime/uuid.h"
#include "projections/query.h"

struct request;
struct waiters;

enum ticket_state {
    TICKET_OPEN,       /* somebody else's at the moment */
    TICKET_NOT_STORED, /* certainly not in Kafka: 503 */
    TICKET_UNKNOWN,    /* perhaps in Kafka: 202 */
    TICKET_STORED,     /* in Kafka, nobody waits for more, or the wait is over: 202 */
    TICKET_DECIDED,    /* `outcome` is filled in */
};

/* What the lane decided. */
struct outcome {
    bool rejected;
    char reason[ERR_REASON_MAX];
    struct uuid aggregate_id;
    int64_t event_version; /* of the first event */
    int32_t partition;
    int64_t next_event;
    uint8_t digest[32];
    bool has_key;    /* false: an older program's outcome, or no readable command */
    struct uuid key; /* the command's partition key */
};

struct ticket {
    enum ticket_state state;
    struct request *request;
    struct waiters *waiters; /* of the command's service */
    bool shows_created;      /* what is shown has the command's id; else its first event's */
    struct lookup shown;     /* the resource as it is now; its query NULL = none */
    struct uuid command_id;
    int64_t deadline_us; /* monotonic; 0 = do not wait for the outcome */
    int32_t partition;
    int64_t offset; /* from the delivery report; -1 = not known */
    struct outcome outcome;
    struct ticket *prev, *next; /* the owner's */
};

#endif

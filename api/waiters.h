/*
 * waiters.h - who waits for a service's view (DESIGN 4 "API side"): writes until their command has
 * been passed, reads until the view may have moved. One thread per service with a LISTEN connection
 * and one to look outcomes up. Logs connection changes once. add, epoch: any thread.
 */
#ifndef API_WAITERS_H
#define API_WAITERS_H

#include "api/ticket.h"
#include "ops/runtime/strbuf.h"

#define WAITERS_BATCH_MAX 512 /* outcomes per look-up */

struct api_service;
struct waiters; /* opaque */

/* Starts even while PostgreSQL is away. */
MUST_CHECK enum err_code
waiters_start(struct api_service *s, struct waiters **ret, struct err *err);
/* Ends the waiting of everybody: writes as TICKET_STORED. What is added later ends at once. */
void waiters_drain(struct waiters *w);
void waiters_free(struct waiters *w); /* NULL ok; drains first */

/* The command is in Kafka at (partition, offset): the ticket is the waiters' until its request is
 * resumed. */
void waiters_add(struct waiters *w, struct ticket *t);

/* Asks for the outcome of a command that may have been decided long ago; the ticket is the waiters' until its request is resumed:
 * DECIDED, UNKNOWN: there is none in the view, STORED: nobody could tell until the deadline. */
void waiters_find(struct waiters *w, struct ticket *t);

/* A parked read. */
struct read_wait {
    struct request *request;
    int64_t epoch;         /* waiters_epoch() before the read that was not enough */
    int64_t not_before_us; /* monotonic: however often the view moves */
    int64_t deadline_us;   /* monotonic */
    struct read_wait *next;
};
/* Resumes the request when the view may have changed since `epoch`, not before `not_before_us`, at
 * the latest at the deadline. */
void waiters_add_read(struct waiters *w, struct read_wait *r);

/* Changes with every notification and whenever the LISTEN connection comes or goes. */
int64_t waiters_epoch(const struct waiters *w);
/* Is the LISTEN connection up? What was read under an epoch that still holds is then fresh. */
bool waiters_listening(const struct waiters *w);
/* Does the service's database take writes, as of the last look (at most IDLE_MS and a connect ago)? */
bool waiters_writable(const struct waiters *w);
/* Did the view have all rows, a moment ago? Else what it lacks is answered with 503. */
bool waiters_caught_up(const struct waiters *w);
/* Appends {"<partition>":<next_command>,...}: the watermarks known on this connection. */
void waiters_print(struct waiters *w, struct strbuf *out);

#endif

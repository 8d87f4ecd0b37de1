/*
 * sender.h - commands into Kafka: one idempotent producer for all command topics, one thread that
 * takes the delivery reports. The producer is replaced when librdkafka calls it broken for good.
 * Logs what goes wrong (it is an edge: nobody waits for a background send). send: any thread.
 */
#ifndef API_SENDER_H
#define API_SENDER_H

#include "api/ticket.h"
#include "ops/runtime/config.h"

struct sender; /* opaque */

/* Starts even while no broker answers. topics[i] is known as i afterwards; the names must live as
 * long. */
MUST_CHECK enum err_code sender_start(const struct config *cfg,
                                      const char *const *topics,
                                      size_t n_topics,
                                      struct sender **ret,
                                      struct err *err);
/* Takes nothing more, gives what is on its way up to 5 s, then resumes its requests as unknown or
 * not stored. */
void sender_stop(struct sender *s);
void sender_free(struct sender *s); /* NULL ok; stopped before, and nobody uses it any more */

/* Partitions of a topic; 0 = not known yet, then nothing can be sent. */
int32_t sender_partitions(const struct sender *s, size_t topic);
bool sender_ready(const struct sender *s);

struct send {
    size_t topic;
    int32_t partition;
    const char *key; /* 36 characters */
    struct bytes value;
    const char *traceparent; /* NULL = none */
    struct ticket *ticket;   /* NULL = nobody waits */
};
/*
 * ERR_OK: the ticket is the sender's, its request is resumed later in every case. Else nothing was
 * sent and the ticket is still the caller's. ERR_UNAVAILABLE: no broker, or the last message could
 * not be delivered and one is being tried already.
 */
MUST_CHECK enum err_code sender_send(struct sender *s, const struct send *what, struct err *err);
/* Counts an audit record that could not even be handed over (V3); what is lost later counts itself.
 */
void sender_audit_lost(struct sender *s);

#endif

/*
 * letter_name.h - how a person names what was put aside (W6, X1, P2), on the command line and in lists:
 *
 *     job.commands/0:17              a dead command, by its place: service.commands/partition:offset
 *     client/user.events/0:17        an event that a reactor of client could not read
 *     client/from_job/<aggregate>    a parked aggregate: service/projection/id; `events` is the
 *     job/events/<aggregate>         projection that the lanes keep
 *
 * A name is for ever: places are never used twice, and an aggregate stays in its partition. Pure.
 */
#ifndef CONSUMERS_LETTER_NAME_H
#define CONSUMERS_LETTER_NAME_H

#include "consumers/manifest.h"
#include "ops/runtime/err.h"

#define LETTER_NAME_MAX 192

enum letter_kind {
    LETTER_COMMAND, /* row of dead_letter, in the service's command topic */
    LETTER_EVENT,   /* row of dead_letter, in `source`'s event topic */
    LETTER_PARKED,  /* rows of parked */
};

struct letter_name {
    enum letter_kind kind;
    const struct service *service; /* whose list it is on */
    const struct service *source;  /* COMMAND, EVENT: whose topic */
    int32_t partition;             /* COMMAND, EVENT */
    int64_t offset;
    const char *projection; /* PARKED: the manifest's, or APPLY_OWN */
    struct uuid aggregate_id;
};

/* ERR_INVALID says what part of it is wrong, and how a name looks. */
MUST_CHECK enum err_code
letter_name_parse(const char *text, struct letter_name *ret, struct err *err);
void letter_name_format(const struct letter_name *n, char ret[LETTER_NAME_MAX]);
/* COMMAND, EVENT: the topic that it lies in. */
void letter_name_topic(const struct letter_name *n, const char *prefix, char ret[TOPIC_NAME_MAX]);
/* The name of a place on a service's list. False: no topic of this manifest. */
MUST_CHECK bool letter_name_of_place(const char *prefix,
                                     const struct service *service,
                                     const char *topic,
                                     int32_t partition,
                                     int64_t offset,
                                     struct letter_name *ret);
/* The service's projection of that name, from the manifest; NULL = none. */
const char *letter_projection(const struct service *service, const char *name, size_t len);

#endif

/*
 * feed_rules.h - who may see which event in the feed (GET /api/events/): one row per event type, and a
 * type without a row is a mistake that stops the start. Pure, any thread.
 */
#ifndef API_FEED_RULES_H
#define API_FEED_RULES_H

#include <jansson.h>

#include "ops/runtime/err.h"
#include "ops/runtime/uuid.h"
#include "schemas/record.h"

#define FEED_PARTIES_MAX 3 /* of one event */
#define FEED_MEMBERS_MAX 2

/* Members are dotted paths in the event's JSON: "client_id", "meta.actor.id". */
struct feed_rule {
    const struct record_type *event;
    bool open; /* everybody with a session sees it, but for what is its parties' */
    const char *parties[FEED_MEMBERS_MAX]; /* who these name sees all of it */
    const char *job;                       /* so does the client of the job that this one names */
    const char *private[FEED_MEMBERS_MAX]; /* of an open event: what its parties alone see */
    const char *secret;                    /* what nobody sees */
};

const struct feed_rule *feed_rule_find(const struct record_type *event); /* NULL = none */
/* Does every event have its row, and does every row name members that are there? The first that does
 * not, or NULL. */
const char *feed_rules_check(void);
/* Who sees it, in words for people. */
const char *feed_rule_words(const struct feed_rule *r);

/* An event as it is told. */
struct feed_view {
    struct uuid parties[FEED_PARTIES_MAX];
    size_t n_parties;
    char *full; /* JSON, for the parties; malloc'ed */
    char *open; /* for everybody else; NULL = not for them */
};
/* The job whose client is a party; false: of none. */
bool feed_rule_job(const struct feed_rule *r, const json_t *event, struct uuid *ret);
/* event: record_to_json() of an event of the rule's type; changed. job_client: NULL = nobody. */
void feed_view_init(struct feed_view *v,
                    const struct feed_rule *r,
                    json_t *event,
                    const struct uuid *job_client);
void feed_view_release(struct feed_view *v);
/* The text for this viewer; NULL = none. */
const char *feed_view_for(const struct feed_view *v, const struct uuid *viewer);

#endif

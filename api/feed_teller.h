/*
 * feed_teller.h - from an event record to what is told of it: decoded by its writer's schema, its
 * parties found, in the event or in the view. One thread (its feed's). Logs once what it waits for.
 */
#ifndef API_FEED_TELLER_H
#define API_FEED_TELLER_H

#include "api/feed_log.h"
#include "api/feed_rules.h"

struct api;
struct feed_teller; /* opaque */

enum told {
    TOLD,      /* *ret_view and *ret_name are filled in; feed_view_release() */
    TOLD_NONE, /* nobody can read it */
    TOLD_LATER /* its schema is not known here (S4) or its registry away (S3), or the view is behind it */
};

struct feed_teller *feed_teller_new(struct api *api, const char *topic);
void feed_teller_free(struct feed_teller *t); /* NULL ok */
enum told feed_teller_tell(struct feed_teller *t,
                           const struct feed_record *r,
                           struct feed_view *ret_view,
                           const char **ret_name);

#endif

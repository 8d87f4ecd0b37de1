/*
 * feed.h - the events of one service for web clients (GET /api/events/), each filtered to what its viewer
 * may see (feed_rules.h). One thread and one Kafka reader for all streams of a service, and a second
 * reader for those that are behind; none at all while there is no stream. A stream is in one of two
 * states: live, it gets what the reader reads; or behind, then it is led from where it stands, a slice
 * at a time, until it stands where the reader does. A stream that takes less than what comes falls
 * behind again, so its buffer has a bound; one that takes nothing for feed_stall_s is cut. Logs what it
 * waits for.
 */
#ifndef API_FEED_H
#define API_FEED_H

#include "api/stream.h"

#define FEED_CHECK_US     (5 * 1000000LL) /* a session that has ended ends its streams after so long */
#define FEED_HEARTBEAT_US (15 * 1000000LL) /* a place is told at least so often */

struct api;
struct api_service;
struct feed; /* opaque */

struct feed *feed_new(struct api *api, struct api_service *s);
/* Ends all streams; those that come later are not admitted. */
void feed_drain(struct feed *f);
void feed_free(struct feed *f); /* NULL ok; drains first; every connection is over */

/* s->at: offsets, or what feed_position.h has instead. Sets s->admission and resumes s->request. */
void feed_admit(struct feed *f, struct stream *s);
/* An admitted stream begins: it is the response's from here on, which is the caller's. */
struct MHD_Response *feed_join(struct feed *f, struct stream *s);

#endif

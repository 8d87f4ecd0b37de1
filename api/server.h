/*
 * server.h - libmicrohttpd around dispatch(): a few epoll loops, one struct request per request,
 * framing, limits, deadlines. Handlers run on its threads. Logs nothing per request.
 */
#ifndef API_SERVER_H
#define API_SERVER_H

#include "ops/runtime/err.h"

struct api;
struct server; /* opaque */

/* ERR_INVALID: cannot listen there. */
MUST_CHECK enum err_code server_start(struct api *api, struct server **ret, struct err *err);
int server_port(const struct server *s);
/* Accepts no connections any more; those that are there go on. */
void server_quiesce(struct server *s);
/* Requests that have begun and not ended. */
int64_t server_active(const struct server *s);
/* No request may be parked any more (RULES 32). NULL ok. */
void server_stop(struct server *s);

#endif

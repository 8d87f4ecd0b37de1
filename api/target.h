/* target.h - the request target (RFC 9112 3.2) in the one form that the rest knows. Pure. */
#ifndef API_TARGET_H
#define API_TARGET_H

#include "ops/runtime/arena.h"

#define TARGET_SERVER "*" /* of OPTIONS: the server as a whole */

/*
 * Origin-form: "/path?query", from it or from an absolute http or https URI, whose authority is not looked at:
 * we do not know under which names we are reached. TARGET_SERVER for OPTIONS only. NULL: another
 * form; user information or no host in the URI; a fragment; characters that have to be percent-encoded. A view
 * into `target`, or the arena's.
 */
const char *target_origin(const char *target, const char *method, struct arena *a);

/* `uri-host [":" port]`, or empty (RFC 9110 7.2). */
bool target_host_valid(const char *host);

#endif

/*
 * prefer.h - the Prefer header (RFC 7240): how long a request may wait. What it does not know or
 * understand is ignored, as the RFC wants. Pure.
 */
#ifndef API_PREFER_H
#define API_PREFER_H

#include "ops/runtime/base.h"

#define PREFER_APPLIED_MAX 48

struct prefer {
    bool respond_async;
    bool has_wait;
    int64_t wait_s; /* of `wait`, cut to the maximum; the default when there is none, 0 for a bare
                       respond-async */
};

/* header NULL = none. */
struct prefer prefer_parse(const char *header, int64_t wait_default_s, int64_t wait_max_s);
/* Preference-Applied; false when nothing was asked for. */
bool prefer_applied(const struct prefer *p, char ret[PREFER_APPLIED_MAX]);

#endif

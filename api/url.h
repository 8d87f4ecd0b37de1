/*
 * url.h - the raw request target: path, percent decoding, query parameters. Pure; memory from the
 * arena given.
 */
#ifndef API_URL_H
#define API_URL_H

#include "ops/runtime/arena.h"

#define URL_PARAMS_MAX 32

struct url_param {
    const char *name;
    const char *value; /* "" when there is no `=` */
};
struct url {
    const char *path; /* still percent-encoded, in canonical form: see url_parse() */
    struct url_param params[URL_PARAMS_MAX];
    size_t n_params;
};

/* Splits, decodes the parameters, and writes the path in canonical form (RFC 3986 6.2.2; a repeated
 * slash is one): paths that mean the same are the same text. False: bad percent escape, U+0000 or bytes that are not UTF-8 in path or parameter,
 * or too many of them. */
MUST_CHECK bool url_parse(const char *target, struct arena *a, struct url *ret);
/* Percent-decoded copy; plus: `+` is a space. NULL: bad escape, U+0000 or not UTF-8. */
char *url_decode(struct arena *a, const char *text, size_t len, bool plus);
/* Copy with everything but unreserved characters escaped. */
char *url_encode(struct arena *a, const char *text);
/* First value of that name; NULL when absent. */
const char *url_param(const struct url *u, const char *name);

#endif

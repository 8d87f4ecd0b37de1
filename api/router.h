/*
 * router.h - a method and a raw path against the table: exact segments, {name} captures. Pure.
 */
#ifndef API_ROUTER_H
#define API_ROUTER_H

#include "api/route.h"
#include "ops/runtime/arena.h"

#define ROUTE_CAPTURES_MAX 4
#define ALLOW_MAX          64

struct capture {
    const char *name; /* view into the route's path */
    size_t name_len;
    const char *value; /* decoded; arena */
};

enum router_result {
    ROUTER_FOUND,
    ROUTER_NOT_FOUND,  /* 404 */
    ROUTER_METHOD,     /* 405; ret_allow is filled */
    ROUTER_REDIRECT,   /* 308: the path with a final slash is one of ours */
    ROUTER_BAD_ESCAPE, /* 400 */
};

struct router_match {
    const struct route *route;
    struct capture captures[ROUTE_CAPTURES_MAX];
    size_t n_captures;
    char allow[ALLOW_MAX];
};

enum router_result
router_find(const char *method, const char *path, struct arena *a, struct router_match *ret);
/* Value of a capture; NULL = none of that name. */
const char *router_capture(const struct router_match *m, const char *name);

#endif

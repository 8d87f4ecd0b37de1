/*
 * route.h - one row of THE table (routes.c): what is asked, who may, what it becomes. A row stays
 * dumb; whatever is a condition is a function. Immutable.
 */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "schemas/record.h"

struct request;

/* What a handler has done with its request. */
enum step {
    STEP_DONE,   /* the reply is filled in */
    STEP_PARKED, /* request_park() was called and the request handed on: do not touch it again */
};
typedef enum step handler_fn(struct request *rq);

enum who {
    WHO_ANYONE,     /* a token is not looked at */
    WHO_MAYBE,      /* a token is used when there is one */
    WHO_USER,       /* 401 without a session */
    WHO_CLIENT,     /* 403 not_a_client without that role */
    WHO_FREELANCER, /* 403 not_a_freelancer */
};

/* A query parameter of a list. It becomes the query's argument of that name. */
enum filter_kind { FILTER_UUID, FILTER_ENUM };
struct filter {
    const char *name; /* NULL ends the list */
    enum filter_kind kind;
    const struct enum_type *enums; /* FILTER_ENUM */
    const char *standard; /* value when absent; NULL = no filter. Any symbol may be asked for. */
};

#define ACCESS_MEMBERS_MAX 2
/*
 * Who may see a resource: the caller's id must stand in one of these members of its JSON; or, when
 * via_query is set, in via_owner of the resource that its member via_member names. Else 403
 * `reason`.
 */
struct access {
    const char *members[ACCESS_MEMBERS_MAX];
    const char *via_query, *via_member, *via_owner;
    const char *reason;
};

/* The resource a list belongs to (/api/jobs/{job_id}/applications/): must exist, and be visible to
 * the caller. */
struct parent {
    const char *query; /* item query; its id is the first capture */
    struct access access;
};

/*
 * Command fields are bound by name: path captures, then `creates` (takes the command id),
 * `actor_field` (takes the caller's id), and the partition key from `key_query` when the path or
 * body names another aggregate: an item query of the service, asked for the id in `key_from`, whose
 * JSON has the key as the member of the key field's name.
 */
struct route {
    const char *method;
    const char *path; /* "/api/jobs/{job_id}/close/" */
    enum who who;
    int status; /* of success */
    handler_fn *handler;
    const char *service;
    const char *query;    /* what is shown: item or list */
    const char *resource; /* what that is, in the API's words; the OpenAPI schema's name */
    const char *location; /* of a created thing: "/api/jobs/%s/" */
    const struct record_type *command;
    const char *creates, *actor_field, *key_query, *key_from;
    const char *self; /* capture that must be the caller's id, else 403 not_the_owner */
    bool conditional; /* If-Match applies: PATCH and /{id}/verb/ */
    const struct filter *filters;
    const struct access *access;
    const struct parent *parent;
    const char *actor_arg; /* query argument that takes the caller's id */
    bool bare; /* no final slash, foreign query parameters allowed: the registry's dialect */
    const char *body_schema; /* JSON Schema members that come on top of the command's: passwords */
    const char *summary;
};

extern const struct route routes[];
extern const size_t n_routes;

/* NULL = none. */
const struct route *route_find(const char *method, const char *path);
/* Checks the table against the schemas: every command field has a source, every path is unique. The
 * first mistake, or NULL. */
const char *routes_check(void);

#endif

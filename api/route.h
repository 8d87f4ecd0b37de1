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

/* A query parameter of a list. It becomes an argument of the query (list_params.h has the limits).
 */
enum filter_kind {
    FILTER_UUID,
    FILTER_ENUM,
    FILTER_TEXT,
    FILTER_TEXT_LIST, /* may be repeated: all of them */
    FILTER_AMOUNT,    /* minor units */
    FILTER_CURRENCY,
};
struct filter {
    const char *name; /* NULL ends the list */
    enum filter_kind kind;
    const struct enum_type *enums; /* FILTER_ENUM */
    const char *standard; /* value when absent; NULL = no filter. Any symbol may be asked for. */
    const char *arg;      /* of the query; NULL = name */
    const char *needs;    /* means nothing without that other parameter; NULL = none */
    const char *alone; /* an amount's argument that is given when nothing that needs this one is: */
    int64_t alone_amount; /* so that a currency filters by itself, too */
    bool required;
    bool searches; /* asks for the route's `search` */
};

#define ACCESS_MEMBERS_MAX 2
/*
 * Who may see a resource: the caller's id must stand in one of these members of its JSON (an id or
 * an array of ids); or, when
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
    const char *query; /* item query; its id is the first capture, or */
    const char *param; /* that query parameter, a required filter */
    struct access access;
};

/* What a field of the command names must exist, in any service that is always served here: 404. */
struct existence {
    const char *field, *service, *query;
};

/* Computes what follows from the rest of a command: a key that is made of its fields. */
typedef void derive_fn(void *command);

/*
 * Command fields are bound by name: path captures, then `creates` (takes the command id),
 * `actor_field` (takes the caller's id), and the partition key from `key_query` when the path or
 * body names another aggregate: an item query of the service, asked for the id in `key_from`, whose
 * JSON has the key as the member of the key field's name; or from `derive`. What a command creates
 * is shown by the command id, else what its first event is about.
 */
struct route {
    const char *method;
    const char *path; /* "/api/jobs/{job_id}/close/" */
    enum who who;
    int status; /* of success */
    handler_fn *handler;
    const char *service;
    const char *query;    /* what is shown: item, list or ranked */
    const char *search;   /* in its place when a filter `searches`; NULL = none does */
    const char *resource; /* what that is, in the API's words; the OpenAPI schema's name */
    const char *location; /* of a created thing: "/api/jobs/%s/" */
    const struct record_type *command;
    const char *creates, *actor_field, *key_query, *key_from;
    derive_fn *derive;
    const struct existence *exists;
    const char *self; /* capture that must be the caller's id, else 403 not_the_owner */
    bool conditional; /* If-Match applies: PATCH and /{id}/verb/ */
    const struct filter *filters;
    const struct access *access;
    const struct parent *parent;
    const char *actor_arg;    /* query argument that takes the caller's id */
    bool bare;                /* no final slash, captures that are no ids: the registry's dialect */
    const char *content_type; /* of the answer; NULL = JSON */
    const char *body_schema;  /* JSON Schema members that come on top of the command's: passwords */
    const char *summary;
};

extern const struct route routes[];
extern const size_t n_routes;

/* NULL = none. */
const struct route *route_find(const char *method, const char *path);
/* Checks the table against the schemas: every command field has a source, every path is unique. The
 * first mistake, or NULL. A command need not have a route. */
const char *routes_check(void);
/* Checks a service's rows against its queries (queries_open() before): all are there and declare the
 * arguments that the rows give. The first query that is missing or does not fit, or NULL. */
const char *routes_check_queries(const char *service);

#endif

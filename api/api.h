/*
 * api.h - the API server of this process: what its parts share. Made before the HTTP threads start,
 * torn down after they ended; in between only the atomics and the parts' own locks change.
 */
#ifndef API_API_H
#define API_API_H

#include <stdatomic.h>

#include "consumers/identity_key.h"
#include "consumers/manifest.h"
#include "ops/runtime/config.h"

struct sender;
struct waiters;
struct lookups;
struct desk;
struct sessions;
struct passwords;
struct pool;
struct throttle;
struct metric;
struct feed;
struct stream_quota;
struct topology_watch;
struct route;

/* A service whose view is read here. */
struct api_service {
    const struct service *service;
    const struct config *cfg;
    size_t index; /* in struct api; also the sender's topic */
    bool served;  /* its routes are; not those of a vault that is here for its sessions only */
    char topic[TOPIC_NAME_MAX];
    _Atomic int generation; /* the live one as last seen; 0 = not seen */
    struct waiters *waiters;
    struct lookups *lookups;
    struct desk *pendings;                 /* pending.h */
    struct pool *pool;                     /* what else asks its database: lists, errands */
    struct feed *feed;                     /* of its events; NULL unless served */
    struct metric *read_wait, *reads_late; /* of Hirelog-After */
};

struct api {
    const struct config *cfg;
    struct api_service services[SERVICES_MAX];
    size_t n_services;
    struct api_service *vault; /* the service with credentials and sessions */
    const char *topics[SERVICES_MAX];
    struct sender *sender;
    struct topology_watch *topology;
    struct sessions *sessions;
    struct passwords *passwords;
    struct pool *schemas;
    struct stream_quota *stream_quota;
    struct throttle *logins_by_email, *logins_by_address, *writes_by_user;
    uint8_t identity_key[IDENTITY_KEY_BYTES];
    struct bytes openapi, asyncapi, docs;
    _Atomic bool draining;
};

/* `hirelog api`: serves until lifecycle_wait() returns and all is drained. Logs. The
 * process ends afterwards: requests that would not end may still be there. */
MUST_CHECK enum err_code api_run(const struct config *cfg, struct err *err);

/* NULL = not here. */
struct api_service *api_service_find(struct api *api, const char *name);
/* Is the route one of this process? */
bool api_serves(struct api *api, const struct route *r);

#endif

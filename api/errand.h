/*
 * errand.h - a step of a request that asks PostgreSQL: it runs in a thread of the service's pool while the request is parked, then
 * the request goes on in its HTTP thread. No thread of the HTTP server ever asks PostgreSQL itself (db.c asserts it).
 */
#ifndef API_ERRAND_H
#define API_ERRAND_H

#include "api/pool.h"
#include "api/route.h"

struct api_service;

typedef enum err_code errand_fn(struct request *rq, struct err *err);

/* Lies in the request's arena: rq->errand is the last one. */
struct errand {
    struct pool_job job;
    errand_fn *run;
    enum err_code
        code; /* what it came to; ERR_UNAVAILABLE: too many of this kind, or the process stops */
    struct err err; /* unless code is ERR_OK */
};

/* kind: the statement that may take long; errands of another kind do not wait for it (pool.h). `then` looks at rq->errand. */
enum step errand_send(
    struct request *rq, struct api_service *s, const void *kind, errand_fn *run, handler_fn *then);

#endif

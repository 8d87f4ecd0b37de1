/*
 * local.h - what each thread that handles requests has for itself: connections, a codec, used
 * request structs. Freed when the thread ends.
 */
#ifndef API_LOCAL_H
#define API_LOCAL_H

#include "consumers/manifest.h"
#include "ops/runtime/pg.h"
#include "schemas/codec.h"

struct request;

struct local_db {
    struct pg *pg;
    int generation;
    bool used;        /* since it was opened */
    int64_t retry_us; /* monotonic: not before */
};

struct local {
    bool
        serves_http; /* so it never asks PostgreSQL: a locked table would hold up everybody's connections */
    struct local_db db[SERVICES_MAX]; /* by the service's place in struct api */
    struct codec *codec;
    struct request *pool;
    size_t n_pool;
};

/* The calling thread's; made at first use. */
struct local *local_get(void);

/* A cleared request; and back. */
struct request *request_new(void);
void request_free(struct request *rq);

#endif

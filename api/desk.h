/*
 * desk.h - one thread that serves those who wait in line: whoever came while it was busy is served together, with one
 * statement. A statement per request costs two context switches and its own snapshot; this is what makes reads cheap when there
 * are many. A desk whose statement is held up (a locked table) holds up its own line and no other. Never logs.
 */
#ifndef API_DESK_H
#define API_DESK_H

#include "ops/runtime/arena.h"
#include "ops/runtime/err.h"

#define DESK_BATCH_MAX 256
#define DESK_LINE_MAX  16384 /* that wait; beyond it ERR_UNAVAILABLE */

struct desk; /* opaque */
struct request;

/* Lies in the request's arena, as the first member of what is asked for. Without a request nobody waits for it: it comes from
 * malloc(), and the desk frees it. */
struct desk_job {
    struct request *request; /* parked; resumed when the job is done */
    enum err_code code;      /* out; ERR_OK: the rest is filled in */
    struct err err;          /* unless code is ERR_OK */
    struct desk_job *next;
};

/* Can both be served with one statement? */
typedef bool desk_alike_fn(const struct desk_job *a, const struct desk_job *b);
/* Fills in all of the batch, jobs' own codes too; a: of this batch. When it fails, all of the batch fail; when it fails with
 * ERR_UNAVAILABLE, those who wait behind it as well: the same holds them up. */
typedef enum err_code
desk_serve_fn(void *arg, struct desk_job **batch, size_t n, struct arena *a, struct err *err);

/* alike: NULL = all are. */
MUST_CHECK enum err_code desk_open(
    desk_alike_fn *alike, desk_serve_fn *serve, void *arg, struct desk **ret, struct err *err);
/* Who waits, and who comes later, is refused with ERR_UNAVAILABLE. NULL ok. */
void desk_close(struct desk *d);
void desk_free(struct desk *d); /* NULL ok; nobody uses it any more */
/* Any thread. The job is the desk's until its request is resumed. */
void desk_submit(struct desk *d, struct desk_job *job);
/* All at once, so that they are served together. */
void desk_submit_all(struct desk *d, struct desk_job **jobs, size_t n);

#endif

#include "api/errand.h"

#include "api/api.h"
#include "api/request.h"

static void errand_work(struct pool_job *job)
{
    struct errand *e = (struct errand *)job;
    e->code = e->run(job->request, &e->err);
    job->held_up = e->code == ERR_UNAVAILABLE;
}

enum step errand_send(
    struct request *rq, struct api_service *s, const void *kind, errand_fn *run, handler_fn *then)
{
    struct errand *e = rq->errand = ARENA_NEW(&rq->arena, struct errand);
    struct pool *pool = s->pool;
    e->job = (struct pool_job){.work = errand_work, .request = rq, .kind = kind};
    e->run = run;
    e->code = err_set(&e->err, ERR_UNAVAILABLE, "too many wait for the same"); /* when refused */
    request_park(rq, then);
    pool_submit(pool, &e->job);
    return STEP_PARKED;
}

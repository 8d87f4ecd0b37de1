/*
 * A pool works beside the threads that hand it work; what is too much, and what comes when it stops, is refused.
 * LDFLAGS: -Wl,--wrap=request_resume
 */
#include "tests/unit/spec.h"

#include <pthread.h>
#include <semaphore.h>

#include "api/pool.h"
#include "api/request.h"

#define QUEUE_MAX 3

struct piece {
    struct pool_job job;
    pthread_t by;
    bool done;
};

static sem_t begun, go_on, resumed;

void __wrap_request_resume(struct request *rq);
void __wrap_request_resume(struct request *rq)
{
    (void)rq;
    sem_post(&resumed);
}

static void work(struct pool_job *job)
{
    struct piece *p = (struct piece *)job;
    p->by = pthread_self();
    sem_post(&begun);
    sem_wait(&go_on);
    p->done = true;
}

static void submit(struct pool *p, struct piece *piece)
{
    *piece = (struct piece){.job = {.work = work}};
    pool_submit(p, &piece->job);
}

static struct pool *started(int64_t threads)
{
    struct pool *p = NULL;
    struct err err;
    assert_int_equal(pool_start(threads, QUEUE_MAX, &p, &err), ERR_OK);
    return p;
}

static void await(sem_t *what, int n)
{
    for (int i = 0; i < n; i++)
        sem_wait(what);
}

static void each_thread_takes_one_and_the_rest_waits(void **state)
{
    (void)state;
    owned(pool_free) struct pool *p = started(2);
    struct piece pieces[4];
    for (int i = 0; i < 4; i++) {
        submit(p, &pieces[i]);
        await(&begun, i < 2); /* and no third, until one of these is done */
    }
    assert_int_equal(sem_trywait(&begun), -1);
    for (int i = 0; i < 4; i++)
        sem_post(&go_on);
    await(&resumed, 4);
    await(&begun, 2);
    for (int i = 0; i < 4; i++) {
        assert_true(pieces[i].done && !pieces[i].job.refused);
        assert_false(pthread_equal(pieces[i].by, pthread_self()));
    }
}

static void what_does_not_fit_into_the_queue_is_refused(void **state)
{
    (void)state;
    owned(pool_free) struct pool *p = started(1);
    struct piece first, waiting[QUEUE_MAX], over;
    submit(p, &first);
    await(&begun, 1);
    for (int i = 0; i < QUEUE_MAX; i++)
        submit(p, &waiting[i]);
    submit(p, &over);
    await(&resumed, 1); /* at once */
    assert_true(over.job.refused && !over.done);
    for (int i = 0; i < 1 + QUEUE_MAX; i++)
        sem_post(&go_on);
    await(&resumed, 1 + QUEUE_MAX);
    await(&begun, QUEUE_MAX);
    assert_false(first.job.refused || waiting[QUEUE_MAX - 1].job.refused);
}

static void a_stop_ends_what_was_begun_and_refuses_the_rest(void **state)
{
    (void)state;
    owned(pool_free) struct pool *p = started(1);
    struct piece first, waiting, late;
    submit(p, &first);
    await(&begun, 1);
    submit(p, &waiting);
    sem_post(&go_on);
    sem_post(&go_on); /* whether the thread takes the second one before it sees the stop is open */
    pool_stop(p);
    submit(p, &late);
    await(&resumed, 3);
    assert_true(first.done && !first.job.refused);
    assert_true(waiting.done != waiting.job.refused);
    assert_true(late.job.refused && !late.done);
    while (sem_trywait(&go_on) == 0 || sem_trywait(&begun) == 0)
        ;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_thread_takes_one_and_the_rest_waits),
        cmocka_unit_test(what_does_not_fit_into_the_queue_is_refused),
        cmocka_unit_test(a_stop_ends_what_was_begun_and_refuses_the_rest),
    };
    sem_init(&begun, 0, 0);
    sem_init(&go_on, 0, 0);
    sem_init(&resumed, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

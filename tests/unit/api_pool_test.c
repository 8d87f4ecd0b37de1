/*
 * A pool works beside the threads that hand it work; what is too much, and what comes when it stops, is refused. One kind of work never
 * takes the last thread from another.
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

static void submit_kind(struct pool *p, struct piece *piece, const void *kind)
{
    *piece = (struct piece){
        .job = {.work = work, .kind = kind}
    };
    pool_submit(p, &piece->job);
}

static void submit(struct pool *p, struct piece *piece)
{
    submit_kind(p, piece, NULL);
}

static void work_at_once(struct pool_job *job)
{
    ((struct piece *)job)->done = true;
}

/* Takes its time, and says that all of its kind would. */
static void work_held_up(struct pool_job *job)
{
    work(job);
    job->held_up = true;
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

static void a_kind_that_is_held_up_leaves_a_thread_to_each_other_one(void **state)
{
    (void)state;
    static const char locked[] = "locked", other[] = "other", third[] = "third";
    owned(pool_free) struct pool *p = started(2);
    struct piece held[2 + QUEUE_MAX], free_ones[2];
    for (int i = 0; i < 2 + QUEUE_MAX; i++) {
        submit_kind(p, &held[i], locked);
        await(&begun, i < 2); /* it has both threads that one kind may have; the rest waits */
    }
    const char *const kinds[] = {other, third};
    for (int i = 0; i < 2; i++) {
        free_ones[i] = (struct piece){
            .job = {.work = work_at_once, .kind = kinds[i]}
        };
        pool_submit(p, &free_ones[i].job);
        await(&resumed, 1);
        assert_true(free_ones[i].done && !free_ones[i].job.refused);
    }
    assert_int_equal(sem_trywait(&begun), -1);
    for (int i = 0; i < 2 + QUEUE_MAX; i++)
        sem_post(&go_on);
    await(&resumed, 2 + QUEUE_MAX);
    await(&begun, QUEUE_MAX);
}

static void who_queues_behind_a_kind_that_is_held_up_is_refused(void **state)
{
    (void)state;
    static const char locked[] = "locked", other[] = "other";
    owned(pool_free) struct pool *p = started(1);
    struct piece first =
                     {
                         .job = {.work = work_held_up, .kind = locked}
    },
                 behind, beside;
    pool_submit(p, &first.job);
    await(&begun, 1);
    submit_kind(p, &behind, locked);
    submit_kind(p, &beside, other);
    await(&begun, 1);
    sem_post(&go_on);
    sem_post(&go_on);
    await(&resumed, 3);
    assert_true(first.done && beside.done && !beside.job.refused);
    assert_true(behind.job.refused && !behind.done);
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
        cmocka_unit_test(a_kind_that_is_held_up_leaves_a_thread_to_each_other_one),
        cmocka_unit_test(who_queues_behind_a_kind_that_is_held_up_is_refused),
        cmocka_unit_test(a_stop_ends_what_was_begun_and_refuses_the_rest),
    };
    sem_init(&begun, 0, 0);
    sem_init(&go_on, 0, 0);
    sem_init(&resumed, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Look-ups that queue up behind a slow database share a statement, but never with another reader. A query that is held up holds up
 * itself only, and whoever waits behind one that failed is told so at once.
 * LDFLAGS: -Wl,--wrap=db_query,--wrap=request_resume_all
 */
#include "tests/unit/spec.h"

#include <assert.h>
#include <semaphore.h>
#include <string.h>

#include "api/api.h"
#include "api/db.h"
#include "api/lookup.h"
#include "api/request.h"

#define CALLS_MAX 8

static struct arena arena;
static const struct service messaging = {.name = "messaging"};
static struct api_service service = {.service = &messaging};
static const struct uuid thread = {{1}}, ana = {{0xa}}, ben = {{0xb}};
static sem_t asked, go_on, resumed;
static const struct query *held; /* what it asks comes to nothing, when it may go on */
static sem_t let_go;
static struct {
    const struct query *query;
    struct uuid reader;
    int ids_len;
} calls[CALLS_MAX];
static size_t n_calls;

enum err_code __wrap_db_query(struct api_service *s,
                              const struct query *q,
                              const struct query_arg *args,
                              size_t n,
                              struct arena *a,
                              struct query_result *ret,
                              struct err *err);
void __wrap_request_resume_all(struct request *const *all, size_t n);

/* One row, of which the body is who it was shown to. */
enum err_code __wrap_db_query(struct api_service *s,
                              const struct query *q,
                              const struct query_arg *args,
                              size_t n,
                              struct arena *a,
                              struct query_result *ret,
                              struct err *err)
{
    assert(s == &service && n_calls < CALLS_MAX); /* not cmocka: this is another thread */
    if (q == held) {
        sem_post(&asked);
        sem_wait(&let_go);
        return err_set(err, ERR_UNAVAILABLE, "held up");
    }
    calls[n_calls].query = q;
    calls[n_calls].ids_len = args[0].value.len;
    if (n == 2)
        memcpy(&calls[n_calls].reader, args[1].value.data, sizeof(struct uuid));
    struct query_row *row = ARENA_NEW(a, struct query_row);
    *row = (struct query_row){.id = thread, .version = 3};
    row->body = arena_bytes(a, &calls[n_calls].reader, sizeof(struct uuid));
    char parked[UUID_TEXT_LEN + 1];
    uuid_format(&ben, parked);
    *ret = (struct query_result){.rows = row,
                                 .n = 1,
                                 .caught_up = true,
                                 .position = "messaging/0:1",
                                 .parked = arena_strdup(a, parked)};
    n_calls++;
    sem_post(&asked);
    sem_wait(&go_on);
    return ERR_OK;
}

void __wrap_request_resume_all(struct request *const *all, size_t n)
{
    (void)all;
    for (size_t i = 0; i < n; i++)
        sem_post(&resumed);
}

static struct lookup *
submit(struct lookups *l, const char *query, const struct uuid *id, const struct uuid *reader)
{
    struct lookup *lookup = ARENA_NEW(&arena, struct lookup);
    *lookup = (struct lookup){
        .arena = &arena, .query = query_find("messaging", query), .id = *id, .reader = *reader};
    lookup->job.request = (struct request *)&arena; /* any: it is only resumed */
    lookups_submit(l, lookup);
    return lookup;
}

static void shown_to(const struct lookup *lookup, const struct uuid *reader)
{
    assert_int_equal(lookup->job.code, ERR_OK);
    assert_true(lookup->found && lookup->caught_up);
    assert_memory_equal(lookup->row.body.data, reader, sizeof(*reader));
}

static void one_statement_is_for_one_reader(void **state)
{
    (void)state;
    struct lookups *l = NULL;
    struct err err;
    assert_int_equal(lookups_start(&service, &l, &err), ERR_OK);
    const struct lookup *first = submit(l, "thread", &thread, &ana);
    sem_wait(&asked); /* the others queue up behind it */
    const struct lookup *bens = submit(l, "thread", &thread, &ben);
    const struct lookup *anas = submit(l, "thread", &thread, &ana);
    const struct lookup *missing = submit(l, "thread", &ben, &ben);
    for (int i = 0; i < 3; i++)
        sem_post(&go_on);
    for (int i = 0; i < 4; i++)
        sem_wait(&resumed);
    lookups_free(l);
    assert_int_equal(n_calls, 3);
    shown_to(first, &ana);
    shown_to(bens, &ben);
    shown_to(anas, &ana);
    assert_true(calls[1].ids_len > calls[2].ids_len); /* two of ben's in one */
    assert_false(missing->found);
    assert_true(missing->parked);
    assert_false(bens->parked);
}

static void a_query_that_is_held_up_holds_up_itself_only(void **state)
{
    (void)state;
    struct lookups *l = NULL;
    struct err err;
    n_calls = 0;
    memset(calls, 0, sizeof(calls));
    held = query_find("messaging", "thread");
    assert_int_equal(lookups_start(&service, &l, &err), ERR_OK);
    const struct lookup *first = submit(l, "thread", &thread, &ana);
    while (sem_trywait(&asked) == 0) /* of the test before */
        ;
    const struct lookup *message = submit(l, "message", &thread, &uuid_nil);
    sem_post(&go_on);
    sem_wait(&resumed); /* the message's; the thread is still asked for */
    shown_to(message, &uuid_nil);
    const struct lookup *behind = submit(l, "thread", &thread, &ben);
    sem_post(&let_go);
    sem_wait(&resumed);
    sem_wait(&resumed); /* without another try */
    lookups_free(l);
    held = NULL;
    assert_int_equal(first->job.code, ERR_UNAVAILABLE);
    assert_int_equal(behind->job.code, ERR_UNAVAILABLE);
}

static void a_line_has_an_end(void **state)
{
    (void)state;
    struct lookups *l = NULL;
    struct err err;
    held = query_find("messaging", "thread");
    assert_int_equal(lookups_start(&service, &l, &err), ERR_OK);
    while (sem_trywait(&asked) == 0)
        ;
    const struct lookup *first = submit(l, "thread", &thread, &ana), *last = NULL;
    sem_wait(&asked);
    for (size_t i = 0; i < DESK_LINE_MAX; i++)
        last = submit(l, "thread", &thread, &ana);
    assert_int_equal(sem_trywait(&resumed), -1);
    const struct lookup *over = submit(l, "thread", &thread, &ana);
    sem_wait(&resumed); /* at once */
    assert_int_equal(over->job.code, ERR_UNAVAILABLE);
    assert_string_equal(over->job.err.msg, "too many wait for the same");
    sem_post(&let_go);
    for (size_t i = 0; i < DESK_LINE_MAX + 1; i++)
        sem_wait(&resumed);
    lookups_free(l);
    held = NULL;
    assert_string_equal(first->job.err.msg, "held up");
    assert_string_equal(last->job.err.msg, "held up");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_statement_is_for_one_reader),
        cmocka_unit_test(a_query_that_is_held_up_holds_up_itself_only),
        cmocka_unit_test(a_line_has_an_end),
    };
    struct err err;
    arena_init(&arena);
    sem_init(&asked, 0, 0);
    sem_init(&go_on, 0, 0);
    sem_init(&resumed, 0, 0);
    sem_init(&let_go, 0, 0);
    if (queries_open("messaging", &err) != ERR_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}

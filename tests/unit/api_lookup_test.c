/*
 * Look-ups that queue up behind a slow database share a statement, but never with another reader.
 * LDFLAGS: -Wl,--wrap=db_query,--wrap=request_resume
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
static struct api_service service;
static const struct uuid thread = {{1}}, ana = {{0xa}}, ben = {{0xb}};
static sem_t asked, go_on, resumed;
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
void __wrap_request_resume(struct request *rq);

/* One row, of which the body is who it was shown to. */
enum err_code __wrap_db_query(struct api_service *s,
                              const struct query *q,
                              const struct query_arg *args,
                              size_t n,
                              struct arena *a,
                              struct query_result *ret,
                              struct err *err)
{
    (void)err;
    assert(s == &service && n_calls < CALLS_MAX); /* not cmocka: this is another thread */
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

void __wrap_request_resume(struct request *rq)
{
    (void)rq;
    sem_post(&resumed);
}

static struct lookup *
submit(struct lookups *l, const char *query, const struct uuid *id, const struct uuid *reader)
{
    struct lookup *lookup = ARENA_NEW(&arena, struct lookup);
    *lookup = (struct lookup){
        .arena = &arena, .query = query_find("messaging", query), .id = *id, .reader = *reader};
    lookups_submit(l, lookup);
    return lookup;
}

static void shown_to(const struct lookup *lookup, const struct uuid *reader)
{
    assert_int_equal(lookup->code, ERR_OK);
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
    const struct lookup *everybodys = submit(l, "message", &thread, &uuid_nil);
    for (int i = 0; i < 4; i++)
        sem_post(&go_on);
    for (int i = 0; i < 5; i++)
        sem_wait(&resumed);
    lookups_free(l);
    assert_int_equal(n_calls, 4);
    shown_to(first, &ana);
    shown_to(bens, &ben);
    shown_to(anas, &ana);
    shown_to(everybodys, &uuid_nil);
    assert_true(calls[1].ids_len > calls[2].ids_len); /* two of ben's in one */
    assert_false(missing->found);
    assert_true(missing->parked);
    assert_false(bens->parked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_statement_is_for_one_reader),
    };
    struct err err;
    arena_init(&arena);
    sem_init(&asked, 0, 0);
    sem_init(&go_on, 0, 0);
    sem_init(&resumed, 0, 0);
    if (queries_open("messaging", &err) != ERR_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}

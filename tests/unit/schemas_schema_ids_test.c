/*
 * Ids that a registry assigned: looked up at a start, learnt while reading. The client is a play: each
 * test runs in a process of its own, since ids are kept for good.
 * LDFLAGS: -Wl,--wrap=registry_client_text,--wrap=registry_client_find
 */
#include "tests/unit/spec.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/runtime/timeutil.h"
#include "schemas/codec.h"
#include "schemas/published.h"
#include "schemas/records.h"
#include "schemas/registry.h"
#include "schemas/schema_ids.h"

enum err_code __wrap_registry_client_text(
    struct registry_client *c, int32_t id, struct arena *a, const char **ret, struct err *err);
enum err_code __wrap_registry_client_find(struct registry_client *c,
                                          const char *subject,
                                          const char *text,
                                          struct arena *a,
                                          struct registry_place *ret,
                                          struct err *err);

/* What the registry does. The id of a type is 100 + its index. */
static struct {
    bool away;
    const char *unpublished; /* subject */
    const char *liar;        /* subject whose locked id has another text */
    const char *odd;         /* subject that has odd_id */
    int32_t odd_id;
    const char *foreign; /* text of id 50 */
    int asked;           /* for texts below REGISTRY_LOCKED_ID_MIN */
} registry;

static const char newer[] =
    "{\"type\":\"record\",\"name\":\"JobPosted\",\"namespace\":\"hirelog.job\",\"fields\":["
    "{\"name\":\"colour\",\"type\":\"string\"}]}";

enum err_code __wrap_registry_client_text(
    struct registry_client *c, int32_t id, struct arena *a, const char **ret, struct err *err)
{
    const struct record_type *t = NULL;
    const struct schema_version *v = NULL;
    (void)c;
    (void)a;
    registry.asked += id < REGISTRY_LOCKED_ID_MIN;
    if (registry.away)
        return err_set(err, ERR_UNAVAILABLE, "away");
    if (registry_by_id(id, &t, &v)) {
        if (!registry.liar || strcmp(registry.liar, t->subject) != 0)
            return err_set(err, ERR_NOT_FOUND, "none");
        *ret = "\"string\"";
        return ERR_OK;
    }
    if (id == 50 && registry.foreign)
        *ret = registry.foreign;
    else if (id >= 100 && (size_t)id - 100 < n_record_types)
        *ret = registry_version(record_types[id - 100], 0)->text;
    else
        return err_set(err, ERR_NOT_FOUND, "none");
    return ERR_OK;
}

enum err_code __wrap_registry_client_find(struct registry_client *c,
                                          const char *subject,
                                          const char *text,
                                          struct arena *a,
                                          struct registry_place *ret,
                                          struct err *err)
{
    (void)c;
    (void)a;
    if (registry.away)
        return err_set(err, ERR_UNAVAILABLE, "away");
    if (registry.unpublished && strcmp(registry.unpublished, subject) == 0)
        return err_set(err, ERR_NOT_FOUND, "none");
    *ret = (struct registry_place){100 + (int32_t)registry_subject(subject)->index, 1, text};
    if (registry.odd && strcmp(registry.odd, subject) == 0)
        ret->id = registry.odd_id;
    return ERR_OK;
}

static struct arena arena;
static struct err err;

static void open_ids(bool with_registry)
{
    static struct config config;
    if (with_registry)
        snprintf(config.schema_registry_url, sizeof config.schema_registry_url, "http://nowhere");
    arena_init(&arena);
    assert_int_equal(schema_ids_open(&config, &err), ERR_OK);
}

static uint32_t id_of(struct bytes framed)
{
    uint32_t id = 0;
    for (int i = 1; i <= 4; i++)
        id = id << 8 | framed.data[i];
    return id;
}

static struct bytes framed_as(uint32_t id)
{
    const uint8_t frame[] = {0, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
                             (uint8_t)id};
    return arena_bytes(&arena, frame, sizeof frame);
}

static struct record a_rejection(void)
{
    struct command_rejected *e = record_new(&type_command_rejected, &arena);
    e->command = "PostJob";
    e->reason = "internal";
    return (struct record){&type_command_rejected, e};
}

static enum err_code type_of_id(uint32_t id)
{
    const struct record_type *type = NULL;
    err = (struct err){0};
    return codec_type(framed_as(id), &type, &err);
}

static void writers_use_the_registrys_ids_but_for_states(void **state)
{
    (void)state;
    open_ids(true);
    assert_int_equal(schema_ids_look_up(&err), ERR_OK);
    struct codec *codec = codec_new();
    struct bytes framed;
    struct record back;
    registry.away = true; /* nothing is asked any more */
    assert_int_equal(codec_encode(codec, a_rejection(), &arena, &framed, &err), ERR_OK);
    assert_int_equal(id_of(framed), 100 + type_command_rejected.index);
    assert_int_equal(codec_decode(codec, framed, &arena, &back, &err), ERR_OK);
    assert_ptr_equal(back.type, &type_command_rejected);
    void *book = record_new(&type_invoice_book_state, &arena);
    assert_int_equal(
        codec_encode(codec, (struct record){&type_invoice_book_state, book}, &arena, &framed, &err),
        ERR_OK);
    assert_int_equal(id_of(framed), type_invoice_book_state.versions[0].id);
    assert_int_equal(registry.asked, 0);
    codec_free(codec);
}

static void the_ids_of_the_binary_are_read_for_ever(void **state)
{
    (void)state;
    open_ids(true);
    registry.away = true;
    assert_int_equal(type_of_id((uint32_t)type_job_posted.versions[0].id), ERR_OK);
    assert_int_equal(type_of_id(1999999999), ERR_NOT_FOUND); /* locked by a newer program */
    assert_int_equal(registry.asked, 0);
}

static void an_id_is_asked_for_once(void **state)
{
    (void)state;
    uint32_t id = 100 + (uint32_t)type_job_posted.index;
    open_ids(true);
    assert_int_equal(type_of_id(id), ERR_OK);
    registry.away = true;
    assert_int_equal(type_of_id(id), ERR_OK);
    assert_int_equal(registry.asked, 1);
    assert_string_equal(schema_ids_known_text((int32_t)id), type_job_posted.versions[0].text);
}

static void without_a_registry_its_ids_are_unknown(void **state)
{
    (void)state;
    open_ids(false);
    assert_int_equal(schema_ids_look_up(&err), ERR_OK);
    assert_int_equal(type_of_id(100), ERR_NOT_FOUND);
    assert_int_equal(type_of_id(0), ERR_NOT_FOUND);
    assert_int_equal(registry.asked, 0);
    assert_false(schema_ids_are_a_registrys());
}

static void a_registry_that_is_away_is_no_unknown_id(void **state)
{
    (void)state;
    open_ids(true);
    registry.away = true;
    assert_int_equal(type_of_id(100), ERR_UNAVAILABLE);
    assert_int_equal(type_of_id(101), ERR_UNAVAILABLE);
    assert_int_equal(registry.asked, 1); /* left alone for a while */
    registry.away = false;
    int64_t until = time_monotonic_us() + 10 * SCHEMA_IDS_AWAY_MS * 1000LL;
    while (type_of_id(100) == ERR_UNAVAILABLE && time_monotonic_us() < until)
        ;
    assert_int_equal(type_of_id(100), ERR_OK);
    assert_int_equal(type_of_id(77), ERR_NOT_FOUND);
}

static void a_newer_programs_text_is_unknown_here_and_passed_on(void **state)
{
    (void)state;
    const char *text = NULL;
    open_ids(true);
    registry.foreign = newer;
    assert_int_equal(type_of_id(50), ERR_NOT_FOUND);
    assert_int_equal(type_of_id(50), ERR_NOT_FOUND);
    assert_int_equal(schema_ids_text(50, &text, &err), ERR_OK);
    assert_string_equal(text, newer);
    assert_int_equal(registry.asked, 1);
}

static void other_peoples_schemas_are_not_passed_on(void **state)
{
    (void)state;
    const char *text = NULL;
    open_ids(true);
    registry.foreign =
        "{\"type\":\"record\",\"name\":\"Pay\",\"namespace\":\"bank\",\"fields\":[]}";
    assert_int_equal(schema_ids_text(50, &text, &err), ERR_NOT_FOUND);
    assert_null(schema_ids_known_text(50));
    registry.foreign = "this is no schema";
    assert_int_equal(schema_ids_text(50, &text, &err), ERR_NOT_FOUND);
    assert_int_equal(schema_ids_text(REGISTRY_LOCKED_ID_MIN + 999999, &text, &err), ERR_NOT_FOUND);
    assert_null(text);
}

static void what_is_not_published_is_told(void **state)
{
    (void)state;
    open_ids(true);
    registry.unpublished = "hirelog.job.JobPosted";
    assert_int_equal(schema_ids_look_up(&err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, "hirelog.job.JobPosted 1"));
    assert_non_null(strstr(err.msg, "hirelog schemas publish"));
}

static void states_need_not_be_published(void **state)
{
    (void)state;
    open_ids(true);
    registry.unpublished = "hirelog.job.JobState";
    assert_int_equal(schema_ids_look_up(&err), ERR_OK);
}

static void a_registry_that_lies_about_a_locked_id_is_refused(void **state)
{
    (void)state;
    open_ids(true);
    registry.liar = "hirelog.job.JobState";
    assert_int_equal(schema_ids_look_up(&err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "another text under id"));
    assert_non_null(strstr(err.msg, "hirelog.job.JobState 1"));
}

static void no_id_means_two_schemas(void **state)
{
    (void)state;
    open_ids(true);
    registry.odd = "hirelog.job.JobPosted";
    static const int32_t wrong[] = {0, REGISTRY_LOCKED_ID_MIN, 1900000000};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        registry.odd_id = wrong[i];
        assert_int_equal(schema_ids_look_up(&err), ERR_CONFLICT);
        assert_non_null(strstr(err.msg, "hirelog.job.JobPosted 1"));
    }
    registry.odd_id = 100 + (int32_t)type_job_closed.index;
    assert_int_equal(schema_ids_look_up(&err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "gives two schemas the id"));
}

static void a_registry_that_was_filled_with_our_ids_is_fine(void **state)
{
    (void)state;
    open_ids(true);
    registry.odd = "hirelog.job.JobPosted";
    registry.odd_id = type_job_posted.versions[0].id;
    assert_int_equal(schema_ids_look_up(&err), ERR_OK);
}

/* Ids are kept for good: each in a process of its own. */
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writers_use_the_registrys_ids_but_for_states),
        cmocka_unit_test(the_ids_of_the_binary_are_read_for_ever),
        cmocka_unit_test(an_id_is_asked_for_once),
        cmocka_unit_test(without_a_registry_its_ids_are_unknown),
        cmocka_unit_test(a_registry_that_is_away_is_no_unknown_id),
        cmocka_unit_test(a_newer_programs_text_is_unknown_here_and_passed_on),
        cmocka_unit_test(other_peoples_schemas_are_not_passed_on),
        cmocka_unit_test(what_is_not_published_is_told),
        cmocka_unit_test(states_need_not_be_published),
        cmocka_unit_test(a_registry_that_lies_about_a_locked_id_is_refused),
        cmocka_unit_test(no_id_means_two_schemas),
        cmocka_unit_test(a_registry_that_was_filled_with_our_ids_is_fine),
    };
    int failed = 0;
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        int status = 0;
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0)
            exit(_cmocka_run_group_tests("schema_ids", &tests[i], 1, NULL, NULL));
        if (waitpid(pid, &status, 0) != pid || status != 0)
            failed++;
    }
    return failed;
}

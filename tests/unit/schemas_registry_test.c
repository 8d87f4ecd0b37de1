/* The embedded registry, and finding record types. */
#include "tests/unit/spec.h"

#include <jansson.h>
#include <stdlib.h>

#include "schemas/records.h"
#include "schemas/registry.h"

static void every_id_stands_for_its_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        assert_int_equal(t->index, i);
        for (size_t v = 0; v < t->n_versions; v++) {
            const struct record_type *type = NULL;
            const struct schema_version *version = NULL;
            assert_true(t->versions[v].id >= REGISTRY_LOCKED_ID_MIN);
            assert_true(registry_by_id(t->versions[v].id, &type, &version));
            assert_ptr_equal(type, t);
            assert_ptr_equal(version, &t->versions[v]);
        }
    }
}

static void unknown_ids_are_unknown(void **state)
{
    (void)state;
    static const int32_t ids[] = {0, 1, -1, REGISTRY_LOCKED_ID_MIN - 1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        const struct record_type *type = NULL;
        const struct schema_version *version = NULL;
        assert_false(registry_by_id(ids[i], &type, &version));
        assert_null(type);
    }
}

static void subjects_are_full_names(void **state)
{
    (void)state;
    assert_ptr_equal(registry_subject("hirelog.job.JobPosted"), &type_job_posted);
    assert_ptr_equal(registry_subject("hirelog.CommandRejected"), &type_command_rejected);
    assert_null(registry_subject("hirelog.Money"));
    assert_null(registry_subject("JobPosted"));
}

static void version_zero_is_the_latest(void **state)
{
    (void)state;
    assert_int_equal(registry_version(&type_job_posted, 0)->version, type_job_posted.n_versions);
    assert_ptr_equal(registry_version(&type_job_posted, 1), &type_job_posted.versions[0]);
    assert_null(registry_version(&type_job_posted, 99));
    assert_null(registry_version(&type_job_posted, -1));
    assert_null(registry_version(&type_money, 0));
}

static void a_text_is_found_whatever_its_white_space(void **state)
{
    (void)state;
    const struct schema_version *v = registry_version(&type_job_posted, 0);
    json_t *json = json_loads(v->text, 0, NULL);
    char *text = json_dumps(json, JSON_INDENT(2));
    assert_ptr_equal(registry_lookup(&type_job_posted, text), v);
    assert_ptr_equal(registry_lookup(&type_job_posted, v->text), v);
    assert_null(registry_lookup(&type_job_edited, text));
    assert_null(registry_lookup(&type_job_posted, "\"string\""));
    assert_null(registry_lookup(&type_job_posted, "not json"));
    free(text);
    json_decref(json);
}

static void texts_are_self_contained_and_without_our_rules(void **state)
{
    (void)state;
    const char *text = registry_version(&type_post_job, 0)->text;
    assert_non_null(strstr(text, "\"name\":\"Money\""));
    assert_non_null(strstr(text, "\"logicalType\":\"uuid\""));
    assert_null(strstr(text, "max_length"));
    assert_null(strstr(text, "\"role\""));
    assert_null(strstr(text, "\"api\""));
    assert_non_null(strstr(registry_version(&type_user_registered, 0)->text, "\"pii\":true"));
}

static void types_are_found_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_record_types; i++) {
        assert_ptr_equal(record_type_find(record_types[i]->service, record_types[i]->name),
                         record_types[i]);
        assert_ptr_equal(record_type_find(NULL, record_types[i]->name), record_types[i]);
    }
    assert_null(record_type_find("user", "JobPosted"));
    assert_null(record_type_find(NULL, "Nothing"));
    assert_ptr_equal(record_field(&type_job_posted, "budget")->record, &type_money);
    assert_null(record_field(&type_job_posted, "colour"));
}

static void commands_know_their_key(void **state)
{
    (void)state;
    assert_string_equal(type_post_job.key->name, "job_id");
    assert_int_equal(type_post_job.key->offset, offsetof(struct post_job, job_id));
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        assert_int_equal(t->key != NULL, t->role == RECORD_COMMAND);
        if (t->role != RECORD_STATE) {
            assert_string_equal(t->fields[0].name, "meta");
            assert_int_equal(t->fields[0].offset, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_id_stands_for_its_text),
        cmocka_unit_test(unknown_ids_are_unknown),
        cmocka_unit_test(subjects_are_full_names),
        cmocka_unit_test(version_zero_is_the_latest),
        cmocka_unit_test(a_text_is_found_whatever_its_white_space),
        cmocka_unit_test(texts_are_self_contained_and_without_our_rules),
        cmocka_unit_test(types_are_found_by_name),
        cmocka_unit_test(commands_know_their_key),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}

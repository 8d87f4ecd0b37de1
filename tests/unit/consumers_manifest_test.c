/* The table of services: names, topics, one row per service that has schemas. */
#include "tests/unit/spec.h"

#include <string.h>

#include "consumers/manifest.h"

static void a_service_is_found_by_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_services; i++) {
        assert_ptr_equal(service_find(services[i].name), &services[i]);
        assert_string_equal(service_names[i], services[i].name);
    }
    assert_null(service_names[n_services]);
    assert_null(service_find("nobody"));
    assert_null(service_find("common"));
}

static void every_service_of_the_schemas_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_record_types; i++) {
        const char *service = record_types[i]->service;
        if (strcmp(service, "common") != 0)
            assert_non_null(service_find(service));
    }
}

static void every_command_is_in_the_table_of_its_service(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        if (t->role == RECORD_COMMAND)
            assert_non_null(decider_command(service_find(t->service)->decider, t));
    }
}

static void only_a_service_with_credentials_has_a_vault(void **state)
{
    (void)state;
    assert_true(service_find("user")->vault);
    assert_false(service_find("job")->vault);
}

static void topics_are_named_by_prefix_service_and_kind(void **state)
{
    (void)state;
    char topic[TOPIC_NAME_MAX];
    service_command_topic("hirelog", "job", topic);
    assert_string_equal(topic, "hirelog.job.commands");
    service_event_topic("t1", "user", topic);
    assert_string_equal(topic, "t1.user.events");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_is_found_by_its_name),
        cmocka_unit_test(every_service_of_the_schemas_is_there),
        cmocka_unit_test(every_command_is_in_the_table_of_its_service),
        cmocka_unit_test(only_a_service_with_credentials_has_a_vault),
        cmocka_unit_test(topics_are_named_by_prefix_service_and_kind),
    };
    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}

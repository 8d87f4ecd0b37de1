/* The table of services: names, topics, one row per service that has schemas. */
#include "tests/unit/spec.h"

#include <stdio.h>
#include <string.h>

#include "consumers/manifest.h"
#include "consumers/service_order.h"
#include "projections/apply.h"
#include "projections/service_sql.h"

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

static void lists_of_services_are_comma_separated(void **state)
{
    (void)state;
    assert_true(services_list_has("", "job"));
    assert_true(services_list_has("user,job", "job"));
    assert_true(services_list_has("user, job ,client", "job"));
    assert_false(services_list_has("user,jobs", "job"));
    assert_false(services_list_has("user,job", "jo"));
}

static void every_projection_is_a_folder_and_every_folder_a_projection(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_services; i++)
        for (size_t k = 0; services[i].projections[k]; k++) {
            size_t files = 0;
            assert_non_null(service_find(apply_source(services[i].projections[k])));
            for (size_t f = 0; f < n_sql_files; f++)
                files += strcmp(sql_files[f].service, services[i].name) == 0 &&
                         strcmp(sql_files[f].kind, services[i].projections[k]) == 0;
            assert_true(files > 0);
        }
    for (size_t f = 0; f < n_sql_files; f++) {
        const struct service *s = service_find(sql_files[f].service);
        bool known = !apply_source(sql_files[f].kind);
        for (size_t k = 0; s && s->projections[k]; k++)
            known = known || strcmp(s->projections[k], sql_files[f].kind) == 0;
        if (!known)
            fail_msg("nobody projects %s/%s", sql_files[f].service, sql_files[f].kind);
    }
}

static void every_reactor_sends_a_command_of_its_service(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_services; i++)
        for (size_t k = 0; k < services[i].n_reactors; k++) {
            const struct reactor_rule *r = &services[i].reactors[k];
            assert_string_equal(r->command->service, services[i].name);
            assert_int_equal(r->command->role, RECORD_COMMAND);
            assert_int_equal(r->event->role, RECORD_EVENT);
            assert_non_null(service_find(r->event->service));
        }
}

static void the_table_prints_as_documentation(void **state)
{
    (void)state;
    owned_value(strbuf_release) struct strbuf out = {0};
    manifest_print("hirelog", &out);
    const char *text = strbuf_cstr(&out);
    assert_non_null(strstr(text, "```mermaid\nflowchart LR\n"));
    assert_non_null(strstr(text, "user_e ==>|open_client| client_c\n"));
    assert_non_null(strstr(text, "job_e -.->|projector| freelancer_v\n"));
    for (size_t i = 0; i < n_record_types; i++)
        if (record_types[i]->role == RECORD_COMMAND || record_types[i]->role == RECORD_EVENT)
            assert_non_null(strstr(text, record_types[i]->name));
    for (size_t i = 0; i < n_services; i++) {
        char topic[TOPIC_NAME_MAX];
        service_command_topic("hirelog", services[i].name, topic);
        assert_non_null(strstr(text, topic));
    }
}

/* `make docs` writes the page; a table that has changed since needs it again. */
static void the_page_of_services_is_what_the_table_prints(void **state)
{
    (void)state;
    owned_value(strbuf_release) struct strbuf out = {0};
    static char page[65536];
    FILE *f = fopen("docs/services.md", "re");
    assert_non_null(f);
    size_t n = fread(page, 1, sizeof(page) - 1, f);
    fclose(f);
    page[n] = '\0';
    manifest_print("hirelog", &out);
    assert_string_equal(page, strbuf_cstr(&out));
}

static size_t place_of(const struct service *const *order, const char *name)
{
    for (size_t i = 0; i < n_services; i++)
        if (strcmp(order[i]->name, name) == 0)
            return i;
    fail_msg("%s is not in the order", name);
    return 0;
}

/* The order of a cut: whatever the manifest says of reactors and projections, the follower is before its source. */
static void followers_come_before_those_that_they_follow(void **state)
{
    (void)state;
    const struct service *order[SERVICES_MAX];
    struct err err;
    assert_int_equal(services_followers_first(order, &err), ERR_OK);
    for (size_t i = 0; i < n_services; i++) {
        const struct service *s = &services[i];
        size_t place = place_of(order, s->name);
        for (size_t k = 0; k < s->n_reactors; k++)
            assert_true(place < place_of(order, s->reactors[k].event->service));
        for (size_t k = 0; s->projections[k]; k++)
            if (strcmp(apply_source(s->projections[k]), s->name) != 0)
                assert_true(place < place_of(order, apply_source(s->projections[k])));
    }
    assert_int_equal(place_of(order, "user"), n_services - 1); /* everybody names users */
    assert_true(place_of(order, "messaging") < place_of(order, "job"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_is_found_by_its_name),
        cmocka_unit_test(every_service_of_the_schemas_is_there),
        cmocka_unit_test(every_command_is_in_the_table_of_its_service),
        cmocka_unit_test(only_a_service_with_credentials_has_a_vault),
        cmocka_unit_test(topics_are_named_by_prefix_service_and_kind),
        cmocka_unit_test(lists_of_services_are_comma_separated),
        cmocka_unit_test(every_projection_is_a_folder_and_every_folder_a_projection),
        cmocka_unit_test(every_reactor_sends_a_command_of_its_service),
        cmocka_unit_test(followers_come_before_those_that_they_follow),
        cmocka_unit_test(the_table_prints_as_documentation),
        cmocka_unit_test(the_page_of_services_is_what_the_table_prints),
    };
    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}

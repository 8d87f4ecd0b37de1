#include "tests/unit/spec.h"

#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/handlers.h"
#include "api/openapi.h"
#include "api/read.h"
#include "api/refusal.h"
#include "api/router.h"
#include "api/write.h"
#include "projections/query.h"

#define JOB "018f5e6a-0000-7000-8000-000000000001"

static struct arena arena;

static enum router_result ask(const char *method, const char *path, struct router_match *ret)
{
    return router_find(method, path, &arena, ret);
}

static void every_row_is_whole(void **state)
{
    (void)state;
    assert_null(routes_check());
}

/* A query of another name, or an argument that it does not declare, is found here and not by a
 * client. */
static void every_row_fits_its_queries(void **state)
{
    (void)state;
    struct err err;
    for (size_t i = 0; i < n_services; i++)
        assert_int_equal(queries_open(services[i].name, &err), ERR_OK);
    for (size_t i = 0; i < n_services; i++) {
        const char *query = routes_check_queries(services[i].name);
        if (query)
            fail_msg("%s/%s", services[i].name, query);
    }
}

static void every_route_is_found_by_its_own_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_routes; i++) {
        char path[128] = "";
        const char *p = routes[i].path;
        for (size_t n = 0; *p; n++) { /* captures become one word */
            if (*p == '{') {
                path[n] = 'x';
                p = strchr(p, '}') + 1;
            } else {
                path[n] = *p++;
            }
        }
        struct router_match m;
        assert_int_equal(ask(routes[i].method, path, &m), ROUTER_FOUND);
        assert_ptr_equal(m.route, &routes[i]);
    }
}

static void every_route_is_documented(void **state)
{
    (void)state;
    char *text = openapi_text(NULL);
    json_t *openapi = json_loads(text, 0, NULL);
    json_t *paths = json_object_get(openapi, "paths");
    for (size_t i = 0; i < n_routes; i++) {
        json_t *path = json_object_get(paths, routes[i].path);
        const char *method = strcmp(routes[i].method, "GET") == 0    ? "get"
                             : strcmp(routes[i].method, "POST") == 0 ? "post"
                                                                     : "patch";
        json_t *operation = json_object_get(path, method);
        assert_non_null(operation);
        assert_string_equal(json_string_value(json_object_get(operation, "summary")),
                            routes[i].summary);
    }
    json_decref(openapi);
    free(text);
}

/* `hirelog api --services job`: the user service is there for its sessions only. */
static void what_another_process_serves_is_not_documented(void **state)
{
    (void)state;
    struct api api = {.n_services = 2};
    api.services[0] = (struct api_service){.service = service_find("user")};
    api.services[1] = (struct api_service){.service = service_find("job"), .served = true};
    char *text = openapi_text(&api);
    json_t *openapi = json_loads(text, 0, NULL);
    json_t *paths = json_object_get(openapi, "paths");
    assert_non_null(json_object_get(paths, "/api/jobs/"));
    assert_non_null(json_object_get(paths, "/api/commands/{command_id}/"));
    assert_null(json_object_get(paths, "/api/clients/"));
    assert_null(json_object_get(paths, "/api/login/"));
    json_decref(openapi);
    free(text);
}

static void the_contract_says_how_long_a_key_holds(void **state)
{
    (void)state;
    static const struct config cfg = {.outcome_retention_s = 345678};
    static const char *const where[] = {"paths", "/api/payments/{payment_id}/refund/", "post",
                                        "parameters", NULL};
    struct api api = {.n_services = n_services, .cfg = &cfg};
    for (size_t i = 0; i < n_services; i++)
        api.services[i] = (struct api_service){.service = &services[i], .served = true};
    char *text = openapi_text(&api);
    json_t *openapi = json_loads(text, 0, NULL), *all = openapi, *parameter = NULL;
    const char *says = NULL;
    size_t i;
    for (const char *const *name = where; *name; name++)
        all = json_object_get(all, *name);
    json_array_foreach(all, i,
                       parameter) if (strcmp(json_string_value(json_object_get(parameter, "name")),
                                             "Idempotency-Key") == 0) says =
        json_string_value(json_object_get(parameter, "description"));
    assert_non_null(says);
    assert_non_null(strstr(says, "345678 s"));
    json_decref(openapi);
    free(text);
}

/* Rows of several lanes may come with an earlier time than a page that was read ends with. */
static void the_contract_names_the_feed_that_a_list_is_not(void **state)
{
    (void)state;
    static const struct config cfg = {.outcome_retention_s = 1};
    struct api api = {.n_services = n_services, .cfg = &cfg};
    for (size_t i = 0; i < n_services; i++)
        api.services[i] = (struct api_service){.service = &services[i], .served = true};
    char *text = openapi_text(&api);
    const char *previous = strstr(text, "The page of newer rows");
    assert_non_null(previous);
    assert_non_null(strstr(previous, "It is no feed"));
    assert_non_null(strstr(previous, "GET /api/events/"));
    free(text);
}

/* A schema that is referred to is there. */
static void every_resource_is_described(void **state)
{
    (void)state;
    char *text = openapi_text(NULL);
    json_t *openapi = json_loads(text, 0, NULL);
    json_t *schemas = json_object_get(json_object_get(openapi, "components"), "schemas");
    for (size_t i = 0; i < n_routes; i++)
        if (routes[i].resource && !json_object_get(schemas, routes[i].resource))
            fail_msg("no schema %s", routes[i].resource);
    json_decref(openapi);
    free(text);
}

static json_t *at_path(json_t *o, const char *const *names)
{
    for (; *names; names++)
        o = json_object_get(o, *names);
    return o;
}

/* An invoice of which nothing is paid shows 0, a sum may exceed what one command may ask for. */
static void shown_money_has_other_bounds_than_asked_money(void **state)
{
    (void)state;
    static const char *const shown[] = {"components", "schemas", "money",
                                        "properties", "amount",  NULL};
    static const char *const asked[] = {"paths",   "/api/jobs/create/", "post",   "requestBody",
                                        "content", "application/json",  "schema", "properties",
                                        "budget",  "properties",        "amount", NULL};
    char *text = openapi_text(NULL);
    json_t *openapi = json_loads(text, 0, NULL);
    json_t *shown_amount = at_path(openapi, shown), *asked_amount = at_path(openapi, asked);
    assert_int_equal(json_integer_value(json_object_get(shown_amount, "minimum")), 0);
    assert_string_equal(json_string_value(json_object_get(shown_amount, "type")), "integer");
    assert_null(json_object_get(shown_amount, "maximum"));
    assert_int_equal(json_integer_value(json_object_get(asked_amount, "minimum")), 1);
    json_decref(openapi);
    free(text);
}

/* What a client may do about it follows from the status. */
static void a_reason_has_its_status(void **state)
{
    (void)state;
    static const struct {
        const char *reason;
        unsigned status;
    } cases[] = {
        {"invalid_credentials",    401},
        {"not_the_owner",          403},
        {"not_a_party",            403},
        {"not_a_client",           403},
        {"not_a_freelancer",       403},
        {"own_job",                403},
        {"not_found",              404},
        {"email_taken",            409},
        {"own_message",            409},
        {"invoice_already_paid",   409},
        {"already_done",           409},
        {"too_many_refunds",       409},
        {"too_many_submissions",   409},
        {"invoice_cancelled",      409},
        {"invoice_partially_paid", 409},
        {"payment_exceeds_due",    409},
        {"refund_exceeds_payment", 409},
        {"currency_mismatch",      409},
        {"already_exists",         409},
        {"nothing_to_change",      409},
        {"expired",                409},
        {"version_mismatch",       412},
        {"internal",               500},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(refusal_status(cases[i].reason), cases[i].status);
}

static void captures_are_named_and_decoded(void **state)
{
    (void)state;
    struct router_match m;
    assert_int_equal(ask("GET", "/subjects/hirelog%2Ejob.JobPosted/versions/latest", &m),
                     ROUTER_FOUND);
    assert_string_equal(router_capture(&m, "subject"), "hirelog.job.JobPosted");
    assert_string_equal(router_capture(&m, "version"), "latest");
    assert_null(router_capture(&m, "sub"));
}

static void a_slash_is_not_part_of_a_capture(void **state)
{
    (void)state;
    struct router_match m;
    assert_int_equal(ask("GET", "/api/jobs/a/b/", &m), ROUTER_NOT_FOUND);
    assert_int_equal(ask("GET", "/api/jobs//", &m), ROUTER_NOT_FOUND);
    assert_int_equal(ask("GET", "/api/jobs/%zz/", &m), ROUTER_BAD_ESCAPE);
}

static void a_missing_slash_redirects(void **state)
{
    (void)state;
    struct router_match m;
    assert_int_equal(ask("GET", "/api/jobs", &m), ROUTER_REDIRECT);
    assert_int_equal(ask("POST", "/api/jobs/" JOB "/close", &m), ROUTER_REDIRECT);
    assert_int_equal(ask("GET", "/api/nothing", &m), ROUTER_NOT_FOUND);
    assert_int_equal(ask("GET", "/", &m), ROUTER_NOT_FOUND);
    assert_int_equal(ask("GET", "", &m), ROUTER_NOT_FOUND);
}

static void another_method_is_told_what_is_allowed(void **state)
{
    (void)state;
    struct router_match m;
    assert_int_equal(ask("DELETE", "/api/jobs/" JOB "/", &m), ROUTER_METHOD);
    assert_string_equal(m.allow, "GET, HEAD, PATCH");
    assert_int_equal(ask("BREW", "/api/register/", &m), ROUTER_METHOD);
    assert_string_equal(m.allow, "POST");
}

static void a_word_of_ours_is_no_id(void **state)
{
    (void)state;
    struct router_match m;
    assert_int_equal(ask("GET", "/api/jobs/create/", &m), ROUTER_METHOD);
    assert_string_equal(m.allow, "POST");
    assert_int_equal(ask("POST", "/api/jobs/create/", &m), ROUTER_FOUND);
    assert_string_equal(m.route->path, "/api/jobs/create/");
}

static void head_is_a_get(void **state)
{
    (void)state;
    struct router_match m;
    assert_int_equal(ask("HEAD", "/api/jobs/", &m), ROUTER_FOUND);
    assert_string_equal(m.route->method, "GET");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(every_row_fits_its_queries),
        cmocka_unit_test(every_route_is_found_by_its_own_path),
        cmocka_unit_test(every_route_is_documented),
        cmocka_unit_test(what_another_process_serves_is_not_documented),
        cmocka_unit_test(every_resource_is_described),
        cmocka_unit_test(the_contract_says_how_long_a_key_holds),
        cmocka_unit_test(the_contract_names_the_feed_that_a_list_is_not),
        cmocka_unit_test(shown_money_has_other_bounds_than_asked_money),
        cmocka_unit_test(a_reason_has_its_status),
        cmocka_unit_test(captures_are_named_and_decoded),
        cmocka_unit_test(a_slash_is_not_part_of_a_capture),
        cmocka_unit_test(a_missing_slash_redirects),
        cmocka_unit_test(another_method_is_told_what_is_allowed),
        cmocka_unit_test(a_word_of_ours_is_no_id),
        cmocka_unit_test(head_is_a_get),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}

/*
 * routes_test.c - every route of the table over HTTP: its success, who may not, every code that a
 * client can provoke, and bad input. The last test fails when a route or a code was never seen, so
 * a new row needs its lines here.
 */
#include "tests/unit/spec.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/request.h"
#include "tests/e2e/routes_parts.h"

#define CLIENT          "[\"client\"]"
#define FREELANCER      "[\"freelancer\"]"
#define BOTH            "[\"client\",\"freelancer\"]"
#define LOGIN_TRIES_MAX 100
#define BID \
    "{\"cover_letter\":\"I have done it.\",\"bid\":{\"amount\":140000,\"currency\":\"EUR\"}}"

struct person ana, ben, cleo, eve;

const char *at(const char *before, const char *id, const char *after)
{
    static char buffers[4][256];
    static int turn;
    char *b = buffers[turn++ % 4];
    (void)snprintf(b, sizeof(buffers[0]), "%s%s%s", before, id, after);
    return b;
}

void keep_id(char ret[40])
{
    (void)snprintf(ret, 40, "%s", http_text("id"));
}

void post_job(const struct person *who, char ret_id[40])
{
    http_ask(who, "POST", "/api/jobs/create/", JOB, "", 201);
    keep_id(ret_id);
}

void apply_for(const struct person *who, const char *job, char ret_id[40])
{
    http_ask(who, "POST", at("/api/jobs/", job, "/applications/"), BID, "", 201);
    keep_id(ret_id);
}

void hire(const struct person *who, const char *application, int expected)
{
    char body[128];
    (void)snprintf(body, sizeof(body), "{\"application_id\":\"%s\"}", application);
    http_ask(who, "POST", at("/api/clients/", who->id, "/hires/"), body, "", expected);
}

const char *after_that(void)
{
    static char headers[256];
    (void)snprintf(headers, sizeof(headers), "Hirelog-After: %s\r\nPrefer: wait=10\r\n",
                   http_header("Hirelog-Position"));
    return headers;
}

#define AWAIT_MS 10000
#define PAUSE_MS 20

void await_some(const struct person *who, const char *path)
{
    for (int ms = 0; ms < AWAIT_MS; ms += PAUSE_MS) {
        http_ask(who, "GET", path, NULL, "", HTTP_ANY);
        if (answer.status == 200 && json_array_size(json_object_get(answer.json, "results")) > 0)
            return;
        (void)poll(NULL, 0, PAUSE_MS);
    }
    fail_msg("nothing came: %s", path);
}

void await_found(const struct person *who, const char *path)
{
    for (int ms = 0; ms < AWAIT_MS; ms += PAUSE_MS) {
        http_ask(who, "GET", path, NULL, "", HTTP_ANY);
        if (answer.status == 200)
            return;
        (void)poll(NULL, 0, PAUSE_MS);
    }
    fail_msg("never came: %s", path);
}

static void edit_job(const struct person *who, const char *job, const char *headers, int expected)
{
    http_ask(who, "PATCH", at("/api/jobs/", job, "/"), "{\"title\":\"Another\"}", headers,
             expected);
}

/* ---- accounts */

static void an_account_has_one_address(void **state)
{
    (void)state;
    char body[512];
    http_ask(&ana, "GET", "/api/profile/", NULL, "", 200);
    assert_string_equal(http_text("email"), ana.email);
    assert_string_equal(http_header("ETag"), "\"1\"");
    (void)snprintf(body, sizeof(body),
                   "{\"email\":\"ANA%s\",\"password\":\"%s\",\"display_name\":\"A\",\"roles\":%s}",
                   ana.email + 3, HTTP_PASSWORD, CLIENT);
    http_ask(NULL, "POST", "/api/register/", body, "", 409);
    http_refused("email_taken");
}

static void register_with_key(const char *email, const char *password, int expected)
{
    char body[512];
    (void)snprintf(
        body, sizeof(body),
        "{\"email\":\"%s\",\"password\":\"%s\",\"display_name\":\"K\",\"roles\":[\"client\"]}",
        email, password);
    http_ask(NULL, "POST", "/api/register/", body, "Idempotency-Key: once\r\n", expected);
}

static void a_repeated_registration_must_have_the_same_password(void **state)
{
    (void)state;
    char id[40];
    const char *email = at("again.", ana.email, "");
    register_with_key(email, HTTP_PASSWORD, 201);
    keep_id(id);
    register_with_key(email, HTTP_PASSWORD, 201);
    assert_string_equal(http_text("id"), id);
    register_with_key(email, "another long password", 422);
    http_refused("idempotency_key_reused");
}

static void a_profile_is_its_owners_to_change_and_others_to_see(void **state)
{
    (void)state;
    http_ask(&ana, "PATCH", "/api/profile/", "{\"headline\":\"Builds logs\"}",
             "If-Match: \"1\"\r\n", 200);
    assert_true(http_number("version") > 1); /* the login took a version, too */
    http_ask(&ana, "PATCH", "/api/profile/", "{\"headline\":\"x\"}", "If-Match: \"1\"\r\n", 412);
    http_refused("version_mismatch");
    http_ask(&ben, "GET", at("/api/profile/", ana.id, "/"), NULL, "", 200);
    assert_string_equal(http_text("headline"), "Builds logs");
    assert_null(json_object_get(answer.json, "email"));
    http_ask(&ben, "GET", "/api/profile/" NOBODY "/", NULL, "", 404);
    http_refused("not_found");
}

static void a_session_ends_with_logout(void **state)
{
    (void)state;
    struct person again = ana;
    http_login(&again, HTTP_PASSWORD, 200);
    assert_string_not_equal(again.token, ana.token);
    http_ask(&again, "POST", "/api/logout/", NULL, "", 204);
    http_ask(&again, "GET", "/api/profile/", NULL, "", 401);
    http_refused("unauthenticated");
    http_ask(&ana, "GET", "/api/profile/", NULL, "", 200);
}

static void a_new_password_ends_the_other_sessions_only(void **state)
{
    (void)state;
    struct person dora = http_person("dora", CLIENT), other = dora;
    const char *change =
        "{\"old_password\":\"" HTTP_PASSWORD "\",\"new_password\":\"another long password\"}";
    http_login(&other, HTTP_PASSWORD, 200);
    http_ask(&dora, "POST", "/api/profile/password/",
             "{\"old_password\":\"wrong one\",\"new_password\":\"another long one\"}", "", 401);
    http_refused("invalid_credentials");
    http_ask(&dora, "POST", "/api/profile/password/", change, "Idempotency-Key: p\r\n", 204);
    assert_string_not_equal(http_header("Hirelog-Position"), "");
    http_ask(&other, "GET", "/api/profile/", NULL, "", 401);
    http_ask(&dora, "GET", "/api/profile/", NULL, "", 200);
    http_ask(&dora, "POST", "/api/profile/password/", change, "Idempotency-Key: p\r\n", 204);
    http_ask(&dora, "GET", "/api/profile/", NULL, "", 200);
    http_login(&other, HTTP_PASSWORD, 401);
    http_login(&other, "another long password", 200);
}

/* tests/e2e/recover_test.sh has the whole story. */
static void an_operators_token_sets_a_password(void **state)
{
    (void)state;
    struct person gus = http_person("gus", CLIENT);
    char command[1024], token[128] = "", body[256];
    snprintf(command, sizeof(command), "%s account recover %s --config %s", getenv("HIRELOG_BIN"),
             gus.id, getenv("HIRELOG_CONFIG"));
    FILE *f = popen(command, "r"); // NOLINT(cert-env33-c): names of this test's own
    assert_non_null(f);
    assert_non_null(fgets(token, sizeof(token), f));
    assert_int_equal(pclose(f), 0);
    token[strcspn(token, "\n")] = '\0';
    snprintf(body, sizeof(body), "{\"token\":\"%s\",\"new_password\":\"another long password\"}",
             token);
    http_ask(NULL, "POST", "/api/password/reset/", body, "", 204);
    http_ask(NULL, "POST", "/api/password/reset/", body, "", 400);
    http_field_error("token", "invalid");
    http_ask(&gus, "GET", "/api/profile/", NULL, "", 401);
    http_login(&gus, "another long password", 200);
}

static void a_deactivated_account_is_closed_for_good(void **state)
{
    (void)state;
    struct person finn = http_person("finn", FREELANCER);
    http_ask(&finn, "POST", "/api/profile/deactivate/", NULL, "", 204);
    http_ask(&finn, "GET", "/api/profile/", NULL, "", 401);
    http_login(&finn, HTTP_PASSWORD, 401);
    http_refused("invalid_credentials");
    http_ask(&ana, "GET", at("/api/profile/", finn.id, "/"), NULL, "", 200);
    assert_string_equal(http_text("status"), "deactivated");
}

static void too_many_failed_logins_have_to_wait(void **state)
{
    (void)state;
    struct person gus = http_person("gus", CLIENT);
    for (int i = 0; i < LOGIN_TRIES_MAX; i++) {
        http_login(&gus, "not the password", HTTP_ANY);
        if (answer.status == 429)
            break;
        http_refused("invalid_credentials");
    }
    http_refused("too_many_attempts");
    http_login(&gus, HTTP_PASSWORD, 429); /* the right one does not help now */
    assert_true(strtol(http_header("Retry-After"), NULL, 10) > 0);
}

/* The key of a registration is no place to try passwords at leisure. */
static void registering_again_is_a_try_at_the_password(void **state)
{
    (void)state;
    char body[256], key[80];
    struct person hal = http_person("hal", CLIENT);
    (void)snprintf(key, sizeof(key), "Idempotency-Key: again-%s\r\n", hal.id);
    for (int i = 0; i < LOGIN_TRIES_MAX; i++) {
        (void)snprintf(body, sizeof(body),
                       "{\"email\":\"again-%s@example.org\",\"display_name\":\"Hal\",\"roles\":%s,"
                       "\"password\":\"" HTTP_PASSWORD " %d\"}",
                       hal.id, CLIENT, i);
        http_ask(NULL, "POST", "/api/register/", body, key, i == 0 ? 201 : HTTP_ANY);
        if (answer.status == 429)
            break;
        if (i > 0)
            http_refused("idempotency_key_reused");
    }
    http_refused("too_many_attempts");
}

/* ---- jobs, applications, contracts */

static void a_job_is_posted_edited_and_closed_by_its_owner(void **state)
{
    (void)state;
    char job[40];
    post_job(&ana, job);
    assert_string_equal(http_header("Location"), at("/api/jobs/", job, "/"));
    assert_string_equal(http_header("ETag"), "\"1\"");
    assert_memory_equal(http_header("Hirelog-Position"), "job/", 4);
    assert_string_equal(http_text("budget.currency"), "EUR");
    edit_job(&ana, job, "If-Match: \"1\"\r\n", 200);
    assert_int_equal(http_number("version"), 2);
    edit_job(&ana, job, "If-Match: \"1\"\r\n", 412);
    edit_job(&ana, job, "If-Match: W/\"2\"\r\n", 412);
    http_refused("version_mismatch");
    edit_job(&ana, job, "If-Match: 2\r\n", 400);
    http_field_error("If-Match", "format");
    edit_job(&ana, job, "If-Match: *\r\n", 200);
    http_ask(&ana, "POST", at("/api/jobs/", job, "/close/"), "{\"reason\":\"found somebody\"}", "",
             200);
    assert_string_equal(http_text("status"), "closed");
    edit_job(&ana, job, "", 409);
    http_refused("job_not_open");
    http_ask(&ana, "POST", "/api/jobs/" NOBODY "/close/", NULL, "", 404);
    http_refused("not_found");
}

static void reads_are_conditional_and_may_wait_for_a_position(void **state)
{
    (void)state;
    char job[40], header[128];
    post_job(&ana, job);
    (void)snprintf(header, sizeof(header), "Hirelog-After: %s\r\nPrefer: wait=5\r\n",
                   http_header("Hirelog-Position"));
    http_ask(NULL, "GET", at("/api/jobs/", job, "/"), NULL, header, 200);
    assert_string_equal(http_header("Preference-Applied"), "wait=5");
    assert_string_not_equal(http_header("Hirelog-Position"), "");
    http_ask(NULL, "GET", at("/api/jobs/", job, "/"), NULL, "If-None-Match: \"1\"\r\n", 304);
    assert_string_equal(http_header("ETag"), "\"1\"");
    http_ask(NULL, "HEAD", at("/api/jobs/", job, "/"), NULL, "", 200);
    http_ask(NULL, "GET", "/api/jobs/?page_size=1", NULL, "", 200);
    (void)snprintf(header, sizeof(header), "If-None-Match: W/%s\r\n", http_header("ETag"));
    http_ask(NULL, "GET", "/api/jobs/?page_size=1", NULL, header, 304);
    http_ask(NULL, "GET", at("/api/jobs/", job, "/"), NULL,
             "Hirelog-After: job/0:999999999,job/1:999999999,job/2:999999999\r\nPrefer: wait=1\r\n",
             503);
    http_refused("unavailable");
    http_ask(NULL, "GET", at("/api/jobs/", job, "/"), NULL, "Hirelog-After: nonsense\r\n", 400);
    http_field_error("Hirelog-After", "format");
}

static void one_live_application_per_freelancer_and_none_on_ones_own_job(void **state)
{
    (void)state;
    char job[40], application[40], own[40];
    post_job(&ana, job);
    apply_for(&ben, job, application);
    assert_string_equal(http_header("Location"), at("/api/applications/", application, "/"));
    http_ask(&ben, "POST", at("/api/jobs/", job, "/applications/"), BID, "", 409);
    http_refused("already_applied");
    http_ask(&ben, "POST", at("/api/applications/", application, "/withdraw/"), NULL, "", 200);
    assert_string_equal(http_text("status"), "withdrawn");
    http_ask(&ben, "POST", at("/api/applications/", application, "/withdraw/"), NULL, "", 409);
    http_refused("application_not_live");
    apply_for(&ben, job, own);
    assert_string_equal(own, application);
    http_ask(&ana, "POST", at("/api/applications/", application, "/decline/"), NULL, "", 200);
    assert_string_equal(http_text("status"), "declined");
    http_ask(&ben, "POST", at("/api/jobs/", job, "/applications/"), BID, "", 409);
    http_refused("application_declined");
    post_job(&eve, own);
    http_ask(&eve, "POST", at("/api/jobs/", own, "/applications/"), BID, "", 403);
    http_refused("own_job");
}

static void applications_are_seen_by_their_two_sides(void **state)
{
    (void)state;
    char job[40], application[40];
    post_job(&ana, job);
    apply_for(&ben, job, application);
    http_ask(&ana, "GET", at("/api/jobs/", job, "/applications/"), NULL, "", 200);
    assert_string_equal(http_text("results.0.id"), application);
    http_ask(&ana, "GET", at("/api/applications/", application, "/"), NULL, "", 200);
    http_ask(&ben, "GET", at("/api/applications/", application, "/"), NULL, "", 200);
    http_ask(&ana, "GET", "/api/jobs/" NOBODY "/applications/", NULL, "", 404);
}

static void a_hire_fills_the_job_declines_the_others_and_makes_a_contract(void **state)
{
    (void)state;
    char job[40], bens[40], cleos[40], contract[40];
    post_job(&ana, job);
    apply_for(&ben, job, bens);
    apply_for(&cleo, job, cleos);
    hire(&ana, bens, 201);
    keep_id(contract);
    assert_string_equal(http_header("Location"), at("/api/contracts/", contract, "/"));
    assert_int_equal(http_number("amount.amount"), 140000);
    http_ask(NULL, "GET", at("/api/jobs/", job, "/"), NULL, "", 200);
    assert_string_equal(http_text("status"), "filled");
    http_ask(&cleo, "GET", at("/api/applications/", cleos, "/"), NULL, "", 200);
    assert_string_equal(http_text("status"), "declined");
    hire(&ana, cleos, 409);
    hire(&ana, NOBODY, 404);
    http_ask(&ben, "GET", "/api/contracts/", NULL, "", 200);
    assert_string_equal(http_text("results.0.id"), contract);
    http_ask(&ana, "GET", at("/api/contracts/", contract, "/"), NULL, "", 200);
    http_ask(&ben, "POST", at("/api/contracts/", contract, "/complete/"), NULL, "", 403);
    http_refused("not_the_owner");
    http_ask(&ana, "POST", at("/api/contracts/", contract, "/complete/"), NULL, "", 200);
    assert_string_equal(http_text("status"), "completed");
    http_ask(&ben, "POST", at("/api/contracts/", contract, "/cancel/"), "{\"reason\":\"late\"}", "",
             409);
    http_refused("contract_not_active");
}

static void either_side_cancels_a_contract(void **state)
{
    (void)state;
    char job[40], application[40];
    post_job(&ana, job);
    apply_for(&ben, job, application);
    hire(&ana, application, 201);
    http_ask(&ben, "POST", at("/api/contracts/", http_text("id"), "/cancel/"),
             "{\"reason\":\"ill\"}", "", 200);
    assert_string_equal(http_text("status"), "cancelled");
}

static void pages_lead_to_each_other(void **state)
{
    (void)state;
    char ids[5][40], next[512];
    struct person gina = http_person("gina", CLIENT);
    for (int i = 4; i >= 0; i--)
        post_job(&gina, ids[i]);
    http_ask(NULL, "GET", at("/api/jobs/?page_size=2&client_id=", gina.id, ""), NULL, "", 200);
    assert_true(json_is_null(json_object_get(answer.json, "previous")));
    for (int page = 0; page < 3; page++) {
        assert_string_equal(http_text("results.0.id"), ids[2 * page]);
        if (page < 2) {
            (void)snprintf(next, sizeof(next), "%s", http_text("next"));
            http_ask(NULL, "GET", next, NULL, "", 200);
        }
    }
    assert_true(json_is_null(json_object_get(answer.json, "next")));
    for (int page = 1; page >= 0; page--) {
        (void)snprintf(next, sizeof(next), "%s", http_text("previous"));
        http_ask(NULL, "GET", next, NULL, "", 200);
        assert_string_equal(http_text("results.0.id"), ids[2 * page]);
        assert_string_equal(http_text("results.1.id"), ids[2 * page + 1]);
    }
    assert_true(json_is_null(json_object_get(answer.json, "previous")));
}

/* ---- commands */

static void a_command_need_not_be_waited_for(void **state)
{
    (void)state;
    char path[256], location[256];
    http_ask(&ana, "POST", "/api/jobs/create/", JOB, "Prefer: respond-async\r\n", 202);
    assert_string_equal(http_header("Preference-Applied"), "respond-async");
    assert_string_equal(http_text("status"), "pending");
    (void)snprintf(path, sizeof(path), "%s", http_header("Location"));
    http_ask(&eve, "GET", path, NULL, "", 404);
    http_ask(NULL, "GET", path, NULL, "", 404);
    do
        http_ask(&ana, "GET", path, NULL, "", 200);
    while (strcmp(http_text("status"), "pending") == 0);
    assert_string_equal(http_text("status"), "applied");
    assert_string_equal(http_text("position"), http_header("Hirelog-Position"));
    (void)snprintf(location, sizeof(location), "%s", http_text("location"));
    http_ask(NULL, "GET", location, NULL, "", 200);
}

static void a_refused_command_says_why(void **state)
{
    (void)state;
    char path[256];
    http_ask(&ana, "POST", "/api/jobs/" NOBODY "/close/", NULL, "", 404);
    (void)snprintf(path, sizeof(path), "/api/commands/%s/", http_text("command_id"));
    http_ask(&ana, "GET", path, NULL, "", 200);
    assert_string_equal(http_text("status"), "rejected");
    assert_string_equal(http_text("reason"), "not_found");
}

static void a_key_means_one_command(void **state)
{
    (void)state;
    char id[40];
    http_ask(&ana, "POST", "/api/jobs/create/", JOB, "Idempotency-Key: k\r\n", 201);
    keep_id(id);
    edit_job(&ana, id, "", 200);
    http_ask(&ana, "POST", "/api/jobs/create/", JOB, "Idempotency-Key: k\r\n", 201);
    assert_string_equal(http_text("id"), id);
    assert_string_equal(http_text("title"), "Another"); /* the resource as it is now */
    http_ask(
        &ana, "POST", "/api/jobs/create/",
        "{\"title\":\"x\",\"description\":\"y\",\"budget\":{\"amount\":1,\"currency\":\"EUR\"}}",
        "Idempotency-Key: k\r\n", 422);
    http_refused("idempotency_key_reused");
    http_ask(&ana, "POST", "/api/jobs/create/", JOB, "Idempotency-Key: two words\r\n", 400);
    http_field_error("Idempotency-Key", "format");
}

/* ---- the registry and the contract */

static void the_registry_speaks_confluents_dialect(void **state)
{
    (void)state;
    char path[256], *body;
    http_ask(NULL, "GET", "/subjects", NULL, "", 200);
    assert_string_equal(http_header("Content-Type"), "application/vnd.schemaregistry.v1+json");
    http_ask(NULL, "GET", "/subjects/hirelog.job.JobPosted/versions", NULL, "", 200);
    http_ask(NULL, "GET", "/subjects/hirelog.job.JobPosted/versions/latest", NULL, "", 200);
    (void)snprintf(path, sizeof(path), "/schemas/ids/%d", (int)http_number("id"));
    json_t *asked = json_pack("{s:s}", "schema", http_text("schema"));
    body = json_dumps(asked, 0);
    http_ask(NULL, "POST", "/subjects/hirelog.job.JobPosted", body, "", 200);
    http_ask(NULL, "GET", path, NULL, "", 200);
    (void)http_text("schema");
    http_ask(NULL, "GET", "/schemas/ids/17", NULL, "", 404);
    assert_int_equal(http_number("error_code"), 40403);
    http_ask(NULL, "GET", "/subjects/nobody/versions", NULL, "", 404);
    assert_int_equal(http_number("error_code"), 40401);
    http_ask(NULL, "GET", "/subjects/hirelog.job.JobPosted/versions/99", NULL, "", 404);
    assert_int_equal(http_number("error_code"), 40402);
    http_ask(NULL, "GET", "/subjects/hirelog.job.JobPosted/versions/x", NULL, "", 422);
    http_ask(NULL, "POST", "/subjects/hirelog.job.JobPosted", "{\"schema\":\"\\\"string\\\"\"}", "",
             404);
    http_ask(NULL, "POST", "/subjects/hirelog.job.JobPosted", "[]", "", 422);
    json_decref(asked);
    free(body);
}

static void the_contract_is_served(void **state)
{
    (void)state;
    http_ask(NULL, "GET", "/openapi.json", NULL, "", 200);
    assert_string_equal(http_text("openapi"), "3.1.0");
    http_ask(NULL, "GET", "/asyncapi.json", NULL, "", 200);
    assert_string_equal(http_text("asyncapi"), "3.0.0");
    http_ask(NULL, "GET", "/docs/", NULL, "", 200);
    assert_string_equal(http_header("Content-Type"), "text/html; charset=utf-8");
    assert_non_null(strstr(answer.body, "href=\"/asyncapi.json\""));
    assert_null(strstr(answer.body, "<script"));
}

/* What it tells is in events_test.sh; here only what is asked for. */
static void events_are_asked_for_by_service_and_place(void **state)
{
    (void)state;
    static const struct {
        const char *path, *headers, *field, *code;
    } cases[] = {
        {"/api/events/",                            "",                                   "service",       "required" },
        {"/api/events/?service=jobs",               "",                                   "service",       "range"    },
        {"/api/events/?service=job&service=user",   "",                                   "service",       "duplicate"},
        {"/api/events/?service=job&colour=red",     "",                                   "colour",        "unknown"  },
        {"/api/events/?service=job&after=x",        "",                                   "after",         "format"   },
        {"/api/events/?service=job&after=user/0:1", "",                                   "after",         "format"   },
        {"/api/events/?service=job",                "Last-Event-ID: job/0:1,job/0:1\r\n", "Last-Event-ID",
         "format"                                                                                                     },
        {"/api/events/?service=job",                "Last-Event-ID: job/999:1\r\n",       "Last-Event-ID", "format"   },
    };
    http_ask(&ana, "HEAD", "/api/events/?service=job", NULL, "", 200);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        http_ask(&ana, "GET", cases[i].path, NULL, cases[i].headers, 400);
        http_field_error(cases[i].field, cases[i].code);
    }
    http_ask(&ana, "GET", "/api/events/?service=job", NULL, "Last-Event-ID: job/0:999999999\r\n",
             410);
    http_refused("position_unknown");
    assert_true(http_connection_survived());
}

/* ---- who may not */

/* A route's path with one id in all captures. */
static void path_with(const struct route *r, const char *id, char ret[256])
{
    size_t n = 0;
    for (const char *p = r->path; *p; p++)
        if (*p == '{') {
            n += (size_t)snprintf(ret + n, 256 - n, "%s", id);
            p = strchr(p, '}');
        } else {
            ret[n++] = *p;
        }
    ret[n] = '\0';
}

static void nothing_private_without_a_session(void **state)
{
    (void)state;
    struct person forged = ana, garbage = ana;
    memset(forged.token, 'A', 43);
    (void)snprintf(garbage.token, sizeof(garbage.token), "garbage");
    for (size_t i = 0; i < n_routes; i++) {
        char path[256];
        if (routes[i].who < WHO_USER)
            continue;
        path_with(&routes[i], NOBODY, path);
        http_ask(NULL, routes[i].method, path, NULL, "", 401);
        http_refused("unauthenticated");
        http_ask(&forged, routes[i].method, path, NULL, "", 401);
        http_ask(&garbage, routes[i].method, path, NULL, "", 401);
        http_ask(NULL, routes[i].method, path, NULL, "Authorization: Basic YTpi\r\n", 401);
    }
}

static void some_routes_need_a_role(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_routes; i++) {
        char path[256];
        path_with(&routes[i], ana.id, path);
        if (routes[i].who == WHO_CLIENT) {
            http_ask(&ben, routes[i].method, path, "{}", "", 403);
            http_refused("not_a_client");
        } else if (routes[i].who == WHO_FREELANCER) {
            http_ask(&ana, routes[i].method, path, "{}", "", 403);
            http_refused("not_a_freelancer");
        }
    }
}

static void a_stranger_gets_403(void **state)
{
    (void)state;
    char job[40], application[40], hired[40], contract[40];
    post_job(&ana, job);
    apply_for(&ben, job, application);
    post_job(&ana, hired);
    apply_for(&ben, hired, hired);
    hire(&ana, hired, 201);
    keep_id(contract);
    edit_job(&eve, job, "", 403);
    http_refused("not_the_owner");
    http_ask(&eve, "POST", at("/api/jobs/", job, "/close/"), NULL, "", 403);
    http_refused("not_the_owner");
    http_ask(&eve, "GET", at("/api/jobs/", job, "/applications/"), NULL, "", 403);
    http_refused("not_the_owner");
    http_ask(&eve, "GET", at("/api/applications/", application, "/"), NULL, "", 403);
    http_refused("not_a_party");
    http_ask(&eve, "POST", at("/api/applications/", application, "/withdraw/"), NULL, "", 403);
    http_refused("not_the_owner");
    http_ask(&eve, "POST", at("/api/applications/", application, "/decline/"), NULL, "", 403);
    http_refused("not_the_owner");
    http_ask(&eve, "POST", at("/api/clients/", ana.id, "/hires/"),
             at("{\"application_id\":\"", application, "\"}"), "", 403);
    http_refused("not_the_owner");
    hire(&eve, application, 403);
    http_refused("not_the_owner");
    http_ask(&eve, "GET", at("/api/contracts/", contract, "/"), NULL, "", 403);
    http_refused("not_a_party");
    http_ask(&eve, "POST", at("/api/contracts/", contract, "/complete/"), NULL, "", 403);
    http_ask(&eve, "POST", at("/api/contracts/", contract, "/cancel/"), NULL, "", 403);
    http_refused("not_a_party");
    http_ask(&eve, "GET", "/api/contracts/", NULL, "", 200);
    assert_int_equal(json_array_size(json_object_get(answer.json, "results")), 0);
}

/* ---- bad input */

static void every_bad_field_is_named(void **state)
{
    (void)state;
    http_ask(&ana, "POST", "/api/jobs/create/",
             "{\"title\":7,\"skills\":[\"c\",\"c\"],\"budget\":{\"amount\":0,\"currency\":\"eur\"},"
             "\"colour\":\"red\",\"job_id\":\"" NOBODY "\"}",
             "", 400);
    http_refused("invalid");
    http_field_error("title", "type");
    http_field_error("description", "required");
    http_field_error("skills.1", "duplicate");
    http_field_error("budget.amount", "range");
    http_field_error("budget.currency", "format");
    http_field_error("colour", "unknown");
    http_field_error("job_id", "unknown");
    http_ask(NULL, "POST", "/api/register/",
             "{\"email\":\"none\",\"password\":\"short\",\"roles\":[]}", "", 400);
    http_field_error("email", "format");
    http_field_error("password", "length");
    http_field_error("display_name", "required");
    http_field_error("roles", "length");
    http_ask(NULL, "POST", "/api/login/", "{\"email\":7,\"token\":1}", "", 400);
    http_field_error("email", "type");
    http_field_error("password", "required");
    http_field_error("token", "unknown");
    assert_true(http_connection_survived());
}

static void what_is_not_one_json_object_is_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{",
        "[]",
        "7",
        "null",
        "{} {}",
        "{\"title\":\"a\",\"title\":\"b\"}",
        "{\"title\":\"\\u0000\"}",
        "{\"title\":\"\xff\"}",
        "{\"title\":\"\\ud800\"}",
        "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "{\"budget\":{\"amount\":99999999999999999999,\"currency\":\"EUR\"}}",
        "{\"budget\":{\"amount\":1e400}}",
        "{\"title\":NaN}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        http_ask(&ana, "POST", "/api/jobs/create/", bodies[i], "", 400);
        http_refused("invalid");
    }
    http_ask(&ana, "PATCH", "/api/profile/", "{}", "", 400);
    http_ask(&ana, "PATCH", "/api/profile/", "{\"headline\":null}", "", 400);
    http_field_error("headline", "type");
    http_ask(&ana, "POST", "/api/jobs/create/", JOB, "Content-Type: text/plain\r\n", 415);
    http_refused("unsupported_media_type");
    http_ask(&ana, "POST", "/api/jobs/create/", JOB,
             "Content-Type: application/json; charset=utf-16\r\n", 415);
    assert_true(http_connection_survived());
}

static void paths_ids_methods_and_parameters_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *path, *field, *code;
    } cases[] = {
        {"/api/jobs/seventeen/",               "job_id",    "format"   },
        {"/api/jobs/?page_size=0",             "page_size", "range"    },
        {"/api/jobs/?page_size=101",           "page_size", "range"    },
        {"/api/jobs/?page_size=x",             "page_size", "range"    },
        {"/api/jobs/?cursor=x",                "cursor",    "format"   },
        {"/api/jobs/?cursor=",                 "cursor",    "format"   },
        {"/api/jobs/?client_id=x",             "client_id", "format"   },
        {"/api/jobs/?status=lost",             "status",    "range"    },
        {"/api/jobs/?colour=red",              "colour",    "unknown"  },
        {"/api/jobs/?page_size=1&page_size=2", "page_size", "duplicate"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        http_ask(NULL, "GET", cases[i].path, NULL, "", 400);
        http_field_error(cases[i].field, cases[i].code);
    }
    http_ask(NULL, "GET", "/api/jobs/?status=%00", NULL, "", 400);
    http_ask(NULL, "GET", "/api/jobs/?status=%ff", NULL, "", 400);
    http_ask(NULL, "GET", "/nothing/", NULL, "", 404);
    http_ask(NULL, "DELETE", "/api/jobs/", NULL, "", 405);
    http_refused("method_not_allowed");
    assert_string_equal(http_header("Allow"), "GET, HEAD, OPTIONS");
    http_ask(NULL, "GET", "/api/jobs?page_size=1", NULL, "", 308);
    assert_string_equal(http_header("Location"), "/api/jobs/?page_size=1");
    assert_true(http_connection_survived());
}

static void a_body_may_be_so_large(void **state)
{
    (void)state;
    bool closed;
    char *big = malloc(BODY_MAX + 1);
    memset(big, ' ', BODY_MAX);
    big[BODY_MAX] = '\0';
    http_ask(&ana, "POST", "/api/jobs/create/", big, "", 400);
    assert_true(http_connection_survived());
    free(big);
    char head[256];
    int len = snprintf(head, sizeof(head),
                       "POST /api/login/ HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
                       BODY_MAX + 1);
    http_raw(head, (size_t)len, &closed); /* the body never comes */
    assert_int_equal(answer.status, 413);
    assert_true(closed);
}

static void ambiguous_framing_is_refused_and_closes(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "POST /api/login/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "POST /api/login/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        "POST /api/login/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST /api/login/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST /api/login/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST /api/login/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "PATCH /api/profile/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: "
        "3\r\n\r\n{}",
        "POST /api/login/ HTTP/1.1\r\nHost: a\r\nContent-Length : 2\r\n\r\n{}",
        "GET /api/jobs/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /api/jobs/ HTTP/1.1\r\n\r\n",
        "GET /api/jobs/ HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n",
        "GET /api/jobs/ HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        bool closed;
        http_raw(requests[i], strlen(requests[i]), &closed);
        assert_int_equal(answer.status, 400);
        assert_true(closed);
    }
}

/* ---- nothing was left out: what nobody can provoke over HTTP (a taken id, an invoice without
 * lines, ...) is refused in the deciders' tests */

static void every_route_and_every_code_was_seen(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "invalid",
        "position_unknown",
        "unauthenticated",
        "invalid_credentials",
        "not_the_owner",
        "not_a_party",
        "not_a_client",
        "not_a_freelancer",
        "own_job",
        "not_found",
        "method_not_allowed",
        "email_taken",
        "job_not_open",
        "already_applied",
        "application_not_live",
        "application_declined",
        "contract_not_active",
        "parked",
        "own_message",
        "invoice_already_paid",
        "invoice_cancelled",
        "invoice_partially_paid",
        "payment_exceeds_due",
        "refund_exceeds_payment",
        "currency_mismatch",
        "version_mismatch",
        "unsupported_media_type",
        "idempotency_key_reused",
        "too_many_attempts",
        "unavailable",
    };
    for (size_t i = 0; i < n_routes; i++)
        if (!http_route_succeeded(&routes[i]))
            fail_msg("never succeeded: %s %s", routes[i].method, routes[i].path);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        if (!http_code_seen(expected[i]))
            fail_msg("never seen: %s", expected[i]);
}

static int people(void **state)
{
    (void)state;
    ana = http_person("ana", CLIENT);
    ben = http_person("ben", FREELANCER);
    cleo = http_person("cleo", FREELANCER);
    eve = http_person("eve", BOTH);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_has_one_address),
        cmocka_unit_test(a_repeated_registration_must_have_the_same_password),
        cmocka_unit_test(a_profile_is_its_owners_to_change_and_others_to_see),
        cmocka_unit_test(a_session_ends_with_logout),
        cmocka_unit_test(a_new_password_ends_the_other_sessions_only),
        cmocka_unit_test(an_operators_token_sets_a_password),
        cmocka_unit_test(a_deactivated_account_is_closed_for_good),
        cmocka_unit_test(too_many_failed_logins_have_to_wait),
        cmocka_unit_test(registering_again_is_a_try_at_the_password),
        cmocka_unit_test(a_job_is_posted_edited_and_closed_by_its_owner),
        cmocka_unit_test(reads_are_conditional_and_may_wait_for_a_position),
        cmocka_unit_test(one_live_application_per_freelancer_and_none_on_ones_own_job),
        cmocka_unit_test(applications_are_seen_by_their_two_sides),
        cmocka_unit_test(a_hire_fills_the_job_declines_the_others_and_makes_a_contract),
        cmocka_unit_test(either_side_cancels_a_contract),
        cmocka_unit_test(pages_lead_to_each_other),
        cmocka_unit_test(profiles_appear_by_themselves),
        cmocka_unit_test(a_client_profile_is_its_owners_to_change),
        cmocka_unit_test(a_client_lists_all_its_jobs),
        cmocka_unit_test(a_freelancer_profile_is_its_owners_to_change),
        cmocka_unit_test(freelancers_are_found),
        cmocka_unit_test(a_freelancer_follows_its_applications),
        cmocka_unit_test(a_read_waits_for_what_another_service_tells),
        cmocka_unit_test(jobs_are_found_best_first),
        cmocka_unit_test(a_cursor_belongs_to_its_kind_of_list),
        cmocka_unit_test(filters_are_checked),
        cmocka_unit_test(what_is_parked_is_not_shown),
        cmocka_unit_test(what_is_parked_is_not_called_absent),
        cmocka_unit_test(two_people_write_to_each_other),
        cmocka_unit_test(a_thread_is_not_for_strangers),
        cmocka_unit_test(a_message_needs_somebody_else),
        cmocka_unit_test(a_completed_contract_is_invoiced_and_paid_in_parts),
        cmocka_unit_test(a_refund_is_at_most_what_was_paid),
        cmocka_unit_test(an_unpaid_invoice_can_be_taken_back),
        cmocka_unit_test(money_is_not_for_strangers),
        cmocka_unit_test(a_command_need_not_be_waited_for),
        cmocka_unit_test(a_refused_command_says_why),
        cmocka_unit_test(a_key_means_one_command),
        cmocka_unit_test(the_registry_speaks_confluents_dialect),
        cmocka_unit_test(the_contract_is_served),
        cmocka_unit_test(events_are_asked_for_by_service_and_place),
        cmocka_unit_test(nothing_private_without_a_session),
        cmocka_unit_test(some_routes_need_a_role),
        cmocka_unit_test(a_stranger_gets_403),
        cmocka_unit_test(every_bad_field_is_named),
        cmocka_unit_test(what_is_not_one_json_object_is_refused),
        cmocka_unit_test(paths_ids_methods_and_parameters_are_checked),
        cmocka_unit_test(a_body_may_be_so_large),
        cmocka_unit_test(ambiguous_framing_is_refused_and_closes),
        cmocka_unit_test(every_route_and_every_code_was_seen),
    };
    return cmocka_run_group_tests_name("routes", tests, people, NULL);
}

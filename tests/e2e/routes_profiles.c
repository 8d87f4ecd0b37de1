/* routes_profiles.c - clients, freelancers, search; what other services know of them. */
#include "tests/e2e/routes_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/pg.h"
#include "tests/unit/spec.h"

void profiles_appear_by_themselves(void **state)
{
    (void)state;
    await_found(NULL, at("/api/clients/", ana.id, "/"));
    assert_int_equal(http_number("version"), 1);
    await_found(NULL, at("/api/freelancers/", ben.id, "/"));
    await_found(NULL, at("/api/clients/", eve.id, "/"));
    await_found(NULL, at("/api/freelancers/", eve.id, "/"));
    http_ask(NULL, "GET", at("/api/clients/", ben.id, "/"), NULL, "", 404);
    http_ask(NULL, "GET", at("/api/freelancers/", ana.id, "/"), NULL, "", 404);
    http_ask(NULL, "GET", "/api/clients/?page_size=1", NULL, "", 200);
    assert_int_equal(json_array_size(json_object_get(answer.json, "results")), 1);
}

/* Its tag has a hash behind the version: what is summed up changes without it. */
void a_client_profile_is_its_owners_to_change(void **state)
{
    (void)state;
    char header[128];
    const char *path = at("/api/clients/", ana.id, "/");
    await_found(NULL, path);
    (void)snprintf(header, sizeof(header), "If-Match: %s\r\n", http_header("ETag"));
    assert_non_null(strchr(header, '-'));
    http_ask(&ana, "PATCH", path, "{\"company\":\"Logs Ltd\"}", header, 200);
    assert_string_equal(http_text("company"), "Logs Ltd");
    assert_int_equal(http_number("version"), 2);
    assert_memory_equal(http_header("ETag"), "\"2-", 3);
    http_ask(&ana, "PATCH", path, "{\"about\":\"x\"}", header, 412);
    http_refused("version_mismatch");
    http_ask(&ana, "PATCH", path, "{\"about\":\"x\"}", "If-Match: \"2\"\r\n", 200);
    (void)snprintf(header, sizeof(header), "If-None-Match: %s\r\n", http_header("ETag"));
    http_ask(NULL, "GET", path, NULL, header, HTTP_ANY); /* 200 when the name just came */
    assert_true(answer.status == 304 || answer.status == 200);
    http_ask(&ana, "PATCH", path, "{\"colour\":\"red\"}", "", 400);
    http_field_error("colour", "unknown");
    http_ask(&eve, "PATCH", path, "{\"company\":\"Mine\"}", "", 403);
    http_refused("not_the_owner");
}

void a_client_lists_all_its_jobs(void **state)
{
    (void)state;
    char job[40];
    post_job(&ana, job);
    http_ask(&ana, "POST", at("/api/jobs/", job, "/close/"), NULL, "", 200);
    http_ask(NULL, "GET", at("/api/clients/", ana.id, "/jobs/"), NULL, after_that(), 200);
    assert_string_equal(http_text("results.0.id"), job);
    assert_string_equal(http_text("results.0.status"), "closed");
    http_ask(NULL, "GET", at("/api/clients/", ben.id, "/jobs/"), NULL, "", 200);
    assert_int_equal(json_array_size(json_object_get(answer.json, "results")), 0);
}

/* A word that no other run has. */
static const char *word_of(const struct person *who)
{
    static char word[16];
    (void)snprintf(word, sizeof(word), "xq");
    for (size_t i = 0; i < 12; i++) { /* the end of the id is random */
        char c = who->id[24 + i];
        word[2 + i] = (char)(c <= '9' ? 'k' + (c - '0') : c);
    }
    word[14] = '\0';
    return word;
}

void a_freelancer_profile_is_its_owners_to_change(void **state)
{
    (void)state;
    char body[256];
    const char *path = at("/api/freelancers/", ben.id, "/");
    await_found(NULL, path);
    (void)snprintf(body, sizeof(body),
                   "{\"headline\":\"Reads %s\",\"skills\":[\"C\",\"%s\"],\"available\":true,"
                   "\"hourly_rate\":{\"amount\":9000,\"currency\":\"EUR\"}}",
                   word_of(&ben), word_of(&ben));
    http_ask(&ben, "PATCH", path, body, "If-Match: \"1\"\r\n", 200);
    assert_int_equal(http_number("hourly_rate.amount"), 9000);
    http_ask(&ben, "PATCH", path, body, "If-Match: \"1\"\r\n", 412);
    http_ask(&cleo, "PATCH", path, "{\"available\":false}", "", 403);
    http_refused("not_the_owner");
    http_ask(&ana, "PATCH", at("/api/freelancers/", ana.id, "/"), "{\"available\":false}", "", 404);
    http_refused("not_found"); /* no freelancer */
}

static void expect_freelancers(const char *filters, size_t n)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "/api/freelancers/?skill=%s%s", word_of(&ben), filters);
    http_ask(NULL, "GET", path, NULL, "", 200);
    assert_int_equal(json_array_size(json_object_get(answer.json, "results")), n);
}

void freelancers_are_found(void **state)
{
    (void)state;
    expect_freelancers("", 1);
    assert_string_equal(http_text("results.0.id"), ben.id);
    expect_freelancers("&skill=c", 1);
    expect_freelancers("&skill=cobol", 0);
    expect_freelancers(at("&q=reads+", word_of(&ben), ""), 1);
    expect_freelancers("&q=writes", 0);
    expect_freelancers("&max_rate=9000&currency=EUR", 1);
    expect_freelancers("&max_rate=8999&currency=EUR", 0);
    expect_freelancers("&max_rate=9000&currency=USD", 0);
    expect_freelancers("&currency=EUR", 1);
    expect_freelancers("&currency=USD", 0);
}

void a_freelancer_follows_its_applications(void **state)
{
    (void)state;
    char job[40], application[40], contract[40];
    const char *path = at("/api/freelancers/", ben.id, "/applications/");
    post_job(&ana, job);
    apply_for(&ben, job, application);
    http_ask(&ben, "GET", path, NULL, after_that(), 200);
    assert_string_equal(http_text("results.0.id"), application);
    assert_string_equal(http_text("results.0.history.0.status"), "submitted");
    hire(&ana, application, 201);
    keep_id(contract);
    http_ask(&ben, "GET", path, NULL, after_that(), 200);
    assert_string_equal(http_text("results.0.history.1.status"), "accepted");
    http_ask(&cleo, "GET", path, NULL, "", 403);
    http_refused("not_the_owner");
    http_ask(&ana, "POST", at("/api/contracts/", contract, "/complete/"), NULL, "", 200);
    http_ask(NULL, "GET", at("/api/freelancers/", ben.id, "/history/"), NULL, after_that(), 200);
    assert_string_equal(http_text("results.0.id"), contract);
}

/* Hirelog-After may name any service: what the table read has from there is waited for. */
void a_read_waits_for_what_another_service_tells(void **state)
{
    (void)state;
    char job[40];
    const char *path = at("/api/clients/", ana.id, "/");
    post_job(&ana, job);
    http_ask(NULL, "GET", path, NULL, after_that(), 200);
    int64_t before = http_number("jobs_posted");
    for (int64_t i = 1; i <= 5; i++) {
        post_job(&ana, job);
        http_ask(NULL, "GET", path, NULL, after_that(), 200);
        assert_int_equal(http_number("jobs_posted"), before + i);
    }
    http_ask(NULL, "GET", path, NULL,
             "Hirelog-After: job/0:999999999,payment/1:3\r\nPrefer: wait=0\r\n", 503);
    http_refused("unavailable");
    http_ask(NULL, "GET", path, NULL, "Hirelog-After: messaging/0:999999999\r\nPrefer: wait=0\r\n",
             200);
}

static void post_found(const char *title, const char *text, int amount)
{
    char body[512];
    (void)snprintf(body, sizeof(body),
                   "{\"title\":\"%s\",\"description\":\"%s\",\"skills\":[\"C\",\"%s\"],"
                   "\"budget\":{\"amount\":%d,\"currency\":\"CHF\"}}",
                   title, text, word_of(&eve), amount);
    http_ask(&eve, "POST", "/api/jobs/create/", body, "", 201);
}

/* A position covers its partition: the jobs of a search lie in several. */
static void also_after(char all[512])
{
    size_t len = strlen(all);
    (void)snprintf(all + len, 512 - len, "%s%s", len ? "," : "", http_header("Hirelog-Position"));
}

static void expect_jobs(const char *filters, size_t n)
{
    http_ask(NULL, "GET", at("/api/jobs/?", filters, ""), NULL, "", 200);
    assert_int_equal(json_array_size(json_object_get(answer.json, "results")), n);
}

void jobs_are_found_best_first(void **state)
{
    (void)state;
    char word[16], path[512], seen[3][40], best[40], all[512] = "", after[600];
    (void)snprintf(word, sizeof(word), "%s", word_of(&eve));
    post_found(word, word, 100);
    keep_id(best); /* the oldest, but the word is in its title, too */
    also_after(all);
    post_found("Something", word, 200);
    also_after(all);
    post_found("Something else", word, 300);
    also_after(all);
    (void)snprintf(after, sizeof(after), "Hirelog-After: %s\r\nPrefer: wait=10\r\n", all);
    http_ask(NULL, "GET", at("/api/jobs/?q=", word, ""), NULL, after, 200);
    assert_int_equal(json_array_size(json_object_get(answer.json, "results")), 3);
    assert_string_equal(http_text("results.0.id"), best);
    (void)snprintf(path, sizeof(path), "/api/jobs/?page_size=1&q=%s", word);
    for (size_t i = 0; i < 3; i++) {
        http_ask(NULL, "GET", path, NULL, "", 200);
        (void)snprintf(seen[i], sizeof(seen[i]), "%s", http_text("results.0.id"));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(seen[i], seen[k]);
        if (i < 2)
            (void)snprintf(path, sizeof(path), "%s", http_text("next"));
    }
    assert_true(json_is_null(json_object_get(answer.json, "next")));
    for (size_t i = 2; i-- > 0;) {
        (void)snprintf(path, sizeof(path), "%s", http_text("previous"));
        http_ask(NULL, "GET", path, NULL, "", 200);
        assert_string_equal(http_text("results.0.id"), seen[i]);
    }
    char skill[64];
    (void)snprintf(skill, sizeof(skill), "skill=%s", word);
    expect_jobs(skill, 3);
    expect_jobs(at(skill, "&skill=c", "&q=else"), 1);
    expect_jobs(at(skill, "&min_budget=200", "&currency=CHF"), 2);
    expect_jobs(at(skill, "&min_budget=200&max_budget=299", "&currency=CHF"), 1);
    expect_jobs(at(skill, "&max_budget=300", "&currency=EUR"), 0);
    expect_jobs(at(skill, "&currency=CHF", ""), 3);
    expect_jobs(at(skill, "&currency=EUR", ""), 0);
    expect_jobs(at(skill, "&status=closed", ""), 0);
    expect_jobs(at(skill, "&client_id=", eve.id), 3);
    expect_jobs(at(skill, "&client_id=", ana.id), 0);
}

static const char *cursor_of_next(void)
{
    return strstr(http_text("next"), "cursor=") + strlen("cursor=");
}

void a_cursor_belongs_to_its_kind_of_list(void **state)
{
    (void)state;
    char plain[128], ranked[128];
    http_ask(NULL, "GET", "/api/jobs/?page_size=1", NULL, "", 200);
    (void)snprintf(plain, sizeof(plain), "%s", cursor_of_next());
    http_ask(NULL, "GET", "/api/jobs/?page_size=1&skill=c", NULL, "", 200);
    (void)snprintf(ranked, sizeof(ranked), "%s", cursor_of_next());
    http_ask(NULL, "GET", at("/api/jobs/?skill=c&cursor=", plain, ""), NULL, "", 400);
    http_field_error("cursor", "format");
    http_ask(NULL, "GET", at("/api/jobs/?cursor=", ranked, ""), NULL, "", 400);
    http_field_error("cursor", "format");
    http_ask(NULL, "GET", at("/api/freelancers/?cursor=", plain, ""), NULL, "", 400);
    http_field_error("cursor", "format");
}

void filters_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *path, *field, *code;
    } cases[] = {
        {"/api/jobs/?q=",                         "q",          "length"  },
        {"/api/jobs/?q=a%0Ab",                    "q",          "format"  },
        {"/api/jobs/?skill=",                     "skill",      "length"  },
        {"/api/jobs/?min_budget=1",               "currency",   "required"},
        {"/api/jobs/?min_budget=x&currency=EUR",  "min_budget", "range"   },
        {"/api/jobs/?max_budget=1&currency=EURO", "currency",   "format"  },
        {"/api/jobs/?max_rate=1",                 "max_rate",   "unknown" },
        {"/api/freelancers/?max_rate=1",          "currency",   "required"},
        {"/api/freelancers/?status=open",         "status",     "unknown" },
        {"/api/clients/?q=x",                     "q",          "unknown" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        http_ask(NULL, "GET", cases[i].path, NULL, "", 400);
        http_field_error(cases[i].field, cases[i].code);
    }
    http_ask(&ana, "GET", "/api/messages/", NULL, "", 400);
    http_field_error("thread", "required");
    http_ask(&ana, "GET", "/api/messages/?thread=x", NULL, "", 400);
    http_field_error("thread", "format");
    /* what would be syntax elsewhere is only text here */
    http_ask(NULL, "GET", "/api/jobs/?q=%27%22%3A%26%7C%21%28%29%5C%2A+-+%22", NULL, "", HTTP_ANY);
    assert_true(answer.status == 200);
    http_ask(NULL, "GET",
             "/api/freelancers/?q=%27%22%3A%26%7C%21%28%29%5C%2A+-+%22&skill=%7B%22%2C%7D", NULL,
             "", 200);
}

static void sql(const char *text)
{
    static struct pg *pg;
    struct err err;
    if (!pg && pg_open(&(struct pg_options){.conninfo = getenv("HIRELOG_PG")}, &pg, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    if (pg_script(pg, text, &err) != ERR_OK)
        fail_msg("%s", err.msg);
}

#define LIVE_JOB                                                                   \
    "SELECT set_config('search_path', 'hirelog_job_g' || generation, false) FROM " \
    "hirelog_job.control;"

static void park(const char *id)
{
    char text[512];
    (void)snprintf(text, sizeof(text),
                   LIVE_JOB
                   "INSERT INTO parked (projection, partition, \"offset\", aggregate_id, "
                   "event_type, value, at) VALUES ('events', 0, -1, '%s', 'JobEdited', '', now())",
                   id);
    sql(text);
}

static void unpark(void)
{
    sql(LIVE_JOB "DELETE FROM parked WHERE \"offset\" = -1");
}

/* P2: a person has to look at it first. */
void what_is_parked_is_not_shown(void **state)
{
    (void)state;
    char job[40];
    post_job(&ana, job);
    park(job);
    http_ask(NULL, "GET", at("/api/jobs/", job, "/"), NULL, "", 409);
    http_refused("parked");
    unpark();
    http_ask(NULL, "GET", at("/api/jobs/", job, "/"), NULL, "", 200);
}

/* Its first event waits: the view has no row, but 404 would be wrong. */
void what_is_parked_is_not_called_absent(void **state)
{
    (void)state;
    static const char unseen[] = "5eed5eed-0000-4000-8000-000000000001";
    park(unseen);
    http_ask(&ben, "POST", at("/api/applications/", unseen, "/withdraw/"), "{}", "", 409);
    http_refused("parked");
    http_ask(&ana, "GET", at("/api/jobs/", unseen, "/applications/"), NULL, "", 409);
    http_refused("parked");
    unpark();
    http_ask(&ben, "POST", at("/api/applications/", unseen, "/withdraw/"), "{}", "", 404);
    http_ask(&ana, "GET", at("/api/jobs/", unseen, "/applications/"), NULL, "", 404);
}

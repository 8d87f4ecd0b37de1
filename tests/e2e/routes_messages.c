/* routes_messages.c - threads of two people. */
#include "tests/e2e/routes_parts.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/spec.h"

#define CREATE "/api/messages/create/"

static void send_to(const struct person *from, const char *to, const char *job, int expected)
{
    char body[256];
    (void)snprintf(body, sizeof(body), "{\"to\":\"%s\",\"body\":\"Hello\"%s%s%s}", to,
                   job ? ",\"job_id\":\"" : "", job ? job : "", job ? "\"" : "");
    http_ask(from, "POST", CREATE, body, "", expected);
}

static int64_t unread(const struct person *who, const char *thread)
{
    http_ask(who, "GET", at("/api/threads/", thread, "/"), NULL, "", 200);
    return http_number("unread");
}

void two_people_write_to_each_other(void **state)
{
    (void)state;
    char job[40], thread[40], other[40], message[40], body[128];
    post_job(&ana, job);
    send_to(&ana, ben.id, job, 201);
    keep_id(message);
    (void)snprintf(thread, sizeof(thread), "%s", http_text("thread_id"));
    assert_string_equal(http_header("Location"), at("/api/messages/", message, "/"));
    assert_string_equal(http_text("sender_id"), ana.id);
    assert_string_equal(http_text("recipient_id"), ben.id);
    http_ask(&ben, "GET", at("/api/messages/", message, "/"), NULL, "", 200);
    send_to(&ben, ana.id, job, 201);
    assert_string_equal(http_text("thread_id"), thread); /* of the pair and the job */
    send_to(&ben, ana.id, NULL, 201);
    (void)snprintf(other, sizeof(other), "%s", http_text("thread_id"));
    assert_string_not_equal(other, thread);
    send_to(&ana, ben.id, job, 201);
    http_ask(&ben, "GET", at("/api/messages/?thread=", thread, ""), NULL, "", 200);
    assert_int_equal(json_array_size(json_object_get(answer.json, "results")), 3);
    assert_string_equal(http_text("results.2.id"), message);
    assert_int_equal(unread(&ben, thread), 2);
    assert_int_equal(unread(&ana, thread), 1);
    (void)snprintf(body, sizeof(body), "{\"up_to\":\"%s\"}", http_text("last_message_at"));
    http_ask(&ben, "POST", at("/api/threads/", thread, "/read/"), body, "", 200);
    assert_int_equal(http_number("unread"), 0);
    assert_int_equal(unread(&ana, thread), 1); /* each reader has an own mark */
    http_ask(&ben, "GET", "/api/threads/", NULL, "", 200);
    assert_string_equal(http_text("results.0.id"), other);
    assert_string_equal(http_text("results.1.id"), thread);
    assert_int_equal(http_number("results.1.unread"), 0);
}

void a_thread_is_not_for_strangers(void **state)
{
    (void)state;
    char thread[40], message[40];
    send_to(&ana, ben.id, NULL, 201);
    keep_id(message);
    (void)snprintf(thread, sizeof(thread), "%s", http_text("thread_id"));
    http_ask(&eve, "GET", at("/api/messages/?thread=", thread, ""), NULL, "", 403);
    http_refused("not_a_party");
    http_ask(&eve, "GET", at("/api/threads/", thread, "/"), NULL, "", 403);
    http_refused("not_a_party");
    http_ask(&eve, "GET", at("/api/messages/", message, "/"), NULL, "", 403);
    http_refused("not_a_party");
    http_ask(&eve, "POST", at("/api/threads/", thread, "/read/"),
             "{\"up_to\":\"2026-01-01T00:00:00Z\"}", "", 403);
    http_refused("not_a_party");
    http_ask(&eve, "GET", "/api/threads/", NULL, "", 200);
    assert_int_equal(json_array_size(json_object_get(answer.json, "results")), 0);
    http_ask(&ana, "GET", "/api/messages/?thread=" NOBODY, NULL, "", 404);
    http_ask(&ana, "GET", "/api/threads/" NOBODY "/", NULL, "", 404);
    http_ask(&ana, "POST", "/api/threads/" NOBODY "/read/", "{\"up_to\":\"2026-01-01T00:00:00Z\"}",
             "", 404);
}

void a_message_needs_somebody_else(void **state)
{
    (void)state;
    char path[256];
    send_to(&ana, NOBODY, NULL, 404);
    http_refused("not_found");
    send_to(&ana, ana.id, NULL, 409);
    http_refused("own_message");
    http_ask(&ana, "POST", CREATE, "{\"to\":\"x\"}", "", 400);
    http_field_error("to", "format");
    http_field_error("body", "required");
    http_ask(&ana, "POST", CREATE, at("{\"body\":\"Later\",\"to\":\"", ben.id, "\"}"),
             "Prefer: respond-async\r\n", 202);
    (void)snprintf(path, sizeof(path), "%s", http_header("Location"));
    do
        http_ask(&ana, "GET", path, NULL, "", 200);
    while (strcmp(http_text("status"), "pending") == 0);
    (void)snprintf(path, sizeof(path), "%s", http_text("location"));
    http_ask(&ana, "GET", path, NULL, "", 200); /* the message, though the event is the thread's */
    assert_string_equal(http_text("body"), "Later");
}

/* The headers of events: what catch-up reads is what the lane wrote, and nothing else passes. */
#include "tests/unit/spec.h"

#include <string.h>

#include "consumers/event_header.h"
#include "schemas/records.h"

static const struct uuid ID = {
    {1, 2, 3, 4}
};
static const struct uuid AGGREGATE = {{9}};
static struct err err;

static struct command_rejected *event(void)
{
    static struct command_rejected e;
    e = (struct command_rejected){
        .meta = {.event_id = ID, .aggregate_id = AGGREGATE}
    };
    return &e;
}

static rd_kafka_headers_t *headers(const struct event_origin *o, const char *traceparent)
{
    return event_headers_new((struct record){&type_command_rejected, event()}, "/hirelog/job", o,
                             traceparent);
}

static const char *text_of(const rd_kafka_headers_t *h, const char *name)
{
    const void *value;
    size_t len;
    assert_int_equal(rd_kafka_header_get_last(h, name, &value, &len), 0);
    return value;
}

static void an_event_carries_cloudevents_and_its_origin(void **state)
{
    (void)state;
    struct event_origin o = {.command_offset = 41, .i = 2, .n = 3, .has_digest = true};
    memset(o.digest, 0xab, sizeof(o.digest));
    rd_kafka_headers_t *h = headers(&o, "00-aa-bb-01");
    assert_string_equal(text_of(h, "ce_specversion"), "1.0");
    assert_string_equal(text_of(h, "ce_id"), "01020304-0000-0000-0000-000000000000");
    assert_string_equal(text_of(h, "ce_type"), "hirelog.CommandRejected");
    assert_string_equal(text_of(h, "ce_source"), "/hirelog/job");
    assert_string_equal(text_of(h, "ce_time"), "1970-01-01T00:00:00.000000Z");
    assert_string_equal(text_of(h, "ce_subject"), "09000000-0000-0000-0000-000000000000");
    assert_string_equal(text_of(h, "content-type"), "application/avro");
    assert_string_equal(text_of(h, "command"), "41;2/3");
    assert_int_equal(strlen(text_of(h, "digest")), 64);
    assert_string_equal(text_of(h, "traceparent"), "00-aa-bb-01");
    rd_kafka_headers_destroy(h);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct event_origin o = {.command_offset = 1LL << 40, .i = 1000, .n = 1003, .has_digest = true};
    struct event_origin read;
    struct uuid id;
    char traceparent[TRACEPARENT_MAX];
    for (size_t i = 0; i < DIGEST_LEN; i++)
        o.digest[i] = (uint8_t)(i * 37);
    rd_kafka_headers_t *h = headers(&o, "");
    assert_int_equal(event_origin_read(h, 7, &read, &err), ERR_OK);
    assert_int_equal(read.command_offset, o.command_offset);
    assert_int_equal(read.i, 1000);
    assert_int_equal(read.n, 1003);
    assert_true(read.has_digest);
    assert_memory_equal(read.digest, o.digest, DIGEST_LEN);
    assert_int_equal(event_id_read(h, 7, &id, &err), ERR_OK);
    assert_true(uuid_equal(&id, &ID));
    traceparent_read(h, traceparent);
    assert_string_equal(traceparent, "");
    rd_kafka_headers_destroy(h);
}

static void other_command_headers_are_corrupt(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",       "7",      "7;1",   "7;1/",  "7;0/1",  "7;2/1",
        "-1;1/1", "7;1/1x", "7 1 1", "x;1/1", " 7;1/1", "7;+1/1",
    };
    struct event_origin o;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        rd_kafka_headers_t *h = rd_kafka_headers_new(1);
        rd_kafka_header_add(h, "command", -1, bad[i], -1);
        assert_int_equal(event_origin_read(h, 7, &o, &err), ERR_CORRUPT);
        assert_non_null(strstr(err.msg, "event 7"));
        rd_kafka_headers_destroy(h);
    }
    assert_int_equal(event_origin_read(NULL, 7, &o, &err), ERR_CORRUPT);
}

static void a_traceparent_that_is_too_long_is_dropped(void **state)
{
    (void)state;
    char traceparent[TRACEPARENT_MAX], longer[2 * TRACEPARENT_MAX] = {0};
    memset(longer, 'a', sizeof(longer) - 1);
    rd_kafka_headers_t *h = rd_kafka_headers_new(1);
    rd_kafka_header_add(h, "traceparent", -1, longer, -1);
    traceparent_read(h, traceparent);
    assert_string_equal(traceparent, "");
    rd_kafka_headers_destroy(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_carries_cloudevents_and_its_origin),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(other_command_headers_are_corrupt),
        cmocka_unit_test(a_traceparent_that_is_too_long_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

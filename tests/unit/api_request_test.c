/*
 * api_request_test.c - header fields and framing (RULES 30), told by a connection that the test
 * plays. LDFLAGS: -Wl,--wrap=MHD_get_connection_values_n
 */
#include "tests/unit/spec.h"

#include <string.h>

#include "api/request.h"

#define FIELDS_MAX 128

/* What the connection says it has got. */
static struct {
    const char *name, *value;
} fields[FIELDS_MAX];
static size_t n_fields;
static struct request rq;

int __wrap_MHD_get_connection_values_n(struct MHD_Connection *connection,
                                       enum MHD_ValueKind kind,
                                       MHD_KeyValueIteratorN iterator,
                                       void *cls);
int __wrap_MHD_get_connection_values_n(struct MHD_Connection *connection,
                                       enum MHD_ValueKind kind,
                                       MHD_KeyValueIteratorN iterator,
                                       void *cls)
{
    (void)connection;
    for (size_t i = 0; i < n_fields; i++)
        if (iterator(cls, kind, fields[i].name, strlen(fields[i].name), fields[i].value,
                     strlen(fields[i].value)) != MHD_YES)
            return (int)i + 1;
    return (int)n_fields;
}

static void field(const char *name, const char *value)
{
    assert_true(n_fields < FIELDS_MAX);
    fields[n_fields].name = name;
    fields[n_fields++].value = value;
}

static int fresh(void **state)
{
    (void)state;
    arena_release(&rq.arena);
    strbuf_release(&rq.body);
    rq = (struct request){.method = "GET"};
    n_fields = 0;
    return 0;
}

static void refused_as(unsigned status, const char *version)
{
    assert_false(request_headers(&rq, version));
    assert_int_equal(rq.reply.status, status);
    assert_true(rq.reply.close);
}

static void refused(const char *version)
{
    refused_as(400, version);
}

static void fields_are_found_in_any_case(void **state)
{
    (void)state;
    field("host", "a");
    field("CONTENT-LENGTH", "12");
    field("idempotency-key", "k");
    field("X-Other", "1");
    assert_true(request_headers(&rq, "HTTP/1.1"));
    assert_string_equal(rq.headers.content_length, "12");
    assert_string_equal(rq.headers.idempotency_key, "k");
    assert_null(rq.headers.authorization);
}

static void lists_are_joined(void **state)
{
    (void)state;
    field("Host", "a");
    field("Prefer", "wait=3");
    field("prefer", "respond-async");
    field("If-None-Match", "\"1\"");
    field("If-None-Match", "\"2\"");
    assert_true(request_headers(&rq, "HTTP/1.1"));
    assert_string_equal(rq.headers.prefer, "wait=3, respond-async");
    assert_string_equal(rq.headers.if_none_match, "\"1\", \"2\"");
}

static void what_may_stand_once_is_refused_twice(void **state)
{
    static const char *const names[] = {"Host",         "Content-Length",  "Transfer-Encoding",
                                        "Content-Type", "Idempotency-Key", "Authorization"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        fresh(state);
        if (i > 0)
            field("Host", "a");
        field(names[i], "1");
        field(names[i], "1");
        refused("HTTP/1.1");
    }
}

static void a_body_ends_in_one_way_only(void **state)
{
    static const struct {
        const char *length, *encoding, *version;
        bool ok;
    } cases[] = {
        {"2",    NULL,            "HTTP/1.1", true },
        {NULL,   "chunked",       "HTTP/1.1", true },
        {NULL,   "Chunked",       "HTTP/1.1", true },
        {"2",    "chunked",       "HTTP/1.1", false},
        {"",     NULL,            "HTTP/1.1", false},
        {"-1",   NULL,            "HTTP/1.1", false},
        {"+1",   NULL,            "HTTP/1.1", false},
        {"0x10", NULL,            "HTTP/1.1", false},
        {"2, 2", NULL,            "HTTP/1.1", false},
        {NULL,   "gzip",          "HTTP/1.1", false},
        {NULL,   "gzip, chunked", "HTTP/1.1", false},
        {NULL,   "chunked",       "HTTP/1.0", false},
        {"2",    NULL,            "HTTP/1.0", true },
        {"2",    NULL,            "HTTP/2.0", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        fresh(state);
        field("Host", "a");
        if (cases[i].length)
            field("Content-Length", cases[i].length);
        if (cases[i].encoding)
            field("Transfer-Encoding", cases[i].encoding);
        if (cases[i].ok)
            assert_true(request_headers(&rq, cases[i].version));
        else
            refused(cases[i].version);
    }
}

static void blanks_around_a_value_are_not_part_of_it(void **state)
{
    (void)state;
    field("Host", "a \t");
    field("Authorization", "Bearer x \t");
    field("If-Match", " \t ");
    assert_true(request_headers(&rq, "HTTP/1.1"));
    assert_string_equal(rq.headers.host, "a");
    assert_string_equal(rq.headers.authorization, "Bearer x");
    assert_string_equal(rq.headers.if_match, "");
}

static void two_traces_are_none(void **state)
{
    (void)state;
    field("Host", "a");
    field("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    field("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert_true(request_headers(&rq, "HTTP/1.1"));
    assert_string_equal(rq.headers.traceparent, "");
}

static void what_nobody_can_meet_is_not_promised(void **state)
{
    static const struct {
        const char *expect, *version;
        bool ok;
    } cases[] = {
        {"100-continue",           "HTTP/1.1", true },
        {" , 100-CONTINUE,",       "HTTP/1.1", true },
        {"",                       "HTTP/1.1", true },
        {"miracles",               "HTTP/1.1", false},
        {"100-continue, miracles", "HTTP/1.2", false},
        {"miracles",               "HTTP/1.0", true },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        fresh(state);
        field("Host", "a");
        field("Expect", cases[i].expect);
        if (cases[i].ok)
            assert_true(request_headers(&rq, cases[i].version));
        else
            refused_as(417, cases[i].version);
    }
}

static void http_1_1_names_its_host(void **state)
{
    refused("HTTP/1.1");
    fresh(state);
    assert_true(request_headers(&rq, "HTTP/1.0"));
}

static void odd_names_and_values_are_refused(void **state)
{
    static const struct {
        const char *name, *value;
    } cases[] = {
        {"Content-Length ", "2"    },
        {"Bad Name",        "x"    },
        {"",                "x"    },
        {"N\xc3\xa4me",     "x"    },
        {"X",               "a\x01"},
        {"X",               "a\rb" },
        {"X",               "a\x7f"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        fresh(state);
        field("Host", "a");
        field(cases[i].name, cases[i].value);
        refused("HTTP/1.1");
    }
}

static void too_many_fields_are_refused(void **state)
{
    (void)state;
    field("Host", "a");
    for (int i = 0; i < 64; i++)
        field("X", "1");
    refused_as(431, "HTTP/1.1");
}

static void a_body_is_kept_up_to_its_limit(void **state)
{
    (void)state;
    static char piece[BODY_MAX];
    request_body_add(&rq, piece, BODY_MAX - 1);
    request_body_add(&rq, piece, 1);
    assert_false(rq.body_too_large);
    assert_int_equal(rq.body.len, BODY_MAX);
    request_body_add(&rq, piece, 1);
    assert_true(rq.body_too_large);
    request_body_add(&rq, piece, 1);
    assert_int_equal(rq.body.len, BODY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fields_are_found_in_any_case, fresh, fresh),
        cmocka_unit_test_setup_teardown(lists_are_joined, fresh, fresh),
        cmocka_unit_test_setup_teardown(what_may_stand_once_is_refused_twice, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_body_ends_in_one_way_only, fresh, fresh),
        cmocka_unit_test_setup_teardown(blanks_around_a_value_are_not_part_of_it, fresh, fresh),
        cmocka_unit_test_setup_teardown(two_traces_are_none, fresh, fresh),
        cmocka_unit_test_setup_teardown(what_nobody_can_meet_is_not_promised, fresh, fresh),
        cmocka_unit_test_setup_teardown(http_1_1_names_its_host, fresh, fresh),
        cmocka_unit_test_setup_teardown(odd_names_and_values_are_refused, fresh, fresh),
        cmocka_unit_test_setup_teardown(too_many_fields_are_refused, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_body_is_kept_up_to_its_limit, fresh, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

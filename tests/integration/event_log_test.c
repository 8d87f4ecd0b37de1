/* The event log against a real broker: all or none, one writer, what is refused, what is
 * compressed. */
#include "tests/unit/spec.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/manifest.h"
#include "ops/runtime/arena.h"
#include "ops/runtime/timeutil.h"
#include "producers/event_log.h"

#define API_FETCH    1
#define DEADLINE_US  (30 * INT64_C(1000000))
#define SMALL_MAX    20000 /* bytes of a record on the topics of these tests */
#define CLIENT_MAX   1100000
#define RECORDS_MAX  32
#define TIMESTAMP_MS INT64_C(1767225600000)

static struct config config;
static rd_kafka_t *admin;
static struct arena arena;

/* ---- one topic per test ---- */

static char service[64]; /* stands for a service of its own */
static char topic[TOPIC_NAME_MAX];

static void ignore_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk, (void)m, (void)opaque;
}

static int group_begin(void **state)
{
    (void)state;
    struct strbuf problems;
    struct err err;
    strbuf_init(&problems);
    if (config_load(getenv("HIRELOG_CONFIG"), service_names, &config, &problems, &err) != ERR_OK) {
        print_error("HIRELOG_CONFIG: %s\n%s", err.msg, strbuf_cstr(&problems));
        return -1;
    }
    strbuf_release(&problems);
    if (kafka_producer_open(&config, NULL, ignore_delivery, NULL, &admin, &err) == ERR_OK)
        return 0;
    print_error("%s\n", err.msg);
    return -1;
}

static int group_end(void **state)
{
    (void)state;
    kafka_producer_close(admin);
    return 0;
}

/* Not by kafka_topics_create: records must be refused by the broker that librdkafka lets pass. */
static void create_topic(void)
{
    char why[256];
    char max[16];
    snprintf(max, sizeof(max), "%d", SMALL_MAX);
    rd_kafka_NewTopic_t *t = rd_kafka_NewTopic_new(topic, 1, 1, why, sizeof(why));
    assert_non_null(t);
    rd_kafka_NewTopic_set_config(t, "max.message.bytes", max);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(admin);
    rd_kafka_CreateTopics(admin, &t, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 30000);
    assert_non_null(event);
    assert_int_equal(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(t);
}

static int begin(void **state)
{
    (void)state;
    struct uuid id = uuid_v7(time_now_us());
    char text[UUID_TEXT_LEN + 1];
    uuid_format(&id, text);
    snprintf(service, sizeof(service), "log-%s", text);
    service_event_topic(config.topic_prefix, service, topic);
    arena_init(&arena);
    create_topic();
    struct err err;
    int32_t partitions = 0;
    int64_t deadline = time_monotonic_us() + DEADLINE_US;
    while (kafka_topic_partitions(admin, topic, &partitions, &err) != ERR_OK)
        if (time_monotonic_us() > deadline)
            return -1;
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* ---- writing ---- */

static struct event_log *open_log(void)
{
    struct event_log *l = NULL;
    struct err err;
    if (event_log_open(&config, service, 0, &l, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return l;
}

/* A record of one letter, repeated. */
static struct event_message record_of(char letter, size_t len)
{
    char *value = arena_alloc(&arena, len);
    memset(value, letter, len);
    struct event_message m = {
        .value = {(const uint8_t *)value, len},
        .key = uuid_nil,
        .timestamp_ms = TIMESTAMP_MS,
        .headers = rd_kafka_headers_new(1),
    };
    m.key.b[15] = (uint8_t)letter;
    rd_kafka_header_add(m.headers, "ce_type", -1, "hirelog.Test", -1);
    return m;
}

/* One letter of `letters` per record. */
static struct event_message *batch_of(const char *letters)
{
    struct event_message *m = ARENA_ARRAY(&arena, struct event_message, strlen(letters));
    for (size_t i = 0; letters[i]; i++)
        m[i] = record_of(letters[i], 8);
    return m;
}

static void append(struct event_log *l, struct event_message *m, size_t n)
{
    struct err err;
    if (event_log_append(l, m, n, &err) != ERR_OK)
        fail_msg("%s", err.msg);
}

/* Returns the first offset. */
static int64_t write_batch(struct event_log *l, const char *letters)
{
    struct event_message *m = batch_of(letters);
    size_t n = strlen(letters), index;
    struct err err;
    append(l, m, n);
    if (event_log_commit(l, &index, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 1; i < n; i++)
        assert_true(m[i].offset > m[i - 1].offset);
    return m[0].offset;
}

/* ---- reading ---- */

static rd_kafka_t *open_reader(void)
{
    rd_kafka_t *reader = NULL;
    struct err err;
    assert_int_equal(kafka_reader_open(&config, true, 1, &reader, &err), ERR_OK);
    assert_int_equal(kafka_reader_assign(reader, topic, 0, RD_KAFKA_OFFSET_BEGINNING, &err),
                     ERR_OK);
    return reader;
}

/* Until the end of the partition; at most RECORDS_MAX messages, caller's. */
static size_t read_all(rd_kafka_t *reader, rd_kafka_message_t *ret[RECORDS_MAX])
{
    size_t n = 0;
    int64_t deadline = time_monotonic_us() + DEADLINE_US;
    while (time_monotonic_us() < deadline) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, 1000);
        if (!m)
            continue;
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            rd_kafka_message_destroy(m);
            return n;
        }
        assert_int_equal(m->err, RD_KAFKA_RESP_ERR_NO_ERROR);
        assert_true(n < RECORDS_MAX);
        ret[n++] = m;
    }
    fail_msg("no end of the partition");
    return 0;
}

/* The first letters of all records that a reader of committed ones sees, in order. */
static const char *committed_letters(void)
{
    rd_kafka_message_t *m[RECORDS_MAX];
    rd_kafka_t *reader = open_reader();
    size_t n = read_all(reader, m);
    char *letters = arena_alloc(&arena, n + 1);
    for (size_t i = 0; i < n; i++) {
        letters[i] = *(const char *)m[i]->payload;
        rd_kafka_message_destroy(m[i]);
    }
    kafka_consumer_close(reader);
    return letters;
}

/* ---- what the log promises ---- */

static void committed_batches_are_there_in_order(void **state)
{
    (void)state;
    owned(event_log_free) struct event_log *l = open_log();
    assert_int_equal(write_batch(l, "abc"), 0);
    /* A commit's marker takes an offset, before or after what the other producer writes next (RULES
     * 7). */
    assert_in_range(write_batch(l, "d"), 3, 4);
    assert_in_range(write_batch(l, "ef"), 4, 6);
    assert_string_equal(committed_letters(), "abcdef");
    assert_int_equal(event_log_renewals(l), 0);
}

static void a_record_keeps_key_time_and_headers(void **state)
{
    (void)state;
    owned(event_log_free) struct event_log *l = open_log();
    write_batch(l, "a");
    rd_kafka_message_t *m[RECORDS_MAX];
    rd_kafka_t *reader = open_reader();
    assert_int_equal(read_all(reader, m), 1);
    assert_int_equal(m[0]->key_len, UUID_TEXT_LEN);
    assert_memory_equal(m[0]->key, "00000000-0000-0000-0000-000000000061", UUID_TEXT_LEN);
    assert_int_equal(rd_kafka_message_timestamp(m[0], NULL), TIMESTAMP_MS);
    rd_kafka_headers_t *headers;
    const void *type;
    size_t len;
    assert_int_equal(rd_kafka_message_headers(m[0], &headers), 0);
    assert_int_equal(rd_kafka_header_get_last(headers, "ce_type", &type, &len), 0);
    assert_string_equal(type, "hirelog.Test");
    rd_kafka_message_destroy(m[0]);
    kafka_consumer_close(reader);
}

static void an_aborted_batch_is_never_seen(void **state)
{
    (void)state;
    owned(event_log_free) struct event_log *l = open_log();
    struct err err;
    write_batch(l, "a");
    append(l, batch_of("xyz"), 3);
    assert_int_equal(event_log_abort(l, &err), ERR_OK);
    write_batch(l, "b");
    assert_string_equal(committed_letters(), "ab");
}

static void a_second_owner_fences_the_first(void **state)
{
    (void)state;
    owned(event_log_free) struct event_log *first = open_log();
    write_batch(first, "a");
    owned(event_log_free) struct event_log *second = open_log();
    struct event_message *m = batch_of("x");
    struct err err;
    size_t index;
    enum err_code code = event_log_append(first, m, 1, &err);
    if (code == ERR_OK)
        code = event_log_commit(first, &index, &err);
    assert_int_equal(code, ERR_CONFLICT);
    write_batch(second, "b");
    assert_string_equal(committed_letters(), "ab");
}

static void a_second_owner_ends_what_the_first_began(void **state)
{
    (void)state;
    owned(event_log_free) struct event_log *first = open_log();
    struct event_message *m = batch_of("x");
    struct err err;
    size_t index;
    append(first, m, 1);
    owned(event_log_free) struct event_log *second = open_log();
    assert_int_equal(event_log_commit(first, &index, &err), ERR_CONFLICT);
    write_batch(second, "a");
    assert_string_equal(committed_letters(), "a");
}

static void check_refused(size_t len)
{
    owned(event_log_free) struct event_log *l = open_log();
    struct err err;
    size_t index = SIZE_MAX;
    write_batch(l, "a");
    struct event_message m[] = {record_of('x', 8), record_of('y', len), record_of('z', 8)};
    /* What lz4 cannot make smaller: the broker looks at the batch as it comes. */
    uint32_t *noise = ARENA_ARRAY(&arena, uint32_t, len / sizeof(uint32_t));
    for (size_t i = 0; i < len / sizeof(uint32_t); i++)
        noise[i] = (uint32_t)random();
    m[1].value = (struct bytes){(const uint8_t *)noise, len};
    append(l, m, ARRAY_SIZE(m));
    assert_int_equal(event_log_commit(l, &index, &err), ERR_INVALID);
    assert_int_equal(index, 1);
    write_batch(l, "bc");
    write_batch(l, "d");
    assert_string_equal(committed_letters(), "abcd");
}

static void a_record_that_the_broker_refuses_takes_its_batch_along(void **state)
{
    (void)state;
    check_refused(2 * SMALL_MAX);
}

static void a_record_that_the_library_refuses_takes_its_batch_along(void **state)
{
    (void)state;
    check_refused(CLIENT_MAX + 1000);
}

static void a_log_given_up_leaves_nothing_open(void **state)
{
    (void)state;
    struct event_log *l = open_log();
    append(l, batch_of("x"), 1);
    event_log_free(l);
    owned(event_log_free) struct event_log *next = open_log();
    write_batch(next, "a");
    assert_string_equal(committed_letters(), "a");
}

static void a_topic_that_does_not_exist_is_told(void **state)
{
    (void)state;
    struct event_log *l = NULL;
    struct err err;
    assert_int_equal(event_log_open(&config, "nobody", 0, &l, &err), ERR_NOT_FOUND);
    assert_int_equal(event_log_open(&config, service, 1, &l, &err), ERR_INVALID);
    assert_null(l);
}

/* ---- RULES 17: what a fetch brings is what lies on the broker's disk ---- */

static atomic_size_t fetched_bytes;

static rd_kafka_resp_err_t on_response(rd_kafka_t *rk,
                                       int sockfd,
                                       const char *broker_name,
                                       int32_t broker_id,
                                       int16_t api_key,
                                       int16_t api_version,
                                       int32_t correlation_id,
                                       size_t size,
                                       int64_t rtt,
                                       rd_kafka_resp_err_t code,
                                       void *opaque)
{
    (void)rk, (void)sockfd, (void)broker_name, (void)broker_id, (void)api_version;
    (void)correlation_id, (void)rtt, (void)code, (void)opaque;
    if (api_key == API_FETCH)
        atomic_fetch_add(&fetched_bytes, size);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t
on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *errstr, size_t errstr_size)
{
    (void)conf, (void)opaque;
    if (errstr_size > 0)
        errstr[0] = '\0';
    return rd_kafka_interceptor_add_on_response_received(rk, "fetched", on_response, NULL);
}

static rd_kafka_t *open_weighing_reader(void)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", config.brokers, why, sizeof(why));
    rd_kafka_conf_set(conf, "group.id", "hirelog.test", why, sizeof(why));
    rd_kafka_conf_set(conf, "enable.partition.eof", "true", why, sizeof(why));
    rd_kafka_conf_set(conf, "fetch.wait.max.ms", "1000", why, sizeof(why));
    rd_kafka_conf_interceptor_add_on_new(conf, "fetched", on_new, NULL);
    rd_kafka_t *reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    assert_non_null(reader);
    rd_kafka_poll_set_consumer(reader);
    struct err err;
    assert_int_equal(kafka_reader_assign(reader, topic, 0, RD_KAFKA_OFFSET_BEGINNING, &err),
                     ERR_OK);
    return reader;
}

static void batches_are_really_compressed(void **state)
{
    (void)state;
    owned(event_log_free) struct event_log *l = open_log();
    struct event_message m[8];
    size_t total = 0, index;
    struct err err;
    for (size_t i = 0; i < ARRAY_SIZE(m); i++) {
        m[i] = record_of((char)('a' + i), SMALL_MAX / 2);
        total += m[i].value.len;
    }
    append(l, m, ARRAY_SIZE(m));
    assert_int_equal(event_log_commit(l, &index, &err), ERR_OK);
    rd_kafka_message_t *got[RECORDS_MAX];
    rd_kafka_t *reader = open_weighing_reader();
    assert_int_equal(read_all(reader, got), ARRAY_SIZE(m));
    for (size_t i = 0; i < ARRAY_SIZE(m); i++) {
        assert_int_equal(got[i]->len, SMALL_MAX / 2);
        rd_kafka_message_destroy(got[i]);
    }
    kafka_consumer_close(reader);
    size_t bytes = atomic_load(&fetched_bytes);
    assert_true(bytes > 0);
    if (bytes > total / 4)
        fail_msg("%zu bytes of records came as %zu bytes", total, bytes);
}

#define LOG_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(committed_batches_are_there_in_order),
        LOG_TEST(a_record_keeps_key_time_and_headers),
        LOG_TEST(an_aborted_batch_is_never_seen),
        LOG_TEST(a_second_owner_fences_the_first),
        LOG_TEST(a_second_owner_ends_what_the_first_began),
        LOG_TEST(a_record_that_the_broker_refuses_takes_its_batch_along),
        LOG_TEST(a_record_that_the_library_refuses_takes_its_batch_along),
        LOG_TEST(a_log_given_up_leaves_nothing_open),
        LOG_TEST(a_topic_that_does_not_exist_is_told),
        LOG_TEST(batches_are_really_compressed),
    };
    return cmocka_run_group_tests_name("event log", tests, group_begin, group_end);
}

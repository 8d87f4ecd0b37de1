/* When the event log makes a producer anew and which error it tells, against librdkafka's mock
 * broker (RULES 15: it knows no isolation and no fencing; tests/integration/event_log_test.c has
 * the real ones). */
#include "tests/unit/spec.h"

#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>
/* Reads nothing itself, so it comes second. */
#include <librdkafka/rdkafka_mock.h>

#include "ops/runtime/timeutil.h"
#include "producers/event_log.h"

#define API_PRODUCE 0
#define API_END_TXN 26
#define RECORDS_N   3

static rd_kafka_t *host; /* owns the mock cluster */
static rd_kafka_mock_cluster_t *mock;
static struct config config;
static struct event_log *event_log;
static struct event_message messages[RECORDS_N];

static int begin(void **state)
{
    (void)state;
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", why, sizeof(why));
    host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!host)
        return -1;
    mock = rd_kafka_handle_mock_cluster(host);
    snprintf(config.brokers, sizeof(config.brokers), "%s", rd_kafka_mock_cluster_bootstraps(mock));
    snprintf(config.topic_prefix, sizeof(config.topic_prefix), "mock");
    config.transaction_timeout_ms = 10000;
    rd_kafka_mock_topic_create(mock, "mock.job.events", 2, 1);
    struct err err;
    if (event_log_open(&config, "job", 1, &event_log, &err) == ERR_OK)
        return 0;
    print_error("%s\n", err.msg);
    return -1;
}

static int end(void **state)
{
    (void)state;
    event_log_free(event_log);
    event_log = NULL;
    rd_kafka_destroy(host);
    return 0;
}

static void fill(void)
{
    static const char *const values[RECORDS_N] = {"one", "two, the longest", "three"};
    for (size_t i = 0; i < RECORDS_N; i++) {
        messages[i] = (struct event_message){
            .value = {(const uint8_t *)values[i], strlen(values[i])},
            .timestamp_ms = 1000,
            .headers = rd_kafka_headers_new(1),
        };
        rd_kafka_header_add(messages[i].headers, "ce_id", -1, "1", -1);
    }
}

/* A refusal of the first record may come before the last was handed over: then the append tells. */
static enum err_code append_then_commit(size_t *ret_index, struct err *err)
{
    fill();
    enum err_code code = event_log_append(event_log, messages, RECORDS_N, err);
    return code == ERR_OK ? event_log_commit(event_log, ret_index, err) : code;
}

static void append(void)
{
    struct err err;
    fill();
    if (event_log_append(event_log, messages, RECORDS_N, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < RECORDS_N; i++)
        assert_null(messages[i].headers);
}

static enum err_code commit(size_t *ret_index)
{
    struct err err;
    enum err_code code = event_log_commit(event_log, ret_index, &err);
    assert_true(code == ERR_OK || code == err.code);
    return code;
}

static void append_and_commit(int times)
{
    size_t index;
    for (int i = 0; i < times; i++) {
        append();
        assert_int_equal(commit(&index), ERR_OK);
        for (size_t k = 0; k < RECORDS_N; k++)
            assert_true(messages[k].offset >= 0);
    }
}

static void good_commits_renew_nothing(void **state)
{
    (void)state;
    append_and_commit(6);
    assert_int_equal(event_log_renewals(event_log), 0);
}

static void a_slow_commit_renews_its_producer(void **state)
{
    (void)state;
    rd_kafka_mock_broker_push_request_error_rtts(mock, 1, API_END_TXN, 1,
                                                 RD_KAFKA_RESP_ERR_NO_ERROR, 1100);
    append_and_commit(1);
    append_and_commit(1); /* the other producer */
    assert_int_equal(event_log_renewals(event_log), 0);
    append_and_commit(1);
    assert_int_equal(event_log_renewals(event_log), 1);
    append_and_commit(4);
    assert_int_equal(event_log_renewals(event_log), 1);
}

static void a_repeated_end_of_a_transaction_renews_its_producer(void **state)
{
    (void)state;
    rd_kafka_mock_push_request_errors(mock, API_END_TXN, 1,
                                      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
    append_and_commit(2);
    assert_int_equal(event_log_renewals(event_log), 0);
    append_and_commit(1);
    assert_int_equal(event_log_renewals(event_log), 1);
    append_and_commit(4);
    assert_int_equal(event_log_renewals(event_log), 1);
}

static void an_abort_renews_its_producer(void **state)
{
    (void)state;
    struct err err;
    append();
    assert_int_equal(event_log_abort(event_log, &err), ERR_OK);
    append_and_commit(4);
    assert_int_equal(event_log_renewals(event_log), 1);
}

static void an_abort_of_nothing_does_nothing(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(event_log_abort(event_log, &err), ERR_OK);
    append_and_commit(2);
    assert_int_equal(event_log_renewals(event_log), 0);
}

/* The broker refuses batches; on a busy machine a record may be sent before the next one is there, and is a batch of its own then. */
static void the_largest_record_of_a_refused_batch_is_named(void **state)
{
    (void)state;
    rd_kafka_resp_err_t refusals[RECORDS_N]; /* however many batches the records make */
    size_t index = SIZE_MAX;
    for (size_t i = 0; i < RECORDS_N; i++)
        refusals[i] = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    for (int tries = 0; index != 1 && tries < 20; tries++) {
        rd_kafka_mock_push_request_errors_array(mock, API_PRODUCE, RECORDS_N, refusals);
        append();
        assert_int_equal(commit(&index), ERR_INVALID);
        rd_kafka_mock_clear_request_errors(mock, API_PRODUCE);
    }
    assert_int_equal(index, 1);
    append_and_commit(4);
}

static void a_fenced_commit_is_a_conflict(void **state)
{
    (void)state;
    size_t index;
    rd_kafka_mock_push_request_errors(mock, API_END_TXN, 1, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
    append();
    assert_int_equal(commit(&index), ERR_CONFLICT);
}

static void a_record_that_was_not_stored_is_never_a_success(void **state)
{
    (void)state;
    size_t index;
    rd_kafka_mock_push_request_errors(mock, API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    struct err err;
    assert_int_equal(append_then_commit(&index, &err), ERR_UNAVAILABLE);
}

/* A clock is no fault of a command: it is neither poison nor lost, and people are told. */
static void a_refused_timestamp_is_not_the_records_fault(void **state)
{
    (void)state;
    size_t index = SIZE_MAX;
    struct err err = {0};
    rd_kafka_mock_push_request_errors(mock, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP);
    assert_int_equal(append_then_commit(&index, &err), ERR_UNAVAILABLE);
    assert_int_equal(index, SIZE_MAX);
    assert_true(event_log_fault_is_ours(event_log));
    assert_non_null(strstr(err.msg, "clock"));
}

static void count_beat(void *arg)
{
    ++*(int *)arg;
}

/* Two of three brokers are away, say: the log gives up after a transaction timeout and tells all the time that
 * its thread is in control. */
static void a_commit_that_nobody_answers_ends_and_its_thread_beats(void **state)
{
    (void)state;
    struct config quick = config;
    struct event_log *log = NULL;
    struct err err;
    size_t index;
    int beats = 0;
    quick.transaction_timeout_ms = 2000;
    enum err_code code = event_log_open_watched(&quick, "job", 0, count_beat, &beats, &log, &err);
    if (code != ERR_OK)
        fail_msg("%s", err.msg);
    fill();
    assert_int_equal(event_log_append(log, messages, RECORDS_N, &err), ERR_OK);
    rd_kafka_mock_broker_set_down(mock, 1);
    beats = 0;
    int64_t began_us = time_monotonic_us();
    assert_int_equal(event_log_commit(log, &index, &err), ERR_UNAVAILABLE);
    assert_true(time_monotonic_us() - began_us < 60 * INT64_C(1000000));
    assert_true(beats >= 2);
    event_log_free(log);
    rd_kafka_mock_broker_set_up(mock, 1);
}

static void a_partition_that_does_not_exist_is_told(void **state)
{
    (void)state;
    struct event_log *none = NULL;
    struct err err;
    assert_int_equal(event_log_open(&config, "job", 2, &none, &err), ERR_INVALID);
    assert_null(none);
}

static void an_open_transaction_is_given_up_with_the_log(void **state)
{
    (void)state;
    append(); /* the teardown frees it; no leak, no wait */
}

static void without_a_broker_there_is_no_log(void **state)
{
    (void)state;
    struct config nowhere = config;
    struct event_log *none = NULL;
    struct err err;
    snprintf(nowhere.brokers, sizeof(nowhere.brokers), "127.0.0.1:1");
    assert_int_equal(event_log_open(&nowhere, "job", 0, &none, &err), ERR_UNAVAILABLE);
    assert_null(none);
}

#define LOG_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
#ifdef __SANITIZE_THREAD__
    return 0; /* gcc 12's ThreadSanitizer crashes in threads made by thrd_create(), which librdkafka
                 uses */
#else
    const struct CMUnitTest tests[] = {
        LOG_TEST(good_commits_renew_nothing),
        LOG_TEST(a_slow_commit_renews_its_producer),
        LOG_TEST(a_repeated_end_of_a_transaction_renews_its_producer),
        LOG_TEST(an_abort_renews_its_producer),
        LOG_TEST(an_abort_of_nothing_does_nothing),
        LOG_TEST(the_largest_record_of_a_refused_batch_is_named),
        LOG_TEST(a_fenced_commit_is_a_conflict),
        LOG_TEST(a_record_that_was_not_stored_is_never_a_success),
        LOG_TEST(a_refused_timestamp_is_not_the_records_fault),
        LOG_TEST(a_commit_that_nobody_answers_ends_and_its_thread_beats),
        LOG_TEST(a_partition_that_does_not_exist_is_told),
        LOG_TEST(an_open_transaction_is_given_up_with_the_log),
        LOG_TEST(without_a_broker_there_is_no_log),
    };
    return cmocka_run_group_tests_name("event log", tests, NULL, NULL);
#endif
}

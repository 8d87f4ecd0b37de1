/* The partitioner against the Java client, and the one error mapping against librdkafka's mock
 * broker (RULES 15). */
#include "tests/unit/spec.h"

#include <librdkafka/rdkafka.h>
/* Reads nothing itself, so it comes second. */
#include <librdkafka/rdkafka_mock.h>
#include <time.h>

#include "ops/runtime/kafka.h"
#include "ops/runtime/timeutil.h"

#define API_ADD_PARTITIONS_TO_TXN 24
#define API_END_TXN               26
#define API_LIST_OFFSETS          2

static rd_kafka_t *host; /* owns the mock cluster */
static rd_kafka_mock_cluster_t *mock;
static struct config config;

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk, (void)m, (void)opaque;
}

/* librdkafka starts its threads by thrd_create(), which gcc 12's ThreadSanitizer does not know:
 * they crash in it. */
#ifdef __SANITIZE_THREAD__
#define HANDLES_WORK false
#else
#define HANDLES_WORK true
#endif

static int start_mock(void **state)
{
    (void)state;
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", why, sizeof why);
    host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!host)
        return -1;
    mock = rd_kafka_handle_mock_cluster(host);
    snprintf(config.brokers, sizeof config.brokers, "%s", rd_kafka_mock_cluster_bootstraps(mock));
    config.transaction_timeout_ms = 10000;
    return rd_kafka_mock_topic_create(mock, "events", 3, 1) ? -1 : 0;
}

static int stop_mock(void **state)
{
    (void)state;
    rd_kafka_destroy(host);
    return 0;
}

static rd_kafka_t *producer(const char *transactional_id)
{
    struct err err = {0};
    rd_kafka_t *rk = NULL;
    if (kafka_producer_open(&config, transactional_id, on_delivery, NULL, &rk, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return rk;
}

static void produce(rd_kafka_t *rk)
{
    char value[] = "x";
    rd_kafka_resp_err_t code = rd_kafka_producev(
        rk, RD_KAFKA_V_TOPIC("events"), RD_KAFKA_V_PARTITION(1),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value, 1), RD_KAFKA_V_END);
    assert_int_equal(code, RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* A transaction that holds one record. */
static void begin(rd_kafka_t *rk)
{
    assert_null(rd_kafka_begin_transaction(rk));
    produce(rk);
}

/* A producer within one. */
static rd_kafka_t *in_transaction(const char *transactional_id)
{
    rd_kafka_t *rk = producer(transactional_id);
    assert_null(rd_kafka_init_transactions(rk, 10000));
    begin(rk);
    return rk;
}

/* What all threads of the process, those of librdkafka too, have used so far. */
static int64_t cpu_us(void)
{
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* As org.apache.kafka.common.utils.UtilsTest.testMurmur2 has them. */
static void keys_go_where_the_java_client_sends_them(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        int32_t hash;
    } golden[] = {
        {"21",                                               -973932308 },
        {"foobar",                                           -790332482 },
        {"a-little-bit-long-string",                         -985981536 },
        {"a-little-bit-longer-string",                       -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971  },
        {"abc",                                              479470107  },
    };
    for (size_t i = 0; i < ARRAY_SIZE(golden); i++) {
        int32_t positive = golden[i].hash & 0x7fffffff;
        size_t len = strlen(golden[i].key);
        assert_int_equal(kafka_partition_text(golden[i].key, len, INT32_MAX), positive);
        assert_int_equal(kafka_partition_text(golden[i].key, len, 12), positive % 12);
    }
}

static void a_uuid_is_hashed_as_its_lower_case_text(void **state)
{
    (void)state;
    struct uuid id;
    assert_true(uuid_parse("0123ABCD-4567-89AB-CDEF-0123456789AB", &id));
    assert_int_equal(
        kafka_partition(&id, 1000),
        kafka_partition_text("0123abcd-4567-89ab-cdef-0123456789ab", UUID_TEXT_LEN, 1000));
}

static void no_error_is_done_and_no_flag_is_recreate(void **state)
{
    (void)state;
    rd_kafka_error_t *plain = rd_kafka_error_new(RD_KAFKA_RESP_ERR__STATE, "no flag is set");
    assert_int_equal(kafka_classify(NULL), KAFKA_DONE);
    assert_int_equal(kafka_classify(plain), KAFKA_RECREATE);
    rd_kafka_error_destroy(plain);
}

static void a_transaction_that_goes_well_is_done(void **state)
{
    (void)state;
    rd_kafka_t *rk = in_transaction("good");
    assert_int_equal(kafka_classify(rd_kafka_commit_transaction(rk, -1)), KAFKA_DONE);
    kafka_producer_close(rk);
}

/* For 1.3 ms of each librdkafka 2.0.2 asked for nothing but the clock (kafka_wakeup.h). */
static void a_transaction_does_not_spin_until_a_timer_is_due(void **state)
{
    (void)state;
    enum { TRANSACTIONS = 100, CPU_US_MAX = 1000 };
    rd_kafka_t *rk = in_transaction("unhurried");
    assert_null(rd_kafka_commit_transaction(rk, -1));
    int64_t before = cpu_us();
    for (int i = 0; i < TRANSACTIONS; i++) {
        begin(rk);
        assert_null(rd_kafka_commit_transaction(rk, -1));
    }
    int64_t used = (cpu_us() - before) / TRANSACTIONS;
    print_message("a transaction: %lld us of a core\n", (long long)used);
    assert_true(used < CPU_US_MAX);
    kafka_producer_close(rk);
}

/* Records that wait behind a request of five or more made librdkafka 2.0.2 ask for nothing but the clock
 * until the answer was there (kafka_wakeup.h). */
static void a_sender_does_not_spin_while_a_request_is_under_way(void **state)
{
    (void)state;
    enum { RTT_MS = 300, RECORDS = 2 * RTT_MS };
    rd_kafka_t *rk = producer(NULL);
    produce(rk);
    assert_int_equal(rd_kafka_flush(rk, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_mock_broker_set_rtt(mock, 1, RTT_MS);
    int64_t before = cpu_us(), start = time_monotonic_us();
    for (int i = 0; i < RECORDS; i++) {
        produce(rk);
        rd_kafka_poll(rk, 1);
    }
    assert_int_equal(rd_kafka_flush(rk, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
    int64_t used = cpu_us() - before, lasted = time_monotonic_us() - start;
    rd_kafka_mock_broker_set_rtt(mock, 1, 0);
    print_message("a sender: %lld us of a core in %lld us\n", (long long)used, (long long)lasted);
    assert_true(lasted >
                (3 * RTT_MS + RTT_MS / 2) * 1000); /* what came last waited for an answer */
    assert_true(used < lasted / 8);
    kafka_producer_close(rk);
}

static void a_call_that_ran_out_of_time_is_called_again(void **state)
{
    (void)state;
    rd_kafka_t *rk = producer("slow");
    rd_kafka_mock_broker_set_rtt(mock, 1, 2000);
    rd_kafka_error_t *error = rd_kafka_init_transactions(rk, 100);
    assert_int_equal(kafka_classify(error), KAFKA_RETRY);
    rd_kafka_error_destroy(error);
    rd_kafka_mock_broker_set_rtt(mock, 1, 0);
    assert_null(rd_kafka_init_transactions(rk, -1));
    kafka_producer_close(rk);
}

static void a_refused_partition_aborts_and_the_producer_goes_on(void **state)
{
    (void)state;
    rd_kafka_mock_push_request_errors(mock, API_ADD_PARTITIONS_TO_TXN, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    rd_kafka_t *rk = in_transaction("refused");
    rd_kafka_error_t *error = rd_kafka_commit_transaction(rk, -1);
    assert_int_equal(kafka_classify(error), KAFKA_ABORT);
    rd_kafka_error_destroy(error);
    assert_null(rd_kafka_abort_transaction(rk, -1));
    assert_null(rd_kafka_begin_transaction(rk));
    kafka_producer_close(rk);
}

static void a_fenced_producer_is_recreated_and_reported_as_a_conflict(void **state)
{
    (void)state;
    struct err err = {0};
    rd_kafka_t *rk = in_transaction("fenced");
    rd_kafka_mock_push_request_errors(mock, API_END_TXN, 1, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
    rd_kafka_error_t *error = rd_kafka_commit_transaction(rk, -1);
    assert_int_equal(kafka_classify(error), KAFKA_RECREATE);
    assert_int_equal(kafka_err_take(error, &err, "commit"), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "commit"));
    kafka_producer_close(rk);
}

static void an_invalid_transaction_state_recreates(void **state)
{
    (void)state;
    rd_kafka_t *rk = in_transaction("invalid");
    rd_kafka_mock_push_request_errors(mock, API_END_TXN, 1, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE);
    rd_kafka_error_t *error = rd_kafka_commit_transaction(rk, -1);
    assert_int_equal(kafka_classify(error), KAFKA_RECREATE);
    rd_kafka_error_destroy(error);
    kafka_producer_close(rk);
}

static void topic_facts_come_from_the_broker(void **state)
{
    (void)state;
    struct err err = {0};
    char id[64] = "";
    int32_t partitions = 0;
    rd_kafka_t *rk = producer(NULL);
    assert_int_equal(kafka_topic_partitions(rk, "events", &partitions, &err), ERR_OK);
    assert_int_equal(partitions, 3);
    assert_int_equal(kafka_topic_has_partitions(rk, "events", 3, &err), ERR_OK);
    assert_int_equal(kafka_topic_has_partitions(rk, "events", 2, &err), ERR_CORRUPT);
    assert_string_equal(err.msg, "events has 3 partitions, the settings say 2: frozen at creation");
    assert_int_equal(kafka_cluster_id(rk, id, sizeof id, &err), ERR_OK);
    assert_true(strlen(id) > 0);
    kafka_producer_close(rk);
}

/* What a broker says of a topic that was made a moment ago. */
static void watermarks_of_a_partition_whose_leader_moves_are_asked_again(void **state)
{
    (void)state;
    struct err err;
    int64_t low = -1, high = -1;
    rd_kafka_t *reader = NULL;
    assert_int_equal(kafka_reader_open(&config, false, 10, &reader, &err), ERR_OK);
    rd_kafka_mock_push_request_errors(
        mock, API_LIST_OFFSETS, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
    if (kafka_watermarks(reader, "events", 0, &low, &high, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(low, 0);
    assert_true(high >= 0);
    kafka_consumer_close(reader);
}

static void a_reader_reads_one_partition_to_its_end(void **state)
{
    (void)state;
    struct err err = {0};
    rd_kafka_t *reader = NULL;
    rd_kafka_t *rk = in_transaction("written");
    assert_null(rd_kafka_commit_transaction(rk, -1));
    assert_int_equal(kafka_reader_open(&config, true, 1, &reader, &err), ERR_OK);
    assert_int_equal(kafka_reader_assign(reader, "events", 1, 0, &err), ERR_OK);
    size_t records = 0;
    bool at_end = false;
    while (!at_end) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, 10000);
        assert_non_null(m);
        at_end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        records += m->err == RD_KAFKA_RESP_ERR_NO_ERROR;
        rd_kafka_message_destroy(m);
    }
    assert_true(records >= 1);
    kafka_consumer_close(reader);
    kafka_producer_close(rk);
    kafka_producer_close(NULL);
    kafka_consumer_close(NULL);
}

/* librdkafka 2.0.2 asserts (rktp_started) when a consumer is closed while a second assignment of the
 * same partition still stops the first. */
static void a_reader_may_be_closed_right_after_it_was_pointed_elsewhere(void **state)
{
    (void)state;
    struct err err = {0};
    rd_kafka_t *rk = in_transaction("elsewhere");
    assert_null(rd_kafka_commit_transaction(rk, -1));
    for (int i = 0; i < 50; i++) {
        rd_kafka_t *reader = NULL;
        rd_kafka_message_t *m = NULL;
        assert_int_equal(kafka_reader_open(&config, true, 1, &reader, &err), ERR_OK);
        assert_int_equal(kafka_reader_assign(reader, "events", 1, 0, &err), ERR_OK);
        while (!m)
            m = rd_kafka_consumer_poll(reader, 10000);
        rd_kafka_message_destroy(m);
        assert_int_equal(kafka_reader_assign(reader, "events", 1, 1, &err), ERR_OK);
        kafka_consumer_close(reader);
    }
    kafka_producer_close(rk);
}

int main(void)
{
    const struct CMUnitTest pure[] = {
        cmocka_unit_test(keys_go_where_the_java_client_sends_them),
        cmocka_unit_test(a_uuid_is_hashed_as_its_lower_case_text),
        cmocka_unit_test(no_error_is_done_and_no_flag_is_recreate),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transaction_that_goes_well_is_done),
        cmocka_unit_test(a_transaction_does_not_spin_until_a_timer_is_due),
        cmocka_unit_test(a_sender_does_not_spin_while_a_request_is_under_way),
        cmocka_unit_test(a_call_that_ran_out_of_time_is_called_again),
        cmocka_unit_test(a_refused_partition_aborts_and_the_producer_goes_on),
        cmocka_unit_test(a_fenced_producer_is_recreated_and_reported_as_a_conflict),
        cmocka_unit_test(an_invalid_transaction_state_recreates),
        cmocka_unit_test(topic_facts_come_from_the_broker),
        cmocka_unit_test(watermarks_of_a_partition_whose_leader_moves_are_asked_again),
        cmocka_unit_test(a_reader_reads_one_partition_to_its_end),
        cmocka_unit_test(a_reader_may_be_closed_right_after_it_was_pointed_elsewhere),
    };
    return cmocka_run_group_tests(pure, NULL, NULL) +
           (HANDLES_WORK ? cmocka_run_group_tests(tests, start_mock, stop_mock) : 0);
}

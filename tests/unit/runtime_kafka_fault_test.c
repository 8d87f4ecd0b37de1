/* Whose fault an error of librdkafka is: the table has every code that the library has. */
#include "tests/unit/spec.h"

#include "ops/runtime/kafka_fault.h"

#define NEWER_CODE ((rd_kafka_resp_err_t)9999)

static void every_code_of_the_library_has_a_row(void **state)
{
    (void)state;
    const struct rd_kafka_err_desc *descs;
    size_t n, missing = 0, known = 0;
    rd_kafka_get_err_descs(&descs, &n);
    for (size_t i = 0; i < n; i++) {
        if (!descs[i].desc)
            continue; /* the ends of the ranges have none */
        known++;
        if (kafka_fault_known(descs[i].code))
            continue;
        missing++;
        print_error("no row for %d %s: %s\n", (int)descs[i].code, descs[i].name, descs[i].desc);
    }
    assert_true(known > 100);
    assert_int_equal(missing, 0);
}

static void a_code_of_a_newer_library_is_the_clusters(void **state)
{
    (void)state;
    assert_false(kafka_fault_known(NEWER_CODE));
    assert_int_equal(kafka_fault_of(NEWER_CODE), KAFKA_FAULT_CLUSTER);
    assert_int_equal(kafka_fault_err(NEWER_CODE), ERR_UNAVAILABLE);
    assert_false(kafka_fault_not_stored(NEWER_CODE, RD_KAFKA_MSG_STATUS_NOT_PERSISTED));
}

/* Only what the bytes themselves are refused for may become a rejected command. */
static void poison_is_narrow(void **state)
{
    (void)state;
    static const rd_kafka_resp_err_t poison[] = {
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,     RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
        RD_KAFKA_RESP_ERR_INVALID_RECORD,         RD_KAFKA_RESP_ERR__KEY_SERIALIZATION,
        RD_KAFKA_RESP_ERR__VALUE_SERIALIZATION,   RD_KAFKA_RESP_ERR__KEY_DESERIALIZATION,
        RD_KAFKA_RESP_ERR__VALUE_DESERIALIZATION,
    };
    const struct rd_kafka_err_desc *descs;
    size_t n, n_poison = 0;
    rd_kafka_get_err_descs(&descs, &n);
    for (size_t i = 0; i < n; i++)
        n_poison += kafka_fault_of(descs[i].code) == KAFKA_FAULT_RECORD;
    for (size_t i = 0; i < ARRAY_SIZE(poison); i++)
        assert_int_equal(kafka_fault_of(poison[i]), KAFKA_FAULT_RECORD);
    assert_int_equal(n_poison, ARRAY_SIZE(poison));
    assert_int_equal(kafka_fault_err(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), ERR_INVALID);
}

static void clocks_rights_and_settings_are_ours(void **state)
{
    (void)state;
    static const rd_kafka_resp_err_t ours[] = {
        RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT,
        RD_KAFKA_RESP_ERR__AUTHENTICATION,
        RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
    };
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
        assert_int_equal(kafka_fault_of(ours[i]), KAFKA_FAULT_OURS);
        assert_int_equal(kafka_fault_err(ours[i]), ERR_UNAVAILABLE);
    }
    assert_int_equal(kafka_fault_of(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS), KAFKA_FAULT_CLUSTER);
    assert_int_equal(kafka_fault_of(RD_KAFKA_RESP_ERR_NO_ERROR), KAFKA_FAULT_NONE);
    assert_int_equal(kafka_fault_err(RD_KAFKA_RESP_ERR_NO_ERROR), ERR_OK);
    assert_int_equal(kafka_fault_err(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC), ERR_NOT_FOUND);
}

/* librdkafka says "not persisted" of each of these. */
static void what_a_broker_may_say_after_it_has_appended_is_not_certain(void **state)
{
    (void)state;
    static const rd_kafka_resp_err_t perhaps[] = {
        RD_KAFKA_RESP_ERR_UNKNOWN,
        RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
        RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
    };
    for (size_t i = 0; i < ARRAY_SIZE(perhaps); i++)
        assert_false(kafka_fault_not_stored(perhaps[i], RD_KAFKA_MSG_STATUS_NOT_PERSISTED));
    static const rd_kafka_resp_err_t refused[] = {
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
        RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
    };
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        assert_true(kafka_fault_not_stored(refused[i], RD_KAFKA_MSG_STATUS_NOT_PERSISTED));
        assert_false(kafka_fault_not_stored(refused[i], RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_of_the_library_has_a_row),
        cmocka_unit_test(a_code_of_a_newer_library_is_the_clusters),
        cmocka_unit_test(poison_is_narrow),
        cmocka_unit_test(clocks_rights_and_settings_are_ours),
        cmocka_unit_test(what_a_broker_may_say_after_it_has_appended_is_not_certain),
    };
    return cmocka_run_group_tests_name("kafka fault", tests, NULL, NULL);
}

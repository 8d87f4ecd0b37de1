/* Settings: where they come from, and that all mistakes are told at once. */
#include "tests/unit/spec.h"

#include <unistd.h>

#include "ops/runtime/config.h"

static const char *const services[] = {"user", "job", NULL};

static struct config config;
static struct strbuf problems;
static char file_path[64];

static enum err_code load(const char *text)
{
    struct err err;
    enum err_code code;
    int fd;
    strbuf_clear(&problems);
    memcpy(file_path, "/tmp/hirelog-config-XXXXXX", 27);
    fd = mkstemp(file_path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    code = config_load(file_path, services, &config, &problems, &err);
    unlink(file_path);
    return code;
}

static size_t lines(void)
{
    size_t n = 0;
    for (const char *p = strbuf_cstr(&problems); *p; p++)
        n += *p == '\n';
    return n;
}

static void defaults_need_no_file(void **state)
{
    (void)state;
    struct err err;
    strbuf_clear(&problems);
    assert_int_equal(config_load(NULL, services, &config, &problems, &err), ERR_OK);
    assert_int_equal(problems.len, 0);
    assert_int_equal(config.transaction_timeout_ms, 10000);
    assert_int_equal(config.api_threads, 2);
    assert_int_equal(config.command_ttl_s, 86400);
    assert_string_equal(config.topic_prefix, "hirelog");
}

static void a_file_is_above_the_defaults_and_the_environment_above_the_file(void **state)
{
    (void)state;
    setenv("HIRELOG_API_PORT", "7777", 1);
    setenv("HIRELOG_URL", "no setting of ours", 1);
    enum err_code code =
        load("# comment\n\n  api_threads=3\napi_port = 1234\npg_job = host=elsewhere port=5\n"
             "pg_admin_job = host=elsewhere user=owner\npg_admin = host=here\n");
    unsetenv("HIRELOG_API_PORT");
    unsetenv("HIRELOG_URL");
    assert_int_equal(code, ERR_OK);
    assert_int_equal(config.api_threads, 3);
    assert_int_equal(config.api_port, 7777);
    assert_string_equal(config.pg_service[0], "");
    assert_string_equal(config.pg_service[1], "host=elsewhere port=5");
    assert_string_equal(config.pg_admin_service[0], "");
    assert_string_equal(config.pg_admin_service[1], "host=elsewhere user=owner");
    assert_string_equal(config.pg_admin, "host=here");
}

static void what_would_fail_at_start_is_told_with_the_rest(void **state)
{
    (void)state;
    assert_int_equal(load("listen = banana\napi_port = 8081\nbrokers =\n"
                          "identity_key_file = /nonexistent\nservices = job,nosuch,alsono\n"),
                     ERR_INVALID);
    assert_int_equal(lines(), 6);
    assert_non_null(strstr(strbuf_cstr(&problems), "listen: not an IPv4 address"));
    assert_non_null(strstr(strbuf_cstr(&problems), "api_admin_port: the same as api_port"));
    assert_non_null(strstr(strbuf_cstr(&problems), "brokers: empty"));
    assert_non_null(strstr(strbuf_cstr(&problems), "identity_key_file: No such file"));
    assert_non_null(strstr(strbuf_cstr(&problems), "no service is called \"nosuch\""));
    assert_non_null(strstr(strbuf_cstr(&problems), "no service is called \"alsono\""));
}

static void a_registrys_url_holds_no_credentials(void **state)
{
    (void)state;
    assert_int_equal(load("schema_registry_url = https://schemas.example:8443/apis/ccompat/v7\n"),
                     ERR_OK);
    assert_int_equal(load("schema_registry_url = ftp://ana:words@registry/?a=b\n"
                          "schema_registry_credentials_file = /nonexistent\n"),
                     ERR_INVALID);
    assert_int_equal(lines(), 4);
    assert_non_null(strstr(strbuf_cstr(&problems), "neither http:// nor https://"));
    assert_non_null(strstr(strbuf_cstr(&problems), "holds credentials"));
    assert_non_null(strstr(strbuf_cstr(&problems), "more than a base URL"));
    assert_non_null(strstr(strbuf_cstr(&problems), "schema_registry_credentials_file: No such"));
}

static void all_mistakes_are_told_at_once(void **state)
{
    (void)state;
    char text[2048];
    char longer[300];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    snprintf(text, sizeof text,
             "api_thread = 3\napi_port = abc\napi_threads = 0\ntransaction_timeout_ms = 3999\n"
             "topic_prefix = %s\npg_nobody = x\npg_admin_nobody = x\nno equals sign\nlisten = "
             "127.0.0.1\nlisten = 127.0.0.2\n"
             "log_format = xml\napi_admin_port = 99999999999999999999\n",
             longer);
    memset(&config, 0x5a, sizeof config);
    assert_int_equal(load(text), ERR_INVALID);
    assert_int_equal(((unsigned char *)&config)[0], 0x5a); /* the output is untouched */
    static const char *const named[] = {
        "api_thread:",  "api_port",   "api_threads",     "transaction_timeout_ms",
        "topic_prefix", "pg_nobody",  "pg_admin_nobody", "no equals sign",
        "listen",       "log_format", "api_admin_port"};
    for (size_t i = 0; i < ARRAY_SIZE(named); i++)
        assert_non_null(strstr(strbuf_cstr(&problems), named[i]));
    assert_int_equal(lines(), ARRAY_SIZE(named));
}

static void a_mistake_in_the_environment_is_one_too(void **state)
{
    (void)state;
    setenv("HIRELOG_API_THREADS", "many", 1);
    enum err_code code = load("");
    unsetenv("HIRELOG_API_THREADS");
    assert_int_equal(code, ERR_INVALID);
    assert_int_equal(lines(), 1);
}

/* A part of a level's name was taken for a level. */
static void a_log_level_is_a_whole_word(void **state)
{
    (void)state;
    assert_int_equal(load("log_level = ebu\n"), ERR_INVALID);
    assert_int_equal(lines(), 1);
    assert_int_equal(load("log_level = warn\n"), ERR_OK);
}

/* It was printed by config_print(). */
static void a_password_in_a_connection_string_is_refused(void **state)
{
    (void)state;
    assert_int_equal(load("pg = host=x password=hunter2\npg_job = postgresql://u:hunter2@x/d\n"
                          "pg_admin_user = password=hunter2\n"),
                     ERR_INVALID);
    assert_int_equal(lines(), 3);
    assert_null(strstr(strbuf_cstr(&problems), "hunter2"));
    assert_int_equal(load("pg = host=x passfile=/var/lib/x\npg_admin = host=\n"), ERR_OK);
    assert_int_equal(load("pg = host\n"), ERR_INVALID);
}

static void a_file_that_is_not_there_is_a_mistake(void **state)
{
    (void)state;
    struct err err;
    strbuf_clear(&problems);
    assert_int_equal(config_load("/nonexistent/hirelog.conf", services, &config, &problems, &err),
                     ERR_INVALID);
    assert_int_equal(lines(), 1);
}

/* RULES 5 for every timeout that the bounds allow. */
static void the_order_of_timeouts_holds_over_the_whole_range(void **state)
{
    (void)state;
    struct err err;
    for (int64_t ms = 4000; ms <= 60000; ms += 500) {
        struct config c = {.transaction_timeout_ms = ms};
        struct config_timeouts t = config_derive(&c);
        assert_int_equal(config_timeouts_check(&t, ms, &err), ERR_OK);
        assert_true(t.message_ms <= ms && t.socket_ms <= ms - 100);
        assert_true(t.statement_ms < ms / 2 && t.idle_in_transaction_ms > ms);
        assert_true(t.batch_ms <= ms / 4);
    }
}

static void a_broken_order_is_refused(void **state)
{
    (void)state;
    struct err err;
    struct config c = {.transaction_timeout_ms = 10000};
    const struct config_timeouts good = config_derive(&c);
    struct config_timeouts t = good;
    t.statement_ms = 5000;
    assert_int_equal(config_timeouts_check(&t, 10000, &err), ERR_INVALID);
    t = good;
    t.idle_in_transaction_ms = 9000;
    assert_int_equal(config_timeouts_check(&t, 10000, &err), ERR_INVALID);
    t = good;
    t.socket_ms = 9950;
    assert_int_equal(config_timeouts_check(&t, 10000, &err), ERR_INVALID);
}

static void what_is_printed_can_be_read_again(void **state)
{
    (void)state;
    struct strbuf out;
    strbuf_init(&out);
    assert_int_equal(load("api_threads = 7\nlog_level = debug\n"), ERR_OK);
    config_print(&config, &out);
    assert_int_equal(load(strbuf_cstr(&out)), ERR_OK);
    assert_int_equal(config.api_threads, 7);
    assert_string_equal(config.log_level, "debug");
    strbuf_clear(&out);
    config_print_sample(&out);
    assert_int_equal(load(strbuf_cstr(&out)), ERR_OK);
    strbuf_clear(&out);
    config_print_docs(&out);
    assert_non_null(strstr(strbuf_cstr(&out), "transaction_timeout_ms"));
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_need_no_file),
        cmocka_unit_test(a_file_is_above_the_defaults_and_the_environment_above_the_file),
        cmocka_unit_test(what_would_fail_at_start_is_told_with_the_rest),
        cmocka_unit_test(a_registrys_url_holds_no_credentials),
        cmocka_unit_test(all_mistakes_are_told_at_once),
        cmocka_unit_test(a_mistake_in_the_environment_is_one_too),
        cmocka_unit_test(a_log_level_is_a_whole_word),
        cmocka_unit_test(a_password_in_a_connection_string_is_refused),
        cmocka_unit_test(a_file_that_is_not_there_is_a_mistake),
        cmocka_unit_test(the_order_of_timeouts_holds_over_the_whole_range),
        cmocka_unit_test(a_broken_order_is_refused),
        cmocka_unit_test(what_is_printed_can_be_read_again),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    strbuf_release(&problems);
    return failed;
}

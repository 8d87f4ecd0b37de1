/* What a process tells about itself, and how it leaves: log lines, metrics, signals, crash points.
 */
#include "tests/unit/spec.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/metrics.h"

static int stderr_saved;
static int stderr_read;

static void capture_stderr(void)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    stderr_saved = dup(STDERR_FILENO);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
    stderr_read = ends[0];
}

static const char *captured(void)
{
    static char text[4096];
    ssize_t n = read(stderr_read, text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    dup2(stderr_saved, STDERR_FILENO);
    close(stderr_saved);
    close(stderr_read);
    return text;
}

static void a_fact_is_one_line_of_key_and_value(void **state)
{
    (void)state;
    struct uuid id;
    assert_true(uuid_parse("0123abcd-4567-89ab-cdef-0123456789ab", &id));
    capture_stderr();
    log_setup(LOG_INFO, LOG_LOGFMT, "worker");
    log_debug("too quiet to be heard");
    log_info("batch applied", KV_S("service", "job"), KV_I("events", -3), KV_U("id", &id));
    const char *line = captured();
    assert_null(strstr(line, "too quiet"));
    assert_non_null(strstr(line, "batch applied"));
    assert_non_null(strstr(line, "worker"));
    assert_non_null(strstr(line, "service=\"job\""));
    assert_non_null(strstr(line, "events=-3"));
    assert_non_null(strstr(line, "0123abcd-4567-89ab-cdef-0123456789ab"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void a_value_cannot_make_a_second_line(void **state)
{
    (void)state;
    capture_stderr();
    log_setup(LOG_INFO, LOG_LOGFMT, "test");
    log_warn("odd", KV_S("name", "x\nlevel=error\r\x1b[31m\"\\"));
    const char *line = captured();
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_null(strchr(line, '\x1b'));
    assert_null(strchr(line, '\r'));
    assert_non_null(strstr(line, "\\\"\\\\"));
}

static void a_json_line_is_json(void **state)
{
    (void)state;
    json_error_t error;
    capture_stderr();
    log_setup(LOG_INFO, LOG_JSON, "api");
    log_error("it \"broke\"", KV_S("why", "a\tb\\c"), KV_I("n", 5));
    json_t *line = json_loads(captured(), JSON_REJECT_DUPLICATES, &error);
    log_setup(LOG_INFO, LOG_LOGFMT, "test");
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "msg")), "it \"broke\"");
    assert_string_equal(json_string_value(json_object_get(line, "level")), "error");
    assert_int_equal(json_integer_value(json_object_get(line, "n")), 5);
    json_decref(line);
}

static void metrics_are_sorted_with_one_help_per_name(void **state)
{
    (void)state;
    struct strbuf out;
    metric_add(metrics_counter("b_total", "service=\"job\"", "Bees."), 2);
    metric_add(metrics_counter("b_total", "service=\"ant\"", "Bees."), 3);
    metric_add(metrics_counter("b_total", "service=\"job\"", "Bees."), 5);
    metric_set(metrics_gauge("a_bytes", "", "Ants."), -4);
    strbuf_init(&out);
    metrics_print(&out);
    assert_string_equal(strbuf_cstr(&out),
                        "# HELP a_bytes Ants.\n# TYPE a_bytes gauge\na_bytes -4\n"
                        "# HELP b_total Bees.\n# TYPE b_total counter\n"
                        "b_total{service=\"ant\"} 3\nb_total{service=\"job\"} 7\n");
    strbuf_release(&out);
}

static void a_histogram_counts_into_cumulative_buckets(void **state)
{
    (void)state;
    struct strbuf out;
    struct metric *m = metrics_histogram("wait_seconds", "p=\"0\"", "Waiting.");
    metric_observe_us(m, 100); /* a bound belongs to its bucket */
    metric_observe_us(m, 101);
    metric_observe_us(m, 60000000); /* beyond the last bound */
    strbuf_init(&out);
    metrics_print(&out);
    const char *text = strbuf_cstr(&out);
    assert_non_null(strstr(text, "wait_seconds_bucket{p=\"0\",le=\"0.0001\"} 1\n"));
    assert_non_null(strstr(text, "wait_seconds_bucket{p=\"0\",le=\"0.00025\"} 2\n"));
    assert_non_null(strstr(text, "wait_seconds_bucket{p=\"0\",le=\"10\"} 2\n"));
    assert_non_null(strstr(text, "wait_seconds_bucket{p=\"0\",le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(text, "wait_seconds_sum{p=\"0\"} 60.000201\n"));
    assert_non_null(strstr(text, "wait_seconds_count{p=\"0\"} 3\n"));
    strbuf_release(&out);
}

/* Runs what in a process of its own; returns its wait status. */
static int in_child(void (*what)(void))
{
    int status = -1;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        what();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void drain_on_term(void)
{
    lifecycle_setup();
    if (lifecycle_stage() != LIFECYCLE_RUNNING)
        _exit(1);
    kill(getpid(), SIGTERM); /* blocked, so it waits for lifecycle_wait() */
    lifecycle_wait();
    if (lifecycle_stage() != LIFECYCLE_DRAINING)
        _exit(2);
}

static void the_first_signal_drains(void **state)
{
    (void)state;
    int status = in_child(drain_on_term);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void signal_twice(void)
{
    drain_on_term();
    kill(getpid(), SIGINT);
}

static void the_second_signal_leaves_at_once(void **state)
{
    (void)state;
    int status = in_child(signal_twice);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 130);
}

static void request_stop(void)
{
    lifecycle_setup();
    lifecycle_request_stop();
    lifecycle_wait();
    if (lifecycle_stage() != LIFECYCLE_DRAINING)
        _exit(2);
}

static void request_stop_again(void)
{
    request_stop();
    lifecycle_request_stop();
}

/* The second request was a second signal: the process left with 130 and nothing drained. */
static void a_second_request_to_stop_changes_nothing(void **state)
{
    (void)state;
    int status = in_child(request_stop_again);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_request_to_stop_is_like_a_signal(void **state)
{
    (void)state;
    int status = in_child(request_stop);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void pass_points(void)
{
    crash_point("before_commit");
    crash_point("after_commit");
}

static void crash_points_are_silent_unless_armed(void **state)
{
    (void)state;
    unsetenv("HIRELOG_CRASH_AT");
    assert_true(WIFEXITED(in_child(pass_points)));
    setenv("HIRELOG_CRASH_AT", "after", 1); /* the beginning of a name is no name */
    assert_true(WIFEXITED(in_child(pass_points)));
    unsetenv("HIRELOG_CRASH_AT");
}

static void an_armed_crash_point_kills(void **state)
{
    (void)state;
    setenv("HIRELOG_CRASH_AT", "after_commit", 1);
    int status = in_child(pass_points);
    unsetenv("HIRELOG_CRASH_AT");
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void pass_twice_then_leave(void)
{
    crash_point("after_commit");
    crash_point("before_commit");
    crash_point("after_commit");
    _exit(42);
}

static void a_counted_crash_point_waits_for_its_passing(void **state)
{
    (void)state;
    setenv("HIRELOG_CRASH_AT", "after_commit:3", 1);
    int survived = in_child(pass_twice_then_leave);
    setenv("HIRELOG_CRASH_AT", "after_commit:2", 1);
    int died = in_child(pass_twice_then_leave);
    unsetenv("HIRELOG_CRASH_AT");
    assert_int_equal(WEXITSTATUS(survived), 42);
    assert_true(WIFSIGNALED(died));
}

static void readiness_is_told_to_the_supervisor(void **state)
{
    (void)state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char path[sizeof at.sun_path], got[32] = "";
    int len = snprintf(path, sizeof path, "@hirelog-test-%d", (int)getpid());
    memcpy(at.sun_path + 1, path + 1,
           (size_t)len - 1); /* '@' stands for a NUL: no file to clean up */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    lifecycle_notify("READY=1");
    unsetenv("NOTIFY_SOCKET");
    lifecycle_notify("STOPPING=1"); /* nobody listens: not an error */
    assert_int_equal(recv(fd, got, sizeof got - 1, 0), 7);
    assert_string_equal(got, "READY=1");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fact_is_one_line_of_key_and_value),
        cmocka_unit_test(a_value_cannot_make_a_second_line),
        cmocka_unit_test(a_json_line_is_json),
        cmocka_unit_test(metrics_are_sorted_with_one_help_per_name),
        cmocka_unit_test(a_histogram_counts_into_cumulative_buckets),
        cmocka_unit_test(the_first_signal_drains),
        cmocka_unit_test(the_second_signal_leaves_at_once),
        cmocka_unit_test(a_request_to_stop_is_like_a_signal),
        cmocka_unit_test(a_second_request_to_stop_changes_nothing),
        cmocka_unit_test(crash_points_are_silent_unless_armed),
        cmocka_unit_test(an_armed_crash_point_kills),
        cmocka_unit_test(a_counted_crash_point_waits_for_its_passing),
        cmocka_unit_test(readiness_is_told_to_the_supervisor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The admin port as a dialogue. */
#include "tests/unit/spec.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ops/runtime/admin.h"
#include "ops/runtime/metrics.h"

static struct admin *admin;
static bool is_ready;
static struct err err;

static bool ready(struct strbuf *out, void *arg)
{
    const bool *answer = arg;
    strbuf_adds(out, *answer ? "{\"ready\":true}" : "{\"ready\":false}");
    return *answer;
}

static int begin(void **state)
{
    (void)state;
    metric_add(metrics_counter("hirelog_admin_test_total", "", "A test's."), 3);
    return admin_start("127.0.0.1", 0, ready, &is_ready, &admin, &err) == ERR_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    admin_stop(admin);
    return 0;
}

/* The whole answer to one request, as text. */
static const char *ask(const char *request_line)
{
    static char answer[16384];
    char request[256];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)admin_port(admin))};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    int len = snprintf(request, sizeof(request),
                       "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", request_line);
    assert_int_equal(write(fd, request, (size_t)len), len);
    size_t n = 0;
    ssize_t got;
    while ((got = read(fd, answer + n, sizeof(answer) - 1 - n)) > 0)
        n += (size_t)got;
    answer[n] = '\0';
    close(fd);
    return answer;
}

static void expect(const char *request_line, const char *status, const char *part)
{
    const char *answer = ask(request_line);
    char head[64];
    snprintf(head, sizeof(head), "HTTP/1.1 %s ", status);
    assert_memory_equal(answer, head, strlen(head));
    assert_non_null(strstr(answer, part));
    assert_non_null(strstr(answer, "Cache-Control: no-store"));
}

static void alive_is_not_ready(void **state)
{
    (void)state;
    is_ready = false;
    expect("GET /healthz", "200", "{\"status\":\"alive\"}");
    expect("GET /readyz", "503", "{\"ready\":false}");
    is_ready = true;
    expect("GET /readyz", "200", "{\"ready\":true}");
}

static void metrics_are_prometheus_text(void **state)
{
    (void)state;
    expect("GET /metrics", "200", "hirelog_admin_test_total 3");
    expect("GET /metrics", "200", "text/plain; version=0.0.4");
}

static void nothing_else_is_there(void **state)
{
    (void)state;
    expect("GET /", "404", "Content-Length: 0");
    expect("GET /readyz/", "404", "Content-Length: 0");
    expect("DELETE /readyz", "405", "Allow: GET, HEAD");
}

static void a_taken_port_is_an_error(void **state)
{
    (void)state;
    struct admin *second = NULL;
    int port = admin_port(admin);
    assert_int_equal(admin_start("127.0.0.1", port, ready, &is_ready, &second, &err), ERR_INVALID);
    assert_int_equal(admin_start("localhost", 0, ready, &is_ready, &second, &err), ERR_INVALID);
    assert_null(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alive_is_not_ready),
        cmocka_unit_test(metrics_are_prometheus_text),
        cmocka_unit_test(nothing_else_is_there),
        cmocka_unit_test(a_taken_port_is_an_error),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

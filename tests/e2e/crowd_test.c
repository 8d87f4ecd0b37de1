/*
 * crowd_test.c - 10,000 connections and 2,000 event streams of one API: a stream begins at once, and when
 * the crowd has gone, so has its memory. In an API of its own, with large limits.
 */
#include "tests/unit/spec.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/runtime/timeutil.h"
#include "tests/e2e/http.h"
#include "tests/e2e/wire.h"

#define CONNECTIONS     10000
#define STREAMS         2000
#define STREAMS_OF_USER 1000
#define AT_ONCE         100 /* that are opened before their answers are read */
#define RSS_MAX_MIB     100
#define GONE_MS         20000
#define START_MS        60000
#define PAUSE_MS        50
#define FIRST_BYTE_US   20000
#define FIRST_BYTES     15 /* of which the median counts: the machine may be busy with other work */

static pid_t api;
static struct wire *wires; /* those of the streams come behind the others */

/* "name=value" of what the API logs when it serves; "" when it has not yet. */
static void logged(const char *path, const char *name, char ret[16])
{
    char line[1024];
    FILE *f = fopen(path, "re");
    ret[0] = '\0';
    while (f && fgets(line, sizeof(line), f)) {
        const char *at = strstr(line, "msg=\"serving\"") ? strstr(line, name) : NULL;
        if (at)
            (void)snprintf(ret, 16, "%.*s", (int)strspn(at + strlen(name), "0123456789"),
                           at + strlen(name));
    }
    if (f)
        (void)fclose(f);
}

static void api_exec(const char *config, const char *log)
{
    static const char *const settings[][2] = {
        {"HIRELOG_API_PORT",              "0"    },
        {"HIRELOG_API_ADMIN_PORT",        "0"    },
        {"HIRELOG_API_CONNECTIONS_MAX",   "20000"},
        {"HIRELOG_FEED_STREAMS_MAX",      "2500" },
        {"HIRELOG_FEED_STREAMS_USER_MAX", "1000" },
    };
    const char *bin = getenv("HIRELOG_BIN");
    int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (!bin || fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || clearenv() != 0)
        _exit(1);
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        (void)setenv(settings[i][0], settings[i][1], 1);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* http.h ends the test program where it fails */
    execl(bin, bin, "api", "--config", config, (char *)NULL);
    _exit(1);
}

static int api_start(void **state)
{
    (void)state;
    char log[512], port[16], url[64];
    const char *config = getenv("HIRELOG_CONFIG"), *var = getenv("HIRELOG_VAR");
    struct rlimit files;
    assert_non_null(config);
    assert_non_null(var);
    (void)snprintf(log, sizeof(log), "%s/log/crowd.log", var);
    (void)unlink(log);
    api = fork();
    if (api == 0)
        api_exec(config, log);
    logged(log, " port=", port);
    for (int ms = 0; !port[0] && ms < START_MS; ms += PAUSE_MS) {
        (void)poll(NULL, 0, PAUSE_MS);
        logged(log, " port=", port);
    }
    assert_true(port[0] != '\0');
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%s", port);
    (void)setenv("HIRELOG_URL", url, 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    wires = calloc(CONNECTIONS + STREAMS, sizeof(*wires));
    return wires ? 0 : -1;
}

static int api_stop(void **state)
{
    (void)state;
    free(wires);
    if (api > 0) {
        (void)kill(api, SIGTERM);
        (void)waitpid(api, NULL, 0);
    }
    return 0;
}

static long rss_mib(void)
{
    char path[64], line[128], *resident = NULL;
    (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)api);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof(line), f));
    (void)fclose(f);
    (void)strtol(line, &resident, 10); /* the first number is the size */
    return strtol(resident, NULL, 10) * sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

static void stream_say(struct wire *w, const struct person *who)
{
    char request[256];
    int len = snprintf(request, sizeof(request),
                       "GET /api/events/?service=job HTTP/1.1\r\nHost: a\r\n"
                       "Authorization: Bearer %s\r\n\r\n",
                       who->token);
    wire_say(w, request, (size_t)len);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The log is idle, and somebody else listens already. */
static void a_stream_begins_at_once(void **state)
{
    (void)state;
    struct wire first, w;
    int64_t us[FIRST_BYTES];
    struct person ana = http_person("ana", "[\"client\"]");
    wire_open(&first);
    stream_say(&first, &ana);
    assert_int_equal(wire_answer(&first, true), 200);
    for (size_t i = 0; i < FIRST_BYTES; i++) {
        wire_open(&w);
        int64_t begin = time_monotonic_us();
        stream_say(&w, &ana);
        assert_int_equal(wire_answer(&w, true), 200);
        us[i] = time_monotonic_us() - begin;
        wire_close(&w);
    }
    wire_close(&first);
    qsort(us, FIRST_BYTES, sizeof(us[0]), by_size);
    print_message("first byte of a stream: median %lld us, longest %lld us\n",
                  (long long)us[FIRST_BYTES / 2], (long long)us[FIRST_BYTES - 1]);
    assert_true(us[FIRST_BYTES / 2] < FIRST_BYTE_US);
}

/* RFC 9112 9.6: who has closed its side still listens. */
static void a_client_that_only_listens_is_told(void **state)
{
    (void)state;
    struct wire w;
    struct person ana = http_person("ana", "[\"client\"]");
    wire_open(&w);
    stream_say(&w, &ana);
    wire_end(&w);
    assert_int_equal(wire_answer(&w, true), 200);
    assert_true(wire_hears(&w, "\n:\n")); /* the feed has seen it */
    http_ask(&ana, "POST", "/api/jobs/create/",
             "{\"title\":\"Job\",\"description\":\"d\",\"skills\":[\"c\"],\"budget\":{\"amount\":1,"
             "\"currency\":\"EUR\"}}",
             "", 201);
    assert_true(wire_hears(&w, "event: JobPosted"));
    wire_close(&w);
}

static void crowd_come(void)
{
    static const char request[] = "GET /api/jobs HTTP/1.1\r\nHost: a\r\n\r\n";
    for (size_t i = 0; i < CONNECTIONS; i += AT_ONCE) {
        for (size_t k = i; k < i + AT_ONCE; k++) {
            wire_open(&wires[k]);
            wire_say(&wires[k], request, strlen(request));
        }
        for (size_t k = i; k < i + AT_ONCE; k++) {
            assert_int_equal(wire_answer(&wires[k], false), 308);
            wire_forget(&wires[k]);
        }
    }
}

static void streams_come(void)
{
    struct person who;
    for (size_t i = 0; i < STREAMS; i++) {
        if (i % STREAMS_OF_USER == 0)
            who = http_person("ben", "[\"freelancer\"]");
        wire_open(&wires[CONNECTIONS + i]);
        stream_say(&wires[CONNECTIONS + i], &who);
        assert_int_equal(wire_answer(&wires[CONNECTIONS + i], true), 200);
        wire_forget(&wires[CONNECTIONS + i]);
    }
}

static void memory_goes_with_the_crowd(void **state)
{
    (void)state;
    long before = rss_mib();
    crowd_come();
    streams_come();
    long most = rss_mib(), after = most;
    for (size_t i = 0; i < CONNECTIONS + STREAMS; i++)
        wire_close(&wires[i]);
    for (int ms = 0; ms < GONE_MS && (after = rss_mib()) >= RSS_MAX_MIB; ms += PAUSE_MS)
        (void)poll(NULL, 0, PAUSE_MS);
    print_message("resident: %ld MiB, with the crowd %ld, behind it %ld\n", before, most, after);
    assert_true(after < RSS_MAX_MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_begins_at_once),
        cmocka_unit_test(a_client_that_only_listens_is_told),
        cmocka_unit_test(memory_goes_with_the_crowd),
    };
    return cmocka_run_group_tests(tests, api_start, api_stop);
}

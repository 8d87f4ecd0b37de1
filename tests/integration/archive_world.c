#include "tests/unit/spec.h"

#include "tests/integration/archive_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/integration/lane_world.h"

char home[64];

/* ---- places */

const char *dir_of(const char *name)
{
    return arena_printf(&world.arena, "%s/archive_test/%s", getenv("HIRELOG_VAR"), name);
}

void move_to(const char *prefix)
{
    snprintf(world.cfg.topic_prefix, sizeof(world.cfg.topic_prefix), "%s", prefix);
    setenv("HIRELOG_TOPIC_PREFIX", prefix, 1);
}

int archives_begin(void **state)
{
    int code = world_begin(state);
    mkdir(arena_printf(&world.arena, "%s/archive_test", getenv("HIRELOG_VAR")), 0777);
    snprintf(home, sizeof(home), "%s", world.cfg.topic_prefix);
    return code;
}

int back_home(void **state)
{
    move_to(home);
    return workers_end(state);
}

const char *topic_of(const char *prefix, const char *log)
{
    return arena_printf(&world.arena, "%s.%s", prefix, log);
}

void refused(enum err_code code, enum err_code expected, const struct err *err, const char *text)
{
    assert_int_equal(code, expected);
    if (!strstr(err->msg, text))
        fail_msg("expected \"%s\", got \"%s\"", text, err->msg);
}

bool exists(const char *name, const char *file)
{
    char path[ARCHIVE_PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", dir_of(name), file);
    return access(path, F_OK) == 0;
}

bool run_killed_at(const char *crash_at, const char *const *args)
{
    const char *bin = getenv("HIRELOG_BIN");
    const char *argv[12] = {"hirelog"};
    size_t n = 1;
    int status;
    for (; args[n - 1]; n++)
        argv[n] = args[n - 1];
    argv[n++] = "--config";
    argv[n] = getenv("HIRELOG_CONFIG");
    pid_t pid = fork();
    if (pid == 0) {
        setenv("HIRELOG_CRASH_AT", crash_at, 1);
        execv(bin ? bin : "", (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static struct bytes kept(struct bytes b)
{
    return b.data ? arena_bytes(&world.arena, b.data, b.len) : b;
}

static enum err_code see(void *arg, const rd_kafka_message_t *m, struct err *err)
{
    struct seen *seen = arg;
    (void)err;
    assert_true(seen->n < RECORDS_N);
    struct archive_record *r = &seen->records[seen->n++];
    archive_record_of(m, &world.arena, r);
    r->key = kept(r->key);
    r->value = kept(r->value);
    for (size_t i = 0; i < r->n_headers; i++) {
        r->headers[i].name = arena_strdup(&world.arena, r->headers[i].name);
        r->headers[i].value = kept(r->headers[i].value);
    }
    return ERR_OK;
}

struct log_range read_log(const char *topic, int32_t p, struct seen *ret)
{
    struct log_range range;
    struct err err;
    assert_int_equal(log_scan_range(&world.cfg, topic, p, &range, &err), ERR_OK);
    assert_int_equal(log_scan(&world.cfg, topic, p, range, see, ret, &err), ERR_OK);
    return range;
}

#define BYTES(text)                               \
    (struct bytes)                                \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

static struct archive_header odd_headers[] = {
    {"twice", {(const uint8_t *)"a", 1}     },
    {"null",  {NULL, 0}                     },
    {"twice", {(const uint8_t *)"", 0}      },
    {"",      {(const uint8_t *)"\0\xff", 2}},
};
const struct archive_record odd_records[ODD_RECORDS_N] = {
    {.timestamp_ms = 1,             .key = BYTES("key"), .value = BYTES("value")},
    {.timestamp_ms = 1700000000000,      .key = BYTES(""), .value = BYTES("")},
    {.timestamp_ms = 1600000000000, .value = BYTES("\0\1\2")},
    {.timestamp_ms = 1700000000001,           .key = BYTES("tombstone")},
    {.timestamp_ms = 1700000000002, .headers = odd_headers, .n_headers = 4},
    {.timestamp_ms = 1700000000003                            },
};

void produce(rd_kafka_t *rk, const char *topic, int32_t p, const struct archive_record *r)
{
    volatile int64_t offset = -1;
    rd_kafka_headers_t *h = archive_headers_new(r);
    assert_int_equal(
        rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(p),
                          RD_KAFKA_V_KEY(r->key.data, r->key.len),
                          RD_KAFKA_V_VALUE((void *)(uintptr_t)r->value.data, r->value.len),
                          RD_KAFKA_V_TIMESTAMP(r->timestamp_ms), RD_KAFKA_V_HEADERS(h),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_OPAQUE((void *)(uintptr_t)&offset), RD_KAFKA_V_END),
        0);
    while (offset == -1)
        rd_kafka_poll(rk, 100);
    assert_true(offset >= 0);
}

void write_odd_events(const char *topic)
{
    rd_kafka_t *rk = NULL;
    struct err err;
    assert_int_equal(
        kafka_producer_open(&world.cfg, "archive_test.odd", world_delivered, NULL, &rk, &err),
        ERR_OK);
    assert_null(rd_kafka_init_transactions(rk, 10000));
    for (int i = 0; i < 3; i++) {
        assert_null(rd_kafka_begin_transaction(rk));
        for (size_t j = 0; j < ODD_RECORDS_N; j++)
            produce(rk, topic, 1, &odd_records[j]);
        assert_null(i == 1 ? rd_kafka_abort_transaction(rk, -1)
                           : rd_kafka_commit_transaction(rk, -1));
    }
    kafka_producer_close(rk);
}

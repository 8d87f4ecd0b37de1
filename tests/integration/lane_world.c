#include "tests/integration/lane_world.h"

#include "tests/unit/spec.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "consumers/topology.h"
#include "consumers/worker.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "projections/migrate.h"
#include "schemas/records.h"

#define DEADLINE_S     100 /* twice what a group takes to miss a frozen member */
#define STATEMENTS_MAX 400
#define WORKERS_MAX    8

struct world world;
const char *world_services = "user,job";

#define OK(call)                                 \
    do {                                         \
        struct err err_;                         \
        struct err *err = &err_;                 \
        if ((call) != ERR_OK)                    \
            fail_msg("%s: %s", #call, err_.msg); \
    } while (0)

static void load_config(struct config *cfg)
{
    struct strbuf problems;
    struct err err;
    strbuf_init(&problems);
    if (config_load(getenv("HIRELOG_CONFIG"), service_names, cfg, &problems, &err) != ERR_OK) {
        fprintf(stderr, "HIRELOG_CONFIG: %s\n%s", err.msg, strbuf_cstr(&problems));
        exit(1);
    }
    strbuf_release(&problems);
    cfg->partitions = WORLD_PARTITIONS;
    cfg->worker_admin_port = 0;
    snprintf(cfg->services, sizeof(cfg->services), "%s", world_services);
}

void world_load(void)
{
    load_config(&world.cfg);
}

void world_migrate(void)
{
    struct migrate_service m[SERVICES_MAX];
    for (size_t i = 0; i < n_services; i++)
        m[i] = (struct migrate_service){services[i].name, services[i].vault, NULL};
    OK(migrate_run(&world.cfg, m, n_services, err));
}

static void make_topics(void)
{
    struct kafka_topic_spec specs[2 * SERVICES_MAX];
    static char names[2 * SERVICES_MAX][TOPIC_NAME_MAX];
    for (size_t i = 0; i < n_services; i++) {
        service_command_topic(world.cfg.topic_prefix, services[i].name, names[2 * i]);
        service_event_topic(world.cfg.topic_prefix, services[i].name, names[2 * i + 1]);
        specs[2 * i] = topology_spec(&world.cfg, TOPOLOGY_COMMANDS, names[2 * i]);
        specs[2 * i + 1] = topology_spec(&world.cfg, TOPOLOGY_EVENTS, names[2 * i + 1]);
    }
    OK(kafka_topics_create(world.producer, specs, 2 * n_services, err));
}

void world_delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    (void)opaque;
    int64_t *offset = m->_private;
    *offset = m->err ? -2 : m->offset;
}

int world_begin(void **state)
{
    (void)state;
    load_config(&world.cfg);
    arena_init(&world.arena);
    world.codec = codec_new();
    OK(kafka_producer_open(&world.cfg, NULL, world_delivered, NULL, &world.producer, err));
    make_topics();
    world_migrate();
    struct pg_options o = {.conninfo = world.cfg.pg_admin, .application_name = "lane_test"};
    OK(pg_open(&o, &world.pg, err));
    for (size_t i = 0; i < n_services; i++)
        sql_run(arena_printf(&world.arena, "LISTEN lane_%s", services[i].name));
    return 0;
}

int world_end(void **state)
{
    (void)state;
    pg_free(world.pg);
    kafka_producer_close(world.producer);
    codec_free(world.codec);
    arena_release(&world.arena);
    return 0;
}

/* ---- workers */

void worker_main(void)
{
    struct config cfg;
    struct err err;
    lifecycle_setup();
    log_setup(LOG_INFO, LOG_LOGFMT, "worker");
    load_config(&cfg);
    enum err_code code = worker_run(&cfg, &err);
    if (code != ERR_OK)
        log_error("worker failed", KV_ERR(&err));
    _exit(err_exit_code[code]);
}

static pid_t spawned[WORKERS_MAX];

static void remember(pid_t pid)
{
    size_t i = 0;
    while (i < WORKERS_MAX && spawned[i])
        i++;
    assert_true(i < WORKERS_MAX);
    spawned[i] = pid;
}

static void forget(pid_t pid)
{
    for (size_t i = 0; i < WORKERS_MAX; i++)
        if (spawned[i] == pid)
            spawned[i] = 0;
}

int workers_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < WORKERS_MAX; i++) {
        if (!spawned[i])
            continue;
        kill(spawned[i], SIGKILL);
        waitpid(spawned[i], NULL, 0);
        spawned[i] = 0;
    }
    return 0;
}

/* TERM is blocked across the exec: one that comes before the child can take it waits, and does not kill. */
pid_t worker_spawn(const char *crash_at)
{
    return worker_spawn_with("HIRELOG_CRASH_AT", crash_at);
}

pid_t worker_spawn_with(const char *variable, const char *value)
{
    sigset_t term, before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        remember(pid);
        return pid;
    }
    if (value)
        setenv(variable, value, 1);
    execl("/proc/self/exe", "worker", "worker", NULL);
    _exit(127);
}

static int await_exit(pid_t pid)
{
    int status;
    int64_t deadline = time_monotonic_us() + DEADLINE_S * 1000000LL;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        char channel[64], payload[64];
        bool got;
        if (time_monotonic_us() > deadline)
            fail_msg("worker %d did not end", (int)pid);
        OK(pg_wait_notify(world.pg, 20, channel, sizeof(channel), payload, sizeof(payload), &got,
                          err));
    }
    forget(pid);
    return status;
}

static void await_signal(pid_t pid, int signal_number)
{
    int status = await_exit(pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), signal_number);
}

void worker_await_crash(pid_t pid)
{
    await_signal(pid, SIGKILL);
}

void worker_await_abort(pid_t pid)
{
    await_signal(pid, SIGABRT);
}

void worker_stop(pid_t pid)
{
    kill(pid, SIGTERM);
    int status = await_exit(pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

void worker_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    worker_await_crash(pid);
}

/* ---- commands */

void command_meta_fill(struct command_meta *meta, const struct uuid *actor)
{
    int64_t now = time_now_us();
    meta->command_id = uuid_v7(now);
    meta->actor.kind = actor ? ACTOR_KIND_USER : ACTOR_KIND_ANONYMOUS;
    if (actor)
        meta->actor.id = *actor;
    meta->issued_at = now;
}

struct post_job *post_job_new(const char *title)
{
    static int client_role[] = {ROLE_CLIENT};
    struct uuid ana = uuid_v5_of("ana", NULL);
    struct post_job *c = record_new(&type_post_job, &world.arena);
    command_meta_fill(&c->meta, &ana);
    c->meta.actor.roles.items = client_role;
    c->meta.actor.roles.n = 1;
    c->job_id = c->meta.command_id;
    c->title = title;
    c->description = "what it is about";
    c->budget = (struct money){150000, "EUR"};
    return c;
}

struct register_user *register_user_new(const char *email)
{
    static int roles[] = {ROLE_CLIENT};
    struct register_user *c = record_new(&type_register_user, &world.arena);
    command_meta_fill(&c->meta, NULL);
    c->user_id = c->credential_id = c->meta.command_id;
    c->email = email;
    c->display_name = "Ana";
    c->roles.items = roles;
    c->roles.n = 1;
    return c;
}

struct bytes framed(const struct record_type *type, void *command)
{
    struct bytes b;
    OK(codec_encode(world.codec, (struct record){type, command}, &world.arena, &b, err));
    return b;
}

int32_t partition_of(const struct uuid *key)
{
    return kafka_partition(key, WORLD_PARTITIONS);
}

int64_t send_bytes(
    const char *service, int32_t partition, const void *key, size_t key_len, struct bytes value)
{
    char topic[TOPIC_NAME_MAX];
    service_command_topic(world.cfg.topic_prefix, service, topic);
    return send_to(topic, partition, key, key_len, value);
}

int64_t
send_to(const char *topic, int32_t partition, const void *key, size_t key_len, struct bytes value)
{
    volatile int64_t offset = -1;
    rd_kafka_resp_err_t code = rd_kafka_producev(
        world.producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_KEY(key, key_len), RD_KAFKA_V_VALUE((void *)(uintptr_t)value.data, value.len),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE((void *)(uintptr_t)&offset),
        RD_KAFKA_V_END);
    assert_int_equal(code, 0);
    while (offset == -1)
        rd_kafka_poll(world.producer, 100);
    assert_true(offset >= 0);
    return offset;
}

int64_t send_command(const struct record_type *type, void *command)
{
    struct uuid key;
    char text[UUID_TEXT_LEN + 1];
    memcpy(&key, (char *)command + type->key->offset, sizeof(key));
    uuid_format(&key, text);
    return send_bytes(type->service, partition_of(&key), text, UUID_TEXT_LEN,
                      framed(type, command));
}

/* ---- what PostgreSQL says */

/* A statement's address is its identity: each text gets one, once. */
static const struct pg_stmt *statement(const char *sql)
{
    static struct pg_stmt known[STATEMENTS_MAX];
    static size_t n;
    for (size_t i = 0; i < n; i++)
        if (strcmp(known[i].sql, sql) == 0)
            return &known[i];
    assert_true(n < STATEMENTS_MAX);
    known[n] = (struct pg_stmt){.name = arena_printf(&world.arena, "test_%zu", n),
                                .sql = arena_strdup(&world.arena, sql)};
    return &known[n++];
}

static const PGresult *query(const char *sql)
{
    const PGresult *r;
    OK(pg_exec(world.pg, statement(sql), NULL, 0, &r, err));
    return r;
}

int64_t sql_number(const char *sql)
{
    char cast[2048];
    snprintf(cast, sizeof(cast), "SELECT (%s)::int8", sql);
    const PGresult *r = query(cast);
    return pg_is_null(r, 0, 0) ? -1 : pg_get_int8(r, 0, 0);
}

const char *sql_text(const char *sql)
{
    char cast[2048];
    snprintf(cast, sizeof(cast), "SELECT coalesce((%s)::text, '')", sql);
    return arena_strdup(&world.arena, pg_get_text(query(cast), 0, 0));
}

void sql_run(const char *sql)
{
    OK(pg_script(world.pg, sql, err));
}

static void await_news(const char *what, int64_t deadline)
{
    char channel[64], payload[64];
    bool got;
    if (time_monotonic_us() > deadline)
        fail_msg("not within %d s: %s", DEADLINE_S, what);
    OK(pg_wait_notify(world.pg, 50, channel, sizeof(channel), payload, sizeof(payload), &got, err));
}

void await_number(const char *sql, int64_t expected)
{
    int64_t deadline = time_monotonic_us() + DEADLINE_S * 1000000LL;
    while (sql_number(sql) != expected)
        await_news(sql, deadline);
}

const char *live_view(const char *service)
{
    return sql_text(arena_printf(&world.arena,
                                 "SELECT 'hirelog_%s_g' || generation FROM hirelog_%s.control",
                                 service, service));
}

const char *outcome_of(const char *service, const struct uuid *command_id)
{
    char sql[256];
    int64_t deadline = time_monotonic_us() + DEADLINE_S * 1000000LL;
    snprintf(sql, sizeof(sql),
             "SELECT coalesce(reason, status) FROM %s.outcome WHERE command_id = $1",
             live_view(service));
    struct pg_param id = pg_p_uuid(&world.arena, command_id);
    for (;;) {
        const PGresult *r;
        OK(pg_exec(world.pg, statement(sql), &id, 1, &r, err));
        if (PQntuples(r) == 1)
            return arena_strdup(&world.arena, pg_get_text(r, 0, 0));
        await_news("an outcome", deadline);
    }
}

/* ---- what Kafka says */

/* To the true end: right after a commit its marker may not be written yet, and a committed read
 * ends before it. */
static void count_partition(rd_kafka_t *reader,
                            rd_kafka_t *bounds,
                            const char *topic,
                            int32_t partition,
                            const struct uuid *command_id,
                            const struct record_type *type,
                            struct log_count *ret)
{
    int64_t low, high;
    OK(kafka_watermarks(bounds, topic, partition, &low, &high, err));
    OK(kafka_reader_assign(reader, topic, partition, 0, err));
    for (bool end = false; !end;) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, 1000);
        if (!m)
            continue;
        end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && m->offset >= high;
        if (!m->err) {
            struct record event;
            OK(codec_decode(world.codec, (struct bytes){m->payload, m->len}, &world.arena, &event,
                            err));
            const struct event_meta *meta = event.value;
            ret->events++;
            ret->of_type += event.type == type;
            ret->of_command += command_id && uuid_equal(&meta->command_id, command_id);
        }
        rd_kafka_message_destroy(m);
    }
}

static struct log_count
count_log(const char *service, const struct uuid *command_id, const struct record_type *type)
{
    struct log_count n = {0};
    char topic[TOPIC_NAME_MAX];
    rd_kafka_t *reader = NULL, *bounds = NULL;
    service_event_topic(world.cfg.topic_prefix, service, topic);
    OK(kafka_reader_open(&world.cfg, true, 1, &reader, err));
    OK(kafka_reader_open(&world.cfg, false, 1, &bounds, err));
    for (int32_t p = 0; p < WORLD_PARTITIONS; p++)
        count_partition(reader, bounds, topic, p, command_id, type, &n);
    kafka_consumer_close(bounds);
    kafka_consumer_close(reader);
    return n;
}

struct log_count count_events(const char *service, const struct uuid *command_id)
{
    return count_log(service, command_id, NULL);
}

size_t count_events_of(const char *service, const struct record_type *type)
{
    return count_log(service, NULL, type).of_type;
}

#include "consumers/group.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "consumers/assignment.h"
#include "consumers/database_clock.h"
#include "consumers/lane.h"
#include "consumers/lane_sql.h"
#include "consumers/letter_count.h"
#include "consumers/lost_credentials.h"
#include "consumers/thread_join.h"
#include "consumers/worker_name.h"
#include "ops/runtime/clock_watch.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "projections/generation.h"

#define LANES_MAX     1024 /* partitions of one service in one process */
#define TICK_NS       50000000L
#define DRAIN_MS      5000
#define HINT_EVERY_US 1000000LL
#define LOOK_EVERY_US 500000LL
#define COMMITTED_MS  5000
#define OPEN_AGAIN_US 1000000LL
#define HINT_WAIT_MS  100 /* of a reader that never fetches */
/* A worker that has not looked at the lanes for so long is frozen, or its host is gone: others take its lanes. */
#define SILENT_MS 4000
/* Whoever could not look for so long does not judge others for a while: PostgreSQL may have been frozen, and all of them with
 * it. Whoever connects anew moves no lane for as long, either: after a failover the others come back one after the other, and until
 * then their lanes look free. */
#define UNSEEING_US        1000000LL
#define SETTLE_US          2000000LL
#define SILENT_UNJUDGED_MS (100 * SILENT_MS) /* then only a connection that is gone counts */

struct group {
    const struct config *cfg;
    const struct service *service;
    char topic[TOPIC_NAME_MAX];
    pthread_t thread;
    atomic_bool stop, drained, looked, postgres_away;
    atomic_int n_free; /* lanes that nobody has, as of the last look */
    _Atomic(rd_kafka_t *)
        hint;      /* the reader whose committed offsets are the hints; NULL until opened */
    struct pg *pg; /* by which others see that this worker lives; NULL = to be opened */
    int64_t hint_at_us, look_at_us, open_at_us;
    int64_t looked_at_us;  /* 0 = never */
    int64_t judges_at_us;  /* until then a silent worker is no dead one */
    int64_t settled_at_us; /* until then no lane is taken or given up */
    struct letter_count letters;
    struct lost_credentials lost;
    pthread_mutex_t lock; /* lanes: written by the thread, read by anyone */
    struct lane *lanes[LANES_MAX];
    int64_t giving_since_us[LANES_MAX]; /* told to stop; 0 = not */
};

/* ---- lanes */

static int64_t committed_offset(void *arg, int32_t partition)
{
    struct group *g = arg;
    rd_kafka_t *hint = atomic_load(&g->hint);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *p = rd_kafka_topic_partition_list_add(list, g->topic, partition);
    int64_t offset = -1;
    if (hint && !rd_kafka_committed(hint, list, COMMITTED_MS) && !p->err && p->offset >= 0)
        offset = p->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return offset;
}

static void put_lane(struct group *g, int32_t partition, struct lane *l)
{
    pthread_mutex_lock(&g->lock);
    g->lanes[partition] = l;
    pthread_mutex_unlock(&g->lock);
    g->giving_since_us[partition] = 0;
}

static void start_lane(struct group *g, const struct assignment_lane *seen)
{
    struct lane_options o = {
        .cfg = g->cfg,
        .service = g->service,
        .partition = seen->partition,
        .epoch = seen->epoch,
        .group_hint = committed_offset,
        .arg = g,
    };
    struct lane *l = NULL;
    struct err err;
    log_info("group: a lane is free; taking it", KV_S("service", g->service->name),
             KV_I("partition", seen->partition));
    if (lane_start(&o, &l, &err) == ERR_OK)
        put_lane(g, seen->partition, l);
    else
        log_error("lane not started", KV_S("service", g->service->name), KV_ERR(&err));
}

/* It ends behind its batch; reap() waits for it. */
static void give_lane(struct group *g, int32_t partition)
{
    if (g->giving_since_us[partition])
        return;
    g->giving_since_us[partition] = time_monotonic_us();
    lane_request_stop(g->lanes[partition]);
}

/* Lanes that have ended, because they were told to or because another owner has their row. A thread that hangs in a call stays: its
 * epoch is over when the next owner takes the row, and the watchdog looks after it. */
static void reap(struct group *g)
{
    for (int32_t p = 0; p < LANES_MAX; p++) {
        struct lane_status status;
        struct lane *l = g->lanes[p];
        if (!l)
            continue;
        lane_status(l, &status);
        if (status.state != LANE_ENDED)
            continue;
        put_lane(g, p, NULL);
        if (!lane_join(l, DRAIN_MS))
            log_warn("lane does not end", KV_S("service", g->service->name), KV_I("partition", p));
    }
}

static bool lanes_left(const struct group *g)
{
    for (size_t p = 0; p < LANES_MAX; p++)
        if (g->lanes[p])
            return true;
    return false;
}

/* Those that are to stay. */
static size_t count_kept(const struct group *g)
{
    size_t n = 0;
    for (size_t p = 0; p < LANES_MAX; p++)
        n += g->lanes[p] && !g->giving_since_us[p];
    return n;
}

/* ---- hints: for lag tools and for W11; never what a lane starts from. The group has no members: its offsets are all there is of it. */

static void open_hint(struct group *g)
{
    char name[GROUP_NAME_MAX];
    rd_kafka_t *hint = NULL;
    struct err err;
    int64_t now = time_monotonic_us();
    if (atomic_load(&g->hint) || now < g->open_at_us)
        return;
    service_group(g->cfg->topic_prefix, g->service->name, SERVICE_WORKERS, name);
    if (kafka_follower_open(g->cfg, name, HINT_WAIT_MS, 1, &hint, &err) == ERR_OK)
        atomic_store(&g->hint, hint);
    else
        log_error("group: no reader for its offsets; trying again",
                  KV_S("service", g->service->name), KV_ERR(&err));
    g->open_at_us = now + OPEN_AGAIN_US;
}

static void commit_hints(struct group *g)
{
    rd_kafka_t *hint = atomic_load(&g->hint);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (int32_t p = 0; p < LANES_MAX; p++) {
        struct lane_status status;
        if (!g->lanes[p])
            continue;
        lane_status(g->lanes[p], &status);
        if (status.next_command >= 0)
            rd_kafka_topic_partition_list_add(list, g->topic, p)->offset = status.next_command;
    }
    if (hint && list->cnt > 0)
        rd_kafka_commit(hint, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
}

static void hints(struct group *g)
{
    int64_t now = time_monotonic_us();
    open_hint(g);
    rd_kafka_t *hint = atomic_load(&g->hint);
    rd_kafka_message_t *m = hint ? rd_kafka_consumer_poll(hint, 0) : NULL; /* answers, no records */
    if (m)
        rd_kafka_message_destroy(m);
    if (now < g->hint_at_us)
        return;
    g->hint_at_us = now + HINT_EVERY_US;
    commit_hints(g);
}

/* ---- whose lanes are whose */

static enum err_code connect_pg(struct group *g, struct err *err)
{
    char name[WORKER_NAME_MAX];
    struct service_control control;
    worker_name_format("worker", name);
    struct pg_options o = {.application_name = name,
                           .statement_timeout_ms = config_derive(g->cfg).statement_ms};
    TRY(service_control_read(g->cfg, g->service, &control, err));
    TRY(service_pg_open(g->cfg, g->service, control.generation, o, &g->pg, err));
    lost_credentials_restart(&g->lost);
    return ERR_OK;
}

static void read_workers(const PGresult *r, struct assignment *a)
{
    for (int i = 0; i < PQntuples(r) && a->n_workers < WORKERS_MAX; i++)
        a->workers[a->n_workers++] = (struct assignment_worker){
            .id = pg_get_uuid(r, i, 0),
            .leaving = pg_get_bool(r, i, 1),
        };
}

static void read_lanes(const PGresult *r, struct assignment *a, struct assignment_lane *lanes)
{
    for (int i = 0; i < PQntuples(r) && a->n_lanes < LANES_MAX; i++) {
        bool held = !pg_is_null(r, i, 2);
        lanes[a->n_lanes++] = (struct assignment_lane){
            .partition = (int32_t)pg_get_int8(r, i, 0),
            .epoch = pg_get_int8(r, i, 1),
            .held = held,
            .worker = held ? pg_get_uuid(r, i, 2) : uuid_nil,
        };
    }
    a->lanes = lanes;
}

static void judge(struct group *g, int64_t now, bool connected)
{
    bool again = g->looked_at_us != 0; /* a worker that starts waits for nothing */
    if (again && (connected || now - g->looked_at_us > UNSEEING_US))
        g->judges_at_us = now + SETTLE_US;
    if (again && connected)
        g->settled_at_us = now + SETTLE_US;
    g->looked_at_us = now;
}

static enum err_code
look(struct group *g, struct assignment *a, struct assignment_lane *lanes, struct err *err)
{
    owned_value(arena_release) struct arena arena;
    bool connected = !g->pg;
    arena_init(&arena); /* before anything can fail: it is released in any case */
    if (connected && atomic_load(&g->stop)) /* it would come back as one that stays */
        return err_set(err, ERR_UNAVAILABLE, "stopping");
    if (connected)
        TRY(connect_pg(g, err));
    judge(g, time_monotonic_us(), connected);
    bool judges = g->looked_at_us >= g->judges_at_us;
    struct pg_param silent = pg_p_int8(&arena, judges ? SILENT_MS : SILENT_UNJUDGED_MS);
    struct pg_param partitions = pg_p_int8(&arena, g->cfg->partitions);
    size_t workers = pg_queue(g->pg, lane_sql(SQL_LANE_WORKERS), &silent, 1);
    size_t holders = pg_queue(g->pg, lane_sql(SQL_LANE_HOLDERS), &partitions, 1);
    TRY(pg_sync(g->pg, err));
    if (judges && time_monotonic_us() - g->looked_at_us > UNSEEING_US)
        return look(g, a, lanes,
                    err); /* PostgreSQL stood still under this look; the next one judges nobody */
    *a = (struct assignment){.me = worker_id(), .turn = (size_t)(g->service - services)};
    read_workers(pg_result(g->pg, workers), a);
    read_lanes(pg_result(g->pg, holders), a, lanes);
    return ERR_OK;
}

/* The last ones: those that came last when there were fewer workers. */
static void give_up(struct group *g, size_t n)
{
    for (int32_t p = LANES_MAX - 1; p >= 0 && n > 0; p--) {
        if (!g->lanes[p] || g->giving_since_us[p])
            continue;
        log_info("group: more lanes than this worker's share; giving one up",
                 KV_S("service", g->service->name), KV_I("partition", p));
        give_lane(g, p);
        n--;
    }
}

static void take(struct group *g, const struct assignment *a, size_t n)
{
    size_t taken[LANES_MAX];
    size_t n_taken = assignment_take(a, n, taken);
    for (size_t i = 0; i < n_taken; i++)
        if (!g->lanes[a->lanes[taken[i]].partition]) /* what runs here opens it by itself */
            start_lane(g, &a->lanes[taken[i]]);
}

static void share(struct group *g, const struct assignment *a)
{
    size_t due = assignment_share(a), have = count_kept(g);
    int n_free = 0;
    if (g->looked_at_us >= g->settled_at_us && !atomic_load(&g->stop)) {
        if (have > due)
            give_up(g, have - due);
        else if (have < due)
            take(g, a, due - have);
    }
    for (size_t i = 0; i < a->n_lanes; i++)
        n_free += assignment_free(a, &a->lanes[i]) && !g->lanes[a->lanes[i].partition];
    atomic_store(&g->n_free, n_free);
    atomic_store(&g->looked, true);
}

static void look_at_lanes(struct group *g)
{
    static __thread struct assignment a;
    static __thread struct assignment_lane lanes[LANES_MAX];
    struct err err;
    bool away = look(g, &a, lanes, &err) != ERR_OK;
    if (!away) {
        share(g, &a);
        letter_count_ask(&g->letters, g->pg);
        lost_credentials_ask(&g->lost, g->pg);
        database_clock_ask(g->pg);
    } else {
        if (!atomic_load(&g->postgres_away) && !generation_over(&err))
            log_warn("group: lanes can't be looked at; connecting again",
                     KV_S("service", g->service->name), KV_ERR(&err));
        pg_free(g->pg);
        g->pg = NULL;
    }
    atomic_store(&g->postgres_away, away);
}

/* ---- the thread */

/* It may not block for long: its looks are how others know that this worker lives. */
static void turn(struct group *g)
{
    int64_t now = time_monotonic_us();
    struct timespec tick = {.tv_nsec = TICK_NS};
    reap(g);
    hints(g);
    if (now >= g->look_at_us) {
        look_at_lanes(g);
        g->look_at_us = now + LOOK_EVERY_US;
    }
    nanosleep(&tick, NULL);
}

/* Others count without this worker from now on, but wait for its lanes until their batches are done. */
static void say_leaving(struct group *g)
{
    char name[WORKER_NAME_MAX], sql[WORKER_NAME_MAX + 64];
    struct err ignored;
    if (!g->pg)
        return;
    worker_name_format("leaving", name);
    snprintf(sql, sizeof(sql), "SET application_name = '%s'", name);
    pg_queue_command(g->pg, sql);
    enum err_code code = pg_sync(g->pg, &ignored);
    (void)code; /* then the connection is broken, and others see that it is gone */
}

static void leave(struct group *g)
{
    int64_t until = time_monotonic_us() + DRAIN_MS * 1000LL;
    say_leaving(g);
    commit_hints(g);
    for (int32_t p = 0; p < LANES_MAX; p++)
        if (g->lanes[p])
            give_lane(g, p);
    while (lanes_left(g) && time_monotonic_us() < until)
        turn(g);
}

static void *group_thread(void *arg)
{
    struct group *g = arg;
    while (!atomic_load(&g->stop))
        turn(g);
    leave(g);
    atomic_store(&g->drained, !lanes_left(g));
    rd_kafka_t *hint = atomic_exchange(&g->hint, NULL);
    if (hint && !lanes_left(g)) /* a lane may be in a call on it: left to the process's end */
        kafka_consumer_close(hint);
    pg_free(g->pg);
    return NULL;
}

enum err_code group_start(const struct config *cfg,
                          const struct service *service,
                          struct group **ret,
                          struct err *err)
{
    struct group *g = calloc(1, sizeof(*g));
    if (!g)
        abort();
    g->cfg = cfg;
    g->service = service;
    service_command_topic(cfg->topic_prefix, service->name, g->topic);
    letter_count_init(&g->letters, service->name);
    lost_credentials_init(&g->lost, service);
    pthread_mutex_init(&g->lock, NULL);
    if (pthread_create(&g->thread, NULL, group_thread, g) != 0) {
        pthread_mutex_destroy(&g->lock);
        free(g);
        return err_set(err, ERR_UNAVAILABLE, "no thread for the group of %s", service->name);
    }
    *ret = g;
    return ERR_OK;
}

void group_request_stop(struct group *g)
{
    atomic_store(&g->stop, true);
}

bool group_join(struct group *g, int timeout_ms)
{
    if (!thread_join(g->thread, timeout_ms))
        return atomic_load(&g->drained); /* closing takes long: left to the process's end */
    if (lanes_left(g))
        return false;
    pthread_mutex_destroy(&g->lock);
    free(g);
    return true;
}

/* ---- what others see */

static void add_lane(struct strbuf *out, const struct lane_status *s, bool first)
{
    strbuf_addf(out, "%s{\"partition\":%d,\"state\":\"%s\",\"next_command\":%lld,\"lag\":%lld",
                first ? "" : ",", s->partition, lane_state_name[s->state],
                (long long)s->next_command, (long long)s->lag);
    if (s->ahead_us > CLOCK_STEP_MAX_US)
        strbuf_addf(out, ",\"clock_ahead_ms\":%lld", (long long)s->ahead_us / 1000);
    if (s->message[0]) {
        strbuf_adds(out, ",\"reason\":");
        strbuf_add_json(out, s->message);
    }
    strbuf_addc(out, '}');
}

bool group_ready(struct group *g, struct strbuf *out)
{
    bool looked = atomic_load(&g->looked), away = atomic_load(&g->postgres_away);
    bool ready = looked && atomic_load(&g->n_free) == 0 && !away, first = true;
    strbuf_addf(out, "{\"service\":\"%s\",\"joined\":%s,\"postgres\":%s,", g->service->name,
                looked ? "true" : "false", away ? "\"away\"" : "\"ok\"");
    lost_credentials_print(&g->lost, out);
    letter_count_print(&g->letters, out);
    strbuf_adds(out, ",\"lanes\":[");
    pthread_mutex_lock(&g->lock);
    for (int32_t p = 0; p < LANES_MAX; p++) {
        struct lane_status status;
        if (!g->lanes[p])
            continue;
        lane_status(g->lanes[p], &status);
        add_lane(out, &status, first);
        first = false;
        ready = ready && status.state == LANE_RUNNING;
    }
    pthread_mutex_unlock(&g->lock);
    strbuf_adds(out, "]}");
    return ready;
}

int64_t group_idle_us(struct group *g)
{
    int64_t idle_us = 0;
    pthread_mutex_lock(&g->lock);
    for (int32_t p = 0; p < LANES_MAX; p++) {
        struct lane_status status;
        if (!g->lanes[p])
            continue;
        lane_status(g->lanes[p], &status);
        if (status.state != LANE_ENDED && status.idle_us > idle_us)
            idle_us = status.idle_us;
    }
    pthread_mutex_unlock(&g->lock);
    return idle_us;
}

bool group_brokers_reachable(struct group *g, int timeout_ms)
{
    rd_kafka_t *hint = atomic_load(&g->hint);
    const struct rd_kafka_metadata *md;
    if (!hint || rd_kafka_metadata(hint, 0, NULL, &md, timeout_ms))
        return false;
    rd_kafka_metadata_destroy(md);
    return true;
}

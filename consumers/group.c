#include "consumers/group.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "consumers/database_clock.h"
#include "consumers/lane.h"
#include "consumers/lane_sql.h"
#include "consumers/letter_count.h"
#include "consumers/lost_credentials.h"
#include "consumers/thread_join.h"
#include "ops/runtime/clock_watch.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "projections/generation.h"

#define LANES_MAX        1024 /* partitions of one service in one process */
#define POLL_MS          100
#define DRAIN_MS         5000
#define HINT_EVERY_US    1000000LL
#define ORPHANS_EVERY_US 500000LL
#define COMMITTED_MS     5000
#define OPEN_AGAIN_MS    1000

struct group {
    const struct config *cfg;
    const struct service *service;
    char topic[TOPIC_NAME_MAX];
    pthread_t thread;
    atomic_bool stop, drained, joined, orphans_known, postgres_away;
    atomic_int n_orphans;
    _Atomic(rd_kafka_t *) member; /* NULL until opened */
    struct pg *pg;                /* asks for orphans; NULL = to be opened */
    bool seen_orphan[LANES_MAX];  /* at the last look */
    int64_t hint_at_us, orphans_at_us;
    struct letter_count letters;
    struct lost_credentials lost;
    pthread_mutex_t lock; /* lanes: written by the thread, read by anyone */
    struct lane *lanes[LANES_MAX];
    struct lane *leaving[LANES_MAX]; /* told to stop, did not end in time */
};

/* ---- lanes */

static int64_t committed_offset(void *arg, int32_t partition)
{
    struct group *g = arg;
    rd_kafka_t *member = atomic_load(&g->member);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *p = rd_kafka_topic_partition_list_add(list, g->topic, partition);
    int64_t offset = -1;
    if (member && !rd_kafka_committed(member, list, COMMITTED_MS) && !p->err && p->offset >= 0)
        offset = p->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return offset;
}

static void put_lane(struct group *g, int32_t partition, struct lane *l)
{
    pthread_mutex_lock(&g->lock);
    g->lanes[partition] = l;
    pthread_mutex_unlock(&g->lock);
}

static void start_lane(struct group *g, int32_t partition, bool adopted)
{
    struct lane_options o = {
        .cfg = g->cfg,
        .service = g->service,
        .partition = partition,
        .group_hint = committed_offset,
        .arg = g,
        .adopted = adopted,
    };
    struct lane *l = NULL;
    struct err err;
    log_info(adopted ? "adopting a lane that nobody works on" : "lane assigned",
             KV_S("service", g->service->name), KV_I("partition", partition));
    if (lane_start(&o, &l, &err) == ERR_OK)
        put_lane(g, partition, l);
    else
        log_error("lane not started", KV_S("service", g->service->name), KV_ERR(&err));
}

/* A thread that hangs in a call is left behind: its epoch is over when the next owner takes the
 * row. */
static void retire(struct group *g, struct lane *l, int timeout_ms)
{
    int32_t partition = lane_partition(l);
    if (lane_join(l, timeout_ms))
        return;
    log_warn("lane does not drain", KV_S("service", g->service->name),
             KV_I("partition", partition));
    if (g->leaving[partition]) /* two hang: the watchdog's case */
        return;
    pthread_mutex_lock(&g->lock);
    g->leaving[partition] = l;
    pthread_mutex_unlock(&g->lock);
}

/* Stops the lanes that are not kept, all at once, then waits for them. */
static void drain(struct group *g, const bool keep[LANES_MAX])
{
    struct lane **going = calloc(LANES_MAX, sizeof(struct lane *));
    if (!going)
        abort();
    for (int32_t p = 0; p < LANES_MAX; p++) {
        if (!g->lanes[p] || (keep && keep[p]))
            continue;
        going[p] = g->lanes[p];
        lane_request_stop(going[p]);
        put_lane(g, p, NULL);
    }
    int64_t deadline = time_monotonic_us() + DRAIN_MS * 1000LL;
    for (int32_t p = 0; p < LANES_MAX; p++) {
        int64_t left_ms = (deadline - time_monotonic_us()) / 1000;
        if (going[p])
            retire(g, going[p], left_ms > 0 ? (int)left_ms : 0);
    }
    free(going);
}

/* Lanes that ended by themselves (an adopted one was taken by another) and those that were left
 * behind. */
static void reap(struct group *g)
{
    for (int32_t p = 0; p < LANES_MAX; p++) {
        struct lane_status status;
        struct lane *left = g->leaving[p], *l = g->lanes[p];
        if (left) {
            pthread_mutex_lock(&g->lock);
            if (lane_join(left, 0))
                g->leaving[p] = NULL;
            pthread_mutex_unlock(&g->lock);
        }
        if (!l)
            continue;
        lane_status(l, &status);
        if (status.state == LANE_ENDED) {
            put_lane(g, p, NULL);
            retire(g, l, DRAIN_MS);
        }
    }
}

/* ---- the group */

static void assigned(struct group *g, rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
    bool keep[LANES_MAX] = {false};
    for (int i = 0; i < list->cnt; i++) {
        list->elems[i].offset = RD_KAFKA_OFFSET_END; /* never fetched: paused */
        if (list->elems[i].partition < LANES_MAX)
            keep[list->elems[i].partition] = true;
    }
    rd_kafka_assign(rk, list);
    rd_kafka_pause_partitions(rk, list);
    drain(g, keep);
    for (int32_t p = 0; p < LANES_MAX; p++) {
        if (keep[p] && g->lanes[p])
            lane_confirm(g->lanes[p]);
        else if (keep[p])
            start_lane(g, p, false);
    }
    atomic_store(&g->joined, true);
    log_info("group joined", KV_S("service", g->service->name), KV_I("partitions", list->cnt));
}

static void on_rebalance(rd_kafka_t *rk,
                         rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list,
                         void *opaque)
{
    struct group *g = opaque;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        assigned(g, rk, list);
        return;
    }
    atomic_store(&g->joined, false);
    log_info("partitions revoked", KV_S("service", g->service->name),
             KV_I("partitions", list->cnt));
    drain(g, NULL);
    rd_kafka_assign(rk, NULL);
}

static enum err_code open_member(struct group *g, struct err *err)
{
    char name[GROUP_NAME_MAX];
    rd_kafka_t *member = NULL;
    service_group(g->cfg->topic_prefix, g->service->name, SERVICE_WORKERS, name);
    TRY(kafka_member_open(g->cfg, name, on_rebalance, g, &member, err));
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, g->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(member, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (code) {
        kafka_consumer_close(member);
        return err_set(err, ERR_UNAVAILABLE, "subscribe %s: %s", g->topic, rd_kafka_err2str(code));
    }
    atomic_store(&g->member, member);
    return ERR_OK;
}

/* A hint for lag tools and for W11; never what a lane starts from. */
static void commit_hints(struct group *g, rd_kafka_t *member)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (int32_t p = 0; p < LANES_MAX; p++) {
        struct lane_status status;
        if (!g->lanes[p])
            continue;
        lane_status(g->lanes[p], &status);
        if (status.next_command >= 0)
            rd_kafka_topic_partition_list_add(list, g->topic, p)->offset = status.next_command;
    }
    if (list->cnt > 0)
        rd_kafka_commit(member, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
}

/* ---- lanes without a worker */

static enum err_code ask_orphans(struct group *g, const PGresult **ret, struct err *err)
{
    if (!g->pg) {
        struct service_control control;
        struct pg_options o = {.application_name = "hirelog worker",
                               .statement_timeout_ms = config_derive(g->cfg).statement_ms};
        TRY(service_control_read(g->cfg, g->service, &control, err));
        TRY(service_pg_open(g->cfg, g->service, control.generation, o, &g->pg, err));
        lost_credentials_restart(&g->lost);
    }
    return pg_exec(g->pg, lane_sql(SQL_LANE_ORPHANS), NULL, 0, ret, err);
}

/* Seen twice in a row without an owner: between two owners of a rebalance it is for a moment. */
static void adopt(struct group *g, const PGresult *orphans)
{
    bool seen[LANES_MAX] = {false};
    int n = 0;
    for (int i = 0; i < PQntuples(orphans); i++) {
        int64_t p = pg_get_int8(orphans, i, 0);
        if (p < 0 || p >= LANES_MAX || g->lanes[p])
            continue; /* what runs here opens it by itself */
        seen[p] = !g->seen_orphan[p];
        if (seen[p])
            n++;
        else
            start_lane(g, (int32_t)p, true);
    }
    for (size_t p = 0; p < LANES_MAX; p++)
        g->seen_orphan[p] = seen[p];
    atomic_store(&g->n_orphans, n);
    atomic_store(&g->orphans_known, true);
}

static void look_for_orphans(struct group *g)
{
    const PGresult *orphans;
    struct err err;
    bool away = ask_orphans(g, &orphans, &err) != ERR_OK;
    if (!away) {
        adopt(g, orphans);
        letter_count_ask(&g->letters, g->pg);
        lost_credentials_ask(&g->lost, g->pg);
        database_clock_ask(g->pg);
    } else {
        if (!atomic_load(&g->postgres_away) && !generation_over(&err))
            log_warn("lanes can't be looked at", KV_S("service", g->service->name), KV_ERR(&err));
        pg_free(g->pg);
        g->pg = NULL;
    }
    atomic_store(&g->postgres_away, away);
}

/* ---- the thread */

static void serve(struct group *g, rd_kafka_t *member)
{
    rd_kafka_message_t *m = rd_kafka_consumer_poll(member, POLL_MS);
    int64_t now = time_monotonic_us();
    if (m)
        rd_kafka_message_destroy(m);
    reap(g);
    if (now >= g->hint_at_us) {
        g->hint_at_us = now + HINT_EVERY_US;
        commit_hints(g, member);
    }
    if (now >= g->orphans_at_us) {
        look_for_orphans(g);
        g->orphans_at_us = time_monotonic_us() + ORPHANS_EVERY_US;
    }
}

static bool lanes_left(const struct group *g)
{
    for (size_t p = 0; p < LANES_MAX; p++)
        if (g->leaving[p])
            return true;
    return false;
}

/*
 * A member that is still joining cannot leave: the broker answers nothing else on its connection
 * until the join ends, which may take a killed member's whole session. Then the handle is left to
 * the process's end.
 */
static void leave(struct group *g, rd_kafka_t *member)
{
    if (!member || !atomic_load(&g->joined))
        return;
    atomic_store(&g->member, NULL);
    kafka_consumer_close(member);
}

static void *group_thread(void *arg)
{
    struct group *g = arg;
    struct err err;
    while (!atomic_load(&g->stop) && open_member(g, &err) != ERR_OK) {
        log_error("no group member", KV_S("service", g->service->name), KV_ERR(&err));
        struct timespec pause = {.tv_sec = OPEN_AGAIN_MS / 1000};
        nanosleep(&pause, NULL);
    }
    while (!atomic_load(&g->stop))
        serve(g, atomic_load(&g->member));
    rd_kafka_t *member = atomic_load(&g->member);
    if (member)
        commit_hints(g, member);
    drain(g, NULL);
    atomic_store(&g->drained, !lanes_left(g));
    leave(g, member);
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
        return atomic_load(&g->drained); /* leaving takes long: left to the process's end */
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
    bool joined = atomic_load(&g->joined), away = atomic_load(&g->postgres_away);
    int orphans = atomic_load(&g->n_orphans);
    bool manned = atomic_load(&g->orphans_known) && orphans == 0;
    bool ready = (joined || manned) && !away, first = true;
    strbuf_addf(out, "{\"service\":\"%s\",\"joined\":%s,\"postgres\":%s,", g->service->name,
                joined ? "true" : "false", away ? "\"away\"" : "\"ok\"");
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
        struct lane *both[] = {g->lanes[p], g->leaving[p]};
        for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
            struct lane_status status;
            if (!both[i])
                continue;
            lane_status(both[i], &status);
            if (status.state != LANE_ENDED && status.idle_us > idle_us)
                idle_us = status.idle_us;
        }
    }
    pthread_mutex_unlock(&g->lock);
    return idle_us;
}

bool group_brokers_reachable(struct group *g, int timeout_ms)
{
    rd_kafka_t *member = atomic_load(&g->member);
    const struct rd_kafka_metadata *md;
    if (!member || rd_kafka_metadata(member, 0, NULL, &md, timeout_ms))
        return false;
    rd_kafka_metadata_destroy(md);
    return true;
}

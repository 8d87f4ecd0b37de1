#include "consumers/lane_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "consumers/batch.h"
#include "consumers/catch_up.h"
#include "consumers/import_mark.h"
#include "consumers/log_identity.h"
#include "consumers/outcome.h"
#include "consumers/retention.h"
#include "consumers/state_store.h"
#include "consumers/worker_name.h"
#include "ops/runtime/clock_watch.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "projections/generation.h"

#define FETCH_WAIT_MS      500 /* of an idle lane: whatever comes ends it (fetch.min.bytes 1) */
#define CATCH_UP_WAIT_MS   1   /* each wait for the end of the log delays the start */
#define POLL_MS            100
#define BARRIER_POLL_MS    100
#define RETRIES_MAX        3 /* of one batch, then a new session */
#define SWEEP_EVERY_US     (60 * 1000000LL)
#define SWEEP_AGAIN_US     100000 /* while there is more: 5,000 rows/s, as fast as they are made */
#define SWEEP_ROWS_MAX     500
#define BACK_OFF_SLICES_US 20000
#define WAIT_BACK_OFF      5 /* times 100 ms */

/* ---- what it is made of */

void lane_identity_init(struct lane_identity *ret,
                        const struct config *cfg,
                        const struct service *service,
                        int32_t partition)
{
    char host[64] = "";
    gethostname(host, sizeof(host) - 1);
    *ret = (struct lane_identity){
        .cfg = cfg,
        .service = service,
        .partition = partition,
        .timeouts = config_derive(cfg),
    };
    snprintf(ret->owner, sizeof(ret->owner), "%s/%d", host, (int)getpid());
    snprintf(ret->source, sizeof(ret->source), "/%s/%s", cfg->topic_prefix, service->name);
    snprintf(ret->channel, sizeof(ret->channel), "lane_%s", service->name);
    service_command_topic(cfg->topic_prefix, service->name, ret->command_topic);
    service_event_topic(cfg->topic_prefix, service->name, ret->event_topic);
}

static enum err_code open_pg(struct lane_session *s, bool claims, struct pg **ret, struct err *err)
{
    const struct lane_identity *id = s->id;
    char name[WORKER_NAME_MAX];
    worker_name_format("lane", name);
    struct pg_options o = {
        .application_name = claims ? "hirelog lane claims" : name,
        .statement_timeout_ms = id->timeouts.statement_ms,
        .idle_in_transaction_ms = id->timeouts.idle_in_transaction_ms,
        .planner_fixed = true,
        .durability = claims ? PG_DURABLE : PG_ASYNC, /* W1: right for the view, not for claims */
        .may_await_standby = claims,
    };
    return service_pg_open(id->cfg, id->service, s->control.generation, o, ret, err);
}

static enum err_code connect_all(struct lane_session *s, struct err *err)
{
    const struct lane_identity *id = s->id;
    TRY(service_control_read(id->cfg, id->service, &s->control, err));
    TRY(open_pg(s, false, &s->pg, err));
    if (id->service->decider->claim)
        TRY(open_pg(s, true, &s->claims_pg, err));
    s->codec = codec_new();
    TRY(apply_new(id->service->name, APPLY_OWN, &s->apply, err));
    return ERR_OK;
}

void lane_session_free(struct lane_session *s)
{
    if (!s)
        return;
    pg_free(s->claims_pg);
    pg_free(
        s->pg); /* first: from here on the next owner may come, and closing Kafka's handles takes a while */
    inbox_release(&s->inbox);
    parked_release(&s->parked);
    kafka_consumer_close(s->commands);
    event_log_free(s->log);
    apply_free(s->apply);
    codec_free(s->codec);
    arena_release(&s->arena);
    free(s);
}

static struct lane_session *new_session(const struct lane_identity *id, struct lane_pulse *pulse)
{
    struct lane_session *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    s->id = id;
    s->pulse = pulse;
    s->limit = (size_t)id->cfg->batch_commands_max;
    inbox_init(&s->inbox, s->limit, (size_t)id->cfg->batch_bytes_max);
    parked_init(&s->parked, id->service->name, APPLY_OWN, id->partition);
    arena_init(&s->arena);
    return s;
}

/* ---- opening: W3, W4, W5, W10, W11, C3, in this order */

/* States of another fold version are folded anew from the log's beginning. */
enum err_code lane_session_start_fold(struct lane_session *s, struct err *err)
{
    int wanted = s->id->service->decider->fold_version;
    if (s->row.fold_version == wanted)
        return ERR_OK;
    TRY(state_store_clear(s->pg, s->id->partition, wanted, err));
    s->row.fold_version = wanted;
    s->row.fold_next = 0;
    return ERR_OK;
}

static bool claims_lost(const struct lane_session *s)
{
    return s->claims_pg && strcmp(s->row.claims_mark, s->control.claims_mark) != 0;
}

static enum err_code
read_log(struct lane_session *s, const struct log_bounds *bounds, struct err *err)
{
    rd_kafka_t *reader = NULL;
    TRY(kafka_reader_open(s->id->cfg, true, CATCH_UP_WAIT_MS, &reader, err));
    struct catch_up_plan plan = {
        .claims_next = claims_lost(s) ? 0 : s->row.next_event,
        .end = bounds->events_high,
    };
    enum err_code code = log_identity_check(s, reader, bounds, &s->last_event_us, err);
    if (code == ERR_OK)
        code = lane_session_start_fold(s, err);
    if (code == ERR_OK)
        code = catch_up(s, reader, &plan, err);
    kafka_consumer_close(reader);
    return code;
}

/* Both topics have as many partitions as the settings say: else a key's commands and events were
 * apart. */
static enum err_code check_partitions(struct lane_session *s, rd_kafka_t *reader, struct err *err)
{
    const struct lane_identity *id = s->id;
    int32_t commands = 0, events = 0;
    TRY(kafka_topic_partitions(reader, id->command_topic, &commands, err));
    lane_pulse_beat(s->pulse);
    TRY(kafka_topic_partitions(reader, id->event_topic, &events, err));
    s->n_partitions = commands;
    if (commands == events && commands == id->cfg->partitions)
        return ERR_OK;
    return err_set(
        err, ERR_CORRUPT, "%s has %d partitions, %s %d, the settings say %d: frozen at creation",
        id->command_topic, (int)commands, id->event_topic, (int)events, (int)id->cfg->partitions);
}

static enum err_code ask_bounds(struct lane_session *s, struct log_bounds *ret, struct err *err)
{
    rd_kafka_t *reader = NULL;
    TRY(kafka_reader_open(s->id->cfg, false, CATCH_UP_WAIT_MS, &reader, err));
    enum err_code code = check_partitions(s, reader, err);
    lane_pulse_beat(s->pulse);
    if (code == ERR_OK) /* after the fencing: whoever restores marks first, then fences */
        code = import_mark_check(reader, s->id->event_topic, err);
    if (code == ERR_OK)
        code = log_bounds_read(s, reader, ret, err);
    kafka_consumer_close(reader);
    return code;
}

/* C3: nobody decides until the claims of every partition are there again. */
static enum err_code await_claims(struct lane_session *s, struct err *err)
{
    if (!s->claims_pg)
        return ERR_OK;
    lane_pulse_state(s->pulse, LANE_AWAITING_CLAIMS, "other lanes rebuild their claims");
    while (!lane_pulse_stopping(s->pulse)) {
        int64_t n = 0;
        TRY(lane_row_count_marked(s->pg, s->control.claims_mark, &n, err));
        if (n >= s->n_partitions)
            return ERR_OK;
        lane_pulse_beat(s->pulse);
        struct timespec pause = {.tv_nsec = BARRIER_POLL_MS * 1000000L};
        nanosleep(&pause, NULL);
    }
    return err_set(err, ERR_UNAVAILABLE, "stopping");
}

/* The floor of the lane's time is known. Far ahead of this machine's clock it was written with another one. */
static void lane_time_open(struct lane_session *s)
{
    int64_t ahead_us = s->last_event_us - time_now_us();
    atomic_store(&s->pulse->last_event_us, s->last_event_us);
    if (ahead_us > CLOCK_STEP_MAX_US)
        log_error("the lane's last event is ahead of this machine's clock, its time stands still "
                  "until then",
                  KV_S("service", s->id->service->name), KV_I("partition", s->id->partition),
                  KV_I("ahead_ms", ahead_us / 1000));
}

static enum err_code open_commands(struct lane_session *s, struct err *err)
{
    TRY(kafka_reader_open(s->id->cfg, true, FETCH_WAIT_MS, &s->commands, err));
    return kafka_reader_assign(s->commands, s->id->command_topic, s->id->partition,
                               s->row.next_command, err);
}

static void beat(void *pulse)
{
    lane_pulse_beat(pulse);
}

static enum err_code open_session(struct lane_session *s, struct err *err)
{
    const struct lane_identity *id = s->id;
    struct log_bounds bounds;
    TRY(connect_all(s, err));
    if (lane_pulse_stopping(s->pulse)) /* the lane may be another's by now: do not take it back */
        return err_set(err, ERR_UNAVAILABLE, "stopping");
    int fold_version = id->service->decider->fold_version;
    int64_t seen = atomic_load(&s->pulse->epoch);
    TRY(lane_row_take(s->pg, id->partition, seen, id->owner, fold_version, &s->row, err));
    atomic_store(&s->pulse->epoch, s->row.epoch);
    TRY(parked_load(&s->parked, s->pg, err));
    lane_pulse_beat(s->pulse);
    TRY(event_log_open_watched(id->cfg, id->service->name, id->partition, beat, s->pulse, &s->log,
                               err));
    lane_pulse_state(s->pulse, LANE_CATCHING_UP, NULL);
    TRY(ask_bounds(s, &bounds, err));
    TRY(read_log(s, &bounds, err));
    TRY(log_commands_check(s, &bounds, &s->row.next_command, err));
    TRY(lane_row_identify(s->pg, &s->row, bounds.cluster_id, s->control.claims_mark, err));
    TRY(lane_row_notify(s->pg, id->channel, &s->row, err));
    TRY(await_claims(s, err));
    s->expected_offset = bounds.events_high;
    lane_time_open(s);
    atomic_store(&s->pulse->next_command, s->row.next_command);
    return open_commands(s, err);
}

enum err_code lane_session_open(const struct lane_identity *id,
                                struct lane_pulse *pulse,
                                struct lane_session **ret,
                                struct err *err)
{
    owned(lane_session_free) struct lane_session *s = new_session(id, pulse);
    lane_pulse_state(pulse, LANE_STARTING, NULL);
    TRY(open_session(s, err));
    log_info("lane open", KV_S("service", id->service->name), KV_I("partition", id->partition),
             KV_I("epoch", s->row.epoch), KV_I("next_event", s->row.next_event),
             KV_I("next_command", s->row.next_command));
    *ret = STEAL(s);
    return ERR_OK;
}

/* ---- running */

static void measure_lag(struct lane_session *s)
{
    int64_t low = 0, high = 0;
    if (rd_kafka_get_watermark_offsets(s->commands, s->id->command_topic, s->id->partition, &low,
                                       &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        high >= 0) {
        int64_t lag = high > s->row.next_command ? high - s->row.next_command : 0;
        atomic_store(&s->pulse->lag, lag);
        metric_set(s->pulse->lag_gauge, lag);
    }
}

/* A dead connection shows when nothing is asked: then the lane must not look alive. */
static enum err_code check_connections(const struct lane_session *s, struct err *err)
{
    TRY(pg_check_alive(s->pg, err));
    return s->claims_pg ? pg_check_alive(s->claims_pg, err) : ERR_OK;
}

/* Retention in small steps. *ret_more: there is more to be forgotten. */
static enum err_code sweep(struct lane_session *s, bool *ret_more, struct err *err)
{
    int64_t before = time_now_us() - s->id->cfg->outcome_retention_s * 1000000;
    if (!clock_watch_trusted(
            clock_watch())) /* a clock that is days ahead would forget everything */
        return ERR_OK;
    int64_t outcomes = 0, states = 0;
    bool more = false;
    TRY(outcome_sweep(s->pg, s->id->partition, before, SWEEP_ROWS_MAX, &outcomes, err));
    TRY(state_store_sweep(s->pg, s->id->partition, s->row.fold_version, SWEEP_ROWS_MAX, &states,
                          err));
    if (s->id->partition == 0) /* these have no partition: one lane does it for all */
        TRY(retention_sweep(s->pg, s->id->service, time_now_us(), before, SWEEP_ROWS_MAX,
                            &s->sweep_walk, &more, err));
    *ret_more = more || outcomes == SWEEP_ROWS_MAX || states == SWEEP_ROWS_MAX;
    return ERR_OK;
}

/* Between batches. What does not succeed is tried again later: nothing hangs on it, but the lane does
 * on its connection. */
static enum err_code sweep_when_due(struct lane_session *s, struct err *err)
{
    int64_t now = time_monotonic_us();
    bool more = false;
    if (now < s->sweep_at_us)
        return ERR_OK;
    s->sweep_at_us = now + SWEEP_EVERY_US;
    enum err_code code = sweep(s, &more, err);
    if (more)
        s->sweep_at_us = now + SWEEP_AGAIN_US;
    if (code == ERR_OK || generation_over(err) || pg_broken(s->pg))
        return code;
    log_warn("what is over could not be forgotten, later again",
             KV_S("service", s->id->service->name), KV_I("partition", s->id->partition),
             KV_ERR(err));
    return ERR_OK;
}

/* 100 ms, 200 ms, ...; a stop ends it. */
static void back_off(struct lane_session *s, int attempt)
{
    int64_t until = time_monotonic_us() + 100000LL * attempt;
    while (time_monotonic_us() < until && !lane_pulse_stopping(s->pulse)) {
        struct timespec pause = {.tv_nsec = BACK_OFF_SLICES_US * 1000L};
        nanosleep(&pause, NULL);
        lane_pulse_beat(s->pulse);
    }
}

/* The generation was swapped away under the lane, before it wrote anything there: it goes on in the one that is live now, where
 * its row came along (R2). Log, producers and inbox stay as they are. */
static enum err_code rejoin(struct lane_session *s, struct err *err)
{
    const struct lane_identity *id = s->id;
    pg_free(s->claims_pg);
    pg_free(s->pg);
    s->pg = s->claims_pg = NULL;
    TRY(service_control_read(id->cfg, id->service, &s->control, err));
    TRY(open_pg(s, false, &s->pg, err));
    if (id->service->decider->claim)
        TRY(open_pg(s, true, &s->claims_pg, err));
    if (claims_lost(s))
        return err_set(err, ERR_UNAVAILABLE, "the claims were lost"); /* C3: opened anew */
    TRY(lane_row_rejoin(s->pg, &s->row, err));
    TRY(parked_load(&s->parked, s->pg, err));
    log_info("lane goes on in another generation", KV_S("service", id->service->name),
             KV_I("partition", id->partition), KV_I("generation", s->control.generation));
    return ERR_OK;
}

/* As long as it takes; nothing has to be opened anew for it. */
static void await_command(struct lane_session *s, const struct err *err)
{
    if (atomic_load(&s->pulse->state) == LANE_RUNNING)
        log_warn("a command waits", KV_S("service", s->id->service->name),
                 KV_I("partition", s->id->partition), KV_ERR(err));
    lane_pulse_state(s->pulse, LANE_BACKING_OFF, err->msg);
    back_off(s, WAIT_BACK_OFF);
}

/* One batch from the inbox. ERR_OK: decided, or to be tried again. */
static enum err_code turn(struct lane_session *s, int *retries, struct err *err)
{
    crash_point("after_poll");
    switch (batch_run(s, err)) {
    case BATCH_DONE:
        *retries = 0;
        if (atomic_load(&s->pulse->state) != LANE_RUNNING)
            lane_pulse_state(s->pulse, LANE_RUNNING, NULL);
        return ERR_OK;
    case BATCH_REDO:
        return ERR_OK;
    case BATCH_WAIT:
        await_command(s, err);
        return ERR_OK;
    case BATCH_RETRY:
        if (generation_over(err))
            return rejoin(s, err);
        log_warn("batch failed, trying again", KV_S("service", s->id->service->name),
                 KV_I("partition", s->id->partition), KV_ERR(err));
        if (++*retries > RETRIES_MAX)
            return err->code;
        back_off(s, *retries);
        return ERR_OK;
    case BATCH_RESTART:
        break;
    }
    return err->code;
}

enum err_code lane_session_run(struct lane_session *s, struct err *err)
{
    int retries = 0;
    lane_pulse_state(s->pulse, LANE_RUNNING, NULL);
    while (!lane_pulse_stopping(s->pulse)) {
        TRY(inbox_fill(&s->inbox, s->commands, s->row.next_command, POLL_MS, err));
        lane_pulse_beat(s->pulse);
        if (s->inbox.n > 0)
            TRY(turn(s, &retries, err));
        else
            TRY(check_connections(s, err));
        if (sweep_when_due(s, err) != ERR_OK)
            TRY(generation_over(err) ? rejoin(s, err) : err->code);
        measure_lag(s);
    }
    return ERR_OK;
}

#include "consumers/reactor.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/dead_letter.h"
#include "consumers/event_header.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/metrics.h"
#include "ops/runtime/timeutil.h"
#include "schemas/codec.h"
#include "schemas/records.h"

#define COMMITTED_MS    5000
#define PATIENCE_MS     200 /* nobody waits for what a reactor does */
#define FLUSH_SLICE_MS  100
#define COMMIT_EVERY_US 1000000 /* while nothing is sent: a hint that saves reading again */
/* Offsets that nobody renews are forgotten by the broker (offsets.retention.minutes), and then history
 * would fire again. */
#define RENEW_EVERY_US (3600 * 1000000LL)

struct reactor {
    const struct reactor_rule *rule;
    char group[GROUP_NAME_MAX], command_topic[TOPIC_NAME_MAX];
    struct follower *follower;
    struct metric *sent;
    /* of a session */
    rd_kafka_t *producer;
    struct codec *codec;
    int32_t n_partitions;
    size_t n_failed; /* delivery reports of the run; served inside the flush, on this thread */
    int64_t commit_at_us, renew_at_us;
    struct arena arena; /* of a run */
};

struct uuid reactor_command_id(const struct reactor_rule *rule, const struct event_meta *event)
{
    char aggregate[UUID_TEXT_LEN + 1], version[24];
    if (uuid_version(&event->event_id) == 7)
        return uuid_v5(&event->event_id, rule->name, strlen(rule->name));
    uuid_format(&event->aggregate_id, aggregate);
    snprintf(version, sizeof(version), "%" PRId64, event->version);
    return uuid_v5_of("reaction", aggregate, version, rule->name, NULL);
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct reactor *r = opaque;
    (void)rk;
    r->n_failed += m->err != RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* ---- a session's beginning and end */

static void close_session(void *self)
{
    struct reactor *r = self;
    kafka_producer_close(r->producer);
    r->producer = NULL;
    codec_free(r->codec);
    r->codec = NULL;
}

static enum err_code read_offsets(struct reactor *r, struct follower_session *s, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)s->n_logs);
    for (size_t i = 0; i < s->n_logs; i++)
        rd_kafka_topic_partition_list_add(list, s->logs[i].topic, s->logs[i].partition);
    rd_kafka_resp_err_t code = rd_kafka_committed(s->reader, list, COMMITTED_MS);
    for (size_t i = 0; !code && i < s->n_logs; i++) {
        code = list->elems[i].err;
        s->logs[i].next = list->elems[i].offset >= 0 ? list->elems[i].offset : -1;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (code)
        return err_set(err, ERR_UNAVAILABLE, "offsets of %s: %s", r->group, rd_kafka_err2str(code));
    return ERR_OK;
}

static enum err_code open_session(void *self, struct follower_session *s, struct err *err)
{
    struct reactor *r = self;
    r->codec = codec_new();
    TRY(kafka_producer_open(s->options->cfg, NULL, delivered, r, &r->producer, err));
    r->n_partitions = (int32_t)s->options->cfg->partitions;
    TRY(kafka_topic_has_partitions(r->producer, r->command_topic, r->n_partitions, err));
    r->renew_at_us = 0;
    return read_offsets(r, s, err);
}

/* ---- a run of events */

void *reactor_command_new(const struct reactor_rule *rule,
                          const void *event,
                          const struct uuid *command_id,
                          int64_t issued_at,
                          struct arena *a)
{
    struct command_meta *meta = record_new(rule->command, a);
    meta->command_id = *command_id;
    meta->issued_at = issued_at;
    meta->actor.kind = ACTOR_KIND_SYSTEM;
    return rule->react(event, command_id, meta, a) ? meta : NULL;
}

static enum err_code produce(struct reactor *r,
                             const rd_kafka_message_t *cause,
                             const struct uuid *key,
                             struct bytes value,
                             struct err *err)
{
    char key_text[UUID_TEXT_LEN + 1], traceparent[TRACEPARENT_MAX];
    rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
    uuid_format(key, key_text);
    traceparent_read(message_headers(cause), traceparent);
    if (traceparent[0])
        rd_kafka_header_add(headers, "traceparent", -1, traceparent, -1);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        r->producer, RD_KAFKA_V_TOPIC(r->command_topic),
        RD_KAFKA_V_PARTITION(kafka_partition(key, r->n_partitions)),
        RD_KAFKA_V_KEY(key_text, UUID_TEXT_LEN), RD_KAFKA_V_VALUE((void *)value.data, value.len),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code) {
        rd_kafka_headers_destroy(headers);
        return err_set(err, ERR_UNAVAILABLE, "%s: %s", r->command_topic, rd_kafka_err2str(code));
    }
    return ERR_OK;
}

static enum err_code send_command(struct reactor *r,
                                  const rd_kafka_message_t *cause,
                                  struct record event,
                                  size_t *sent,
                                  struct err *err)
{
    const struct event_meta *meta = event.value;
    const struct uuid id = reactor_command_id(r->rule, meta);
    /* Issued now: an event may be older than commands live. */
    void *command = reactor_command_new(r->rule, event.value, &id, time_now_us(), &r->arena);
    struct bytes value;
    if (!command)
        return ERR_OK;
    TRY(codec_encode(r->codec, (struct record){r->rule->command, command}, &r->arena, &value, err));
    const void *key = (const char *)command + r->rule->command->key->offset;
    TRY(produce(r, cause, key, value, err));
    ++*sent;
    return ERR_OK;
}

/* Nobody can react to it: kept for a person, and passed. */
static enum err_code keep_unreadable(struct reactor *r,
                                     struct follower_session *s,
                                     const rd_kafka_message_t *m,
                                     const struct err *why,
                                     struct err *err)
{
    struct dead_letter letter = {
        .offset = m->offset,
        .at_us = time_now_us(),
        .command_id = uuid_nil,
        .reason = "unreadable",
        .detail = arena_printf(&r->arena, "reactor %s: %s", r->rule->name, why->msg),
        .value = {m->payload, m->len},
    };
    log_error("an event cannot be read: nobody reacts to it", KV_S("reactor", r->rule->name),
              KV_I("partition", m->partition), KV_I("offset", m->offset), KV_ERR(why));
    dead_letter_queue_save(s->pg, s->logs[0].topic, m->partition, &letter, 1, &r->arena);
    return pg_sync(s->pg, err);
}

static enum err_code react(struct reactor *r,
                           struct follower_session *s,
                           const rd_kafka_message_t *m,
                           size_t *sent,
                           struct err *err)
{
    struct bytes framed = {m->payload, m->len};
    const struct record_type *type = NULL;
    struct record event;
    struct err why;
    enum err_code code = codec_type(framed, &type, &why);
    if (code == ERR_OK && type != r->rule->event)
        return ERR_OK;
    if (code == ERR_OK)
        code = codec_decode(r->codec, framed, &r->arena, &event, &why);
    if (code == ERR_UNAVAILABLE || code == ERR_NOT_FOUND) /* as the follower asked it was there */
        return err_set(err, ERR_UNAVAILABLE, "%s", why.msg);
    if (code != ERR_OK)
        return keep_unreadable(r, s, m, &why, err);
    return send_command(r, m, event, sent, err);
}

/* Every command of the run is in its log, or the run is done again: with the same ids. */
static enum err_code
await_delivery(struct reactor *r, const struct follower_session *s, struct err *err)
{
    while (rd_kafka_flush(r->producer, FLUSH_SLICE_MS) == RD_KAFKA_RESP_ERR__TIMED_OUT)
        if (follower_stopping(s))
            return err_set(err, ERR_UNAVAILABLE, "stopping");
    if (r->n_failed > 0)
        return err_set(err, ERR_UNAVAILABLE, "%zu commands could not be stored", r->n_failed);
    return ERR_OK;
}

static enum err_code commit_offset(struct reactor *r,
                                   struct follower_session *s,
                                   const struct follower_run *run,
                                   bool sync,
                                   struct err *err)
{
    int64_t now = time_monotonic_us();
    if (!sync && now < r->commit_at_us)
        return ERR_OK;
    r->commit_at_us = now + COMMIT_EVERY_US;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, run->log->topic, run->log->partition)->offset =
        run->next;
    rd_kafka_resp_err_t code = rd_kafka_commit(s->reader, list, !sync);
    rd_kafka_topic_partition_list_destroy(list);
    if (code && sync)
        return err_set(err, ERR_UNAVAILABLE, "commit of %s: %s", r->group, rd_kafka_err2str(code));
    return ERR_OK;
}

/* All of them, also of logs in which nothing happens. */
static enum err_code renew_offsets(void *self, struct follower_session *s, struct err *err)
{
    struct reactor *r = self;
    int64_t now = time_monotonic_us();
    if (now < r->renew_at_us)
        return ERR_OK;
    r->renew_at_us = now + RENEW_EVERY_US;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)s->n_logs);
    for (size_t i = 0; i < s->n_logs; i++)
        rd_kafka_topic_partition_list_add(list, s->logs[i].topic, s->logs[i].partition)->offset =
            s->logs[i].next < 0 ? 0 : s->logs[i].next;
    rd_kafka_resp_err_t code = rd_kafka_commit(s->reader, list, 0);
    rd_kafka_topic_partition_list_destroy(list);
    if (code)
        return err_set(err, ERR_UNAVAILABLE, "commit of %s: %s", r->group, rd_kafka_err2str(code));
    return ERR_OK;
}

static enum err_code
handle(void *self, struct follower_session *s, const struct follower_run *run, struct err *err)
{
    struct reactor *r = self;
    size_t sent = 0;
    arena_clear(&r->arena);
    r->n_failed = 0;
    for (size_t i = 0; i < run->n; i++)
        TRY(react(r, s, run->messages[i], &sent, err));
    if (sent > 0) {
        crash_point("reactor_after_send");
        TRY(await_delivery(r, s, err));
        crash_point("reactor_after_delivery");
        metric_add(r->sent, (int64_t)sent);
    }
    TRY(commit_offset(r, s, run, sent > 0, err));
    if (sent > 0)
        crash_point("reactor_after_commit");
    return ERR_OK;
}

static const struct follower_role role = {
    .kind = "reactor",
    .open = open_session,
    .handle = handle,
    .rest = renew_offsets,
    .close = close_session,
};

enum err_code reactor_start(const struct config *cfg,
                            const struct service *service,
                            const struct reactor_rule *rule,
                            struct reactor **ret,
                            struct err *err)
{
    struct reactor *r = calloc(1, sizeof(*r));
    char labels[128];
    if (!r)
        abort();
    r->rule = rule;
    arena_init(&r->arena);
    service_group(cfg->topic_prefix, service->name, rule->name, r->group);
    snprintf(labels, sizeof(labels), "reactor=\"%s\"", rule->name);
    r->sent = metrics_counter("hirelog_reactor_commands_total", labels, "Commands sent.");
    service_command_topic(cfg->topic_prefix, service->name, r->command_topic);
    struct follower_options o = {
        .cfg = cfg,
        .service = service,
        .name = rule->name,
        .sources = {rule->event->service},
        .n_sources = 1,
        .group = r->group,
        .patience_ms = PATIENCE_MS,
        .role = &role,
        .self = r,
    };
    if (follower_start(&o, &r->follower, err) != ERR_OK) {
        reactor_free(r);
        return err->code;
    }
    *ret = r;
    return ERR_OK;
}

struct follower *reactor_follower(struct reactor *r)
{
    return r->follower;
}

void reactor_free(struct reactor *r)
{
    if (!r)
        return;
    arena_release(&r->arena);
    free(r);
}

#include "api/feed_log.h"

#include <stdio.h>
#include <stdlib.h>

#include "consumers/manifest.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/timeutil.h"

static const struct {
    int fetch_wait_ms, fetch_min_bytes;
} fetching[] = {
    [FEED_PATIENT] = {100, 65536},
    [FEED_EAGER] = {10,  1    },
};

struct feed_log {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue; /* that feed_log_poll() waits at */
    char topic[TOPIC_NAME_MAX];
    int32_t n;
    bool assigned;
    bool *held; /* by partition */
};

void feed_record_release(struct feed_record *r)
{
    if (r->message)
        rd_kafka_message_destroy(r->message);
    r->message = NULL;
}

static enum err_code
open_at(const struct config *cfg, struct feed_log *l, enum feed_haste haste, struct err *err)
{
    TRY(kafka_follower_open(cfg, NULL, fetching[haste].fetch_wait_ms,
                            fetching[haste].fetch_min_bytes, &l->rk, err));
    TRY(kafka_topic_has_partitions(l->rk, l->topic, l->n, err));
    l->queue = rd_kafka_queue_get_consumer(l->rk);
    return ERR_OK;
}

enum err_code feed_log_open(const struct config *cfg,
                            const char *topic,
                            enum feed_haste haste,
                            struct feed_log **ret,
                            struct err *err)
{
    struct feed_log *l = calloc(1, sizeof(*l));
    if (!l || !(l->held = calloc((size_t)cfg->partitions, sizeof(*l->held))))
        abort();
    l->n = (int32_t)cfg->partitions;
    (void)snprintf(l->topic, sizeof(l->topic), "%s", topic);
    if (open_at(cfg, l, haste, err) != ERR_OK) {
        feed_log_close(l);
        return err->code;
    }
    *ret = l;
    return ERR_OK;
}

void feed_log_close(struct feed_log *l)
{
    if (!l)
        return;
    if (l->queue)
        rd_kafka_queue_destroy(l->queue);
    kafka_consumer_close(l->rk);
    free(l->held);
    free(l);
}

/* Before it is sought: a partition that is resumed goes on where it was paused. */
static void held_release(struct feed_log *l)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(l->n);
    for (int32_t p = 0; p < l->n; p++) {
        if (l->held[p])
            rd_kafka_topic_partition_list_add(list, l->topic, p);
        l->held[p] = false;
    }
    if (list->cnt > 0)
        (void)rd_kafka_resume_partitions(l->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* Assigned once, then sought (kafka_reader_assign() says why). */
enum err_code feed_log_seek(struct feed_log *l, const int64_t *next, struct err *err)
{
    enum err_code code = ERR_OK;
    rd_kafka_error_t *error = NULL;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(l->n);
    held_release(l);
    for (int32_t p = 0; p < l->n; p++)
        rd_kafka_topic_partition_list_add(list, l->topic, p)->offset = next[p];
    if (!l->assigned && rd_kafka_assign(l->rk, list))
        code = err_set(err, ERR_UNAVAILABLE, "%s cannot be read", l->topic);
    else if (l->assigned && (error = rd_kafka_seek_partitions(l->rk, list, -1)))
        code = kafka_err_take(error, err, "seek");
    for (int32_t p = 0; l->assigned && code == ERR_OK && p < l->n; p++)
        if (list->elems[p].err)
            code = err_set(err, ERR_UNAVAILABLE, "seek in %s: %s", l->topic,
                           rd_kafka_err2str(list->elems[p].err));
    l->assigned = true;
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

static enum feed_news news_of(const rd_kafka_message_t *m)
{
    switch (m->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return FEED_RECORD;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        return FEED_END;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        return FEED_LOST;
    default:
        return FEED_NOTHING; /* the client tries again */
    }
}

static int left_ms(int64_t until_us)
{
    int64_t us = until_us - time_monotonic_us();
    return us > 0 ? (int)((us + 999) / 1000) : 0;
}

enum feed_news feed_log_poll(struct feed_log *l, int timeout_ms, struct feed_record *ret)
{
    int64_t until_us = time_monotonic_us() + timeout_ms * 1000LL;
    for (;;) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(l->rk, left_ms(until_us));
        if (!m)
            return FEED_NOTHING;
        enum feed_news news = m->rkt ? news_of(m) : FEED_NOTHING;
        bool held = m->partition < 0 || m->partition >= l->n || l->held[m->partition];
        *ret = (struct feed_record){.partition = m->partition, .offset = m->offset};
        if (news == FEED_RECORD && !held)
            ret->message = m;
        else
            rd_kafka_message_destroy(m);
        if (news != FEED_NOTHING && !held)
            return news;
    }
}

rd_kafka_t *feed_log_handle(struct feed_log *l)
{
    return l->rk;
}

void feed_log_wake(struct feed_log *l)
{
    rd_kafka_queue_yield(l->queue);
}

/* Paused: it would go on fetching what is thrown away. */
void feed_log_hold(struct feed_log *l, int32_t partition)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, l->topic, partition);
    (void)rd_kafka_pause_partitions(l->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    l->held[partition] = true;
}

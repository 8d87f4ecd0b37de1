#include "ops/runtime/kafka_facts.h"

#include "ops/runtime/timeutil.h"

#define METADATA_MS 3000
#define DESCRIBE_MS 3000
#define NO_ANSWER   "the broker does not answer"

/* What is found out so far. Brokers and topics are described side by side, on one queue. */
struct inquiry {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    struct kafka_facts *topics, *brokers;
    size_t n_topics, n_brokers;
    size_t open; /* answers to come */
    struct arena *arena;
};

const char *kafka_fact(const struct kafka_facts *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->facts[i].name, name) == 0)
            return f->facts[i].value;
    return NULL;
}

static void add(struct inquiry *q, struct kafka_facts *f, const char *name, const char *value)
{
    struct kafka_fact *all =
        arena_grow(q->arena, (void *)(uintptr_t)f->facts, f->n, sizeof(struct kafka_fact));
    all[f->n++] = (struct kafka_fact){
        .name = arena_strdup(q->arena, name),
        .value = arena_strdup(q->arena, value),
    };
    f->facts = all;
}

/* ---- metadata */

static bool no_such_topic(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
}

static void topic_read(struct inquiry *q, const struct rd_kafka_metadata_topic *t)
{
    struct kafka_facts *f = NULL;
    for (size_t i = 0; i < q->n_topics; i++)
        if (strcmp(q->topics[i].name, t->topic) == 0)
            f = &q->topics[i];
    if (!f)
        return;
    f->missing = no_such_topic(t->err);
    if (t->partition_cnt == 0) {
        if (t->err && !f->missing)
            f->unread = rd_kafka_err2str(t->err);
        return;
    }
    int copies = t->partitions[0].replica_cnt;
    for (int i = 1; i < t->partition_cnt; i++)
        if (t->partitions[i].replica_cnt < copies)
            copies = t->partitions[i].replica_cnt;
    add(q, f, KAFKA_FACT_PARTITIONS, arena_printf(q->arena, "%d", t->partition_cnt));
    add(q, f, KAFKA_FACT_REPLICATION, arena_printf(q->arena, "%d", copies));
}

static void metadata_take(struct inquiry *q, const struct rd_kafka_metadata *md)
{
    for (int i = 0; i < md->topic_cnt; i++)
        topic_read(q, &md->topics[i]);
    for (int i = 0; i < md->broker_cnt && q->n_brokers < KAFKA_BROKERS_MAX; i++)
        q->brokers[q->n_brokers++] = (struct kafka_facts){
            .name = arena_printf(q->arena, "%d", (int)md->brokers[i].id), .unread = NO_ANSWER};
}

/* One request for all: it asks for the topics that the handle knows. */
static enum err_code metadata_read(struct inquiry *q, struct err *err)
{
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_topic_t **known = ARENA_ARRAY(q->arena, rd_kafka_topic_t *, q->n_topics);
    for (size_t i = 0; i < q->n_topics; i++)
        known[i] = rd_kafka_topic_new(q->rk, q->topics[i].name, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(q->rk, 0, NULL, &md, METADATA_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        metadata_take(q, md);
        rd_kafka_metadata_destroy(md);
    }
    for (size_t i = 0; i < q->n_topics; i++)
        if (known[i])
            rd_kafka_topic_destroy(known[i]);
    if (code)
        return err_set(err, ERR_UNAVAILABLE, "topics of the cluster: %s", rd_kafka_err2str(code));
    return ERR_OK;
}

/* ---- settings */

/* Of several topics, or of one broker: such a request goes to that broker. */
static void
describe(struct inquiry *q, rd_kafka_ResourceType_t type, const struct kafka_facts *of, size_t n)
{
    char why[256];
    rd_kafka_ConfigResource_t **asked = ARENA_ARRAY(q->arena, rd_kafka_ConfigResource_t *, n);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(q->rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_AdminOptions_set_request_timeout(options, DESCRIBE_MS, why, sizeof(why));
    for (size_t i = 0; i < n; i++)
        asked[i] = rd_kafka_ConfigResource_new(type, of[i].name);
    rd_kafka_DescribeConfigs(q->rk, asked, n, options, q->queue);
    rd_kafka_ConfigResource_destroy_array(asked, n);
    rd_kafka_AdminOptions_destroy(options);
    q->open++;
}

static bool unanswered(const struct kafka_facts *f)
{
    return f->unread && strcmp(f->unread, NO_ANSWER) == 0;
}

static struct kafka_facts *described(struct inquiry *q, const rd_kafka_ConfigResource_t *r)
{
    bool broker = rd_kafka_ConfigResource_type(r) == RD_KAFKA_RESOURCE_BROKER;
    struct kafka_facts *of = broker ? q->brokers : q->topics;
    size_t n = broker ? q->n_brokers : q->n_topics;
    for (size_t i = 0; i < n; i++)
        if (strcmp(of[i].name, rd_kafka_ConfigResource_name(r)) == 0)
            return &of[i];
    return NULL;
}

static void settings_take(struct inquiry *q, const rd_kafka_ConfigResource_t *r)
{
    size_t n = 0;
    struct kafka_facts *f = described(q, r);
    rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(r);
    if (!f)
        return;
    if (!unanswered(f)) /* its partitions are not known: said already */
        return;
    f->unread = code && !no_such_topic(code) ? rd_kafka_err2str(code) : NULL;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(r, &n);
    for (size_t i = 0; i < n; i++)
        if (rd_kafka_ConfigEntry_value(entries[i])) /* secrets have none */
            add(q, f, rd_kafka_ConfigEntry_name(entries[i]),
                rd_kafka_ConfigEntry_value(entries[i]));
}

static void answer_take(struct inquiry *q, rd_kafka_event_t *event)
{
    size_t n = 0;
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    if (!result || rd_kafka_event_error(event))
        return;
    const rd_kafka_ConfigResource_t **all = rd_kafka_DescribeConfigs_result_resources(result, &n);
    for (size_t i = 0; i < n; i++)
        settings_take(q, all[i]);
}

static enum err_code settings_read(struct inquiry *q, struct err *err)
{
    int64_t until_us = time_monotonic_us() + (DESCRIBE_MS + 500) * 1000LL;
    for (size_t i = 0; i < q->n_topics; i++)
        if (!q->topics[i].unread)
            q->topics[i].unread = NO_ANSWER;
    describe(q, RD_KAFKA_RESOURCE_TOPIC, q->topics, q->n_topics);
    for (size_t i = 0; i < q->n_brokers; i++)
        describe(q, RD_KAFKA_RESOURCE_BROKER, &q->brokers[i], 1);
    for (; q->open > 0; q->open--) {
        int64_t left_ms = (until_us - time_monotonic_us()) / 1000;
        rd_kafka_event_t *event = rd_kafka_queue_poll(q->queue, left_ms > 0 ? (int)left_ms : 0);
        if (!event)
            break;
        answer_take(q, event);
        rd_kafka_event_destroy(event);
    }
    for (size_t i = 0; i < q->n_topics; i++)
        if (unanswered(&q->topics[i]))
            return err_set(err, ERR_UNAVAILABLE, "settings of topic %s: %s", q->topics[i].name,
                           NO_ANSWER);
    return ERR_OK;
}

enum err_code kafka_facts_read(rd_kafka_t *rk,
                               struct kafka_facts *topics,
                               size_t n,
                               struct kafka_facts brokers[KAFKA_BROKERS_MAX],
                               size_t *ret_brokers,
                               struct arena *a,
                               struct err *err)
{
    struct inquiry q = {.rk = rk, .topics = topics, .n_topics = n, .brokers = brokers, .arena = a};
    for (size_t i = 0; i < n; i++)
        topics[i] = (struct kafka_facts){.name = topics[i].name, .missing = true};
    TRY(metadata_read(&q, err));
    q.queue = rd_kafka_queue_new(rk);
    enum err_code code = settings_read(&q, err);
    rd_kafka_queue_destroy(q.queue);
    if (code == ERR_OK)
        *ret_brokers = q.n_brokers;
    return code;
}

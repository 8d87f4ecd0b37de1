#include "ops/runtime/kafka.h"

#include <assert.h>
#include <ctype.h>
#include <pthread.h>

#include "ops/runtime/deadline.h"
#include "ops/runtime/kafka_fault.h"
#include "ops/runtime/kafka_handle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"

#define CLOSE_MS        5000 /* RULES 14 */
#define METADATA_MS     5000
#define WATERMARK_MS    10000
#define LEADER_PAUSE_NS 20000000L
#define ADMIN_MS        15000

/* ---- settings
 * ------------------------------------------------------------------------------------------------------------
 */

struct setting {
    const char *name;
    const char *value;
};

/* RULES 12. */
static const struct setting common_settings[] = {
    {"socket.nagle.disable",               "true" },
    {"fetch.error.backoff.ms",             "20"   },
    {"reconnect.backoff.max.ms",           "1000" }, /* a broker that is back is found within a second */
    {"log.connection.close",               "false"},
    {"topic.metadata.refresh.interval.ms", "60000"},
};
static const struct setting producer_settings[] = {
    {"acks",                         "all"    },
    {"enable.idempotence",           "true"   },
    {"linger.ms",                    "0"      },
    {"compression.type",             "lz4"    },
    {"message.max.bytes",            "1100000"}, /* CODEC_MESSAGE_MAX and room for headers */
    {"queue.buffering.max.messages", "100000" },
};
/* Who sends one by one: what comes while a request is under way goes into the next one. Alone a record
 * waits for nobody; with 256 connections a sixth less is spent on requests. */
static const struct setting sender_settings[] = {
    {"max.in.flight.requests.per.connection", "1"      },
 /* What an archive takes (ARCHIVE_RECORD_BYTES_MAX): the broker measures what is compressed, and an import
     * writes whatever it once took, from anybody. Our own records end at CODEC_MESSAGE_MAX. */
    {"message.max.bytes",                     "3200000"},
};
static const struct setting consumer_settings[] = {
    {"enable.auto.commit",         "false"},
    {"enable.auto.offset.store",   "false"},
    {"queued.min.messages",        "5000" },
    {"queued.max.messages.kbytes",
     "8192"                               }, /* memory of a reader; a lane reads as fast as it applies */
    {"fetch.min.bytes",            "1"    },
    {"auto.offset.reset",          "error"},
};
/* librdkafka 2.0.2 looks again only after a second when it found its queue full: who reads a log from end
 * to end needs a queue for a second. That of a record takes about as much again. */
#define SCANNER_RECORDS_PER_MIB 2048
/* librdkafka asks every consumer for a group; manual assignment never joins it. */
#define READER_GROUP "hirelog.reader"
static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *err)
{
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
        return true;
    err_set(err, ERR_INVALID, "Kafka setting %s=%s: %s", name, value, why);
    return false;
}

static bool set_int(rd_kafka_conf_t *conf, const char *name, int64_t value, struct err *err)
{
    char text[32];
    snprintf(text, sizeof(text), "%lld", (long long)value);
    return set(conf, name, text, err);
}

static bool set_all(rd_kafka_conf_t *conf, const struct setting *s, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!set(conf, s[i].name, s[i].value, err))
            return false;
    }
    return true;
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    (void)level;
    log_debug("librdkafka", KV_S("facility", facility), KV_S("text", text));
}

/* Transport errors come and go; each call reports its own outcome (W9: error_cb is no signal). */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    (void)opaque;
    log_debug("librdkafka error", KV_I("code", code), KV_S("reason", reason));
}

static rd_kafka_conf_t *conf_new(const struct config *cfg, struct err *err)
{
    struct config_timeouts t = config_derive(cfg);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    if (set(conf, "bootstrap.servers", cfg->brokers, err) &&
        set(conf, "client.id", "hirelog", err) &&
        set_int(conf, "socket.timeout.ms", t.socket_ms, err) &&
        set_all(conf, common_settings, ARRAY_SIZE(common_settings), err))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

#define API_KEY_END_TXN 26

static rd_kafka_resp_err_t on_request_sent(rd_kafka_t *rk,
                                           int sockfd,
                                           const char *broker,
                                           int32_t broker_id,
                                           int16_t api_key,
                                           int16_t api_version,
                                           int32_t correlation_id,
                                           size_t size,
                                           void *arg)
{
    (void)rk, (void)sockfd, (void)broker, (void)broker_id, (void)api_version, (void)correlation_id;
    (void)size;
    if (api_key == API_KEY_END_TXN)
        ++*(_Atomic int *)arg;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* on_new is the only moment at which no broker thread walks the list of interceptors yet. */
// NOLINTBEGIN(readability-non-const-parameter): librdkafka's signature
static rd_kafka_resp_err_t
on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *arg, char *errstr, size_t size)
{
    (void)conf, (void)errstr, (void)size;
    return rd_kafka_interceptor_add_on_request_sent(rk, "end_txn", on_request_sent, arg);
}
// NOLINTEND(readability-non-const-parameter)

static bool transactional_settings(const struct config *cfg,
                                   const char *id,
                                   _Atomic int *end_txn_sent,
                                   rd_kafka_conf_t *conf,
                                   struct err *err)
{
    if (end_txn_sent)
        rd_kafka_conf_interceptor_add_on_new(conf, "end_txn", on_new, (void *)end_txn_sent);
    return set(conf, "transactional.id", id, err) &&
           set_int(conf, "transaction.timeout.ms", cfg->transaction_timeout_ms, err) &&
           set(conf, "retry.backoff.ms", "10", err);
}

enum err_code kafka_transactional_open(const struct config *cfg,
                                       const char *transactional_id,
                                       kafka_dr_fn *dr,
                                       void *opaque,
                                       _Atomic int *end_txn_sent,
                                       rd_kafka_t **ret,
                                       struct err *err)
{
    struct config_timeouts t = config_derive(cfg);
    rd_kafka_conf_t *conf = conf_new(cfg, err);
    assert(dr); /* RULES 1: flush and commit wait in 10 ms steps without it */
    if (!conf)
        return ERR_INVALID;
    if (!set_all(conf, producer_settings, ARRAY_SIZE(producer_settings), err) ||
        !set_int(conf, "message.timeout.ms", t.message_ms, err) ||
        (transactional_id ? !transactional_settings(cfg, transactional_id, end_txn_sent, conf, err)
                          : !set_all(conf, sender_settings, ARRAY_SIZE(sender_settings), err))) {
        rd_kafka_conf_destroy(conf);
        return ERR_INVALID;
    }
    rd_kafka_conf_set_dr_msg_cb(conf, dr);
    rd_kafka_conf_set_opaque(conf, opaque);
    return kafka_handle_open(RD_KAFKA_PRODUCER, conf, ret, err);
}

enum err_code kafka_producer_open(const struct config *cfg,
                                  const char *transactional_id,
                                  kafka_dr_fn *dr,
                                  void *opaque,
                                  rd_kafka_t **ret,
                                  struct err *err)
{
    return kafka_transactional_open(cfg, transactional_id, dr, opaque, NULL, ret, err);
}

static bool set_ahead(rd_kafka_conf_t *conf, int mib, struct err *err)
{
    return set_int(conf, "queued.min.messages", mib * SCANNER_RECORDS_PER_MIB, err) &&
           set_int(conf, "queued.max.messages.kbytes", mib * 1024, err);
}

static enum err_code reader_open(const struct config *cfg,
                                 const char *group,
                                 const char *isolation,
                                 int fetch_wait_ms,
                                 int fetch_min_bytes,
                                 int ahead_mib,
                                 rd_kafka_t **ret,
                                 struct err *err)
{
    rd_kafka_conf_t *conf = conf_new(cfg, err);
    if (!conf)
        return ERR_INVALID;
    if (!set_all(conf, consumer_settings, ARRAY_SIZE(consumer_settings), err) ||
        (ahead_mib > 0 && !set_ahead(conf, ahead_mib, err)) || !set(conf, "group.id", group, err) ||
        !set(conf, "enable.partition.eof", "true", err) ||
        !set_int(conf, "fetch.wait.max.ms", fetch_wait_ms, err) ||
        !set_int(conf, "fetch.min.bytes", fetch_min_bytes, err) ||
        !set(conf, "isolation.level", isolation, err)) {
        rd_kafka_conf_destroy(conf);
        return ERR_INVALID;
    }
    return kafka_handle_open(RD_KAFKA_CONSUMER, conf, ret, err);
}

enum err_code kafka_reader_open(const struct config *cfg,
                                bool read_committed,
                                int fetch_wait_ms,
                                rd_kafka_t **ret,
                                struct err *err)
{
    const char *isolation = read_committed ? "read_committed" : "read_uncommitted";
    return reader_open(cfg, READER_GROUP, isolation, fetch_wait_ms, 1, 0, ret, err);
}

enum err_code
kafka_scanner_open(const struct config *cfg, int ahead_mib, rd_kafka_t **ret, struct err *err)
{
    return reader_open(cfg, READER_GROUP, "read_committed", 1, 1, ahead_mib, ret, err);
}

enum err_code kafka_follower_open(const struct config *cfg,
                                  const char *group,
                                  int fetch_wait_ms,
                                  int fetch_min_bytes,
                                  rd_kafka_t **ret,
                                  struct err *err)
{
    return reader_open(cfg, group ? group : READER_GROUP, "read_committed", fetch_wait_ms,
                       fetch_min_bytes, 0, ret, err);
}

void kafka_producer_close(rd_kafka_t *rk)
{
    if (!rk)
        return;
    rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(rk, CLOSE_MS);
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

static void consumer_close(rd_kafka_t *rk)
{
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
}

/* ---- errors
 * --------------------------------------------------------------------------------------------------------------
 */

enum kafka_action kafka_classify(const rd_kafka_error_t *error)
{
    if (!error)
        return KAFKA_DONE;
    if (rd_kafka_error_is_fatal(error))
        return KAFKA_RECREATE;
    if (rd_kafka_error_txn_requires_abort(error))
        return KAFKA_ABORT;
    if (rd_kafka_error_is_retriable(error))
        return KAFKA_RETRY;
    return KAFKA_RECREATE;
}

enum err_code kafka_err_take(rd_kafka_error_t *error, struct err *err, const char *doing)
{
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    bool fenced = code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
                  code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
    err_set(err, fenced ? ERR_CONFLICT : ERR_UNAVAILABLE, "%s: %s", doing,
            rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return fenced ? ERR_CONFLICT : ERR_UNAVAILABLE;
}

static enum err_code
err_from_code(rd_kafka_resp_err_t code, const char *doing, const char *topic, struct err *err)
{
    enum err_code kind = kafka_fault_err(code);
    return kind == ERR_OK ? ERR_OK
                          : err_set(err, kind, "%s %s: %s", doing, topic, rd_kafka_err2str(code));
}

/* ---- partitions
 * ----------------------------------------------------------------------------------------------------------
 */

static bool has_assigned(rd_kafka_t *rk, const char *topic, int32_t partition)
{
    rd_kafka_topic_partition_list_t *now = NULL;
    if (rd_kafka_assignment(rk, &now) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    bool has = rd_kafka_topic_partition_list_find(now, topic, partition) != NULL;
    rd_kafka_topic_partition_list_destroy(now);
    return has;
}

static enum err_code seek(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *to, struct err *err)
{
    rd_kafka_error_t *error = rd_kafka_seek_partitions(rk, to, -1);
    if (error)
        return kafka_err_take(error, err, "seek");
    return err_from_code(to->elems[0].err, "seek", to->elems[0].topic, err);
}

/* A partition that is assigned already is sought, not assigned again: librdkafka 2.0.2 asserts
 * (rktp_started) when the handle is closed before the first assignment has stopped. */
enum err_code kafka_reader_assign(
    rd_kafka_t *rk, const char *topic, int32_t partition, int64_t offset, struct err *err)
{
    enum err_code code;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    if (has_assigned(rk, topic, partition))
        code = seek(rk, list, err);
    else
        code = err_from_code(rd_kafka_assign(rk, list), "assign", topic, err);
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

/* rd_kafka_query_watermark_offsets may ignore its timeout (RULES 13): it runs on a thread of its
 * own, which is left behind, with what it works on, when the deadline passes. */
struct watermark_call {
    struct watermark_call *next; /* of `calls` */
    pthread_cond_t done_cond;
    bool done;
    bool close_rk; /* the handle was closed meanwhile: the call's thread does it */
    int users;     /* the caller and the thread; the last one frees */
    rd_kafka_t *rk;
    char topic[256];
    int32_t partition;
    int64_t low, high;
    rd_kafka_resp_err_t code;
};

static pthread_mutex_t calls_lock = PTHREAD_MUTEX_INITIALIZER; /* of the list and all its members */
static struct watermark_call *calls; /* whose threads still use their handle */

static struct watermark_call *call_using(const rd_kafka_t *rk)
{
    struct watermark_call *c = calls;
    while (c && c->rk != rk)
        c = c->next;
    return c;
}

/* Under calls_lock. */
static void watermark_call_drop(struct watermark_call *c)
{
    if (--c->users > 0)
        return;
    pthread_cond_destroy(&c->done_cond);
    free(c);
}

/* Under calls_lock: takes the call from the list. Whether its handle is now its own to close. */
static bool watermark_call_end(struct watermark_call *c)
{
    struct watermark_call **at = &calls;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    struct watermark_call *other = call_using(c->rk);
    if (!c->close_rk || !other)
        return c->close_rk;
    other->close_rk = true;
    return false;
}

/* A topic was just made, say, and not every broker knows yet who leads it. */
static bool leader_moves(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
}

static void *watermark_thread(void *arg)
{
    struct watermark_call *c = arg;
    int64_t low = -1;
    int64_t high = -1;
    rd_kafka_t *rk = c->rk;
    int64_t until = time_monotonic_us() + WATERMARK_MS / 2 * 1000LL;
    rd_kafka_resp_err_t code;
    while ((code = rd_kafka_query_watermark_offsets(rk, c->topic, c->partition, &low, &high,
                                                    WATERMARK_MS / 2)) != 0 &&
           leader_moves(code) && time_monotonic_us() < until) {
        struct timespec pause = {.tv_nsec = LEADER_PAUSE_NS};
        nanosleep(&pause, NULL);
    }
    pthread_mutex_lock(&calls_lock);
    c->low = low;
    c->high = high;
    c->code = code;
    c->done = true;
    pthread_cond_signal(&c->done_cond);
    bool close_rk = watermark_call_end(c);
    watermark_call_drop(c);
    pthread_mutex_unlock(&calls_lock);
    if (close_rk)
        consumer_close(rk);
    return NULL;
}

void kafka_consumer_close(rd_kafka_t *rk)
{
    if (!rk)
        return;
    pthread_mutex_lock(&calls_lock);
    struct watermark_call *busy = call_using(rk);
    if (busy)
        busy->close_rk = true;
    pthread_mutex_unlock(&calls_lock);
    if (!busy)
        consumer_close(rk);
}

static struct watermark_call *
watermark_call_start(rd_kafka_t *rk, const char *topic, int32_t partition)
{
    pthread_t thread;
    struct watermark_call *c = calloc(1, sizeof(*c));
    if (!c)
        abort();
    deadline_cond_init(&c->done_cond);
    c->users = 2;
    c->rk = rk;
    c->partition = partition;
    snprintf(c->topic, sizeof(c->topic), "%s", topic);
    pthread_mutex_lock(&calls_lock);
    c->next = calls;
    calls = c;
    pthread_mutex_unlock(&calls_lock);
    if (pthread_create(&thread, NULL, watermark_thread, c) != 0)
        abort();
    pthread_detach(thread);
    return c;
}

enum err_code kafka_watermarks(rd_kafka_t *reader,
                               const char *topic,
                               int32_t partition,
                               int64_t *ret_low,
                               int64_t *ret_high,
                               struct err *err)
{
    struct watermark_call *c = watermark_call_start(reader, topic, partition);
    struct timespec until = deadline_after_ms(WATERMARK_MS);
    pthread_mutex_lock(&calls_lock);
    bool in_time = true;
    while (!c->done && in_time)
        in_time = deadline_wait(&c->done_cond, &calls_lock, &until);
    enum err_code code = c->done
                             ? err_from_code(c->code, "watermarks of", topic, err)
                             : err_set(err, ERR_UNAVAILABLE, "watermarks of %s: no answer", topic);
    if (code == ERR_OK) {
        *ret_low = c->low;
        *ret_high = c->high;
    }
    watermark_call_drop(c);
    pthread_mutex_unlock(&calls_lock);
    return code;
}

/* MurmurHash2 as in org.apache.kafka.common.utils.Utils.murmur2: seed 0x9747b28c, little-endian
 * words. */
static uint32_t murmur2(const uint8_t *data, size_t len)
{
    const uint32_t m = 0x5bd1e995;
    uint32_t h = 0x9747b28cU ^ (uint32_t)len;
    size_t words = len / 4;
    for (size_t i = 0; i < words; i++) {
        const uint8_t *p = data + 4 * i;
        uint32_t k = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        k *= m;
        k ^= k >> 24;
        k *= m;
        h = h * m ^ k;
    }
    const uint8_t *tail = data + 4 * words;
    size_t rest = len % 4;
    if (rest == 3)
        h ^= (uint32_t)tail[2] << 16;
    if (rest >= 2)
        h ^= (uint32_t)tail[1] << 8;
    if (rest >= 1)
        h = (h ^ tail[0]) * m;
    h ^= h >> 13;
    h *= m;
    return h ^ h >> 15;
}

int32_t kafka_partition_text(const char *key, size_t len, int32_t n)
{
    assert(n > 0);
    return (int32_t)(murmur2((const uint8_t *)key, len) & 0x7fffffffU) % n;
}

int32_t kafka_partition(const struct uuid *key, int32_t n)
{
    char text[UUID_TEXT_LEN + 1];
    uuid_format(key, text);
    return kafka_partition_text(text, UUID_TEXT_LEN, n);
}

/* ---- topics
 * --------------------------------------------------------------------------------------------------------------
 */

enum err_code
kafka_topic_partitions(rd_kafka_t *rk, const char *topic, int32_t *ret, struct err *err)
{
    const struct rd_kafka_metadata *md;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
    if (!rkt)
        return err_from_code(rd_kafka_last_error(), "topic", topic, err);
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 0, rkt, &md, METADATA_MS);
    rd_kafka_topic_destroy(rkt);
    TRY(err_from_code(code, "metadata of", topic, err));
    enum err_code result = ERR_OK;
    if (md->topic_cnt != 1 || md->topics[0].partition_cnt == 0) {
        code = md->topic_cnt == 1 ? md->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        result = err_from_code(code ? code : RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, "metadata of",
                               topic, err);
    } else {
        *ret = md->topics[0].partition_cnt;
    }
    rd_kafka_metadata_destroy(md);
    return result;
}

enum err_code
kafka_topic_has_partitions(rd_kafka_t *rk, const char *topic, int64_t wanted, struct err *err)
{
    int32_t n = 0;
    TRY(kafka_topic_partitions(rk, topic, &n, err));
    if (n != wanted)
        return err_set(err, ERR_CORRUPT,
                       "%s has %d partitions, the settings say %d: frozen at creation", topic,
                       (int)n, (int)wanted);
    return ERR_OK;
}

enum err_code kafka_cluster_id(rd_kafka_t *rk, char *ret, size_t size, struct err *err)
{
    char *id = rd_kafka_clusterid(rk, METADATA_MS);
    if (!id)
        return err_set(err, ERR_UNAVAILABLE, "cluster id: no broker answers");
    snprintf(ret, size, "%s", id);
    rd_kafka_mem_free(rk, id);
    return ERR_OK;
}

static rd_kafka_NewTopic_t *new_topic(const struct kafka_topic_spec *s, struct err *err)
{
    char why[256];
    rd_kafka_NewTopic_t *t =
        rd_kafka_NewTopic_new(s->name, s->partitions, s->replication, why, sizeof(why));
    if (!t) {
        err_set(err, ERR_INVALID, "topic %s: %s", s->name, why);
        return NULL;
    }
    for (size_t i = 0; i < s->n_settings; i++)
        rd_kafka_NewTopic_set_config(t, s->settings[i].name, s->settings[i].value);
    return t;
}

static enum err_code create_result(rd_kafka_event_t *event, const char *topic, struct err *err)
{
    size_t n;
    if (!event)
        return err_set(err, ERR_UNAVAILABLE, "create topic %s: no answer", topic);
    TRY(err_from_code(rd_kafka_event_error(event), "create topic", topic, err));
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
    rd_kafka_resp_err_t code =
        n == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL;
    if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return ERR_OK;
    return err_from_code(code, "create topic", topic, err);
}

static enum err_code create_topic(rd_kafka_t *rk, const struct kafka_topic_spec *s, struct err *err)
{
    rd_kafka_NewTopic_t *topic = new_topic(s, err);
    if (!topic)
        return ERR_INVALID;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    char why[256];
    rd_kafka_AdminOptions_set_operation_timeout(options, ADMIN_MS / 2, why, sizeof(why));
    rd_kafka_CreateTopics(rk, &topic, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ADMIN_MS);
    enum err_code code = create_result(event, s->name, err);
    rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(topic);
    return code;
}

/* A topic just made takes a moment to have leaders. */
static enum err_code
wait_for_topic(rd_kafka_t *rk, const struct kafka_topic_spec *s, int32_t *ret, struct err *err)
{
    int64_t deadline = time_monotonic_us() + ADMIN_MS * 1000LL;
    enum err_code code;
    do {
        code = kafka_topic_partitions(rk, s->name, ret, err);
    } while (code != ERR_OK && time_monotonic_us() < deadline);
    return code;
}

enum err_code
kafka_topics_create(rd_kafka_t *rk, const struct kafka_topic_spec *specs, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct kafka_topic_spec *s = &specs[i];
        int32_t partitions = 0;
        enum err_code code = kafka_topic_partitions(rk, s->name, &partitions, err);
        if (code == ERR_NOT_FOUND) {
            TRY(create_topic(rk, s, err));
            code = wait_for_topic(rk, s, &partitions, err);
        }
        TRY(code);
        if (partitions != s->partitions)
            return err_set(
                err, ERR_CONFLICT,
                "topic %s has %d partitions, the settings say %d; the number is frozen at creation",
                s->name, (int)partitions, (int)s->partitions);
    }
    return ERR_OK;
}

static rd_kafka_event_t *admin_answer(rd_kafka_queue_t *queue, struct err *err)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ADMIN_MS);
    if (!event)
        err_set(err, ERR_UNAVAILABLE, "no answer from the cluster's controller");
    return event;
}

static enum err_code delete_result(rd_kafka_event_t *event, const char *topic, struct err *err)
{
    size_t n;
    TRY(err_from_code(rd_kafka_event_error(event), "delete topic", topic, err));
    const rd_kafka_topic_result_t **results =
        rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &n);
    return err_from_code(n == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL,
                         "delete topic", topic, err);
}

enum err_code kafka_topic_delete(rd_kafka_t *rk, const char *topic, struct err *err)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_DeleteTopic_t *del = rd_kafka_DeleteTopic_new(topic);
    rd_kafka_DeleteTopics(rk, &del, 1, NULL, queue);
    rd_kafka_event_t *event = admin_answer(queue, err);
    enum err_code code = event ? delete_result(event, topic, err) : ERR_UNAVAILABLE;
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteTopic_destroy(del);
    rd_kafka_queue_destroy(queue);
    return code;
}

static enum err_code records_result(rd_kafka_event_t *event, const char *topic, struct err *err)
{
    TRY(err_from_code(rd_kafka_event_error(event), "delete records of", topic, err));
    const rd_kafka_topic_partition_list_t *offsets =
        rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
    return err_from_code(offsets->cnt == 1 ? offsets->elems[0].err : RD_KAFKA_RESP_ERR__FAIL,
                         "delete records of", topic, err);
}

enum err_code kafka_records_delete(
    rd_kafka_t *rk, const char *topic, int32_t partition, int64_t offset, struct err *err)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_topic_partition_list_t *before = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(before, topic, partition)->offset = offset;
    rd_kafka_DeleteRecords_t *del = rd_kafka_DeleteRecords_new(before);
    rd_kafka_DeleteRecords(rk, &del, 1, NULL, queue);
    rd_kafka_event_t *event = admin_answer(queue, err);
    enum err_code code = event ? records_result(event, topic, err) : ERR_UNAVAILABLE;
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteRecords_destroy(del);
    rd_kafka_topic_partition_list_destroy(before);
    rd_kafka_queue_destroy(queue);
    return code;
}

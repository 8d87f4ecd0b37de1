#include "consumers/tail.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "consumers/event_header.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "schemas/codec.h"
#include "schemas/json.h"

#define FETCH_WAIT_MS   100
#define POLL_MS         100
#define OFFSETS_MS      10000
#define SCHEMA_RETRY_MS 1000 /* between two looks for a schema that is not known */
#define HEADER_MAX      256
#define US_OF_MS        1000

struct tail {
    const struct config *cfg;
    const struct tail_options *options;
    pthread_t thread;
    _Atomic bool stop;
    enum err_code code;
    struct err err;
    /* the thread's own */
    char topic[TOPIC_NAME_MAX];
    rd_kafka_t *reader;
    int32_t n_partitions;
    int64_t *ends; /* by partition: what lies before it was there at the beginning */
    bool *ended;   /* by partition: read that far */
    bool *early;   /* by partition: what is there is older than asked for */
    int64_t printed;
    int output_errno; /* 0 = it takes what is told; EPIPE: nobody reads any more */
    struct codec *codec;
    struct arena arena; /* of one event */
};

/* ---- one line */

static void
member_of_header(json_t *line, const char *member, const rd_kafka_headers_t *h, const char *name)
{
    char text[HEADER_MAX];
    if (event_header_text(h, name, text, sizeof(text)))
        json_object_set_new(line, member, json_string(text));
}

static json_t *line_of(const struct tail *t, const rd_kafka_message_t *m)
{
    char time[TIME_TEXT_LEN + 1];
    rd_kafka_timestamp_type_t kind;
    const rd_kafka_headers_t *h = message_headers(m);
    time_format(rd_kafka_message_timestamp(m, &kind) * US_OF_MS, time);
    json_t *line = json_pack("{s:s,s:i,s:I,s:s}", "topic", t->topic, "partition", (int)m->partition,
                             "offset", (json_int_t)m->offset, "timestamp", time);
    json_object_set_new(line, "key", json_stringn(m->key, m->key_len));
    member_of_header(line, "id", h, "ce_id");
    member_of_header(line, "type", h, "ce_type");
    member_of_header(line, "time", h, "ce_time");
    member_of_header(line, "subject", h, "ce_subject");
    return line;
}

static void output_see(struct tail *t, bool ok)
{
    if (!ok && t->output_errno == 0)
        t->output_errno = errno;
}

static void print_line(struct tail *t, json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT);
    json_decref(line);
    output_see(t, !text || (fputs(text, stdout) >= 0 && fputc('\n', stdout) >= 0));
    free(text);
    t->printed++;
}

static bool
wanted(const struct tail *t, const rd_kafka_message_t *m, const struct record_type *type)
{
    struct uuid aggregate;
    struct err ignored;
    if (t->options->type && type != t->options->type)
        return false;
    if (!t->options->one_aggregate)
        return true;
    return event_aggregate_read(message_headers(m), m->offset, &aggregate, &ignored) == ERR_OK &&
           uuid_equal(&aggregate, &t->options->aggregate);
}

static bool done(const struct tail *t)
{
    return atomic_load(&t->stop) || t->output_errno != 0 ||
           (t->options->count > 0 && t->printed >= t->options->count);
}

/* Out with it, and is anybody there? */
static void flush(struct tail *t)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    output_see(t, fflush(stdout) == 0);
    if (t->output_errno == 0 && poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLNVAL)))
        t->output_errno = EPIPE;
}

/* A reader that has left (`tail | head`) is no error, a full disk is. */
static enum err_code output_judge(const struct tail *t, struct err *err)
{
    if (t->output_errno == 0 || t->output_errno == EPIPE)
        return ERR_OK;
    return err_set(err, ERR_UNAVAILABLE, "standard output: %s", strerror(t->output_errno));
}

static void
not_known(const struct tail *t, const rd_kafka_message_t *m, const struct err *why, struct err *ret)
{
    const char *what = why->code == ERR_NOT_FOUND ? "it was written by a newer program" : why->msg;
    err_set(ret, ERR_UNAVAILABLE, "event %" PRId64 " of %s/%d: %s", m->offset, t->topic,
            (int)m->partition, what);
}

/* False: asked to stop meanwhile. */
static bool pause_before_retry(struct tail *t)
{
    for (int ms = 0; ms < SCHEMA_RETRY_MS; ms += POLL_MS) {
        flush(t);
        if (done(t))
            return false;
        (void)poll(NULL, 0, POLL_MS);
    }
    return true;
}

/*
 * Waits where it stands for a newer program's schema (S4) or a registry that is away (S3): what comes
 * behind may build on this one. ERR_NOT_FOUND: stopped meanwhile.
 */
static enum err_code type_wait(struct tail *t,
                               const rd_kafka_message_t *m,
                               const struct record_type **ret,
                               struct err *err)
{
    struct err why;
    struct bytes framed = {m->payload, m->len};
    for (bool said = false;; said = true) {
        enum err_code code = codec_type(framed, ret, err);
        if (code != ERR_NOT_FOUND && code != ERR_UNAVAILABLE)
            return code;
        not_known(t, m, err, &why);
        if (t->options->to_end) {
            *err = why;
            return why.code;
        }
        if (!said)
            log_warn("waiting for an event's schema", KV_ERR(&why));
        if (!pause_before_retry(t))
            return err_set(err, ERR_NOT_FOUND, "stopped while waiting");
    }
}

static enum err_code show(struct tail *t, const rd_kafka_message_t *m, struct err *err)
{
    const struct record_type *type = NULL;
    struct record event;
    struct err why;
    enum err_code code = type_wait(t, m, &type, &why);
    if (code == ERR_UNAVAILABLE) {
        *err = why;
        return code;
    }
    if (code == ERR_NOT_FOUND || (code == ERR_OK && !wanted(t, m, type)))
        return ERR_OK;
    json_t *line = line_of(t, m);
    arena_clear(&t->arena);
    if (code == ERR_OK)
        code = codec_decode(t->codec, (struct bytes){m->payload, m->len}, &t->arena, &event, &why);
    if (code == ERR_OK)
        json_object_set_new(line, "event", record_to_json(event.type, event.value));
    else
        json_object_set_new(line, "error", json_string(why.msg));
    print_line(t, line);
    return ERR_OK;
}

/* ---- where to begin */

static enum err_code
ask_times(struct tail *t, rd_kafka_topic_partition_list_t *list, struct err *err)
{
    int64_t from_us =
        t->options->from_us > 0 ? t->options->from_us : 0; /* below mean other things */
    for (int32_t p = 0; p < t->n_partitions; p++)
        list->elems[p].offset = (from_us + US_OF_MS - 1) / US_OF_MS;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(t->reader, list, OFFSETS_MS);
    for (int32_t p = 0; !code && p < t->n_partitions; p++) {
        code = list->elems[p].err;
        t->early[p] = list->elems[p].offset < 0; /* nothing is that young */
        if (t->early[p])
            list->elems[p].offset = t->ends[p];
    }
    if (code)
        return err_set(err, ERR_UNAVAILABLE, "offsets of %s for a time: %s", t->topic,
                       rd_kafka_err2str(code));
    return ERR_OK;
}

static enum err_code
starts_find(struct tail *t, rd_kafka_topic_partition_list_t *list, struct err *err)
{
    for (int32_t p = 0; p < t->n_partitions; p++) {
        int64_t low;
        TRY(kafka_watermarks(t->reader, t->topic, p, &low, &t->ends[p], err));
        rd_kafka_topic_partition_list_add(list, t->topic, p)->offset =
            t->options->from == TAIL_NOW ? t->ends[p] : low;
        t->ended[p] = t->ends[p] <= low;
    }
    return t->options->from == TAIL_TIME ? ask_times(t, list, err) : ERR_OK;
}

static enum err_code begin(struct tail *t, struct err *err)
{
    service_event_topic(t->cfg->topic_prefix, t->options->service->name, t->topic);
    TRY(kafka_reader_open(t->cfg, true, FETCH_WAIT_MS, &t->reader, err));
    TRY(kafka_topic_partitions(t->reader, t->topic, &t->n_partitions, err));
    t->ends = calloc((size_t)t->n_partitions, sizeof(*t->ends));
    t->ended = calloc((size_t)t->n_partitions, sizeof(*t->ended));
    t->early = calloc((size_t)t->n_partitions, sizeof(*t->early));
    if (!t->ends || !t->ended || !t->early)
        abort();
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(t->n_partitions);
    enum err_code code = starts_find(t, list, err);
    if (code == ERR_OK && rd_kafka_assign(t->reader, list))
        code = err_set(err, ERR_UNAVAILABLE, "%s cannot be read", t->topic);
    rd_kafka_topic_partition_list_destroy(list);
    TRY(code);
    log_info("following", KV_S("topic", t->topic), KV_I("partitions", t->n_partitions));
    return ERR_OK;
}

/* ---- reading */

static bool all_ended(const struct tail *t)
{
    for (int32_t p = 0; p < t->n_partitions; p++)
        if (!t->ended[p])
            return false;
    return true;
}

/* A time that is yet to come: the first record of that time ends the wait, whatever time the later ones have. */
static bool too_early(struct tail *t, const rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t kind;
    bool *early = &t->early[m->partition];
    *early &= rd_kafka_message_timestamp(m, &kind) * US_OF_MS < t->options->from_us;
    return *early;
}

static enum err_code take(struct tail *t, const rd_kafka_message_t *m, struct err *err)
{
    bool of_partition = m->rkt && m->partition >= 0 && m->partition < t->n_partitions;
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && of_partition)
        t->ended[m->partition] =
            true; /* what was there at the beginning lies before any later end */
    else if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
        return err_set(err, ERR_CORRUPT, "%s: its log begins later now", t->topic);
    if (m->err || !of_partition)
        return ERR_OK; /* anything else: the client tries again */
    if (t->options->to_end && m->offset >= t->ends[m->partition]) {
        t->ended[m->partition] = true;
        return ERR_OK;
    }
    return too_early(t, m) ? ERR_OK : show(t, m, err);
}

static enum err_code follow(struct tail *t, struct err *err)
{
    int timeout_ms = POLL_MS;
    while (!done(t) && !(t->options->to_end && all_ended(t))) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(t->reader, timeout_ms);
        timeout_ms = m ? 0 : POLL_MS;
        if (!m) {
            flush(t);
            continue;
        }
        enum err_code code = take(t, m, err);
        rd_kafka_message_destroy(m);
        TRY(code);
    }
    flush(t);
    return output_judge(t, err);
}

static void *tail_main(void *arg)
{
    struct tail *t = arg;
    t->codec = codec_new();
    arena_init(&t->arena);
    t->code = begin(t, &t->err);
    if (t->code == ERR_OK)
        t->code = follow(t, &t->err);
    kafka_consumer_close(t->reader);
    arena_release(&t->arena);
    codec_free(t->codec);
    free(t->ends);
    free(t->ended);
    free(t->early);
    lifecycle_request_stop();
    return NULL;
}

enum err_code tail_run(const struct config *cfg, const struct tail_options *o, struct err *err)
{
    struct tail t = {.cfg = cfg, .options = o};
    if (pthread_create(&t.thread, NULL, tail_main, &t) != 0)
        return err_set(err, ERR_UNAVAILABLE, "no thread to read with");
    lifecycle_wait();
    atomic_store(&t.stop, true);
    pthread_join(t.thread, NULL);
    if (t.code != ERR_OK)
        *err = t.err;
    return t.code;
}

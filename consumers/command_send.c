#include "consumers/command_send.h"

#include <assert.h>

#include "ops/runtime/kafka.h"
#include "ops/runtime/kafka_fault.h"
#include "ops/runtime/timeutil.h"

#define POLL_MS 20

struct delivery {
    bool done;
    rd_kafka_resp_err_t code;
};

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct delivery *d = opaque;
    (void)rk;
    *d = (struct delivery){.done = true, .code = m->err};
}

static struct uuid key_of(struct record command)
{
    const struct field *key = command.type->key;
    struct uuid id;
    assert(key && key->kind == FIELD_UUID);
    memcpy(&id, (const char *)command.value + key->offset, sizeof(id));
    return id;
}

static enum err_code send_error(rd_kafka_resp_err_t code, const char *topic, struct err *err)
{
    bool poison = kafka_fault_of(code) == KAFKA_FAULT_RECORD;
    enum err_code kind = poison ? ERR_INVALID : ERR_UNAVAILABLE;
    return err_set(err, kind, "%s: %s", topic, rd_kafka_err2str(code));
}

/* The producer's own message timeout ends the wait. */
static enum err_code deliver(rd_kafka_t *rk,
                             const char *topic,
                             int32_t partition,
                             const struct uuid *key,
                             struct bytes value,
                             struct delivery *d,
                             struct err *err)
{
    char text[UUID_TEXT_LEN + 1];
    uuid_format(key, text);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_KEY(text, UUID_TEXT_LEN), RD_KAFKA_V_VALUE((void *)value.data, value.len),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (code)
        return send_error(code, topic, err);
    while (!d->done)
        rd_kafka_poll(rk, POLL_MS);
    return d->code ? send_error(d->code, topic, err) : ERR_OK;
}

enum err_code
command_send(const struct config *cfg, struct record command, struct codec *codec, struct err *err)
{
    owned_value(arena_release) struct arena a;
    struct delivery d = {0};
    rd_kafka_t *rk = NULL;
    struct bytes value;
    char topic[TOPIC_NAME_MAX];
    int32_t partitions = (int32_t)cfg->partitions;
    struct uuid key = key_of(command);
    arena_init(&a);
    TRY(codec_encode(codec, command, &a, &value, err));
    service_command_topic(cfg->topic_prefix, command.type->service, topic);
    TRY(kafka_producer_open(cfg, NULL, delivered, &d, &rk, err));
    enum err_code code = kafka_topic_has_partitions(rk, topic, partitions, err);
    if (code == ERR_OK)
        code = deliver(rk, topic, kafka_partition(&key, partitions), &key, value, &d, err);
    kafka_producer_close(rk);
    return code;
}

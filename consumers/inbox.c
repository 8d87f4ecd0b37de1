#include "consumers/inbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void inbox_init(struct inbox *in, size_t commands_max, size_t bytes_max)
{
    *in = (struct inbox){.max = commands_max, .bytes_max = bytes_max};
    in->items = calloc(commands_max, sizeof(*in->items));
    assert(in->items != NULL);
}

void inbox_release(struct inbox *in)
{
    inbox_drop(in, in->n);
    free(in->items);
    in->items = NULL;
}

void inbox_drop(struct inbox *in, size_t n)
{
    assert(n <= in->n);
    for (size_t i = 0; i < n; i++) {
        in->bytes -= in->items[i].message->len;
        rd_kafka_message_destroy(in->items[i].message);
        free(in->items[i].detail);
    }
    in->n -= n;
    memmove(in->items, in->items + n, in->n * sizeof(*in->items));
}

void inbox_force(struct inbox *in, size_t index, const char *reason, const char *detail)
{
    struct inbox_item *item = &in->items[index];
    free(item->detail);
    item->detail = strdup(detail);
    item->forced_reason = reason;
}

/* Errors that librdkafka gets over by itself are no concern of the lane. */
static enum err_code check_event(const rd_kafka_message_t *m, struct err *err)
{
    switch (m->err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return err_set(err, ERR_UNAVAILABLE, "reading commands: %s", rd_kafka_err2str(m->err));
    default:
        return ERR_OK;
    }
}

static enum err_code take(struct inbox *in, rd_kafka_message_t *m, int64_t from, struct err *err)
{
    if (!m->err && m->offset >= from) {
        in->items[in->n++] = (struct inbox_item){.message = m};
        in->bytes += m->len;
        return ERR_OK;
    }
    enum err_code code = m->err ? check_event(m, err) : ERR_OK;
    rd_kafka_message_destroy(m);
    return code;
}

enum err_code
inbox_fill(struct inbox *in, rd_kafka_t *reader, int64_t from, int timeout_ms, struct err *err)
{
    int wait_ms = in->n ? 0 : timeout_ms;
    while (in->n < in->max && in->bytes < in->bytes_max) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, wait_ms);
        if (!m)
            break;
        TRY(take(in, m, from, err));
        wait_ms = 0;
    }
    return ERR_OK;
}

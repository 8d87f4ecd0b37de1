#include "consumers/event_header.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/timeutil.h"
#include "schemas/records.h"

#define EVENT_HEADERS_N 10

static void add(rd_kafka_headers_t *h, const char *name, const char *value)
{
    rd_kafka_header_add(h, name, -1, value, -1);
}

static void hex_of(const uint8_t *bytes, size_t n, char *ret)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        ret[2 * i] = digits[bytes[i] >> 4];
        ret[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret[2 * n] = '\0';
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_parse(const char *text, size_t len, uint8_t *ret, size_t n)
{
    if (len != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

rd_kafka_headers_t *event_headers_new(struct record event,
                                      const char *source,
                                      const struct event_origin *origin,
                                      const char *traceparent)
{
    const struct event_meta *meta = event.value;
    char id[UUID_TEXT_LEN + 1], subject[UUID_TEXT_LEN + 1], time[TIME_TEXT_LEN + 1];
    char command[64], digest[2 * DIGEST_LEN + 1];
    uuid_format(&meta->event_id, id);
    uuid_format(&meta->aggregate_id, subject);
    time_format(meta->occurred_at, time);
    snprintf(command, sizeof(command), "%" PRId64 ";%" PRId64 "/%" PRId64, origin->command_offset,
             origin->i, origin->n);
    rd_kafka_headers_t *h = rd_kafka_headers_new(EVENT_HEADERS_N);
    add(h, "ce_specversion", "1.0");
    add(h, "ce_id", id);
    add(h, "ce_type", event.type->subject);
    add(h, "ce_source", source);
    add(h, "ce_time", time);
    add(h, "ce_subject", subject);
    add(h, "content-type", "application/avro");
    add(h, "command", command);
    if (origin->has_digest) {
        hex_of(origin->digest, DIGEST_LEN, digest);
        add(h, "digest", digest);
    }
    if (traceparent[0])
        add(h, "traceparent", traceparent);
    return h;
}

const rd_kafka_headers_t *message_headers(const rd_kafka_message_t *m)
{
    rd_kafka_headers_t *h;
    return rd_kafka_message_headers(m, &h) ? NULL : h;
}

bool event_header_text(const rd_kafka_headers_t *h, const char *name, char *ret, size_t size)
{
    const void *value;
    size_t len;
    if (!h || rd_kafka_header_get_last(h, name, &value, &len))
        return false;
    if (!value || len >= size || memchr(value, '\0', len))
        return false;
    memcpy(ret, value, len);
    ret[len] = '\0';
    return true;
}

/* Digits up to `after`; moves *at behind it. */
static bool number_until(const char **at, char after, int64_t *ret)
{
    char *end;
    errno = 0;
    *ret = strtoll(*at, &end, 10);
    bool ok = isdigit((unsigned char)**at) && *end == after && errno == 0;
    *at = end + (after != '\0');
    return ok;
}

/* <command offset>;<i>/<n> */
static bool parse_command(const char *text, struct event_origin *o)
{
    return number_until(&text, ';', &o->command_offset) && number_until(&text, '/', &o->i) &&
           number_until(&text, '\0', &o->n) && o->i >= 1 && o->i <= o->n;
}

enum err_code event_origin_read(const rd_kafka_headers_t *h,
                                int64_t offset,
                                struct event_origin *ret,
                                struct err *err)
{
    struct event_origin o = {0};
    char text[64], digest[2 * DIGEST_LEN + 1];
    if (!event_header_text(h, "command", text, sizeof(text)) || !parse_command(text, &o))
        return err_set(err, ERR_CORRUPT, "event %" PRId64 ": no valid command header", offset);
    if (event_header_text(h, "digest", digest, sizeof(digest)))
        o.has_digest = hex_parse(digest, strlen(digest), o.digest, DIGEST_LEN);
    *ret = o;
    return ERR_OK;
}

enum err_code
event_id_read(const rd_kafka_headers_t *h, int64_t offset, struct uuid *ret, struct err *err)
{
    char text[UUID_TEXT_LEN + 1];
    if (!event_header_text(h, "ce_id", text, sizeof(text)) || !uuid_parse(text, ret))
        return err_set(err, ERR_CORRUPT, "event %" PRId64 ": no valid ce_id header", offset);
    return ERR_OK;
}

enum err_code
event_aggregate_read(const rd_kafka_headers_t *h, int64_t offset, struct uuid *ret, struct err *err)
{
    char text[UUID_TEXT_LEN + 1];
    if (!event_header_text(h, "ce_subject", text, sizeof(text)) || !uuid_parse(text, ret))
        return err_set(err, ERR_CORRUPT, "event %" PRId64 ": no valid ce_subject header", offset);
    return ERR_OK;
}

void traceparent_read(const rd_kafka_headers_t *h, char ret[TRACEPARENT_MAX])
{
    if (!event_header_text(h, "traceparent", ret, TRACEPARENT_MAX))
        ret[0] = '\0';
}

#include "consumers/letter_json.h"

#include "consumers/event_header.h"
#include "ops/runtime/strbuf.h"
#include "ops/runtime/timeutil.h"
#include "schemas/json.h"

json_t *letter_json_time(int64_t us)
{
    char text[TIME_TEXT_LEN + 1];
    time_format(us, text);
    return json_string(text);
}

static json_t *hex(const void *bytes, size_t len)
{
    owned_value(strbuf_release) struct strbuf s = {0};
    for (size_t i = 0; i < len; i++)
        strbuf_addf(&s, "%02x", ((const uint8_t *)bytes)[i]);
    return json_string(strbuf_cstr(&s));
}

json_t *letter_json_text(const void *bytes, size_t len)
{
    if (!bytes)
        return json_null();
    json_t *text = json_stringn(bytes, len);
    return text ? text : json_pack("{s:o}", "hex", hex(bytes, len));
}

enum err_code letter_json_record(
    struct codec *codec, struct bytes framed, struct arena *a, json_t **ret, struct err *err)
{
    struct record r;
    struct err why;
    enum err_code code = codec_decode(codec, framed, a, &r, &why);
    if (code == ERR_OK) {
        *ret =
            json_pack("{s:s, s:o}", "type", r.type->name, "value", record_to_json(r.type, r.value));
        return ERR_OK;
    }
    if (code != ERR_CORRUPT && code != ERR_NOT_FOUND) {
        *err = why;
        return code;
    }
    *ret = json_pack("{s:o, s:o}", "unreadable", letter_json_text(why.msg, strlen(why.msg)), "hex",
                     hex(framed.data, framed.len));
    return ERR_OK;
}

/* A name that comes twice has its last value. */
static json_t *headers_json(const rd_kafka_headers_t *h)
{
    json_t *ret = json_object();
    const char *name;
    const void *value;
    size_t len;
    for (size_t i = 0; h && !rd_kafka_header_get_all(h, i, &name, &value, &len); i++)
        json_object_set_new(ret, name, letter_json_text(value, len));
    return ret;
}

enum err_code letter_json_message(struct codec *codec,
                                  const rd_kafka_message_t *m,
                                  struct arena *a,
                                  json_t **ret,
                                  struct err *err)
{
    json_t *record = NULL;
    TRY(letter_json_record(codec, (struct bytes){m->payload, m->len}, a, &record, err));
    int64_t timestamp_ms = rd_kafka_message_timestamp(m, NULL);
    if (timestamp_ms >= 0)
        json_object_set_new(record, "timestamp", letter_json_time(timestamp_ms * 1000));
    json_object_set_new(record, "key", letter_json_text(m->key, m->key_len));
    json_object_set_new(record, "headers", headers_json(message_headers(m)));
    *ret = record;
    return ERR_OK;
}

#include "consumers/letter_show.h"

#include "consumers/letter_json.h"
#include "consumers/letter_list.h"
#include "consumers/letter_retry.h"
#include "consumers/letter_sql.h"
#include "consumers/record_at.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/pg.h"
#include "projections/apply.h"

#define FETCH_WAIT_MS 10

struct show {
    const struct config *cfg;
    const struct letter_name *name;
    struct pg *pg;
    rd_kafka_t *reader;
    struct codec *codec;
    struct arena arena;
    char topic[TOPIC_NAME_MAX];
    json_t *ret;
};

/* New reference, stolen by the object. */
static void put(json_t *object, const char *name, json_t *value)
{
    json_object_set_new(object, name, value);
}

/* stored.data NULL = none. */
static enum err_code add_record(struct show *s,
                                json_t *to,
                                int32_t partition,
                                int64_t offset,
                                struct bytes stored,
                                struct err *err)
{
    rd_kafka_message_t *m = NULL;
    json_t *record = NULL;
    enum err_code code = record_at(s->cfg, s->reader, s->topic, partition, offset, &m, err);
    if (code != ERR_OK && code != ERR_NOT_FOUND) /* no topic any more: no record */
        return code;
    code = ERR_OK;
    if (m)
        code = letter_json_message(s->codec, m, &s->arena, &record, err);
    else if (stored.data)
        code = letter_json_record(s->codec, stored, &s->arena, &record, err);
    if (record)
        put(record, "from", json_string(m ? "kafka" : "stored"));
    if (m)
        rd_kafka_message_destroy(m);
    TRY(code);
    put(to, "record", record ? record : json_null());
    return ERR_OK;
}

static void add_text(json_t *to, const char *name, const PGresult *r, int row, int column)
{
    struct bytes text = pg_get_bytes(r, row, column);
    put(to, name, letter_json_text(text.data, text.len));
}

static struct bytes bytes_or_none(struct arena *a, const PGresult *r, int row, int column)
{
    if (pg_is_null(r, row, column))
        return (struct bytes){0};
    struct bytes value = pg_get_bytes(r, row, column);
    return arena_bytes(a, value.data, value.len);
}

static void add_decision(json_t *to, const PGresult *r)
{
    if (!pg_is_null(r, 0, 5))
        put(to, "sent_at", letter_json_time(pg_get_time(r, 0, 5)));
    if (pg_is_null(r, 0, 9))
        return;
    json_t *decision = json_object();
    add_text(decision, "as", r, 0, 6);
    add_text(decision, "by", r, 0, 7);
    add_text(decision, "note", r, 0, 8);
    put(decision, "at", letter_json_time(pg_get_time(r, 0, 9)));
    put(to, "decided", decision);
}

static json_t *uuid_json(struct uuid id)
{
    char text[UUID_TEXT_LEN + 1];
    uuid_format(&id, text);
    return json_string(text);
}

/* A row of dead_letter. */
static enum err_code show_letter(struct show *s, struct err *err)
{
    const struct letter_name *n = s->name;
    struct arena *a = &s->arena;
    const PGresult *r;
    letter_name_topic(n, s->cfg->topic_prefix, s->topic);
    struct pg_param p[] = {pg_p_text(a, s->topic), pg_p_int4(a, n->partition),
                           pg_p_int8(a, n->offset)};
    TRY(pg_exec(s->pg, letter_sql(SQL_LETTER_FIND), p, ARRAY_SIZE(p), &r, err));
    if (PQntuples(r) != 1)
        return err_set(err, ERR_NOT_FOUND, "there is no such dead letter");
    const char *word = letter_kind_word(n->kind == LETTER_COMMAND, pg_get_text(r, 0, 1));
    put(s->ret, "kind", json_string(word));
    put(s->ret, "topic", json_string(s->topic));
    put(s->ret, "partition", json_integer(n->partition));
    put(s->ret, "offset", json_integer(n->offset));
    if (!pg_is_null(r, 0, 0))
        put(s->ret, "command_id", uuid_json(pg_get_uuid(r, 0, 0)));
    add_text(s->ret, "reason", r, 0, 1);
    add_text(s->ret, "detail", r, 0, 2);
    put(s->ret, "at", letter_json_time(pg_get_time(r, 0, 3)));
    if (n->kind == LETTER_COMMAND)
        put(s->ret, "retry_command_id", uuid_json(letter_retry_id(n)));
    add_decision(s->ret, r);
    return add_record(s, s->ret, n->partition, n->offset, bytes_or_none(a, r, 0, 4), err);
}

static enum err_code find_partition(struct show *s, int32_t *ret, struct err *err)
{
    struct pg_param p[] = {pg_p_text(&s->arena, s->name->projection),
                           pg_p_uuid(&s->arena, &s->name->aggregate_id)};
    const PGresult *r;
    TRY(pg_exec(s->pg, letter_sql(SQL_PARKED_PARTITIONS), p, ARRAY_SIZE(p), &r, err));
    if (PQntuples(r) == 0)
        return err_set(err, ERR_NOT_FOUND, "nothing of it is parked");
    *ret = (int32_t)pg_get_int8(r, 0, 0);
    return ERR_OK;
}

static enum err_code count_left(struct show *s, int64_t *ret, struct err *err)
{
    struct pg_param p[] = {pg_p_text(&s->arena, s->name->projection),
                           pg_p_uuid(&s->arena, &s->name->aggregate_id)};
    const PGresult *r;
    TRY(pg_exec(s->pg, letter_sql(SQL_PARKED_LEFT), p, ARRAY_SIZE(p), &r, err));
    *ret = pg_get_int8(r, 0, 0);
    return ERR_OK;
}

static enum err_code show_events(struct show *s, int32_t partition, struct err *err)
{
    struct arena *a = &s->arena;
    struct pg_param p[] = {pg_p_text(a, s->name->projection), pg_p_int4(a, partition),
                           pg_p_uuid(a, &s->name->aggregate_id),
                           pg_p_int8(a, LETTER_SHOW_EVENTS_MAX),
                           pg_p_int8(a, LETTER_SHOW_BYTES_MAX)};
    const PGresult *r; /* nothing else is asked of pg below */
    TRY(pg_exec(s->pg, letter_sql(SQL_PARKED_WAITING), p, ARRAY_SIZE(p), &r, err));
    json_t *events = json_array();
    put(s->ret, "events", events);
    for (int i = 0; i < PQntuples(r); i++) {
        json_t *event = json_object();
        int64_t offset = pg_get_int8(r, i, 0);
        json_array_append_new(events, event);
        put(event, "offset", json_integer(offset));
        add_text(event, "type", r, i, 1);
        add_text(event, "detail", r, i, 2);
        put(event, "at", letter_json_time(pg_get_time(r, i, 4)));
        TRY(add_record(s, event, partition, offset, bytes_or_none(a, r, i, 3), err));
    }
    return ERR_OK;
}

static enum err_code show_parked(struct show *s, struct err *err)
{
    const struct letter_name *n = s->name;
    const char *source = apply_source(n->projection);
    int32_t partition = 0;
    int64_t left = 0;
    TRY(find_partition(s, &partition, err));
    TRY(count_left(s, &left, err));
    service_event_topic(s->cfg->topic_prefix, source ? source : n->service->name, s->topic);
    put(s->ret, "kind", json_string("parked"));
    put(s->ret, "topic", json_string(s->topic));
    put(s->ret, "partition", json_integer(partition));
    put(s->ret, "projection", json_string(n->projection));
    put(s->ret, "aggregate_id", uuid_json(n->aggregate_id));
    put(s->ret, "waiting", json_integer(left > 0 ? left - 1 : 0));
    return show_events(s, partition, err);
}

static enum err_code run(struct show *s, struct err *err)
{
    char name[LETTER_NAME_MAX];
    letter_name_format(s->name, name);
    put(s->ret, "name", json_string(name));
    put(s->ret, "service", json_string(s->name->service->name));
    TRY(letter_pg_open(s->cfg, s->name->service, &s->pg, err));
    TRY(kafka_reader_open(s->cfg, true, FETCH_WAIT_MS, &s->reader, err));
    return s->name->kind == LETTER_PARKED ? show_parked(s, err) : show_letter(s, err);
}

enum err_code
letter_show(const struct config *cfg, const struct letter_name *n, json_t **ret, struct err *err)
{
    struct show s = {.cfg = cfg, .name = n, .codec = codec_new(), .ret = json_object()};
    arena_init(&s.arena);
    enum err_code code = run(&s, err);
    kafka_consumer_close(s.reader);
    pg_free(s.pg);
    codec_free(s.codec);
    arena_release(&s.arena);
    if (code != ERR_OK) {
        json_decref(s.ret);
        return code;
    }
    *ret = s.ret;
    return ERR_OK;
}

#include "consumers/lane_command.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ops/runtime/clock_watch.h"
#include "schemas/records.h"

#define REASON_INTERNAL "internal"
#define REASON_EXPIRED  "expired"

static struct uuid key_of(struct record command)
{
    const struct field *key = command.type->key;
    assert(key && key->kind == FIELD_UUID);
    struct uuid id;
    memcpy(&id, (const char *)command.value + key->offset, sizeof(id));
    return id;
}

static enum err_code read_record(const struct lane_session *s,
                                 const rd_kafka_message_t *m,
                                 struct arena *a,
                                 struct lane_command *c,
                                 struct err *err)
{
    struct record record;
    TRY(codec_decode(s->codec, c->raw, a, &record, err));
    if (!decider_command(s->id->service->decider, record.type))
        return err_set(err, ERR_CORRUPT, "%s is no command of %s", record.type->name,
                       s->id->service->name);
    const struct command_meta *meta = record.value;
    if (uuid_is_nil(&meta->command_id))
        return err_set(err, ERR_CORRUPT, "the command id is nil");
    struct uuid key = key_of(record);
    if (kafka_partition(&key, s->n_partitions) != m->partition)
        return err_set(err, ERR_CORRUPT, "the partition key belongs to another partition");
    c->record = record;
    c->id = meta->command_id;
    c->key = key;
    return ERR_OK;
}

/* What stands for a command that has no id of its own; another partition's id must not be used up
 * either. */
static void
take_place_id(const struct lane_session *s, const rd_kafka_message_t *m, struct lane_command *c)
{
    char partition[16], offset[24];
    snprintf(partition, sizeof(partition), "%d", m->partition);
    snprintf(offset, sizeof(offset), "%" PRId64, m->offset);
    c->id = uuid_v5_of(s->id->command_topic, partition, offset, NULL);
    if (!m->key || !uuid_parse_n(m->key, m->key_len, &c->key))
        c->key = c->id;
}

static void read_claim(const struct lane_session *s, struct lane_command *c, struct arena *a)
{
    const struct decider *d = s->id->service->decider;
    if (!d->claim || d->claim->command != c->record.type)
        return;
    struct uuid_list reads = {0};
    decider_command(d, c->record.type)->reads(c->record.value, a, &reads);
    assert(reads.n > 0);
    c->claim = ARENA_NEW(a, struct claim);
    *c->claim = (struct claim){
        .key = d->claim->command_key(c->record.value, a),
        .aggregate_id = reads.items[0],
        .command_offset = c->offset,
        .command_id = c->id,
    };
}

static bool expired(const struct lane_session *s, const struct lane_command *c, int64_t now_us)
{
    const struct command_meta *meta = c->record.value;
    return meta->issued_at < now_us - s->id->cfg->command_ttl_s * 1000000;
}

enum err_code lane_command_read(const struct lane_session *s,
                                const struct inbox_item *item,
                                int64_t now_us,
                                struct arena *a,
                                struct lane_command *ret,
                                struct err *err)
{
    const rd_kafka_message_t *m = item->message;
    *ret = (struct lane_command){
        .offset = m->offset,
        .raw = {m->payload, m->len},
        .forced_reason = item->forced_reason,
        .detail = item->detail,
    };
    traceparent_read(message_headers(m), ret->traceparent);
    enum err_code code = read_record(s, m, a, ret, err);
    if (code == ERR_UNAVAILABLE)
        return code;
    if (code != ERR_OK) {
        take_place_id(s, m, ret);
        ret->forced_reason = REASON_INTERNAL;
        ret->detail = arena_strdup(a, err->msg);
        return ERR_OK;
    }
    codec_digest(ret->record, a, ret->digest);
    ret->has_digest = true;
    read_claim(s, ret, a);
    if (ret->forced_reason || !expired(s, ret, now_us))
        return ERR_OK;
    if (!clock_watch_trusted(clock_watch())) /* a rejection is for good, a wrong clock is not */
        return err_set(err, ERR_UNAVAILABLE,
                       "the command at offset %" PRId64
                       " looks expired, but this machine's clock is not sure",
                       m->offset);
    ret->forced_reason = REASON_EXPIRED;
    return ERR_OK;
}

bool lane_command_poison(const struct lane_command *c)
{
    return c->forced_reason && strcmp(c->forced_reason, REASON_INTERNAL) == 0;
}

struct record
lane_command_reject_unread(const struct lane_command *c, int64_t now_us, struct arena *a)
{
    struct command_rejected *e = record_new(&type_command_rejected, a);
    e->meta.event_id = event_id_of(&c->id, EVENT_INDEX_REFUSED);
    e->meta.command_id = c->id;
    e->meta.aggregate_id = c->key;
    e->meta.actor.kind = ACTOR_KIND_SYSTEM;
    e->meta.occurred_at = now_us;
    e->command = "";
    e->reason = REASON_INTERNAL;
    return (struct record){&type_command_rejected, e};
}

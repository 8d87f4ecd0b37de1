#include "consumers/log_identity.h"

#include <inttypes.h>
#include <string.h>

#include "consumers/event_header.h"
#include "ops/runtime/timeutil.h"

#define POLL_MS 100

enum err_code log_bounds_read(const struct lane_session *s,
                              rd_kafka_t *reader,
                              struct log_bounds *ret,
                              struct err *err)
{
    const struct lane_identity *id = s->id;
    TRY(kafka_cluster_id(reader, ret->cluster_id, sizeof(ret->cluster_id), err));
    lane_pulse_beat(s->pulse);
    TRY(kafka_watermarks(reader, id->command_topic, id->partition, &ret->commands_low,
                         &ret->commands_high, err));
    lane_pulse_beat(s->pulse);
    TRY(kafka_watermarks(reader, id->event_topic, id->partition, &ret->events_low,
                         &ret->events_high, err));
    lane_pulse_beat(s->pulse);
    return ERR_OK;
}

struct found_event {
    struct uuid id; /* nil: the partition ends before one */
    int64_t at_us;  /* not before its occurred_at; 0 = not known */
};

/* The record's timestamp has the milliseconds of occurred_at. */
static int64_t event_time(const rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t type;
    int64_t ms = rd_kafka_message_timestamp(m, &type);
    return ms > 0 && type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? ms * 1000 + 999 : 0;
}

/* The first readable event at or after `offset`. */
static enum err_code read_event(const struct lane_session *s,
                                rd_kafka_t *reader,
                                int64_t offset,
                                struct found_event *ret,
                                struct err *err)
{
    TRY(kafka_reader_assign(reader, s->id->event_topic, s->id->partition, offset, err));
    int64_t deadline = time_monotonic_us() + s->id->cfg->transaction_timeout_ms * 1000;
    while (time_monotonic_us() < deadline && !lane_pulse_stopping(s->pulse)) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, POLL_MS);
        lane_pulse_beat(s->pulse);
        if (!m)
            continue;
        rd_kafka_resp_err_t e = m->err;
        struct found_event found = {.id = uuid_nil, .at_us = e ? 0 : event_time(m)};
        enum err_code code =
            e ? ERR_OK : event_id_read(message_headers(m), m->offset, &found.id, err);
        rd_kafka_message_destroy(m);
        if (e && e != RD_KAFKA_RESP_ERR__PARTITION_EOF)
            continue;
        if (code == ERR_OK)
            *ret = found;
        return code;
    }
    return err_set(err, ERR_UNAVAILABLE, "event %" PRId64 " could not be read", offset);
}

static enum err_code lost(const struct lane_session *s, const char *what, struct err *err)
{
    return err_set(
        err, ERR_CORRUPT,
        "%s/%d: %s; the view was made from another log: find it, or `hirelog repair rebuild`",
        s->id->event_topic, s->id->partition, what);
}

static enum err_code check_event(const struct lane_session *s,
                                 rd_kafka_t *reader,
                                 int64_t offset,
                                 const struct uuid *expected,
                                 const char *what,
                                 int64_t *ret_at_us,
                                 struct err *err)
{
    struct found_event found = {0};
    *ret_at_us = 0;
    if (uuid_is_nil(expected))
        return ERR_OK;
    TRY(read_event(s, reader, offset, &found, err));
    *ret_at_us = found.at_us;
    return uuid_equal(&found.id, expected) ? ERR_OK : lost(s, what, err);
}

enum err_code log_identity_check(const struct lane_session *s,
                                 rd_kafka_t *reader,
                                 const struct log_bounds *bounds,
                                 int64_t *ret_last_us,
                                 struct err *err)
{
    int64_t first_us;
    const struct lane_row *row = &s->row;
    if (row->cluster_id[0] && strcmp(row->cluster_id, bounds->cluster_id) != 0)
        return lost(s, "the cluster is another one", err);
    if (row->next_event > bounds->events_high)
        return lost(s, "the log ends before the view's position", err);
    if (bounds->events_low > 0)
        return lost(s, "the log's beginning is gone", err);
    TRY(check_event(s, reader, bounds->events_low, &row->first_event_id,
                    "its first event is another one", &first_us, err));
    return check_event(s, reader, row->next_event - 1, &row->last_event_id,
                       "the view's last event is not in it", ret_last_us, err);
}

enum err_code log_commands_check(const struct lane_session *s,
                                 const struct log_bounds *bounds,
                                 int64_t *next_command,
                                 struct err *err)
{
    const struct lane_identity *id = s->id;
    if (*next_command > bounds->commands_high)
        return err_set(err, ERR_CORRUPT,
                       "%s/%d ends at %" PRId64 ", before the next command %" PRId64
                       ": lost or recreated; `hirelog repair accept-commands` takes it as it is",
                       id->command_topic, id->partition, bounds->commands_high, *next_command);
    if (*next_command >= bounds->commands_low)
        return ERR_OK;
    /* Every decided command left an event: an empty event log means that none ever was. */
    bool never_ran = *next_command == 0 && bounds->events_high == 0;
    int64_t hint =
        never_ran || !id->group_hint ? -1 : id->group_hint(id->group_hint_arg, id->partition);
    if (never_ran || hint >= bounds->commands_low) {
        *next_command = bounds->commands_low;
        return ERR_OK;
    }
    return err_set(err, ERR_CORRUPT,
                   "%s/%d begins at %" PRId64 ", after the next command %" PRId64
                   ": commands are lost; `hirelog repair accept-commands` goes on without them",
                   id->command_topic, id->partition, bounds->commands_low, *next_command);
}

#include "consumers/letter_retry.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "consumers/command_send.h"
#include "consumers/dead_letter.h"
#include "consumers/letter_list.h"
#include "consumers/letter_sql.h"
#include "consumers/reactor.h"
#include "consumers/record_at.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/timeutil.h"
#include "schemas/records.h"

#define POLL_MS       50 /* for an outcome */
#define FETCH_WAIT_MS 10
#define REASON_MAX    128

struct retry {
    const struct config *cfg;
    const struct letter_name *name;
    const char *by;
    char topic[TOPIC_NAME_MAX]; /* of the letter */
    struct pg *pg;
    struct codec *codec;
    struct arena arena;
    int64_t issued_at;
    struct letter_result *result;
};

/* What a lane said to a command. */
struct answer {
    char reason[REASON_MAX]; /* "" = applied */
    int32_t partition;
    int64_t offset; /* of the command */
};

static const char *name_text(struct retry *r)
{
    char text[LETTER_NAME_MAX];
    letter_name_format(r->name, text);
    return arena_strdup(&r->arena, text);
}

struct uuid letter_retry_id(const struct letter_name *n)
{
    char name[LETTER_NAME_MAX];
    letter_name_format(n, name); /* without the prefix: a log may be restored under another one */
    return uuid_v5_of("retry", name, NULL);
}

/* ---- the letter */

static struct pg_param *place_params(struct retry *r, size_t room)
{
    struct pg_param *p = ARENA_ARRAY(&r->arena, struct pg_param, room);
    p[0] = pg_p_text(&r->arena, r->topic);
    p[1] = pg_p_int4(&r->arena, r->name->partition);
    p[2] = pg_p_int8(&r->arena, r->name->offset);
    return p;
}

static enum err_code
handled_already(struct retry *r, const char *as, const char *by, const char *note, struct err *err)
{
    return err_set(err, ERR_CONFLICT, "%s was %s by %s: %s", name_text(r), as, by, note);
}

/* *ret: the bytes that were kept; data NULL = none. */
static enum err_code find(struct retry *r, struct bytes *ret, struct err *err)
{
    const PGresult *found;
    TRY(pg_exec(r->pg, letter_sql(SQL_LETTER_FIND), place_params(r, 3), 3, &found, err));
    if (PQntuples(found) != 1)
        return err_set(err, ERR_NOT_FOUND, "%s: there is no such dead letter", name_text(r));
    if (pg_get_text(found, 0, 6)[0])
        return handled_already(r, pg_get_text(found, 0, 6), pg_get_text(found, 0, 7),
                               pg_get_text(found, 0, 8), err);
    if (pg_is_null(found, 0, 4))
        return ERR_OK;
    struct bytes value = pg_get_bytes(found, 0, 4);
    *ret = arena_bytes(&r->arena, value.data, value.len);
    return ERR_OK;
}

static enum err_code read_log(struct retry *r, struct bytes *ret, struct err *err)
{
    rd_kafka_t *reader = NULL;
    rd_kafka_message_t *m = NULL;
    TRY(kafka_reader_open(r->cfg, true, FETCH_WAIT_MS, &reader, err));
    enum err_code code =
        record_at(r->cfg, reader, r->topic, r->name->partition, r->name->offset, &m, err);
    if (m) {
        *ret = arena_bytes(&r->arena, m->payload, m->len);
        rd_kafka_message_destroy(m);
    }
    kafka_consumer_close(reader);
    return code;
}

static enum err_code read_letter(struct retry *r, struct record *ret, struct err *err)
{
    struct bytes value = {0};
    TRY(find(r, &value, err));
    if (!value.data)
        TRY(read_log(r, &value, err));
    if (!value.data)
        return err_set(err, ERR_NOT_FOUND,
                       "%s: the topic does not have it any more, and its bytes were not kept",
                       name_text(r));
    enum err_code code = codec_decode(r->codec, value, &r->arena, ret, err);
    if (code == ERR_NOT_FOUND)
        code = err->code = ERR_CORRUPT; /* no such schema here: a newer program could read it */
    return code == ERR_OK ? code : err_context(err, "%s cannot be read", name_text(r));
}

/* ---- a command and its outcome */

static enum err_code find_answer(
    struct retry *r, const struct uuid *id, bool *ret, struct answer *answer, struct err *err)
{
    struct pg_param p = pg_p_uuid(&r->arena, id);
    const PGresult *found;
    TRY(pg_exec(r->pg, letter_sql(SQL_LETTER_OUTCOME), &p, 1, &found, err));
    *ret = PQntuples(found) == 1;
    if (!*ret)
        return ERR_OK;
    snprintf(answer->reason, sizeof(answer->reason), "%s", pg_get_text(found, 0, 0));
    answer->partition = (int32_t)pg_get_int8(found, 0, 1);
    answer->offset = pg_get_int8(found, 0, 2);
    return ERR_OK;
}

static enum err_code
await_answer(struct retry *r, const struct uuid *id, struct answer *answer, struct err *err)
{
    int64_t deadline = time_monotonic_us() + r->cfg->wait_max_s * 1000000;
    char text[UUID_TEXT_LEN + 1];
    bool found = false;
    while (time_monotonic_us() < deadline) {
        TRY(find_answer(r, id, &found, answer, err));
        if (found)
            return ERR_OK;
        struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
        nanosleep(&pause, NULL);
    }
    uuid_format(id, text);
    return err_set(
        err, ERR_UNAVAILABLE,
        "sent as command %s, its outcome is not known yet: the same call again asks for it", text);
}

static enum err_code
ask_lane(struct retry *r, struct record command, struct answer *answer, struct err *err)
{
    const struct command_meta *meta = command.value;
    bool found = false;
    TRY(find_answer(r, &meta->command_id, &found, answer, err));
    if (found) /* sent by a call that did not live to see it */
        return ERR_OK;
    TRY(command_send(r->cfg, command, r->codec, err));
    crash_point("letter_after_send");
    return await_answer(r, &meta->command_id, answer, err);
}

/* From now on the time that a command is issued at is known, and the same for everybody. */
static enum err_code take_issued_at(struct retry *r, struct err *err)
{
    const struct config *cfg = r->cfg;
    int64_t now = time_now_us();
    struct pg_param *p = place_params(r, 4);
    const PGresult *row;
    p[3] = pg_p_time(&r->arena, now);
    TRY(pg_exec(r->pg, letter_sql(SQL_LETTER_SEND), p, 4, &row, err));
    if (PQntuples(row) != 1)
        return err_set(err, ERR_CONFLICT, "%s was handled by somebody else", name_text(r));
    r->issued_at = pg_get_time(row, 0, 0);
    int64_t known_us = (cfg->outcome_retention_s - cfg->command_ttl_s) * 1000000;
    if (now - r->issued_at < known_us)
        return ERR_OK;
    char since[TIME_TEXT_LEN + 1], id[UUID_TEXT_LEN + 1];
    struct uuid retry_id = letter_retry_id(r->name);
    uuid_format(&retry_id, id);
    time_format(r->issued_at, since);
    return err_set(
        err, ERR_CONFLICT,
        "%s was sent at %s, and outcomes of that time may be forgotten: look for command "
        "%s in the log, then skip it",
        name_text(r), since, id);
}

/* ---- what becomes of it */

static void add_note(struct retry *r, const char *text)
{
    char *note = r->result->note;
    size_t len = strlen(note);
    snprintf(note + len, LETTER_NOTE_MAX - len, "%s%s", len ? "; " : "", text);
}

/* A letter of its own, when the lane has not made one. */
static enum err_code queue_new_letter(struct retry *r,
                                      struct record command,
                                      const struct answer *answer,
                                      struct err *err)
{
    const struct command_meta *meta = command.value;
    char topic[TOPIC_NAME_MAX];
    struct dead_letter letter = {
        .offset = answer->offset,
        .at_us = time_now_us(),
        .command_id = meta->command_id,
        .reason = answer->reason,
        .detail = arena_printf(&r->arena, "sent again for %s", name_text(r)),
    };
    TRY(codec_encode(r->codec, command, &r->arena, &letter.value, err));
    service_command_topic(r->cfg->topic_prefix, command.type->service, topic);
    dead_letter_queue_save(r->pg, topic, answer->partition, &letter, 1, &r->arena);
    return ERR_OK;
}

/* In the transaction that closes the letter. */
static enum err_code
queue_answer(struct retry *r, struct record command, const struct answer *answer, struct err *err)
{
    const struct command_meta *meta = command.value;
    char place[LETTER_NAME_MAX], id[UUID_TEXT_LEN + 1];
    struct letter_name n = {.kind = LETTER_COMMAND,
                            .service = service_find(command.type->service),
                            .partition = answer->partition,
                            .offset = answer->offset};
    letter_name_format(&n, place);
    uuid_format(&meta->command_id, id);
    if (!answer->reason[0])
        add_note(r, arena_printf(&r->arena, "applied as %s, command %s", place, id));
    else if (meta->actor.kind == ACTOR_KIND_SYSTEM &&
             !dead_letter_due(&meta->actor, answer->reason))
        add_note(r, arena_printf(&r->arena, "%s: what it asks for is there", answer->reason));
    else {
        add_note(r, arena_printf(&r->arena, "refused again (%s), now %s", answer->reason, place));
        r->result->applied = false;
        return queue_new_letter(r, command, answer, err);
    }
    return ERR_OK;
}

static enum err_code decide(struct retry *r, const char *as, const char *note, struct err *err)
{
    struct pg_param *p = place_params(r, 7);
    p[3] = pg_p_text(&r->arena, as);
    p[4] = pg_p_text(&r->arena, r->by);
    p[5] = pg_p_text(&r->arena, note);
    p[6] = pg_p_time(&r->arena, time_now_us());
    size_t index = pg_queue(r->pg, letter_sql(SQL_LETTER_DECIDE), p, 7);
    TRY(pg_sync(r->pg, err));
    if (pg_affected(r->pg, index) != 1)
        return err_set(err, ERR_CONFLICT, "%s was handled by somebody else", name_text(r));
    return ERR_OK;
}

static enum err_code close_letter(struct retry *r,
                                  const struct record *commands,
                                  const struct answer *answers,
                                  size_t n,
                                  struct err *err)
{
    r->result->applied = true;
    pg_queue_command(r->pg, "BEGIN");
    for (size_t i = 0; i < n; i++)
        TRY(queue_answer(r, commands[i], &answers[i], err));
    if (n == 0)
        add_note(r, "nobody reacts to it");
    TRY(decide(r, "retried", r->result->note, err));
    crash_point("letter_before_commit");
    TRY(pg_commit(r->pg, err));
    crash_point("letter_after_commit");
    return ERR_OK;
}

/* ---- of a dead command: itself; of an event: what its reactors ask for */

/* What it creates has the id of the command that creates it (I1), and a secret in the vault was kept for that id: then only
 * who knows the secret can send it again. */
static enum err_code take_new_id(struct retry *r, struct record command, struct err *err)
{
    struct command_meta *meta = command.value;
    struct uuid old = meta->command_id;
    bool creates = false, secret = false;
    meta->command_id = letter_retry_id(r->name);
    for (size_t i = 0; i < command.type->n_fields; i++) {
        const struct field *f = &command.type->fields[i];
        struct uuid *id = (struct uuid *)((char *)command.value + f->offset);
        if (f->kind != FIELD_UUID || f->array || !uuid_equal(id, &old))
            continue;
        creates = creates || f->digest;
        secret = secret || !f->digest;
        if (f->digest)
            *id = meta->command_id;
    }
    if (creates && secret)
        return err_set(
            err, ERR_REJECTED,
            "%s: %s comes with a secret that was kept for the id it would have made: who "
            "sent it sends it anew, and this one can be skipped",
            name_text(r), command.type->name);
    return ERR_OK;
}

static enum err_code retry_command(struct retry *r, struct record command, struct err *err)
{
    const struct service *s = r->name->service;
    struct answer answer = {0};
    if (!decider_command(s->decider, command.type))
        return err_set(err, ERR_CORRUPT, "%s: %s is no command of %s", name_text(r),
                       command.type->name, s->name);
    struct command_meta *meta = command.value;
    TRY(take_new_id(r, command, err));
    TRY(take_issued_at(r, err));
    meta->issued_at = r->issued_at;
    TRY(ask_lane(r, command, &answer, err));
    return close_letter(r, &command, &answer, 1, err);
}

static enum err_code retry_event(struct retry *r, struct record event, struct err *err)
{
    const struct service *s = r->name->service;
    const struct event_meta *meta = event.value;
    struct record *commands = ARENA_ARRAY(&r->arena, struct record, s->n_reactors);
    struct answer *answers = ARENA_ARRAY(&r->arena, struct answer, s->n_reactors);
    size_t n = 0;
    TRY(take_issued_at(r, err));
    for (size_t i = 0; i < s->n_reactors; i++) {
        const struct reactor_rule *rule = &s->reactors[i];
        if (rule->event != event.type)
            continue;
        struct uuid id = reactor_command_id(rule, meta);
        void *command = reactor_command_new(rule, event.value, &id, r->issued_at, &r->arena);
        if (!command)
            continue;
        commands[n] = (struct record){rule->command, command};
        TRY(ask_lane(r, commands[n], &answers[n], err));
        n++;
    }
    return close_letter(r, commands, answers, n, err);
}

static enum err_code run(struct retry *r, struct err *err)
{
    struct record record = {0};
    TRY(letter_pg_open(r->cfg, r->name->service, &r->pg, err));
    TRY(read_letter(r, &record, err));
    assert(record.type);
    return r->name->kind == LETTER_COMMAND ? retry_command(r, record, err)
                                           : retry_event(r, record, err);
}

static void begin(struct retry *r)
{
    assert(r->name->kind != LETTER_PARKED);
    arena_init(&r->arena);
    letter_name_topic(r->name, r->cfg->topic_prefix, r->topic);
    r->codec = codec_new();
}

static void end(struct retry *r)
{
    pg_free(r->pg); /* rolls back what is open */
    codec_free(r->codec);
    arena_release(&r->arena);
}

enum err_code letter_retry(const struct config *cfg,
                           const struct letter_name *n,
                           const char *by,
                           struct letter_result *ret,
                           struct err *err)
{
    struct letter_result result = {0};
    struct retry r = {.cfg = cfg, .name = n, .by = by, .result = &result};
    begin(&r);
    enum err_code code = run(&r, err);
    end(&r);
    TRY(code);
    *ret = result;
    return ERR_OK;
}

static enum err_code skip(struct retry *r, const char *reason, struct err *err)
{
    struct bytes value = {0};
    TRY(letter_pg_open(r->cfg, r->name->service, &r->pg, err));
    TRY(find(r, &value, err));
    return decide(r, "skipped", reason, err);
}

enum err_code letter_skip(const struct config *cfg,
                          const struct letter_name *n,
                          const char *by,
                          const char *reason,
                          struct err *err)
{
    struct retry r = {.cfg = cfg, .name = n, .by = by};
    begin(&r);
    enum err_code code = skip(&r, reason, err);
    end(&r);
    return code;
}

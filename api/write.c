#include "api/write.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/api.h"
#include "api/etag.h"
#include "api/item.h"
#include "api/local.h"
#include "api/lookup.h"
#include "api/media_type.h"
#include "api/pending.h"
#include "api/refusal.h"
#include "api/sender.h"
#include "api/waiters.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "schemas/records.h"

/* ---- body */

static bool type_supported(struct request *rq)
{
    const struct headers *h = &rq->headers;
    bool coded = h->content_encoding && strcasecmp(h->content_encoding, "identity") != 0;
    if (!coded && h->content_type && media_type_is_json(h->content_type))
        return true;
    (void)reply_problem(rq, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type",
                        "The body must be application/json in UTF-8, without a content coding.");
    return false;
}

bool write_body(struct request *rq, json_t **ret, struct field_errors *errors)
{
    struct err err;
    if (rq->body.len == 0) {
        *ret = json_object();
        return true;
    }
    if (!type_supported(rq))
        return false;
    struct bytes text = {(const uint8_t *)rq->body.data, rq->body.len};
    if (json_parse(text, &rq->arena, ret, errors, &err) == ERR_OK)
        return true;
    if (errors->n > 0)
        (void)reply_invalid(rq, errors);
    else
        (void)reply_problem(rq, MHD_HTTP_BAD_REQUEST, "invalid", "%s", err.msg);
    return false;
}

/* ---- identity and conditions */

static bool key_valid(const char *key)
{
    size_t len = strlen(key);
    for (size_t i = 0; i < len; i++)
        if (key[i] < 0x21 || key[i] > 0x7e)
            return false;
    return len > 0 && len <= IDEMPOTENCY_KEY_MAX;
}

/* The path as it is written when all ids are: however the request spelled it, a command has one id. */
static const char *canonical_path(struct request *rq)
{
    const char *pattern = rq->route->path, *path = "";
    for (size_t i = 0; i < rq->match.n_captures; i++) {
        const struct capture *c = &rq->match.captures[i];
        char id[UUID_TEXT_LEN + 1];
        struct uuid uuid =
            request_capture_uuid(rq, arena_strndup(&rq->arena, c->name, c->name_len));
        uuid_format(&uuid, id);
        path =
            arena_printf(&rq->arena, "%s%.*s%s", path, (int)(c->name - 1 - pattern), pattern, id);
        pattern = c->name + c->name_len + 1;
    }
    return arena_printf(&rq->arena, "%s%s", path, pattern);
}

/* I1: the same caller, route, ids in the path and key always mean the same command. */
static bool command_id_make(struct request *rq, const char *principal, struct write *w)
{
    const char *key = rq->headers.idempotency_key;
    if (!key) {
        w->command_id = uuid_v7(time_now_us());
        return true;
    }
    if (!key_valid(key)) {
        (void)reply_invalid_field(rq, "Idempotency-Key", "format",
                                  "1 to 255 visible ASCII characters");
        return false;
    }
    w->keyed = true;
    w->command_id = uuid_v5_of(principal, rq->route->method, canonical_path(rq), key, NULL);
    return true;
}

static bool condition_take(struct request *rq, struct command_meta *meta)
{
    switch (rq->route->conditional ? etag_if_match(rq->headers.if_match, &meta->expected_version)
                                   : ETAG_NONE) {
    case ETAG_NONE:
        return true;
    case ETAG_VERSION:
        meta->has_expected_version = true;
        return true;
    case ETAG_NEVER:
        (void)reply_problem(rq, MHD_HTTP_PRECONDITION_FAILED, "version_mismatch",
                            "If-Match names no version of it.");
        return false;
    case ETAG_MALFORMED:
        break;
    }
    (void)reply_invalid_field(rq, "If-Match", "format", "one entity tag, or *");
    return false;
}

static void meta_stamp(struct command_meta *meta,
                       const struct uuid *command_id,
                       const struct identity *who,
                       struct arena *a)
{
    meta->command_id = *command_id;
    meta->issued_at = time_now_us();
    meta->actor.kind = who ? ACTOR_KIND_USER : ACTOR_KIND_ANONYMOUS;
    if (!who)
        return;
    meta->actor.id = who->user_id;
    meta->actor.roles.n = who->n_roles;
    meta->actor.roles.items = ARENA_ARRAY(a, int, who->n_roles);
    memcpy(meta->actor.roles.items, who->roles, who->n_roles * sizeof(int));
}

bool write_begin(struct request *rq, const struct record_type *type, const char *principal)
{
    struct write *w = ARENA_NEW(&rq->arena, struct write);
    w->type = type;
    w->service = api_service_find(rq->api, type->service);
    w->command = record_new(type, &rq->arena);
    struct command_meta *meta = w->command;
    if (!command_id_make(rq, principal, w) || !condition_take(rq, meta))
        return false;
    meta_stamp(meta, &w->command_id, rq->authenticated ? &rq->identity : NULL, &rq->arena);
    rq->write = w;
    return true;
}

/* ---- fields */

static struct uuid *uuid_field(const struct write *w, const char *name)
{
    const struct field *f = record_field(w->type, name);
    assert(f && f->kind == FIELD_UUID && !f->optional && !f->array);
    return (struct uuid *)((char *)w->command + f->offset);
}

/* Everything that the table binds by name; routes_check() has seen that nothing is missing. */
static void fields_bind(struct request *rq, struct write *w)
{
    const struct route *r = rq->route;
    for (size_t i = 1; i < w->type->n_fields; i++) {
        const struct field *f = &w->type->fields[i];
        if (f->kind == FIELD_UUID && !f->api && router_capture(&rq->match, f->name))
            *uuid_field(w, f->name) = request_capture_uuid(rq, f->name);
    }
    if (r->creates)
        *uuid_field(w, r->creates) = w->command_id;
    if (r->actor_field)
        *uuid_field(w, r->actor_field) = rq->identity.user_id;
}

bool write_fill(struct request *rq, json_t *body, struct field_errors *errors)
{
    struct write *w = rq->write;
    bool empty_patch = strcmp(rq->route->method, "PATCH") == 0 && json_object_size(body) == 0;
    if (empty_patch)
        field_errors_add(errors, &rq->arena, "", "required", "at least one member");
    if (record_from_json(w->type, body, &rq->arena, w->command, errors) != ERR_OK ||
        errors->n > 0) {
        (void)reply_invalid(rq, errors);
        return false;
    }
    fields_bind(rq, w);
    return true;
}

/* ---- what the row lets follow from the fields */

enum step write_rejected(struct request *rq)
{
    const struct write *w = rq->write;
    const char *reason = w->ticket.outcome.reason;
    return reply_refused(rq, refusal_status(reason), arena_strdup(&rq->arena, reason),
                         &w->command_id);
}

static enum step decided(struct request *rq);
static void ticket_make(struct request *rq, int64_t deadline_us);

/* The field of the command whose look-up is on its way, or was the last. */
static const char *named_field(const struct request *rq)
{
    const struct route *r = rq->route;
    return rq->write->resolving_key ? r->key_from : r->exists->field;
}

/* Nothing is there, or nobody can tell. */
static enum step named_missing(struct request *rq)
{
    const struct lookup *l = rq->lookup;
    const struct route *r = rq->route;
    const char *what = rq->write->resolving_key ? r->key_query : r->exists->query;
    if (l->job.code != ERR_OK)
        return reply_err(rq, &l->job.err);
    if (item_uncertain(rq, l->caught_up, l->parked, what))
        return STEP_DONE;
    return reply_problem(rq, MHD_HTTP_NOT_FOUND, "not_found", "%s names nothing that exists.",
                         named_field(rq));
}

/* The digest needs the partition key, which the view could not tell: the outcome remembers it. False: nobody can compare the
 * payloads (I2). */
static bool digest_make(struct request *rq)
{
    struct write *w = rq->write;
    const struct outcome *o = &w->ticket.outcome;
    if (rq->route->key_query && !o->has_key)
        return false;
    if (rq->route->key_query)
        *uuid_field(w, w->type->key->name) = o->key;
    codec_digest((struct record){w->type, w->command}, &rq->arena, w->digest);
    return true;
}

static enum step stored_told(struct request *rq)
{
    switch (rq->write->ticket.state) {
    case TICKET_DECIDED:
        if (digest_make(rq))
            return decided(rq);
        break;
    case TICKET_UNKNOWN: /* never decided, as far as the view goes, which is what the look-up said too */
        return rq->write->otherwise(rq);
    case TICKET_STORED:
    case TICKET_NOT_STORED:
    case TICKET_OPEN:
        break;
    }
    return reply_unavailable(rq, "What became of this command cannot be told now.");
}

enum step write_stored(struct request *rq, handler_fn *otherwise)
{
    struct write *w = rq->write;
    if (!w->keyed)
        return otherwise(rq);
    w->otherwise = otherwise;
    int64_t wait_us = rq->prefer.wait_s * 1000000;
    ticket_make(rq, rq->began_us + (wait_us > OUTCOME_WAIT_US ? wait_us : OUTCOME_WAIT_US));
    struct waiters *waiters = w->service->waiters;
    request_park(rq, stored_told);
    waiters_find(waiters, &w->ticket);
    return STEP_PARKED;
}

static bool named_found(const struct request *rq)
{
    return rq->lookup->job.code == ERR_OK && rq->lookup->found;
}

static enum step key_found(struct request *rq)
{
    struct write *w = rq->write;
    if (!named_found(rq))
        return write_stored(rq, named_missing);
    const char *key = w->type->key->name;
    json_t *o = item_json(rq->lookup->row.body);
    bool ok = item_member(o, key, uuid_field(w, key));
    json_decref(o);
    if (ok)
        return write_send(rq);
    return reply_problem(rq, MHD_HTTP_INTERNAL_SERVER_ERROR, "internal",
                         "Something went wrong here.");
}

static enum step key_resolve(struct request *rq)
{
    const struct route *r = rq->route;
    if (!r->key_query)
        return write_send(rq);
    rq->write->resolving_key = true;
    return item_ask(rq, &rq->arena, r->service, r->key_query, uuid_field(rq->write, r->key_from),
                    key_found);
}

static enum step existing_found(struct request *rq)
{
    return named_found(rq) ? key_resolve(rq) : write_stored(rq, named_missing);
}

enum step write_resolve(struct request *rq)
{
    const struct route *r = rq->route;
    if (r->derive)
        r->derive(rq->write->command);
    if (!r->exists)
        return key_resolve(rq);
    return item_ask(rq, &rq->arena, r->exists->service, r->exists->query,
                    uuid_field(rq->write, r->exists->field), existing_found);
}

/* ---- sending */

static enum err_code command_send(struct request *rq,
                                  struct api_service *service,
                                  const struct record_type *type,
                                  void *command,
                                  struct ticket *ticket,
                                  struct err *err)
{
    char key[UUID_TEXT_LEN + 1];
    int32_t n = sender_partitions(rq->api->sender, service->index);
    if (n == 0)
        return err_set(err, ERR_UNAVAILABLE, "topic %s is not known yet", service->topic);
    const struct uuid *id = (const struct uuid *)((const char *)command + type->key->offset);
    uuid_format(id, key);
    struct send send = {
        .topic = service->index,
        .partition = kafka_partition(id, n),
        .key = key,
        .traceparent = rq->headers.traceparent,
        .ticket = ticket,
    };
    struct record record = {type, command};
    TRY(codec_encode(local_get()->codec, record, &rq->arena, &send.value, err));
    return sender_send(rq->api->sender, &send, err);
}

/* deadline_us: 0 = nobody waits for the outcome. */
static void ticket_make(struct request *rq, int64_t deadline_us)
{
    struct write *w = rq->write;
    const struct route *r = rq->route;
    const struct query *q = r->query ? query_find(r->service, r->query) : NULL;
    w->ticket = (struct ticket){
        .request = rq,
        .waiters = w->service->waiters,
        .shows_created = r->creates != NULL,
        .shown =
            {
                    .job = {.request = rq},
                    .arena = &rq->arena,
                    .query = q,
                    .reader = q ? item_reader(q, &rq->identity.user_id) : uuid_nil,
                    },
        .command_id = w->command_id,
        .deadline_us = deadline_us,
        .offset = -1,
    };
}

static enum step write_answer(struct request *rq);

enum step write_send(struct request *rq)
{
    struct write *w = rq->write;
    if (w->keyed)
        codec_digest((struct record){w->type, w->command}, &rq->arena, w->digest);
    ticket_make(rq, rq->prefer.wait_s ? rq->began_us + rq->prefer.wait_s * 1000000 : 0);
    request_park(rq, write_answer); /* before the send: the report may be faster than this thread */
    if (command_send(rq, w->service, w->type, w->command, &w->ticket, &w->err) != ERR_OK) {
        w->ticket.state = TICKET_NOT_STORED;
        request_resume(rq);
    }
    return STEP_PARKED;
}

enum err_code write_audit(struct request *rq,
                          struct api_service *service,
                          const struct record_type *type,
                          const struct identity *who,
                          void *command,
                          struct err *err)
{
    struct uuid id = uuid_v7(time_now_us());
    meta_stamp(command, &id, who, &rq->arena);
    enum err_code code = command_send(rq, service, type, command, NULL, err);
    if (code != ERR_OK)
        sender_audit_lost(rq->api->sender);
    return code;
}

/* ---- answers */

static enum step accepted_answer(struct request *rq, const char *status)
{
    char id[UUID_TEXT_LEN + 1];
    uuid_format(&rq->write->command_id, id);
    rq->reply.location = arena_printf(&rq->arena, "/api/commands/%s/", id);
    const char *body = arena_printf(&rq->arena, "{\"id\":\"%s\",\"status\":\"%s\"}", id, status);
    return reply_json(rq, MHD_HTTP_ACCEPTED, (struct bytes){(const uint8_t *)body, strlen(body)});
}

static enum step noted(struct request *rq)
{
    const struct pending_note *note = rq->work;
    if (note->job.code != ERR_OK)
        log_warn("pending command not noted; only its id tells what becomes of it",
                 KV_U("command", &note->command_id), KV_ERR(&note->job.err));
    return accepted_answer(rq, "pending");
}

/* Noted before the 202: else nobody could tell the sender about it. The command is in Kafka all the same
 * when this fails. */
static enum step accepted(struct request *rq)
{
    const struct write *w = rq->write;
    struct desk *pendings = w->service->pendings;
    struct pending_note *note = rq->work = ARENA_NEW(&rq->arena, struct pending_note);
    *note = (struct pending_note){
        .job = {.request = rq},
        .command_id = w->command_id,
        .sender = rq->authenticated ? rq->identity.user_id : uuid_nil,
        .partition = w->ticket.partition,
        .offset = w->ticket.offset,
        .at = time_now_us(),
    };
    request_park(rq, noted);
    desk_submit(pendings, &note->job);
    return STEP_PARKED;
}

enum step write_applied(struct request *rq)
{
    const struct route *r = rq->route;
    const struct ticket *t = &rq->write->ticket;
    const struct outcome *o = &t->outcome;
    if (r->location) {
        char id[UUID_TEXT_LEN + 1];
        uuid_format(r->creates ? &t->command_id : &o->aggregate_id, id);
        rq->reply.location = arena_printf(&rq->arena, "%s%s/", r->location, id);
    }
    if (!t->shown.query)
        return reply_empty(rq, (unsigned)r->status);
    if (t->shown.job.code != ERR_OK || !t->shown.found || t->shown.parked)
        return accepted_answer(rq, "applied"); /* the sender can come back for what it made */
    const struct query_row *row = &t->shown.row;
    rq->reply.etag = item_etag(t->shown.query, &rq->arena, row->version, row->body);
    return reply_json(rq, (unsigned)r->status, row->body);
}

static enum step decided(struct request *rq)
{
    struct write *w = rq->write;
    const struct outcome *o = &w->ticket.outcome;
    rq->reply.position = arena_printf(&rq->arena, "%s/%" PRId32 ":%" PRId64,
                                      w->service->service->name, o->partition, o->next_event);
    if (w->keyed && memcmp(o->digest, w->digest, sizeof(w->digest)) != 0)
        return reply_refused(rq, MHD_HTTP_UNPROCESSABLE_CONTENT, "idempotency_key_reused",
                             &w->command_id);
    if (o->rejected)
        return w->refused ? w->refused(rq) : write_rejected(rq);
    return w->then ? w->then(rq) : write_applied(rq);
}

static void preference_echo(struct request *rq)
{
    char applied[PREFER_APPLIED_MAX];
    if (prefer_applied(&rq->prefer, applied))
        rq->reply.applied = arena_strdup(&rq->arena, applied);
}

static enum step write_answer(struct request *rq)
{
    preference_echo(rq);
    switch (rq->write->ticket.state) {
    case TICKET_DECIDED:
        return decided(rq);
    case TICKET_STORED:
    case TICKET_UNKNOWN:
        return accepted(rq);
    case TICKET_NOT_STORED:
    case TICKET_OPEN:
        break;
    }
    if (rq->write->err.code == ERR_OK || rq->write->err.code == ERR_UNAVAILABLE)
        return reply_unavailable(rq, "The command could not be stored; nothing happened.");
    log_error("command not encoded", KV_U("command", &rq->write->command_id),
              KV_ERR(&rq->write->err));
    return reply_err(rq, &rq->write->err);
}

enum step write_handler(struct request *rq)
{
    char principal[UUID_TEXT_LEN + 1];
    struct field_errors *errors = ARENA_NEW(&rq->arena, struct field_errors);
    json_t *body = NULL;
    if (!write_body(rq, &body, errors))
        return STEP_DONE;
    uuid_format(&rq->identity.user_id, principal);
    bool ok = write_begin(rq, rq->route->command, principal) && write_fill(rq, body, errors);
    json_decref(body);
    return ok ? write_resolve(rq) : STEP_DONE;
}

#include "consumers/catch_up.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "consumers/claim.h"
#include "consumers/dead_letter.h"
#include "consumers/event_header.h"
#include "consumers/state_cache.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "schemas/records.h"

#define CHUNK_EVENTS_MAX 2000
#define CHUNK_BYTES_MAX  (4 * 1024 * 1024)
#define BULK_EVENTS_MAX  4000
#define BULK_BYTES_MAX   (4 * 1024 * 1024)
#define CAREFUL_SLICE    100
#define POLL_MS          100

/* A run of whole commands, applied and committed together. Arena memory of the session. */
struct chunk {
    struct lane_session *s;
    const struct catch_up_plan *plan;
    bool ended; /* the next command is behind what is wanted */
    struct record *events;
    int64_t *offsets;         /* of the events */
    int64_t *command_offsets; /* of what caused them */
    size_t n, bytes;
    struct event_origin last; /* of the newest event; i == n: no command is open */
    struct outcome *
        outcomes; /* one per command that began; those before next_event are left out when saving */
    struct actor *actors; /* who sent them */
    size_t n_outcomes;
};

static void chunk_clear(struct chunk *c)
{
    arena_clear(&c->s->arena);
    *c = (struct chunk){.s = c->s, .plan = c->plan};
}

static bool between_commands(const struct chunk *c)
{
    return c->last.i == c->last.n;
}

/* W5: a command's events stand together, all of them. */
static enum err_code
check_order(const struct chunk *c, const struct event_origin *o, int64_t offset, struct err *err)
{
    bool follows = between_commands(c) ? o->i == 1
                                       : o->command_offset == c->last.command_offset &&
                                             o->n == c->last.n && o->i == c->last.i + 1;
    if (follows)
        return ERR_OK;
    return err_set(err, ERR_CORRUPT,
                   "event %" PRId64 " is part %" PRId64 "/%" PRId64 " of command %" PRId64
                   ", after part %" PRId64 "/%" PRId64 " of command %" PRId64
                   ": a part is missing from the log",
                   offset, o->i, o->n, o->command_offset, c->last.i, c->last.n,
                   c->last.command_offset);
}

/* key: of the event's record in Kafka, which is the command's. */
static void open_outcome(struct chunk *c,
                         struct record event,
                         const struct event_origin *o,
                         const struct uuid *key)
{
    const struct event_meta *meta = event.value;
    assert(meta);
    const struct command_rejected *rejected =
        event.type == &type_command_rejected ? event.value : NULL;
    struct outcome outcome = {
        .command_id = meta->command_id,
        .command_offset = o->command_offset,
        .reason = rejected ? rejected->reason : NULL,
        .aggregate_id = meta->aggregate_id,
        .version = meta->version,
        .sender = meta->actor.id,
        .has_digest = o->has_digest,
        .key = *key,
        .decided_at = meta->occurred_at,
    };
    memcpy(outcome.digest, o->digest, DIGEST_LEN);
    c->outcomes = arena_grow(&c->s->arena, c->outcomes, c->n_outcomes, sizeof(*c->outcomes));
    c->actors = arena_grow(&c->s->arena, c->actors, c->n_outcomes, sizeof(*c->actors));
    c->actors[c->n_outcomes] = meta->actor;
    c->outcomes[c->n_outcomes++] = outcome;
}

static enum err_code
decode(struct chunk *c, const rd_kafka_message_t *m, struct record *ret, struct err *err)
{
    struct bytes framed = {m->payload, m->len};
    struct record event;
    enum err_code code = codec_decode(c->s->codec, framed, &c->s->arena, &event, err);
    if (code == ERR_NOT_FOUND) {
        err_context(err, "event %" PRId64 " was written by a newer program", m->offset);
        return err->code = ERR_UNAVAILABLE; /* S4: wait and alarm */
    }
    if (code == ERR_UNAVAILABLE) /* its registry is away (S3) */
        return err_context(err, "event %" PRId64, m->offset);
    if (code != ERR_OK || event.type->role != RECORD_EVENT)
        return err_set(err, ERR_CORRUPT, "event %" PRId64 " cannot be read: %s", m->offset,
                       code == ERR_OK ? "not an event" : err->msg);
    *ret = event;
    return ERR_OK;
}

static bool is_later(const struct catch_up_plan *plan, struct record event)
{
    const struct event_meta *meta = event.value;
    assert(meta);
    return plan->bulk && plan->bulk->until_us && meta->occurred_at > plan->bulk->until_us;
}

static enum err_code add_event(struct chunk *c, const rd_kafka_message_t *m, struct err *err)
{
    struct event_origin origin = {0};
    struct record event = {0};
    struct uuid key;
    if (!m->key || !uuid_parse_n(m->key, m->key_len, &key))
        key = uuid_nil;
    TRY(event_origin_read(message_headers(m), m->offset, &origin, err));
    TRY(check_order(c, &origin, m->offset, err));
    TRY(decode(c, m, &event, err));
    if (between_commands(c) && is_later(c->plan, event)) {
        c->ended = true;
        return ERR_OK;
    }
    struct arena *a = &c->s->arena;
    c->events = arena_grow(a, c->events, c->n, sizeof(*c->events));
    c->offsets = arena_grow(a, c->offsets, c->n, sizeof(*c->offsets));
    c->command_offsets = arena_grow(a, c->command_offsets, c->n, sizeof(*c->command_offsets));
    c->events[c->n] = event;
    c->command_offsets[c->n] = origin.command_offset;
    c->offsets[c->n++] = m->offset;
    c->bytes += m->len;
    if (origin.i == 1)
        open_outcome(c, event, &origin, &key);
    assert(c->outcomes); /* check_order: a command's first part came before */
    c->outcomes[c->n_outcomes - 1].next_event = m->offset + 1;
    c->last = origin;
    return ERR_OK;
}

/* The first event at or after `from`. */
static size_t first_from(const struct chunk *c, int64_t from)
{
    size_t i = 0;
    while (i < c->n && c->offsets[i] < from)
        i++;
    return i;
}

static enum err_code load_states(const struct chunk *c,
                                 const struct uuid_list *ids,
                                 struct aggregates *as,
                                 struct err *err)
{
    struct lane_session *s = c->s;
    size_t found =
        state_store_queue_find(s->pg, s->id->service->decider->fold_version, ids, &s->arena);
    TRY(pg_sync(s->pg, err));
    return state_store_load(s->pg, found, s->codec, as, &s->arena, err);
}

static enum err_code load_states_in_bulk(const struct chunk *c,
                                         const struct uuid_list *ids,
                                         struct aggregates *as,
                                         struct err *err)
{
    struct lane_session *s = c->s;
    struct uuid_list missing = {0};
    TRY(state_cache_load(c->plan->bulk->states, ids, s->codec, as, &s->arena, &missing, err));
    return missing.n ? load_states(c, &missing, as, err) : ERR_OK;
}

/* States: read what the events change, fold, queue the writes; in bulk they stay in memory. */
static enum err_code fold(struct chunk *c, struct err *err)
{
    struct lane_session *s = c->s;
    const struct catch_up_bulk *bulk = c->plan->bulk;
    const struct decider *d = s->id->service->decider;
    struct state_row *rows = NULL;
    struct touched touched;
    touched_init(&touched, &s->arena);
    size_t from = first_from(c, s->row.fold_next), n_rows = 0;
    for (size_t i = from; i < c->n; i++)
        touched_add(&touched, d, c->events[i], c->offsets[i] + 1);
    struct aggregates *as = aggregates_new(&s->arena);
    TRY((bulk ? load_states_in_bulk : load_states)(c, &touched.ids, as, err));
    for (size_t i = from; i < c->n; i++)
        decider_fold(d, as, c->events[i], &s->arena);
    TRY(state_store_rows(&touched, as, s->codec, &s->arena, &rows, &n_rows, err));
    if (bulk)
        state_cache_put(bulk->states, rows, n_rows);
    else
        state_store_queue_rows(s->pg, d->fold_version, s->id->partition, rows, n_rows, &s->arena);
    return ERR_OK;
}

/* In slices: a statement per event takes its time, and the watchdog wants to hear of it. */
static enum err_code
apply_carefully(struct lane_session *s, const struct log_events *run, struct err *err)
{
    for (size_t i = 0; i < run->n; i += CAREFUL_SLICE) {
        size_t n = run->n - i < CAREFUL_SLICE ? run->n - i : CAREFUL_SLICE;
        struct log_events slice = {run->events + i, run->offsets + i, n};
        TRY(parked_apply_carefully(&s->parked, s->apply, s->pg, s->codec, &slice, &s->arena, err));
        lane_pulse_beat(s->pulse);
    }
    return ERR_OK;
}

/* Rows, outcomes and dead letters of what the view has not. */
static enum err_code apply(struct chunk *c, bool carefully, struct err *err)
{
    struct lane_session *s = c->s;
    const struct catch_up_bulk *bulk = c->plan->bulk;
    struct outcome *fresh = ARENA_ARRAY(&s->arena, struct outcome, c->n_outcomes);
    struct dead_letter *letters = ARENA_ARRAY(&s->arena, struct dead_letter, c->n_outcomes);
    size_t n_fresh = 0, n_letters = 0;
    for (size_t i = 0; i < c->n_outcomes; i++) {
        const struct outcome *o = &c->outcomes[i];
        if (o->next_event <= s->row.next_event)
            continue;
        if (!bulk || o->decided_at >= bulk->outcomes_from_us)
            fresh[n_fresh++] = *o;
        if ((!bulk || bulk->letters) && o->reason && dead_letter_due(&c->actors[i], o->reason))
            letters[n_letters++] = (struct dead_letter){
                .offset = o->command_offset,
                .at_us = o->decided_at,
                .command_id = o->command_id,
                .reason = o->reason,
                .detail = "found in the log by catch-up",
            };
    }
    outcome_queue_save(s->pg, s->id->partition, fresh, n_fresh, &s->arena);
    dead_letter_queue_save(s->pg, s->id->command_topic, s->id->partition, letters, n_letters,
                           &s->arena);
    size_t from = first_from(c, s->row.next_event);
    struct log_events run = {c->events + from, c->offsets + from, c->n - from};
    if (!carefully)
        return parked_apply(&s->parked, s->apply, s->pg, s->codec, &run, &s->arena, err);
    TRY(pg_sync(s->pg, err));
    return apply_carefully(s, &run, err);
}

/* Returns how many claims must be confirmed; their statement is queued at *ret_index. */
static size_t queue_claims(struct chunk *c, size_t *ret_index)
{
    struct lane_session *s = c->s;
    const struct claim_rule *rule = s->id->service->decider->claim;
    if (!rule)
        return 0;
    struct claim *claims = ARENA_ARRAY(&s->arena, struct claim, c->n);
    size_t n = 0;
    for (size_t i = first_from(c, c->plan->claims_next); i < c->n; i++) {
        const struct event_meta *meta = c->events[i].value;
        if (c->events[i].type != rule->event)
            continue;
        claims[n++] = (struct claim){
            .key = rule->event_key(c->events[i].value, &s->arena),
            .aggregate_id = meta->aggregate_id,
            .command_offset = c->command_offsets[i],
            .command_id = meta->command_id,
        };
    }
    n = claim_distinct(claims, n);
    if (n > 0)
        *ret_index = claim_queue_confirm(s->pg, s->id->partition, claims, n, &s->arena);
    return n;
}

static int64_t max_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct lane_row next_row(const struct chunk *c)
{
    struct lane_row row = c->s->row;
    int64_t next = c->offsets[c->n - 1] + 1;
    row.next_event = max_of(row.next_event, next);
    row.fold_next = max_of(row.fold_next, next);
    row.next_command = max_of(row.next_command, c->last.command_offset + 1);
    return row;
}

static enum err_code write_chunk(struct chunk *c, bool carefully, struct err *err)
{
    struct lane_session *s = c->s;
    const struct catch_up_bulk *bulk = c->plan->bulk;
    struct lane_row row = next_row(c);
    struct lane_row stored = row;
    const struct event_meta *first = c->events[0].value;
    const struct event_meta *last = c->events[c->n - 1].value;
    bool newer = row.next_event > s->row.next_event;
    size_t claims = 0;
    pg_queue_command(s->pg, "BEGIN");
    size_t lock = lane_row_queue_lock(s->pg, &s->row, &s->arena);
    TRY(pg_sync(s->pg, err));
    TRY(lane_row_locked(s->pg, lock, &s->row, err));
    TRY(parked_refresh(&s->parked, s->pg, err));
    TRY(fold(c, err));
    TRY(apply(c, carefully, err));
    TRY(pg_sync(s->pg, err));
    size_t n_claims = queue_claims(c, &claims);
    if (bulk) /* a generation that is kept for a way back is not dropped when this ends half-way */
        stored.fold_next = state_cache_saved(bulk->states);
    lane_row_queue_catch_up(s->pg, &stored, newer ? &first->event_id : NULL,
                            newer ? &last->event_id : NULL, &s->arena);
    TRY(pg_commit(s->pg, err));
    if (n_claims > 0 && pg_affected(s->pg, claims) != (int64_t)n_claims)
        log_error("a unique key belongs to two aggregates", KV_S("service", s->id->service->name),
                  KV_I("partition", row.partition), KV_I("before_event", row.next_event));
    if (newer) {
        row.last_event_id = last->event_id;
        if (uuid_is_nil(&row.first_event_id))
            row.first_event_id = first->event_id;
    }
    metric_add(s->pulse->catch_up_events, (int64_t)c->n);
    s->row = row;
    s->last_event_us = last->occurred_at;
    return ERR_OK;
}

/* What is in memory, and how far it is, in a transaction of its own. */
static enum err_code write_states(struct chunk *c, struct err *err)
{
    struct lane_session *s = c->s;
    struct state_cache *states = c->plan->bulk->states;
    crash_point("replay_before_states");
    pg_queue_command(s->pg, "BEGIN");
    TRY(state_cache_write(states, s->pg, s->id->service->decider->fold_version, s->id->partition,
                          err));
    lane_row_queue_catch_up(s->pg, &s->row, NULL, NULL, &s->arena);
    TRY(pg_commit(s->pg, err));
    state_cache_wrote(states, s->row.fold_next);
    return ERR_OK;
}

static enum err_code flush(struct chunk *c, struct err *err)
{
    const struct catch_up_bulk *bulk = c->plan->bulk;
    if (c->n == 0)
        return ERR_OK;
    crash_point(bulk ? "during_replay" : "during_catch_up");
    enum err_code code = write_chunk(c, false, err);
    if (code == ERR_INVALID && !pg_broken(c->s->pg)) {
        /* Committed once, refused now: the read model changed under the log (P2). */
        pg_rollback(c->s->pg);
        code = parked_load(&c->s->parked, c->s->pg, err);
        if (code == ERR_OK)
            code = write_chunk(c, true, err);
    }
    if (code == ERR_INVALID) /* not the events', but what the lane itself writes */
        code = err->code = ERR_CORRUPT;
    struct event_origin last = c->last;
    chunk_clear(c);
    c->last = last;
    lane_pulse_beat(c->s->pulse);
    if (bulk)
        atomic_store(bulk->next, c->s->row.fold_next);
    if (code == ERR_OK && bulk && state_cache_full(bulk->states))
        code = write_states(c, err);
    return code;
}

static bool chunk_full(const struct chunk *c)
{
    if (c->plan->bulk)
        return c->n >= BULK_EVENTS_MAX || c->bytes >= BULK_BYTES_MAX;
    return c->n >= CHUNK_EVENTS_MAX || c->bytes >= CHUNK_BYTES_MAX;
}

/* Takes one poll's result. *ret_done: the end of the partition is at or past the plan's end. */
static enum err_code take(struct chunk *c, rd_kafka_message_t *m, bool *ret_done, struct err *err)
{
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        *ret_done = m->offset >= c->plan->end;
        return ERR_OK;
    }
    if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || m->err == RD_KAFKA_RESP_ERR__FATAL)
        return err_set(err, ERR_UNAVAILABLE, "reading events: %s", rd_kafka_message_errstr(m));
    if (m->err)
        return ERR_OK; /* the client tries again; the deadline watches */
    bool behind = c->plan->bulk && m->offset >= c->plan->end && between_commands(c);
    if (!behind)
        TRY(add_event(c, m, err));
    *ret_done = behind || c->ended ||
                (c->plan->bulk && m->offset + 1 >= c->plan->end && between_commands(c));
    return chunk_full(c) && between_commands(c) ? flush(c, err) : ERR_OK;
}

static enum err_code hanging(const struct lane_session *s, int64_t end, struct err *err)
{
    log_error("catch-up does not reach the end of the log: a transaction hangs?",
              KV_S("service", s->id->service->name), KV_I("partition", s->id->partition),
              KV_I("next_event", s->row.next_event), KV_I("end", end));
    return err_set(err, ERR_UNAVAILABLE,
                   "the log's end (%" PRId64 ") is not readable: a hanging transaction?", end);
}

static bool stopping(const struct chunk *c)
{
    const struct catch_up_bulk *bulk = c->plan->bulk;
    return bulk ? atomic_load(bulk->stop) : lane_pulse_stopping(c->s->pulse);
}

static enum err_code read_to_end(struct chunk *c, rd_kafka_t *reader, struct err *err)
{
    struct lane_session *s = c->s;
    int64_t patience_us = 2 * s->id->cfg->transaction_timeout_ms * 1000;
    int64_t deadline = time_monotonic_us() + patience_us;
    bool done = false;
    while (!done) {
        if (stopping(c))
            return err_set(err, ERR_UNAVAILABLE, "stopping");
        if (time_monotonic_us() > deadline)
            return hanging(s, c->plan->end, err);
        rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, POLL_MS);
        lane_pulse_beat(s->pulse);
        if (!m)
            continue;
        if (!m->err)
            deadline = time_monotonic_us() + patience_us;
        enum err_code code = take(c, m, &done, err);
        rd_kafka_message_destroy(m);
        TRY(code);
    }
    if (!between_commands(c))
        return err_set(err, ERR_CORRUPT,
                       "the log ends after part %" PRId64 "/%" PRId64 " of command %" PRId64,
                       c->last.i, c->last.n, c->last.command_offset);
    return flush(c, err);
}

enum err_code catch_up(struct lane_session *s,
                       rd_kafka_t *reader,
                       const struct catch_up_plan *plan,
                       struct err *err)
{
    int64_t start = s->row.next_event;
    start = s->row.fold_next < start ? s->row.fold_next : start;
    start = plan->claims_next < start ? plan->claims_next : start;
    if (start >= plan->end)
        return ERR_OK;
    TRY(kafka_reader_assign(reader, s->id->event_topic, s->id->partition, start, err));
    struct chunk c = {.s = s, .plan = plan};
    chunk_clear(&c);
    TRY(read_to_end(&c, reader, err));
    return plan->bulk ? write_states(&c, err) : ERR_OK;
}

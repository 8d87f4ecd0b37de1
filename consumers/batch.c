#include "consumers/batch.h"

#include <assert.h>
#include <string.h>

#include "consumers/batch_work.h"
#include "consumers/id_index.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "schemas/records.h"

static enum err_code read_commands(struct batch *b, struct err *err)
{
    struct lane_session *s = b->s;
    b->n = s->inbox.n < s->limit ? s->inbox.n : s->limit;
    b->commands = ARENA_ARRAY(b->arena, struct lane_command, b->n);
    struct id_index *seen = id_index_new(b->arena);
    int64_t now_us = time_now_us(); /* for their age; the lane's own time may be ahead of it */
    for (size_t i = 0; i < b->n; i++) {
        struct lane_command *c = &b->commands[i];
        TRY(lane_command_read(s, &s->inbox.items[i], now_us, b->arena, c, err));
        c->skipped = !id_index_add(seen, &c->id, i);
    }
    return ERR_OK;
}

/* Ids of the commands that are still to be decided. */
static struct uuid_list open_ids(const struct batch *b)
{
    struct uuid_list ids = {0};
    for (size_t i = 0; i < b->n; i++)
        if (!b->commands[i].skipped)
            uuid_list_add(&ids, b->arena, &b->commands[i].id);
    return ids;
}

static void skip_decided(struct batch *b, const PGresult *found)
{
    if (PQntuples(found) == 0)
        return;
    struct id_index *decided = id_index_new(b->arena);
    for (int i = 0; i < PQntuples(found); i++) {
        struct uuid id = pg_get_uuid(found, i, 0);
        id_index_add(decided, &id, 0);
    }
    size_t unused;
    for (size_t i = 0; i < b->n; i++)
        if (id_index_find(decided, &b->commands[i].id, &unused))
            b->commands[i].skipped = true;
}

static bool wants_claim(const struct lane_command *c)
{
    return c->claim && !c->skipped && !c->forced_reason;
}

/* C2: skip what has an outcome, claim, commit; before anything else is written. */
static enum err_code take_claims(struct batch *b, struct err *err)
{
    struct pg *pg = b->s->claims_pg;
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        n += wants_claim(&b->commands[i]);
    if (n == 0)
        return ERR_OK;
    struct uuid_list ids = open_ids(b);
    size_t found = outcome_queue_find(pg, ids.items, ids.n, b->arena);
    TRY(pg_sync(pg, err));
    skip_decided(b, pg_result(pg, found));
    struct claim *claims = ARENA_ARRAY(b->arena, struct claim, n);
    n = 0;
    for (size_t i = 0; i < b->n; i++)
        if (wants_claim(&b->commands[i]))
            claims[n++] = *b->commands[i].claim;
    TRY(claim_take(pg, b->s->id->partition, claims, n, b->arena, err));
    n = 0;
    for (size_t i = 0; i < b->n; i++)
        if (wants_claim(&b->commands[i]))
            *b->commands[i].claim = claims[n++];
    return ERR_OK;
}

/* Those that are not known yet, each once; from now on they are. */
static struct uuid_list
new_ids(const struct batch *b, struct id_index *known, const struct uuid_list *ids)
{
    struct uuid_list fresh = {0};
    for (size_t i = 0; i < ids->n; i++)
        if (id_index_add(known, &ids->items[i], i))
            uuid_list_add(&fresh, b->arena, &ids->items[i]);
    return fresh;
}

/* First round: the aggregates that the commands name, each once. */
static struct uuid_list named_ids(const struct batch *b, struct id_index *known)
{
    const struct decider *d = b->s->id->service->decider;
    struct uuid_list named = {0};
    for (size_t i = 0; i < b->n; i++) {
        const struct lane_command *c = &b->commands[i];
        if (c->record.type && !c->skipped)
            decider_command(d, c->record.type)->reads(c->record.value, b->arena, &named);
    }
    return new_ids(b, known, &named);
}

static struct decide_input decide_input_for(const struct batch *b, const struct lane_command *c)
{
    return (struct decide_input){
        .aggregates = b->aggregates,
        .now_us = b->now_us,
        .claim_refused = c->claim && c->claim->refused,
        .arena = b->arena,
    };
}

/* Second round: the aggregates that those list and that were not read yet. */
static struct uuid_list listed_ids(const struct batch *b, struct id_index *known)
{
    const struct decider *d = b->s->id->service->decider;
    struct uuid_list listed = {0};
    for (size_t i = 0; i < b->n; i++) {
        const struct lane_command *c = &b->commands[i];
        if (!c->record.type || c->skipped || c->forced_reason)
            continue;
        const struct command_rule *rule = decider_command(d, c->record.type);
        struct decide_input in = decide_input_for(b, c);
        if (rule->lists)
            rule->lists(&in, c->record.value, &listed);
    }
    return new_ids(b, known, &listed);
}

static enum err_code read_listed(struct batch *b, struct id_index *known, struct err *err)
{
    struct lane_session *s = b->s;
    struct uuid_list ids = listed_ids(b, known);
    if (ids.n == 0)
        return ERR_OK;
    int fold_version = s->id->service->decider->fold_version;
    size_t found = state_store_queue_find(s->pg, fold_version, &ids, b->arena);
    TRY(pg_sync(s->pg, err));
    return state_store_load(s->pg, found, s->codec, b->aggregates, b->arena, err);
}

/* Compare-and-set first, then everything that deciding needs. */
static enum err_code begin(struct batch *b, struct err *err)
{
    struct lane_session *s = b->s;
    struct id_index *known = id_index_new(b->arena); /* aggregates */
    struct uuid_list ids = open_ids(b), reads = named_ids(b, known);
    b->stage = BATCH_BEGUN;
    pg_queue_command(s->pg, "BEGIN");
    size_t lock = lane_row_queue_lock(s->pg, &s->row, b->arena);
    size_t outcomes = outcome_queue_find(s->pg, ids.items, ids.n, b->arena);
    int fold_version = s->id->service->decider->fold_version;
    size_t states = state_store_queue_find(s->pg, fold_version, &reads, b->arena);
    TRY(pg_sync(s->pg, err));
    TRY(lane_row_locked(s->pg, lock, &s->row, err));
    skip_decided(b, pg_result(s->pg, outcomes));
    TRY(state_store_load(s->pg, states, s->codec, b->aggregates, b->arena, err));
    TRY(parked_refresh(&s->parked, s->pg, err));
    return read_listed(b, known, err);
}

static struct decision decide(struct batch *b, const struct lane_command *c)
{
    struct decision d = {.arena = b->arena};
    if (c->record.type) {
        struct decide_input in = decide_input_for(b, c);
        decider_run(b->s->id->service->decider, &in, b->aggregates, c->record, c->forced_reason,
                    &d);
    } else {
        d.events = ARENA_NEW(b->arena, struct record);
        d.events[d.n++] = lane_command_reject_unread(c, b->now_us, b->arena);
    }
    return d;
}

static enum err_code
add_event(struct batch *b, const struct lane_command *c, struct record event, struct err *err)
{
    const struct event_meta *meta = event.value;
    struct event_message m = {
        .key = c->key,
        .timestamp_ms = meta->occurred_at / 1000,
        .offset = b->s->expected_offset + (int64_t)b->n_events,
    };
    TRY(codec_encode(b->s->codec, event, b->arena, &m.value, err));
    b->events = arena_grow(b->arena, b->events, b->n_events, sizeof(*b->events));
    b->messages = arena_grow(b->arena, b->messages, b->n_events, sizeof(*b->messages));
    b->events[b->n_events] = event;
    b->messages[b->n_events] = m;
    b->n_events++;
    b->event_bytes += m.value.len;
    touched_add(&b->touched, b->s->id->service->decider, event, m.offset + 1);
    return ERR_OK;
}

static void add_outcome(struct batch *b, const struct lane_command *c, struct record first)
{
    const struct event_meta *meta = first.value;
    assert(meta && b->n_events > 0);
    const struct command_rejected *rejected =
        first.type == &type_command_rejected ? first.value : NULL;
    struct outcome o = {
        .command_id = c->id,
        .command_offset = c->offset,
        .reason = rejected ? rejected->reason : NULL,
        .aggregate_id = meta->aggregate_id,
        .version = meta->version,
        .sender = meta->actor.id,
        .has_digest = c->has_digest,
        .key = c->key,
        .next_event = b->messages[b->n_events - 1].offset + 1,
        .decided_at = meta->occurred_at,
    };
    memcpy(o.digest, c->digest, DIGEST_LEN);
    b->outcomes = arena_grow(b->arena, b->outcomes, b->n_outcomes, sizeof(*b->outcomes));
    b->outcomes[b->n_outcomes++] = o;
}

static void add_letter(struct batch *b, const struct lane_command *c, const char *reason)
{
    b->letters = arena_grow(b->arena, b->letters, b->n_letters, sizeof(*b->letters));
    b->letters[b->n_letters++] = (struct dead_letter){
        .offset = c->offset,
        .at_us = b->now_us,
        .command_id = c->id,
        .reason = reason,
        .detail = c->detail,
        .value = c->raw,
    };
}

static enum err_code decide_one(struct batch *b, size_t i, struct err *err)
{
    struct lane_command *c = &b->commands[i];
    struct decision d = decide(b, c);
    c->first_event = b->n_events;
    c->n_events = d.n;
    for (size_t e = 0; e < d.n; e++) {
        enum err_code code = add_event(b, c, d.events[e], err);
        b->refused = code == ERR_INVALID;
        if (code != ERR_OK) {
            b->culprit = i;
            return code;
        }
    }
    add_outcome(b, c, d.events[0]);
    b->now_us++; /* the next command is later, also in the order of times */
    if (d.events[0].type == &type_command_rejected) {
        const struct command_rejected *e = d.events[0].value;
        if (dead_letter_due(&e->meta.actor, e->reason))
            add_letter(b, c, e->reason);
    }
    return ERR_OK;
}

/* Limits in events, bytes and time: what is left over is the next batch's; one command is always
 * taken. */
static bool full(const struct batch *b)
{
    const struct lane_identity *id = b->s->id;
    return (int64_t)b->n_events >= id->cfg->batch_events_max ||
           (int64_t)b->event_bytes >= id->cfg->batch_bytes_max ||
           time_monotonic_us() - b->began_us >= id->timeouts.batch_ms * 1000LL;
}

static enum err_code decide_all(struct batch *b, struct err *err)
{
    touched_init(&b->touched, b->arena);
    do {
        if (!b->commands[b->n_decided].skipped)
            TRY(decide_one(b, b->n_decided, err));
        b->n_decided++;
    } while (b->n_decided < b->n && !full(b));
    return ERR_OK;
}

static enum err_code run(struct batch *b, struct err *err)
{
    if (b->s->claims_pg) {
        enum err_code code = take_claims(b, err);
        b->refused = code == ERR_INVALID; /* a key that PostgreSQL does not take */
        TRY(code);
    }
    crash_point("after_claims");
    TRY(begin(b, err));
    TRY(decide_all(b, err));
    return batch_write(b, err);
}

/*
 * W7: the data was refused. Halving the batch until the command is alone confirms it by a
 * transaction of its own, in about log2(n) turns; a savepoint per command would cost every healthy
 * command of the batch a round trip.
 */
static enum batch_verdict blame(struct batch *b, const struct err *err)
{
    struct lane_session *s = b->s;
    size_t attempted =
        b->n_decided ? b->n_decided : b->n; /* none: it was a claim that was refused */
    if (b->culprit == CULPRIT_UNKNOWN && attempted > 1) {
        s->limit = attempted / 2;
        return BATCH_REDO;
    }
    size_t culprit = b->culprit == CULPRIT_UNKNOWN ? 0 : b->culprit;
    if (lane_command_poison(&b->commands[culprit]))
        return BATCH_RETRY; /* even its rejection is refused: not the command's fault */
    log_warn("poison command, rejecting it as internal", KV_S("service", s->id->service->name),
             KV_I("partition", s->id->partition), KV_I("offset", b->commands[culprit].offset),
             KV_U("command_id", &b->commands[culprit].id), KV_ERR(err));
    inbox_force(&s->inbox, culprit, "internal", err->msg);
    return BATCH_REDO;
}

/* Takes back what is not in the log yet. */
static enum batch_verdict undo(struct batch *b, enum err_code code, struct err *err)
{
    struct lane_session *s = b->s;
    bool restart =
        b->stage == BATCH_COMMITTED || b->log_lost || code == ERR_CONFLICT || code == ERR_CORRUPT;
    if (b->stage == BATCH_APPENDED && !restart)
        restart = event_log_abort(s->log, NULL) != ERR_OK;
    if (restart || pg_broken(s->pg) || (s->claims_pg && pg_broken(s->claims_pg)))
        return BATCH_RESTART;
    pg_rollback(s->pg);
    if (pg_broken(s->pg))
        return BATCH_RESTART;
    return b->refused ? blame(b, err) : BATCH_RETRY;
}

static void count(const struct batch *b)
{
    struct lane_pulse *p = b->s->pulse;
    size_t decided = b->n_outcomes;
    metric_add(p->batches, 1);
    metric_add(p->commands, (int64_t)decided);
    metric_add(p->duplicates, (int64_t)(b->n_decided - decided));
    metric_add(p->events, (int64_t)b->n_events);
    metric_add(p->dead_letters, (int64_t)b->n_letters);
    metric_observe_us(p->batch_seconds, time_monotonic_us() - b->began_us);
}

static void log_unread(const struct batch *b)
{
    for (size_t i = 0; i < b->n_decided; i++)
        if (!b->commands[i].record.type && !b->commands[i].skipped)
            log_warn("unreadable command, rejected as internal",
                     KV_S("service", b->s->id->service->name),
                     KV_I("partition", b->s->id->partition), KV_I("offset", b->commands[i].offset),
                     KV_S("error", b->commands[i].detail));
}

static int64_t max_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Time in a lane never goes back, whatever clock this machine has and the last owner had: its floor is the
 * last event's. */
enum batch_verdict batch_run(struct lane_session *s, struct err *err)
{
    arena_clear(&s->arena);
    struct batch b = {
        .s = s,
        .arena = &s->arena,
        .now_us = max_of(time_now_us(), s->last_event_us + 1),
        .began_us = time_monotonic_us(),
        .aggregates = aggregates_new(&s->arena),
        .culprit = CULPRIT_UNKNOWN,
    };
    if (read_commands(&b, err) != ERR_OK)
        return BATCH_WAIT;
    enum err_code code = run(&b, err);
    if (code != ERR_OK)
        return undo(&b, code, err);
    count(&b);
    log_unread(&b);
    inbox_drop(&s->inbox, b.n_decided);
    size_t max = (size_t)s->id->cfg->batch_commands_max;
    s->limit = s->limit * 2 < max ? s->limit * 2 : max;
    return BATCH_DONE;
}

#include "consumers/batch_work.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "consumers/lane_sql.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "schemas/records.h"

static void add_headers(struct batch *b)
{
    for (size_t k = 0; k < b->n_decided; k++) {
        const struct lane_command *c = &b->commands[k];
        struct event_origin origin = {
            .command_offset = c->offset,
            .n = (int64_t)c->n_events,
            .has_digest = c->has_digest,
        };
        memcpy(origin.digest, c->digest, DIGEST_LEN);
        for (size_t i = 0; i < c->n_events; i++) {
            size_t e = c->first_event + i;
            origin.i = (int64_t)i + 1;
            b->messages[e].headers =
                event_headers_new(b->events[e], b->s->id->source, &origin, c->traceparent);
        }
    }
}

static void alarm_of_ours(const struct batch *b, const struct err *err)
{
    if (event_log_fault_is_ours(b->s->log))
        log_error("events are refused for a fault of this installation, the lane waits for it",
                  KV_S("service", b->s->id->service->name), KV_I("partition", b->s->id->partition),
                  KV_ERR(err));
}

static enum err_code append(struct batch *b, struct err *err)
{
    add_headers(b);
    b->stage = BATCH_APPENDED;
    enum err_code code = event_log_append(b->s->log, b->messages, b->n_events, err);
    b->log_lost = code != ERR_OK;
    if (code != ERR_OK)
        alarm_of_ours(b, err);
    return code;
}

/* States, outcomes, dead letters, rows: what PostgreSQL or the read model refuses shows here,
 * before the truth. */
static enum err_code queue_view(struct batch *b, struct err *err)
{
    struct lane_session *s = b->s;
    const struct lane_identity *id = s->id;
    TRY(state_store_queue_save(s->pg, id->service->decider->fold_version, id->partition,
                               &b->touched, b->aggregates, s->codec, b->arena, err));
    outcome_queue_save(s->pg, id->partition, b->outcomes, b->n_outcomes, b->arena);
    dead_letter_queue_save(s->pg, id->command_topic, id->partition, b->letters, b->n_letters,
                           b->arena);
    int64_t *offsets = ARENA_ARRAY(b->arena, int64_t, b->n_events);
    for (size_t i = 0; i < b->n_events; i++)
        offsets[i] = s->expected_offset + (int64_t)i; /* the messages' own come with the delivery */
    struct log_events run = {b->events, offsets, b->n_events};
    return parked_apply(&s->parked, s->apply, s->pg, s->codec, &run, b->arena, err);
}

static enum err_code apply(struct batch *b, struct err *err)
{
    enum err_code code = queue_view(b, err);
    if (code == ERR_OK)
        code = pg_sync(b->s->pg, err);
    b->refused = code == ERR_INVALID;
    return code;
}

static size_t command_of_event(const struct batch *b, size_t event)
{
    size_t k = 0;
    while (k + 1 < b->n_decided && event >= b->commands[k].first_event + b->commands[k].n_events)
        k++;
    return k;
}

static enum err_code commit_log(struct batch *b, struct err *err)
{
    size_t refused_event = 0;
    enum err_code code = event_log_commit(b->s->log, &refused_event, err);
    if (code == ERR_OK) {
        b->stage = BATCH_COMMITTED;
    } else if (code == ERR_INVALID) {
        b->stage = BATCH_BEGUN; /* nothing is in the log */
        b->refused = true;
        b->culprit = command_of_event(b, refused_event);
    } else {
        b->stage = BATCH_COMMITTED; /* perhaps: only the log knows (W4) */
        alarm_of_ours(b, err);
    }
    return code;
}

/* Offsets were foreseen to keep the outcomes before the commit; another gap than foreseen shifts
 * them all alike. */
static enum err_code correct_offsets(struct batch *b, int64_t foreseen, struct err *err)
{
    struct lane_session *s = b->s;
    int64_t by = b->messages[0].offset - foreseen;
    for (size_t i = 0; i < b->n_events; i++)
        if (b->messages[i].offset != foreseen + (int64_t)i + by)
            return err_set(err, ERR_UNAVAILABLE,
                           "events of one transaction are not in a row (%" PRId64 ")",
                           b->messages[i].offset);
    if (by == 0)
        return ERR_OK;
    if (s->parked.n > 0) /* their rows carry offsets, too; catch-up knows the right ones */
        return err_set(err, ERR_UNAVAILABLE, "offsets of parked events were foreseen wrongly");
    outcome_queue_shift(s->pg, by, b->outcomes, b->n_outcomes, b->arena);
    state_store_queue_shift(s->pg, by, s->id->service->decider->fold_version, &b->touched,
                            b->arena);
    return ERR_OK;
}

/* Confirms what became an account, releases what was refused, for the commands of this batch that
 * took a claim. */
static void queue_claims(struct batch *b, size_t *ret_index, size_t *ret_confirmed)
{
    const struct claim_rule *rule = b->s->id->service->decider->claim;
    struct claim *confirmed = ARENA_ARRAY(b->arena, struct claim, b->n_events);
    struct claim *released = ARENA_ARRAY(b->arena, struct claim, b->n_decided);
    size_t n_confirmed = 0, n_released = 0;
    for (size_t k = 0; k < b->n_decided; k++) {
        const struct lane_command *c = &b->commands[k];
        if (c->skipped || !c->claim)
            continue;
        struct record first = b->events[c->first_event];
        if (first.type == rule->event) {
            const struct event_meta *meta = first.value;
            confirmed[n_confirmed] = *c->claim;
            confirmed[n_confirmed].key = rule->event_key(first.value, b->arena);
            confirmed[n_confirmed++].aggregate_id = meta->aggregate_id;
        } else if (!c->claim->refused) {
            released[n_released++] = *c->claim;
        }
    }
    *ret_confirmed = claim_distinct(confirmed, n_confirmed);
    if (*ret_confirmed > 0)
        *ret_index =
            claim_queue_confirm(b->s->pg, b->s->id->partition, confirmed, *ret_confirmed, b->arena);
    claim_queue_release(b->s->pg, released, n_released, b->arena);
}

static void advance_row(struct batch *b, struct lane_row *row)
{
    row->next_command = b->commands[b->n_decided - 1].offset + 1;
    if (b->n_events == 0)
        return;
    const struct event_meta *first = b->events[0].value;
    const struct event_meta *last = b->events[b->n_events - 1].value;
    row->next_event = row->fold_next = b->messages[b->n_events - 1].offset + 1;
    row->last_event_id = last->event_id;
    if (uuid_is_nil(&row->first_event_id))
        row->first_event_id = first->event_id;
}

/* The view's commit. A failure here costs time only: the log has it, catch-up brings it. */
static enum err_code commit_view(struct batch *b, struct err *err)
{
    struct lane_session *s = b->s;
    struct lane_row row = s->row;
    size_t claims = 0, n_confirmed = 0;
    advance_row(b, &row);
    if (s->claims_pg)
        queue_claims(b, &claims, &n_confirmed);
    lane_row_queue_advance(s->pg, &row, b->n_events ? &row.first_event_id : NULL,
                           b->n_events ? &row.last_event_id : NULL, b->arena);
    TRY(lane_row_commit(s->pg, s->id->channel, &row, b->arena, err));
    if (n_confirmed > 0 && pg_affected(s->pg, claims) != (int64_t)n_confirmed)
        log_error("a unique key belongs to two aggregates", KV_S("service", s->id->service->name),
                  KV_I("partition", row.partition), KV_I("next_command", row.next_command));
    s->row = row;
    if (b->n_events) {
        const struct event_meta *last = b->events[b->n_events - 1].value;
        s->expected_offset = row.next_event + 1; /* the commit marker takes one */
        s->last_event_us = last->occurred_at;
        atomic_store(&s->pulse->last_event_us, s->last_event_us);
    }
    return ERR_OK;
}

enum err_code batch_write(struct batch *b, struct err *err)
{
    int64_t foreseen = b->s->expected_offset;
    if (b->n_events > 0) {
        TRY(append(b, err));
        crash_point("after_append");
        TRY(apply(b, err));
        crash_point("after_apply");
        TRY(commit_log(b, err));
        crash_point("after_kafka_commit");
        TRY(correct_offsets(b, foreseen, err));
    }
    TRY(commit_view(b, err));
    crash_point("after_pg_commit");
    atomic_store(&b->s->pulse->next_command, b->s->row.next_command);
    return ERR_OK;
}

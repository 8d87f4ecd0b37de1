#include "consumers/replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/import_mark.h"
#include "consumers/replay_crew.h"
#include "consumers/service_pg.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/timeutil.h"
#include "projections/generation.h"
#include "projections/projection_tables.h"
#include "projections/query.h"

#define BEHIND_MAX  500 /* records that are read while the live rows are locked */
#define ROUNDS_MAX  20  /* tries to come that near */
#define COMPARE_MS  60000
#define NOT_PRESENT (-1)

struct replay {
    const struct replay_options *o;
    struct generations g;
    struct generation_part part;
    struct replay_until until;
    char fresh[GENERATION_NAME_MAX];
    struct replay_log *logs; /* every partition of the own log and of each source */
    size_t n_logs;
    rd_kafka_t *bounds; /* read_uncommitted */
    char cluster_id[LANE_CLUSTER_MAX];
    struct service_control control;
    bool lost; /* the live view knows nothing of a log that has something */
};

static const char *source_of(const struct replay_log *l)
{
    return apply_source(l->projection);
}

static const char *name_of(const struct replay *r)
{
    return r->o->service->name;
}

/* ---- until when */

enum err_code replay_until_parse(const char *text, struct replay_until *ret, struct err *err)
{
    char *end;
    struct err ignored;
    struct replay_until u = {.offset = NOT_PRESENT};
    if (text[0] && strspn(text, "0123456789") == strlen(text))
        u.offset = strtoll(text, &end, 10);
    else if (position_check(text, &ignored) == ERR_OK)
        u.position = text;
    else if (!time_parse(text, &u.time_us))
        return err_set(err, ERR_INVALID,
                       "--until %s: neither a time (RFC 3339) nor an offset nor a position", text);
    *ret = u;
    return ERR_OK;
}

int64_t replay_until_offset(const struct replay_until *u,
                            const char *service,
                            int32_t partition,
                            int64_t end)
{
    int64_t offset = u->offset;
    if (u->position && !position_find(u->position, service, partition, &offset))
        return end;
    return offset != NOT_PRESENT && offset < end ? offset : end;
}

/* ---- the logs and their ends */

static void logs_make(struct replay *r)
{
    const struct config *cfg = r->o->cfg;
    const struct service *s = r->o->service;
    size_t n_projections = 1;
    int64_t now = time_now_us();
    while (s->projections[n_projections - 1])
        n_projections++;
    r->n_logs = n_projections * (size_t)cfg->partitions;
    r->logs = calloc(r->n_logs, sizeof(*r->logs));
    if (!r->logs)
        abort();
    for (size_t i = 0; i < r->n_logs; i++) {
        size_t k = i / (size_t)cfg->partitions;
        r->logs[i].cfg = cfg;
        r->logs[i].service = s;
        r->logs[i].schema = r->fresh;
        r->logs[i].projection = k == 0 ? APPLY_OWN : s->projections[k - 1];
        r->logs[i].partition = (int32_t)(i % (size_t)cfg->partitions);
        r->logs[i].until_us = r->until.time_us;
        r->logs[i].outcomes_from_us = now - cfg->outcome_retention_s * 1000000;
    }
}

static enum err_code
vector_read(struct replay *r, const char *schema, struct generation_vector *ret, struct err *err)
{
    int fold_version = r->o->service->decider->fold_version;
    return generation_vector_read(&r->g, schema, fold_version, ret, err);
}

static const struct generation_log *find_log(const struct generation_vector *v,
                                             const struct replay_log *l)
{
    const char *source = source_of(l) ? source_of(l) : "";
    for (size_t i = 0; i < v->n; i++)
        if (v->logs[i].partition == l->partition && strcmp(v->logs[i].source, source) == 0)
            return &v->logs[i];
    return NULL;
}

static const char *service_of(const struct replay *r, const struct replay_log *l)
{
    return source_of(l) ? source_of(l) : name_of(r);
}

/* The high watermark. */
static enum err_code
log_high(const struct replay *r, const struct replay_log *l, int64_t *ret, struct err *err)
{
    char topic[TOPIC_NAME_MAX];
    int64_t low;
    service_event_topic(r->o->cfg->topic_prefix, service_of(r, l), topic);
    TRY(kafka_watermarks(r->bounds, topic, l->partition, &low, ret, err));
    if (low == 0)
        return ERR_OK;
    return err_set(err, ERR_CORRUPT, "%s/%d begins at %" PRId64 ": its beginning is gone", topic,
                   (int)l->partition, low);
}

static enum err_code log_end(const struct replay *r, struct replay_log *l, struct err *err)
{
    TRY(log_high(r, l, &l->end, err));
    l->end = replay_until_offset(&r->until, service_of(r, l), l->partition, l->end);
    return ERR_OK;
}

/* Before anything is made: the logs are whole, nobody writes old records into them, and the live view is not beyond them (W11). */
static enum err_code logs_check(struct replay *r, struct err *err)
{
    struct generation_vector live;
    TRY(vector_read(r, r->g.live, &live, err));
    for (size_t i = 0; i < r->n_logs; i++) {
        const struct replay_log *l = &r->logs[i];
        const struct generation_log *known = find_log(&live, l);
        char topic[TOPIC_NAME_MAX];
        int64_t high = 0;
        service_event_topic(r->o->cfg->topic_prefix, service_of(r, l), topic);
        if (l->partition == 0)
            TRY(import_mark_check(r->bounds, topic, err));
        TRY(log_high(r, l, &high, err));
        if (known && known->next > high)
            return err_set(err, ERR_CORRUPT,
                           "%s/%d ends at %" PRId64 ", the live view is at %" PRId64
                           ": was the topic lost, or made anew?",
                           topic, (int)l->partition, high, known->next);
    }
    return ERR_OK;
}

/* How far to read now: as far as the live view is; when that is lost, or never was (an audit), to the ends of the logs. */
static enum err_code ends_read(struct replay *r, struct err *err)
{
    struct generation_vector live;
    TRY(vector_read(r, r->g.live, &live, err));
    for (size_t i = 0; i < r->n_logs; i++) {
        struct replay_log *l = &r->logs[i];
        const struct generation_log *known = find_log(&live, l);
        l->end = known ? known->next : 0;
        if (r->lost || r->o->until)
            TRY(log_end(r, l, err));
    }
    return ERR_OK;
}

/* Where the fresh generation stands: what was copied into it, or is kept in it, needs no reading. */
static enum err_code starts_read(struct replay *r, struct err *err)
{
    struct generation_vector fresh;
    TRY(vector_read(r, r->fresh, &fresh, err));
    for (size_t i = 0; i < r->n_logs; i++) {
        const struct generation_log *at = find_log(&fresh, &r->logs[i]);
        atomic_store(&r->logs[i].next, at ? at->folded : 0);
    }
    return ERR_OK;
}

/* A lane never was at its log's end, though there is something in it, or no lane ever was, and there is something in any log: the view
 * was dropped, and made anew empty. */
static enum err_code loss_find(struct replay *r, struct err *err)
{
    struct generation_vector live;
    bool any_ran = false;
    TRY(vector_read(r, r->g.live, &live, err));
    for (size_t i = 0; i < live.n; i++)
        any_ran = any_ran || (!live.logs[i].source[0] && live.logs[i].ran);
    for (size_t i = 0; i < r->n_logs; i++) {
        const struct replay_log *l = &r->logs[i];
        const struct generation_log *known = find_log(&live, l);
        bool ran = source_of(l) ? any_ran : known && known->ran;
        int64_t high = 0;
        if (!ran)
            TRY(log_high(r, l, &high, err));
        r->lost = r->lost || high > 0;
    }
    for (size_t i = 0; i < r->n_logs; i++)
        r->logs[i].lost = r->lost && !r->o->until;
    return ERR_OK;
}

/* ---- coming near, and there */

static int64_t behind(const struct replay *r)
{
    int64_t n = 0;
    for (size_t i = 0; i < r->n_logs; i++) {
        int64_t next = atomic_load(&r->logs[i].next);
        n += r->logs[i].end > next ? r->logs[i].end - next : 0;
    }
    return n;
}

static enum err_code read_logs(struct replay *r, bool show, struct err *err)
{
    return replay_crew_run(r->logs, r->n_logs, show ? name_of(r) : NULL, r->o->out, r->o->terminal,
                           err);
}

/* The first pass is shown; those after it bring what was written meanwhile. */
static enum err_code come_near(struct replay *r, bool first, struct err *err)
{
    for (int i = 0; i < ROUNDS_MAX; i++) {
        TRY(ends_read(r, err));
        if (i > 0 && behind(r) <= BEHIND_MAX)
            return ERR_OK;
        TRY(read_logs(r, first && i == 0, err));
        if (r->o->until)
            return ERR_OK;
    }
    return err_set(err, ERR_UNAVAILABLE, "%s is written faster than it is replayed", name_of(r));
}

/* Nobody moves, and both are at the same vector. */
static enum err_code meet(struct replay *r, struct err *err)
{
    TRY(generation_lock(&r->g, err));
    enum err_code code = ends_read(r, err);
    if (code == ERR_OK)
        code = read_logs(r, false, err);
    if (code != ERR_OK)
        generation_unlock(&r->g);
    return code;
}

/* ---- comparing */

static void print_table(FILE *out, const struct generation_difference *d)
{
    if (d->apart[0])
        fprintf(out, "  %-20s %s\n", d->table, d->apart);
    else if (d->only_live + d->only_fresh + d->different == 0)
        fprintf(out, "  %-20s %10" PRId64 " rows\n", d->table, d->in_live);
    else
        fprintf(out,
                "  %-20s %10" PRId64 " rows, %" PRId64 " only in the live view, %" PRId64
                " only in the new one, %" PRId64 " different%s%s\n",
                d->table, d->in_live, d->only_live, d->only_fresh, d->different,
                d->sample[0] ? ": " : "", d->sample);
}

static void print_comparison(const struct replay *r, const struct generation_comparison *c)
{
    char id[UUID_TEXT_LEN + 1];
    for (size_t i = 0; i < c->n_tables; i++)
        print_table(r->o->out, &c->tables[i]);
    for (size_t i = 0; i < c->n_parked; i++) {
        uuid_format(&c->parked[i], id);
        fprintf(r->o->out, "  not compared: %s is parked\n", id);
    }
    fprintf(r->o->out, "%s: the views are %s\n", name_of(r), c->same ? "the same" : "different");
}

/* The locks are held while the new generation comes to the vector and the snapshot is taken, not while rows are compared. */
static enum err_code compare(struct replay *r, struct err *err)
{
    struct generation_comparison c;
    const struct config *cfg = r->o->cfg;
    TRY(generation_compare_open(&r->g, COMPARE_MS, err));
    TRY(meet(r, err));
    enum err_code code = generation_compare_begin(&r->g, err);
    generation_unlock(&r->g);
    TRY(code);
    TRY(generation_compare(&r->g, r->fresh, time_now_us() - cfg->outcome_retention_s * 1000000,
                           r->o->service->decider->fold_version, COMPARE_MS, &c, err));
    print_comparison(r, &c);
    return c.same ? ERR_OK
                  : err_set(err, ERR_CONFLICT, "%s: the views differ, nothing was swapped",
                            name_of(r));
}

/* ---- swapping */

/* The claims were rebuilt with a fresh generation, from the first event on; with a kept one lanes do that when they open (C3). */
static enum err_code swap(struct replay *r, struct err *err)
{
    const char *mark = r->control.claims_mark;
    struct generation_loss loss = {r->lost, r->o->rollback ? "" : mark, r->cluster_id};
    crash_point("replay_before_swap");
    TRY(come_near(r, false, err));
    int64_t began = time_monotonic_us();
    TRY(meet(r, err));
    crash_point("replay_in_swap");
    TRY(generation_swap(&r->g, r->fresh, &loss, err));
    crash_point("replay_after_swap");
    int name_len = (int)(strlen(r->fresh) - (r->o->rollback ? strlen(GENERATION_KEPT) : 0));
    fprintf(r->o->out,
            "%s: %.*s is live; writes waited for %.0f ms; %s" GENERATION_KEPT " is the way back\n",
            name_of(r), name_len, r->fresh, (double)(time_monotonic_us() - began) / 1000.0,
            r->g.live);
    return ERR_OK;
}

/* ---- the whole */

static enum err_code build(struct replay *r, struct err *err)
{
    TRY(generation_make(&r->g, r->fresh, &r->part, err));
    crash_point("replay_after_make");
    TRY(starts_read(r, err));
    TRY(come_near(r, true, err));
    crash_point("replay_before_indexes");
    return generation_finish(&r->g, r->fresh, err);
}

static enum err_code check(struct replay *r, struct err *err)
{
    if (r->lost)
        fprintf(r->o->out, "%s: the live view was lost, there is nothing to compare with\n",
                name_of(r));
    if (r->lost || r->o->unchecked)
        return ERR_OK;
    TRY(come_near(r, false, err));
    crash_point("replay_before_compare");
    return compare(r, err);
}

static enum err_code replay_forward(struct replay *r, struct err *err)
{
    struct err ignored;
    TRY(build(r, err));
    if (r->o->until) {
        fprintf(r->o->out, "%s: the past is in the schema %s\n", name_of(r), r->fresh);
        return ERR_OK;
    }
    enum err_code code = check(r, err);
    bool drop = r->o->dry_run || code != ERR_OK;
    if (!drop)
        return swap(r, err);
    if (r->o->keep)
        fprintf(r->o->out, "%s: kept to be looked at: %s\n", name_of(r), r->fresh);
    else if (generation_drop(&r->g, r->fresh, &ignored) != ERR_OK)
        fprintf(r->o->out, "%s: %s\n", name_of(r), ignored.msg);
    return code;
}

/* The kept generation reads what it has missed, like any other. */
static enum err_code replay_back(struct replay *r, struct err *err)
{
    TRY(starts_read(r, err));
    TRY(come_near(r, true, err));
    return swap(r, err);
}

static enum err_code names_choose(struct replay *r, struct err *err)
{
    const char *name = r->g.next;
    char audit[GENERATION_NAME_MAX];
    snprintf(audit, sizeof(audit), "hirelog_%s_audit", name_of(r));
    if (r->o->until)
        name = audit;
    if (r->o->rollback)
        name = r->g.kept;
    if (!name[0])
        return err_set(err, ERR_NOT_FOUND, "%s: no generation is kept", name_of(r));
    snprintf(r->fresh, sizeof(r->fresh), "%s", name);
    return ERR_OK;
}

static bool has_projection(const struct service *s, const char *name)
{
    for (size_t i = 0; s->projections[i]; i++)
        if (strcmp(s->projections[i], name) == 0)
            return true;
    return strcmp(APPLY_OWN, name) == 0;
}

/* The rest of a lost view is nothing that could be copied. */
static enum err_code part_choose(struct replay *r, struct err *err)
{
    const char *wanted = r->o->projection;
    r->part.projection = "";
    if (wanted && !has_projection(r->o->service, wanted))
        return err_set(err, ERR_INVALID, "%s has no projection %s", name_of(r), wanted);
    if (!wanted)
        return ERR_OK;
    if (!r->lost)
        return projection_tables_find(name_of(r), wanted, &r->g.arena, &r->part, err);
    fprintf(r->o->out, "%s: the live view was lost: all of it is made anew, not %s alone\n",
            name_of(r), wanted);
    return ERR_OK;
}

/* A position that names no log of ours would make an audit of the present. */
static enum err_code until_check(const struct replay *r, struct err *err)
{
    struct position_entry e;
    for (const char *s = r->until.position; s && position_next(&s, &e);) {
        bool found = false;
        for (size_t i = 0; i < r->n_logs && !found; i++)
            found = r->logs[i].partition == e.partition &&
                    strlen(service_of(r, &r->logs[i])) == e.service_len &&
                    memcmp(service_of(r, &r->logs[i]), e.service, e.service_len) == 0;
        if (!found)
            return err_set(err, ERR_INVALID, "--until: %s does not read %.*s/%" PRId64, name_of(r),
                           (int)e.service_len, e.service, e.partition);
    }
    return ERR_OK;
}

static enum err_code run(struct replay *r, struct err *err)
{
    const struct replay_options *o = r->o;
    const struct migrate_service m = {o->service->name, o->service->vault,
                                      o->cfg->pg_admin_service[o->service - services]};
    r->until.offset = NOT_PRESENT;
    if (o->until)
        TRY(replay_until_parse(o->until, &r->until, err));
    TRY(kafka_reader_open(o->cfg, false, 1, &r->bounds, err));
    TRY(kafka_cluster_id(r->bounds, r->cluster_id, sizeof(r->cluster_id), err));
    TRY(migrate_run(o->cfg, &m, 1, err));
    TRY(service_control_read(o->cfg, o->service, &r->control, err));
    TRY(generations_open(o->cfg, &m, &r->g, err));
    TRY(names_choose(r, err));
    logs_make(r);
    TRY(until_check(r, err));
    TRY(logs_check(r, err));
    TRY(loss_find(r, err));
    TRY(part_choose(r, err));
    return o->rollback ? replay_back(r, err) : replay_forward(r, err);
}

enum err_code replay_run(const struct replay_options *o, struct err *err)
{
    struct replay r = {.o = o};
    enum err_code code = run(&r, err);
    free(r.logs);
    if (r.g.pg)
        generations_release(&r.g);
    kafka_consumer_close(r.bounds);
    return code;
}

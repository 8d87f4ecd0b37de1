#include "consumers/parked_retry.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "consumers/letter_sql.h"
#include "consumers/param_column.h"
#include "consumers/parked.h"
#include "consumers/service_pg.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/timeutil.h"

struct retry {
    const struct config *cfg;
    const struct letter_name *name;
    int generation;
    struct apply *apply; /* outlives pg */
    struct pg *pg;
    struct codec *codec;
    int32_t partition;
    struct parked_result *result;
    struct arena arena; /* of a piece */
};

struct waiting {
    int64_t offset;
    struct bytes value;
};

/* ---- a transaction behind the writer's lock */

static enum err_code lock_writer(struct retry *r, struct err *err)
{
    struct arena *a = &r->arena;
    const char *source = apply_source(r->name->projection);
    struct pg_param p[] = {pg_p_int4(a, r->partition), pg_p_text(a, source)};
    const PGresult *found;
    TRY(pg_exec(r->pg, letter_sql(source ? SQL_PARKED_LOCK_POSITION : SQL_PARKED_LOCK_LANE), p,
                source ? 2 : 1, &found, err));
    if (PQntuples(found) != 1)
        return err_set(err, ERR_NOT_FOUND, "%s: partition %d of %s was never projected",
                       r->name->service->name, (int)r->partition, r->name->projection);
    return ERR_OK;
}

static enum err_code begin(struct retry *r, struct err *err)
{
    int generation;
    arena_clear(&r->arena);
    pg_queue_command(r->pg, "BEGIN");
    TRY(lock_writer(r, err));
    TRY(service_generation_read(r->pg, &generation, err));
    if (generation != r->generation)
        return err_set(err, ERR_UNAVAILABLE,
                       "%s: another generation went live meanwhile, try again",
                       r->name->service->name);
    return ERR_OK;
}

static enum err_code
find_waiting(struct retry *r, int64_t max, struct waiting **ret, size_t *ret_n, struct err *err)
{
    struct arena *a = &r->arena;
    struct pg_param p[] = {pg_p_text(a, r->name->projection), pg_p_int4(a, r->partition),
                           pg_p_uuid(a, &r->name->aggregate_id), pg_p_int8(a, max),
                           pg_p_int8(a, PARKED_PIECE_BYTES)};
    const PGresult *found;
    TRY(pg_exec(r->pg, letter_sql(SQL_PARKED_WAITING), p, ARRAY_SIZE(p), &found, err));
    size_t n = (size_t)PQntuples(found);
    struct waiting *all = ARENA_ARRAY(a, struct waiting, n);
    for (size_t i = 0; i < n; i++) {
        struct bytes value = pg_get_bytes(found, (int)i, 3);
        all[i] =
            (struct waiting){pg_get_int8(found, (int)i, 0), arena_bytes(a, value.data, value.len)};
    }
    *ret = all;
    *ret_n = n;
    return ERR_OK;
}

/* ---- applying */

/* ERR_INVALID: it stays, *why. */
static enum err_code try_event(struct retry *r, const struct waiting *e, struct err *why)
{
    struct record event;
    enum err_code code = codec_decode(r->codec, e->value, &r->arena, &event, why);
    if (code == ERR_CORRUPT)
        return ERR_INVALID;
    if (code == ERR_NOT_FOUND)
        return err_set(why, ERR_UNAVAILABLE, "event %" PRId64 " was written by a newer program",
                       e->offset);
    if (code != ERR_OK || !apply_wants(r->apply, event.type))
        return code;
    return parked_try(r->apply, r->pg, r->partition, &event, &r->arena, why);
}

static void queue_applied(struct retry *r, const struct waiting *events, size_t n)
{
    struct arena *a = &r->arena;
    struct pg_param *offset = param_column(a, n);
    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++)
        offset[i] = pg_p_int8(a, events[i].offset);
    struct pg_param p[] = {pg_p_text(a, r->name->projection), pg_p_int4(a, r->partition),
                           pg_p_array(a, PG_INT8_ARRAY, offset, n)};
    pg_queue(r->pg, letter_sql(SQL_PARKED_APPLIED), p, ARRAY_SIZE(p));
}

static void queue_refused(struct retry *r, const struct waiting *e, const struct err *why)
{
    struct arena *a = &r->arena;
    struct pg_param p[] = {pg_p_text(a, r->name->projection), pg_p_int4(a, r->partition),
                           pg_p_int8(a, e->offset), param_printable(a, why->msg)};
    r->result->partition = r->partition;
    r->result->refused = e->offset;
    snprintf(r->result->why, sizeof(r->result->why), "%s", why->msg);
    pg_queue(r->pg, letter_sql(SQL_PARKED_REFUSED), p, ARRAY_SIZE(p));
}

/* One transaction from the front. *ret_done: nothing waits in this partition, or the front is refused. */
static enum err_code run_piece(struct retry *r, bool *ret_done, struct err *err)
{
    struct waiting *events = NULL;
    size_t n = 0, i = 0;
    struct err why = {0};
    enum err_code code = ERR_OK;
    TRY(begin(r, err));
    int64_t until = time_monotonic_us() + PARKED_PIECE_US;
    TRY(find_waiting(r, PARKED_PIECE_MAX, &events, &n, err));
    while (i < n && time_monotonic_us() < until) {
        code = try_event(r, &events[i], &why);
        if (code != ERR_OK)
            break;
        i++;
    }
    if (code != ERR_OK && code != ERR_INVALID) {
        *err = why;
        return code;
    }
    queue_applied(r, events, i);
    if (code == ERR_INVALID)
        queue_refused(r, &events[i], &why);
    crash_point("parked_before_commit");
    TRY(pg_commit(r->pg, err));
    crash_point("parked_after_commit");
    r->result->applied += (int64_t)i;
    *ret_done = code == ERR_INVALID || n == 0;
    return ERR_OK;
}

static enum err_code run_partition(struct retry *r, struct err *err)
{
    for (bool done = false; !done;)
        TRY(run_piece(r, &done, err));
    return ERR_OK;
}

/* ---- skipping */

static enum err_code
skip_one(struct retry *r, const struct parked_skip *skip, bool *ret, struct err *err)
{
    struct arena *a = &r->arena;
    struct waiting *first = NULL;
    size_t n = 0;
    char topic[TOPIC_NAME_MAX];
    const char *source = apply_source(r->name->projection);
    TRY(begin(r, err));
    TRY(find_waiting(r, 1, &first, &n, err));
    service_event_topic(r->cfg->topic_prefix, source ? source : r->name->service->name, topic);
    int64_t offset = skip->offset < 0 && n > 0 ? first->offset : skip->offset;
    struct pg_param p[] = {
        pg_p_text(a, r->name->projection),    pg_p_int4(a, r->partition),  pg_p_int8(a, offset),
        pg_p_uuid(a, &r->name->aggregate_id), pg_p_text(a, topic),         pg_p_text(a, skip->by),
        pg_p_text(a, skip->reason),           pg_p_time(a, time_now_us()),
    };
    size_t index = pg_queue(r->pg, letter_sql(SQL_PARKED_SKIP), p, ARRAY_SIZE(p));
    TRY(pg_sync(r->pg, err));
    *ret = pg_affected(r->pg, index) == 1;
    TRY(pg_commit(r->pg, err));
    crash_point("parked_after_skip");
    if (*ret)
        r->result->skipped = offset;
    return ERR_OK;
}

static enum err_code skip_where_it_is(struct retry *r,
                                      const struct parked_skip *skip,
                                      const int32_t *partitions,
                                      size_t n,
                                      struct err *err)
{
    bool skipped = false;
    for (size_t i = 0; i < n && !skipped; i++) {
        r->partition = partitions[i];
        TRY(skip_one(r, skip, &skipped, err));
    }
    if (skipped)
        return ERR_OK;
    return err_set(err, ERR_NOT_FOUND, "event %" PRId64 " does not wait there", skip->offset);
}

/* ---- all of it */

static enum err_code open_retry(struct retry *r, struct err *err)
{
    const struct service *s = r->name->service;
    struct service_control control;
    struct pg_options o = {
        .application_name = "hirelog deadletters",
        .statement_timeout_ms = config_derive(r->cfg).statement_ms,
        .idle_in_transaction_ms = config_derive(r->cfg).idle_in_transaction_ms,
        .planner_fixed = true,
    };
    TRY(service_control_read(r->cfg, s, &control, err));
    r->generation = control.generation;
    TRY(apply_new(s->name, r->name->projection, &r->apply, err));
    return service_pg_open(r->cfg, s, control.generation, o, &r->pg, err);
}

static enum err_code
find_partitions(struct retry *r, struct arena *a, int32_t **ret, size_t *ret_n, struct err *err)
{
    struct pg_param p[] = {pg_p_text(a, r->name->projection), pg_p_uuid(a, &r->name->aggregate_id)};
    const PGresult *found;
    TRY(pg_exec(r->pg, letter_sql(SQL_PARKED_PARTITIONS), p, ARRAY_SIZE(p), &found, err));
    size_t n = (size_t)PQntuples(found);
    int32_t *all = ARENA_ARRAY(a, int32_t, n);
    for (size_t i = 0; i < n; i++)
        all[i] = (int32_t)pg_get_int8(found, (int)i, 0);
    *ret = all;
    *ret_n = n;
    return ERR_OK;
}

static enum err_code run(struct retry *r, const struct parked_skip *skip, struct err *err)
{
    owned_value(arena_release) struct arena a;
    int32_t *partitions = NULL;
    size_t n = 0;
    arena_init(&a);
    TRY(open_retry(r, err));
    TRY(find_partitions(r, &a, &partitions, &n, err));
    if (n == 0)
        return err_set(err, ERR_NOT_FOUND, "nothing of it is parked");
    if (skip)
        TRY(skip_where_it_is(r, skip, partitions, n, err));
    for (size_t i = 0; i < n; i++) {
        r->partition = partitions[i];
        TRY(run_partition(r, err));
    }
    struct pg_param p[] = {pg_p_text(&a, r->name->projection),
                           pg_p_uuid(&a, &r->name->aggregate_id)};
    const PGresult *left;
    TRY(pg_exec(r->pg, letter_sql(SQL_PARKED_LEFT), p, ARRAY_SIZE(p), &left, err));
    r->result->left = pg_get_int8(left, 0, 0);
    return ERR_OK;
}

enum err_code parked_retry(const struct config *cfg,
                           const struct letter_name *n,
                           const struct parked_skip *skip,
                           struct parked_result *ret,
                           struct err *err)
{
    struct parked_result result = {.skipped = -1};
    struct retry r = {.cfg = cfg, .name = n, .codec = codec_new(), .result = &result};
    assert(n->kind == LETTER_PARKED);
    arena_init(&r.arena);
    enum err_code code = run(&r, skip, err);
    pg_free(r.pg); /* rolls back what is open */
    apply_free(r.apply);
    codec_free(r.codec);
    arena_release(&r.arena);
    TRY(code);
    *ret = result;
    return ERR_OK;
}

#include "consumers/claim.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/lane_sql.h"
#include "consumers/param_column.h"

static int compare_claims(const void *x, const void *y)
{
    const struct claim *a = x, *b = y;
    int by_key = strcmp(a->key, b->key);
    return by_key
               ? by_key
               : (a->command_offset > b->command_offset) - (a->command_offset < b->command_offset);
}

size_t claim_distinct(struct claim *claims, size_t n)
{
    if (n > 1)
        qsort(claims, n, sizeof(*claims), compare_claims);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(claims[kept - 1].key, claims[i].key) != 0)
            claims[kept++] = claims[i];
    return kept;
}

static struct pg_param keys_param(const struct claim *claims, size_t n, struct arena *a)
{
    struct pg_param *key = param_column(a, n);
    for (size_t i = 0; i < n; i++)
        key[i] = pg_p_text(a, claims[i].key);
    return pg_p_array(a, PG_TEXT_ARRAY, key, n);
}

static struct pg_param command_ids_param(const struct claim *claims, size_t n, struct arena *a)
{
    struct pg_param *id = param_column(a, n);
    for (size_t i = 0; i < n; i++)
        id[i] = pg_p_uuid(a, &claims[i].command_id);
    return pg_p_array(a, PG_UUID_ARRAY, id, n);
}

/* claim_take.sql and claim_confirm.sql take the same parameters. */
static size_t queue_rows(struct pg *pg,
                         enum lane_sql which,
                         int32_t partition,
                         const struct claim *claims,
                         size_t n,
                         struct arena *a)
{
    struct pg_param *aggregate = param_column(a, n), *offset = param_column(a, n);
    for (size_t i = 0; i < n; i++) {
        aggregate[i] = pg_p_uuid(a, &claims[i].aggregate_id);
        offset[i] = pg_p_int8(a, claims[i].command_offset);
    }
    struct pg_param p[] = {
        pg_p_int4(a, partition),
        keys_param(claims, n, a),
        pg_p_array(a, PG_UUID_ARRAY, aggregate, n),
        pg_p_array(a, PG_INT8_ARRAY, offset, n),
        command_ids_param(claims, n, a),
    };
    return pg_queue(pg, lane_sql(which), p, ARRAY_SIZE(p));
}

static int compare_keys(const void *x, const void *y)
{
    const struct claim *a = x, *b = y;
    return strcmp(a->key, b->key);
}

static struct claim *find_key(struct claim *distinct, size_t n, const char *key)
{
    return bsearch(&(struct claim){.key = key}, distinct, n, sizeof(*distinct), compare_keys);
}

static void read_holders(const PGresult *r, struct claim *distinct, size_t n)
{
    for (size_t i = 0; i < n; i++)
        distinct[i].refused = true;
    for (int i = 0; i < PQntuples(r); i++) {
        struct claim *c = find_key(distinct, n, pg_get_text(r, i, 0));
        struct uuid aggregate = pg_get_uuid(r, i, 1), command = pg_get_uuid(r, i, 2);
        if (c)
            c->refused =
                !uuid_equal(&aggregate, &c->aggregate_id) || !uuid_equal(&command, &c->command_id);
    }
}

enum err_code claim_take(struct pg *pg,
                         int32_t partition,
                         struct claim *claims,
                         size_t n,
                         struct arena *a,
                         struct err *err)
{
    if (n == 0)
        return ERR_OK;
    struct claim *distinct = ARENA_ARRAY(a, struct claim, n);
    memcpy(distinct, claims, n * sizeof(*claims));
    size_t n_distinct = claim_distinct(distinct, n);
    /* Both run in the implicit transaction that the SYNC commits. */
    queue_rows(pg, SQL_CLAIM_TAKE, partition, distinct, n_distinct, a);
    struct pg_param keys[] = {keys_param(distinct, n_distinct, a)};
    size_t holders = pg_queue(pg, lane_sql(SQL_CLAIM_HOLDERS), keys, ARRAY_SIZE(keys));
    TRY(pg_sync(pg, err));
    read_holders(pg_result(pg, holders), distinct, n_distinct);
    for (size_t i = 0; i < n; i++) {
        const struct claim *c = find_key(distinct, n_distinct, claims[i].key);
        assert(c);
        claims[i].refused = c->refused || !uuid_equal(&c->command_id, &claims[i].command_id);
    }
    return ERR_OK;
}

size_t claim_queue_confirm(
    struct pg *pg, int32_t partition, const struct claim *claims, size_t n, struct arena *a)
{
    return queue_rows(pg, SQL_CLAIM_CONFIRM, partition, claims, n, a);
}

void claim_queue_release(struct pg *pg, const struct claim *claims, size_t n, struct arena *a)
{
    if (n == 0)
        return;
    struct pg_param p[] = {keys_param(claims, n, a), command_ids_param(claims, n, a)};
    pg_queue(pg, lane_sql(SQL_CLAIM_RELEASE), p, ARRAY_SIZE(p));
}

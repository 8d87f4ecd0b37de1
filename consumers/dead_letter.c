#include "consumers/dead_letter.h"

#include <string.h>

#include "consumers/lane_sql.h"
#include "consumers/param_column.h"

/* What a reactor asked for is there, by this command or by an earlier one. */
static const char *const harmless_reasons[] = {"already_exists", "contract_already_invoiced"};

bool dead_letter_due(const struct actor *actor, const char *reason)
{
    if (strcmp(reason, "internal") == 0)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(harmless_reasons); i++)
        if (strcmp(reason, harmless_reasons[i]) == 0)
            return false;
    return actor->kind == ACTOR_KIND_SYSTEM;
}

void dead_letter_queue_save(struct pg *pg,
                            const char *topic,
                            int32_t partition,
                            const struct dead_letter *letters,
                            size_t n,
                            struct arena *a)
{
    if (n == 0)
        return;
    struct pg_param *offset = param_column(a, n), *id = param_column(a, n);
    struct pg_param *reason = param_column(a, n), *detail = param_column(a, n);
    struct pg_param *value = param_column(a, n), *at = param_column(a, n);
    for (size_t i = 0; i < n; i++) {
        offset[i] = pg_p_int8(a, letters[i].offset);
        id[i] = pg_p_uuid(a, &letters[i].command_id);
        reason[i] = pg_p_text(a, letters[i].reason);
        detail[i] = param_printable(a, letters[i].detail);
        value[i] = letters[i].value.data ? pg_p_bytea(a, letters[i].value) : pg_p_null(PG_BYTEA);
        at[i] = pg_p_time(a, letters[i].at_us);
    }
    struct pg_param p[] = {
        pg_p_text(a, topic),
        pg_p_int4(a, partition),
        pg_p_array(a, PG_INT8_ARRAY, offset, n),
        pg_p_array(a, PG_UUID_ARRAY, id, n),
        pg_p_array(a, PG_TEXT_ARRAY, reason, n),
        pg_p_array(a, PG_TEXT_ARRAY, detail, n),
        pg_p_array(a, PG_BYTEA_ARRAY, value, n),
        pg_p_array(a, PG_TIMESTAMPTZ_ARRAY, at, n),
    };
    pg_queue(pg, lane_sql(SQL_DEAD_LETTER_SAVE), p, ARRAY_SIZE(p));
}

#include "consumers/dead_letter.h"

#include "consumers/lane_sql.h"
#include "consumers/param_column.h"

/* Messages of libraries may quote the bytes they failed on: only printable ASCII is sure to be
 * accepted as text. */
static const char *printable(struct arena *a, const char *s)
{
    char *copy = arena_strdup(a, s ? s : "");
    for (char *c = copy; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return copy;
}

void dead_letter_queue_save(struct pg *pg,
                            const char *topic,
                            int32_t partition,
                            int64_t now_us,
                            const struct dead_letter *letters,
                            size_t n,
                            struct arena *a)
{
    if (n == 0)
        return;
    struct pg_param *offset = param_column(a, n), *id = param_column(a, n);
    struct pg_param *reason = param_column(a, n), *detail = param_column(a, n);
    struct pg_param *value = param_column(a, n);
    for (size_t i = 0; i < n; i++) {
        offset[i] = pg_p_int8(a, letters[i].offset);
        id[i] = pg_p_uuid(a, &letters[i].command_id);
        reason[i] = pg_p_text(a, letters[i].reason);
        detail[i] = pg_p_text(a, printable(a, letters[i].detail));
        value[i] = letters[i].value.data ? pg_p_bytea(a, letters[i].value) : pg_p_null(PG_BYTEA);
    }
    struct pg_param p[] = {
        pg_p_text(a, topic),
        pg_p_int4(a, partition),
        pg_p_array(a, PG_INT8_ARRAY, offset, n),
        pg_p_array(a, PG_UUID_ARRAY, id, n),
        pg_p_array(a, PG_TEXT_ARRAY, reason, n),
        pg_p_array(a, PG_TEXT_ARRAY, detail, n),
        pg_p_array(a, PG_BYTEA_ARRAY, value, n),
        pg_p_time(a, now_us),
    };
    pg_queue(pg, lane_sql(SQL_DEAD_LETTER_SAVE), p, ARRAY_SIZE(p));
}

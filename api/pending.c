#include "api/pending.h"

#include "api/api_sql.h"
#include "api/db.h"

/* The parameters of api_pending_save.sql, in its order. */
enum { COMMAND_ID, SENDER, PARTITION, OFFSET, AT, COLUMN_N };

static enum err_code
batch_serve(void *arg, struct desk_job **batch, size_t n, struct arena *a, struct err *err)
{
    static const enum pg_type types[COLUMN_N] = {
        [COMMAND_ID] = PG_UUID_ARRAY, [SENDER] = PG_UUID_ARRAY,    [PARTITION] = PG_INT8_ARRAY,
        [OFFSET] = PG_INT8_ARRAY,     [AT] = PG_TIMESTAMPTZ_ARRAY,
    };
    struct pg_param *column[COLUMN_N], p[COLUMN_N];
    for (size_t c = 0; c < COLUMN_N; c++)
        column[c] = ARENA_ARRAY(a, struct pg_param, n);
    for (size_t i = 0; i < n; i++) {
        const struct pending_note *note = (const struct pending_note *)batch[i];
        column[COMMAND_ID][i] = pg_p_uuid(a, &note->command_id);
        column[SENDER][i] =
            uuid_is_nil(&note->sender) ? pg_p_null(PG_UUID) : pg_p_uuid(a, &note->sender);
        column[PARTITION][i] = pg_p_int8(a, note->partition);
        column[OFFSET][i] = note->offset >= 0 ? pg_p_int8(a, note->offset) : pg_p_null(PG_INT8);
        column[AT][i] = pg_p_time(a, note->at);
    }
    for (size_t c = 0; c < COLUMN_N; c++)
        p[c] = pg_p_array(a, types[c], column[c], n);
    return db_exec(arg, api_sql(API_PENDING_SAVE), p, COLUMN_N, NULL, err);
}

enum err_code pendings_open(struct api_service *s, struct desk **ret, struct err *err)
{
    return desk_open(NULL, batch_serve, s, ret, err);
}

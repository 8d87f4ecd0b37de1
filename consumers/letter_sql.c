#include "consumers/letter_sql.h"

#include <assert.h>
#include <pthread.h>

#include "projections/service_sql.h"

static struct pg_stmt statements[LETTER_SQL_N] = {
    [SQL_LETTER_LIST] = {.name = "letter_list"},
    [SQL_LETTER_SKIPPED] = {.name = "letter_skipped"},
    [SQL_LETTER_FIND] = {.name = "letter_find"},
    [SQL_LETTER_SEND] = {.name = "letter_send"},
    [SQL_LETTER_DECIDE] = {.name = "letter_decide"},
    [SQL_LETTER_OUTCOME] = {.name = "letter_outcome"},
    [SQL_LETTER_COUNT] = {.name = "letter_count"},
    [SQL_PARKED_LIST] = {.name = "parked_list"},
    [SQL_PARKED_PARTITIONS] = {.name = "parked_partitions"},
    [SQL_PARKED_WAITING] = {.name = "parked_waiting"},
    [SQL_PARKED_LOCK_LANE] = {.name = "parked_lock_lane"},
    [SQL_PARKED_LOCK_POSITION] = {.name = "parked_lock_position"},
    [SQL_PARKED_APPLIED] = {.name = "parked_applied"},
    [SQL_PARKED_REFUSED] = {.name = "parked_refused"},
    [SQL_PARKED_SKIP] = {.name = "parked_skip"},
    [SQL_PARKED_LEFT] = {.name = "parked_left"},
};

static void find_texts(void)
{
    for (size_t i = 0; i < LETTER_SQL_N; i++) {
        const struct sql_file *file = sql_file_find("common", "queries", statements[i].name);
        assert(file != NULL);
        statements[i].sql = file->text;
    }
}

const struct pg_stmt *letter_sql(enum letter_sql which)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_texts);
    return &statements[which];
}

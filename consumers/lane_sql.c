#include "consumers/lane_sql.h"

#include <assert.h>
#include <pthread.h>

#include "projections/service_sql.h"

static struct pg_stmt statements[LANE_SQL_N] = {
    [SQL_LANE_CONTROL] = {.name = "lane_control"},
    [SQL_LANE_EVICT] = {.name = "lane_evict"},
    [SQL_LANE_TAKE] = {.name = "lane_take"},
    [SQL_LANE_READ] = {.name = "lane_read"},
    [SQL_LANE_REJOIN] = {.name = "lane_rejoin"},
    [SQL_LANE_LOCK] = {.name = "lane_lock"},
    [SQL_LANE_ADVANCE] = {.name = "lane_advance"},
    [SQL_LANE_CATCH_UP] = {.name = "lane_catch_up"},
    [SQL_LANE_IDENTIFY] = {.name = "lane_identify"},
    [SQL_LANE_BARRIER] = {.name = "lane_barrier"},
    [SQL_LANE_HOLDER] = {.name = "lane_holder"},
    [SQL_LANE_HOLDERS] = {.name = "lane_holders"},
    [SQL_LANE_WORKERS] = {.name = "lane_workers"},
    [SQL_LANE_NOTIFY] = {.name = "lane_notify"},
    [SQL_LANE_ACCEPT_COMMANDS] = {.name = "lane_accept_commands"},
    [SQL_OUTCOME_FIND] = {.name = "outcome_find"},
    [SQL_OUTCOME_SAVE] = {.name = "outcome_save"},
    [SQL_OUTCOME_SHIFT] = {.name = "outcome_shift"},
    [SQL_OUTCOME_SWEEP] = {.name = "outcome_sweep"},
    [SQL_STATE_FIND] = {.name = "state_find"},
    [SQL_STATE_SAVE] = {.name = "state_save"},
    [SQL_STATE_SHIFT] = {.name = "state_shift"},
    [SQL_STATE_CLEAR] = {.name = "state_clear"},
    [SQL_STATE_SWEEP] = {.name = "state_sweep"},
    [SQL_CLAIM_TAKE] = {.name = "claim_take"},
    [SQL_CLAIM_HOLDERS] = {.name = "claim_holders"},
    [SQL_CLAIM_CONFIRM] = {.name = "claim_confirm"},
    [SQL_CLAIM_RELEASE] = {.name = "claim_release"},
    [SQL_DEAD_LETTER_SAVE] = {.name = "dead_letter_save"},
    [SQL_FOLLOWER_LOCK] = {.name = "follower_lock"},
    [SQL_FOLLOWER_PING] = {.name = "follower_ping"},
    [SQL_POSITION_MAKE] = {.name = "position_make"},
    [SQL_POSITION_FIND] = {.name = "position_find"},
    [SQL_POSITION_MOVE] = {.name = "position_move"},
    [SQL_POSITION_CAUGHT_UP] = {.name = "position_caught_up"},
    [SQL_PARKED_FIND] = {.name = "parked_find"},
    [SQL_PARKED_SAVE] = {.name = "parked_save"},
    [SQL_DATABASE_CLOCK] = {.name = "database_clock"},
};

static void find_texts(void)
{
    for (size_t i = 0; i < LANE_SQL_N; i++) {
        const struct sql_file *file = sql_file_find("common", "queries", statements[i].name);
        assert(file != NULL);
        statements[i].sql = file->text;
    }
}

const struct pg_stmt *lane_sql(enum lane_sql which)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_texts);
    return &statements[which];
}

/*
 * lane_sql.h - the statements of lanes and followers:
 * projections/common/queries/{lane,outcome,state,claim,dead_letter,follower,position,parked}_*.sql. Immutable, any thread.
 */
#ifndef CONSUMERS_LANE_SQL_H
#define CONSUMERS_LANE_SQL_H

#include "ops/runtime/pg.h"

enum lane_sql {
    SQL_LANE_CONTROL,
    SQL_LANE_EVICT,
    SQL_LANE_TAKE,
    SQL_LANE_READ,
    SQL_LANE_REJOIN,
    SQL_LANE_LOCK,
    SQL_LANE_ADVANCE,
    SQL_LANE_CATCH_UP,
    SQL_LANE_IDENTIFY,
    SQL_LANE_BARRIER,
    SQL_LANE_HOLDER,
    SQL_LANE_HOLDERS,
    SQL_LANE_WORKERS,
    SQL_LANE_NOTIFY,
    SQL_LANE_ACCEPT_COMMANDS,
    SQL_OUTCOME_FIND,
    SQL_OUTCOME_SAVE,
    SQL_OUTCOME_SHIFT,
    SQL_OUTCOME_SWEEP,
    SQL_STATE_FIND,
    SQL_STATE_SAVE,
    SQL_STATE_SHIFT,
    SQL_STATE_CLEAR,
    SQL_STATE_SWEEP,
    SQL_CLAIM_TAKE,
    SQL_CLAIM_HOLDERS,
    SQL_CLAIM_CONFIRM,
    SQL_CLAIM_RELEASE,
    SQL_DEAD_LETTER_SAVE,
    SQL_FOLLOWER_LOCK,
    SQL_FOLLOWER_PING,
    SQL_POSITION_MAKE,
    SQL_POSITION_FIND,
    SQL_POSITION_MOVE,
    SQL_POSITION_CAUGHT_UP,
    SQL_PARKED_FIND,
    SQL_PARKED_SAVE,
    SQL_DATABASE_CLOCK,
    LANE_SQL_N
};

/* Asserts that the file was embedded. */
const struct pg_stmt *lane_sql(enum lane_sql which);

#endif

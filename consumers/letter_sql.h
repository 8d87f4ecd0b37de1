/*
 * letter_sql.h - the statements for people who look at what was put aside:
 * projections/common/queries/{letter,parked}_*.sql. Immutable, any thread.
 */
#ifndef CONSUMERS_LETTER_SQL_H
#define CONSUMERS_LETTER_SQL_H

#include "ops/runtime/pg.h"

enum letter_sql {
    SQL_LETTER_LIST,
    SQL_LETTER_SKIPPED,
    SQL_LETTER_FIND,
    SQL_LETTER_SEND,
    SQL_LETTER_DECIDE,
    SQL_LETTER_OUTCOME,
    SQL_LETTER_COUNT,
    SQL_PARKED_LIST,
    SQL_PARKED_PARTITIONS,
    SQL_PARKED_WAITING,
    SQL_PARKED_LOCK_LANE,
    SQL_PARKED_LOCK_POSITION,
    SQL_PARKED_APPLIED,
    SQL_PARKED_REFUSED,
    SQL_PARKED_SKIP,
    SQL_PARKED_LEFT,
    LETTER_SQL_N
};

/* Asserts that the file was embedded. */
const struct pg_stmt *letter_sql(enum letter_sql which);

#endif

/*
 * database_clock.h - compares this machine's clock with PostgreSQL's, over a connection that is there for something else.
 * Never logs.
 */
#ifndef CONSUMERS_DATABASE_CLOCK_H
#define CONSUMERS_DATABASE_CLOCK_H

#include "ops/runtime/pg.h"

/* At most once a second and process; pg names a generation. What fails is not known: pg's other users notice. */
void database_clock_ask(struct pg *pg);

#endif

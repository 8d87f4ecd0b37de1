#include "consumers/database_clock.h"

#include <stdatomic.h>

#include "consumers/lane_sql.h"
#include "ops/runtime/clock_watch.h"
#include "ops/runtime/timeutil.h"

#define ASK_EVERY_US 1000000

void database_clock_ask(struct pg *pg)
{
    static _Atomic int64_t ask_at_us;
    const PGresult *r;
    struct err ignored;
    int64_t now = time_monotonic_us(), due = atomic_load(&ask_at_us);
    if (now < due || !atomic_compare_exchange_strong(&ask_at_us, &due, now + ASK_EVERY_US))
        return;
    int64_t asked_us = time_now_us();
    if (pg_exec(pg, lane_sql(SQL_DATABASE_CLOCK), NULL, 0, &r, &ignored) == ERR_OK)
        clock_watch_compare(clock_watch(), asked_us, time_now_us(), pg_get_int8(r, 0, 0));
}

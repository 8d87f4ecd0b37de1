#include "consumers/letter_count.h"

#include "consumers/letter_sql.h"
#include "ops/runtime/timeutil.h"

#define ASK_EVERY_US (2 * 1000000LL)
#define LABELS_MAX   128

void letter_count_init(struct letter_count *c, const char *service)
{
    char labels[LABELS_MAX];
    snprintf(labels, sizeof(labels), "service=\"%s\"", service);
    c->letters_gauge = metrics_gauge("hirelog_dead_letters", labels,
                                     "Dead letters of the service that nobody has handled.");
    c->parked_gauge = metrics_gauge("hirelog_parked_aggregates", labels,
                                    "Aggregates whose events wait beside the service's view.");
    atomic_store(&c->letters, -1);
    atomic_store(&c->parked, -1);
    c->ask_at_us = 0;
}

static void set(atomic_llong *number, struct metric *gauge, int64_t n)
{
    atomic_store(number, n);
    if (n >= 0) /* else the last that was known */
        metric_set(gauge, n);
}

void letter_count_ask(struct letter_count *c, struct pg *pg)
{
    owned_value(arena_release) struct arena a;
    struct err ignored;
    const PGresult *r;
    int64_t now = time_monotonic_us();
    arena_init(&a);
    if (now < c->ask_at_us)
        return;
    c->ask_at_us = now + ASK_EVERY_US;
    struct pg_param max = pg_p_int8(&a, LETTERS_COUNTED_MAX);
    bool known = pg_exec(pg, letter_sql(SQL_LETTER_COUNT), &max, 1, &r, &ignored) == ERR_OK;
    set(&c->letters, c->letters_gauge, known ? pg_get_int8(r, 0, 0) : -1);
    set(&c->parked, c->parked_gauge, known ? pg_get_int8(r, 0, 1) : -1);
}

void letter_count_print(const struct letter_count *c, struct strbuf *out)
{
    strbuf_addf(out, "\"dead_letters\":%lld,\"parked_aggregates\":%lld", atomic_load(&c->letters),
                atomic_load(&c->parked));
}

/*
 * letter_count.h - how much a service has put aside and nobody has handled, for /metrics and /readyz of its
 * workers. One thread asks, any thread reads. Never logs.
 */
#ifndef CONSUMERS_LETTER_COUNT_H
#define CONSUMERS_LETTER_COUNT_H

#include <stdatomic.h>

#include "ops/runtime/metrics.h"
#include "ops/runtime/pg.h"

#define LETTERS_COUNTED_MAX 10000 /* of each: "that many, or more" */

struct letter_count {
    struct metric *letters_gauge, *parked_gauge;
    atomic_llong letters, parked; /* -1 = not known */
    int64_t ask_at_us;
};

void letter_count_init(struct letter_count *c, const char *service);
/* When it is time to; pg names the live generation. What fails is not known: pg's other users notice. */
void letter_count_ask(struct letter_count *c, struct pg *pg);
/* Appends `"dead_letters":2,"parked_aggregates":1`. */
void letter_count_print(const struct letter_count *c, struct strbuf *out_json);

#endif

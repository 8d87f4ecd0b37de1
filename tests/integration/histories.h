/*
 * histories.h - random, valid event histories: each aggregate lives a life that the deciders allow,
 * the lives of many are shuffled into one log. The same seed gives the same history.
 */
#ifndef TESTS_INTEGRATION_HISTORIES_H
#define TESTS_INTEGRATION_HISTORIES_H

#include "ops/runtime/arena.h"
#include "schemas/record.h"

struct history {
    struct record *events;
    size_t n;
};

struct random {
    uint64_t state;
};
uint64_t random_below(struct random *r, uint64_t n);

/* Lives of `lives` aggregates of the service's kinds. Memory from the arena. The service must be
 * one that history.c knows. */
struct history history_random(const char *service, size_t lives, struct random *r, struct arena *a);

#endif

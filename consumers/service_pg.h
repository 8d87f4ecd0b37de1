/*
 * service_pg.h - connections of one service: as its role, with its schemas in the search_path
 * (generation first, then what every generation shares, then the vault). Never logs.
 */
#ifndef CONSUMERS_SERVICE_PG_H
#define CONSUMERS_SERVICE_PG_H

#include "consumers/manifest.h"
#include "ops/runtime/config.h"
#include "ops/runtime/pg.h"

#define SERVICE_MARK_MAX 80

/* What hirelog_<service>.control says. */
struct service_control {
    int generation;
    char claims_mark[SERVICE_MARK_MAX]; /* rebuild id and timeline: another one means that claims
                                           may be lost (C3) */
};

/* libpq string of the service's role: pg_<service>, else pg with the user. Caller's buffer of 2 *
 * CONFIG_TEXT_MAX. */
void service_pg_conninfo(const struct config *cfg, const struct service *s, char *ret, size_t size);
MUST_CHECK enum err_code service_control_read(const struct config *cfg,
                                              const struct service *s,
                                              struct service_control *ret,
                                              struct err *err);
/* Which generation is live, by a connection of the service; inside a transaction: as of this statement. */
MUST_CHECK enum err_code service_generation_read(struct pg *pg, int *ret, struct err *err);
/* Opens with the search_path of that generation; `options` gives the rest (conninfo and search_path
 * are set here). */
MUST_CHECK enum err_code service_pg_open(const struct config *cfg,
                                         const struct service *s,
                                         int generation,
                                         struct pg_options options,
                                         struct pg **ret,
                                         struct err *err);

/* The same for a generation by its schema's name: one that is filled, or kept. */
MUST_CHECK enum err_code service_pg_open_schema(const struct config *cfg,
                                                const struct service *s,
                                                const char *schema,
                                                struct pg_options options,
                                                struct pg **ret,
                                                struct err *err);

#endif

/*
 * pg_errors.h - what an SQLSTATE means to us: one table over the classes and codes of PostgreSQL.
 * Pure; any thread.
 */
#ifndef OPS_RUNTIME_PG_ERRORS_H
#define OPS_RUNTIME_PG_ERRORS_H

#include "ops/runtime/err.h"

#define PG_SQLSTATE_LEN 5

struct pg_error_rule {
    const char *prefix; /* a class (2 characters) or a code (5) */
    enum err_code code; /* ERR_INVALID: the data's fault (poison); ERR_UNAVAILABLE: again later */
    bool close;         /* this connection will not do it, a new one may: it counts as broken */
    const char *why;
};

/* The row of the code or, without one, of its class; NULL: a class that no row covers (ERR_INTERNAL). */
const struct pg_error_rule *pg_error_rule(const char *sqlstate);

#endif

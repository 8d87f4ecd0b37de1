/*
 * sql_params.h - statements with parameters by name, as they stand in our .sql files.
 *
 * `:name` becomes `$n`, numbered by first use; casts (`::text`), quoted text and names, dollar
 * quotes and comments are left alone. A slice of an array needs a blank after its colon (`a[1 :
 * n]`).
 *
 * A line that ends in `--? word ...` is optional: it stays when every word is on, `!word` when that
 * word is off. So that a filter that is not asked for costs the planner nothing. This is all that
 * may vary in a statement; each choice is one of its own. Pure.
 */
#ifndef PROJECTIONS_SQL_PARAMS_H
#define PROJECTIONS_SQL_PARAMS_H

#include "ops/runtime/arena.h"
#include "ops/runtime/err.h"

#define SQL_PARAMS_MAX   64
#define SQL_SWITCHES_MAX 9

struct sql_params {
    const char *text;         /* with $n */
    const char *const *names; /* of $1, $2, ... */
    size_t n;
};
/* ERR_INVALID: more than SQL_PARAMS_MAX, or `$n` beside `:name`. Memory from the arena. */
MUST_CHECK enum err_code
sql_params_parse(const char *sql, struct arena *a, struct sql_params *ret, struct err *err);

struct sql_switches {
    const char *names[SQL_SWITCHES_MAX]; /* arena; switch i is bit i */
    size_t n;
};
/* The words of all optional lines. ERR_INVALID: more than SQL_SWITCHES_MAX. */
MUST_CHECK enum err_code
sql_switches_find(const char *sql, struct arena *a, struct sql_switches *ret, struct err *err);
/* The text without the lines that `on` does not ask for, and without the marks. */
const char *
sql_switches_apply(const char *sql, const struct sql_switches *s, uint32_t on, struct arena *a);

#endif

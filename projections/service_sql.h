/*
 * service_sql.h - the SQL files of a service, embedded at build: projections/<service>/schema.sql,
 * events/<EventType>.sql, queries/<name>.sql, and projections/common/ for what every service has
 * (lane, outcome, state, claim, dead letter, ...). Immutable.
 */
#ifndef PROJECTIONS_SERVICE_SQL_H
#define PROJECTIONS_SERVICE_SQL_H

#include "ops/runtime/base.h"

struct sql_file {
    const char *service; /* folder below projections/ */
    const char *kind;    /* "" (schema.sql and the like), "events", "queries" */
    const char *name;    /* without .sql */
    const char *text;
};
extern const struct sql_file sql_files[]; /* generated: build/gen/projections/sql_files.c, sorted */
extern const size_t n_sql_files;
/* NULL when there is none. */
const struct sql_file *sql_file_find(const char *service, const char *kind, const char *name);

#endif

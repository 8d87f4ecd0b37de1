/*
 * projection_tables.h - which tables a projection writes, as the header lines of its .sql files say:
 *
 *     -- JobPosted -> posting, posting_total.  Prose.
 *
 * A unit test holds the lines against the statements. Pure.
 */
#ifndef PROJECTIONS_PROJECTION_TABLES_H
#define PROJECTIONS_PROJECTION_TABLES_H

#include "projections/generation.h"

/* Of one file's text, appended to those that *part has; each once. Memory from the arena. ERR_INVALID: no such line, or more than
 * GENERATION_TABLES_MAX. */
MUST_CHECK enum err_code projection_tables_parse(const char *sql,
                                                 struct arena *a,
                                                 struct generation_part *part,
                                                 struct err *err);
/* Of a projection's files. ERR_INVALID: the service has no such projection. */
MUST_CHECK enum err_code projection_tables_find(const char *service,
                                                const char *projection,
                                                struct arena *a,
                                                struct generation_part *ret,
                                                struct err *err);

#endif

/*
 * published.h - our schemas as a schema registry has them: every version of every type under its subject,
 * FULL_TRANSITIVE. What `hirelog schemas check|publish|list` does, and what a start relies on. One
 * thread. Never logs; lines for people are appended to out, also when the end is an error.
 */
#ifndef SCHEMAS_PUBLISHED_H
#define SCHEMAS_PUBLISHED_H

#include "schemas/record.h"
#include "schemas/registry_client.h"

/* Does the registry leave our locked id alone? ERR_CONFLICT: it has another text there. */
MUST_CHECK enum err_code published_locked(struct registry_client *c,
                                          const struct record_type *t,
                                          const struct schema_version *v,
                                          struct err *err);
/* Where the version is. ERR_NOT_FOUND: not published yet. ERR_CONFLICT: under an id that is not the
 * registry's to give, or as another text. */
MUST_CHECK enum err_code published_find(struct registry_client *c,
                                        const struct record_type *t,
                                        const struct schema_version *v,
                                        struct arena *a,
                                        struct registry_place *ret,
                                        struct err *err);

/* All three need schema_registry_url (ERR_INVALID). */

/* Would the registry take what is not there yet? Changes nothing. ERR_REJECTED: not all; ERR_CONFLICT: an
 * id would mean two schemas. */
MUST_CHECK enum err_code
published_check(const struct config *cfg, struct strbuf *out, struct err *err);
/* Registers what is not there yet. Errors as above; what was registered stays, a repeat goes on. */
MUST_CHECK enum err_code
published_publish(const struct config *cfg, struct strbuf *out, struct err *err);
/* Id here, id there (- = not published), subject, version here, version there. */
MUST_CHECK enum err_code
published_list(const struct config *cfg, struct strbuf *out, struct err *err);

#endif

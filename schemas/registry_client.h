/*
 * registry_client.h - a schema registry somewhere else, in Confluent's REST dialect (S3). One request at
 * a time; a client belongs to one thread, or to whoever holds its owner's lock. Never logs.
 *
 * What all calls can answer besides ERR_OK:
 * ERR_UNAVAILABLE  it is away, late, busy, or what answers is no registry (another 404, a proxy's
 *                  page): never mistaken for "there is no such schema"
 * ERR_NOT_FOUND    the registry says that there is none
 * ERR_REJECTED     it refuses the schema, or our credentials: registry_client_reason() has its words
 */
#ifndef SCHEMAS_REGISTRY_CLIENT_H
#define SCHEMAS_REGISTRY_CLIENT_H

#include "ops/runtime/arena.h"
#include "ops/runtime/config.h"

#define REGISTRY_CONNECT_MS 1000
#define REGISTRY_ANSWER_MS  5000 /* of a whole request */
#define REGISTRY_ANSWER_MAX (1024 * 1024)

struct registry_client; /* opaque */

/* Of the settings; talks to nobody yet. ERR_INVALID: schema_registry_credentials_file is not
 * user:password. */
MUST_CHECK enum err_code
registry_client_open(const struct config *cfg, struct registry_client **ret, struct err *err);
void registry_client_free(struct registry_client *c); /* NULL ok */
DEFINE_CLEANUP(struct registry_client *, registry_client_free);

/* The text of an id. */
MUST_CHECK enum err_code registry_client_text(
    struct registry_client *c, int32_t id, struct arena *a, const char **ret, struct err *err);

/* Where the registry has a text. */
struct registry_place {
    int32_t id;
    int32_t version;  /* in its subject, as the registry counts */
    const char *text; /* as the registry has it; the arena's */
};
MUST_CHECK enum err_code registry_client_find(struct registry_client *c,
                                              const char *subject,
                                              const char *text,
                                              struct arena *a,
                                              struct registry_place *ret,
                                              struct err *err);
/* Makes the registry refuse what not every version of the subject can be read with, either way. */
MUST_CHECK enum err_code
registry_client_be_strict(struct registry_client *c, const char *subject, struct err *err);
/* ERR_REJECTED: not compatible with the subject's versions. ERR_NOT_FOUND: the subject has none. */
MUST_CHECK enum err_code registry_client_check(struct registry_client *c,
                                               const char *subject,
                                               const char *text,
                                               struct err *err);
/* Registered before: the same id. */
MUST_CHECK enum err_code registry_client_register(struct registry_client *c,
                                                  const char *subject,
                                                  const char *text,
                                                  int32_t *ret_id,
                                                  struct err *err);
/* Of the last ERR_REJECTED, whole; until the next call. */
const char *registry_client_reason(const struct registry_client *c);

#endif

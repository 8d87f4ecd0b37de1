/*
 * api_sql.h - the API's own statements: api_*.sql of projections/common/queries and the folder
 * `vault` of the vault's service. Immutable, any thread after api_sql_init().
 */
#ifndef API_API_SQL_H
#define API_API_SQL_H

#include "ops/runtime/pg.h"

enum api_sql {
    API_WATERMARKS,
    API_WRITABLE,
    API_OUTCOMES,
    API_PENDING_SAVE,
    API_COMMAND_FIND,
    VAULT_ACCOUNT_FIND,
    VAULT_CREDENTIAL_FIND,
    VAULT_CREDENTIAL_SAVE,
    VAULT_SESSION_SAVE,
    VAULT_SESSION_TOUCH,
    VAULT_SESSION_KEEP,
    VAULT_SESSION_REVOKE,
    VAULT_SESSIONS_LIVE,
    API_SQL_N
};

/* vault: the service whose folder has the vault's statements. Asserts that each file was embedded.
 */
void api_sql_init(const char *vault);
const struct pg_stmt *api_sql(enum api_sql which);

#endif

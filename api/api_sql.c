#include "api/api_sql.h"

#include <assert.h>

#include "projections/service_sql.h"

static struct pg_stmt stmts[API_SQL_N];

void api_sql_init(const char *vault)
{
    static const struct {
        bool vault;
        const char *name;
    } files[API_SQL_N] = {
        [API_WATERMARKS] = {false, "api_watermarks"  },
        [API_WRITABLE] = {false, "api_writable"    },
        [API_OUTCOMES] = {false, "api_outcomes"    },
        [API_PENDING_SAVE] = {false, "api_pending_save"},
        [API_COMMAND_FIND] = {false, "api_command_find"},
        [VAULT_ACCOUNT_FIND] = {true,  "account_find"    },
        [VAULT_CREDENTIAL_FIND] = {true,  "credential_find" },
        [VAULT_CREDENTIAL_SAVE] = {true,  "credential_save" },
        [VAULT_SESSION_SAVE] = {true,  "session_save"    },
        [VAULT_SESSION_TOUCH] = {true,  "session_touch"   },
        [VAULT_SESSION_KEEP] = {true,  "session_keep"    },
        [VAULT_SESSION_REVOKE] = {true,  "session_revoke"  },
        [VAULT_SESSIONS_LIVE] = {true,  "sessions_live"   },
    };
    for (size_t i = 0; i < API_SQL_N; i++) {
        const struct sql_file *f = sql_file_find(
            files[i].vault ? vault : "common", files[i].vault ? "vault" : "queries", files[i].name);
        assert(f);
        stmts[i] = (struct pg_stmt){.name = f->name, .sql = f->text};
    }
}

const struct pg_stmt *api_sql(enum api_sql which)
{
    assert(stmts[which].sql);
    return &stmts[which];
}

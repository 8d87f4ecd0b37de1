#include "consumers/account_command.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "consumers/lost_credentials.h"
#include "consumers/recovery_token.h"
#include "consumers/service_pg.h"
#include "ops/runtime/strbuf.h"
#include "ops/runtime/timeutil.h"
#include "projections/service_sql.h"

#define TITLES "USER_ID\tEMAIL\tCREATED_AT\n"

static const struct service *vault_service(void)
{
    for (size_t i = 0; i < n_services; i++)
        if (services[i].vault)
            return &services[i];
    return NULL;
}

static enum err_code
list(const struct config *cfg, char *const *arguments, size_t n, struct err *err)
{
    owned_value(strbuf_release) struct strbuf lines = {0};
    const struct service *service = vault_service();
    if (n != 1 || strcmp(arguments[0], "--without-credential") != 0)
        return err_set_reason(
            err, ERR_INVALID, ERR_REASON_USAGE, "account list --without-credential: %s%s",
            n == 0 ? "the option is missing" : "not understood: ", n == 0 ? "" : arguments[n - 1]);
    if (!service)
        return err_set(err, ERR_INTERNAL, "no service has a vault");
    TRY(lost_credentials_list(cfg, service, &lines, err));
    if (lines.len > 0)
        printf("%s%s", TITLES, strbuf_cstr(&lines));
    return ERR_OK;
}

/* The account's credential now. ERR_NOT_FOUND, or ERR_CONFLICT: it is deactivated. */
static enum err_code credential_of(const struct config *cfg,
                                   const struct service *service,
                                   const struct uuid *user_id,
                                   struct uuid *ret,
                                   struct err *err)
{
    enum { CAUGHT_UP, ACTIVE, CREDENTIAL_ID };
    owned(pg_free) struct pg *pg = NULL;
    owned_value(arena_release) struct arena a;
    struct service_control control;
    struct pg_options o = {.application_name = "hirelog account"};
    const struct sql_file *file = sql_file_find(service->name, "vault", "account_recover");
    arena_init(&a);
    assert(file);
    TRY(service_control_read(cfg, service, &control, err));
    TRY(service_pg_open(cfg, service, control.generation, o, &pg, err));
    struct pg_param p = pg_p_uuid(&a, user_id);
    size_t index = pg_queue_once(pg, file->text, &p, 1);
    TRY(pg_sync(pg, err));
    const PGresult *r = pg_result(pg, index);
    if (!pg_get_bool(r, 0, CAUGHT_UP))
        return err_set(err, ERR_UNAVAILABLE, "accounts are still catching up");
    if (pg_is_null(r, 0, CREDENTIAL_ID))
        return err_set(err, ERR_NOT_FOUND, "there is no such account");
    if (!pg_get_bool(r, 0, ACTIVE))
        return err_set(err, ERR_CONFLICT, "the account is deactivated");
    *ret = pg_get_uuid(r, 0, CREDENTIAL_ID);
    return ERR_OK;
}

static enum err_code
recover(const struct config *cfg, char *const *arguments, size_t n, struct err *err)
{
    const struct service *service = vault_service();
    uint8_t key[IDENTITY_KEY_BYTES];
    char token[RECOVERY_TOKEN_TEXT + 1];
    struct uuid user_id, credential_id;
    if (n != 1 || !uuid_parse(arguments[0], &user_id))
        return err_set_reason(err, ERR_INVALID, ERR_REASON_USAGE,
                              "account recover USER-ID: one id, as a UUID");
    if (!service)
        return err_set(err, ERR_INTERNAL, "no service has a vault");
    TRY(identity_key_read(cfg, key, err));
    if (credential_of(cfg, service, &user_id, &credential_id, err) != ERR_OK)
        return err_context(err, "%s", arguments[0]);
    recovery_token_make(key, &user_id, &credential_id, time_now_us(), token);
    puts(token);
    return ERR_OK;
}

typedef enum err_code
verb_fn(const struct config *cfg, char *const *arguments, size_t n, struct err *err);
static const struct {
    const char *name;
    verb_fn *run;
} verbs[] = {
    {"list",    list   },
    {"recover", recover},
};

enum err_code account_command(
    const struct config *cfg, const char *verb, char *const *arguments, size_t n, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (strcmp(verbs[i].name, verb) == 0)
            return verbs[i].run(cfg, arguments, n, err);
    return err_set_reason(err, ERR_INVALID, ERR_REASON_USAGE,
                          "account list --without-credential, or account recover USER-ID: no such "
                          "verb: %s",
                          verb);
}

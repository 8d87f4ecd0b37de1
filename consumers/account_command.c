#include "consumers/account_command.h"

#include <stdio.h>
#include <string.h>

#include "consumers/lost_credentials.h"
#include "ops/runtime/strbuf.h"

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

typedef enum err_code
verb_fn(const struct config *cfg, char *const *arguments, size_t n, struct err *err);
static const struct {
    const char *name;
    verb_fn *run;
} verbs[] = {
    {"list", list},
};

enum err_code account_command(
    const struct config *cfg, const char *verb, char *const *arguments, size_t n, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (strcmp(verbs[i].name, verb) == 0)
            return verbs[i].run(cfg, arguments, n, err);
    return err_set_reason(err, ERR_INVALID, ERR_REASON_USAGE,
                          "account list --without-credential: no such verb: %s", verb);
}

/*
 * accounts.c - register, login, logout, password: the part that knows the vault. A password goes
 * from the body to Argon2id and nowhere else (RULES 35, 36).
 */
#include <netinet/in.h>
#include <sodium.h>
#include <string.h>

#include "api/api.h"
#include "api/api_sql.h"
#include "api/db.h"
#include "api/errand.h"
#include "api/handlers.h"
#include "api/item.h"
#include "api/lookup.h"
#include "api/password.h"
#include "api/password_text.h"
#include "api/throttle.h"
#include "api/write.h"
#include "consumers/recovery_token.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "producers/user/user.h"
#include "schemas/codec.h"
#include "schemas/records.h"
#include "schemas/text.h"
#include "schemas/unicode.h"

/* What an account handler keeps while others work for it. */
struct account_work {
    struct password_job job;
    struct password_text password;     /* wiped when it has been used */
    struct password_text old_password; /* of a change */
    const char *email;                 /* whose attempts are counted */
    uint8_t address[16];               /* from where */
    struct session_owner owner;
    struct identity who;               /* of a login */
    struct recovery_token token_shown; /* of a reset */
    bool active;
    const char *hash;           /* that proves who it is; NULL = there is none */
    const char *made_before;    /* the hash in the command's own row; NULL = none yet */
    enum err_code account_code; /* of a change: what the look-up of the account came to */
    struct err account_err;
    char token[SESSION_TOKEN_TEXT + 1];
    int64_t expires_at;
};

static void body_wipe(struct request *rq)
{
    if (rq->body.data)
        sodium_memzero(rq->body.data, rq->body.len);
}

/* Takes a member that no schema has out of the body: a text of min to max characters. */
static char *member_take(struct request *rq,
                         json_t *body,
                         const char *name,
                         size_t min,
                         size_t max,
                         struct field_errors *errors)
{
    const json_t *v = json_object_get(body, name);
    const char *code = !v ? "required" : !json_is_string(v) ? "type" : NULL;
    char *text = NULL;
    if (!code) {
        size_t n = text_characters(json_string_value(v), json_string_length(v));
        code = n < min || n > max ? "length" : NULL;
    }
    if (code)
        field_errors_add(errors, &rq->arena, name, code,
                         arena_printf(&rq->arena, "a text of %zu to %zu characters", min, max));
    else
        text = arena_strdup(&rq->arena, json_string_value(v));
    (void)json_object_del(body, name);
    return text;
}

static struct account_work *work_new(struct request *rq)
{
    return rq->work = ARENA_NEW(&rq->arena, struct account_work);
}

static enum step job_run(struct request *rq, struct password_job job, handler_fn *then)
{
    struct account_work *w = rq->work;
    w->job = job;
    w->job.pool.request = rq;
    request_park(rq, then);
    passwords_submit(rq->api->passwords, &w->job);
    return STEP_PARKED;
}

/* A step that asks the vault; kind: the statement that may be held up. */
static enum step vault_ask(struct request *rq, enum api_sql kind, errand_fn *run, handler_fn *then)
{
    return errand_send(rq, rq->api->vault, api_sql(kind), run, then);
}

static enum step too_busy(struct request *rq)
{
    return reply_unavailable(rq, "Too many passwords to check at the moment.");
}

static struct pg_param *command_id_param(struct request *rq)
{
    struct pg_param *p = ARENA_NEW(&rq->arena, struct pg_param);
    *p = pg_p_uuid(&rq->arena, &rq->write->command_id);
    return p;
}

/* ---- how often a password may be tried */

static void address_of(struct request *rq, uint8_t ret[16])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(rq->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    memset(ret, 0, 16);
    if (info && info->client_addr->sa_family == AF_INET)
        memcpy(ret, &((const struct sockaddr_in *)info->client_addr)->sin_addr, 4);
    else if (info && info->client_addr->sa_family == AF_INET6)
        memcpy(ret, &((const struct sockaddr_in6 *)info->client_addr)->sin6_addr, 16);
}

/* Counts the attempt before it is known to fail, so that many at once are no way round. False: the
 * reply is filled in. */
static bool attempt_allowed(struct request *rq)
{
    struct account_work *w = rq->work;
    struct api *api = rq->api;
    int64_t now = time_monotonic_us();
    address_of(rq, w->address);
    int64_t wait_us = throttle_take(api->logins_by_email, w->email, strlen(w->email), now);
    if (wait_us == 0) {
        wait_us = throttle_take(api->logins_by_address, w->address, sizeof(w->address), now);
        if (wait_us > 0)
            throttle_forgive(api->logins_by_email, w->email, strlen(w->email));
    }
    if (wait_us == 0)
        return true;
    rq->reply.retry_after_s = wait_us / 1000000 + 1;
    (void)reply_problem(rq, MHD_HTTP_TOO_MANY_REQUESTS, "too_many_attempts",
                        "Too many failed attempts; wait a while.");
    return false;
}

static void attempt_forgive(struct request *rq)
{
    struct account_work *w = rq->work;
    throttle_forgive(rq->api->logins_by_email, w->email, strlen(w->email));
    throttle_forgive(rq->api->logins_by_address, w->address, sizeof(w->address));
}

/* ---- the credential that a command brings: one vault row with the command's id (V1) */

/* The hash in the command's row, into made_before. */
static enum err_code credential_find(struct request *rq, struct err *err)
{
    struct account_work *w = rq->work;
    const PGresult *r = NULL;
    TRY(db_exec(rq->api->vault, api_sql(VAULT_CREDENTIAL_FIND), command_id_param(rq), 1, &r, err));
    w->made_before = PQntuples(r) == 1 ? arena_strdup(&rq->arena, pg_get_text(r, 0, 0)) : NULL;
    return ERR_OK;
}

/* The hash that was made becomes the command's row, or what was there before is told. */
static enum err_code credential_save(struct request *rq, struct err *err)
{
    struct account_work *w = rq->work;
    struct arena *a = &rq->arena;
    const PGresult *r = NULL;
    struct pg_param p[] = {
        *command_id_param(rq),
        pg_p_uuid(a, &w->owner.user_id),
        pg_p_text(a, w->job.made),
        pg_p_time(a, time_now_us()),
    };
    TRY(db_exec(rq->api->vault, api_sql(VAULT_CREDENTIAL_SAVE), p, ARRAY_SIZE(p), &r, err));
    return PQntuples(r) == 1 ? ERR_OK : credential_find(rq, err);
}

/* A change of an account that the view does not know now. */
static enum step account_unknown(struct request *rq)
{
    const struct account_work *w = rq->work;
    return reply_err(rq, &w->account_err);
}

static enum step credential_compared(struct request *rq)
{
    struct account_work *w = rq->work;
    password_text_wipe(&w->password);
    if (w->job.pool.refused || w->job.ok)
        attempt_forgive(rq);
    if (w->job.pool.refused)
        return too_busy(rq);
    if (!w->job.ok)
        return reply_refused(rq, MHD_HTTP_UNPROCESSABLE_CONTENT, "idempotency_key_reused",
                             &rq->write->command_id);
    return w->account_code == ERR_OK ? write_send(rq) : write_stored(rq, account_unknown);
}

/* I2 for what no digest may hold: the same key came before, so its row must be of the same
 * password. Whoever guesses at it guesses like at a login. */
static enum step credential_compare(struct request *rq)
{
    struct account_work *w = rq->work;
    if (!attempt_allowed(rq)) {
        password_text_wipe(&w->password);
        return STEP_DONE;
    }
    struct password_job job = {.verify = true,
                               .hash = w->made_before,
                               .password = w->password.prepared,
                               .other = w->password.raw};
    return job_run(rq, job, credential_compared);
}

static enum step credential_saved(struct request *rq)
{
    struct account_work *w = rq->work;
    if (rq->errand->code != ERR_OK)
        return reply_err(rq, &rq->errand->err);
    if (w->made_before) /* the same key at the same time */
        return credential_compare(rq);
    password_text_wipe(&w->password);
    return write_send(rq);
}

static enum step credential_made(struct request *rq)
{
    const struct account_work *w = rq->work;
    if (w->job.pool.refused || !w->job.ok)
        return too_busy(rq);
    return vault_ask(rq, VAULT_CREDENTIAL_SAVE, credential_save, credential_saved);
}

/* w->password becomes the vault row of the command; then the command goes on its way. */
static enum step credential_make(struct request *rq)
{
    struct account_work *w = rq->work;
    struct password_job job = {.password = w->password.prepared};
    return job_run(rq, job, credential_made);
}

/* ---- register */

/* Who an anonymous sender is, for I1: nobody can compute it from the address without the key. */
static const char *anonymous_principal(struct request *rq, const char *email)
{
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    char *hex = arena_alloc(&rq->arena, 2 * sizeof(mac) + 1);
    crypto_auth_hmacsha256(mac, (const uint8_t *)email, strlen(email), rq->api->identity_key);
    return sodium_bin2hex(hex, 2 * sizeof(mac) + 1, mac, sizeof(mac));
}

/* The address as it is compared. One in ASCII is stored as it was sent; of any other the form in ASCII
 * is, which others can write to; one without such a form is refused by the schema's format. */
static const char *email_canonical(struct request *rq, json_t *body)
{
    const char *sent = json_string_value(json_object_get(body, "email"));
    const char *key = sent ? unicode_email(sent, &rq->arena) : "";
    if (sent && !text_is_email(sent) && text_is_email(key))
        (void)json_object_set_new(body, "email", json_string(key));
    return key;
}

static bool register_parse(struct request *rq)
{
    struct account_work *w = work_new(rq);
    struct field_errors *errors = ARENA_NEW(&rq->arena, struct field_errors);
    json_t *body = NULL;
    if (!write_body(rq, &body, errors))
        return false;
    w->email = email_canonical(rq, body);
    const char *principal = anonymous_principal(rq, w->email);
    password_text_take(body, "password", PASSWORD_NEW, &rq->arena, &w->password, errors);
    body_wipe(rq);
    bool ok = write_begin(rq, rq->route->command, principal) && write_fill(rq, body, errors);
    json_decref(body);
    return ok;
}

static enum step register_known(struct request *rq)
{
    const struct account_work *w = rq->work;
    if (rq->errand->code != ERR_OK)
        return reply_err(rq, &rq->errand->err);
    return w->made_before ? credential_compare(rq) : credential_make(rq);
}

enum step account_register(struct request *rq)
{
    if (!register_parse(rq))
        return STEP_DONE;
    struct account_work *w = rq->work;
    struct register_user *command = rq->write->command;
    command->credential_id = rq->write->command_id;
    w->owner.user_id = command->user_id;
    if (!rq->write->keyed)
        return credential_make(rq);
    return vault_ask(rq, VAULT_CREDENTIAL_FIND, credential_find, register_known);
}

/* ---- login and logout */

static bool login_parse(struct request *rq)
{
    struct account_work *w = work_new(rq);
    struct field_errors *errors = ARENA_NEW(&rq->arena, struct field_errors);
    json_t *body = NULL, *value;
    const char *name;
    if (!write_body(rq, &body, errors))
        return false;
    const char *email = member_take(rq, body, "email", 1, 254, errors);
    password_text_take(body, "password", PASSWORD_PROOF, &rq->arena, &w->password, errors);
    body_wipe(rq);
    json_object_foreach(body, name, value)
        field_errors_add(errors, &rq->arena, name, "unknown", "no such member");
    json_decref(body);
    if (errors->n > 0) {
        (void)reply_invalid(rq, errors);
        return false;
    }
    w->email = email ? unicode_email(email, &rq->arena) : "";
    return true;
}

static enum err_code login_find(struct request *rq, struct err *err)
{
    enum { CAUGHT_UP, USER_ID, ACTIVE, ROLES, SECURITY_VERSION, CREDENTIAL_ID, PASSWORD_HASH };
    struct account_work *w = rq->work;
    struct api_service *vault = rq->api->vault;
    const PGresult *r = NULL;
    struct query_arg arg = {"email", pg_p_text(&rq->arena, w->email)};
    TRY(db_query_raw(vault, query_find(vault->service->name, "login"), &arg, 1, &rq->arena, &r,
                     err));
    if (!pg_get_bool(r, 0, CAUGHT_UP))
        return err_set(err, ERR_UNAVAILABLE, "accounts are still catching up");
    if (pg_is_null(r, 0, USER_ID) || pg_is_null(r, 0, PASSWORD_HASH))
        return ERR_OK;
    w->owner.user_id = w->who.user_id = pg_get_uuid(r, 0, USER_ID);
    w->owner.security_version = pg_get_int8(r, 0, SECURITY_VERSION);
    w->active = pg_get_bool(r, 0, ACTIVE);
    identity_roles_parse(pg_get_text(r, 0, ROLES), &w->who);
    w->hash = arena_strdup(&rq->arena, pg_get_text(r, 0, PASSWORD_HASH));
    return ERR_OK;
}

/* V3: a login does not wait for its audit record, nor fail with it. */
static void login_audit(struct request *rq)
{
    struct account_work *w = rq->work;
    struct record_login *command = record_new(&type_record_login, &rq->arena);
    struct err err;
    command->user_id = w->who.user_id;
    if (write_audit(rq, rq->api->vault, &type_record_login, &w->who, command, &err) != ERR_OK)
        log_warn("login not recorded", KV_U("user", &w->who.user_id), KV_ERR(&err));
}

static enum err_code login_open(struct request *rq, struct err *err)
{
    struct account_work *w = rq->work;
    return sessions_create(rq->api->sessions, &w->owner, w->token, &w->expires_at, err);
}

static enum step login_opened(struct request *rq)
{
    const struct account_work *w = rq->work;
    const struct lookup *profile = rq->lookup;
    char expires[TIME_TEXT_LEN + 1];
    struct bytes user = {(const uint8_t *)"null", strlen("null")};
    if (rq->errand->code != ERR_OK)
        return reply_err(rq, &rq->errand->err);
    if (profile->found)
        user = profile->row.body;
    login_audit(rq);
    time_format(w->expires_at, expires);
    const char *body =
        arena_printf(&rq->arena, "{\"token\":\"%s\",\"expires_at\":\"%s\",\"user\":%.*s}", w->token,
                     expires, (int)user.len, (const char *)user.data);
    return reply_json(rq, MHD_HTTP_OK, (struct bytes){(const uint8_t *)body, strlen(body)});
}

static enum step login_profile(struct request *rq)
{
    if (rq->lookup->job.code != ERR_OK)
        return reply_err(rq, &rq->lookup->job.err);
    return vault_ask(rq, VAULT_SESSION_SAVE, login_open, login_opened);
}

static enum step login_verified(struct request *rq)
{
    struct account_work *w = rq->work;
    password_text_wipe(&w->password);
    if (w->job.pool.refused || (w->job.ok && w->active)) /* never tried, or no guess */
        attempt_forgive(rq);
    if (w->job.pool.refused)
        return too_busy(rq);
    if (!w->job.ok || !w->active)
        return reply_problem(rq, MHD_HTTP_UNAUTHORIZED, "invalid_credentials",
                             "No active account has this e-mail and password.");
    return item_ask(rq, &rq->arena, rq->route->service, rq->route->query, &w->who.user_id,
                    login_profile);
}

static enum step login_found(struct request *rq)
{
    struct account_work *w = rq->work;
    if (rq->errand->code != ERR_OK) {
        password_text_wipe(&w->password);
        attempt_forgive(rq);
        return reply_err(rq, &rq->errand->err);
    }
    struct password_job job = {.verify = true,
                               .hash = w->hash,
                               .password = w->password.prepared,
                               .other = w->password.raw};
    return job_run(rq, job, login_verified);
}

enum step account_login(struct request *rq)
{
    if (!login_parse(rq) || !attempt_allowed(rq))
        return STEP_DONE;
    struct api_service *vault = rq->api->vault;
    return errand_send(rq, vault, query_find(vault->service->name, "login"), login_find,
                       login_found);
}

static enum err_code logout_revoke(struct request *rq, struct err *err)
{
    return sessions_revoke(rq->api->sessions, &rq->identity, err);
}

static enum step logout_revoked(struct request *rq)
{
    if (rq->errand->code != ERR_OK)
        return reply_err(rq, &rq->errand->err);
    return reply_empty(rq, (unsigned)rq->route->status);
}

enum step account_logout(struct request *rq)
{
    return vault_ask(rq, VAULT_SESSION_REVOKE, logout_revoke, logout_revoked);
}

/* ---- change of password */

static bool password_parse(struct request *rq)
{
    char principal[UUID_TEXT_LEN + 1];
    struct account_work *w = work_new(rq);
    struct field_errors *errors = ARENA_NEW(&rq->arena, struct field_errors);
    json_t *body = NULL;
    if (!write_body(rq, &body, errors))
        return false;
    password_text_take(body, "old_password", PASSWORD_PROOF, &rq->arena, &w->old_password, errors);
    password_text_take(body, "new_password", PASSWORD_NEW, &rq->arena, &w->password, errors);
    body_wipe(rq);
    uuid_format(&rq->identity.user_id, principal);
    bool ok = write_begin(rq, rq->route->command, principal) && write_fill(rq, body, errors);
    json_decref(body);
    return ok;
}

/* The owner's credential now, and its hash; no hash: the vault has lost it, and no password is right. */
static enum err_code account_find(struct request *rq, struct err *err)
{
    enum { CAUGHT_UP, CREDENTIAL_ID, PASSWORD_HASH };
    struct account_work *w = rq->work;
    struct change_password *command = rq->write->command;
    const PGresult *r = NULL;
    struct pg_param p = pg_p_uuid(&rq->arena, &w->owner.user_id);
    TRY(db_exec(rq->api->vault, api_sql(VAULT_ACCOUNT_FIND), &p, 1, &r, err));
    if (!pg_get_bool(r, 0, CAUGHT_UP))
        return err_set(err, ERR_UNAVAILABLE, "accounts are still catching up");
    if (pg_is_null(r, 0, CREDENTIAL_ID))
        return err_set(err, ERR_NOT_FOUND, "there is no such account");
    command->old_credential_id = pg_get_uuid(r, 0, CREDENTIAL_ID);
    if (!pg_is_null(r, 0, PASSWORD_HASH))
        w->hash = arena_strdup(&rq->arena, pg_get_text(r, 0, PASSWORD_HASH));
    return ERR_OK;
}

/* What the command's key has made before, and what is to be changed: the first may be there without the second. */
static enum err_code password_find(struct request *rq, struct err *err)
{
    struct account_work *w = rq->work;
    if (rq->write->keyed)
        TRY(credential_find(rq, err));
    w->account_code = account_find(rq, &w->account_err);
    return ERR_OK;
}

static enum err_code session_keep(struct request *rq, struct err *err)
{
    int64_t version = rq->write->ticket.outcome.event_version;
    return sessions_keep(rq->api->sessions, &rq->identity, version, err);
}

static enum step session_kept(struct request *rq)
{
    if (rq->errand->code != ERR_OK)
        log_warn("session ended with its own password change", KV_ERR(&rq->errand->err));
    return write_applied(rq);
}

/* All sessions of the user have ended with the event; this one proved the old password and goes on.
 */
static enum step password_changed(struct request *rq)
{
    return vault_ask(rq, VAULT_SESSION_KEEP, session_keep, session_kept);
}

static enum step old_password_verified(struct request *rq)
{
    struct account_work *w = rq->work;
    password_text_wipe(&w->old_password);
    if (w->job.pool.refused || w->job.ok)
        attempt_forgive(rq);
    if (w->job.pool.refused)
        return too_busy(rq);
    if (!w->job.ok)
        return reply_problem(rq, MHD_HTTP_UNAUTHORIZED, "invalid_credentials",
                             "The old password is another one.");
    return credential_make(rq);
}

static enum step password_found(struct request *rq)
{
    struct account_work *w = rq->work;
    if (rq->errand->code != ERR_OK)
        return reply_err(rq, &rq->errand->err);
    if (w->made_before)
        return credential_compare(rq);
    if (w->account_code != ERR_OK)
        return account_unknown(rq);
    if (!attempt_allowed(rq))
        return STEP_DONE;
    struct password_job job = {.verify = true,
                               .hash = w->hash,
                               .password = w->old_password.prepared,
                               .other = w->old_password.raw};
    return job_run(rq, job, old_password_verified);
}

enum step account_password(struct request *rq)
{
    char id[UUID_TEXT_LEN + 1];
    if (!password_parse(rq))
        return STEP_DONE;
    struct account_work *w = rq->work;
    struct change_password *command = rq->write->command;
    rq->write->then = password_changed;
    command->new_credential_id = rq->write->command_id;
    w->owner.user_id = rq->identity.user_id;
    uuid_format(&rq->identity.user_id, id);
    w->email = arena_strdup(&rq->arena, id); /* guesses are counted per account here */
    return vault_ask(rq, VAULT_ACCOUNT_FIND, password_find, password_found);
}

/* ---- a new password without the old one: what an operator's token proves */

static bool reset_parse(struct request *rq)
{
    char principal[2 * sizeof(((struct recovery_token *)NULL)->mac) + 1];
    struct account_work *w = work_new(rq);
    struct field_errors *errors = ARENA_NEW(&rq->arena, struct field_errors);
    json_t *body = NULL;
    if (!write_body(rq, &body, errors))
        return false;
    const char *token = member_take(rq, body, "token", 1, RECOVERY_TOKEN_TEXT, errors);
    password_text_take(body, "new_password", PASSWORD_NEW, &rq->arena, &w->password, errors);
    body_wipe(rq);
    if (token && !recovery_token_parse(token, &w->token_shown))
        field_errors_add(errors, &rq->arena, "token", "format", "the token that was printed");
    sodium_bin2hex(principal, sizeof(principal), w->token_shown.mac, sizeof(w->token_shown.mac));
    bool ok = write_begin(rq, rq->route->command, principal) && write_fill(rq, body, errors);
    json_decref(body);
    return ok;
}

static enum step reset_refuse(struct request *rq)
{
    struct account_work *w = rq->work;
    password_text_wipe(&w->password);
    return reply_invalid_field(rq, "token", "invalid",
                               "The token was used, is older than an hour, or is none of ours.");
}

/* Two at once with one token: the decider saw the other one first. */
static enum step reset_refused(struct request *rq)
{
    const char *reason = rq->write->ticket.outcome.reason;
    return strcmp(reason, "invalid_credentials") == 0 ? reset_refuse(rq) : write_rejected(rq);
}

static enum step reset_found(struct request *rq)
{
    struct account_work *w = rq->work;
    const struct change_password *command = rq->write->command;
    if (rq->errand->code != ERR_OK)
        return reply_err(rq, &rq->errand->err);
    bool proved = w->account_code == ERR_OK &&
                  recovery_token_proved(&w->token_shown, rq->api->identity_key,
                                        &command->old_credential_id, time_now_us());
    /* A repeat that proves nothing any more is told its outcome, and decides nothing. */
    if (w->made_before && w->account_code == ERR_OK && !proved)
        w->account_code =
            err_set(&w->account_err, ERR_INVALID, "the token was used, or is too old");
    if (w->made_before)
        return credential_compare(rq);
    if (w->account_code != ERR_OK && w->account_code != ERR_NOT_FOUND)
        return account_unknown(rq);
    return proved ? credential_make(rq) : reset_refuse(rq);
}

enum step account_reset(struct request *rq)
{
    char id[UUID_TEXT_LEN + 1];
    if (!reset_parse(rq))
        return STEP_DONE;
    struct account_work *w = rq->work;
    struct change_password *command = rq->write->command;
    rq->write->refused = reset_refused;
    command->user_id = w->token_shown.user_id;
    command->new_credential_id = rq->write->command_id;
    command->meta.actor = (struct actor){.kind = ACTOR_KIND_USER, .id = command->user_id};
    w->owner.user_id = command->user_id;
    uuid_format(&command->user_id, id);
    w->email = arena_strdup(&rq->arena, id); /* guesses are counted per account here */
    return vault_ask(rq, VAULT_ACCOUNT_FIND, password_find, reset_found);
}

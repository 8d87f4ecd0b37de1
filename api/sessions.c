#include "api/sessions.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/api.h"
#include "api/api_sql.h"
#include "api/db.h"
#include "api/waiters.h"
#include "ops/runtime/arena.h"
#include "ops/runtime/timeutil.h"
#include "schemas/records.h"

#define CACHE_MAX 4096
#define TOUCH_US  60000000 /* last_seen_at is written at most this often */

/* A session as the database had it under `epoch`. */
struct session {
    struct identity who;
    int64_t epoch;
    int64_t last_seen_at, expires_at;
};

struct sessions {
    struct api *api;
    pthread_mutex_t lock;
    struct session cache[CACHE_MAX]; /* by the first bytes of the token's hash */
};

struct sessions *sessions_new(struct api *api)
{
    struct sessions *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    s->api = api;
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void sessions_free(struct sessions *s)
{
    if (!s)
        return;
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void identity_roles_parse(const char *text, struct identity *ret)
{
    ret->n_roles = 0;
    for (size_t len; *text; text += len + strspn(text + len, "{},")) {
        len = strcspn(text, "{},");
        for (size_t i = 0; i < enum_role.n_symbols && ret->n_roles < IDENTITY_ROLES_MAX; i++)
            if (strlen(enum_role.symbols[i]) == len && memcmp(enum_role.symbols[i], text, len) == 0)
                ret->roles[ret->n_roles++] = (int)i;
    }
}

bool identity_has_role(const struct identity *who, int role)
{
    for (size_t i = 0; i < who->n_roles; i++)
        if (who->roles[i] == role)
            return true;
    return false;
}

static bool token_hash(const char *authorization, uint8_t ret[SESSION_HASH_BYTES])
{
    uint8_t token[SESSION_TOKEN_BYTES];
    size_t len = 0;
    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
        return false;
    const char *text = authorization + 7 + strspn(authorization + 7, " ");
    if (strlen(text) != SESSION_TOKEN_TEXT ||
        sodium_base642bin(token, sizeof(token), text, SESSION_TOKEN_TEXT, NULL, &len, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        len != sizeof(token))
        return false;
    crypto_hash_sha256(ret, token, sizeof(token));
    return true;
}

static struct session *slot(struct sessions *s, const uint8_t *hash)
{
    return &s->cache[(hash[0] << 8 | hash[1]) % CACHE_MAX];
}

static bool cache_find(struct sessions *s, const uint8_t *hash, struct session *ret)
{
    struct waiters *w = s->api->vault->waiters;
    pthread_mutex_lock(&s->lock);
    *ret = *slot(s, hash);
    pthread_mutex_unlock(&s->lock);
    return waiters_listening(w) && ret->epoch == waiters_epoch(w) && ret->expires_at != 0 &&
           memcmp(ret->who.token_hash, hash, SESSION_HASH_BYTES) == 0;
}

static void cache_put(struct sessions *s, const struct session *session)
{
    pthread_mutex_lock(&s->lock);
    *slot(s, session->who.token_hash) = *session;
    pthread_mutex_unlock(&s->lock);
}

static void cache_drop(struct sessions *s, const uint8_t *hash)
{
    pthread_mutex_lock(&s->lock);
    slot(s, hash)->expires_at = 0;
    pthread_mutex_unlock(&s->lock);
}

static struct pg_param hash_param(struct arena *a, const uint8_t *hash)
{
    return pg_p_bytea(a, (struct bytes){hash, SESSION_HASH_BYTES});
}

static enum err_code no_session(struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "no valid session");
}

static enum err_code session_read(
    struct sessions *s, const uint8_t *hash, struct arena *a, struct session *ret, struct err *err)
{
    enum { CAUGHT_UP, USER_ID, VALID, ROLES, LAST_SEEN_AT, EXPIRES_AT };
    const PGresult *r = NULL;
    struct api_service *vault = s->api->vault;
    struct query_arg arg = {"token_hash", hash_param(a, hash)};
    ret->epoch = waiters_epoch(
        s->api->vault->waiters); /* before the read: a change in between makes it stale */
    TRY(db_query_raw(vault, query_find(vault->service->name, "session_user"), &arg, 1, a, &r, err));
    if (PQntuples(r) != 1 || !pg_get_bool(r, 0, CAUGHT_UP))
        return err_set(err, ERR_UNAVAILABLE, "accounts are still catching up");
    if (!pg_get_bool(r, 0, VALID))
        return no_session(err);
    ret->who.user_id = pg_get_uuid(r, 0, USER_ID);
    identity_roles_parse(pg_get_text(r, 0, ROLES), &ret->who);
    ret->last_seen_at = pg_get_time(r, 0, LAST_SEEN_AT);
    ret->expires_at = pg_get_time(r, 0, EXPIRES_AT);
    memcpy(ret->who.token_hash, hash, SESSION_HASH_BYTES);
    return ERR_OK;
}

/* Used once more: written now and then, and not worth an error. */
static void session_touch(struct sessions *s, struct session *session, int64_t now, struct arena *a)
{
    struct err ignored;
    if (now - session->last_seen_at < TOUCH_US || !waiters_writable(s->api->vault->waiters))
        return;
    struct pg_param p[] = {hash_param(a, session->who.token_hash), pg_p_time(a, now)};
    if (db_exec(s->api->vault, api_sql(VAULT_SESSION_TOUCH), p, ARRAY_SIZE(p), NULL, &ignored) !=
        ERR_OK)
        return;
    session->last_seen_at = now;
    cache_put(s, session);
}

static bool in_time(struct sessions *s, int64_t last_seen_at, int64_t expires_at, int64_t now)
{
    return expires_at > now && now - last_seen_at <= s->api->cfg->session_idle_s * 1000000;
}

static enum err_code authenticate(
    struct sessions *s, const uint8_t *hash, struct arena *a, struct identity *ret, struct err *err)
{
    struct session session = {0};
    int64_t now = time_now_us();
    if (!cache_find(s, hash, &session)) {
        TRY(session_read(s, hash, a, &session, err));
        cache_put(s, &session);
    }
    if (!in_time(s, session.last_seen_at, session.expires_at, now))
        return no_session(err);
    session_touch(s, &session, now, a);
    *ret = session.who;
    return ERR_OK;
}

enum err_code sessions_authenticate(struct sessions *s,
                                    const char *authorization,
                                    struct identity *ret,
                                    struct err *err)
{
    uint8_t hash[SESSION_HASH_BYTES];
    if (!token_hash(authorization, hash))
        return no_session(err);
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    return authenticate(s, hash, &a, ret, err);
}

enum err_code sessions_live(struct sessions *s,
                            uint8_t (*hashes)[SESSION_HASH_BYTES],
                            size_t n,
                            bool *ret_live,
                            struct err *err)
{
    enum { CAUGHT_UP, TOKEN_HASH, LAST_SEEN_AT, EXPIRES_AT };
    const PGresult *r = NULL;
    int64_t now = time_now_us();
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param *list = ARENA_ARRAY(&a, struct pg_param, n);
    for (size_t i = 0; i < n; i++)
        list[i] = hash_param(&a, hashes[i]);
    struct pg_param p = pg_p_array(&a, PG_BYTEA_ARRAY, list, n);
    TRY(db_exec(s->api->vault, api_sql(VAULT_SESSIONS_LIVE), &p, 1, &r, err));
    if (PQntuples(r) == 0 || !pg_get_bool(r, 0, CAUGHT_UP))
        return err_set(err, ERR_UNAVAILABLE, "accounts are still catching up");
    memset(ret_live, 0, n * sizeof(*ret_live));
    for (int row = 0; row < PQntuples(r) && !pg_is_null(r, row, TOKEN_HASH); row++) {
        bool live =
            in_time(s, pg_get_time(r, row, LAST_SEEN_AT), pg_get_time(r, row, EXPIRES_AT), now);
        const uint8_t *hash = pg_get_bytes(r, row, TOKEN_HASH).data;
        for (size_t i = 0; i < n; i++)
            ret_live[i] |= live && memcmp(hashes[i], hash, SESSION_HASH_BYTES) == 0;
    }
    return ERR_OK;
}

enum err_code sessions_create(struct sessions *s,
                              const struct session_owner *owner,
                              char ret_token[SESSION_TOKEN_TEXT + 1],
                              int64_t *ret_expires_at,
                              struct err *err)
{
    uint8_t token[SESSION_TOKEN_BYTES], hash[SESSION_HASH_BYTES];
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    int64_t now = time_now_us(), expires_at = now + s->api->cfg->session_max_s * 1000000;
    randombytes_buf(token, sizeof(token));
    crypto_hash_sha256(hash, token, sizeof(token));
    struct pg_param p[] = {
        hash_param(&a, hash),
        pg_p_uuid(&a, &owner->user_id),
        pg_p_int8(&a, owner->security_version),
        pg_p_time(&a, now),
        pg_p_time(&a, expires_at),
    };
    TRY(db_exec(s->api->vault, api_sql(VAULT_SESSION_SAVE), p, ARRAY_SIZE(p), NULL, err));
    sodium_bin2base64(ret_token, SESSION_TOKEN_TEXT + 1, token, sizeof(token),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(token, sizeof(token));
    *ret_expires_at = expires_at;
    return ERR_OK;
}

enum err_code sessions_revoke(struct sessions *s, const struct identity *who, struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param p[] = {hash_param(&a, who->token_hash)};
    TRY(db_exec(s->api->vault, api_sql(VAULT_SESSION_REVOKE), p, ARRAY_SIZE(p), NULL, err));
    cache_drop(s, who->token_hash);
    return ERR_OK;
}

enum err_code sessions_keep(struct sessions *s,
                            const struct identity *who,
                            int64_t security_version,
                            struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param p[] = {hash_param(&a, who->token_hash), pg_p_int8(&a, security_version)};
    TRY(db_exec(s->api->vault, api_sql(VAULT_SESSION_KEEP), p, ARRAY_SIZE(p), NULL, err));
    cache_drop(s, who->token_hash);
    return ERR_OK;
}

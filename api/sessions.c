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
#define TOUCH_PARTS \
    10 /* last use is written after this part of the time that a session may be idle */

/* A session as the database had it under `epoch`. */
struct session {
    struct identity who;
    int64_t epoch;
    int64_t last_seen_at, expires_at;
};

/* Used once more: to be written. */
struct touch {
    struct desk_job job;
    uint8_t token_hash[SESSION_HASH_BYTES];
    int64_t at;
};

struct sessions {
    struct api *api;
    struct desk *asks, *touches; /* reads do not wait for writes */
    pthread_mutex_t lock;
    struct session cache[CACHE_MAX]; /* by the first bytes of the token's hash */
};

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

static bool in_time(const struct sessions *s, const struct session *session, int64_t now)
{
    return session->expires_at > now &&
           now - session->last_seen_at <= s->api->cfg->session_idle_s * 1000000;
}

/* The sessions of these tokens that are valid but for their times. The result is the thread's connection's. */
static enum err_code valid_read(struct sessions *s,
                                const struct pg_param *hashes,
                                size_t n,
                                struct arena *a,
                                const PGresult **ret,
                                struct err *err)
{
    struct pg_param p = pg_p_array(a, PG_BYTEA_ARRAY, hashes, n);
    TRY(db_exec(s->api->vault, api_sql(VAULT_SESSIONS_LIVE), &p, 1, ret, err));
    if (PQntuples(*ret) == 0 || !pg_get_bool(*ret, 0, 0))
        return err_set(err, ERR_UNAVAILABLE, "accounts are still catching up");
    return ERR_OK;
}

/* False: the row names none. */
static bool valid_row(const PGresult *r, int row, int64_t epoch, struct session *ret)
{
    enum { CAUGHT_UP, TOKEN_HASH, LAST_SEEN_AT, EXPIRES_AT, USER_ID, ROLES };
    if (row >= PQntuples(r) || pg_is_null(r, row, TOKEN_HASH))
        return false;
    *ret = (struct session){
        .epoch = epoch,
        .last_seen_at = pg_get_time(r, row, LAST_SEEN_AT),
        .expires_at = pg_get_time(r, row, EXPIRES_AT),
        .who = {.user_id = pg_get_uuid(r, row, USER_ID)},
    };
    identity_roles_parse(pg_get_text(r, row, ROLES), &ret->who);
    memcpy(ret->who.token_hash, pg_get_bytes(r, row, TOKEN_HASH).data, SESSION_HASH_BYTES);
    return true;
}

/* ---- use: what is remembered, and what is asked for */

/* Used once more: written now and then, and not worth an error. Until then this process goes by its own memory. */
static void session_touch(struct sessions *s, struct session *session, int64_t now)
{
    if (now - session->last_seen_at < s->api->cfg->session_idle_s * 1000000 / TOUCH_PARTS ||
        !waiters_writable(s->api->vault->waiters))
        return;
    session->last_seen_at = now;
    cache_put(s, session);
    struct touch *touch = calloc(1, sizeof(*touch));
    if (!touch)
        abort();
    touch->at = now;
    memcpy(touch->token_hash, session->who.token_hash, SESSION_HASH_BYTES);
    desk_submit(s->touches, &touch->job);
}

enum session_known sessions_known(struct sessions *s,
                                  const char *authorization,
                                  struct identity *ret,
                                  struct session_ask *ask)
{
    struct session session;
    int64_t now = time_now_us();
    if (!token_hash(authorization, ask->token_hash))
        return SESSION_NONE;
    if (!cache_find(s, ask->token_hash, &session) || !in_time(s, &session, now))
        return SESSION_UNKNOWN;
    session_touch(s, &session, now);
    *ret = session.who;
    return SESSION_VALID;
}

void sessions_ask(struct sessions *s, struct session_ask *ask)
{
    desk_submit(s->asks, &ask->job);
}

static void ask_answer(struct sessions *s, struct session_ask *ask, struct session *found)
{
    int64_t now = time_now_us();
    if (!found || !in_time(s, found, now)) {
        ask->job.code = no_session(&ask->job.err);
        return;
    }
    cache_put(s, found);
    session_touch(s, found, now);
    ask->who = found->who;
}

static enum err_code
asks_serve(void *arg, struct desk_job **batch, size_t n, struct arena *a, struct err *err)
{
    struct sessions *s = arg;
    const PGresult *r = NULL;
    struct session found;
    struct pg_param *hashes = ARENA_ARRAY(a, struct pg_param, n);
    bool *answered = ARENA_ARRAY(a, bool, n);
    for (size_t i = 0; i < n; i++)
        hashes[i] = hash_param(a, ((const struct session_ask *)batch[i])->token_hash);
    /* before the read: a change in between makes it stale */
    int64_t epoch = waiters_epoch(s->api->vault->waiters);
    TRY(valid_read(s, hashes, n, a, &r, err));
    for (int row = 0; valid_row(r, row, epoch, &found); row++)
        for (size_t i = 0; i < n; i++) {
            struct session_ask *ask = (struct session_ask *)batch[i];
            if (memcmp(ask->token_hash, found.who.token_hash, SESSION_HASH_BYTES) != 0)
                continue;
            ask_answer(s, ask, &found);
            answered[i] = true;
        }
    for (size_t i = 0; i < n; i++)
        if (!answered[i])
            ask_answer(s, (struct session_ask *)batch[i], NULL);
    return ERR_OK;
}

/* A row is updated once in a statement, so each session is named once: by its newest use, the last of the line. */
static enum err_code
touches_serve(void *arg, struct desk_job **batch, size_t n, struct arena *a, struct err *err)
{
    struct sessions *s = arg;
    struct pg_param *hashes = ARENA_ARRAY(a, struct pg_param, n);
    struct pg_param *times = ARENA_ARRAY(a, struct pg_param, n);
    size_t n_named = 0;
    for (size_t i = 0; i < n; i++) {
        const struct touch *t = (const struct touch *)batch[i];
        bool last = true;
        for (size_t k = i + 1; k < n && last; k++)
            last = memcmp(((const struct touch *)batch[k])->token_hash, t->token_hash,
                          SESSION_HASH_BYTES) != 0;
        if (!last)
            continue;
        hashes[n_named] = hash_param(a, t->token_hash);
        times[n_named++] = pg_p_time(a, t->at);
    }
    struct pg_param p[] = {
        pg_p_array(a, PG_BYTEA_ARRAY, hashes, n_named),
        pg_p_array(a, PG_TIMESTAMPTZ_ARRAY, times, n_named),
    };
    return db_exec(s->api->vault, api_sql(VAULT_SESSION_TOUCH), p, ARRAY_SIZE(p), NULL, err);
}

enum err_code sessions_open(struct api *api, struct sessions **ret, struct err *err)
{
    struct sessions *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    s->api = api;
    pthread_mutex_init(&s->lock, NULL);
    if (desk_open(NULL, asks_serve, s, &s->asks, err) != ERR_OK ||
        desk_open(NULL, touches_serve, s, &s->touches, err) != ERR_OK) {
        sessions_free(s);
        return err->code;
    }
    *ret = s;
    return ERR_OK;
}

void sessions_stop(struct sessions *s)
{
    desk_close(s->asks); /* first: it touches what it found */
    desk_close(s->touches);
}

void sessions_free(struct sessions *s)
{
    if (!s)
        return;
    sessions_stop(s);
    desk_free(s->asks);
    desk_free(s->touches);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

enum err_code sessions_live(struct sessions *s,
                            uint8_t (*hashes)[SESSION_HASH_BYTES],
                            size_t n,
                            bool *ret_live,
                            struct err *err)
{
    const PGresult *r = NULL;
    struct session found;
    int64_t now = time_now_us();
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct pg_param *list = ARENA_ARRAY(&a, struct pg_param, n);
    for (size_t i = 0; i < n; i++)
        list[i] = hash_param(&a, hashes[i]);
    TRY(valid_read(s, list, n, &a, &r, err));
    memset(ret_live, 0, n * sizeof(*ret_live));
    for (int row = 0; valid_row(r, row, 0, &found); row++)
        for (size_t i = 0; i < n; i++)
            ret_live[i] |= in_time(s, &found, now) &&
                           memcmp(hashes[i], found.who.token_hash, SESSION_HASH_BYTES) == 0;
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

/*
 * sessions.h - who is behind a token (V2): valid iff the user is active and the session's security
 * version is the user's. What was found is remembered as long as nothing of the vault's service has
 * changed since and its LISTEN connection is up; what is remembered only ever says yes: what seems over is read once more, since
 * another process may have seen the session used. Any thread, but for what asks PostgreSQL (create, revoke, keep, live): not those of
 * the HTTP server.
 */
#ifndef API_SESSIONS_H
#define API_SESSIONS_H

#include "api/desk.h"
#include "ops/runtime/uuid.h"

#define SESSION_TOKEN_BYTES 32
#define SESSION_TOKEN_TEXT  43 /* base64url without padding */
#define SESSION_HASH_BYTES  32
#define IDENTITY_ROLES_MAX  2

struct api;
struct sessions; /* opaque */

struct identity {
    struct uuid user_id;
    int roles[IDENTITY_ROLES_MAX]; /* enum role */
    size_t n_roles;
    uint8_t token_hash[SESSION_HASH_BYTES];
};

/* What is known of a user who logs in. */
struct session_owner {
    struct uuid user_id;
    int64_t security_version;
};

/* A session is asked for; lies in the request's arena. The vault's service must be there. */
struct session_ask {
    struct desk_job
        job; /* out: ERR_NOT_FOUND: no valid session (401). ERR_UNAVAILABLE: nobody can tell now (503) */
    uint8_t token_hash[SESSION_HASH_BYTES];
    struct identity who; /* out */
};

MUST_CHECK enum err_code sessions_open(struct api *api, struct sessions **ret, struct err *err);
/* Who waits, and who comes later, is refused with ERR_UNAVAILABLE. */
void sessions_stop(struct sessions *s);
void sessions_free(struct sessions *s); /* NULL ok; nobody uses it any more */

enum session_known { SESSION_VALID, SESSION_NONE, SESSION_UNKNOWN };
/* What is remembered of the session that the Authorization header (or NULL) names: VALID: *ret is filled in. NONE: it names none that
 * could be valid. UNKNOWN: it is to be asked for, with ask->token_hash filled in. */
MUST_CHECK enum session_known sessions_known(struct sessions *s,
                                             const char *authorization,
                                             struct identity *ret,
                                             struct session_ask *ask);
/* Resumes ask->job.request, parked before, when the answer is there. */
void sessions_ask(struct sessions *s, struct session_ask *ask);
/* Which of these go on? Asked of the vault, never remembered, and no use of a session: one that is used
 * for nothing else ends when it was idle for too long. ERR_UNAVAILABLE: nobody can tell now. */
MUST_CHECK enum err_code sessions_live(struct sessions *s,
                                       uint8_t (*hashes)[SESSION_HASH_BYTES],
                                       size_t n,
                                       bool *ret_live,
                                       struct err *err);
/* A new session; the token is told once and stored nowhere. */
MUST_CHECK enum err_code sessions_create(struct sessions *s,
                                         const struct session_owner *owner,
                                         char ret_token[SESSION_TOKEN_TEXT + 1],
                                         int64_t *ret_expires_at,
                                         struct err *err);
MUST_CHECK enum err_code
sessions_revoke(struct sessions *s, const struct identity *who, struct err *err);
/* After the user's own password change: this session goes on (all others have ended). */
MUST_CHECK enum err_code sessions_keep(struct sessions *s,
                                       const struct identity *who,
                                       int64_t security_version,
                                       struct err *err);

/* PostgreSQL's {client,freelancer} -> roles. What is not a role of ours is left out. */
void identity_roles_parse(const char *text, struct identity *ret);
bool identity_has_role(const struct identity *who, int role);

#endif

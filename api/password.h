/*
 * password.h - Argon2id in a pool of its own (RULES 35): never on an HTTP thread, never in a
 * transaction.
 */
#ifndef API_PASSWORD_H
#define API_PASSWORD_H

#include "api/pool.h"
#include "ops/runtime/config.h"

#define PASSWORD_MIN       8 /* characters */
#define PASSWORD_MAX       128
#define PASSWORD_QUEUE_MAX 256
#define PASSWORD_HASH_MAX  128 /* crypto_pwhash_STRBYTES */

struct passwords; /* opaque */

/* One piece of work; lies in the request's arena. */
struct password_job {
    struct pool_job pool; /* its request is the caller's to set, `refused` to look at */
    const struct passwords *passwords;
    const char *password;
    const char *other; /* to verify: another spelling that may be the one, or NULL */
    bool verify;       /* else make a hash */
    const char *hash;  /* to verify; NULL = there is none: takes the same time and fails */
    bool ok;           /* out: verified, or hashed */
    char made[PASSWORD_HASH_MAX];
};

/* Makes the hash that stands for unknown users, so it takes a moment. */
MUST_CHECK enum err_code
passwords_start(const struct config *cfg, struct passwords **ret, struct err *err);
/* What still queues, and what comes later, is resumed as refused. */
void passwords_stop(struct passwords *p);
void passwords_free(struct passwords *p); /* NULL ok; nobody uses it any more */
DEFINE_CLEANUP(struct passwords *, passwords_free);
/* The request, parked before, is resumed when the job is done or refused. */
void passwords_submit(struct passwords *p, struct password_job *job);

#endif

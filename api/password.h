/*
 * password.h - Argon2id in a pool of a few threads with a bounded queue (RULES 35): never on an
 * HTTP thread, never in a transaction.
 */
#ifndef API_PASSWORD_H
#define API_PASSWORD_H

#include "ops/runtime/config.h"

#define PASSWORD_MIN       8 /* characters */
#define PASSWORD_MAX       128
#define PASSWORD_QUEUE_MAX 256
#define PASSWORD_HASH_MAX  128 /* crypto_pwhash_STRBYTES */

struct passwords; /* opaque */
struct request;

/* One piece of work; lies in the request's arena. */
struct password_job {
    struct request *request; /* parked; resumed when it is done */
    const char *password;
    bool verify;      /* else make a hash */
    const char *hash; /* to verify; NULL = there is none: takes the same time and fails */
    bool ok;          /* out: verified, or hashed */
    bool refused;     /* out: not done: too much to do, or stopping */
    char made[PASSWORD_HASH_MAX];
    struct password_job *next;
};

/* Makes the hash that stands for unknown users, so it takes a moment. */
MUST_CHECK enum err_code
passwords_start(const struct config *cfg, struct passwords **ret, struct err *err);
/* What still queues, and what comes later, is resumed as refused. */
void passwords_stop(struct passwords *p);
void passwords_free(struct passwords *p); /* NULL ok; nobody uses it any more */
/* The request, parked before, is resumed when the job is done or refused. */
void passwords_submit(struct passwords *p, struct password_job *job);

#endif

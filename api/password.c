#include "api/password.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static_assert(PASSWORD_HASH_MAX == crypto_pwhash_STRBYTES, "the row has room for the hash");

struct passwords {
    unsigned long long passes;
    size_t memory;
    char nobody[crypto_pwhash_STRBYTES]; /* a hash of nothing that anybody knows, with today's
                                            parameters */
    struct pool *pool;
};

static bool make(const struct passwords *p, const char *password, char ret[crypto_pwhash_STRBYTES])
{
    return crypto_pwhash_str_alg(ret, password, strlen(password), p->passes, p->memory,
                                 crypto_pwhash_ALG_ARGON2ID13) == 0;
}

static bool verify(const char *hash, const char *password)
{
    return password && crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

static void work(struct pool_job *pool_job)
{
    struct password_job *job = (struct password_job *)pool_job;
    const struct passwords *p = job->passwords;
    const char *hash = job->hash ? job->hash : p->nobody;
    if (job->verify) /* as many hashes as there are spellings, whoever's: the time tells nothing */
        job->ok = (verify(hash, job->password) | verify(hash, job->other)) && job->hash;
    else
        job->ok = make(p, job->password, job->made);
}

enum err_code passwords_start(const struct config *cfg, struct passwords **ret, struct err *err)
{
    owned(passwords_free) struct passwords *p = calloc(1, sizeof(*p));
    if (!p)
        abort();
    p->passes = (unsigned long long)cfg->argon2_passes;
    p->memory = (size_t)cfg->argon2_memory_kib * 1024;
    char random[33], secret[16];
    randombytes_buf(secret, sizeof(secret));
    sodium_bin2hex(random, sizeof(random), (const uint8_t *)secret, sizeof(secret));
    if (!make(p, random, p->nobody))
        return err_set(err, ERR_INTERNAL, "no memory for a password hash");
    TRY(pool_start(cfg->argon2_threads, PASSWORD_QUEUE_MAX, &p->pool, err));
    *ret = STEAL(p);
    return ERR_OK;
}

void passwords_stop(struct passwords *p)
{
    pool_stop(p->pool);
}

void passwords_free(struct passwords *p)
{
    if (!p)
        return;
    pool_free(p->pool);
    free(p);
}

void passwords_submit(struct passwords *p, struct password_job *job)
{
    job->passwords = p;
    job->pool.work = work;
    pool_submit(p->pool, &job->pool);
}

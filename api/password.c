#include "api/password.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "api/request.h"

#define THREADS_MAX 16
static_assert(PASSWORD_HASH_MAX == crypto_pwhash_STRBYTES, "the row has room for the hash");

struct passwords {
    unsigned long long passes;
    size_t memory;
    char nobody[crypto_pwhash_STRBYTES]; /* a hash of nothing that anybody knows, with today's
                                            parameters */
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct password_job *head, **tail;
    size_t n;
    bool stop;
    pthread_t threads[THREADS_MAX];
    size_t n_threads;
};

static bool make(const struct passwords *p, const char *password, char ret[crypto_pwhash_STRBYTES])
{
    return crypto_pwhash_str_alg(ret, password, strlen(password), p->passes, p->memory,
                                 crypto_pwhash_ALG_ARGON2ID13) == 0;
}

static void work(const struct passwords *p, struct password_job *job)
{
    const char *hash = job->hash ? job->hash : p->nobody;
    if (job->verify)
        job->ok =
            crypto_pwhash_str_verify(hash, job->password, strlen(job->password)) == 0 && job->hash;
    else
        job->ok = make(p, job->password, job->made);
}

static struct password_job *take(struct passwords *p)
{
    struct password_job *job = p->head;
    p->head = job->next;
    if (!p->head)
        p->tail = &p->head;
    p->n--;
    return job;
}

static void refuse(struct password_job *job)
{
    job->refused = true;
    request_resume(job->request);
}

static void *passwords_main(void *arg)
{
    struct passwords *p = arg;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->head && !p->stop)
            pthread_cond_wait(&p->more, &p->lock);
        if (p->stop)
            break;
        struct password_job *job = take(p);
        pthread_mutex_unlock(&p->lock);
        work(p, job);
        request_resume(job->request);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

enum err_code passwords_start(const struct config *cfg, struct passwords **ret, struct err *err)
{
    struct passwords *p = calloc(1, sizeof(*p));
    if (!p)
        abort();
    p->passes = (unsigned long long)cfg->argon2_passes;
    p->memory = (size_t)cfg->argon2_memory_kib * 1024;
    p->tail = &p->head;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    char random[33], secret[16];
    randombytes_buf(secret, sizeof(secret));
    sodium_bin2hex(random, sizeof(random), (const uint8_t *)secret, sizeof(secret));
    bool ok = make(p, random, p->nobody);
    for (; ok && p->n_threads < (size_t)cfg->argon2_threads && p->n_threads < THREADS_MAX;
         p->n_threads++)
        ok = pthread_create(&p->threads[p->n_threads], NULL, passwords_main, p) == 0;
    if (!ok) {
        passwords_free(p);
        return err_set(err, ERR_INTERNAL, "cannot start the password threads");
    }
    *ret = p;
    return ERR_OK;
}

void passwords_stop(struct passwords *p)
{
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->more);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->n_threads; i++)
        pthread_join(p->threads[i], NULL);
    p->n_threads = 0;
    while (p->head)
        refuse(take(p));
}

void passwords_free(struct passwords *p)
{
    if (!p)
        return;
    passwords_stop(p);
    pthread_cond_destroy(&p->more);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

void passwords_submit(struct passwords *p, struct password_job *job)
{
    pthread_mutex_lock(&p->lock);
    bool room = p->n < PASSWORD_QUEUE_MAX && !p->stop;
    if (room) {
        *p->tail = job;
        p->tail = &job->next;
        p->n++;
        pthread_cond_signal(&p->more);
    }
    pthread_mutex_unlock(&p->lock);
    if (!room)
        refuse(job);
}

#include "ops/runtime/uuid.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>
#include <stdarg.h>

const struct uuid uuid_nil;
/* 4c7fc9ae-3cd1-4eaf-9980-b20853a89986 */
const struct uuid uuid_ns_hirelog = {
    {0x4c, 0x7f, 0xc9, 0xae, 0x3c, 0xd1, 0x4e, 0xaf, 0x99, 0x80, 0xb2, 0x08, 0x53, 0xa8, 0x99,
     0x86}
};

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return uuid_compare(a, b) == 0;
}

int uuid_compare(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->b, b->b, sizeof a->b);
}

bool uuid_is_nil(const struct uuid *u)
{
    return uuid_equal(u, &uuid_nil);
}

static bool dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

void uuid_format(const struct uuid *u, char ret[UUID_TEXT_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    size_t nibble = 0;
    for (size_t i = 0; i < UUID_TEXT_LEN; i++) {
        if (dash_at(i)) {
            ret[i] = '-';
            continue;
        }
        ret[i] = digits[(u->b[nibble / 2] >> (nibble % 2 ? 0 : 4)) & 0xf];
        nibble++;
    }
    ret[UUID_TEXT_LEN] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool uuid_parse(const char *text, struct uuid *ret)
{
    return uuid_parse_n(text, strlen(text), ret);
}

bool uuid_parse_n(const char *text, size_t len, struct uuid *ret)
{
    struct uuid u = {{0}};
    size_t nibble = 0;
    if (len != UUID_TEXT_LEN)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (dash_at(i)) {
            if (text[i] != '-')
                return false;
            continue;
        }
        int v = hex_value(text[i]);
        if (v < 0)
            return false;
        u.b[nibble / 2] = (uint8_t)(u.b[nibble / 2] << 4 | v);
        nibble++;
    }
    *ret = u;
    return true;
}

static void set_version(struct uuid *u, unsigned version)
{
    u->b[6] = (uint8_t)((u->b[6] & 0x0f) | version << 4);
    u->b[8] = (uint8_t)((u->b[8] & 0x3f) | 0x80);
}

static EVP_MD *sha1;

static void fetch_sha1(void)
{
    sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    assert(sha1);
}

static EVP_MD_CTX *v5_begin(const struct uuid *ns)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, fetch_sha1);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || !EVP_DigestInit_ex(ctx, sha1, NULL) || !EVP_DigestUpdate(ctx, ns->b, sizeof ns->b))
        abort(); /* out of memory */
    return ctx;
}

static void v5_add(EVP_MD_CTX *ctx, const void *data, size_t len)
{
    if (!EVP_DigestUpdate(ctx, data, len))
        abort();
}

static struct uuid v5_end(EVP_MD_CTX *ctx)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct uuid u;
    if (!EVP_DigestFinal_ex(ctx, digest, NULL))
        abort();
    EVP_MD_CTX_free(ctx);
    memcpy(u.b, digest, sizeof u.b);
    set_version(&u, 5);
    return u;
}

struct uuid uuid_v5(const struct uuid *ns, const void *name, size_t len)
{
    EVP_MD_CTX *ctx = v5_begin(ns);
    v5_add(ctx, name, len);
    return v5_end(ctx);
}

struct uuid uuid_v5_of(const char *first, ...)
{
    EVP_MD_CTX *ctx = v5_begin(&uuid_ns_hirelog);
    va_list parts;
    va_start(parts, first);
    for (const char *part = first; part; part = va_arg(parts, const char *)) {
        if (part != first)
            v5_add(ctx, "", 1);
        v5_add(ctx, part, strlen(part));
    }
    va_end(parts);
    return v5_end(ctx);
}

static void init_sodium(void)
{
    if (sodium_init() < 0)
        abort();
}

/*
 * RFC 9562 6.2 method 1: 48 bits of milliseconds, a 12-bit counter that starts at random in its
 * lower half, 62 random bits. A clock that stands or goes back keeps the last millisecond and
 * counts on.
 */
struct uuid uuid_v7(int64_t now_us)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static _Thread_local int64_t last_ms;
    static _Thread_local unsigned counter;
    struct uuid u;
    (void)pthread_once(&once, init_sodium);
    randombytes_buf(u.b, sizeof u.b);
    int64_t ms = now_us / 1000;
    if (ms <= last_ms && counter == 0xfff)
        ms = last_ms + 1;
    counter = ms > last_ms ? ((unsigned)u.b[6] << 8 | u.b[7]) & 0x7ff : counter + 1;
    last_ms = ms > last_ms ? ms : last_ms;
    for (int i = 0; i < 6; i++)
        u.b[i] = (uint8_t)(last_ms >> (40 - 8 * i));
    u.b[6] = (uint8_t)(counter >> 8);
    u.b[7] = (uint8_t)counter;
    set_version(&u, 7);
    return u;
}

#include "ops/runtime/uuid.h"

#include <assert.h>
#include <limits.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include "ops/runtime/strbuf.h"

const struct uuid uuid_nil;
/* Every derived id hangs on it. */
const struct uuid uuid_ns_hirelog = {
    {0x0b, 0x5c, 0x0a, 0x8e, 0x6e, 0x52, 0x5b, 0x0e, 0x9c, 0x59, 0x3d, 0x1f, 0x7a, 0x41, 0x6a,
     0x90}
};

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

int uuid_compare(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->b, b->b, sizeof(a->b));
}

bool uuid_is_nil(const struct uuid *u)
{
    return uuid_equal(u, &uuid_nil);
}

int uuid_version(const struct uuid *u)
{
    return u->b[6] >> 4;
}

static bool dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

void uuid_format(const struct uuid *u, char ret[UUID_TEXT_LEN + 1])
{
    static const char hex[] = "0123456789abcdef";
    char *p = ret;
    for (size_t i = 0; i < sizeof(u->b); i++) {
        if (dash_at((size_t)(p - ret)))
            *p++ = '-';
        *p++ = hex[u->b[i] >> 4];
        *p++ = hex[u->b[i] & 15];
    }
    *p = '\0';
}

/* What a digit is worth, and one more: every event has half a dozen ids to parse. 0 = none. */
static const uint8_t hex_worth[UCHAR_MAX + 1] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool uuid_parse_n(const char *text, size_t len, struct uuid *ret)
{
    struct uuid u;
    size_t n = 0;
    if (len != UUID_TEXT_LEN)
        return false;
    for (size_t i = 0; i < len;) {
        if (dash_at(i)) {
            if (text[i++] != '-')
                return false;
            continue;
        }
        uint8_t high = hex_worth[(uint8_t)text[i]];
        uint8_t low = hex_worth[(uint8_t)text[i + 1]];
        if (!high || !low)
            return false;
        u.b[n++] = (uint8_t)((high - 1) << 4 | (low - 1));
        i += 2;
    }
    *ret = u;
    return true;
}

bool uuid_parse(const char *text, struct uuid *ret)
{
    return uuid_parse_n(text, strlen(text), ret);
}

static void set_version(struct uuid *u, int version)
{
    u->b[6] = (uint8_t)((u->b[6] & 0x0f) | version << 4);
    u->b[8] = (uint8_t)((u->b[8] & 0x3f) | 0x80);
}

struct uuid uuid_v5(const struct uuid *ns, const void *name, size_t len)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct uuid u;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) &&
             EVP_DigestUpdate(ctx, ns->b, sizeof(ns->b)) && EVP_DigestUpdate(ctx, name, len) &&
             EVP_DigestFinal_ex(ctx, digest, NULL);
    assert(ok);
    EVP_MD_CTX_free(ctx);
    memcpy(u.b, digest, sizeof(u.b));
    set_version(&u, 5);
    return u;
}

struct uuid uuid_v5_of(const char *first, ...)
{
    struct strbuf name;
    va_list ap;
    strbuf_init(&name);
    strbuf_adds(&name, first);
    va_start(ap, first);
    for (const char *part = va_arg(ap, const char *); part; part = va_arg(ap, const char *)) {
        strbuf_addc(&name, '\0');
        strbuf_adds(&name, part);
    }
    va_end(ap);
    struct uuid u = uuid_v5(&uuid_ns_hirelog, name.data, name.len);
    strbuf_release(&name);
    return u;
}

/* One call of the kernel for 16 ids: 256 bytes are what it gives at once. Not for secrets, as what is left stays in
 * memory; nor after a fork. */
static void random_block_take(uint8_t ret[16])
{
    static _Thread_local uint8_t block[16][16];
    static _Thread_local size_t n_left;
    if (n_left == 0) {
        randombytes_buf(block, sizeof(block));
        n_left = ARRAY_SIZE(block);
    }
    memcpy(ret, block[--n_left], sizeof(block[0]));
}

/* RFC 9562 6.2 method 1: within one millisecond rand_a counts up, so that a thread's ids sort in
 * the order they were made. */
struct uuid uuid_v7(int64_t now_us)
{
    static _Thread_local int64_t last_ms;
    static _Thread_local unsigned counter;
    struct uuid u;
    int64_t ms = now_us / 1000;
    random_block_take(u.b);
    if (ms > last_ms) {
        last_ms = ms;
        counter = u.b[6] & 0x07U;
    } else if (++counter > 0x0fff) {
        last_ms++;
        counter = 0;
    }
    for (int i = 0; i < 6; i++)
        u.b[i] = (uint8_t)(last_ms >> (40 - 8 * i));
    u.b[6] = (uint8_t)(counter >> 8);
    u.b[7] = (uint8_t)counter;
    set_version(&u, 7);
    return u;
}

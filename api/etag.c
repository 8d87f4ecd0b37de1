#include "api/etag.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

char *etag_version(struct arena *a, int64_t version)
{
    return arena_printf(a, "\"%" PRId64 "\"", version);
}

#define HASH_TEXT_LEN (2 * crypto_shorthash_BYTES)

static void hash_text(struct bytes body, char ret[HASH_TEXT_LEN + 1])
{
    static const uint8_t key[crypto_shorthash_KEYBYTES] =
        "hirelog pages"; /* no secret: two processes must agree */
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, body.data, body.len, key);
    sodium_bin2hex(ret, HASH_TEXT_LEN + 1, hash, sizeof(hash));
}

char *etag_hash(struct arena *a, struct bytes body)
{
    char hex[HASH_TEXT_LEN + 1];
    hash_text(body, hex);
    return arena_printf(a, "\"b-%s\"", hex);
}

char *etag_summed(struct arena *a, int64_t version, struct bytes body)
{
    char hex[HASH_TEXT_LEN + 1];
    hash_text(body, hex);
    return arena_printf(a, "\"%" PRId64 "-%s\"", version, hex);
}

/* The tag at *at: moves behind it. ret = opaque part. False: not a tag. */
static bool tag_next(const char **at, bool *ret_weak, struct bytes *ret)
{
    const char *p = *at;
    *ret_weak = strncmp(p, "W/", 2) == 0;
    p += *ret_weak ? 2 : 0;
    if (*p != '"')
        return false;
    size_t len = strcspn(p + 1, "\"");
    if (p[1 + len] != '"')
        return false;
    *ret = (struct bytes){(const uint8_t *)p + 1, len};
    *at = p + len + 2;
    return true;
}

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t");
}

/* Without the hash of a summed one. */
static struct bytes version_part(struct bytes tag)
{
    const uint8_t *dash = memchr(tag.data, '-', tag.len);
    size_t len = dash ? (size_t)(dash - tag.data) : tag.len;
    bool summed = dash && tag.len - len == 1 + HASH_TEXT_LEN;
    for (size_t i = len + 1; summed && i < tag.len; i++)
        summed = tag.data[i] && strchr("0123456789abcdef", tag.data[i]);
    return summed ? (struct bytes){tag.data, len} : tag;
}

/* Digits without leading zero that fit an int64. */
static bool version_parse(struct bytes tag, int64_t *ret)
{
    int64_t v = 0;
    if (tag.len == 0 || tag.len > 18 || (tag.data[0] == '0' && tag.len > 1))
        return false;
    for (size_t i = 0; i < tag.len; i++) {
        if (tag.data[i] < '0' || tag.data[i] > '9')
            return false;
        v = v * 10 + (tag.data[i] - '0');
    }
    *ret = v;
    return true;
}

/* The next tag of a list, empty elements passed over. False: the list is over, or broken: *at tells. */
static bool list_next(const char **at, bool *ret_weak, struct bytes *ret)
{
    *at += strspn(*at, " \t,");
    if (**at == '\0' || !tag_next(at, ret_weak, ret))
        return false;
    *at = skip_space(*at);
    return **at == ',' || **at == '\0';
}

static bool is_asterisk(const char *header)
{
    const char *p = skip_space(header);
    return *p == '*' && *skip_space(p + 1) == '\0';
}

enum etag_condition etag_if_match(const char *header, int64_t *ret_version)
{
    enum etag_condition result = ETAG_NEVER;
    bool weak, any = false;
    int64_t version, found = 0;
    struct bytes tag;
    if (!header || is_asterisk(header))
        return ETAG_NONE;
    const char *p = header;
    for (; list_next(&p, &weak, &tag); any = true) {
        if (weak || !version_parse(version_part(tag), &version))
            continue;
        if (result == ETAG_VERSION && version != found)
            return ETAG_MALFORMED;
        result = ETAG_VERSION;
        found = version;
    }
    if (*p != '\0' || !any)
        return ETAG_MALFORMED;
    if (result == ETAG_VERSION)
        *ret_version = found;
    return result;
}

static bool list_hits(const char *header, const char *etag, bool weakly)
{
    bool weak;
    struct bytes tag;
    if (is_asterisk(header))
        return true;
    for (const char *p = header; list_next(&p, &weak, &tag);)
        if ((weakly || !weak) && tag.len + 2 == strlen(etag) &&
            memcmp(tag.data, etag + 1, tag.len) == 0)
            return true;
    return false;
}

bool etag_match_hits(const char *header, const char *etag)
{
    return list_hits(header, etag, false);
}

bool etag_none_match_hits(const char *header, const char *etag)
{
    return header && list_hits(header, etag, true);
}

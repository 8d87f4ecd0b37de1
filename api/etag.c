#include "api/etag.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

char *etag_version(struct arena *a, int64_t version)
{
    return arena_printf(a, "\"%" PRId64 "\"", version);
}

char *etag_hash(struct arena *a, struct bytes body)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES] =
        "hirelog pages"; /* no secret: two processes must agree */
    uint8_t hash[crypto_shorthash_BYTES];
    char hex[2 * sizeof(hash) + 1];
    crypto_shorthash(hash, body.data, body.len, key);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    return arena_printf(a, "\"b-%s\"", hex);
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

enum etag_condition etag_if_match(const char *header, int64_t *ret_version)
{
    if (!header)
        return ETAG_NONE;
    const char *p = skip_space(header);
    if (*p == '*')
        return *skip_space(p + 1) == '\0' ? ETAG_NONE : ETAG_MALFORMED;
    bool weak;
    struct bytes tag;
    if (!tag_next(&p, &weak, &tag) || *skip_space(p) != '\0')
        return ETAG_MALFORMED;
    return !weak && version_parse(tag, ret_version) ? ETAG_VERSION : ETAG_NEVER;
}

bool etag_none_match_hits(const char *header, const char *etag)
{
    if (!header)
        return false;
    const char *p = skip_space(header);
    if (*p == '*')
        return true;
    bool weak;
    struct bytes tag;
    while (tag_next(&p, &weak, &tag)) {
        if (tag.len + 2 == strlen(etag) && memcmp(tag.data, etag + 1, tag.len) == 0)
            return true;
        p = skip_space(p);
        if (*p != ',')
            return false;
        p = skip_space(p + 1);
    }
    return false;
}

#include "api/cursor.h"

#include <sodium.h>
#include <string.h>

/* The first byte: lets the form change without misreading old ones. */
enum form { FORM_PLAIN = 1, FORM_RANKED = 2 };
#define PLAIN_BYTES  26
#define RANKED_BYTES 34 /* the rank behind the rest */
#define CURSOR_TIME_MAX \
    253402300800000000 /* the year 10000: what PostgreSQL takes without an error */

static void put(uint8_t *at, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(v >> (56 - 8 * i));
}

static uint64_t get(const uint8_t *at)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | at[i];
    return v;
}

char *cursor_format(struct arena *a, const struct cursor *c)
{
    uint8_t raw[RANKED_BYTES] = {c->ranked ? FORM_RANKED : FORM_PLAIN, c->backward};
    size_t len = c->ranked ? RANKED_BYTES : PLAIN_BYTES;
    put(raw + 2, (uint64_t)c->created_at);
    memcpy(raw + 10, c->id.b, sizeof(c->id.b));
    put(raw + PLAIN_BYTES, (uint64_t)c->rank);
    size_t size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return sodium_bin2base64(arena_alloc(a, size), size, raw, len,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool cursor_parse(const char *text, struct cursor *ret)
{
    uint8_t raw[RANKED_BYTES];
    size_t len = 0;
    if (sodium_base642bin(raw, sizeof(raw), text, strlen(text), NULL, &len, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        (len != PLAIN_BYTES && len != RANKED_BYTES) || raw[1] > 1)
        return false;
    bool ranked = len == RANKED_BYTES;
    if (raw[0] != (ranked ? FORM_RANKED : FORM_PLAIN) || get(raw + 2) >= CURSOR_TIME_MAX)
        return false;
    *ret = (struct cursor){
        .created_at = (int64_t)get(raw + 2),
        .backward = raw[1] == 1,
        .ranked = ranked,
        .rank = ranked ? (int64_t)get(raw + PLAIN_BYTES) : 0,
    };
    memcpy(ret->id.b, raw + 10, sizeof(ret->id.b));
    return true;
}

#include "api/cursor.h"

#include <sodium.h>
#include <string.h>

#define CURSOR_FORM  1 /* first byte: lets the form change without misreading old ones */
#define CURSOR_BYTES 26
#define CURSOR_TIME_MAX \
    253402300800000000 /* the year 10000: what PostgreSQL takes without an error */

char *cursor_format(struct arena *a, const struct cursor *c)
{
    uint8_t raw[CURSOR_BYTES] = {CURSOR_FORM, c->backward};
    for (int i = 0; i < 8; i++)
        raw[2 + i] = (uint8_t)((uint64_t)c->created_at >> (56 - 8 * i));
    memcpy(raw + 10, c->id.b, sizeof(c->id.b));
    size_t size = sodium_base64_ENCODED_LEN(CURSOR_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return sodium_bin2base64(arena_alloc(a, size), size, raw, sizeof(raw),
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool cursor_parse(const char *text, struct cursor *ret)
{
    uint8_t raw[CURSOR_BYTES];
    size_t len = 0;
    if (sodium_base642bin(raw, sizeof(raw), text, strlen(text), NULL, &len, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        len != CURSOR_BYTES || raw[0] != CURSOR_FORM || raw[1] > 1)
        return false;
    uint64_t at = 0;
    for (int i = 0; i < 8; i++)
        at = at << 8 | raw[2 + i];
    if (at >= CURSOR_TIME_MAX)
        return false;
    ret->created_at = (int64_t)at;
    ret->backward = raw[1] == 1;
    memcpy(ret->id.b, raw + 10, sizeof(ret->id.b));
    return true;
}

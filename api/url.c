#include "api/url.h"

#include <ctype.h>
#include <string.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Length of the well-formed sequence at s, 0 when there is none (RFC 3629, no surrogates, no
 * overlong forms). */
static size_t utf8_sequence(const uint8_t *s, size_t len)
{
    static const struct {
        uint8_t first, last, low, high;
        size_t n;
    } forms[] = {
        {0x00, 0x7f, 0x80, 0xbf, 1},
        {0xc2, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3},
        {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        if (s[0] < forms[i].first || s[0] > forms[i].last)
            continue;
        if (forms[i].n > len || (forms[i].n > 1 && (s[1] < forms[i].low || s[1] > forms[i].high)))
            return 0;
        for (size_t k = 2; k < forms[i].n; k++)
            if ((s[k] & 0xc0) != 0x80)
                return 0;
        return forms[i].n;
    }
    return 0;
}

bool utf8_valid(const char *text, size_t len)
{
    const uint8_t *s = (const uint8_t *)text;
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_sequence(s + i, len - i);
        if (n == 0)
            return false;
    }
    return true;
}

size_t utf8_length(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((uint8_t)*text & 0xc0) != 0x80;
    return n;
}

char *url_decode(struct arena *a, const char *text, size_t len, bool plus)
{
    char *out = arena_alloc(a, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            if (len - i < 3 || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0)
                return NULL;
            c = (char)(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == '\0')
            return NULL;
        out[n++] = c;
    }
    out[n] = '\0';
    return utf8_valid(out, n) ? out : NULL;
}

char *url_encode(struct arena *a, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = arena_alloc(a, strlen(text) * 3 + 1);
    char *p = out;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (isalnum(c) || strchr("-._~", c)) {
            *p++ = (char)c;
        } else {
            *p++ = '%';
            *p++ = hex[c >> 4];
            *p++ = hex[c & 15];
        }
    }
    *p = '\0';
    return out;
}

static bool param_parse(const char *text, size_t len, struct arena *a, struct url_param *ret)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals ? (size_t)(equals - text) : len;
    ret->name = url_decode(a, text, name_len, true);
    ret->value = equals ? url_decode(a, equals + 1, len - name_len - 1, true) : "";
    return ret->name && ret->value;
}

bool url_parse(const char *target, struct arena *a, struct url *ret)
{
    const char *question = strchr(target, '?');
    ret->n_params = 0;
    ret->path = question ? arena_strndup(a, target, (size_t)(question - target)) : target;
    for (const char *p = question ? question + 1 : ""; *p;) {
        size_t len = strcspn(p, "&");
        if (len > 0) {
            if (ret->n_params == URL_PARAMS_MAX ||
                !param_parse(p, len, a, &ret->params[ret->n_params]))
                return false;
            ret->n_params++;
        }
        p += len + (p[len] == '&');
    }
    return true;
}

const char *url_param(const struct url *u, const char *name)
{
    for (size_t i = 0; i < u->n_params; i++)
        if (strcmp(u->params[i].name, name) == 0)
            return u->params[i].value;
    return NULL;
}

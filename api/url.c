#include "api/url.h"

#include <ctype.h>
#include <string.h>

#include "schemas/text.h"

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
    return text_is_clean(out, n) ? out : NULL;
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

static bool unreserved(int c)
{
    return c > 0 && c < 0x80 && (isalnum(c) || strchr("-._~", c));
}

/* RFC 3986 6.2.2: an escaped character that needs no escape stands for itself, and the digits of
 * the other escapes are capitals. A repeated slash is one. */
static const char *path_canonical(const char *text, size_t len, struct arena *a)
{
    char *out = arena_alloc(a, len + 1), *p = out;
    for (size_t i = 0; i < len; i++) {
        bool escape = text[i] == '%' && len - i >= 3 && hex_value(text[i + 1]) >= 0 &&
                      hex_value(text[i + 2]) >= 0;
        int c = escape ? hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]) : text[i];
        if (escape && !unreserved(c)) {
            *p++ = '%';
            *p++ = (char)toupper((unsigned char)text[i + 1]);
            *p++ = (char)toupper((unsigned char)text[i + 2]);
        } else if (c != '/' || p == out || p[-1] != '/') {
            *p++ = (char)c;
        }
        i += escape ? 2 : 0;
    }
    *p = '\0';
    return out;
}

bool url_parse(const char *target, struct arena *a, struct url *ret)
{
    const char *question = strchr(target, '?');
    ret->n_params = 0;
    ret->path = path_canonical(target, question ? (size_t)(question - target) : strlen(target), a);
    if (!url_decode(a, ret->path, strlen(ret->path), false))
        return false;
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

#include "ops/runtime/strbuf.h"

#include <assert.h>
#include <stdarg.h>

void strbuf_init(struct strbuf *s)
{
    *s = (struct strbuf){0};
}

void strbuf_release(struct strbuf *s)
{
    free(s->data);
    strbuf_init(s);
}

void strbuf_clear(struct strbuf *s)
{
    s->len = 0;
    if (s->data)
        s->data[0] = '\0';
}

static void reserve(struct strbuf *s, size_t more)
{
    assert(more < SIZE_MAX / 4 && s->len < SIZE_MAX / 4);
    size_t need = s->len + more + 1;
    if (need <= s->cap)
        return;
    size_t cap = s->cap ? s->cap : 64;
    while (cap < need)
        cap *= 2;
    s->data = realloc(s->data, cap);
    if (!s->data)
        abort();
    s->cap = cap;
}

void strbuf_add(struct strbuf *s, const void *data, size_t len)
{
    reserve(s, len);
    if (len)
        memcpy(s->data + s->len, data, len);
    s->len += len;
    s->data[s->len] = '\0';
}

void strbuf_adds(struct strbuf *s, const char *cstr)
{
    strbuf_add(s, cstr, strlen(cstr));
}

void strbuf_addc(struct strbuf *s, char c)
{
    strbuf_add(s, &c, 1);
}

void strbuf_addf(struct strbuf *s, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(len >= 0);
    reserve(s, (size_t)len);
    (void)vsnprintf(s->data + s->len, (size_t)len + 1, fmt, again);
    va_end(again);
    s->len += (size_t)len;
}

/* Length of the well-formed UTF-8 sequence at p (RFC 3629: no overlong forms, no surrogates); 0 =
 * not one. */
static size_t utf8_sequence(const unsigned char *p)
{
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xc2 && p[0] < 0xe0   ? 2
                 : (p[0] & 0xf0) == 0xe0       ? 3
                 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                               : 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80) /* the terminating NUL stops here */
            return 0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool beyond = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
    return len && (overlong || beyond) ? 0 : len;
}

static void add_json_char(struct strbuf *s, char c)
{
    static const char escapes[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    unsigned char u = (unsigned char)c;
    if (c == '"' || c == '\\')
        strbuf_addf(s, "\\%c", c);
    else if (u < 0x20 && escapes[u])
        strbuf_addf(s, "\\%c", escapes[u]);
    else if (u < 0x20 || u == 0x7f)
        strbuf_addf(s, "\\u%04x", (unsigned)u);
    else
        strbuf_addc(s, c);
}

void strbuf_add_json(struct strbuf *s, const char *cstr)
{
    const unsigned char *p = (const unsigned char *)cstr;
    strbuf_addc(s, '"');
    while (*p) {
        size_t len = utf8_sequence(p);
        if (len > 1)
            strbuf_add(s, p, len);
        else if (len == 1)
            add_json_char(s, (char)*p);
        else
            strbuf_adds(s, "\xef\xbf\xbd"); /* U+FFFD: the output must stay JSON whatever came in */
        p += len ? len : 1;
    }
    strbuf_addc(s, '"');
}

const char *strbuf_cstr(const struct strbuf *s)
{
    return s->data ? s->data : "";
}

#include "ops/runtime/strbuf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    va_list ap;
    va_list again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    assert(n >= 0);
    reserve(s, (size_t)n);
    vsnprintf(s->data + s->len, (size_t)n + 1, fmt, again);
    va_end(again);
    s->len += (size_t)n;
}

void strbuf_add_json(struct strbuf *s, const char *cstr)
{
    strbuf_addc(s, '"');
    for (const char *p = cstr; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\')
            strbuf_addf(s, "\\%c", c);
        else if (c < 0x20)
            strbuf_addf(s, "\\u%04x", c);
        else
            strbuf_addc(s, *p);
    }
    strbuf_addc(s, '"');
}

const char *strbuf_cstr(const struct strbuf *s)
{
    return s->data ? s->data : "";
}

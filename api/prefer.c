#include "api/prefer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct span {
    const char *s;
    size_t len;
};

static struct span trimmed(const char *s, size_t len)
{
    while (len > 0 && (*s == ' ' || *s == '\t'))
        s++, len--;
    while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
        len--;
    return (struct span){s, len};
}

static bool is(struct span t, const char *word)
{
    return t.len == strlen(word) && strncasecmp(t.s, word, t.len) == 0;
}

/* Seconds in digits, with or without quotes; -1 when it is anything else. Cut at max. */
static int64_t seconds(struct span v, int64_t max)
{
    if (v.len >= 2 && v.s[0] == '"' && v.s[v.len - 1] == '"')
        v = (struct span){v.s + 1, v.len - 2};
    int64_t n = 0;
    for (size_t i = 0; i < v.len; i++) {
        if (v.s[i] < '0' || v.s[i] > '9')
            return -1;
        n = n * 10 + (v.s[i] - '0');
        n = n > max ? max : n;
    }
    return v.len == 0 ? -1 : n;
}

static void preference(struct prefer *p, struct span item, int64_t wait_max_s)
{
    const char *semicolon = memchr(item.s, ';', item.len);
    if (semicolon)
        item = trimmed(item.s, (size_t)(semicolon - item.s));
    const char *equals = memchr(item.s, '=', item.len);
    size_t name_len = equals ? (size_t)(equals - item.s) : item.len;
    struct span name = trimmed(item.s, name_len);
    if (is(name, "respond-async")) {
        p->respond_async = true;
    } else if (is(name, "wait") && equals && !p->has_wait) { /* the first one counts */
        int64_t s = seconds(trimmed(equals + 1, item.len - name_len - 1), wait_max_s);
        p->has_wait = s >= 0;
        p->wait_s = s >= 0 ? s : p->wait_s;
    }
}

struct prefer prefer_parse(const char *header, int64_t wait_default_s, int64_t wait_max_s)
{
    struct prefer p = {.wait_s = wait_default_s};
    for (const char *at = header ? header : ""; *at;) {
        size_t len = strcspn(at, ",");
        preference(&p, trimmed(at, len), wait_max_s);
        at += len + (at[len] == ',');
    }
    if (p.respond_async && !p.has_wait)
        p.wait_s = 0;
    return p;
}

bool prefer_applied(const struct prefer *p, char ret[PREFER_APPLIED_MAX])
{
    if (!p->respond_async && !p->has_wait)
        return false;
    int n = snprintf(ret, PREFER_APPLIED_MAX, "%s", p->respond_async ? "respond-async" : "");
    if (p->has_wait)
        (void)snprintf(ret + n, PREFER_APPLIED_MAX - (size_t)n, "%swait=%lld", n ? ", " : "",
                       (long long)p->wait_s);
    return true;
}

#include "api/prefer.h"

#include <stdio.h>
#include <string.h>

#include "api/field_list.h"

/* Seconds in digits, with or without quotes; -1 when it is anything else. Cut at max. */
static int64_t seconds(struct field_part v, int64_t max)
{
    int64_t n = 0;
    v = field_part_unquoted(v);
    for (size_t i = 0; i < v.len; i++) {
        if (v.s[i] < '0' || v.s[i] > '9')
            return -1;
        n = n * 10 + (v.s[i] - '0');
        n = n > max ? max : n;
    }
    return v.len == 0 ? -1 : n;
}

/* Its parameters, behind semicolons, mean nothing to us. */
static void preference(struct prefer *p, struct field_part element, int64_t wait_max_s)
{
    struct field_part first, name, value;
    if (!field_part_next(&element, ';', &first))
        return;
    field_part_split(first, &name, &value);
    if (field_part_is(name, "respond-async")) {
        p->respond_async = true;
    } else if (field_part_is(name, "wait") && !p->has_wait) { /* the first one counts */
        int64_t s = seconds(value, wait_max_s);
        p->has_wait = s >= 0;
        p->wait_s = s >= 0 ? s : p->wait_s;
    }
}

struct prefer prefer_parse(const char *header, int64_t wait_default_s, int64_t wait_max_s)
{
    struct prefer p = {.wait_s = wait_default_s};
    struct field_part rest = {header, header ? strlen(header) : 0}, element;
    while (field_part_next(&rest, ',', &element))
        preference(&p, element, wait_max_s);
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

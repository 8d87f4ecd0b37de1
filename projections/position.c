/* Positions "service/partition:offset,..." (query.h). */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "projections/query.h"

static bool read_number(const char **s, int64_t *ret)
{
    if (!isdigit((unsigned char)**s))
        return false;
    char *end;
    errno = 0;
    *ret = strtoll(*s, &end, 10);
    *s = end;
    return errno == 0;
}

bool position_next(const char **s, struct position_entry *ret)
{
    const char *p = *s;
    ret->service = p;
    while (islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_')
        p++;
    ret->service_len = (size_t)(p - ret->service);
    if (ret->service_len == 0 || *p++ != '/' || !read_number(&p, &ret->partition) || *p++ != ':' ||
        !read_number(&p, &ret->offset))
        return false;
    size_t gap = *p == ',' ? 1 + strspn(p + 1, " ") : 0;
    if (*p && (gap == 0 || !p[gap]))
        return false;
    *s = p + gap;
    return true;
}

enum err_code position_check(const char *text, struct err *err)
{
    struct position_entry e;
    const char *s = text;
    while (*s)
        if (!position_next(&s, &e))
            return err_set(err, ERR_INVALID, "not of the form service/partition:offset,...");
    return s == text ? err_set(err, ERR_INVALID, "empty position") : ERR_OK;
}

bool position_find(const char *position, const char *service, int32_t partition, int64_t *ret)
{
    struct position_entry e;
    while (position_next(&position, &e))
        if (e.service_len == strlen(service) && e.partition == partition &&
            memcmp(e.service, service, e.service_len) == 0) {
            *ret = e.offset;
            return true;
        }
    return false;
}

static bool passed(const char *position, const struct position_entry *e)
{
    struct position_entry have;
    while (position_next(&position, &have))
        if (have.service_len == e->service_len && have.partition == e->partition &&
            memcmp(have.service, e->service, e->service_len) == 0)
            return have.offset >= e->offset;
    return false;
}

bool position_covers(const struct query *q, const char *position, const char *after)
{
    struct position_entry e;
    while (position_next(&after, &e))
        if (query_reads(q, e.service, e.service_len) && !passed(position, &e))
            return false;
    return true;
}

#include "api/feed_position.h"

#include <inttypes.h>
#include <string.h>

#define OFFSET_DIGITS_MAX 18

/* Digits up to `after`, or to the end; moves *at behind them. */
static bool number(const char **at, size_t digits_max, int64_t *ret)
{
    size_t n = strspn(*at, "0123456789");
    if (n == 0 || n > digits_max)
        return false;
    *ret = strtoll(*at, NULL, 10);
    *at += n;
    return true;
}

static bool word(const char **at, const char *expected)
{
    size_t n = strlen(expected);
    if (strncmp(*at, expected, n) != 0)
        return false;
    *at += n;
    return true;
}

static enum err_code
one(const char **at, const char *service, int32_t n, int64_t *ret, struct err *err)
{
    int64_t partition, offset;
    if (!word(at, service) || !word(at, "/"))
        return err_set(err, ERR_INVALID, "not a position of %s", service);
    if (!number(at, 9, &partition) || !word(at, ":") || !number(at, OFFSET_DIGITS_MAX, &offset))
        return err_set(err, ERR_INVALID, "not of the form %s/0:17,...", service);
    if (partition >= n)
        return err_set(err, ERR_INVALID, "%s has no partition %" PRId64, service, partition);
    if (ret[partition] != FEED_FROM_NOW)
        return err_set(err, ERR_INVALID, "partition %" PRId64 " is there twice", partition);
    ret[partition] = offset;
    return ERR_OK;
}

enum err_code
feed_position_parse(const char *text, const char *service, int32_t n, int64_t *ret, struct err *err)
{
    bool beginning = strcmp(text, "beginning") == 0;
    for (int32_t p = 0; p < n; p++)
        ret[p] = beginning ? FEED_FROM_BEGINNING : FEED_FROM_NOW;
    if (beginning)
        return ERR_OK;
    const char *at = text;
    do {
        at += strspn(at, " ");
        TRY(one(&at, service, n, ret, err));
    } while (word(&at, ","));
    return *at == '\0' ? ERR_OK : err_set(err, ERR_INVALID, "not of the form %s/0:17,...", service);
}

void feed_position_print(const char *service, const int64_t *next, int32_t n, struct strbuf *out)
{
    for (int32_t p = 0; p < n; p++)
        strbuf_addf(out, "%s%s/%d:%" PRId64, p ? "," : "", service, (int)p, next[p]);
}

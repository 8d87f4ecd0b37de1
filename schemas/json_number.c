#include "schemas/json_number.h"

#include <string.h>

#define DIGITS_MAX   18     /* of a number that is rewritten: always an int64 */
#define EXPONENT_MAX 100000 /* more is as much */

/* A number's parts, by the grammar of RFC 8259. */
struct number {
    bool negative, plain; /* plain: neither fraction nor exponent */
    const char *whole, *fraction;
    size_t n_whole, n_fraction;
    long exponent;
    size_t len;
};

static size_t digits(const char *p, const char *end)
{
    size_t n = 0;
    while (p + n < end && p[n] >= '0' && p[n] <= '9')
        n++;
    return n;
}

/* False: not well-formed. */
static bool exponent_read(const char **at, const char *end, struct number *n)
{
    const char *p = *at + 1;
    bool negative = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    size_t len = digits(p, end);
    for (size_t i = 0; i < len; i++)
        if (n->exponent < EXPONENT_MAX)
            n->exponent = n->exponent * 10 + (p[i] - '0');
    n->exponent = negative ? -n->exponent : n->exponent;
    *at = p + len;
    return len > 0;
}

static bool number_read(const char *text, const char *end, struct number *n)
{
    const char *p = text;
    *n = (struct number){.negative = *p == '-', .plain = true};
    p += n->negative;
    n->whole = p;
    n->n_whole = digits(p, end);
    p += n->n_whole;
    if (n->n_whole == 0 || (n->n_whole > 1 && n->whole[0] == '0'))
        return false;
    if (p < end && *p == '.') {
        n->plain = false;
        n->fraction = p + 1;
        n->n_fraction = digits(p + 1, end);
        p += 1 + n->n_fraction;
        if (n->n_fraction == 0)
            return false;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        n->plain = false;
        if (!exponent_read(&p, end, n))
            return false;
    }
    n->len = (size_t)(p - text);
    return true;
}

static char digit_at(const struct number *n, size_t i)
{
    return i < n->n_whole ? n->whole[i] : n->fraction[i - n->n_whole];
}

/* The digits of an integer, with its sign. 0 = it is none, or too long. */
static size_t number_plain(const struct number *n, char ret[DIGITS_MAX + 1])
{
    size_t first = 0, last = n->n_whole + n->n_fraction, len = 0;
    while (first < last && digit_at(n, first) == '0')
        first++;
    while (last > first && digit_at(n, last - 1) == '0')
        last--;
    if (first == last) {
        ret[0] = '0';
        return 1;
    }
    long point = (long)n->n_whole + n->exponent; /* digits before it */
    if (point < (long)last || point - (long)first > DIGITS_MAX)
        return 0;
    if (n->negative)
        ret[len++] = '-';
    for (long i = (long)first; i < point; i++)
        ret[len++] = i < (long)last ? digit_at(n, (size_t)i) : '0';
    return len;
}

static size_t string_length(const char *p, const char *end)
{
    const char *at = p + 1;
    while (at < end && *at != '"')
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    return (size_t)((at < end ? at + 1 : end) - p);
}

/* A number that is not plain has one of these outside a string; most bodies have none. */
static bool has_candidate(struct bytes text)
{
    const char *p = (const char *)text.data, *end = p + text.len;
    while (p < end) {
        if (*p == '"')
            p += string_length(p, end);
        else if ((*p == '.' || *p == 'e' || *p == 'E') && p > (const char *)text.data &&
                 p[-1] >= '0' && p[-1] <= '9')
            return true;
        else
            p++;
    }
    return false;
}

struct bytes json_numbers_plain(struct bytes text, struct arena *a)
{
    if (text.len == 0 || !has_candidate(text))
        return text;
    const char *p = (const char *)text.data, *end = p + text.len;
    /* "1e9" becomes the longest: 3 bytes to 10, and 18 digits need 4 */
    char *out = arena_alloc(a, text.len * (DIGITS_MAX + 1) / 3 + DIGITS_MAX), *at = out;
    while (p < end) {
        struct number n;
        char plain[DIGITS_MAX + 1];
        size_t take = *p == '"' ? string_length(p, end) : 1, len = 0;
        if ((*p == '-' || (*p >= '0' && *p <= '9')) && number_read(p, end, &n)) {
            take = n.len;
            len = n.plain ? 0 : number_plain(&n, plain);
        } else if (*p >= '0' && *p <= '9') {
            take = digits(p, end);
        }
        at = mempcpy(at, len > 0 ? plain : p, len > 0 ? len : take);
        p += take;
    }
    return (struct bytes){(const uint8_t *)out, (size_t)(at - out)};
}

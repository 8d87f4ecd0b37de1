#include "ops/runtime/timeutil.h"

#include <assert.h>

#define US_PER_S    INT64_C(1000000)
#define US_PER_DAY  (86400 * US_PER_S)
#define TIME_MIN_US (INT64_C(-62167219200) * US_PER_S)     /* 0000-01-01T00:00:00Z */
#define TIME_MAX_US (INT64_C(253402300800) * US_PER_S - 1) /* 9999-12-31T23:59:59.999999Z */

static int64_t clock_us(clockid_t clock)
{
    struct timespec ts;
    int rc = clock_gettime(clock, &ts);
    assert(rc == 0);
    return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

int64_t time_now_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

int64_t time_monotonic_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

/* Proleptic Gregorian calendar counted from 0000-03-01, so that the leap day ends a year; eras of
 * 400 years. */
struct date {
    int64_t year;
    int month, day;
};

static int64_t days_from_date(struct date d)
{
    int64_t y = d.month > 2 ? d.year : d.year - 1;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static struct date date_from_days(int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int mp = (int)((5 * doy + 2) / 153);
    int month = mp < 10 ? mp + 3 : mp - 9;
    return (struct date){.year = yoe + era * 400 + (month <= 2),
                         .month = month,
                         .day = (int)(doy - (153 * mp + 2) / 5 + 1)};
}

void time_format(int64_t us, char ret[TIME_TEXT_LEN + 1])
{
    assert(us >= TIME_MIN_US && us <= TIME_MAX_US);
    int64_t days = us / US_PER_DAY - (us % US_PER_DAY < 0);
    int64_t rest = us - days * US_PER_DAY;
    struct date d = date_from_days(days);
    /* The remainders say to the compiler what the assertion says to the reader: it all fits. */
    (void)snprintf(ret, TIME_TEXT_LEN + 1, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
                   (unsigned)d.year % 10000U, (unsigned)d.month % 100U, (unsigned)d.day % 100U,
                   (unsigned)(rest / (3600 * US_PER_S)) % 24U,
                   (unsigned)(rest / (60 * US_PER_S) % 60), (unsigned)(rest / US_PER_S % 60),
                   (unsigned)(rest % US_PER_S));
}

/* Reads exactly n digits and moves on. */
static bool digits(const char **p, int n, int *ret)
{
    int v = 0;
    for (int i = 0; i < n; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        v = v * 10 + (**p - '0');
    }
    *ret = v;
    return true;
}

static bool literal(const char **p, const char *any_of)
{
    if (!**p || !strchr(any_of, **p))
        return false;
    (*p)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool parse_date(const char **p, int64_t *ret_days)
{
    int y, m, d;
    if (!digits(p, 4, &y) || !literal(p, "-") || !digits(p, 2, &m) || !literal(p, "-") ||
        !digits(p, 2, &d))
        return false;
    if (m < 1 || m > 12 || d < 1 || d > days_in_month(y, m))
        return false;
    *ret_days = days_from_date((struct date){.year = y, .month = m, .day = d});
    return true;
}

/* 1 to 9 digits after the point; what is finer than a microsecond is cut off. */
static bool parse_fraction(const char **p, int64_t *ret_us)
{
    int64_t us = 0, unit = US_PER_S / 10;
    int n = 0;
    for (; **p >= '0' && **p <= '9'; (*p)++, n++, unit /= 10)
        us += (**p - '0') * unit;
    *ret_us = us;
    return n >= 1 && n <= 9;
}

static bool parse_clock(const char **p, int64_t *ret_us)
{
    int h, m, s;
    int64_t fraction = 0;
    if (!digits(p, 2, &h) || !literal(p, ":") || !digits(p, 2, &m) || !literal(p, ":") ||
        !digits(p, 2, &s) || h > 23 || m > 59 || s > 60)
        return false;
    if (literal(p, ".") && !parse_fraction(p, &fraction))
        return false;
    *ret_us = ((int64_t)h * 3600 + m * 60 + s) * US_PER_S + fraction;
    return true;
}

static bool parse_offset(const char **p, int64_t *ret_us)
{
    int h, m;
    bool west = **p == '-';
    *ret_us = 0;
    if (literal(p, "Zz"))
        return true;
    if (!literal(p, "+-") || !digits(p, 2, &h) || !literal(p, ":") || !digits(p, 2, &m))
        return false;
    *ret_us = ((int64_t)h * 3600 + m * 60) * US_PER_S * (west ? -1 : 1);
    return h <= 23 && m <= 59;
}

bool time_parse(const char *text, int64_t *ret)
{
    const char *p = text;
    int64_t days, clock, offset;
    if (!parse_date(&p, &days) || !literal(&p, "Tt ") || !parse_clock(&p, &clock) ||
        !parse_offset(&p, &offset) || *p)
        return false;
    int64_t us = days * US_PER_DAY + clock - offset;
    if (us < TIME_MIN_US || us > TIME_MAX_US)
        return false;
    *ret = us;
    return true;
}

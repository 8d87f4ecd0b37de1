#include "ops/runtime/timeutil.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define US_PER_S  1000000LL
#define US_PER_MS 1000LL

static int64_t shift_us;

static int64_t clock_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

/* HIRELOG_CLOCK_SHIFT_MS, for tests: a wall clock that is wrong. What librdkafka and PostgreSQL see of time stays as it is. */
static void read_shift(void)
{
    const char *text = getenv("HIRELOG_CLOCK_SHIFT_MS");
    shift_us = text ? strtoll(text, NULL, 10) * US_PER_MS : 0;
}

int64_t time_now_us(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_shift);
    return clock_us(CLOCK_REALTIME) + shift_us;
}

int64_t time_running_us(void)
{
    return clock_us(CLOCK_BOOTTIME);
}

int64_t time_monotonic_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

void time_format(int64_t us, char ret[TIME_TEXT_LEN + 1])
{
    int64_t s = us / US_PER_S;
    int64_t fraction = us % US_PER_S;
    struct tm tm;
    if (fraction < 0) {
        fraction += US_PER_S;
        s--;
    }
    time_t t = (time_t)s;
    gmtime_r(&t, &tm);
    /* The masks tell the compiler what the calendar guarantees. */
    snprintf(ret, TIME_TEXT_LEN + 1, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
             (unsigned)(tm.tm_year + 1900) % 10000U, (unsigned)(tm.tm_mon + 1) % 100U,
             (unsigned)tm.tm_mday % 100U, (unsigned)tm.tm_hour % 100U, (unsigned)tm.tm_min % 100U,
             (unsigned)tm.tm_sec % 100U, (unsigned)fraction % 1000000U);
}

/* Reads exactly n digits. */
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

static bool expect(const char **p, const char *one_of)
{
    if (**p == '\0' || !strchr(one_of, **p))
        return false;
    (*p)++;
    return true;
}

static bool parse_fraction(const char **p, int64_t *ret_us)
{
    int64_t us = 0;
    int64_t scale = US_PER_S / 10;
    *ret_us = 0;
    if (**p != '.')
        return true;
    (*p)++;
    if (**p < '0' || **p > '9')
        return false;
    for (; **p >= '0' && **p <= '9'; (*p)++, scale /= 10)
        us += (**p - '0') * scale;
    *ret_us = us;
    return true;
}

static bool parse_offset(const char **p, int64_t *ret_s)
{
    int hours;
    int minutes;
    *ret_s = 0;
    if (expect(p, "Zz"))
        return true;
    int sign = **p == '-' ? -1 : 1;
    if (!expect(p, "+-") || !digits(p, 2, &hours) || !expect(p, ":") || !digits(p, 2, &minutes))
        return false;
    *ret_s = sign * (hours * 3600LL + minutes * 60LL);
    return hours < 24 && minutes < 60;
}

bool time_parse(const char *text, int64_t *ret)
{
    struct tm tm = {0};
    const char *p = text;
    int64_t fraction;
    int64_t offset_s;
    if (!digits(&p, 4, &tm.tm_year) || !expect(&p, "-") || !digits(&p, 2, &tm.tm_mon) ||
        !expect(&p, "-") || !digits(&p, 2, &tm.tm_mday) || !expect(&p, "Tt ") ||
        !digits(&p, 2, &tm.tm_hour) || !expect(&p, ":") || !digits(&p, 2, &tm.tm_min) ||
        !expect(&p, ":") || !digits(&p, 2, &tm.tm_sec) || !parse_fraction(&p, &fraction) ||
        !parse_offset(&p, &offset_s) || *p != '\0')
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    struct tm normal = tm;
    time_t t = timegm(&normal);
    if (normal.tm_mon != tm.tm_mon || normal.tm_mday != tm.tm_mday ||
        normal.tm_hour != tm.tm_hour || normal.tm_min != tm.tm_min || normal.tm_sec != tm.tm_sec)
        return false;
    *ret = ((int64_t)t - offset_s) * US_PER_S + fraction;
    return true;
}

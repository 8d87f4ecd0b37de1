/*
 * base.h - what every file may use: ownership by cleanup attribute, must-check results, byte views,
 * and the calls that are banned. No state, no thread, never logs.
 */
#ifndef OPS_RUNTIME_BASE_H
#define OPS_RUNTIME_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* They declare what is banned below, so they must be read before the ban, whatever the including
 * file's order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define ARRAY_SIZE(a)          (sizeof(a) / sizeof((a)[0]))

/* Declares `free_fn##p(T *)` for owned(): DEFINE_CLEANUP(struct pg *, pg_free); owned(pg_free)
 * struct pg *pg = NULL; */
#define DEFINE_CLEANUP(type, free_fn)                               \
    static inline __attribute__((unused)) void free_fn##_p(type *p) \
    {                                                               \
        if (*p)                                                     \
            free_fn(*p);                                            \
    }                                                               \
    struct base_semicolon_eater
#define owned(free_fn) __attribute__((cleanup(free_fn##_p)))
/* Like owned() for values with a `void x_release(struct x *)`. */
#define owned_value(release_fn) __attribute__((cleanup(release_fn)))

/* Hands over what an owned variable holds; the variable is NULL after. */
#define STEAL(p)                     \
    __extension__({                  \
        __typeof__(p) stolen_ = (p); \
        (p) = NULL;                  \
        stolen_;                     \
    })

/* A view of bytes that somebody else owns. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

/* Banned by compile error (git's banned.h): the name of an undeclared variable says what to use. */
#undef strcpy
#define strcpy(...) BANNED_strcpy_use_snprintf_or_arena_strdup
#undef strcat
#define strcat(...) BANNED_strcat_use_strbuf
#undef sprintf
#define sprintf(...) BANNED_sprintf_use_snprintf
#undef strtok
#define strtok(...) BANNED_strtok_use_strchr
#undef gmtime
#define gmtime(...) BANNED_gmtime_use_time_format
#undef localtime
#define localtime(...) BANNED_localtime_use_time_format
#undef atoi
#define atoi(...) BANNED_atoi_use_strtol

#endif

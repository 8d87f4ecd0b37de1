/*
 * uuid.h - UUIDs as 16 bytes; RFC 9562 versions 5 and 7. Text is lower case, 36 characters.
 * Thread-safe.
 */
#ifndef OPS_RUNTIME_UUID_H
#define OPS_RUNTIME_UUID_H

#include "ops/runtime/base.h"

#define UUID_TEXT_LEN 36

struct uuid {
    uint8_t b[16];
};

extern const struct uuid uuid_nil;
extern const struct uuid uuid_ns_hirelog; /* root of every UUIDv5 of ours; frozen for ever */

bool uuid_equal(const struct uuid *a, const struct uuid *b);
int uuid_compare(const struct uuid *a, const struct uuid *b); /* like memcmp; for qsort/bsearch */
bool uuid_is_nil(const struct uuid *u);
int uuid_version(
    const struct uuid *u); /* RFC 9562 4.2: 5, 7, ...; of an id that has none: anything */
void uuid_format(const struct uuid *u, char ret[UUID_TEXT_LEN + 1]);
/* Exactly 36 characters 8-4-4-4-12, either case. False: *ret untouched. */
MUST_CHECK bool uuid_parse(const char *text, struct uuid *ret);
MUST_CHECK bool uuid_parse_n(const char *text, size_t len, struct uuid *ret);
struct uuid uuid_v5(const struct uuid *ns, const void *name, size_t len); /* SHA-1 */
/* UUIDv5 in uuid_ns_hirelog of the parts joined by a NUL byte; ends at NULL: uuid_v5_of("a", "b",
 * NULL). */
struct uuid uuid_v5_of(const char *first, ...) __attribute__((sentinel));
struct uuid uuid_v7(int64_t now_us); /* random bits from the system; monotonic within a thread */

#endif

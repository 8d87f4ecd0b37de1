/*
 * strbuf.h - a growing string. Always NUL-terminated once something was added. Out of memory
 * aborts.
 */
#ifndef OPS_RUNTIME_STRBUF_H
#define OPS_RUNTIME_STRBUF_H

#include "ops/runtime/base.h"

struct strbuf {
    char *data; /* NULL until first use; see strbuf_cstr() */
    size_t len; /* without the NUL */
    size_t cap;
};

void strbuf_init(struct strbuf *s);
void strbuf_release(struct strbuf *s);
void strbuf_clear(struct strbuf *s);
void strbuf_add(struct strbuf *s, const void *data, size_t len);
void strbuf_adds(struct strbuf *s, const char *cstr);
void strbuf_addc(struct strbuf *s, char c);
void strbuf_addf(struct strbuf *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A JSON string literal with quotes; cstr must be UTF-8. */
void strbuf_add_json(struct strbuf *s, const char *cstr);
const char *strbuf_cstr(const struct strbuf *s); /* "" when empty */

#endif

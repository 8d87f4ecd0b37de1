/* scan.c - wire_scan(): avro-c trusts lengths and counts (RULES 20), so nothing reaches it unseen.
 */
#include <inttypes.h>

#include "schemas/text.h"
#include "schemas/wire.h"

struct scan {
    const uint8_t *p;
    const uint8_t *end;
    size_t items_left;
    const char *field; /* being read */
    const char *why;   /* set on failure */
};

static bool fail(struct scan *s, const char *why)
{
    s->why = why;
    return false;
}

static size_t left(const struct scan *s)
{
    return (size_t)(s->end - s->p);
}

/* Zigzag varint. The tenth byte may hold one bit only. */
static bool scan_long(struct scan *s, int64_t *ret)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (s->p == s->end)
            return fail(s, "truncated");
        uint8_t byte = *s->p++;
        if (shift == 63 && byte > 1)
            return fail(s, "number of more than 64 bits");
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *ret = (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
            return true;
        }
    }
    return fail(s, "number of more than 64 bits");
}

static bool scan_string(struct scan *s, bool is_uuid)
{
    int64_t len = 0;
    if (!scan_long(s, &len))
        return false;
    if (len < 0 || (uint64_t)len > left(s))
        return fail(s, "length beyond the message");
    if (is_uuid && len != UUID_TEXT_LEN)
        return fail(s, "not a UUID");
    if (!text_is_clean((const char *)s->p, (size_t)len))
        return fail(s, "not UTF-8, or U+0000");
    s->p += len;
    return true;
}

static bool scan_bool(struct scan *s)
{
    if (s->p == s->end)
        return fail(s, "truncated");
    return *s->p++ <= 1 || fail(s, "boolean that is neither 0 nor 1");
}

static bool scan_record(struct scan *s, const struct wire_record *r);

static bool scan_item(struct scan *s, const struct wire_field *w)
{
    int64_t n = 0;
    switch (w->field->kind) {
    case FIELD_BOOL:
        return scan_bool(s);
    case FIELD_STRING:
    case FIELD_UUID:
        return scan_string(s, w->field->kind == FIELD_UUID);
    case FIELD_ENUM:
        if (!scan_long(s, &n))
            return false;
        return (n >= 0 && (uint64_t)n < w->field->enums->n_symbols) || fail(s, "unknown symbol");
    case FIELD_LONG:
    case FIELD_TIME:
        if (!scan_long(s, &n))
            return false;
        return !w->is_int || (n >= INT32_MIN && n <= INT32_MAX) || fail(s, "int beyond 32 bits");
    case FIELD_RECORD:
        return scan_record(s, w->record);
    }
    return fail(s, "unknown type");
}

/* The head of a block: its count, and where it must end (NULL = not said). */
static bool
scan_block_head(struct scan *s, const struct wire_field *w, int64_t *ret_n, const uint8_t **ret_end)
{
    int64_t n = 0;
    int64_t size = 0;
    *ret_end = NULL;
    if (!scan_long(s, &n))
        return false;
    if (n < 0) {
        if (!scan_long(s, &size))
            return false;
        if (n == INT64_MIN || size < 0 || (uint64_t)size > left(s))
            return fail(s, "block size beyond the message");
        n = -n;
        *ret_end = s->p + size;
    }
    if ((uint64_t)n > left(s) / w->item_min)
        return fail(s, "count beyond the message");
    if ((uint64_t)n > s->items_left)
        return fail(s, "too many items");
    s->items_left -= (size_t)n;
    *ret_n = n;
    return true;
}

static bool scan_array(struct scan *s, const struct wire_field *w)
{
    for (;;) {
        int64_t n = 0;
        const uint8_t *end = NULL;
        if (!scan_block_head(s, w, &n, &end))
            return false;
        for (int64_t i = 0; i < n; i++) {
            if (!scan_item(s, w))
                return false;
        }
        if (end != NULL && s->p != end)
            return fail(s, "block of another size than it says");
        if (n == 0)
            return true;
    }
}

static bool scan_field(struct scan *s, const struct wire_field *w)
{
    s->field = w->field->name;
    if (w->field->optional) {
        int64_t branch = 0;
        if (!scan_long(s, &branch))
            return false;
        if (branch != 0 && branch != 1)
            return fail(s, "unknown branch");
        if (branch == 0)
            return true;
    }
    return w->field->array ? scan_array(s, w) : scan_item(s, w);
}

static bool scan_record(struct scan *s, const struct wire_record *r)
{
    for (size_t i = 0; i < r->n; i++) {
        if (!scan_field(s, &r->fields[i]))
            return false;
    }
    return true;
}

enum err_code wire_scan(const struct wire *w, struct bytes body, struct err *err)
{
    struct scan s = {.p = body.data,
                     .end = body.data + body.len,
                     .items_left = WIRE_ITEMS_MAX,
                     .field = "(end)"};
    if (!scan_record(&s, w->record))
        return err_set(err, ERR_CORRUPT, "%s %d: %s: %s", w->type->subject,
                       (int)w->version->version, s.field, s.why);
    if (s.p != s.end)
        return err_set(err, ERR_CORRUPT, "%s %d: %zu bytes behind the end", w->type->subject,
                       (int)w->version->version, left(&s));
    return ERR_OK;
}

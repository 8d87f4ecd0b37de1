/* digest.c - codec_digest(). The text that is hashed may never change: outcomes and event headers
 * hold old digests. */
#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

#include "ops/runtime/strbuf.h"
#include "schemas/codec.h"
#include "schemas/text.h"

static void add_record(struct strbuf *s,
                       const struct record_type *t,
                       const void *value,
                       const void *defaults,
                       struct arena *a);

/* Text as it is; of an e-mail address, the letter case tells nothing apart. */
static void add_string(struct strbuf *s, const struct field *f, const char *text, struct arena *a)
{
    assert(text != NULL);
    bool email = f->format != NULL && strcmp(f->format, "email") == 0;
    strbuf_add_json(s, email ? text_ascii_lower(text, a) : text);
}

static void add_item(struct strbuf *s,
                     const struct field *f,
                     const void *item,
                     const void *defaults,
                     struct arena *a)
{
    char text[UUID_TEXT_LEN + 1];
    switch (f->kind) {
    case FIELD_BOOL:
        strbuf_adds(s, *(const bool *)item ? "true" : "false");
        break;
    case FIELD_LONG:
    case FIELD_TIME:
        strbuf_addf(s, "%" PRId64, *(const int64_t *)item);
        break;
    case FIELD_STRING:
        add_string(s, f, *(const char *const *)item, a);
        break;
    case FIELD_UUID:
        uuid_format(item, text);
        strbuf_add_json(s, text);
        break;
    case FIELD_ENUM:
        strbuf_add_json(s, f->enums->symbols[*(const int *)item]);
        break;
    case FIELD_RECORD:
        assert(f->record != NULL);
        add_record(s, f->record, item, defaults, a);
        break;
    }
}

/* An array of records compares each item with the part's own defaults, a single record with those
 * in its place. */
static void add_member(struct strbuf *s,
                       const struct field *f,
                       const void *member,
                       const void *defaults,
                       struct arena *a)
{
    if (!f->array) {
        add_item(s, f, member, defaults, a);
        return;
    }
    const struct record_array array = record_array_get(member);
    const void *item_defaults = f->record ? record_new(f->record, a) : NULL;
    strbuf_addc(s, '[');
    for (size_t i = 0; i < array.n; i++) {
        if (i > 0)
            strbuf_addc(s, ',');
        add_item(s, f, (const char *)array.items + i * f->item_size, item_defaults, a);
    }
    strbuf_addc(s, ']');
}

static bool
is_default(const struct field *f, const void *value, const void *defaults, struct arena *a)
{
    if (f->optional)
        return !*(const bool *)((const char *)value + f->has_offset);
    if (f->default_json == NULL)
        return false;
    owned_value(strbuf_release) struct strbuf ours = {0};
    owned_value(strbuf_release) struct strbuf theirs = {0};
    add_member(&ours, f, (const char *)value + f->offset, NULL, a);
    add_member(&theirs, f, (const char *)defaults + f->offset, NULL, a);
    return strcmp(strbuf_cstr(&ours), strbuf_cstr(&theirs)) == 0;
}

static int by_name(const void *a, const void *b)
{
    const struct field *const *x = a;
    const struct field *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static const struct field **sorted_fields(const struct record_type *t, struct arena *a)
{
    const struct field **ret = ARENA_ARRAY(a, const struct field *, t->n_fields);
    for (size_t i = 0; i < t->n_fields; i++)
        ret[i] = &t->fields[i];
    qsort(ret, t->n_fields, sizeof *ret, by_name);
    return ret;
}

static void add_record(struct strbuf *s,
                       const struct record_type *t,
                       const void *value,
                       const void *defaults,
                       struct arena *a)
{
    const struct field **fields = sorted_fields(t, a);
    bool first = true;
    strbuf_addc(s, '{');
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct field *f = fields[i];
        bool is_meta = t->role == RECORD_COMMAND && f == &t->fields[0];
        if (is_meta || !f->digest || is_default(f, value, defaults, a))
            continue;
        if (!first)
            strbuf_addc(s, ',');
        first = false;
        strbuf_add_json(s, f->name);
        strbuf_addc(s, ':');
        add_member(s, f, (const char *)value + f->offset, (const char *)defaults + f->offset, a);
    }
    strbuf_addc(s, '}');
}

void codec_digest(struct record command, struct arena *a, uint8_t ret[32])
{
    owned_value(strbuf_release) struct strbuf text = {0};
    add_record(&text, command.type, command.value, record_new(command.type, a), a);
    crypto_hash_sha256(ret, (const unsigned char *)text.data, text.len);
}

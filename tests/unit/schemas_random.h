/*
 * schemas_random.h - values for any record type, made from its table: the same seed gives the same
 * value.
 */
#ifndef TESTS_UNIT_SCHEMAS_RANDOM_H
#define TESTS_UNIT_SCHEMAS_RANDOM_H

#include "ops/runtime/arena.h"
#include "schemas/codec.h"

struct dice {
    uint64_t state; /* not 0 */
};

static inline uint64_t roll(struct dice *d)
{
    d->state ^= d->state << 13;
    d->state ^= d->state >> 7;
    d->state ^= d->state << 17;
    return d->state;
}

static inline const char *random_text(struct dice *d, struct arena *a)
{
    static const char *const pieces[] = {"a",  "Z", " ", "\"", "\\",
                                         "\n", "ä", "€", "𝄞",  "0123456789abcdef"};
    size_t n = roll(d) % 12;
    char *ret = arena_alloc(a, n * 16 + 1);
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        const char *piece = pieces[roll(d) % ARRAY_SIZE(pieces)];
        memcpy(ret + len, piece, strlen(piece));
        len += strlen(piece);
    }
    return ret;
}

static inline void
random_record(struct dice *d, struct arena *a, const struct record_type *t, void *value);

static inline void random_item(struct dice *d, struct arena *a, const struct field *f, void *item)
{
    switch (f->kind) {
    case FIELD_BOOL:
        *(bool *)item = roll(d) & 1;
        break;
    case FIELD_LONG:
        *(int64_t *)item = (int64_t)(roll(d) >> roll(d) % 64) * (roll(d) & 1 ? 1 : -1);
        break;
    case FIELD_TIME:
        *(int64_t *)item = (int64_t)(roll(d) % UINT64_C(4000000000000000));
        break;
    case FIELD_STRING:
        *(const char **)item = random_text(d, a);
        break;
    case FIELD_UUID:
        for (size_t i = 0; i < 16; i++)
            ((struct uuid *)item)->b[i] = (uint8_t)roll(d);
        break;
    case FIELD_ENUM:
        *(int *)item = (int)(roll(d) % f->enums->n_symbols);
        break;
    case FIELD_RECORD:
        random_record(d, a, f->record, item);
        break;
    }
}

static inline void
random_record(struct dice *d, struct arena *a, const struct record_type *t, void *value)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct field *f = &t->fields[i];
        void *member = (char *)value + f->offset;
        if (f->optional) {
            bool has = roll(d) & 1;
            *(bool *)((char *)value + f->has_offset) = has;
            if (!has)
                continue;
        }
        if (!f->array) {
            random_item(d, a, f, member);
            continue;
        }
        struct record_array array = {.n = roll(d) % 5};
        array.items = arena_alloc(a, array.n * f->item_size);
        for (size_t k = 0; k < array.n; k++)
            random_item(d, a, f, (char *)array.items + k * f->item_size);
        record_array_set(member, array);
    }
}

static inline struct record
random_value(const struct record_type *t, uint64_t seed, struct arena *a)
{
    struct dice d = {seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    struct record ret = {t, record_new(t, a)};
    for (int i = 0; i < 8; i++)
        roll(&d);
    random_record(&d, a, t, ret.value);
    return ret;
}

#endif

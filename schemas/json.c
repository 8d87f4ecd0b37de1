/* json.c - JSON bodies -> records, with every mistake named. The other way is json_out.c. */
#include "schemas/json.h"

#include <math.h>
#include <stdio.h>

#include "ops/runtime/money.h"
#include "ops/runtime/strbuf.h"
#include "ops/runtime/timeutil.h"
#include "schemas/codec.h"
#include "schemas/json_number.h"
#include "schemas/text.h"
#include "schemas/unicode.h"

#define NAME_SHOWN_MAX 64 /* bytes of a sender's own member name that we repeat */

void field_errors_add(struct field_errors *e,
                      struct arena *a,
                      const char *field,
                      const char *code,
                      const char *detail)
{
    if (e->n == JSON_FIELD_ERRORS_MAX)
        return;
    e->items[e->n++] = (struct field_error){
        .field = arena_strdup(a, field), .code = code, .detail = arena_strdup(a, detail)};
}

/* ---- where in the text are we: for mistakes that the parser finds ---- */

struct level {
    bool object;
    bool want_name;   /* the next string is a member's name */
    size_t index;     /* in an array */
    const char *name; /* of the member, as written, without the quotes */
    size_t name_len;
};

struct place {
    struct level levels[JSON_DEPTH_MAX];
    size_t depth;
    bool too_deep;
};

/* `from` is at the opening quote; returns the offset behind the closing one (or `end`). */
static size_t skip_string(const char *text, size_t from, size_t end)
{
    for (size_t i = from + 1; i < end; i++) {
        if (text[i] == '\\')
            i++;
        else if (text[i] == '"')
            return i + 1;
    }
    return end;
}

static void place_open(struct place *p, bool object)
{
    if (p->depth == JSON_DEPTH_MAX)
        p->too_deep = true;
    else
        p->levels[p->depth++] = (struct level){.object = object, .want_name = object};
}

static void place_string(struct place *p, const char *text, size_t from, size_t to)
{
    struct level *top = p->depth > 0 ? &p->levels[p->depth - 1] : NULL;
    if (top == NULL || !top->want_name || to < from + 2)
        return;
    top->name = text + from + 1;
    top->name_len = to - from - 2;
    top->want_name = false;
}

static void place_comma(struct place *p)
{
    struct level *top = p->depth > 0 ? &p->levels[p->depth - 1] : NULL;
    if (top == NULL)
        return;
    top->want_name = top->object;
    top->index++;
}

/* Follows brackets and names up to `end`; the text need not be JSON. */
static void place_find(struct place *p, const char *text, size_t end)
{
    *p = (struct place){0};
    for (size_t i = 0; i < end && !p->too_deep; i++) {
        size_t start = i;
        switch (text[i]) {
        case '{':
        case '[':
            place_open(p, text[i] == '{');
            break;
        case '}':
        case ']':
            p->depth -= p->depth > 0;
            break;
        case ',':
            place_comma(p);
            break;
        case '"':
            i = skip_string(text, start, end) - 1;
            place_string(p, text, start, i + 1);
            break;
        default:
            break;
        }
    }
}

static const char *place_path(const struct place *p, struct arena *a)
{
    owned_value(strbuf_release) struct strbuf path = {0};
    for (size_t i = 0; i < p->depth; i++) {
        const struct level *l = &p->levels[i];
        size_t shown = l->name_len < NAME_SHOWN_MAX ? l->name_len : NAME_SHOWN_MAX;
        if (i > 0)
            strbuf_addc(&path, '.');
        if (!l->object)
            strbuf_addf(&path, "%zu", l->index);
        else if (l->name != NULL)
            strbuf_add(&path, l->name, text_is_clean(l->name, shown) ? shown : 0);
    }
    return arena_strdup(a, strbuf_cstr(&path));
}

/* ---- parsing ---- */

/* What the parser refuses although it is JSON gets a field's name. */
static const struct {
    enum json_error_code refused;
    const char *code;
    const char *detail;
} refusals[] = {
    {json_error_duplicate_key,    "duplicate", "the member stands there twice"},
    {json_error_null_character,   "format",    "U+0000 is not allowed"        },
    {json_error_null_byte_in_key, "unknown",   "U+0000 is not allowed"        },
    {json_error_numeric_overflow, "range",     "the number is too large"      },
};

static enum err_code refuse(const json_error_t *error,
                            struct bytes text,
                            struct arena *a,
                            struct field_errors *errors,
                            struct err *err)
{
    struct place place;
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        if (json_error_code(error) != refusals[i].refused)
            continue;
        size_t end = error->position > 0 ? (size_t)error->position : 0;
        place_find(&place, (const char *)text.data, end < text.len ? end : text.len);
        field_errors_add(errors, a, place_path(&place, a), refusals[i].code, refusals[i].detail);
    }
    return err_set(err, ERR_INVALID, "line %d, column %d: not valid JSON", error->line,
                   error->column);
}

enum err_code json_parse(
    struct bytes text, struct arena *a, json_t **ret, struct field_errors *errors, struct err *err)
{
    struct place place;
    json_error_t error = {0};
    text = json_numbers_plain(text, a);
    place_find(&place, (const char *)text.data, text.len);
    if (place.too_deep)
        return err_set(err, ERR_INVALID, "nested deeper than %d", JSON_DEPTH_MAX);
    json_t *json = json_loadb(text.len > 0 ? (const char *)text.data : "", text.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (json == NULL)
        return refuse(&error, text, a, errors, err);
    if (!json_is_object(json)) {
        json_decref(json);
        return err_set(err, ERR_INVALID, "a JSON object expected");
    }
    *ret = json;
    return ERR_OK;
}

/* ---- JSON -> record ---- */

/* A path from the root, made into text for a mistake only. */
struct path {
    const struct path *up;
    const char *name; /* NULL: an array's item */
    size_t index;
};

struct reading {
    struct arena *arena;
    struct field_errors *errors;
};

/* NULL: the root itself, "". */
static void path_text(const struct path *p, struct strbuf *ret)
{
    if (p == NULL)
        return;
    if (p->up != NULL) {
        path_text(p->up, ret);
        strbuf_addc(ret, '.');
    }
    if (p->name == NULL)
        strbuf_addf(ret, "%zu", p->index);
    else
        strbuf_add(ret, p->name, text_prefix(p->name, NAME_SHOWN_MAX));
}

static void
complain(struct reading *r, const struct path *p, const char *code, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
static void
complain(struct reading *r, const struct path *p, const char *code, const char *fmt, ...)
{
    char detail[512];
    owned_value(strbuf_release) struct strbuf field = {0};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    path_text(p, &field);
    field_errors_add(r->errors, r->arena, strbuf_cstr(&field), code, detail);
}

/* Formats of the .avsc files; NULL = free text. */
static const struct text_format {
    const char *name;
    bool (*fits)(const char *text);
    const char *detail;
} text_formats[] = {
    {"email",    text_is_email,        "must be an e-mail address"                         },
    {"currency", money_currency_valid, "must be an ISO 4217 currency code"                 },
    {"line",     text_is_line,         "must not contain control characters or line breaks"},
    {NULL,       text_is_text,         "must not contain control characters"               },
};

static const struct text_format *find_format(const char *name)
{
    size_t i = 0;
    while (text_formats[i].name != NULL &&
           (name == NULL || strcmp(text_formats[i].name, name) != 0))
        i++;
    return &text_formats[i];
}

static void
check_length(struct reading *r, const struct field *f, const struct path *p, const char *text)
{
    int64_t n = (int64_t)text_characters(text, strlen(text));
    if (n >= f->min_length && n <= f->max_length)
        return;
    if (f->max_length == INT64_MAX)
        complain(r, p, "length", "must have at least %lld characters", (long long)f->min_length);
    else
        complain(r, p, "length", "must have %lld to %lld characters", (long long)f->min_length,
                 (long long)f->max_length);
}

static void read_string(struct reading *r,
                        const struct field *f,
                        const struct path *p,
                        const json_t *json,
                        const char **ret)
{
    if (!json_is_string(json)) {
        complain(r, p, "type", "must be a string");
        return;
    }
    const char *text = json_string_value(json);
    size_t n = r->errors->n;
    check_length(r, f, p, text);
    const struct text_format *format = find_format(f->format);
    if (r->errors->n == n && !format->fits(text))
        complain(r, p, "format", "%s", format->detail);
    else if (r->errors->n == n && *text != '\0' && !text_is_visible(text))
        complain(r, p, "format", "must have a visible character");
    *ret = arena_strdup(r->arena, text);
}

static void read_long(struct reading *r,
                      const struct field *f,
                      const struct path *p,
                      const json_t *json,
                      int64_t *ret)
{
    double real = json_real_value(json);
    if (real != 0 && real == nearbyint(real)) { /* too long for json_numbers_plain() */
        complain(r, p, "range", "must be %lld to %lld", (long long)f->min, (long long)f->max);
        return;
    }
    if (!json_is_integer(json)) {
        complain(r, p, "type", "must be an integer");
        return;
    }
    *ret = json_integer_value(json);
    if (*ret < f->min || *ret > f->max)
        complain(r, p, "range", "must be %lld to %lld", (long long)f->min, (long long)f->max);
}

static void read_uuid(struct reading *r, const struct path *p, const json_t *json, struct uuid *ret)
{
    if (!json_is_string(json))
        complain(r, p, "type", "must be a string");
    else if (!uuid_parse(json_string_value(json), ret))
        complain(r, p, "format", "must be a UUID");
}

static void read_time(struct reading *r, const struct path *p, const json_t *json, int64_t *ret)
{
    if (!json_is_string(json))
        complain(r, p, "type", "must be a string");
    else if (!time_parse(json_string_value(json), ret))
        complain(r, p, "format", "must be an RFC 3339 time");
}

static void read_enum(
    struct reading *r, const struct field *f, const struct path *p, const json_t *json, int *ret)
{
    if (!json_is_string(json)) {
        complain(r, p, "type", "must be a string");
        return;
    }
    owned_value(strbuf_release) struct strbuf symbols = {0};
    for (size_t i = 0; i < f->enums->n_symbols; i++) {
        if (strcmp(f->enums->symbols[i], json_string_value(json)) == 0) {
            *ret = (int)i;
            return;
        }
        strbuf_addf(&symbols, "%s%s", i > 0 ? ", " : "", f->enums->symbols[i]);
    }
    complain(r, p, "format", "must be one of %s", strbuf_cstr(&symbols));
}

static void read_record(struct reading *r,
                        const struct record_type *t,
                        const struct path *p,
                        const json_t *json,
                        void *value);

static void read_item(
    struct reading *r, const struct field *f, const struct path *p, const json_t *json, void *item)
{
    switch (f->kind) {
    case FIELD_BOOL:
        if (!json_is_boolean(json))
            complain(r, p, "type", "must be true or false");
        *(bool *)item = json_is_true(json);
        break;
    case FIELD_LONG:
        read_long(r, f, p, json, item);
        break;
    case FIELD_STRING:
        read_string(r, f, p, json, item);
        break;
    case FIELD_UUID:
        read_uuid(r, p, json, item);
        break;
    case FIELD_TIME:
        read_time(r, p, json, item);
        break;
    case FIELD_ENUM:
        read_enum(r, f, p, json, item);
        break;
    case FIELD_RECORD:
        read_record(r, f->record, p, json, item);
        break;
    }
}

/* The same string before index i? Arrays of strings and enums only; they are short. */
static bool stands_before(const json_t *array, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (json_equal(json_array_get(array, k), json_array_get(array, i)))
            return true;
    }
    return false;
}

static void read_array(struct reading *r,
                       const struct field *f,
                       const struct path *p,
                       const json_t *json,
                       void *member)
{
    if (!json_is_array(json)) {
        complain(r, p, "type", "must be an array");
        return;
    }
    struct record_array array = {.n = json_array_size(json)};
    if ((int64_t)array.n < f->min_items || (int64_t)array.n > f->max_items)
        complain(r, p, "length", "must have %lld to %lld items", (long long)f->min_items,
                 (long long)f->max_items);
    if ((int64_t)array.n > f->max_items)
        return;
    array.items = arena_alloc(r->arena, array.n * f->item_size);
    for (size_t i = 0; i < array.n; i++) {
        const struct path item_path = {.up = p, .index = i};
        char *item = (char *)array.items + i * f->item_size;
        if (f->record != NULL)
            memcpy(item, record_new(f->record, r->arena), f->item_size);
        read_item(r, f, &item_path, json_array_get(json, i), item);
        if (f->unique_items && stands_before(json, i))
            complain(r, &item_path, "duplicate", "stands there twice");
    }
    record_array_set(member, array);
}

static void read_field(struct reading *r,
                       const struct field *f,
                       const struct path *p,
                       const json_t *object,
                       void *value)
{
    const json_t *json = json_object_get(object, f->name);
    void *member = (char *)value + f->offset;
    if (json == NULL) {
        if (!f->optional && f->default_json == NULL)
            complain(r, p, "required", "is missing");
        return;
    }
    if (f->optional)
        *(bool *)((char *)value + f->has_offset) = true;
    if (f->array)
        read_array(r, f, p, json, member);
    else
        read_item(r, f, p, json, member);
}

static void read_record(struct reading *r,
                        const struct record_type *t,
                        const struct path *p,
                        const json_t *json,
                        void *value)
{
    if (!json_is_object(json)) {
        complain(r, p, "type", "must be an object");
        return;
    }
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct path field_path = {.up = p, .name = t->fields[i].name};
        if (t->fields[i].api)
            read_field(r, &t->fields[i], &field_path, json, value);
    }
    const char *name = NULL;
    json_t *member = NULL;
    json_object_foreach((json_t *)json, name, member)
    {
        const struct field *f = record_field(t, name);
        const struct path field_path = {.up = p, .name = name};
        if (f == NULL || !f->api)
            complain(r, &field_path, "unknown", "is not known here");
    }
}

enum err_code record_from_json(const struct record_type *t,
                               json_t *object,
                               struct arena *a,
                               void *value,
                               struct field_errors *errors)
{
    struct reading r = {a, errors};
    read_record(&r, t, NULL, object, value);
    return errors->n > 0 ? ERR_INVALID : ERR_OK;
}

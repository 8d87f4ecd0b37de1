#include "projections/event_field.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/strbuf.h"
#include "ops/runtime/timeutil.h"
#include "schemas/json.h"

static const struct {
    enum pg_type one, array;
} types_of[] = {
    [FIELD_BOOL] = {PG_BOOL,        PG_BOOL_ARRAY       },
    [FIELD_LONG] = {PG_INT8,        PG_INT8_ARRAY       },
    [FIELD_STRING] = {PG_TEXT,        PG_TEXT_ARRAY       },
    [FIELD_UUID] = {PG_UUID,        PG_UUID_ARRAY       },
    [FIELD_TIME] = {PG_TIMESTAMPTZ, PG_TIMESTAMPTZ_ARRAY},
    [FIELD_ENUM] = {PG_TEXT,        PG_TEXT_ARRAY       },
};

/* The rest of `name` behind this field's own and its `_`; "" when it is all; NULL when it is
 * another. */
static const char *rest_of_name(const struct field *f, const char *name)
{
    size_t len = strlen(f->name);
    if (strncmp(f->name, name, len) != 0)
        return NULL;
    return name[len] == '_' ? name + len + 1 : name[len] ? NULL : name + len;
}

static bool find_in(const struct record_type *t, const char *name, struct event_field *ret);

static bool find_at(const struct field *f, const char *rest, struct event_field *ret)
{
    struct event_field found = *ret;
    found.offset += f->offset;
    if (f->optional) {
        assert(found.n_has < EVENT_FIELD_DEPTH_MAX);
        found.has_offsets[found.n_has++] = ret->offset + f->has_offset;
    }
    if (f->kind == FIELD_RECORD && !f->array) {
        if (!find_in(f->record, rest, &found))
            return false;
    } else if (*rest) {
        return false;
    } else {
        found.leaf = f;
    }
    *ret = found;
    return true;
}

static bool find_in(const struct record_type *t, const char *name, struct event_field *ret)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const char *rest = rest_of_name(&t->fields[i], name);
        if (rest && find_at(&t->fields[i], rest, ret))
            return true;
    }
    return false;
}

enum err_code event_field_find(const struct record_type *event,
                               const char *name,
                               struct event_field *ret,
                               struct err *err)
{
    const struct field *meta = &event->fields[0];
    struct event_field found = {0};
    assert(meta->kind == FIELD_RECORD && meta->offset == 0);
    if (!find_in(event, name, &found) && !find_in(meta->record, name, &found))
        return err_set(err, ERR_INVALID, "%s has no field for :%s", event->name, name);
    found.type = found.leaf->array ? PG_TEXT : types_of[found.leaf->kind].one;
    found.array_type = found.leaf->array ? PG_TEXT_ARRAY : types_of[found.leaf->kind].array;
    *ret = found;
    return ERR_OK;
}

/* ---- values */

static void literal_quoted(struct strbuf *out, const char *s)
{
    strbuf_addc(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            strbuf_addc(out, '\\');
        strbuf_addc(out, *s);
    }
    strbuf_addc(out, '"');
}

static void literal_item(struct strbuf *out, const struct field *f, const void *item)
{
    char text[UUID_TEXT_LEN + 1];
    switch (f->kind) {
    case FIELD_BOOL:
        strbuf_addc(out, *(const bool *)item ? 't' : 'f');
        break;
    case FIELD_LONG:
        strbuf_addf(out, "%lld", (long long)*(const int64_t *)item);
        break;
    case FIELD_STRING:
        literal_quoted(out, *(const char *const *)item);
        break;
    case FIELD_UUID:
        uuid_format(item, text);
        strbuf_adds(out, text);
        break;
    case FIELD_TIME:
        time_format(*(const int64_t *)item, text);
        strbuf_adds(out, text);
        break;
    case FIELD_ENUM:
        literal_quoted(out, f->enums->symbols[*(const int *)item]);
        break;
    case FIELD_RECORD:
        assert(!"arrays of records are JSON");
    }
}
_Static_assert(UUID_TEXT_LEN >= TIME_TEXT_LEN, "one buffer for both");

static struct pg_param json_param(const struct field *f, const void *member, struct arena *a)
{
    json_t *array = json_array();
    struct record_array items = record_array_get(member);
    for (size_t i = 0; i < items.n; i++)
        json_array_append_new(
            array, record_to_json(f->record, (const char *)items.items + i * f->item_size));
    char *text = json_dumps(array, JSON_COMPACT);
    struct pg_param param = pg_p_text(a, text);
    free(text);
    json_decref(array);
    return param;
}

static struct pg_param literal_param(const struct field *f, const void *member, struct arena *a)
{
    owned_value(strbuf_release) struct strbuf out = {0};
    struct record_array array = record_array_get(member);
    strbuf_addc(&out, '{');
    for (size_t i = 0; i < array.n; i++) {
        if (i > 0)
            strbuf_addc(&out, ',');
        literal_item(&out, f, (const char *)array.items + i * f->item_size);
    }
    strbuf_addc(&out, '}');
    return pg_p_text(a, strbuf_cstr(&out));
}

static struct pg_param value_param(const struct field *f, const void *member, struct arena *a)
{
    switch (f->kind) {
    case FIELD_BOOL:
        return pg_p_bool(a, *(const bool *)member);
    case FIELD_LONG:
        return pg_p_int8(a, *(const int64_t *)member);
    case FIELD_STRING:
        return pg_p_text(a, *(const char *const *)member);
    case FIELD_UUID:
        return pg_p_uuid(a, member);
    case FIELD_TIME:
        return pg_p_time(a, *(const int64_t *)member);
    case FIELD_ENUM:
        return pg_p_text(a, f->enums->symbols[*(const int *)member]);
    case FIELD_RECORD:
        break;
    }
    assert(!"a leaf is no record");
    __builtin_unreachable();
}

struct pg_param event_field_param(const struct event_field *f, const void *event, struct arena *a)
{
    const char *base = event;
    for (size_t i = 0; i < f->n_has; i++)
        if (!*(const bool *)(base + f->has_offsets[i]))
            return pg_p_null(f->type);
    if (f->leaf->array && f->leaf->kind == FIELD_RECORD)
        return json_param(f->leaf, base + f->offset, a);
    if (f->leaf->array)
        return literal_param(f->leaf, base + f->offset, a);
    return value_param(f->leaf, base + f->offset, a);
}

/* json_out.c - records -> JSON, and their JSON Schema for OpenAPI 3.1. */
#include <assert.h>

#include "ops/runtime/timeutil.h"
#include "schemas/json.h"

/* ---- values ---- */

static json_t *uuid_to_json(const struct uuid *id)
{
    char text[UUID_TEXT_LEN + 1];
    uuid_format(id, text);
    return json_string_nocheck(text);
}

static json_t *time_to_json(int64_t us)
{
    char text[TIME_TEXT_LEN + 1];
    time_format(us, text);
    return json_string_nocheck(text);
}

static json_t *item_to_json(const struct field *f, const void *item)
{
    switch (f->kind) {
    case FIELD_BOOL:
        return json_boolean(*(const bool *)item);
    case FIELD_LONG:
        return json_integer(*(const int64_t *)item);
    case FIELD_STRING:
        return json_string_nocheck(*(const char *const *)item);
    case FIELD_UUID:
        return uuid_to_json(item);
    case FIELD_TIME:
        return time_to_json(*(const int64_t *)item);
    case FIELD_ENUM:
        return json_string_nocheck(f->enums->symbols[*(const int *)item]);
    case FIELD_RECORD:
        return record_to_json(f->record, item);
    }
    return NULL;
}

static json_t *member_to_json(const struct field *f, const void *member)
{
    if (!f->array)
        return item_to_json(f, member);
    const struct record_array array = record_array_get(member);
    json_t *ret = json_array();
    for (size_t i = 0; i < array.n; i++)
        json_array_append_new(ret, item_to_json(f, (const char *)array.items + i * f->item_size));
    return ret;
}

json_t *record_to_json(const struct record_type *t, const void *value)
{
    json_t *ret = json_object();
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct field *f = &t->fields[i];
        if (f->optional && !*(const bool *)((const char *)value + f->has_offset))
            continue;
        json_object_set_new_nocheck(ret, f->name,
                                    member_to_json(f, (const char *)value + f->offset));
    }
    return ret;
}

/* ---- schemas ---- */

static void put_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new_nocheck(object, name, json_string(text));
}

static void put_bound(json_t *object, const char *name, int64_t value, int64_t none)
{
    if (value != none)
        json_object_set_new_nocheck(object, name, json_integer(value));
}

static void put_string_rules(json_t *schema, const struct field *f)
{
    put_bound(schema, "minLength", f->min_length, 0);
    put_bound(schema, "maxLength", f->max_length, INT64_MAX);
    if (f->format != NULL && strcmp(f->format, "email") == 0)
        put_text(schema, "format", "email");
    if (f->format != NULL && strcmp(f->format, "currency") == 0)
        put_text(schema, "pattern", "^[A-Z]{3}$");
}

static void put_symbols(json_t *schema, const struct enum_type *e)
{
    json_t *symbols = json_array();
    for (size_t i = 0; i < e->n_symbols; i++)
        json_array_append_new(symbols, json_string(e->symbols[i]));
    json_object_set_new_nocheck(schema, "enum", symbols);
}

static json_t *item_schema(const struct field *f)
{
    static const char *const words[] = {
        [FIELD_BOOL] = "boolean", [FIELD_LONG] = "integer", [FIELD_STRING] = "string",
        [FIELD_UUID] = "string",  [FIELD_TIME] = "string",  [FIELD_ENUM] = "string"};
    if (f->kind == FIELD_RECORD)
        return record_json_schema(f->record);
    json_t *ret = json_object();
    put_text(ret, "type", words[f->kind]);
    if (f->kind == FIELD_LONG) {
        put_text(ret, "format", "int64");
        put_bound(ret, "minimum", f->min, INT64_MIN);
        put_bound(ret, "maximum", f->max, INT64_MAX);
    } else if (f->kind == FIELD_STRING) {
        put_string_rules(ret, f);
    } else if (f->kind == FIELD_UUID) {
        put_text(ret, "format", "uuid");
    } else if (f->kind == FIELD_TIME) {
        put_text(ret, "format", "date-time");
    } else if (f->kind == FIELD_ENUM) {
        put_symbols(ret, f->enums);
    }
    return ret;
}

static json_t *field_schema(const struct field *f)
{
    json_t *ret = item_schema(f);
    if (f->array) {
        json_t *items = ret;
        ret = json_object();
        put_text(ret, "type", "array");
        json_object_set_new_nocheck(ret, "items", items);
        put_bound(ret, "minItems", f->min_items, 0);
        put_bound(ret, "maxItems", f->max_items, INT64_MAX);
        if (f->unique_items)
            json_object_set_new_nocheck(ret, "uniqueItems", json_true());
    }
    put_text(ret, "description", f->doc);
    if (f->default_json != NULL && !f->optional && f->kind != FIELD_TIME)
        json_object_set_new_nocheck(ret, "default",
                                    json_loads(f->default_json, JSON_DECODE_ANY, NULL));
    return ret;
}

json_t *record_json_schema(const struct record_type *t)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct field *f = &t->fields[i];
        if (t->role == RECORD_COMMAND && !f->api)
            continue;
        bool always = t->role == RECORD_EVENT || t->role == RECORD_STATE || f->default_json == NULL;
        json_object_set_new_nocheck(properties, f->name, field_schema(f));
        if (always && !f->optional)
            json_array_append_new(required, json_string(f->name));
    }
    json_t *ret = json_object();
    put_text(ret, "type", "object");
    put_text(ret, "description", t->doc);
    json_object_set_new_nocheck(ret, "properties", properties);
    json_object_set_new_nocheck(ret, "required", required);
    json_object_set_new_nocheck(ret, "additionalProperties", json_false());
    return ret;
}

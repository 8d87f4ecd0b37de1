#include "schemas/wire.h"

#include <assert.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>

#include "schemas/registry.h"

static struct wire *wires; /* by slot */
static size_t n_wires;
static size_t *first_slots;  /* of each record type, by its index */
static void **templates;     /* of each record type, by its index */
static struct arena forever; /* what lives as long as the process */

/* ---- defaults ---- */

static void default_symbol(const struct field *f, const char *symbol, int *ret)
{
    for (size_t i = 0; i < f->enums->n_symbols; i++) {
        if (strcmp(f->enums->symbols[i], symbol) == 0)
            *ret = (int)i;
    }
}

/* The generator has checked that the default fits the type. */
static void default_item(const struct field *f, const json_t *value, void *item, struct arena *a)
{
    switch (f->kind) {
    case FIELD_BOOL:
        *(bool *)item = json_is_true(value);
        break;
    case FIELD_LONG:
    case FIELD_TIME:
        *(int64_t *)item = json_integer_value(value);
        break;
    case FIELD_STRING:
        *(const char **)item = arena_strdup(a, json_string_value(value));
        break;
    case FIELD_UUID:
        if (!uuid_parse(json_string_value(value), item))
            *(struct uuid *)item = uuid_nil;
        break;
    case FIELD_ENUM:
        default_symbol(f, json_string_value(value), item);
        break;
    case FIELD_RECORD:
        break;
    }
}

static void default_field(const struct field *f, void *value, struct arena *a)
{
    void *member = (char *)value + f->offset;
    if (f->kind == FIELD_RECORD && !f->array)
        wire_defaults(f->record, member, a);
    if (f->default_json == NULL || f->optional)
        return;
    json_t *json = json_loads(f->default_json, JSON_DECODE_ANY, NULL);
    assert(json != NULL);
    if (f->array) {
        struct record_array array = {.n = json_array_size(json)};
        array.items = arena_alloc(a, array.n * f->item_size);
        for (size_t i = 0; i < array.n; i++)
            default_item(f, json_array_get(json, i), (char *)array.items + i * f->item_size, a);
        record_array_set(member, array);
    } else {
        default_item(f, json, member, a);
    }
    json_decref(json);
}

void wire_defaults(const struct record_type *t, void *value, struct arena *a)
{
    for (size_t i = 0; i < t->n_fields; i++)
        default_field(&t->fields[i], value, a);
}

/* ---- building ---- */

static avro_schema_t follow_link(avro_schema_t s)
{
    return is_avro_link(s) ? avro_schema_link_target(s) : s;
}

static struct wire_record *build_record(avro_schema_t schema, const struct record_type *t);

/* The leaf must be what the struct holds: the generator keeps types for ever. */
static void build_leaf(struct wire_field *w, avro_schema_t leaf)
{
    const struct field *f = w->field;
    w->item_min = 1;
    switch (avro_typeof(leaf)) {
    case AVRO_BOOLEAN:
        assert(f->kind == FIELD_BOOL);
        break;
    case AVRO_INT32:
        w->is_int = true;
        assert(f->kind == FIELD_LONG);
        break;
    case AVRO_INT64:
        assert(f->kind == FIELD_LONG || f->kind == FIELD_TIME);
        break;
    case AVRO_STRING:
        assert(f->kind == FIELD_STRING || f->kind == FIELD_UUID);
        w->item_min = f->kind == FIELD_UUID ? 1 + UUID_TEXT_LEN : 1;
        break;
    case AVRO_ENUM:
        assert(f->kind == FIELD_ENUM);
        assert((size_t)avro_schema_enum_number_of_symbols(leaf) == f->enums->n_symbols);
        break;
    default:
        assert(is_avro_record(leaf) && f->kind == FIELD_RECORD);
        w->record = build_record(leaf, f->record);
        w->item_min = w->record->size_min;
    }
}

static void build_field(struct wire_field *w, avro_schema_t s)
{
    s = follow_link(s);
    if (is_avro_union(s)) {
        assert(w->field->optional);
        s = follow_link(avro_schema_union_branch(s, 1));
    }
    if (is_avro_array(s)) {
        assert(w->field->array);
        s = follow_link(avro_schema_array_items(s));
    }
    build_leaf(w, s);
}

static struct wire_record *build_record(avro_schema_t schema, const struct record_type *t)
{
    struct wire_record *ret = ARENA_NEW(&forever, struct wire_record);
    void *defaults = arena_alloc(&forever, t->size);
    wire_defaults(t, defaults, &forever);
    ret->type = t;
    ret->defaults = defaults;
    ret->n = avro_schema_record_size(schema);
    ret->fields = ARENA_ARRAY(&forever, struct wire_field, ret->n);
    for (size_t i = 0; i < ret->n; i++) {
        struct wire_field *w = &ret->fields[i];
        w->field = record_field(t, avro_schema_record_field_name(schema, (int)i));
        assert(w->field != NULL);
        build_field(w, avro_schema_record_field_get_by_index(schema, (int)i));
        ret->size_min += w->field->optional || w->field->array ? 1 : w->item_min;
    }
    return ret;
}

static void build_type(const struct record_type *t)
{
    first_slots[t->index] = n_wires;
    for (size_t v = 0; v < t->n_versions; v++) {
        struct wire *w = &wires[n_wires];
        *w = (struct wire){.type = t, .version = &t->versions[v], .slot = n_wires++};
        w->write_id = w->version->id;
        int rc =
            avro_schema_from_json_length(w->version->text, strlen(w->version->text), &w->schema);
        assert(rc == 0);
        (void)rc;
        w->record = build_record(w->schema, t);
    }
    templates[t->index] = arena_alloc(&forever, t->size);
    wire_defaults(t, templates[t->index], &forever);
}

static void build_all(void)
{
    size_t n = 0;
    for (size_t i = 0; i < n_record_types; i++)
        n += record_types[i]->n_versions;
    arena_init(&forever);
    wires = ARENA_ARRAY(&forever, struct wire, n);
    first_slots = ARENA_ARRAY(&forever, size_t, n_record_types);
    templates = ARENA_ARRAY(&forever, void *, n_record_types);
    for (size_t i = 0; i < n_record_types; i++) {
        assert(record_types[i]->index == i);
        build_type(record_types[i]);
    }
}

static void ensure_built(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, build_all);
}

/* ---- looking up ---- */

size_t wire_slots(void)
{
    ensure_built();
    return n_wires;
}

const struct wire *wire_newest(const struct record_type *t)
{
    ensure_built();
    assert(t->index < n_record_types && record_types[t->index] == t);
    return &wires[first_slots[t->index] + t->n_versions - 1];
}

const struct wire *wire_by_id(int32_t id)
{
    const struct record_type *t = NULL;
    const struct schema_version *version = NULL;
    ensure_built();
    if (!registry_by_id(id, &t, &version))
        return NULL;
    return wire_of(t, version);
}

const struct wire *wire_of(const struct record_type *t, const struct schema_version *v)
{
    ensure_built();
    return &wires[first_slots[t->index] + (size_t)(v - t->versions)];
}

void wire_write_as(const struct wire *w, int32_t id)
{
    wires[w->slot].write_id = id;
}

const void *wire_template(const struct record_type *t)
{
    ensure_built();
    assert(t->index < n_record_types);
    return templates[t->index];
}

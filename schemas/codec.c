#include "schemas/codec.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "schemas/registry.h"
#include "schemas/schema_ids.h"
#include "schemas/text.h"
#include "schemas/wire.h"

#define FRAME_SIZE 5 /* byte 0, schema id */

struct codec {
    avro_value_t *values; /* by slot; iface NULL = not made yet */
    avro_reader_t reader;
    avro_writer_t writer;
    uint8_t *buffer; /* CODEC_MESSAGE_MAX, what was just encoded */
};

struct codec *codec_new(void)
{
    struct codec *c = calloc(1, sizeof *c);
    assert(c != NULL);
    c->values = calloc(wire_slots(), sizeof *c->values);
    c->buffer = malloc(CODEC_MESSAGE_MAX);
    c->reader = avro_reader_memory("", 0);
    c->writer = avro_writer_memory((char *)c->buffer, CODEC_MESSAGE_MAX);
    assert(c->values && c->buffer && c->reader && c->writer);
    return c;
}

void codec_free(struct codec *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < wire_slots(); i++) {
        if (c->values[i].iface != NULL)
            avro_value_decref(&c->values[i]);
    }
    avro_reader_free(c->reader);
    avro_writer_free(c->writer);
    free(c->values);
    free(c->buffer);
    free(c);
}

/* The codec's own value of that schema, empty. Schemas are shared by all codecs, so classes are
 * made one at a time. */
static avro_value_t *empty_value(struct codec *c, const struct wire *w)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    avro_value_t *value = &c->values[w->slot];
    if (value->iface != NULL) {
        avro_value_reset(value);
        return value;
    }
    pthread_mutex_lock(&mutex);
    avro_value_iface_t *iface = avro_generic_class_from_schema(w->schema);
    int rc = iface ? avro_generic_value_new(iface, value) : ENOMEM;
    assert(rc == 0);
    (void)rc;
    avro_value_iface_decref(iface);
    pthread_mutex_unlock(&mutex);
    return value;
}

/* ---- encoding ---- */

/* What is on its way; avro-c fails for lack of memory only, what fails here is the value. */
struct encoding {
    size_t items_left;
    const char *field; /* being written */
    const char *why;   /* set on failure */
};

static bool fail(struct encoding *e, const char *why)
{
    e->why = why;
    return false;
}

static bool put_string(struct encoding *e, avro_value_t *to, const char *text)
{
    if (text == NULL)
        return fail(e, "string is NULL");
    size_t len = strnlen(text, CODEC_MESSAGE_MAX);
    if (len == CODEC_MESSAGE_MAX)
        return fail(e, "longer than a message");
    if (!text_is_clean(text, len))
        return fail(e, "not UTF-8");
    return avro_value_set_string_len(to, text, len + 1) == 0 || fail(e, "no memory");
}

static bool put_uuid(avro_value_t *to, const struct uuid *id)
{
    char text[UUID_TEXT_LEN + 1];
    uuid_format(id, text);
    return avro_value_set_string_len(to, text, sizeof text) == 0;
}

static bool put_long(struct encoding *e, const struct wire_field *w, avro_value_t *to, int64_t n)
{
    if (!w->is_int)
        return avro_value_set_long(to, n) == 0;
    if (n < INT32_MIN || n > INT32_MAX)
        return fail(e, "beyond 32 bits");
    return avro_value_set_int(to, (int32_t)n) == 0;
}

static bool put_enum(struct encoding *e, const struct field *f, avro_value_t *to, int symbol)
{
    if (symbol < 0 || (size_t)symbol >= f->enums->n_symbols)
        return fail(e, "unknown symbol");
    return avro_value_set_enum(to, symbol) == 0;
}

static bool
put_record(struct encoding *e, const struct wire_record *r, avro_value_t *to, const void *from);

static bool
put_item(struct encoding *e, const struct wire_field *w, avro_value_t *to, const void *item)
{
    switch (w->field->kind) {
    case FIELD_BOOL:
        return avro_value_set_boolean(to, *(const bool *)item) == 0;
    case FIELD_LONG:
    case FIELD_TIME:
        return put_long(e, w, to, *(const int64_t *)item);
    case FIELD_STRING:
        return put_string(e, to, *(const char *const *)item);
    case FIELD_UUID:
        return put_uuid(to, item);
    case FIELD_ENUM:
        return put_enum(e, w->field, to, *(const int *)item);
    case FIELD_RECORD:
        return put_record(e, w->record, to, item);
    }
    return fail(e, "unknown type");
}

static bool
put_array(struct encoding *e, const struct wire_field *w, avro_value_t *to, const void *member)
{
    struct record_array array = record_array_get(member);
    if (array.n > e->items_left)
        return fail(e, "too many items");
    e->items_left -= array.n;
    for (size_t i = 0; i < array.n; i++) {
        avro_value_t item;
        if (avro_value_append(to, &item, NULL) != 0)
            return fail(e, "no memory");
        if (!put_item(e, w, &item, (const char *)array.items + i * w->field->item_size))
            return false;
    }
    return true;
}

static bool
put_field(struct encoding *e, const struct wire_field *w, avro_value_t *to, const void *from)
{
    const struct field *f = w->field;
    const void *member = (const char *)from + f->offset;
    avro_value_t branch;
    e->field = f->name;
    if (f->optional) {
        bool has = *(const bool *)((const char *)from + f->has_offset);
        if (avro_value_set_branch(to, has, &branch) != 0)
            return fail(e, "no memory");
        if (!has)
            return avro_value_set_null(&branch) == 0;
        to = &branch;
    }
    return f->array ? put_array(e, w, to, member) : put_item(e, w, to, member);
}

static bool
put_record(struct encoding *e, const struct wire_record *r, avro_value_t *to, const void *from)
{
    for (size_t i = 0; i < r->n; i++) {
        avro_value_t child;
        if (avro_value_get_by_index(to, i, &child, NULL) != 0)
            return fail(e, "no such field");
        if (!put_field(e, &r->fields[i], &child, from))
            return false;
    }
    return true;
}

static void put_frame(uint8_t *to, int32_t id)
{
    const uint32_t n = (uint32_t)id;
    to[0] = 0;
    for (int i = 0; i < 4; i++)
        to[1 + i] = (uint8_t)(n >> (24 - 8 * i));
}

enum err_code
codec_encode(struct codec *c, struct record r, struct arena *a, struct bytes *ret, struct err *err)
{
    const struct wire *w = wire_newest(r.type);
    struct encoding e = {.items_left = WIRE_ITEMS_MAX};
    avro_value_t *value = empty_value(c, w);
    if (!put_record(&e, w->record, value, r.value))
        return err_set(err, ERR_INVALID, "%s: %s: %s", r.type->subject, e.field,
                       e.why ? e.why : "avro");
    put_frame(c->buffer, w->write_id);
    avro_writer_memory_set_dest(c->writer, (char *)c->buffer + FRAME_SIZE,
                                CODEC_MESSAGE_MAX - FRAME_SIZE);
    if (avro_value_write(c->writer, value) != 0)
        return err_set(err, ERR_INVALID, "%s: larger than %d bytes", r.type->subject,
                       CODEC_MESSAGE_MAX);
    *ret = arena_bytes(a, c->buffer, FRAME_SIZE + (size_t)avro_writer_tell(c->writer));
    return ERR_OK;
}

/* ---- decoding: after wire_scan(), so nothing can be missing or out of range; a UUID's text is all
 * that is left to refuse ---- */

static bool get_string(avro_value_t *from, struct arena *a, const char **ret)
{
    const char *text = NULL;
    size_t size = 0;
    if (avro_value_get_string(from, &text, &size) != 0)
        return false;
    *ret = arena_strndup(a, text, size - 1);
    return true;
}

static bool get_uuid(avro_value_t *from, struct uuid *ret)
{
    const char *text = NULL;
    size_t size = 0;
    return avro_value_get_string(from, &text, &size) == 0 && uuid_parse_n(text, size - 1, ret);
}

static bool get_long(const struct wire_field *w, avro_value_t *from, int64_t *ret)
{
    int32_t small = 0;
    if (!w->is_int)
        return avro_value_get_long(from, ret) == 0;
    if (avro_value_get_int(from, &small) != 0)
        return false;
    *ret = small;
    return true;
}

static bool get_bool(avro_value_t *from, bool *ret)
{
    int value = 0;
    if (avro_value_get_boolean(from, &value) != 0)
        return false;
    *ret = value != 0;
    return true;
}

static bool get_record(const struct wire_record *r, avro_value_t *from, struct arena *a, void *to);

static bool get_item(const struct wire_field *w, avro_value_t *from, struct arena *a, void *item)
{
    switch (w->field->kind) {
    case FIELD_BOOL:
        return get_bool(from, item);
    case FIELD_LONG:
    case FIELD_TIME:
        return get_long(w, from, item);
    case FIELD_STRING:
        return get_string(from, a, item);
    case FIELD_UUID:
        return get_uuid(from, item);
    case FIELD_ENUM:
        return avro_value_get_enum(from, (int *)item) == 0;
    case FIELD_RECORD:
        return get_record(w->record, from, a, item);
    }
    return false;
}

static bool get_array(const struct wire_field *w, avro_value_t *from, struct arena *a, void *member)
{
    struct record_array array = {0};
    if (avro_value_get_size(from, &array.n) != 0)
        return false;
    array.items = arena_alloc(a, array.n * w->field->item_size);
    for (size_t i = 0; i < array.n; i++) {
        avro_value_t item;
        void *to = (char *)array.items + i * w->field->item_size;
        if (w->record != NULL)
            memcpy(to, w->record->defaults, w->field->item_size);
        if (avro_value_get_by_index(from, i, &item, NULL) != 0 || !get_item(w, &item, a, to))
            return false;
    }
    record_array_set(member, array);
    return true;
}

static bool get_field(const struct wire_field *w, avro_value_t *from, struct arena *a, void *to)
{
    const struct field *f = w->field;
    void *member = (char *)to + f->offset;
    avro_value_t branch;
    if (f->optional) {
        int discriminant = 0;
        if (avro_value_get_discriminant(from, &discriminant) != 0)
            return false;
        *(bool *)((char *)to + f->has_offset) = discriminant == 1;
        if (discriminant != 1)
            return true;
        if (avro_value_get_current_branch(from, &branch) != 0)
            return false;
        from = &branch;
    }
    return f->array ? get_array(w, from, a, member) : get_item(w, from, a, member);
}

static bool get_record(const struct wire_record *r, avro_value_t *from, struct arena *a, void *to)
{
    for (size_t i = 0; i < r->n; i++) {
        avro_value_t child;
        if (avro_value_get_by_index(from, i, &child, NULL) != 0)
            return false;
        if (!get_field(&r->fields[i], &child, a, to))
            return false;
    }
    return true;
}

static enum err_code find_schema(struct bytes framed, const struct wire **ret, struct err *err)
{
    if (framed.len > CODEC_MESSAGE_MAX)
        return err_set(err, ERR_CORRUPT, "message of %zu bytes", framed.len);
    if (framed.len < FRAME_SIZE || framed.data[0] != 0)
        return err_set(err, ERR_CORRUPT, "not in Confluent framing");
    uint32_t id = 0;
    for (int i = 0; i < 4; i++)
        id = id << 8 | framed.data[1 + i];
    if (id < REGISTRY_LOCKED_ID_MIN)
        return schema_ids_wire((int32_t)id, ret, err);
    const struct wire *w = id <= INT32_MAX ? wire_by_id((int32_t)id) : NULL;
    if (w == NULL)
        return err_set(err, ERR_NOT_FOUND, "unknown schema id %u", (unsigned)id);
    *ret = w;
    return ERR_OK;
}

enum err_code codec_type(struct bytes framed, const struct record_type **ret, struct err *err)
{
    const struct wire *w = NULL;
    TRY(find_schema(framed, &w, err));
    assert(w != NULL);
    *ret = w->type;
    return ERR_OK;
}

enum err_code codec_decode(
    struct codec *c, struct bytes framed, struct arena *a, struct record *ret, struct err *err)
{
    const struct wire *w = NULL;
    TRY(find_schema(framed, &w, err));
    assert(w != NULL);
    const struct bytes body = {framed.data + FRAME_SIZE, framed.len - FRAME_SIZE};
    TRY(wire_scan(w, body, err));
    avro_value_t *value = empty_value(c, w);
    avro_reader_memory_set_source(c->reader, (const char *)body.data, (int64_t)body.len);
    if (avro_value_read(c->reader, value) != 0)
        return err_set(err, ERR_CORRUPT, "%s: unreadable", w->type->subject);
    void *to = record_new(w->type, a);
    if (!get_record(w->record, value, a, to))
        return err_set(err, ERR_CORRUPT, "%s: not a UUID", w->type->subject);
    *ret = (struct record){w->type, to};
    return ERR_OK;
}

void *record_new(const struct record_type *t, struct arena *a)
{
    void *ret = arena_alloc(a, t->size);
    if (t->index == RECORD_INDEX_NONE)
        wire_defaults(t, ret, a);
    else
        memcpy(ret, wire_template(t), t->size);
    return ret;
}

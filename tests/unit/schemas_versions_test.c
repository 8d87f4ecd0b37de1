/*
 * A writer of version 1 and a reader of version 2. The tables of the binary have what they have, so
 * this test brings its own record_types (the linker then leaves the generated ones out): version 2
 * of a note added fields with defaults of every kind.
 */
#include "tests/unit/spec.h"

#include <avro.h>

#include "schemas/codec.h"
#include "schemas/json.h"
#include "schemas/registry.h"

static const char *const colours[] = {"red", "green"};
static const struct enum_type enum_colour = {"Colour", colours, 2};

struct spot {
    int64_t x;
};
static const struct field spot_fields[] = {
    {.name = "x",
     .kind = FIELD_LONG,
     .offset = offsetof(struct spot, x),
     .item_size = 8,
     .min = INT32_MIN,
     .max = INT32_MAX},
};
static const struct record_type type_spot = {.name = "Spot",
                                             .role = RECORD_PART,
                                             .size = sizeof(struct spot),
                                             .fields = spot_fields,
                                             .n_fields = 1,
                                             .index = RECORD_INDEX_NONE};

struct note {
    const char *text;
    struct {
        struct spot *items;
        size_t n;
    } spots;
    bool done;
    int64_t stars;
    struct uuid owner;
    int colour;
    bool has_remark;
    const char *remark;
    struct {
        const char **items;
        size_t n;
    } tags;
    const char *tone;
};

#define AT(member) .offset = offsetof(struct note, member)
static const struct field note_fields[] = {
    {.name = "text",              .kind = FIELD_STRING, AT(text), .item_size = sizeof(char *), .digest = true},
    {              .name = "spots",
     .kind = FIELD_RECORD,
     .array = true,
     .record = &type_spot,
     AT(spots),
     .item_size = sizeof(struct spot),
     .digest = true},
    {                                                                                                          .name = "done",
     .kind = FIELD_BOOL,
     AT(done),
     .item_size = 1,
     .default_json = "true",
     .digest = true},
    {                                                                                                          .name = "stars",
     .kind = FIELD_LONG,
     AT(stars),
     .item_size = 8,
     .default_json = "-7",
     .digest = true},
    {                                                                                                          .name = "owner",
     .kind = FIELD_UUID,
     AT(owner),
     .item_size = 16,
     .default_json = "\"0190a6b4-7a3c-7def-8123-456789abcdef\"",
     .digest = true},
    {                                                                                                          .name = "colour",
     .kind = FIELD_ENUM,
     .enums = &enum_colour,
     AT(colour),
     .item_size = sizeof(int),
     .default_json = "\"green\"",
     .digest = true},
    {                                                                                             .name = "remark",
     .kind = FIELD_STRING,
     .optional = true,
     .has_offset = offsetof(struct note,                                                                         has_remark),
     AT(remark),
     .item_size = sizeof(char *),
     .default_json = "null",
     .digest = true},
    { .name = "tags",
     .kind = FIELD_STRING,
     .array = true,
     AT(tags),
     .item_size = sizeof(char *),
     .default_json = "[\"a\",\"b\"]",
     .digest = true},
    {                                                                                                    .name = "tone",
     .kind = FIELD_STRING,
     AT(tone),
     .item_size = sizeof(char *),
     .default_json = "\"calm\"",
     .digest = true},
};

#define TEXT_HEAD                                                                        \
    "{\"type\":\"record\",\"name\":\"Note\",\"namespace\":\"hirelog.test\",\"fields\":[" \
    "{\"name\":\"text\",\"type\":\"string\"},"
#define SPOT                                                                                    \
    "{\"name\":\"spots\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":" \
    "\"Spot\","                                                                                 \
    "\"namespace\":\"hirelog\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"}]}}}"
static const struct schema_version note_versions[] = {
    {1000000, 1, TEXT_HEAD SPOT "]}"                                                    },
    {1000001, 2,
     /* in another order than the struct: fields go by name */
     TEXT_HEAD "{\"name\":\"tags\",\"type\":{\"type\":\"array\",\"items\":\"string\"},\"default\":["
               "\"a\",\"b\"]},"
               "{\"name\":\"done\",\"type\":\"boolean\",\"default\":true},"
               "{\"name\":\"stars\",\"type\":\"long\",\"default\":-7},"
               "{\"name\":\"owner\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"}},"
               "{\"name\":\"colour\",\"type\":{\"type\":\"enum\",\"name\":\"Colour\",\"symbols\":["
               "\"red\",\"green\"]}},"
               "{\"name\":\"remark\",\"type\":[\"null\",\"string\"],\"default\":null},"
               "{\"name\":\"tone\",\"type\":\"string\",\"default\":\"calm\"}," SPOT "]}"},
};
static const struct record_type type_note = {.name = "Note",
                                             .subject = "hirelog.test.Note",
                                             .service = "test",
                                             .role = RECORD_STATE,
                                             .size = sizeof(struct note),
                                             .fields = note_fields,
                                             .n_fields = ARRAY_SIZE(note_fields),
                                             .versions = note_versions,
                                             .n_versions = 2,
                                             .index = 0};
const struct record_type *const record_types[] = {&type_note};
const size_t n_record_types = 1;

static struct arena arena;
static struct codec *codec;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    codec = codec_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    codec_free(codec);
    arena_release(&arena);
    return 0;
}

/* Version 1: id 1000000, text "hi", spots [{x: -1}, {x: 2}]. */
static const uint8_t old_message[] = {0, 0x00, 0x0f, 0x42, 0x40, 4, 'h', 'i', 4, 1, 4, 0};

static struct note *old_note(void)
{
    struct record r = {0};
    assert_int_equal(
        codec_decode(codec, (struct bytes){old_message, sizeof old_message}, &arena, &r, NULL),
        ERR_OK);
    assert_ptr_equal(r.type, &type_note);
    return r.value;
}

static void an_old_message_gets_the_new_defaults(void **state)
{
    (void)state;
    const struct note *note = old_note();
    char owner[UUID_TEXT_LEN + 1];
    assert_string_equal(note->text, "hi");
    assert_int_equal(note->spots.n, 2);
    assert_int_equal(note->spots.items[0].x, -1);
    assert_int_equal(note->spots.items[1].x, 2);
    assert_true(note->done);
    assert_int_equal(note->stars, -7);
    uuid_format(&note->owner, owner);
    assert_string_equal(owner, "0190a6b4-7a3c-7def-8123-456789abcdef");
    assert_int_equal(note->colour, 1);
    assert_false(note->has_remark);
    assert_int_equal(note->tags.n, 2);
    assert_string_equal(note->tags.items[1], "b");
    assert_string_equal(note->tone, "calm");
}

static void what_we_write_is_the_newest_version(void **state)
{
    (void)state;
    struct note *note = old_note();
    struct bytes framed = {0};
    struct record back = {0};
    note->done = false;
    note->has_remark = true;
    note->remark = "r";
    assert_int_equal(codec_encode(codec, (struct record){&type_note, note}, &arena, &framed, NULL),
                     ERR_OK);
    assert_int_equal(framed.data[4], 0x41);
    assert_int_equal(codec_decode(codec, framed, &arena, &back, NULL), ERR_OK);
    json_t *x = record_to_json(&type_note, note);
    json_t *y = record_to_json(&type_note, back.value);
    assert_true(json_equal(x, y));
    json_decref(x);
    json_decref(y);
}

static void a_changed_record_does_not_change_the_defaults(void **state)
{
    (void)state;
    struct note *note = old_note();
    note->stars = 5;
    note->tone = "loud";
    note->tags.n = 0;
    const struct note *fresh = record_new(&type_note, &arena);
    assert_int_equal(fresh->stars, -7);
    assert_string_equal(fresh->tone, "calm");
    assert_int_equal(fresh->tags.n, 2);
    assert_null(fresh->text);
}

static void the_digest_of_an_old_command_stays(void **state)
{
    (void)state;
    static const struct record_type old_type = {.name = "Note",
                                                .role = RECORD_STATE,
                                                .size = sizeof(struct note),
                                                .fields = note_fields,
                                                .n_fields = 2,
                                                .index = RECORD_INDEX_NONE};
    struct note *note = old_note();
    uint8_t old[32];
    uint8_t now[32];
    codec_digest((struct record){&old_type, note}, &arena, old);
    codec_digest((struct record){&type_note, note}, &arena, now);
    assert_memory_equal(old, now, sizeof old);
    const char *tags[] = {"a", "c"};
    note->tags.items = tags;
    codec_digest((struct record){&type_note, note}, &arena, now);
    assert_memory_not_equal(old, now, sizeof old);
}

static void an_int_has_32_bits(void **state)
{
    (void)state;
    struct note *note = old_note();
    struct bytes framed = {0};
    struct record r = {0};
    struct err err = {0};
    note->spots.items[1].x = INT64_C(1) << 31;
    assert_int_equal(codec_encode(codec, (struct record){&type_note, note}, &arena, &framed, &err),
                     ERR_INVALID);
    static const uint8_t wide[] = {0,    0x00, 0x0f, 0x42, 0x40, 0, 2,
                                   0x80, 0x80, 0x80, 0x80, 0x10, 0};
    assert_int_equal(codec_decode(codec, (struct bytes){wide, sizeof wide}, &arena, &r, &err),
                     ERR_CORRUPT);
    assert_non_null(strstr(err.msg, "x: int beyond 32 bits"));
}

static void both_versions_are_in_the_registry(void **state)
{
    (void)state;
    assert_int_equal(registry_version(&type_note, 0)->version, 2);
    assert_int_equal(registry_version(&type_note, 1)->id, 1000000);
    assert_ptr_equal(registry_lookup(&type_note, note_versions[0].text), &note_versions[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_old_message_gets_the_new_defaults),
        cmocka_unit_test(what_we_write_is_the_newest_version),
        cmocka_unit_test(a_changed_record_does_not_change_the_defaults),
        cmocka_unit_test(the_digest_of_an_old_command_stays),
        cmocka_unit_test(an_int_has_32_bits),
        cmocka_unit_test(both_versions_are_in_the_registry),
    };
    return cmocka_run_group_tests_name("versions", tests, set_up, tear_down);
}

/*
 * What was ever written stays readable: tests/golden/<subject>.v<version>.txt holds, of one value,
 * the message in hex, the value in JSON and, of a command, the digest. A file is written once
 * (GOLDEN_WRITE=1) and never changed.
 */
#include "tests/unit/spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "schemas/codec.h"
#include "schemas/json.h"
#include "schemas/records.h"
#include "tests/unit/schemas_random.h"

#define SEED         1
#define LINE_MAX_LEN 16384

struct golden {
    char message[LINE_MAX_LEN];
    char json[LINE_MAX_LEN];
    char digest[LINE_MAX_LEN];
};

static struct arena arena;
static struct codec *codec;
static struct golden golden;

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

static const char *path_of(const struct record_type *t, int version)
{
    return arena_printf(&arena, "tests/golden/%s.v%d.txt", t->subject, version);
}

static char *hex(const uint8_t *data, size_t len)
{
    char *ret = arena_alloc(&arena, 2 * len + 1);
    for (size_t i = 0; i < len; i++)
        snprintf(ret + 2 * i, 3, "%02x", data[i]);
    return ret;
}

static struct bytes from_hex(const char *text)
{
    size_t len = strlen(text) / 2;
    uint8_t *ret = arena_alloc(&arena, len);
    for (size_t i = 0; i < len; i++) {
        const char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        ret[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return (struct bytes){ret, len};
}

static const char *digest_of(struct record r)
{
    uint8_t digest[32];
    if (r.type->role != RECORD_COMMAND)
        return "-";
    codec_digest(r, &arena, digest);
    return hex(digest, sizeof digest);
}

static void write_golden(const struct record_type *t)
{
    struct record r = random_value(t, SEED, &arena);
    struct bytes message = {0};
    assert_int_equal(codec_encode(codec, r, &arena, &message, NULL), ERR_OK);
    json_t *json = record_to_json(t, r.value);
    char *text = json_dumps(json, JSON_COMPACT);
    FILE *f = fopen(path_of(t, (int)t->n_versions), "wx");
    assert_non_null(f);
    fprintf(f, "%s\n%s\n%s\n", hex(message.data, message.len), text, digest_of(r));
    fclose(f);
    free(text);
    json_decref(json);
}

static bool read_line(FILE *f, char *ret)
{
    if (fgets(ret, LINE_MAX_LEN, f) == NULL)
        return false;
    ret[strcspn(ret, "\n")] = '\0';
    return true;
}

static void read_golden(const struct record_type *t, int version)
{
    FILE *f = fopen(path_of(t, version), "r");
    if (f == NULL && errno == ENOENT && version == (int)t->n_versions &&
        getenv("GOLDEN_WRITE") != NULL) {
        write_golden(t);
        f = fopen(path_of(t, version), "r");
    }
    if (f == NULL)
        fail_msg("%s is missing; GOLDEN_WRITE=1 writes it, before the next version is made",
                 path_of(t, version));
    bool whole =
        read_line(f, golden.message) && read_line(f, golden.json) && read_line(f, golden.digest);
    fclose(f);
    assert_true(whole);
}

/* Every member of the old JSON is there with its value; members with defaults may have come. */
static bool holds(const json_t *now, const json_t *old)
{
    const char *name = NULL;
    json_t *member = NULL;
    if (!json_is_object(old))
        return json_equal(now, old);
    json_object_foreach((json_t *)old, name, member)
    {
        if (!holds(json_object_get(now, name), member))
            return false;
    }
    return true;
}

static void check_version(const struct record_type *t, int version)
{
    struct record r = {0};
    struct err err = {0};
    read_golden(t, version);
    struct bytes message = from_hex(golden.message);
    if (codec_decode(codec, message, &arena, &r, &err) != ERR_OK)
        fail_msg("%s: %s", path_of(t, version), err.msg);
    assert_ptr_equal(r.type, t);
    json_t *now = record_to_json(t, r.value);
    json_t *old = json_loads(golden.json, 0, NULL);
    assert_true(holds(now, old));
    assert_string_equal(digest_of(r), golden.digest);
    if (version == (int)t->n_versions) {
        struct bytes again = {0};
        assert_true(json_equal(now, old));
        assert_int_equal(codec_encode(codec, r, &arena, &again, &err), ERR_OK);
        assert_string_equal(hex(again.data, again.len), golden.message);
    }
    json_decref(now);
    json_decref(old);
    arena_clear(&arena);
}

static void old_messages_are_read_and_new_ones_look_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_record_types; i++) {
        for (size_t v = 1; v <= record_types[i]->n_versions; v++)
            check_version(record_types[i], (int)v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_messages_are_read_and_new_ones_look_the_same),
    };
    return cmocka_run_group_tests_name("golden", tests, set_up, tear_down);
}

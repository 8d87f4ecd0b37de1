/* Records <-> Avro: against avro-c's own reader and writer, and against bytes that nobody should
 * send. */
#include "tests/unit/spec.h"

#include <avro.h>
#include <pthread.h>
#include <stdlib.h>

#include "schemas/codec.h"
#include "schemas/json.h"
#include "schemas/records.h"
#include "schemas/registry.h"
#include "tests/unit/schemas_random.h"

#define SEEDS 40

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

static void assert_same(struct record a, struct record b)
{
    assert_ptr_equal(a.type, b.type);
    json_t *x = record_to_json(a.type, a.value);
    json_t *y = record_to_json(b.type, b.value);
    assert_true(json_equal(x, y));
    json_decref(x);
    json_decref(y);
}

static struct bytes encoded(struct record r)
{
    struct bytes ret = {0};
    struct err err = {0};
    if (codec_encode(codec, r, &arena, &ret, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return ret;
}

static struct record decoded(struct bytes framed)
{
    struct record ret = {0};
    struct err err = {0};
    if (codec_decode(codec, framed, &arena, &ret, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return ret;
}

static enum err_code refusal(struct bytes framed, struct err *err)
{
    struct record ret = {0};
    enum err_code code = codec_decode(codec, framed, &arena, &ret, err);
    assert_null(ret.value);
    return code;
}

static const char *newest_text(const struct record_type *t)
{
    return registry_version(t, 0)->text;
}

static void every_type_comes_back_as_it_went(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_record_types; i++) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct record r = random_value(record_types[i], seed, &arena);
            assert_same(r, decoded(encoded(r)));
        }
        arena_clear(&arena);
    }
}

/* ---- avro-c reads what we wrote ---- */

static json_t *plain_item(const struct field *f, const void *item);

/* Our record in Avro's JSON encoding, but for the wrapping of union branches. */
static json_t *plain_record(const struct record_type *t, const void *value)
{
    json_t *ret = json_object();
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct field *f = &t->fields[i];
        const char *member = (const char *)value + f->offset;
        json_t *json = NULL;
        if (f->optional && !*(const bool *)((const char *)value + f->has_offset)) {
            json = json_null();
        } else if (f->array) {
            struct record_array array = record_array_get(member);
            json = json_array();
            for (size_t k = 0; k < array.n; k++)
                json_array_append_new(json, plain_item(f, (char *)array.items + k * f->item_size));
        } else {
            json = plain_item(f, member);
        }
        json_object_set_new(ret, f->name, json);
    }
    return ret;
}

static json_t *plain_item(const struct field *f, const void *item)
{
    char text[UUID_TEXT_LEN + 1];
    switch (f->kind) {
    case FIELD_BOOL:
        return json_boolean(*(const bool *)item);
    case FIELD_LONG:
    case FIELD_TIME:
        return json_integer(*(const int64_t *)item);
    case FIELD_STRING:
        return json_string(*(const char *const *)item);
    case FIELD_UUID:
        uuid_format(item, text);
        return json_string(text);
    case FIELD_ENUM:
        return json_string(f->enums->symbols[*(const int *)item]);
    case FIELD_RECORD:
        return plain_record(f->record, item);
    }
    return NULL;
}

/* {"optional": {"string": "x"}} -> {"optional": "x"}, down to the leaves. */
static void unwrap(const struct record_type *t, json_t *object)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct field *f = &t->fields[i];
        json_t *json = json_object_get(object, f->name);
        if (f->optional && json_is_object(json)) {
            json_t *inner = json_object_iter_value(json_object_iter(json));
            json_object_set(object, f->name, inner);
        }
        json = json_object_get(object, f->name);
        if (f->kind == FIELD_RECORD && !f->array && json_is_object(json))
            unwrap(f->record, json);
    }
}

static void avro_c_reads_what_we_write(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        avro_schema_t schema = NULL;
        avro_value_t value;
        assert_int_equal(
            avro_schema_from_json_length(newest_text(t), strlen(newest_text(t)), &schema), 0);
        avro_value_iface_t *iface = avro_generic_class_from_schema(schema);
        assert_int_equal(avro_generic_value_new(iface, &value), 0);
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct record r = random_value(t, seed, &arena);
            struct bytes framed = encoded(r);
            char *text = NULL;
            avro_reader_t reader =
                avro_reader_memory((const char *)framed.data + 5, (int64_t)framed.len - 5);
            avro_value_reset(&value);
            assert_int_equal(avro_value_read(reader, &value), 0);
            assert_int_equal(avro_value_to_json(&value, 1, &text), 0);
            json_t *theirs = json_loads(text, 0, NULL);
            json_t *ours = plain_record(t, r.value);
            unwrap(t, theirs);
            assert_true(json_equal(theirs, ours));
            json_decref(theirs);
            json_decref(ours);
            free(text);
            avro_reader_free(reader);
        }
        avro_value_decref(&value);
        avro_value_iface_decref(iface);
        avro_schema_decref(schema);
        arena_clear(&arena);
    }
}

/* ---- we read what avro-c writes ---- */

static avro_value_t child_of(avro_value_t *value, const char *name)
{
    avro_value_t ret;
    if (avro_value_get_by_name(value, name, &ret, NULL) != 0)
        abort();
    return ret;
}

static avro_value_t branch_of(avro_value_t *value, int branch)
{
    avro_value_t ret;
    if (avro_value_set_branch(value, branch, &ret) != 0)
        abort();
    return ret;
}

static avro_value_t new_item_of(avro_value_t *value)
{
    avro_value_t ret;
    if (avro_value_append(value, &ret, NULL) != 0)
        abort();
    return ret;
}

static void set_item(const struct field *f, avro_value_t *to, const void *item);

static void set_record(const struct record_type *t, avro_value_t *to, const void *value)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct field *f = &t->fields[i];
        const char *member = (const char *)value + f->offset;
        avro_value_t child = child_of(to, f->name);
        if (f->optional) {
            bool has = *(const bool *)((const char *)value + f->has_offset);
            child = branch_of(&child, has);
            if (!has) {
                avro_value_set_null(&child);
                continue;
            }
        }
        if (!f->array) {
            set_item(f, &child, member);
            continue;
        }
        struct record_array array = record_array_get(member);
        for (size_t k = 0; k < array.n; k++) {
            avro_value_t item = new_item_of(&child);
            set_item(f, &item, (char *)array.items + k * f->item_size);
        }
    }
}

static void set_item(const struct field *f, avro_value_t *to, const void *item)
{
    char text[UUID_TEXT_LEN + 1];
    switch (f->kind) {
    case FIELD_BOOL:
        avro_value_set_boolean(to, *(const bool *)item);
        break;
    case FIELD_LONG:
    case FIELD_TIME:
        avro_value_set_long(to, *(const int64_t *)item);
        break;
    case FIELD_STRING:
        avro_value_set_string(to, *(const char *const *)item);
        break;
    case FIELD_UUID:
        uuid_format(item, text);
        avro_value_set_string(to, text);
        break;
    case FIELD_ENUM:
        avro_value_set_enum(to, *(const int *)item);
        break;
    case FIELD_RECORD:
        set_record(f->record, to, item);
        break;
    }
}

static void we_read_what_avro_c_writes(void **state)
{
    (void)state;
    static char buffer[65536];
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        avro_schema_t schema = NULL;
        assert_int_equal(
            avro_schema_from_json_length(newest_text(t), strlen(newest_text(t)), &schema), 0);
        avro_value_iface_t *iface = avro_generic_class_from_schema(schema);
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            avro_value_t value;
            struct record r = random_value(t, seed, &arena);
            struct bytes ours = encoded(r);
            memcpy(buffer, ours.data, 5);
            avro_writer_t writer = avro_writer_memory(buffer + 5, sizeof buffer - 5);
            assert_int_equal(avro_generic_value_new(iface, &value), 0);
            set_record(t, &value, r.value);
            assert_int_equal(avro_value_write(writer, &value), 0);
            struct bytes theirs = {(const uint8_t *)buffer, 5 + (size_t)avro_writer_tell(writer)};
            assert_same(r, decoded(theirs));
            assert_int_equal(theirs.len, ours.len);
            assert_memory_equal(theirs.data, ours.data, ours.len);
            avro_writer_free(writer);
            avro_value_decref(&value);
        }
        avro_value_iface_decref(iface);
        avro_schema_decref(schema);
        arena_clear(&arena);
    }
}

/* ---- what we refuse to write ---- */

static enum err_code encode_refusal(struct record r, struct err *err)
{
    struct bytes ret = {0};
    enum err_code code = codec_encode(codec, r, &arena, &ret, err);
    assert_null(ret.data);
    return code;
}

static struct job_posted *some_job(void)
{
    return random_value(&type_job_posted, 7, &arena).value;
}

static void values_that_no_reader_could_read_are_not_written(void **state)
{
    (void)state;
    struct err err = {0};
    struct job_posted *job = some_job();
    job->title = NULL;
    assert_int_equal(encode_refusal((struct record){&type_job_posted, job}, &err), ERR_INVALID);
    assert_string_equal(err.msg, "hirelog.job.JobPosted: title: string is NULL");
    job->title = "\xc3(";
    assert_int_equal(encode_refusal((struct record){&type_job_posted, job}, &err), ERR_INVALID);
    job->title = "fine";
    job->meta.actor.kind = 17;
    assert_int_equal(encode_refusal((struct record){&type_job_posted, job}, &err), ERR_INVALID);
    assert_string_equal(err.msg, "hirelog.job.JobPosted: kind: unknown symbol");
    job->meta.actor.kind = ACTOR_KIND_USER;
    assert_same((struct record){&type_job_posted, job},
                decoded(encoded((struct record){&type_job_posted, job})));
}

static void a_message_is_at_most_one_mebibyte(void **state)
{
    (void)state;
    struct err err = {0};
    struct job_posted *job = some_job();
    struct record r = {&type_job_posted, job};
    job->title = "";
    job->description = "";
    size_t others = encoded(r).len + 2; /* a longer length takes two bytes more */
    char *text = arena_alloc(&arena, CODEC_MESSAGE_MAX + 1);
    memset(text, 'x', CODEC_MESSAGE_MAX);
    job->description = text;
    assert_int_equal(encode_refusal(r, &err), ERR_INVALID);
    text[CODEC_MESSAGE_MAX - others] = '\0';
    struct bytes framed = encoded(r);
    assert_int_equal(framed.len, CODEC_MESSAGE_MAX);
    assert_same(r, decoded(framed));
    text[CODEC_MESSAGE_MAX - others] = 'x';
    text[CODEC_MESSAGE_MAX - others + 1] = '\0';
    assert_int_equal(encode_refusal(r, &err), ERR_INVALID);
    uint8_t *larger = arena_alloc(&arena, CODEC_MESSAGE_MAX + 1);
    memcpy(larger, framed.data, framed.len);
    assert_int_equal(refusal((struct bytes){larger, framed.len + 1}, &err), ERR_CORRUPT);
}

/* ---- what we refuse to read ---- */

static void framing_must_be_confluents(void **state)
{
    (void)state;
    struct err err = {0};
    static const uint8_t unknown[] = {0, 0, 0, 0, 1, 0};
    static const uint8_t negative[] = {0, 0xff, 0xff, 0xff, 0xff, 0};
    static const uint8_t other_magic[] = {1, 0, 0x0f, 0x42, 0x40, 0};
    assert_int_equal(refusal((struct bytes){unknown, sizeof unknown}, &err), ERR_NOT_FOUND);
    assert_int_equal(refusal((struct bytes){negative, sizeof negative}, &err), ERR_NOT_FOUND);
    assert_int_equal(refusal((struct bytes){other_magic, sizeof other_magic}, &err), ERR_CORRUPT);
    assert_int_equal(refusal((struct bytes){unknown, 4}, &err), ERR_CORRUPT);
    assert_int_equal(refusal((struct bytes){NULL, 0}, &err), ERR_CORRUPT);
}

static void every_truncation_and_every_tail_is_refused(void **state)
{
    (void)state;
    struct err err = {0};
    for (size_t i = 0; i < n_record_types; i++) {
        struct bytes framed = encoded(random_value(record_types[i], 3, &arena));
        for (size_t len = 0; len < framed.len; len++) {
            uint8_t *exact = malloc(len + 1); /* so that the sanitizer sees a read behind the end */
            memcpy(exact, framed.data, len);
            exact = realloc(exact, len > 0 ? len : 1);
            assert_int_equal(refusal((struct bytes){exact, len}, &err), ERR_CORRUPT);
            free(exact);
        }
        uint8_t *longer = arena_alloc(&arena, framed.len + 1);
        memcpy(longer, framed.data, framed.len);
        assert_int_equal(refusal((struct bytes){longer, framed.len + 1}, &err), ERR_CORRUPT);
        arena_clear(&arena);
    }
}

/* A body written by hand. */
struct body {
    uint8_t data[256 * 1024];
    size_t len;
};
static struct body body;

static void put_raw(const void *data, size_t len)
{
    assert_true(body.len + len <= sizeof body.data);
    memcpy(body.data + body.len, data, len);
    body.len += len;
}

static void put_long(int64_t n)
{
    uint64_t zigzag = ((uint64_t)n << 1) ^ (uint64_t)(n >> 63);
    for (; zigzag > 0x7f; zigzag >>= 7)
        put_raw(&(uint8_t){(uint8_t)zigzag | 0x80}, 1);
    put_raw(&(uint8_t){(uint8_t)zigzag}, 1);
}

static void put_text(const char *text)
{
    put_long((int64_t)strlen(text));
    put_raw(text, strlen(text));
}

static const char an_id[] = "0190a6b4-7a3c-7def-8123-456789abcdef";

static void start(const struct record_type *t)
{
    uint32_t id = (uint32_t)registry_version(t, 0)->id;
    const uint8_t frame[5] = {0, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
                              (uint8_t)id};
    body.len = 0;
    put_raw(frame, sizeof frame);
}

static void put_meta_up_to_roles(void)
{
    put_text(an_id);
    put_text(an_id);
    put_text(an_id);
    put_long(1);
    put_long(ACTOR_KIND_USER);
    put_text(an_id);
}

static void put_event_meta(void)
{
    put_meta_up_to_roles();
    put_long(1);
    put_long(ROLE_FREELANCER);
    put_long(0);
    put_long(1700000000000000);
}

static void put_job_up_to_skills(void)
{
    start(&type_job_posted);
    put_event_meta();
    put_text(an_id);
    put_text("title");
    put_text("description");
}

static void put_money(void)
{
    put_long(100);
    put_text("EUR");
}

static void assert_refused(const char *why)
{
    struct err err = {0};
    assert_int_equal(refusal((struct bytes){body.data, body.len}, &err), ERR_CORRUPT);
    if (strstr(err.msg, why) == NULL)
        fail_msg("\"%s\" instead of \"%s\"", err.msg, why);
}

static struct job_posted *assert_job(void)
{
    struct record r = decoded((struct bytes){body.data, body.len});
    assert_ptr_equal(r.type, &type_job_posted);
    return r.value;
}

static void arrays_may_come_in_blocks_with_sizes(void **state)
{
    (void)state;
    put_job_up_to_skills();
    put_long(1);
    put_text("c");
    put_long(-2);
    put_long(5);
    put_text("ab");
    put_text("d");
    put_long(0);
    put_money();
    struct job_posted *job = assert_job();
    assert_int_equal(job->skills.n, 3);
    assert_string_equal(job->skills.items[0], "c");
    assert_string_equal(job->skills.items[1], "ab");
    assert_string_equal(job->skills.items[2], "d");
    assert_int_equal(job->meta.actor.roles.items[0], ROLE_FREELANCER);
    assert_string_equal(job->budget.currency, "EUR");
}

static void hostile_counts_are_refused(void **state)
{
    (void)state;
    static const int64_t counts[] = {INT64_MAX, INT64_MIN, 1000000, 30};
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        put_job_up_to_skills();
        put_long(counts[i]);
        if (counts[i] < 0)
            put_long(1);
        put_money();
        assert_refused("skills: ");
    }
    put_job_up_to_skills();
    put_long(-1);
    put_long(3);
    put_text("c");
    put_long(0);
    put_money();
    assert_refused("skills: block of another size than it says");
    put_job_up_to_skills();
    put_long(-1);
    put_long(INT64_MAX);
    put_text("c");
    put_long(0);
    put_money();
    assert_refused("skills: block size beyond the message");
}

static void many_small_items_do_not_eat_the_memory(void **state)
{
    (void)state;
    start(&type_user_logged_in);
    put_meta_up_to_roles();
    put_long(70000);
    for (int i = 0; i < 70000; i++)
        put_long(ROLE_CLIENT);
    put_long(0);
    put_long(1);
    assert_refused("roles: too many items");
}

static void hostile_lengths_are_refused(void **state)
{
    (void)state;
    static const int64_t lengths[] = {INT64_MAX, INT64_MIN, -1, 512 * 1024 * 1024, 100};
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        start(&type_job_posted);
        put_event_meta();
        put_text(an_id);
        put_long(lengths[i]);
        put_text("x");
        assert_refused("title: length beyond the message");
    }
}

static void bad_text_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } texts[] = {
        {"a\0b",                 3},
        {"\0",                   1},
        {"12345678\0",           9},
        {"\x80",                 1},
        {"\xc0\x80",             2},
        {"\xed\xa0\x80",         3},
        {"\xf4\x90\x80\x80",     4},
        {"\xf8\x88\x80\x80\x80", 5},
        {"\xe2\x82",             2},
        {"\xff",                 1},
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        start(&type_job_posted);
        put_event_meta();
        put_text(an_id);
        put_long((int64_t)texts[i].len);
        put_raw(texts[i].bytes, texts[i].len);
        put_text("description");
        put_long(0);
        put_money();
        assert_refused("title: not UTF-8, or U+0000");
    }
}

static void bad_ids_are_refused(void **state)
{
    (void)state;
    static const char *const ids[] = {"", "0190a6b4-7a3c-7def-8123-456789abcde",
                                      "0190a6b4-7a3c-7def-8123-456789abcdeg",
                                      "0190a6b407a3c-7def-8123-456789abcdef"};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        start(&type_job_posted);
        put_event_meta();
        put_text(ids[i]);
        put_text("title");
        put_text("description");
        put_long(0);
        put_money();
        assert_refused("not a UUID");
    }
}

static void symbols_branches_and_booleans_out_of_range_are_refused(void **state)
{
    (void)state;
    static const int64_t numbers[] = {2, -1, INT64_MAX};
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        start(&type_user_logged_in);
        put_meta_up_to_roles();
        put_long(1);
        put_long(numbers[i]);
        put_long(0);
        put_long(1);
        assert_refused("roles: unknown symbol");
        start(&type_job_edited);
        put_event_meta();
        put_long(numbers[i]);
        put_text("title");
        assert_refused("title: unknown branch");
    }
    start(&type_user_state);
    put_text("ana@example.com");
    put_text(an_id);
    put_raw("\x02", 1);
    assert_refused("active: boolean that is neither 0 nor 1");
}

static void numbers_of_more_than_64_bits_are_refused(void **state)
{
    (void)state;
    static const char *const numbers[] = {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
                                          "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"};
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        start(&type_user_logged_in);
        put_text(an_id);
        put_text(an_id);
        put_text(an_id);
        put_raw(numbers[i], 10);
        put_raw("\x01\x01\x01\x01", 4);
        assert_refused("version: number of more than 64 bits");
    }
}

static void damaged_messages_never_do_harm(void **state)
{
    (void)state;
    struct dice dice = {42};
    struct err err = {0};
    size_t accepted = 0;
    for (int i = 0; i < 20000; i++) {
        const struct record_type *t = record_types[roll(&dice) % n_record_types];
        struct bytes framed = encoded(random_value(t, roll(&dice) % 100 + 1, &arena));
        uint8_t *damaged = arena_alloc(&arena, framed.len);
        memcpy(damaged, framed.data, framed.len);
        for (uint64_t n = roll(&dice) % 4 + 1; n > 0; n--)
            damaged[5 + roll(&dice) % (framed.len - 5)] = (uint8_t)roll(&dice);
        struct record r = {0};
        if (codec_decode(codec, (struct bytes){damaged, framed.len}, &arena, &r, &err) == ERR_OK) {
            assert_same(r, decoded(encoded(r)));
            accepted++;
        }
        arena_clear(&arena);
    }
    assert_in_range(accepted, 100, 19999);
}

/* ---- threads ---- */

static void *round_trips(void *arg)
{
    uint64_t seed = *(const uint64_t *)arg;
    struct codec *own = codec_new();
    struct arena a;
    arena_init(&a);
    bool same = true;
    for (size_t i = 0; i < 20 * n_record_types; i++) {
        struct record r = random_value(record_types[i % n_record_types], seed + i, &a);
        struct bytes framed = {0};
        struct record back = {0};
        same = same && codec_encode(own, r, &a, &framed, NULL) == ERR_OK;
        same = same && codec_decode(own, framed, &a, &back, NULL) == ERR_OK && back.type == r.type;
        arena_clear(&a);
    }
    arena_release(&a);
    codec_free(own);
    return same ? arg : NULL;
}

static void each_thread_has_its_codec(void **state)
{
    (void)state;
    static uint64_t seeds[4] = {1, 1000, 2000, 3000};
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, round_trips, &seeds[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        void *ret = NULL;
        pthread_join(threads[i], &ret);
        assert_ptr_equal(ret, &seeds[i]);
    }
}

/* ---- digest ---- */

static bool same_digest(const struct post_job *a, const struct post_job *b)
{
    uint8_t x[32];
    uint8_t y[32];
    codec_digest((struct record){&type_post_job, (void *)a}, &arena, x);
    codec_digest((struct record){&type_post_job, (void *)b}, &arena, y);
    return memcmp(x, y, sizeof x) == 0;
}

static void the_digest_is_of_the_payload_alone(void **state)
{
    (void)state;
    struct post_job *a = random_value(&type_post_job, 5, &arena).value;
    struct post_job b = *a;
    b.meta.issued_at++;
    b.meta.actor.kind = (a->meta.actor.kind + 1) % ACTOR_KIND_N;
    assert_true(same_digest(a, &b));
    b.title = "another";
    assert_false(same_digest(a, &b));
    b = *a;
    b.budget.amount++;
    assert_false(same_digest(a, &b));

    uint8_t x[32];
    uint8_t y[32];
    struct register_user *user = random_value(&type_register_user, 5, &arena).value;
    codec_digest((struct record){&type_register_user, user}, &arena, x);
    user->credential_id.b[3]++;
    codec_digest((struct record){&type_register_user, user}, &arena, y);
    assert_memory_equal(x, y, sizeof x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back_as_it_went),
        cmocka_unit_test(avro_c_reads_what_we_write),
        cmocka_unit_test(we_read_what_avro_c_writes),
        cmocka_unit_test(values_that_no_reader_could_read_are_not_written),
        cmocka_unit_test(a_message_is_at_most_one_mebibyte),
        cmocka_unit_test(framing_must_be_confluents),
        cmocka_unit_test(every_truncation_and_every_tail_is_refused),
        cmocka_unit_test(arrays_may_come_in_blocks_with_sizes),
        cmocka_unit_test(hostile_counts_are_refused),
        cmocka_unit_test(many_small_items_do_not_eat_the_memory),
        cmocka_unit_test(hostile_lengths_are_refused),
        cmocka_unit_test(bad_text_is_refused),
        cmocka_unit_test(bad_ids_are_refused),
        cmocka_unit_test(symbols_branches_and_booleans_out_of_range_are_refused),
        cmocka_unit_test(numbers_of_more_than_64_bits_are_refused),
        cmocka_unit_test(damaged_messages_never_do_harm),
        cmocka_unit_test(each_thread_has_its_codec),
        cmocka_unit_test(the_digest_is_of_the_payload_alone),
    };
    return cmocka_run_group_tests_name("codec", tests, set_up, tear_down);
}

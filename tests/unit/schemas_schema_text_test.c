/* The same schema, written in other ways. */
#include "tests/unit/spec.h"

#include <stdlib.h>

#include "schemas/records.h"
#include "schemas/registry.h"
#include "schemas/schema_text.h"

static bool same(const char *x, const char *y)
{
    json_t *a = schema_text_canonical(x);
    json_t *b = schema_text_canonical(y);
    assert_non_null(a);
    assert_non_null(b);
    bool equal = json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return equal;
}

#define TEXT                                                                                \
    "{\"type\":\"record\",\"name\":\"A\",\"namespace\":\"h.job\",\"doc\":\"A thing.\","     \
    "\"fields\":["                                                                          \
    "{\"name\":\"m\",\"type\":{\"type\":\"record\",\"name\":\"M\",\"namespace\":\"h\","     \
    "\"fields\":[{\"name\":\"k\",\"type\":{\"type\":\"enum\",\"name\":\"K\","               \
    "\"namespace\":\"h\",\"symbols\":[\"a\",\"b\"]}},{\"name\":\"l\",\"type\":\"h.K\"}]}}," \
    "{\"name\":\"id\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"}},"            \
    "{\"name\":\"n\",\"type\":[\"null\",\"long\"],\"default\":null},"                       \
    "{\"name\":\"again\",\"type\":{\"type\":\"array\",\"items\":\"h.M\"}}]}"

static void names_may_be_relative_docs_absent_and_members_in_any_order(void **state)
{
    (void)state;
    assert_true(same(TEXT,
                     "{ \"name\": \"h.job.A\", \"type\": \"record\", \"fields\": ["
                     "{\"name\":\"m\",\"doc\":\"said elsewhere\",\"type\":{\"type\":\"record\","
                     "\"name\":\"M\",\"namespace\":\"h\",\"fields\":[{\"name\":\"k\",\"type\":{"
                     "\"type\":\"enum\",\"name\":\"K\",\"symbols\":[\"a\",\"b\"]}},"
                     "{\"name\":\"l\",\"type\":\"K\"}]}},"
                     "{\"type\":{\"logicalType\":\"uuid\",\"type\":\"string\"},\"name\":\"id\"},"
                     "{\"name\":\"n\",\"type\":[{\"type\":\"null\"},{\"type\":\"long\"}],"
                     "\"default\":null},"
                     "{\"name\":\"again\",\"type\":{\"type\":\"array\",\"items\":\"h.M\"}}]}"));
}

static void what_a_decoder_sees_makes_another_schema(void **state)
{
    (void)state;
    static const char *const swaps[][2] = {
        {"\"name\":\"id\"",          "\"name\":\"ID\""         },
        {"\"logicalType\":\"uuid\"", "\"logicalType\":\"date\""},
        {"[\"null\",\"long\"]",      "[\"long\",\"null\"]"     },
        {"\"default\":null",         "\"default\":1"           },
        {"[\"a\",\"b\"]",            "[\"b\",\"a\"]"           },
        {"\"type\":\"h.K\"",         "\"type\":\"string\""     },
        {"\"namespace\":\"h.job\"",  "\"namespace\":\"h.user\""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(swaps); i++) {
        char text[1024];
        const char *at = strstr(TEXT, swaps[i][0]);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - TEXT), TEXT, swaps[i][1],
                 at + strlen(swaps[i][0]));
        assert_false(same(TEXT, text));
    }
}

static void what_is_no_schema_has_no_canonical_form(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "not json",
        "7",
        "{\"type\":\"record\",\"name\":\"A\",\"fields\":7}",
        "{\"type\":\"record\",\"name\":\"A\",\"name\":\"B\",\"fields\":[]}",
        "{\"type\":\"array\",\"items\":null}",
    };
    char deep[4 * SCHEMA_TEXT_DEPTH_MAX] = "";
    for (size_t i = 0; i <= SCHEMA_TEXT_DEPTH_MAX; i++) {
        deep[i] = '[';
        deep[SCHEMA_TEXT_DEPTH_MAX + 1 + i] = ']';
    }
    assert_null(schema_text_canonical(deep));
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_null(schema_text_canonical(texts[i]));
}

static void its_name_is_the_full_one(void **state)
{
    (void)state;
    json_t *named = schema_text_canonical(TEXT);
    json_t *unnamed = schema_text_canonical("\"string\"");
    assert_string_equal(schema_text_name(named), "h.job.A");
    assert_string_equal(schema_text_name(unnamed), "");
    json_decref(named);
    json_decref(unnamed);
}

static void no_two_of_our_texts_are_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        for (size_t v = 0; v < t->n_versions; v++) {
            json_t *json = schema_text_canonical(t->versions[v].text);
            assert_string_equal(schema_text_name(json), t->subject);
            assert_ptr_equal(registry_lookup(t, t->versions[v].text), &t->versions[v]);
            json_decref(json);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_may_be_relative_docs_absent_and_members_in_any_order),
        cmocka_unit_test(what_a_decoder_sees_makes_another_schema),
        cmocka_unit_test(what_is_no_schema_has_no_canonical_form),
        cmocka_unit_test(its_name_is_the_full_one),
        cmocka_unit_test(no_two_of_our_texts_are_the_same),
    };
    return cmocka_run_group_tests_name("schema_text", tests, NULL, NULL);
}

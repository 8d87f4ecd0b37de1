/* JSON bodies: every bad field is named, with the code of the contract. */
#include "tests/unit/spec.h"

#include <stdio.h>
#include <stdlib.h>

#include "schemas/codec.h"
#include "schemas/json.h"
#include "schemas/json_number.h"
#include "schemas/records.h"
#include "tests/unit/schemas_random.h"

static struct arena arena;
static struct field_errors errors;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void fill(char *text, size_t n, char c)
{
    memset(text, c, n);
    text[n] = '\0';
}

static enum err_code parse(const char *text, json_t **ret, struct err *err)
{
    errors.n = 0;
    return json_parse((struct bytes){(const uint8_t *)text, strlen(text)}, &arena, ret, &errors,
                      err);
}

/* The record that the text makes; errors holds what was wrong. */
static void *read_body(const struct record_type *t, const char *text)
{
    struct err err = {0};
    json_t *json = NULL;
    if (parse(text, &json, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    void *value = record_new(t, &arena);
    enum err_code code = record_from_json(t, json, &arena, value, &errors);
    assert_int_equal(code, errors.n > 0 ? ERR_INVALID : ERR_OK);
    json_decref(json);
    return value;
}

/* What was wrong, as "field:code field:code". */
static const char *mistakes(const struct record_type *t, const char *text)
{
    read_body(t, text);
    char *ret = arena_strdup(&arena, "");
    for (size_t i = 0; i < errors.n; i++) {
        assert_true(strlen(errors.items[i].detail) > 0);
        ret = arena_printf(&arena, "%s%s%s:%s", ret, i > 0 ? " " : "", errors.items[i].field,
                           errors.items[i].code);
    }
    return ret;
}

#define JOB(title, description, more) "{\"title\":" title ",\"description\":" description more "}"
#define BUDGET                        ",\"budget\":{\"amount\":150000,\"currency\":\"EUR\"}"

static void a_job_is_read_whole(void **state)
{
    (void)state;
    struct post_job *job =
        read_body(&type_post_job, JOB("\"Gr\\u00fc\\u00dfe \xf0\x9d\x84\x9e\"",
                                      "\"a\\n\\tb\\r\\n\"", ",\"skills\":[\"C\",\"SQL\"]" BUDGET));
    assert_int_equal(errors.n, 0);
    assert_string_equal(job->title, "Gr\xc3\xbc\xc3\x9f"
                                    "e \xf0\x9d\x84\x9e");
    assert_string_equal(job->description, "a\n\tb\r\n");
    assert_int_equal(job->skills.n, 2);
    assert_string_equal(job->skills.items[1], "SQL");
    assert_int_equal(job->budget.amount, 150000);
    assert_string_equal(job->budget.currency, "EUR");
}

static void an_absent_field_with_a_default_gets_it(void **state)
{
    (void)state;
    struct post_job *job = read_body(&type_post_job, JOB("\"t\"", "\"d\"", BUDGET));
    assert_int_equal(errors.n, 0);
    assert_int_equal(job->skills.n, 0);
    struct close_job *close = read_body(&type_close_job, "{}");
    assert_string_equal(close->reason, "");
}

static void everything_wrong_is_reported_at_once(void **state)
{
    (void)state;
    assert_string_equal(
        mistakes(
            &type_post_job,
            "{\"title\":5,\"skills\":[\"C\",7,\"C\",\"\",\"a\\nb\"],\"budget\":{\"amount\":1.5,"
            "\"currency\":\"EURO\",\"vat\":1},\"job_id\":\"x\",\"meta\":{},\"colour\":null}"),
        "title:type description:required skills.1:type skills.2:duplicate skills.3:length "
        "skills.4:format budget.amount:type budget.currency:length budget.vat:unknown "
        "job_id:unknown meta:unknown colour:unknown");
}

static void missing_fields_are_required(void **state)
{
    (void)state;
    assert_string_equal(mistakes(&type_post_job, "{}"),
                        "title:required description:required budget:required");
    assert_string_equal(mistakes(&type_post_job, JOB("\"t\"", "\"d\"", ",\"budget\":{}")),
                        "budget.amount:required budget.currency:required");
}

static void wrong_types_are_type_errors(void **state)
{
    (void)state;
    static const char *const wrong[] = {"null", "true", "5", "5.0", "{}", "[]"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        const char *text = arena_printf(&arena, "{\"title\":%s}", wrong[i]);
        assert_string_equal(mistakes(&type_edit_job, text), "title:type");
    }
    assert_string_equal(mistakes(&type_edit_job, "{\"skills\":\"c\"}"), "skills:type");
    assert_string_equal(mistakes(&type_edit_job, "{\"budget\":[1,\"EUR\"]}"), "budget:type");
    assert_string_equal(mistakes(&type_hire_freelancer, "{\"application_id\":7}"),
                        "application_id:type");
}

static void null_is_not_absent(void **state)
{
    (void)state;
    assert_string_equal(mistakes(&type_update_profile, "{\"bio\":null,\"headline\":\"x\"}"),
                        "bio:type");
    struct update_profile *profile = read_body(&type_update_profile, "{\"headline\":\"\"}");
    assert_int_equal(errors.n, 0);
    assert_true(profile->has_headline);
    assert_string_equal(profile->headline, "");
    assert_false(profile->has_bio);
    assert_false(profile->has_display_name);
}

static void integers_are_integers(void **state)
{
    (void)state;
    static const struct {
        const char *amount;
        const char *mistakes;
    } cases[] = {
        {"1",                    ""                   },
        {"1000000000000",        ""                   },
        {"0",                    "budget.amount:range"},
        {"-1",                   "budget.amount:range"},
        {"1000000000001",        "budget.amount:range"},
        {"9223372036854775807",  "budget.amount:range"},
        {"-9223372036854775808", "budget.amount:range"},
        {"5.0",                  ""                   },
        {"1e3",                  ""                   },
        {"0.001E+3",             ""                   },
        {"50e-1",                ""                   },
        {"1.000000000000e12",    ""                   },
        {"-0.0",                 "budget.amount:range"},
        {"1000000000000.5",      "budget.amount:type" },
        {"5.5",                  "budget.amount:type" },
        {"1e-1",                 "budget.amount:type" },
        {"1e13",                 "budget.amount:range"},
        {"1e300",                "budget.amount:range"},
        {"\"5\"",                "budget.amount:type" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *text = arena_printf(&arena, "{\"budget\":{\"amount\":%s,\"currency\":\"EUR\"}}",
                                        cases[i].amount);
        assert_string_equal(mistakes(&type_edit_job, text), cases[i].mistakes);
    }
}

/* One number has one value, so one digest; beyond 2^53 too, where a double would round. */
static void integers_of_every_spelling_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *sent, *plain;
    } cases[] = {
        {"{\"a\":1.0}",                     "{\"a\":1}"                              },
        {"[10e-1,1E0,0.1e+1,100.00e-2]",    "[1,1,1,1]"                              },
        {"[9007199254740993.0]",            "[9007199254740993]"                     },
        {"[-90071992547409930e-1]",         "[-9007199254740993]"                    },
        {"[999999999999999999.0,1e17]",     "[999999999999999999,100000000000000000]"},
        {"[0.0,-0.0,0e99999999,-0e-5]",     "[0,0,0,0]"                              },
        {"[1e18,1.5,1e-1,1e999999999999]",  "[1e18,1.5,1e-1,1e999999999999]"         },
        {"[\"1.0\",\"\\\"2.0\",3.0]",       "[\"1.0\",\"\\\"2.0\",3]"                },
        {"[01.0,1.,1.e1,.5,-,1e,1e+,+1.0]", "[01.0,1.,1.e1,.5,-,1e,1e+,+1]"          },
        {"1.0",                             "1"                                      },
        {"\"1.0",                           "\"1.0"                                  },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bytes sent = {(const uint8_t *)cases[i].sent, strlen(cases[i].sent)};
        struct bytes plain = json_numbers_plain(sent, &arena);
        assert_int_equal(plain.len, strlen(cases[i].plain));
        assert_memory_equal(plain.data, cases[i].plain, plain.len);
    }
}

static void texts_that_nobody_sees_are_refused(void **state)
{
    (void)state;
    static const char *const blank[] = {" ", "\t\n", "\u00a0\u3000", "\u200b", "\u2800", "\ufe0f"};
    for (size_t i = 0; i < ARRAY_SIZE(blank); i++) {
        json_t *o = json_pack("{s:s}", "title", blank[i]);
        char *text = json_dumps(o, 0);
        assert_string_equal(mistakes(&type_edit_job, text), "title:format");
        free(text);
        json_decref(o);
    }
}

static void lengths_count_characters(void **state)
{
    (void)state;
    char title[4 * 201 + 1] = "";
    for (int i = 0; i < 200; i++)
        snprintf(title + (size_t)4 * i, 5, "%s", "\xf0\x9d\x84\x9e");
    assert_string_equal(mistakes(&type_edit_job, arena_printf(&arena, "{\"title\":\"%s\"}", title)),
                        "");
    title[4 * 200] = 'x';
    assert_string_equal(mistakes(&type_edit_job, arena_printf(&arena, "{\"title\":\"%s\"}", title)),
                        "title:length");
    assert_string_equal(mistakes(&type_edit_job, "{\"title\":\"\"}"), "title:length");
}

static void a_line_has_no_control_characters(void **state)
{
    (void)state;
    static const char *const bad[] = {"a\\nb", "a\\tb", "\\u0001", "\\u007f", "\\u0085", "\\u2028"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        const char *text = arena_printf(&arena, "{\"title\":\"%s\"}", bad[i]);
        assert_string_equal(mistakes(&type_edit_job, text), "title:format");
    }
    assert_string_equal(mistakes(&type_edit_job, "{\"description\":\"a\\u0007\"}"),
                        "description:format");
    assert_string_equal(mistakes(&type_edit_job, "{\"description\":\"a\\n\\tb\\u2028\"}"), "");
}

static const char *email_mistakes(const char *email)
{
    return mistakes(
        &type_register_user,
        arena_printf(&arena, "{\"email\":\"%s\",\"display_name\":\"Ana\",\"roles\":[\"client\"]}",
                     email));
}

static void addresses_are_checked(void **state)
{
    (void)state;
    static const char *const good[] = {"ana@example.com", "a.b+c@x-y.example",
                                       "O'Brien_1@EXAMPLE.org", "a@b"};
    static const char *const bad[] = {"ana",
                                      "@example.com",
                                      "ana@",
                                      "ana@@example.com",
                                      "a b@example.com",
                                      "ana@exa mple.com",
                                      "ana@.com",
                                      "ana@example..com",
                                      "ana@example.com.",
                                      "ana@-x.com",
                                      "ana@x-.com",
                                      "ana@example.com\\n",
                                      "\xc3\xa4na@example.com",
                                      "ana@ex\xc3\xa4mple.com",
                                      "a,b@example.com"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_string_equal(email_mistakes(good[i]), "");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_string_equal(email_mistakes(bad[i]), "email:format");
    char local[66];
    fill(local, 65, 'a');
    assert_string_equal(email_mistakes(arena_printf(&arena, "%s@x.com", local)), "email:format");
    char label[250];
    fill(label, 249, 'a');
    for (size_t i = 60; i < 249; i += 60)
        label[i] = '.';
    assert_string_equal(email_mistakes(arena_printf(&arena, "aaaaa@%s", label)), "email:length");
    assert_string_equal(email_mistakes(arena_printf(&arena, "aaaa@%s", label)), "");
}

static void currencies_are_checked(void **state)
{
    (void)state;
    assert_string_equal(
        mistakes(&type_edit_job, "{\"budget\":{\"amount\":1,\"currency\":\"eur\"}}"),
        "budget.currency:format");
    assert_string_equal(
        mistakes(&type_edit_job, "{\"budget\":{\"amount\":1,\"currency\":\"XQZ\"}}"),
        "budget.currency:format");
    assert_string_equal(
        mistakes(&type_edit_job, "{\"budget\":{\"amount\":1,\"currency\":\"USD\"}}"), "");
}

static const char *role_mistakes(const char *roles)
{
    return mistakes(
        &type_register_user,
        arena_printf(&arena, "{\"email\":\"a@b.c\",\"display_name\":\"Ana\",\"roles\":%s}", roles));
}

static void roles_are_a_set(void **state)
{
    (void)state;
    assert_string_equal(role_mistakes("[\"client\",\"freelancer\"]"), "");
    assert_string_equal(role_mistakes("[]"), "roles:length");
    assert_string_equal(role_mistakes("[\"client\",\"client\"]"), "roles.1:duplicate");
    assert_string_equal(role_mistakes("[\"client\",\"admin\"]"), "roles.1:format");
    assert_string_equal(role_mistakes("[\"client\",\"freelancer\",\"client\"]"), "roles:length");
    assert_string_equal(role_mistakes("[null]"), "roles.0:type");
}

static void ids_are_uuids(void **state)
{
    (void)state;
    struct hire_freelancer *hire = read_body(
        &type_hire_freelancer, "{\"application_id\":\"0190A6B4-7A3C-7DEF-8123-456789ABCDEF\"}");
    assert_int_equal(errors.n, 0);
    assert_int_equal(hire->application_id.b[0], 0x01);
    assert_int_equal(hire->application_id.b[15], 0xef);
    assert_string_equal(mistakes(&type_hire_freelancer, "{\"application_id\":\"0190A6B4\"}"),
                        "application_id:format");
    assert_string_equal(mistakes(&type_hire_freelancer, "{\"application_id\":\"\"}"),
                        "application_id:format");
}

static void many_mistakes_are_cut_off(void **state)
{
    (void)state;
    char *text = arena_strdup(&arena, "{\"m0\":0");
    for (int i = 1; i < 200; i++)
        text = arena_printf(&arena, "%s,\"m%d\":0", text, i);
    read_body(&type_edit_job, arena_printf(&arena, "%s}", text));
    assert_int_equal(errors.n, JSON_FIELD_ERRORS_MAX);
}

static void a_long_name_is_shown_in_part(void **state)
{
    (void)state;
    char name[301];
    fill(name, 300, 'n');
    name[63] = '\xc3';
    name[64] = '\xa4';
    read_body(&type_edit_job, arena_printf(&arena, "{\"%s\":1}", name));
    assert_int_equal(errors.n, 1);
    assert_int_equal(strlen(errors.items[0].field), 63);
}

/* ---- json_parse ---- */

static void assert_not_json(const char *text, const char *message)
{
    struct err err = {0};
    json_t *json = NULL;
    assert_int_equal(parse(text, &json, &err), ERR_INVALID);
    assert_null(json);
    assert_int_equal(errors.n, 0);
    if (strstr(err.msg, message) == NULL)
        fail_msg("\"%s\" instead of \"%s\"", err.msg, message);
}

static void what_is_no_json_object_is_refused(void **state)
{
    (void)state;
    assert_not_json("", "not valid JSON");
    assert_not_json("{", "not valid JSON");
    assert_not_json("{\"a\":1}x", "not valid JSON");
    assert_not_json("{\"a\":\"\xff\"}", "not valid JSON");
    assert_not_json("{\"a\":\"\\ud800\"}", "not valid JSON");
    assert_not_json("{\"a\":NaN}", "not valid JSON");
    assert_not_json("{\n\"a\" 1}", "line 2");
    assert_not_json("[]", "object expected");
    assert_not_json("\"x\"", "a JSON object expected");
    char deep[200];
    fill(deep, 199, '[');
    assert_not_json(deep, "nested deeper than 32");
    assert_not_json("}}]],,\"\\", "not valid JSON");
}

static void assert_parse_mistake(const char *text, const char *field, const char *code)
{
    struct err err = {0};
    json_t *json = NULL;
    assert_int_equal(parse(text, &json, &err), ERR_INVALID);
    assert_int_equal(errors.n, 1);
    assert_string_equal(errors.items[0].field, field);
    assert_string_equal(errors.items[0].code, code);
}

static void what_the_parser_refuses_has_a_field(void **state)
{
    (void)state;
    assert_parse_mistake("{\"a\":1,\"a\":2}", "a", "duplicate");
    assert_parse_mistake("{\"budget\":{\"amount\":1,\"amount\":2}}", "budget.amount", "duplicate");
    assert_parse_mistake("{\"x\":[{\"k\":[1,2]},{\"a\":1,\"b\":\"}{\\\"\",\"a\":2}]}", "x.1.a",
                         "duplicate");
    assert_parse_mistake("{\"title\":\"a\\u0000b\"}", "title", "format");
    assert_parse_mistake("{\"skills\":[\"a\",\"\\u0000\"]}", "skills.1", "format");
    assert_parse_mistake("{\"amount\":9223372036854775808}", "amount", "range");
    assert_parse_mistake("{\"budget\":{\"amount\":1e999}}", "budget.amount", "range");
}

static void only_an_object_is_a_record(void **state)
{
    (void)state;
    json_t *json = json_array();
    errors.n = 0;
    void *job = record_new(&type_post_job, &arena);
    assert_int_equal(record_from_json(&type_post_job, json, &arena, job, &errors), ERR_INVALID);
    assert_int_equal(errors.n, 1);
    assert_string_equal(errors.items[0].field, "");
    assert_string_equal(errors.items[0].code, "type");
    json_decref(json);
}

/* ---- the other way ---- */

static void every_type_has_json_and_a_schema(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        struct record r = random_value(t, i + 1, &arena);
        json_t *json = record_to_json(t, r.value);
        json_t *schema = record_json_schema(t);
        json_t *properties = json_object_get(schema, "properties");
        assert_true(json_is_object(json));
        for (size_t k = 0; k < t->n_fields; k++) {
            bool shown = t->role != RECORD_COMMAND || t->fields[k].api;
            assert_int_equal(json_object_get(properties, t->fields[k].name) != NULL, shown);
        }
        json_decref(json);
        json_decref(schema);
    }
}

static void json_shows_ids_times_and_symbols_as_text(void **state)
{
    (void)state;
    struct user_logged_in event = {
        .meta = {
                 .version = 3, .actor = {.kind = ACTOR_KIND_USER}, .occurred_at = 1700000000000001}
    };
    json_t *json = record_to_json(&type_user_logged_in, &event);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"meta\":{\"actor\":{\"id\":\"00000000-0000-0000-0000-"
                              "000000000000\",\"kind\":\"user\",\"roles\":[]},"
                              "\"aggregate_id\":\"00000000-0000-0000-0000-000000000000\","
                              "\"command_id\":\"00000000-0000-0000-0000-000000000000\","
                              "\"event_id\":\"00000000-0000-0000-0000-000000000000\","
                              "\"occurred_at\":\"2023-11-14T22:13:20.000001Z\",\"version\":3}}");
    free(text);
    json_decref(json);
}

static void the_schema_says_what_is_checked(void **state)
{
    (void)state;
    json_t *schema = record_json_schema(&type_post_job);
    char *text = json_dumps(schema, JSON_COMPACT | JSON_SORT_KEYS);
    static const char *const parts[] = {
        "\"required\":[\"title\",\"description\",\"budget\"]",
        "\"title\":{\"description\":\"One "
        "line.\",\"maxLength\":200,\"minLength\":1,\"type\":\"string\"}",
        "\"items\":{\"maxLength\":50,\"minLength\":1,\"type\":\"string\"},\"maxItems\":20,\"type\":"
        "\"array\",\"uniqueItems\":true",
        "\"maximum\":1000000000000,\"minimum\":1,\"type\":\"integer\"",
        "\"pattern\":\"^[A-Z]{3}$\"",
        "\"default\":[]",
        "\"additionalProperties\":false",
    };
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (strstr(text, parts[i]) == NULL)
            fail_msg("%s is not in %s", parts[i], text);
    }
    free(text);
    json_decref(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_read_whole),
        cmocka_unit_test(an_absent_field_with_a_default_gets_it),
        cmocka_unit_test(everything_wrong_is_reported_at_once),
        cmocka_unit_test(missing_fields_are_required),
        cmocka_unit_test(wrong_types_are_type_errors),
        cmocka_unit_test(null_is_not_absent),
        cmocka_unit_test(integers_are_integers),
        cmocka_unit_test(integers_of_every_spelling_are_exact),
        cmocka_unit_test(texts_that_nobody_sees_are_refused),
        cmocka_unit_test(lengths_count_characters),
        cmocka_unit_test(a_line_has_no_control_characters),
        cmocka_unit_test(addresses_are_checked),
        cmocka_unit_test(currencies_are_checked),
        cmocka_unit_test(roles_are_a_set),
        cmocka_unit_test(ids_are_uuids),
        cmocka_unit_test(many_mistakes_are_cut_off),
        cmocka_unit_test(a_long_name_is_shown_in_part),
        cmocka_unit_test(what_is_no_json_object_is_refused),
        cmocka_unit_test(what_the_parser_refuses_has_a_field),
        cmocka_unit_test(only_an_object_is_a_record),
        cmocka_unit_test(every_type_has_json_and_a_schema),
        cmocka_unit_test(json_shows_ids_times_and_symbols_as_text),
        cmocka_unit_test(the_schema_says_what_is_checked),
    };
    return cmocka_run_group_tests_name("json", tests, set_up, tear_down);
}

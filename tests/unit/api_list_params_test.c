/* What a list was asked for: filters, page, and every mistake by name. */
#include "tests/unit/spec.h"

#include <string.h>

#include "api/list_params.h"
#include "ops/runtime/money.h"

#define ID "018f5e6a-0000-7000-8000-000000000001"

static struct arena arena;
static struct list_params list;
static struct field_errors errors;

static const char *const words[] = {"open", "closed"};
static const struct enum_type word = {"word", words, 2};
static const struct filter filters[] = {
    {.name = "status",          .kind = FILTER_ENUM, .enums = &word, .standard = "open"},
    {.name = "owner",           .kind = FILTER_UUID, .arg = "owner_id"},
    {.name = "q",                         .kind = FILTER_TEXT, .searches = true},
    {.name = "skill",.kind = FILTER_TEXT_LIST, .arg = "skills", .searches = true},
    {.name = "min",                         .kind = FILTER_AMOUNT, .needs = "currency"},
    {.name = "max",.kind = FILTER_AMOUNT, .needs = "currency"},
    {.name = "currency",                         .kind = FILTER_CURRENCY, .alone = "min"},
    {0     },
};
static const struct filter one_required[] = {
    {.name = "thread",  .kind = FILTER_UUID, .required = true},
    {0},
};

static void read_with(const struct filter *f, const char *query)
{
    struct url url;
    errors.n = 0;
    assert_true(url_parse(arena_printf(&arena, "/x/?%s", query), &arena, &url));
    list_params_read(f, &url, &arena, &list, &errors);
}

static const struct pg_param *arg(const char *name)
{
    for (size_t i = 0; i < list.n_args; i++)
        if (strcmp(list.args[i].name, name) == 0)
            return &list.args[i].value;
    return NULL;
}

static void expect_text(const char *name, const char *text)
{
    const struct pg_param *p = arg(name);
    assert_non_null(p);
    assert_int_equal(p->type, PG_TEXT);
    assert_int_equal(p->len, strlen(text));
    assert_memory_equal(p->data, text, strlen(text));
}

static void expect_amount(const char *name, int64_t amount)
{
    struct pg_param same = pg_p_int8(&arena, amount);
    const struct pg_param *p = arg(name);
    assert_non_null(p);
    assert_int_equal(p->type, PG_INT8);
    assert_memory_equal(p->data, same.data, 8);
}

static void expect_mistake(const char *query, const char *field, const char *code)
{
    read_with(filters, query);
    assert_int_equal(errors.n, 1);
    assert_string_equal(errors.items[0].field, field);
    assert_string_equal(errors.items[0].code, code);
}

static void nothing_asked_is_the_first_page_with_what_is_standard(void **state)
{
    (void)state;
    read_with(filters, "");
    assert_int_equal(errors.n, 0);
    assert_int_equal(list.n_args, 1);
    expect_text("status", "open");
    assert_int_equal(list.page_size, PAGE_SIZE_DEFAULT);
    assert_false(list.has_cursor || list.searching);
    read_with(NULL, "page_size=7");
    assert_int_equal(list.page_size, 7);
    assert_int_equal(list.n_args, 0);
}

static void every_kind_becomes_its_argument(void **state)
{
    (void)state;
    read_with(filters, "status=closed&owner=" ID "&q=two+w%C3%B6rds&min=0&max=1000000000000"
                       "&currency=EUR");
    assert_int_equal(errors.n, 0);
    assert_int_equal(list.n_args, 6);
    expect_text("status", "closed");
    expect_text("q", "two w\xc3\xb6rds");
    expect_text("currency", "EUR");
    expect_amount("min", 0);
    expect_amount("max", MONEY_AMOUNT_MAX);
    assert_int_equal(arg("owner_id")->type, PG_UUID);
    assert_true(list.searching);
}

static void a_repeated_text_means_all_of_them(void **state)
{
    (void)state;
    struct pg_param both[] = {pg_p_text(&arena, "c"), pg_p_text(&arena, "c++")};
    struct pg_param same = pg_p_array(&arena, PG_TEXT_ARRAY, both, 2);
    read_with(filters, "skill=c&page_size=1&skill=c%2B%2B");
    assert_int_equal(errors.n, 0);
    const struct pg_param *p = arg("skills");
    assert_int_equal(p->type, PG_TEXT_ARRAY);
    assert_int_equal(p->len, same.len);
    assert_memory_equal(p->data, same.data, (size_t)same.len);
    assert_true(list.searching);
}

static void a_filter_that_only_narrows_is_no_search(void **state)
{
    (void)state;
    read_with(filters, "owner=" ID);
    assert_false(list.searching);
}

static void a_currency_alone_filters_by_itself(void **state)
{
    (void)state;
    read_with(filters, "currency=EUR");
    expect_amount("min", 0);
    read_with(filters, "currency=EUR&max=5");
    assert_null(arg("min"));
}

static char *repeated(const char *one, size_t n, const char *between)
{
    char *text = arena_strdup(&arena, one);
    for (size_t i = 1; i < n; i++)
        text = arena_printf(&arena, "%s%s%s", text, between, one);
    return text;
}

static void every_mistake_has_its_field_and_code(void **state)
{
    (void)state;
    static const struct {
        const char *query, *field, *code;
    } cases[] = {
        {"status=lost",                           "status",    "range"    },
        {"status=",                               "status",    "range"    },
        {"owner=x",                               "owner",     "format"   },
        {"owner=" ID "&owner=" ID,                "owner",     "duplicate"},
        {"q=",                                    "q",         "length"   },
        {"q",                                     "q",         "length"   },
        {"q=a%0Ab",                               "q",         "format"   },
        {"skill=",                                "skill",     "length"   },
        {"skill=c&skill=",                        "skill",     "length"   },
        {"skill=a%09b",                           "skill",     "format"   },
        {"min=-1&currency=EUR",                   "min",       "range"    },
        {"min=1.5&currency=EUR",                  "min",       "range"    },
        {"min=&currency=EUR",                     "min",       "range"    },
        {"min=%2B1&currency=EUR",                 "min",       "range"    },
        {"max=1000000000001&currency=EUR",        "max",       "range"    },
        {"max=99999999999999999999&currency=EUR", "max",       "range"    },
        {"min=1",                                 "currency",  "required" },
        {"min=1&max=2",                           "currency",  "required" },
        {"min=1&currency=eur",                    "currency",  "format"   },
        {"currency=",                             "currency",  "format"   },
        {"page_size=0",                           "page_size", "range"    },
        {"page_size=101",                         "page_size", "range"    },
        {"page_size=1e1",                         "page_size", "range"    },
        {"cursor=x",                              "cursor",    "format"   },
        {"page_size=1&page_size=1",               "page_size", "duplicate"},
        {"owner_id=" ID,                          "owner_id",  "unknown"  },
        {"Q=x",                                   "Q",         "unknown"  },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_mistake(cases[i].query, cases[i].field, cases[i].code);
    expect_mistake(arena_printf(&arena, "q=%s", repeated("x", FILTER_TEXT_MAX + 1, "")), "q",
                   "length");
    expect_mistake(repeated("skill=c", FILTER_TEXTS_MAX + 1, "&"), "skill", "length");
    expect_mistake(arena_printf(&arena, "skill=%s", repeated("x", FILTER_WORD_MAX + 1, "")),
                   "skill", "length");
}

static void the_most_that_fits_is_taken(void **state)
{
    (void)state;
    read_with(filters, arena_printf(&arena, "q=%s&%s", repeated("%C3%A4", FILTER_TEXT_MAX, ""),
                                    repeated("skill=c", FILTER_TEXTS_MAX, "&")));
    assert_int_equal(errors.n, 0);
}

static void all_mistakes_are_told_at_once(void **state)
{
    (void)state;
    read_with(filters, "status=lost&owner=x&colour=red&page_size=0");
    assert_int_equal(errors.n, 4);
}

static void what_is_required_is_missed(void **state)
{
    (void)state;
    read_with(one_required, "");
    assert_int_equal(errors.n, 1);
    assert_string_equal(errors.items[0].field, "thread");
    assert_string_equal(errors.items[0].code, "required");
    read_with(one_required, "thread=" ID);
    assert_int_equal(errors.n, 0);
}

static void what_the_query_does_not_know_is_left_out(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(queries_open("job", &err), ERR_OK);
    read_with(filters, "owner=" ID);
    list_params_keep(&list, query_find("job", "jobs"));
    assert_int_equal(list.n_args, 1);
    expect_text("status", "open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_asked_is_the_first_page_with_what_is_standard),
        cmocka_unit_test(every_kind_becomes_its_argument),
        cmocka_unit_test(a_repeated_text_means_all_of_them),
        cmocka_unit_test(a_filter_that_only_narrows_is_no_search),
        cmocka_unit_test(a_currency_alone_filters_by_itself),
        cmocka_unit_test(every_mistake_has_its_field_and_code),
        cmocka_unit_test(the_most_that_fits_is_taken),
        cmocka_unit_test(all_mistakes_are_told_at_once),
        cmocka_unit_test(what_is_required_is_missed),
        cmocka_unit_test(what_the_query_does_not_know_is_left_out),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}

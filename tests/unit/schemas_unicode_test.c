/* Unicode: what is visible, which passwords are one, which addresses are one. */
#include "tests/unit/spec.h"

#include "schemas/unicode.h"

static struct arena arena;

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

static void what_nobody_sees_is_no_text(void **state)
{
    (void)state;
    static const char *const blank[] = {
        "",       " ",          " \t\n",  "\u00a0", "\u3000\u2009",  "\u200b", "\ufeff",
        "\u00ad", "\u2060",     "\u3164", "\u115f", "\u2800",        "\ufe0f", "\u202e",
        "\u0301", "\U000e0041", "\ue000", "\u2028", "\u200d \u200c", "\u061c",
    };
    static const char *const seen[] = {"a",      " .", "\u200b\u00e9", "\u65e5", "\U0001f600",
                                       "\u0967", "$"};
    for (size_t i = 0; i < ARRAY_SIZE(blank); i++)
        assert_false(text_is_visible(blank[i]));
    for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
        assert_true(text_is_visible(seen[i]));
}

static const char *password(const char *text)
{
    uint32_t bad = 0;
    char *p = NULL;
    return unicode_password(text, &arena, &p, &bad) ? p : arena_printf(&arena, "U+%04X", bad);
}

/* RFC 8265 4.3 has most of them. */
static void one_password_has_one_form(void **state)
{
    (void)state;
    static const struct {
        const char *sent, *form;
    } cases[] = {
        {"correct horse",            "correct horse"           },
        {"Correct Horse",            "Correct Horse"           },
        {"\u03c0\u00df\u00e5",       "\u03c0\u00df\u00e5"      },
        {"pa\u0301ss",               "p\u00e1ss"               },
        {"Jack of \u2666s",          "Jack of \u2666s"         },
        {"foo\u1680bar",             "foo bar"                 },
        {"a\u00a0b\u3000c",          "a b c"                   },
        {"\ud55c",                   "\ud55c"                  },
        {"\U0001f600\u2100",         "\U0001f600\u2100"        },
        {"l\u00b7l",                 "l\u00b7l"                },
        {"\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"},
        {"my cat is a \tby",         "U+0009"                  },
        {"",                         "U+0000"                  },
        {"a\u200db",                 "U+200D"                  },
        {"a\u00b7b",                 "U+00B7"                  },
        {"zero\u200bwidth",          "U+200B"                  },
        {"\u0378",                   "U+0378"                  },
        {"\u0661\u06f1",             "U+0661"                  },
        {"\u1100",                   "U+1100"                  },
        {"\u0640",                   "U+0640"                  },
        {"\ue000",                   "U+E000"                  },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(password(cases[i].sent), cases[i].form);
}

static void one_address_has_one_form(void **state)
{
    (void)state;
    static const struct {
        const char *sent, *form;
    } cases[] = {
        {"Ana@Example.ORG",                    "ana@example.org"                   },
        {"a!#$%&'*+/=?^_`{|}~-@x--y.XN--zz.z", "a!#$%&'*+/=?^_`{|}~-@x--y.xn--zz.z"},
        {"\uff21na@example.org",               "ana@example.org"                   },
        {"ana@b\u00fccher.example",            "ana@xn--bcher-kva.example"         },
        {"ana@bu\u0308cher.example",           "ana@xn--bcher-kva.example"         },
        {"ana@B\u00dcCHER\u3002example",       "ana@xn--bcher-kva.example"         },
        {"ana@stra\u00dfe.example",            "ana@xn--strae-oqa.example"         },
        {"\u00c4Z@X",                          "\u00e4z@x"                         },
        {"A\u0308z@x",                         "\u00e4z@x"                         },
        {"\u212bNA@x",                         "\u00e5na@x"                        },
        {"A\u200b@x",                          "a\u200b@x"                         },
        {"A@\u200b\u00ad",                     "a@\u200b\u00ad"                    },
        {"no \u00c4t",                         "no \u00c4t"                        },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(unicode_email(cases[i].sent, &arena), cases[i].form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_sees_is_no_text),
        cmocka_unit_test(one_password_has_one_form),
        cmocka_unit_test(one_address_has_one_form),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

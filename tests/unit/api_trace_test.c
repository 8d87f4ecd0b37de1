/* api_trace_test.c - which traceparent is carried, by the clauses of W3C Trace Context (Level 1). */
#include "tests/unit/spec.h"

#include "api/trace.h"

#define IDS    "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"
#define VALID  "00-" IDS "-01"
#define ZERO16 "0000000000000000"

static void only_a_valid_parent_is_carried(void **state)
{
    (void)state;
    static const struct {
        const char *clause, *text, *carried; /* NULL = nothing is */
    } cases[] = {
        {"3.2.2 version 00",                 VALID,                                                     VALID          },
        {"3.2.2.5 flags that nobody knows",  "00-" IDS "-ff",                                           "00-" IDS "-ff"},
        {"3.2.2.1 version ff",               "ff-" IDS "-01",                                           NULL           },
        {"3.2.2.3 a trace of zeros",         "00-" ZERO16 ZERO16 "-b7ad6b7169203331-01",                NULL           },
        {"3.2.2.4 a parent of zeros",        "00-0af7651916cd43dd8448eb211c80319c-" ZERO16 "-01",       NULL           },
        {"3.2.2 hexadecimal in capitals",    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
         NULL                                                                                                          },
        {"3.2.2 more than version 00 has",   VALID "-x",                                                NULL           },
        {"3.2.2 a dash more",                VALID "-",                                                 NULL           },
        {"3.2.2 less",                       "00-" IDS,                                                 NULL           },
        {"3.2.2 no dashes",                  "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01", NULL           },
        {"3.2.2 no flags",                   "00-" IDS "-0x",                                           NULL           },
        {"3.2.2 an id that is too short",    "00-0af7651916cd43dd8448eb211c80319-0b7ad6b7169203331-01",
         NULL                                                                                                          },
        {"3.2.2 nothing",                    "",                                                        NULL           },
        {"4.3 a later version",              "01-" IDS "-01",                                           VALID          },
        {"4.3 which says more",              "cc-" IDS "-03-what the future brings",                    VALID          },
        {"4.3 without a dash",               "cc-" IDS "-01.what the future brings",                    NULL           },
        {"4.3 its other flags are not ours", "01-" IDS "-fe",                                           "00-" IDS "-00"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char carried[TRACEPARENT_LEN + 1];
        bool valid = trace_parent_parse(cases[i].text, carried);
        if (valid != (cases[i].carried != NULL))
            fail_msg("Trace Context %s", cases[i].clause);
        if (valid)
            assert_string_equal(carried, cases[i].carried);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_a_valid_parent_is_carried)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

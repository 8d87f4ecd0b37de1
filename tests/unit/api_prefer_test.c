#include "tests/unit/spec.h"

#include "api/prefer.h"

#define DEFAULT_S 5
#define MAX_S     30

static void waits_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int64_t wait_s;
        bool async;
        const char *applied; /* NULL = nothing to echo */
    } cases[] = {
        {NULL,                         5,  false, NULL                   },
        {"",                           5,  false, NULL                   },
        {"wait=0",                     0,  false, "wait=0"               },
        {"wait=30",                    30, false, "wait=30"              },
        {"wait=31",                    30, false, "wait=30"              },
        {"wait=99999999999999999999",  30, false, "wait=30"              },
        {"Wait = \"7\"",               7,  false, "wait=7"               },
        {"wait=3; priority=high",      3,  false, "wait=3"               },
        {"wait=3, wait=4",             3,  false, "wait=3"               },
        {"respond-async",              0,  true,  "respond-async"        },
        {"respond-async, wait=2",      2,  true,  "respond-async, wait=2"},
        {"wait=2,respond-async",       2,  true,  "respond-async, wait=2"},
        {"a=\"b, wait=9\", wait=1",    1,  false, "wait=1"               },
        {"a=\"\\\", wait=9\", wait=1", 1,  false, "wait=1"               },
        {"a; b=\",\"; c, wait=1",      1,  false, "wait=1"               },
        {"a=\"wait=9, wait=8",         5,  false, NULL                   },
        {"wait",                       5,  false, NULL                   },
        {"wait=",                      5,  false, NULL                   },
        {"wait=-1",                    5,  false, NULL                   },
        {"wait=1.5",                   5,  false, NULL                   },
        {"waiting=3, return=minimal",  5,  false, NULL                   },
        {", ,;,=",                     5,  false, NULL                   },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char applied[PREFER_APPLIED_MAX];
        struct prefer p = prefer_parse(cases[i].header, DEFAULT_S, MAX_S);
        assert_int_equal(p.wait_s, cases[i].wait_s);
        assert_int_equal(p.respond_async, cases[i].async);
        assert_int_equal(prefer_applied(&p, applied), cases[i].applied != NULL);
        if (cases[i].applied)
            assert_string_equal(applied, cases[i].applied);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(waits_are_understood)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

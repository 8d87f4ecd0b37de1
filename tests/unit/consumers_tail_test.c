/* The words behind `hirelog tail SERVICE`. */
#include "tests/unit/spec.h"

#include <string.h>

#include "consumers/tail.h"
#include "schemas/records.h"

static struct tail_options o;
static struct err err;

static enum err_code parse(const char *service, const char *const *words)
{
    size_t n = 0;
    while (words[n])
        n++;
    return tail_options_parse(service, words, n, &o, &err);
}
#define PARSE(service, ...) parse((service), (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void without_words_it_begins_now_and_has_no_end(void **state)
{
    (void)state;
    assert_int_equal(PARSE("job"), ERR_OK);
    assert_string_equal(o.service->name, "job");
    assert_int_equal(o.from, TAIL_NOW);
    assert_false(o.to_end || o.one_aggregate || o.type || o.count);
}

static void to_the_end_it_begins_at_the_beginning(void **state)
{
    (void)state;
    assert_int_equal(PARSE("job", "--end"), ERR_OK);
    assert_int_equal(o.from, TAIL_BEGINNING);
    assert_int_equal(PARSE("job", "--from", "now", "--end"), ERR_OK);
    assert_int_equal(o.from, TAIL_NOW);
    assert_true(o.to_end);
}

static void a_place_a_type_an_aggregate_and_a_number(void **state)
{
    (void)state;
    assert_int_equal(PARSE("job", "--from", "1970-01-01T00:00:01+00:00", "--type", "JobPosted",
                           "--aggregate", "00000000-0000-4000-8000-000000000007", "--count", "3"),
                     ERR_OK);
    assert_int_equal(o.from, TAIL_TIME);
    assert_int_equal(o.from_us, 1000000);
    assert_ptr_equal(o.type, &type_job_posted);
    assert_true(o.one_aggregate);
    assert_int_equal(o.aggregate.b[15], 7);
    assert_int_equal(o.count, 3);
    assert_int_equal(PARSE("job", "--type", "hirelog.job.JobPosted"), ERR_OK);
    assert_ptr_equal(o.type, &type_job_posted);
    assert_int_equal(PARSE("user", "--type", "CommandRejected"), ERR_OK);
    assert_ptr_equal(o.type, &type_command_rejected);
}

static void what_nobody_understands_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *words[3], *named;
    } cases[] = {
        {{"--from", "1970-13-01T00:00:00Z"},   "1970-13-01T00:00:00Z"},
        {{"--type", "MessageSent"},            "MessageSent"         },
        {{"--type", "JobState"},               "JobState"            },
        {{"--type", "hirelog.user.JobPosted"}, "hirelog.user"        },
        {{"--aggregate", "7"},                 "7"                   },
        {{"--count", "0"},                     "--count 0"           },
        {{"--count", "3x"},                    "3x"                  },
        {{"--count", "99999999999999999999"},  "99999999999999999999"},
        {{"--end", "--count"},                 "--count"             },
        {{"--colour", "red"},                  "--colour"            },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(parse("job", cases[i].words), ERR_INVALID);
        assert_non_null(strstr(err.msg, cases[i].named));
    }
    assert_int_equal(PARSE("", "--from", "now"), ERR_INVALID);
    assert_non_null(strstr(err.msg, "tail SERVICE"));
    assert_int_equal(PARSE("jobs"), ERR_INVALID);
    assert_non_null(strstr(err.msg, "jobs"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_words_it_begins_now_and_has_no_end),
        cmocka_unit_test(to_the_end_it_begins_at_the_beginning),
        cmocka_unit_test(a_place_a_type_an_aggregate_and_a_number),
        cmocka_unit_test(what_nobody_understands_is_named),
    };
    return cmocka_run_group_tests_name("tail", tests, NULL, NULL);
}

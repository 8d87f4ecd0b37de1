/* The table of SQLSTATEs against PostgreSQL's own list of them (postgresql_errcodes.txt). */
#include "tests/unit/spec.h"

#include "ops/runtime/pg_errors.h"

#define LIST      "tests/unit/postgresql_errcodes.txt"
#define CODES_MIN 250 /* the list has that many: a test that reads nothing shows nothing */

static const struct pg_error_rule *rule_of(const char *sqlstate)
{
    const struct pg_error_rule *r = pg_error_rule(sqlstate);
    if (!r)
        fail_msg("no row covers %s", sqlstate);
    return r;
}

static bool closes_and_waits(const char *sqlstate)
{
    const struct pg_error_rule *r = rule_of(sqlstate);
    return r->close && r->code == ERR_UNAVAILABLE;
}

/* "<code> <kind> <name>" in the list, a comment otherwise. */
static bool code_read(const char *line, char ret[PG_SQLSTATE_LEN + 1])
{
    if (line[0] == '#' || strcspn(line, " ") != PG_SQLSTATE_LEN)
        return false;
    memcpy(ret, line, PG_SQLSTATE_LEN);
    ret[PG_SQLSTATE_LEN] = '\0';
    return true;
}

static void every_code_of_postgresql_has_a_row(void **state)
{
    (void)state;
    char line[128], code[PG_SQLSTATE_LEN + 1];
    int n = 0;
    FILE *f = fopen(LIST, "re");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        if (!code_read(line, code))
            continue;
        n++;
        const struct pg_error_rule *r = rule_of(code);
        assert_true(r->why[0]);
        /* Nobody closes a connection to lose what was said: it means to come back. */
        assert_true(!r->close || r->code == ERR_UNAVAILABLE);
    }
    fclose(f);
    assert_true(n >= CODES_MIN);
}

static void a_database_that_takes_no_writes_is_waited_for_on_a_new_connection(void **state)
{
    static const char *const codes[] = {
        "25006", "57P01", "57P02", "57P03", "57P04", "57P05", "08000", "08003", "08006", "08P01",
        "53000", "53100", "53200", "53300", "53400", "55006", "58000", "58030", "58P01", "25P03",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (!closes_and_waits(codes[i]))
            fail_msg("%s", codes[i]);
}

static void what_the_next_try_may_do_keeps_its_connection(void **state)
{
    static const char *const codes[] = {"40001", "40P01", "55P03", "57014"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        assert_int_equal(rule_of(codes[i])->code, ERR_UNAVAILABLE);
        assert_false(rule_of(codes[i])->close);
    }
}

/* RULES: only classes 22, 23 and 54 are the data's fault. */
static void only_the_datas_faults_are_poison(void **state)
{
    (void)state;
    char line[128], code[PG_SQLSTATE_LEN + 1];
    FILE *f = fopen(LIST, "re");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        if (!code_read(line, code))
            continue;
        bool data = !strncmp(code, "22", 2) || !strncmp(code, "23", 2) || !strncmp(code, "54", 2);
        assert_int_equal(rule_of(code)->code == ERR_INVALID, data);
    }
    fclose(f);
}

static void a_new_code_follows_its_class(void **state)
{
    (void)state;
    assert_true(closes_and_waits("08Z99"));
    assert_true(closes_and_waits("57Z99"));
    assert_int_equal(rule_of("23Z99")->code, ERR_INVALID);
    assert_int_equal(rule_of("42Z99")->code, ERR_INTERNAL);
    assert_null(pg_error_rule("ZZ000"));
    assert_null(pg_error_rule(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_of_postgresql_has_a_row),
        cmocka_unit_test(a_database_that_takes_no_writes_is_waited_for_on_a_new_connection),
        cmocka_unit_test(what_the_next_try_may_do_keeps_its_connection),
        cmocka_unit_test(only_the_datas_faults_are_poison),
        cmocka_unit_test(a_new_code_follows_its_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

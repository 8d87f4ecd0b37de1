/* Statements with parameters by name, and lines that are there only when asked for. */
#include "tests/unit/spec.h"

#include "projections/sql_params.h"

static struct arena arena;

static int arena_begin(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int arena_end(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct sql_params parsed(const char *sql)
{
    struct sql_params p;
    struct err err = {0};
    if (sql_params_parse(sql, &arena, &p, &err) != ERR_OK)
        fail_msg("%s: %s", sql, err.msg);
    return p;
}

static void names_become_numbers_by_first_use(void **state)
{
    (void)state;
    struct sql_params p = parsed("SELECT :b, :a, :b, :a_1");
    assert_string_equal(p.text, "SELECT $1, $2, $1, $3");
    assert_int_equal(p.n, 3);
    assert_string_equal(p.names[0], "b");
    assert_string_equal(p.names[1], "a");
    assert_string_equal(p.names[2], "a_1");
}

static void what_only_looks_like_a_parameter_is_left_alone(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "SELECT x::text, y :: int",
        "SELECT ':a', 'it''s :a', E'\\':a'",
        "SELECT \":a\", \"x\"\":a\"",
        "SELECT 1 -- :a\n, 2",
        "SELECT 1 /* :a /* :b */ :c */",
        "SELECT $$ :a $$, $t$ $$ :b $t$",
        "SELECT a[1 : 2], b[:2], x := 3",
        "SELECT ':a",
        "SELECT /* :a",
        "SELECT $x$ :a",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct sql_params p = parsed(texts[i]);
        assert_string_equal(p.text, texts[i]);
        assert_int_equal(p.n, 0);
    }
}

static void a_parameter_may_be_cast_or_stand_before_anything(void **state)
{
    (void)state;
    assert_string_equal(parsed("f(:a::text[],:b)").text, "f($1::text[],$2)");
    assert_string_equal(parsed("''||:a||'x'").text, "''||$1||'x'");
    assert_string_equal(parsed("type = :type -- of :type\nAND 1=:one").text,
                        "type = $1 -- of :type\nAND 1=$2");
    assert_string_equal(parsed(":a").text, "$1");
}

static void numbers_beside_names_are_refused(void **state)
{
    (void)state;
    struct sql_params p;
    struct err err = {0};
    assert_int_equal(sql_params_parse("SELECT $1, :a", &arena, &p, &err), ERR_INVALID);
    assert_string_equal(parsed("SELECT $1").text, "SELECT $1");
}

static void too_many_parameters_are_refused(void **state)
{
    (void)state;
    char *sql = arena_strdup(&arena, "SELECT 1");
    struct sql_params p;
    struct err err = {0};
    for (int i = 0; i < SQL_PARAMS_MAX; i++)
        sql = arena_printf(&arena, "%s, :p%d", sql, i);
    assert_int_equal(parsed(sql).n, SQL_PARAMS_MAX);
    sql = arena_printf(&arena, "%s, :one_more", sql);
    assert_int_equal(sql_params_parse(sql, &arena, &p, &err), ERR_INVALID);
}

static const char list[] = "SELECT x\n"
                           "WHERE true\n"
                           "  AND s = :status --? status\n"
                           "  AND t < :time   --? time !backward\n"
                           "  AND t > :time   --? time backward\n"
                           "LIMIT :n;\n";

static void optional_lines_are_there_when_asked_for(void **state)
{
    (void)state;
    struct sql_switches s;
    struct err err = {0};
    assert_int_equal(sql_switches_find(list, &arena, &s, &err), ERR_OK);
    assert_int_equal(s.n, 3);
    assert_string_equal(s.names[0], "status");
    assert_string_equal(s.names[1], "time");
    assert_string_equal(s.names[2], "backward");
    assert_string_equal(sql_switches_apply(list, &s, 0, &arena),
                        "SELECT x\nWHERE true\nLIMIT :n;\n");
    assert_string_equal(sql_switches_apply(list, &s, 1 | 2, &arena),
                        "SELECT x\nWHERE true\n  AND s = :status\n  AND t < :time\nLIMIT :n;\n");
    assert_string_equal(sql_switches_apply(list, &s, 2 | 4, &arena),
                        "SELECT x\nWHERE true\n  AND t > :time\nLIMIT :n;\n");
}

static void too_many_switches_are_refused(void **state)
{
    (void)state;
    struct sql_switches s;
    struct err err = {0};
    assert_int_equal(sql_switches_find("x --? a b c d e f g h i\n", &arena, &s, &err), ERR_OK);
    assert_int_equal(sql_switches_find("x --? a b c d e f g h i\ny --? j", &arena, &s, &err),
                     ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_become_numbers_by_first_use),
        cmocka_unit_test(what_only_looks_like_a_parameter_is_left_alone),
        cmocka_unit_test(a_parameter_may_be_cast_or_stand_before_anything),
        cmocka_unit_test(numbers_beside_names_are_refused),
        cmocka_unit_test(too_many_parameters_are_refused),
        cmocka_unit_test(optional_lines_are_there_when_asked_for),
        cmocka_unit_test(too_many_switches_are_refused),
    };
    return cmocka_run_group_tests(tests, arena_begin, arena_end);
}

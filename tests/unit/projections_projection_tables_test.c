/* The header lines of projections say which tables they write: held against the statements. */
#include "tests/unit/spec.h"

#include <ctype.h>
#include <string.h>

#include "projections/apply.h"
#include "projections/projection_tables.h"
#include "projections/service_sql.h"

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

static bool names(const struct generation_part *part, const char *table)
{
    for (size_t i = 0; i < part->n_tables; i++)
        if (strcmp(part->tables[i], table) == 0)
            return true;
    return false;
}

/* The word behind every `verb` of a statement is a table that the line has. */
static void expect_named(const struct sql_file *f,
                         const char *verb,
                         const struct generation_part *part,
                         bool *found)
{
    char table[64];
    for (const char *s = f->text; (s = strstr(s, verb)) != NULL;) {
        size_t n = 0;
        s += strlen(verb);
        while (n + 1 < sizeof(table) && (islower((unsigned char)s[n]) || s[n] == '_'))
            n++;
        memcpy(table, s, n);
        table[n] = '\0';
        if (n == 0) /* DO UPDATE SET */
            continue;
        if (!names(part, table))
            fail_msg("%s/%s/%s.sql writes %s, and its line does not say so", f->service, f->kind,
                     f->name, table);
        for (size_t i = 0; i < part->n_tables; i++)
            found[i] = found[i] || strcmp(part->tables[i], table) == 0;
    }
}

static void every_line_says_what_its_statement_writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_sql_files; i++) {
        const struct sql_file *f = &sql_files[i];
        struct generation_part part = {0};
        struct err err = {0};
        bool found[GENERATION_TABLES_MAX] = {0};
        if (strcmp(f->kind, APPLY_OWN) != 0 && !apply_source(f->kind))
            continue;
        if (projection_tables_parse(f->text, &arena, &part, &err) != ERR_OK)
            fail_msg("%s/%s/%s.sql: %s", f->service, f->kind, f->name, err.msg);
        expect_named(f, "INSERT INTO ", &part, found);
        expect_named(f, "UPDATE ", &part, found);
        expect_named(f, "DELETE FROM ", &part, found);
        for (size_t k = 0; k < part.n_tables; k++)
            if (!found[k])
                fail_msg("%s/%s/%s.sql does not write %s", f->service, f->kind, f->name,
                         part.tables[k]);
    }
}

static void a_projection_has_the_tables_of_all_its_files(void **state)
{
    (void)state;
    struct generation_part part;
    struct err err;
    assert_int_equal(projection_tables_find("job", "events", &arena, &part, &err), ERR_OK);
    assert_int_equal(part.n_tables, 3);
    assert_true(names(&part, "posting") && names(&part, "application") && names(&part, "contract"));
    assert_int_equal(projection_tables_find("client", "from_job", &arena, &part, &err), ERR_OK);
    assert_int_equal(part.n_tables, 4);
    assert_true(names(&part, "posting_total") && names(&part, "hire_total"));
    assert_int_equal(projection_tables_find("job", "from_nobody", &arena, &part, &err),
                     ERR_INVALID);
}

static void prose_is_no_table(void **state)
{
    (void)state;
    struct generation_part part = {0};
    struct err err;
    const char *sql = "-- newest counts\n-- A -> one, two, of those who work.  Prose -> "
                      "three.\nUPDATE one SET x = 1;\n";
    assert_int_equal(projection_tables_parse(sql, &arena, &part, &err), ERR_OK);
    assert_int_equal(part.n_tables, 2);
    assert_int_equal(projection_tables_parse("-- no rows\n", &arena, &part, &err), ERR_OK);
    assert_int_equal(part.n_tables, 2);
    assert_int_equal(projection_tables_parse("UPDATE one SET x = 1;\n", &arena, &part, &err),
                     ERR_INVALID);
}

static void a_projection_of_too_many_tables_is_refused(void **state)
{
    (void)state;
    struct generation_part part = {0};
    struct err err;
    for (int i = 0; i < GENERATION_TABLES_MAX; i++)
        assert_int_equal(
            projection_tables_parse(arena_printf(&arena, "-- A -> t%d.\n", i), &arena, &part, &err),
            ERR_OK);
    assert_int_equal(projection_tables_parse("-- A -> t0.\n", &arena, &part, &err), ERR_OK);
    assert_int_equal(projection_tables_parse("-- A -> another.\n", &arena, &part, &err),
                     ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_says_what_its_statement_writes),
        cmocka_unit_test(a_projection_has_the_tables_of_all_its_files),
        cmocka_unit_test(prose_is_no_table),
        cmocka_unit_test(a_projection_of_too_many_tables_is_refused),
    };
    return cmocka_run_group_tests_name("tables of projections", tests, arena_begin, arena_end);
}

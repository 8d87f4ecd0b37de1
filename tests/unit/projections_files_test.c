/* The .sql files of every service against the schemas, and events as parameters. What needs no
 * database. */
#include "tests/unit/spec.h"

#include <string.h>

#include "projections/apply.h"
#include "projections/event_field.h"
#include "projections/query.h"
#include "projections/service_sql.h"
#include "schemas/records.h"

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

static bool is_service(const struct sql_file *f)
{
    return strcmp(f->kind, "") == 0 && strcmp(f->name, "schema") == 0;
}

static void expect_sound(const char *service, const char *projection)
{
    owned(apply_free) struct apply *ap = NULL;
    struct err err = {0};
    if (apply_new(service, projection, &ap, &err) != ERR_OK)
        fail_msg("%s", err.msg);
}

static void every_event_statement_fits_its_event(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; i < n_sql_files; i++) {
        if (is_service(&sql_files[i])) {
            expect_sound(sql_files[i].service, APPLY_OWN);
            n++;
        } else if (apply_source(sql_files[i].kind)) {
            expect_sound(sql_files[i].service, sql_files[i].kind);
        }
    }
    assert_true(n >= 2);
}

/* What nobody can make anew waits for the standbys, whatever the server is set to; what nothing hangs on says so, too. */
static void every_write_to_the_vault_says_what_its_commit_waits_for(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; i < n_sql_files; i++) {
        const struct sql_file *f = &sql_files[i];
        bool writes = strstr(f->text, "INSERT INTO ") || strstr(f->text, "UPDATE ");
        if (strcmp(f->kind, "vault") != 0 || !writes)
            continue;
        if (!strstr(f->text, "set_config('synchronous_commit', 'on', true) AS durable") &&
            !strstr(f->text, "set_config('synchronous_commit', 'off', true) AS quick"))
            fail_msg("%s/vault/%s.sql", f->service, f->name);
        n++;
    }
    assert_true(n >= 6);
}

static void a_projection_of_another_service_knows_only_its_files(void **state)
{
    (void)state;
    owned(apply_free) struct apply *ap = NULL;
    struct err err = {0};
    assert_string_equal(apply_source("from_job"), "job");
    assert_null(apply_source(APPLY_OWN));
    assert_int_equal(apply_new("user", "from_nobody", &ap, &err), ERR_OK);
    assert_false(apply_wants(ap, &type_job_posted));
}

static void every_query_has_a_sound_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_sql_files; i++) {
        struct err err = {0};
        if (!is_service(&sql_files[i]))
            continue;
        if (queries_open(sql_files[i].service, &err) != ERR_OK)
            fail_msg("%s", err.msg);
        assert_int_equal(queries_open(sql_files[i].service, &err), ERR_OK);
    }
    assert_non_null(query_find("job", "jobs"));
    assert_null(query_find("job", "nonsense"));
    assert_null(query_find("user", "jobs"));
}

static void
expect_text(const struct record_type *t, const char *name, const void *event, const char *text)
{
    struct event_field f;
    struct err err = {0};
    assert_int_equal(event_field_find(t, name, &f, &err), ERR_OK);
    assert_int_equal(f.type, PG_TEXT);
    assert_int_equal(f.array_type, PG_TEXT_ARRAY);
    struct pg_param p = event_field_param(&f, event, &arena);
    if (!text) {
        assert_null(p.data);
        return;
    }
    assert_non_null(p.data);
    assert_int_equal(p.len, strlen(text));
    assert_memory_equal(p.data, text, strlen(text));
}

static void arrays_arrive_as_literals_with_their_quotes_escaped(void **state)
{
    (void)state;
    static const char *skills[] = {"c", "a \"b\" \\ {c},d", "", "NULL"};
    struct job_posted e = {
        .skills = {skills, ARRAY_SIZE(skills)}
    };
    expect_text(&type_job_posted, "skills", &e, "{\"c\",\"a \\\"b\\\" \\\\ {c},d\",\"\",\"NULL\"}");
    e.skills.n = 0;
    expect_text(&type_job_posted, "skills", &e, "{}");
    int roles[] = {ROLE_FREELANCER, ROLE_CLIENT};
    struct user_registered u = {
        .roles = {roles, 2}
    };
    expect_text(&type_user_registered, "roles", &u, "{\"freelancer\",\"client\"}");
}

static void an_absent_optional_is_null_with_all_its_leaves(void **state)
{
    (void)state;
    struct job_edited e = {
        .title = "unset", .budget = {5, "EUR"}
    };
    expect_text(&type_job_edited, "title", &e, NULL);
    expect_text(&type_job_edited, "skills", &e, NULL);
    expect_text(&type_job_edited, "budget_currency", &e, NULL);
    e.has_title = e.has_skills = e.has_budget = true;
    expect_text(&type_job_edited, "title", &e, "unset");
    expect_text(&type_job_edited, "skills", &e, "{}");
    expect_text(&type_job_edited, "budget_currency", &e, "EUR");
}

static void an_array_of_records_is_json(void **state)
{
    (void)state;
    struct invoice_line lines[] = {
        {"A \"logo\"", {5, "EUR"}},
        {"Paper",      {7, "EUR"}}
    };
    struct invoice_issued e = {
        .lines = {lines, 2}
    };
    expect_text(
        &type_invoice_issued, "lines", &e,
        "[{\"description\":\"A \\\"logo\\\"\",\"amount\":{\"amount\":5,\"currency\":\"EUR\"}},"
        "{\"description\":\"Paper\",\"amount\":{\"amount\":7,\"currency\":\"EUR\"}}]");
}

static void meta_needs_no_prefix(void **state)
{
    (void)state;
    struct job_filled e = {
        .meta = {.version = 3, .actor = {.kind = ACTOR_KIND_USER}}
    };
    struct event_field f;
    struct err err = {0};
    expect_text(&type_job_filled, "actor_kind", &e, "user");
    assert_int_equal(event_field_find(&type_job_filled, "version", &f, &err), ERR_OK);
    assert_int_equal(f.array_type, PG_INT8_ARRAY);
    assert_int_equal(event_field_find(&type_job_filled, "aggregate_id", &f, &err), ERR_OK);
    assert_int_equal(f.array_type, PG_UUID_ARRAY);
    assert_int_equal(event_field_find(&type_job_filled, "occurred_at", &f, &err), ERR_OK);
    assert_int_equal(f.array_type, PG_TIMESTAMPTZ_ARRAY);
    assert_int_equal(event_field_find(&type_job_filled, "meta_version", &f, &err), ERR_OK);
}

static void an_unknown_field_is_named(void **state)
{
    (void)state;
    struct event_field f;
    struct err err = {0};
    static const char *const names[] = {"title", "actor", "meta", "contract", "contract_id_x", ""};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_int_equal(event_field_find(&type_job_filled, names[i], &f, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "JobFilled"));
}

static void positions_are_compared_by_partition(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(queries_open("job", &err), ERR_OK);
    const struct query *q = query_find("job", "job");
    const char *seen = "job/0:17,job/1:4,user/0:9";
    assert_true(position_covers(q, seen, "job/0:17"));
    assert_true(position_covers(q, seen, "job/0:3,job/1:4"));
    assert_false(position_covers(q, seen, "job/0:18"));
    assert_false(position_covers(q, seen, "job/0:17,job/1:5"));
    assert_true(position_covers(q, seen, "payment/0:99"));
    assert_false(position_covers(q, seen, "job/2:1"));
    assert_true(position_covers(q, seen, "jo/0:99"));
}

static void of_a_source_without_position_nothing_is_passed(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(queries_open("job", &err), ERR_OK);
    assert_false(position_covers(query_find("job", "job"), "", "job/0:1"));
    assert_true(position_covers(query_find("job", "job"), "", "user/0:1"));
}

static void positions_have_one_form(void **state)
{
    (void)state;
    static const char *const good[] = {"job/0:0", "job/0:17,user/12:9223372036854775807"};
    static const char *const bad[] = {"",
                                      "job",
                                      "job/",
                                      "job/0",
                                      "job/0:",
                                      "job/x:1",
                                      "/0:1",
                                      "job/0:1,",
                                      ",job/0:1",
                                      "job/0:-1",
                                      "job/0:1;",
                                      "job/0: 1",
                                      "Job/0:1",
                                      "job/0:9223372036854775808",
                                      "job/0:1 ,job/1:2",
                                      "job/0:1, "};
    struct err err = {0};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_int_equal(position_check(good[i], &err), ERR_OK);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (position_check(bad[i], &err) != ERR_INVALID)
            fail_msg("taken: %s", bad[i]);
}

/* Two fields Hirelog-After are joined as HTTP joins them: with ", ". */
static void a_position_sent_in_two_fields_is_one(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(queries_open("job", &err), ERR_OK);
    const struct query *q = query_find("job", "job");
    assert_int_equal(position_check("user/0:9, job/0:17", &err), ERR_OK);
    assert_true(position_covers(q, "job/0:17", "user/0:9, job/0:17"));
    assert_false(position_covers(q, "job/0:17", "user/0:9, job/0:18"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_statement_fits_its_event),
        cmocka_unit_test(every_query_has_a_sound_header),
        cmocka_unit_test(every_write_to_the_vault_says_what_its_commit_waits_for),
        cmocka_unit_test(arrays_arrive_as_literals_with_their_quotes_escaped),
        cmocka_unit_test(an_absent_optional_is_null_with_all_its_leaves),
        cmocka_unit_test(an_array_of_records_is_json),
        cmocka_unit_test(meta_needs_no_prefix),
        cmocka_unit_test(an_unknown_field_is_named),
        cmocka_unit_test(positions_are_compared_by_partition),
        cmocka_unit_test(of_a_source_without_position_nothing_is_passed),
        cmocka_unit_test(a_projection_of_another_service_knows_only_its_files),
        cmocka_unit_test(positions_have_one_form),
        cmocka_unit_test(a_position_sent_in_two_fields_is_one),
    };
    return cmocka_run_group_tests(tests, arena_begin, arena_end);
}

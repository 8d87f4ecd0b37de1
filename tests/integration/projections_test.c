/* The view on a real PostgreSQL: migrations and grants, every statement, the property of P1,
 * queries and their pages. */
#include "tests/unit/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/lane_sql.h"
#include "ops/runtime/timeutil.h"
#include "projections/event_field.h"
#include "projections/service_sql.h"
#include "projections/sql_params.h"
#include "schemas/records.h"
#include "tests/integration/histories.h"
#include "tests/integration/view_world.h"

#define ROUNDS 12
#define LIVES  14

/* ---- migrations */

static void migrating_again_changes_nothing_and_is_fast(void **state)
{
    (void)state;
    static const struct pg_stmt rebuild = {
        .name = "rebuild", .sql = "SELECT rebuild_id::text FROM hirelog_user.control"};
    const char *before = view_text(view_pg("user"), &rebuild);
    int64_t begun = time_monotonic_us();
    OK(view_migrate());
    assert_true(time_monotonic_us() - begun < 1500000); /* about 20 ms when nothing else runs */
    assert_string_equal(view_text(view_pg("user"), &rebuild), before);
}

static void the_number_of_partitions_is_frozen(void **state)
{
    (void)state;
    view.cfg.partitions = VIEW_PARTITIONS + 1;
    assert_int_equal(view_migrate(), ERR_CONFLICT);
    view.cfg.partitions = VIEW_PARTITIONS;
    OK(view_migrate());
}

static void a_lost_view_is_made_anew_and_the_vault_stays(void **state)
{
    (void)state;
    static const struct pg_stmt rebuild = {
        .name = "rebuild_id", .sql = "SELECT rebuild_id::text FROM hirelog_user.control"};
    static const struct pg_stmt kept = {
        .name = "kept", .sql = "SELECT password_hash FROM hirelog_user_vault.credential"};
    owned(pg_free) struct pg *pg = view_connect(NULL);
    const char *before = view_text(pg, &rebuild);
    view_script(pg,
                "INSERT INTO hirelog_user_vault.credential VALUES "
                "('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', "
                "'hash', '2026-01-01');"
                "DROP SCHEMA hirelog_user, hirelog_user_g1 CASCADE");
    OK(view_migrate());
    assert_string_not_equal(view_text(pg, &rebuild), before);
    assert_string_equal(view_text(pg, &kept), "hash");
    view_script(pg, "DELETE FROM hirelog_user_vault.credential");
}

static void expect_denied(struct pg *pg, const char *sql)
{
    if (pg_script(pg, sql, &view.err) == ERR_OK)
        fail_msg("allowed: %s", sql);
    assert_string_equal(view.err.reason, "42501");
}

static void a_service_reads_and_writes_its_own_schemas_only(void **state)
{
    (void)state;
    owned(pg_free) struct pg *pg = view_connect(NULL);
    view_script(pg, "SET ROLE hirelog_job");
    view_script(pg,
                "SELECT FROM hirelog_job_g1.posting; SELECT FROM hirelog_job.claim; DELETE FROM "
                "hirelog_job_g1.posting");
    expect_denied(pg, "SELECT FROM hirelog_user_g1.account");
    expect_denied(pg, "SELECT FROM hirelog_user_vault.credential");
    expect_denied(pg, "SELECT FROM hirelog_user.claim");
    expect_denied(pg, "CREATE TABLE hirelog_job_g1.own ()");
    expect_denied(pg, "DROP TABLE hirelog_job_g1.posting");
    expect_denied(pg, "TRUNCATE hirelog_job_g1.posting");
    view_script(pg, "SET ROLE hirelog_user");
    view_script(pg, "SELECT FROM hirelog_user_g1.account; SELECT FROM hirelog_user_vault.session");
    expect_denied(pg, "SELECT FROM hirelog_job_g1.posting");
}

static void a_role_gets_its_password_from_the_file(void **state)
{
    (void)state;
    static const struct pg_stmt stored = {
        .name = "stored", .sql = "SELECT rolpassword FROM pg_authid WHERE rolname = 'hirelog_job'"};
    char path[] = "/tmp/projections_test.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    snprintf(view.cfg.pg_role_password_file, sizeof(view.cfg.pg_role_password_file), "%s", path);
    assert_int_equal(view_migrate(), ERR_INVALID);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    fputs("it's a 'secret'\n", f);
    fclose(f);
    const char *before = view_text(view_pg("job"), &stored);
    enum err_code code = view_migrate();
    remove(path);
    assert_int_equal(code, ERR_OK);
    assert_int_equal(strncmp(view_text(view_pg("job"), &stored), "SCRAM-SHA-256", 13), 0);
    assert_string_not_equal(view_text(view_pg("job"), &stored), before);
    assert_int_equal(view_migrate(), ERR_INVALID); /* the file is gone */
    view.cfg.pg_role_password_file[0] = '\0';
    view_script(view_pg("job"),
                before[0]
                    ? arena_printf(&view.arena, "ALTER ROLE hirelog_job PASSWORD '%s'", before)
                    : "ALTER ROLE hirelog_job PASSWORD NULL");
}

/* ---- every statement is accepted */

static bool is_type(const char *word)
{
    static const char *const types[] = {"bool", "bytea",       "int4", "int8",
                                        "text", "timestamptz", "uuid"};
    size_t len = strcspn(word, "[");
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (strlen(types[i]) == len && strncmp(types[i], word, len) == 0)
            return true;
    return false;
}

/* Which parameter a word of a header declares, from 1: `$2 name type` or `:name type`; 0 = none. */
static size_t declares(const char *word, const struct sql_params *p)
{
    if (word[0] == '$')
        return strtoul(word + 1, NULL, 10);
    for (size_t i = 0; word[0] == ':' && i < p->n; i++)
        if (strcmp(p->names[i], word + 1) == 0)
            return i + 1;
    return 0;
}

/* The types of all parameters as the header gives them: "uuid, text[]". */
static const char *declared_types(const char *sql, const struct sql_params *p)
{
    const char *types[SQL_PARAMS_MAX + 1] = {0};
    for (const char *line = sql; strncmp(line, "--", 2) == 0; line = strchr(line, '\n') + 1) {
        char *text = arena_strndup(&view.arena, line, strcspn(line, "\n")), *save = NULL;
        size_t number = 0;
        for (char *w = strtok_r(text, " .", &save); w; w = strtok_r(NULL, " .", &save)) {
            if (number > 0 && is_type(w) && !types[number])
                types[number] = w;
            if (w[0] == '$' || w[0] == ':')
                number = declares(w, p);
        }
    }
    const char *list = "";
    for (size_t i = 1; types[i]; i++)
        list = arena_printf(&view.arena, "%s%s%s", list, i > 1 ? ", " : "", types[i]);
    return list;
}

static void expect_prepares(struct pg *pg, const struct sql_file *f)
{
    struct sql_params p;
    OK(sql_params_parse(f->text, &view.arena, &p, &view.err));
    const char *types = declared_types(f->text, &p);
    const char *sql = arena_printf(&view.arena, "PREPARE tried%s%s%s AS %s", types[0] ? " (" : "",
                                   types, types[0] ? ")" : "", p.text);
    if (pg_script(pg, sql, &view.err) != ERR_OK)
        fail_msg("projections/%s/%s/%s.sql: %s", f->service, f->kind, f->name, view.err.msg);
    view_script(pg, "DEALLOCATE tried");
}

static bool is_framed(const struct sql_file *f)
{
    return strcmp(f->kind, "queries") == 0 &&
           (strstr(f->text, "\n-- item\n") || strstr(f->text, "\n-- list\n") ||
            strstr(f->text, "\n-- ranked\n"));
}

/* Events and framed queries are run by the tests below; scripts were run by migrate. */
static void every_other_statement_can_be_prepared(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; i < n_sql_files; i++) {
        const struct sql_file *f = &sql_files[i];
        bool of_lanes = strcmp(f->service, "common") == 0 && strcmp(f->kind, "queries") == 0;
        bool of_service = strcmp(f->service, "common") != 0 && f->kind[0] &&
                          strcmp(f->kind, "events") != 0 && !apply_source(f->kind);
        if ((!of_lanes && !of_service) || is_framed(f))
            continue;
        expect_prepares(view_pg(of_lanes ? "user" : f->service), f);
        n++;
    }
    assert_true(n > 0);
}

/* ---- P1 */

/* Every row of every table that events make. */
static const char *dump(struct pg *pg)
{
    static const struct pg_stmt stmt = {
        .name = "dump",
        .sql = "SELECT string_agg(relname || query_to_xml(format('SELECT * FROM %I AS t "
               "ORDER BY t::text', relname), true, false, '')::text, '' "
               "ORDER BY relname) FROM pg_class WHERE relnamespace = "
               "current_schema()::regnamespace AND relkind = 'r' "
               "AND relname NOT IN ('lane', 'outcome', 'state', 'position', 'parked')"};
    return view_text(pg, &stmt);
}

struct run {
    struct pg *pg;
    struct apply *apply;
    struct history h;
    struct random *r;
};

static void apply_part(struct run *run, size_t from, size_t to)
{
    OK(apply_events(run->apply, run->pg, 0, run->h.events + from, to - from, &view.arena,
                    &view.err));
    OK(pg_sync(run->pg, &view.err));
}

static void in_one_batch(struct run *run)
{
    apply_part(run, 0, run->h.n);
}

static void one_by_one(struct run *run)
{
    for (size_t i = 0; i < run->h.n; i++)
        apply_part(run, i, i + 1);
}

static void in_random_parts(struct run *run)
{
    for (size_t i = 0, next; i < run->h.n; i = next) {
        next = i + 1 + random_below(run->r, run->h.n - i);
        apply_part(run, i, next);
    }
}

static void everything_twice(struct run *run)
{
    in_one_batch(run);
    in_one_batch(run);
}

static void each_batch_again(struct run *run)
{
    for (size_t i = 0, next; i < run->h.n; i = next) {
        next = i + 1 + random_below(run->r, run->h.n - i);
        apply_part(run, i, next);
        apply_part(run, random_below(run->r, i + 1), next);
    }
}

/* A replay that ends early must not bring back what was: every statement by itself changes nothing.
 */
static void old_parts_again(struct run *run)
{
    in_one_batch(run);
    for (int n = 0; n < 5; n++) {
        size_t from = random_below(run->r, run->h.n);
        apply_part(run, from, from + 1 + random_below(run->r, run->h.n - from));
    }
}

static void one_batch_has_everything_twice(struct run *run)
{
    struct run twice = *run;
    twice.h.n = 2 * run->h.n;
    twice.h.events = ARENA_ARRAY(&view.arena, struct record, twice.h.n);
    memcpy(twice.h.events, run->h.events, run->h.n * sizeof(struct record));
    memcpy(twice.h.events + run->h.n, run->h.events, run->h.n * sizeof(struct record));
    in_one_batch(&twice);
}

static const struct {
    const char *name;
    void (*apply)(struct run *run);
} ways[] = {
    {"one by one",                     one_by_one                    },
    {"in one batch",                   in_one_batch                  },
    {"in random parts",                in_random_parts               },
    {"everything twice",               everything_twice              },
    {"each batch again",               each_batch_again              },
    {"old parts again",                old_parts_again               },
    {"one batch has everything twice", one_batch_has_everything_twice},
};

static void expect_same_rows_every_way(struct run *run, const char *projection)
{
    const char *first = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        view_script(run->pg, "BEGIN");
        ways[i].apply(run);
        const char *rows = dump(run->pg);
        view_script(run->pg, "ROLLBACK");
        if (!first)
            first = rows;
        assert_true(strlen(rows) > 500); /* there are rows */
        if (strcmp(rows, first) != 0)
            fail_msg("%s: %s differs from %s:\n%s\n---\n%s", projection, ways[i].name, ways[0].name,
                     rows, first);
    }
}

static void expect_all_types_seen(const char *service, const bool *seen)
{
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        if (t->role == RECORD_EVENT && strcmp(t->service, service) == 0 && !seen[t->index])
            fail_msg("histories.c makes no %s", t->name);
    }
}

static void
expect_property_of(const char *service, const char *projection, const char *source, bool *seen)
{
    owned(apply_free) struct apply *ap = NULL;
    OK(apply_new(service, projection, &ap, &view.err));
    struct pg *pg = view_connect(arena_printf(&view.arena, "hirelog_%s_g1", service));
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct random r = {seed};
        struct run run = {pg, ap, history_random(source, LIVES, &r, &view.arena), &r};
        for (size_t i = 0; i < run.h.n; i++)
            seen[run.h.events[i].type->index] = true;
        expect_same_rows_every_way(&run, arena_printf(&view.arena, "%s/%s", service, projection));
    }
    pg_free(pg);
}

static void rows_of_own_events_do_not_depend_on_batches_or_replays(void **state)
{
    (void)state;
    bool *seen = ARENA_ARRAY(&view.arena, bool, n_record_types);
    for (const char *const *service = view_services; *service; service++) {
        expect_property_of(*service, APPLY_OWN, *service, seen);
        expect_all_types_seen(*service, seen);
    }
}

static void rows_of_other_events_do_not_depend_on_batches_or_replays(void **state)
{
    (void)state;
    bool *seen = ARENA_ARRAY(&view.arena, bool, n_record_types);
    size_t n = 0;
    for (size_t i = 0; i < n_sql_files; i++) {
        const struct sql_file *f = &sql_files[i], *before = i > 0 ? f - 1 : NULL;
        const char *source = apply_source(f->kind);
        bool known =
            before && !strcmp(before->service, f->service) && !strcmp(before->kind, f->kind);
        if (!source || known)
            continue;
        expect_property_of(f->service, f->kind, source, seen);
        n++;
    }
    assert_int_equal(n, 7); /* of client and freelancer three each, of job one */
}

/* ---- queries */

static void an_account_shows_its_profile(void **state)
{
    (void)state;
    int roles[] = {ROLE_CLIENT, ROLE_FREELANCER};
    const struct record events[] = {
        EVENT(user_registered, META(1, 1, 1), .email = "Ana@Example.org",
              .display_name = "Ana \"A\"", .roles = {roles, 2}, .credential_id = id_of(50)),
        EVENT(user_logged_in, META(1, 2, 2)),
        EVENT(profile_updated, META(1, 3, 3), .has_bio = true, .bio = "line\nline"),
        EVENT(password_changed, META(1, 4, 4), .credential_id = id_of(51)),
    };
    view_apply("user", APPLY_OWN, 0, events, ARRAY_SIZE(events));
    expect_item(
        "user", "account_profile", 1, 3,
        "{\"id\" : \"00000000-0000-0000-0000-000000000001\", \"email\" : \"Ana@Example.org\", "
        "\"display_name\" : \"Ana \\\"A\\\"\", \"headline\" : \"\", \"bio\" : \"line\\nline\", "
        "\"location\" : \"\", "
        "\"roles\" : [\"client\",\"freelancer\"], \"status\" : \"active\", \"version\" : 3, "
        "\"created_at\" : \"2026-01-01T00:00:00.000001Z\", \"updated_at\" : "
        "\"2026-01-01T00:00:00.000003Z\"}");
    struct record over = EVENT(user_deactivated, META(1, 5, 5));
    view_apply("user", APPLY_OWN, 0, &over, 1);
    expect_item(
        "user", "public_profile", 1, 5,
        "{\"id\" : \"00000000-0000-0000-0000-000000000001\", "
        "\"display_name\" : \"Ana \\\"A\\\"\", \"headline\" : \"\", \"bio\" : \"line\\nline\", "
        "\"location\" : \"\", "
        "\"roles\" : [\"client\",\"freelancer\"], \"status\" : \"deactivated\", \"version\" : 5, "
        "\"created_at\" : \"2026-01-01T00:00:00.000001Z\", \"updated_at\" : "
        "\"2026-01-01T00:00:00.000005Z\"}");
}

static const PGresult *raw(const char *name, struct query_arg arg)
{
    const PGresult *r;
    OK(query_run_raw(query_find("user", name), view_pg("user"), &arg, 1, &view.arena, &r,
                     &view.err));
    assert_int_equal(PQntuples(r), 1);
    return r;
}

static void a_login_finds_the_active_credential_whatever_the_case(void **state)
{
    (void)state;
    int roles[] = {ROLE_CLIENT};
    const struct record events[] = {
        EVENT(user_registered, META(2, 1, 1), .email = "Ben@Example.org", .display_name = "Ben",
              .roles = {roles, 1}, .credential_id = id_of(60)),
        EVENT(password_changed, META(2, 2, 4), .credential_id = id_of(61)),
    };
    view_apply("user", APPLY_OWN, 0, events, ARRAY_SIZE(events));
    view_script(
        view_pg("user"),
        "INSERT INTO lane_caught_up SELECT partition, epoch FROM lane ON CONFLICT DO NOTHING;"
        "INSERT INTO credential VALUES ('00000000-0000-0000-0000-00000000003c', "
        "'00000000-0000-0000-0000-000000000002', 'old', '2026-01-01'),"
        "('00000000-0000-0000-0000-00000000003d', "
        "'00000000-0000-0000-0000-000000000002', 'new', '2026-01-01')");
    const PGresult *r =
        raw("login", (struct query_arg){"email", pg_p_text(&view.arena, "bEN@example.ORG")});
    struct uuid ben = id_of(2), found = pg_get_uuid(r, 0, 1);
    assert_true(pg_get_bool(r, 0, 0));
    assert_true(uuid_equal(&found, &ben));
    assert_true(pg_get_bool(r, 0, 2));
    assert_string_equal(pg_get_text(r, 0, 3), "{client}");
    assert_int_equal(pg_get_int8(r, 0, 4), 2);
    assert_string_equal(pg_get_text(r, 0, 6), "new");
    r = raw("login", (struct query_arg){"email", pg_p_text(&view.arena, "nobody@example.org")});
    assert_true(pg_get_bool(r, 0, 0));
    assert_true(pg_is_null(r, 0, 1));
}

static bool session_valid(const char *token)
{
    struct pg_param hash =
        pg_p_bytea(&view.arena, (struct bytes){(const uint8_t *)token, strlen(token)});
    struct pg_param hashes = pg_p_array(&view.arena, PG_BYTEA_ARRAY, &hash, 1);
    static struct pg_stmt stmt = {.name = "sessions_live"};
    const PGresult *r = NULL;
    struct err err;
    stmt.sql = sql_file_find("user", "vault", "sessions_live")->text;
    assert_int_equal(pg_exec(view_pg("user"), &stmt, &hashes, 1, &r, &err), ERR_OK);
    assert_int_equal(PQntuples(r), 1);
    return !pg_is_null(r, 0, 1);
}

static void a_session_ends_with_the_password_and_with_the_account(void **state)
{
    (void)state;
    int roles[] = {ROLE_CLIENT};
    const struct record events[] = {
        EVENT(user_registered, META(3, 1, 1), .email = "c@example.org", .display_name = "Cy",
              .roles = {roles, 1}, .credential_id = id_of(70)),
        EVENT(user_logged_in, META(3, 2, 2)),
        EVENT(password_changed, META(3, 3, 3), .credential_id = id_of(71)),
        EVENT(user_deactivated, META(3, 4, 4)),
    };
    view_apply("user", APPLY_OWN, 0, events, 2);
    view_script(view_pg("user"),
                "INSERT INTO session VALUES ('one', '00000000-0000-0000-0000-000000000003', 1, "
                "'2026-01-01', '2026-01-01', '2026-01-02', false),"
                "('out', '00000000-0000-0000-0000-000000000003', 1, '2026-01-01', "
                "'2026-01-01', '2026-01-02', true),"
                "('two', '00000000-0000-0000-0000-000000000003', 3, '2026-01-01', "
                "'2026-01-01', '2026-01-02', false)");
    assert_true(session_valid("one"));
    assert_false(session_valid("out"));
    assert_false(session_valid("none"));
    view_apply("user", APPLY_OWN, 0, events + 2, 1);
    assert_false(session_valid("one"));
    assert_true(session_valid("two"));
    view_apply("user", APPLY_OWN, 0, events + 3, 1);
    assert_false(session_valid("two"));
}

static void a_hire_shows_in_job_application_and_contract(void **state)
{
    (void)state;
    const char *skills[] = {"c", "sql"};
    const struct uuid ana = id_of(1), ben = id_of(2);
    const struct record events[] = {
        EVENT(job_posted, META(10, 1, 1), .client_id = ana, .title = "T", .description = "D",
              .skills = {skills, 2}, .budget = {150000, "EUR"}),
        EVENT(application_submitted, META(11, 1, 2), .job_id = id_of(10), .freelancer_id = ben,
              .cover_letter = "old", .bid = {1, "EUR"}),
        EVENT(application_withdrawn, META(11, 2, 3), .job_id = id_of(10), .freelancer_id = ben),
        EVENT(application_submitted, META(11, 3, 4), .job_id = id_of(10), .freelancer_id = ben,
              .cover_letter = "new", .bid = {2, "EUR"}),
        EVENT(job_edited, META(10, 2, 5), .has_title = true, .title = "T2"),
        EVENT(freelancer_hired, META(12, 1, 6), .job_id = id_of(10), .application_id = id_of(11),
              .client_id = ana, .freelancer_id = ben, .amount = {2, "EUR"}),
        EVENT(job_filled, META(10, 3, 6), .contract_id = id_of(12), .application_id = id_of(11)),
        EVENT(application_accepted, META(11, 4, 6), .job_id = id_of(10), .freelancer_id = ben),
        EVENT(contract_completed, META(12, 2, 7), .job_id = id_of(10), .client_id = ana,
              .freelancer_id = ben, .amount = {2, "EUR"}),
    };
    view_apply("job", APPLY_OWN, 0, events, ARRAY_SIZE(events));
    expect_item("job", "job", 10, 3,
                "{\"id\" : \"00000000-0000-0000-0000-00000000000a\", \"client_id\" : "
                "\"00000000-0000-0000-0000-000000000001\", "
                "\"title\" : \"T2\", \"description\" : \"D\", \"skills\" : [\"c\",\"sql\"], "
                "\"budget\" : {\"amount\" : 150000, \"currency\" : \"EUR\"}, \"status\" : "
                "\"filled\", \"version\" : 3, "
                "\"created_at\" : \"2026-01-01T00:00:00.000001Z\", \"updated_at\" : "
                "\"2026-01-01T00:00:00.000006Z\"}");
    expect_item(
        "job", "application", 11, 4,
        "{\"id\" : \"00000000-0000-0000-0000-00000000000b\", \"job_id\" : "
        "\"00000000-0000-0000-0000-00000000000a\", "
        "\"freelancer_id\" : \"00000000-0000-0000-0000-000000000002\", \"cover_letter\" : \"new\", "
        "\"bid\" : {\"amount\" : 2, \"currency\" : \"EUR\"}, \"status\" : \"accepted\", "
        "\"submitted_at\" : \"2026-01-01T00:00:00.000004Z\", \"decided_at\" : "
        "\"2026-01-01T00:00:00.000006Z\", \"version\" : 4, "
        "\"created_at\" : \"2026-01-01T00:00:00.000002Z\", \"updated_at\" : "
        "\"2026-01-01T00:00:00.000006Z\"}");
    expect_item("job", "contract", 12, 2,
                "{\"id\" : \"00000000-0000-0000-0000-00000000000c\", \"job_id\" : "
                "\"00000000-0000-0000-0000-00000000000a\", "
                "\"application_id\" : \"00000000-0000-0000-0000-00000000000b\", \"client_id\" : "
                "\"00000000-0000-0000-0000-000000000001\", "
                "\"freelancer_id\" : \"00000000-0000-0000-0000-000000000002\", \"amount\" : "
                "{\"amount\" : 2, \"currency\" : \"EUR\"}, "
                "\"status\" : \"completed\", \"version\" : 2, "
                "\"created_at\" : \"2026-01-01T00:00:00.000006Z\", \"updated_at\" : "
                "\"2026-01-01T00:00:00.000007Z\"}");
}

/* As 2a8a5a9 left it, with a generation that is kept: nothing that an old worker wrote about itself is believed. */
static void a_view_of_an_older_program_learns_who_has_caught_up(void **state)
{
    (void)state;
    static const struct pg_stmt left = {
        .name = "defaults left",
        .sql = "SELECT count(*) FROM information_schema.columns WHERE table_schema ~ "
               "'^hirelog_job_g' AND column_name = 'caught_up' AND column_default = 'false'",
        .text_results = true};
    owned(pg_free) struct pg *pg = view_connect(NULL);
    view_script(pg, "SET search_path = hirelog_job_g1;"
                    "DROP TABLE lane_caught_up, position_caught_up CASCADE;"
                    "ALTER TABLE lane ADD caught_up bool NOT NULL DEFAULT true;"
                    "ALTER TABLE lane ALTER caught_up DROP DEFAULT;"
                    "ALTER TABLE position ADD caught_up bool NOT NULL;"
                    "CREATE SCHEMA hirelog_job_g0_kept;"
                    "CREATE TABLE hirelog_job_g0_kept.lane (LIKE lane);"
                    "CREATE TABLE hirelog_job_g0_kept.outcome (LIKE outcome);"
                    "ALTER TABLE hirelog_job_g0_kept.outcome DROP COLUMN key;"
                    "CREATE TABLE hirelog_job_g0_kept.position (LIKE position)");
    OK(view_migrate());
    assert_string_equal(view_text(pg, &left), "4");
    assert_false(view_item("job", "job", 999).caught_up);
    view_script(pg, "SET search_path = hirelog_job_g1;"
                    "INSERT INTO lane_caught_up SELECT partition, epoch FROM lane");
    assert_true(view_item("job", "job", 999).caught_up);
    view_script(pg, "SELECT FROM hirelog_job_g0_kept.lane_progress;"
                    "SELECT FROM hirelog_job_g0_kept.position_progress;"
                    "SELECT key FROM hirelog_job_g0_kept.outcome;"
                    "DROP SCHEMA hirelog_job_g0_kept CASCADE;"
                    "DELETE FROM hirelog_job_g1.lane_caught_up");
}

static void items_are_found_together(void **state)
{
    (void)state;
    const unsigned ids[] = {10, 999, 10};
    struct query_arg arg = ids_arg(ids, ARRAY_SIZE(ids));
    assert_int_equal(view_run("job", "job", &arg, 1).n, 1);
}

static void a_read_says_how_far_its_lanes_were_also_when_it_finds_nothing(void **state)
{
    (void)state;
    view_script(view_pg("job"),
                "UPDATE lane SET next_event = partition * 10;"
                "INSERT INTO lane_caught_up SELECT partition, epoch FROM lane WHERE partition <> 1;"
                "INSERT INTO lane_caught_up VALUES (1, -1)"); /* the former owner's */
    struct query_result r = view_item("job", "job", 999);
    assert_int_equal(r.n, 0);
    assert_string_equal(r.position, "job/0:0,job/1:10,job/2:20");
    assert_false(r.caught_up);
    view_script(view_pg("job"), "UPDATE lane_caught_up SET epoch = 0 WHERE partition = 1");
    r = view_item("job", "job", 10);
    assert_int_equal(r.n, 1);
    assert_string_equal(r.position, "job/0:0,job/1:10,job/2:20");
    assert_true(r.caught_up);
    view_script(view_pg("job"), "BEGIN; DELETE FROM lane");
    r = view_item("job", "job", 10);
    view_script(view_pg("job"), "ROLLBACK");
    assert_string_equal(r.position, "");
    assert_false(r.caught_up);
}

/* The frame around an empty query, for own lanes (bit 0) and the projected source (bit 1). */
static const char *frame_answer(uint32_t on, const char *source)
{
    const struct sql_switches s = {
        .names = {"own", "projected", "item", "ranked"},
          .n = 4
    };
    const char *sql =
        sql_switches_apply(sql_file_find("common", "", "frame")->text, &s, on, &view.arena);
    const char *place = strstr(sql, "--! query");
    struct sql_params p;
    OK(sql_params_parse(
        arena_printf(&view.arena,
                     "%.*sSELECT 1 AS id, 1 AS created_at, 1 AS version, 1 AS body WHERE false%s",
                     (int)(place - sql), sql, place + strlen("--! query")),
        &view.arena, &p, &view.err));
    struct pg_stmt *stmt = ARENA_NEW(&view.arena, struct pg_stmt);
    *stmt = (struct pg_stmt){.name = arena_printf(&view.arena, "frame %p", (void *)stmt),
                             .sql = p.text,
                             .text_results = true};
    struct pg_param params[2],
        one[2] = {pg_p_text(&view.arena, "job"), pg_p_text(&view.arena, source)};
    for (size_t i = 0; i < p.n; i++)
        params[i] = strcmp(p.names[i], "service") == 0
                        ? one[0]
                        : pg_p_array(&view.arena, PG_TEXT_ARRAY, one + 1, 1);
    const PGresult *r;
    OK(pg_exec(view_pg("job"), stmt, params, p.n, &r, &view.err));
    return arena_printf(&view.arena, "%s %s", PQgetvalue(r, 0, 0), PQgetvalue(r, 0, 1));
}

static void projected_sources_are_as_far_as_the_projectors(void **state)
{
    (void)state;
    view_script(
        view_pg("job"),
        "BEGIN; DELETE FROM lane WHERE partition > 0; UPDATE lane SET next_event = 7;"
        "INSERT INTO lane_caught_up SELECT partition, epoch FROM lane ON CONFLICT DO NOTHING");
    assert_string_equal(frame_answer(1, "user"), "job/0:7 t");
    assert_string_equal(frame_answer(2, "user"), " f");
    assert_string_equal(frame_answer(3, "user"), "job/0:7 f"); /* nothing was projected yet */
    view_script(view_pg("job"),
                "INSERT INTO position VALUES ('user', 1, 5), ('user', 0, 4), "
                "('other', 0, 9), ('job', 0, 6);"
                "INSERT INTO position_caught_up SELECT source, partition FROM position");
    assert_string_equal(frame_answer(3, "user"), "job/0:7,user/0:4,user/1:5 t");
    assert_string_equal(frame_answer(3, "job"), "job/0:6 t"); /* the one behind */
    view_script(view_pg("job"), "DELETE FROM position_caught_up WHERE partition = 1");
    assert_string_equal(frame_answer(2, "user"), "user/0:4,user/1:5 f");
    view_script(view_pg("job"), "ROLLBACK");
}

/* ---- pages */

#define LISTED       47
#define LISTED_AT(i) ((i) / 3) /* several at the same time */

/* Jobs of one client, applications for one job, contracts of one person on either side: what every
 * list query can be asked. */
static void find_and_shift(struct pg *pg, struct uuid id)
{
    struct pg_param element = pg_p_uuid(&view.arena, &id);
    struct pg_param ids = pg_p_array(&view.arena, PG_UUID_ARRAY, &element, 1);
    struct pg_param find[] = {pg_p_int4(&view.arena, 1), ids};
    struct pg_param shift[] = {pg_p_int8(&view.arena, 1), pg_p_int4(&view.arena, 1), ids};
    const PGresult *r;
    OK(pg_exec(pg, lane_sql(SQL_STATE_FIND), find, ARRAY_SIZE(find), &r, &view.err));
    assert_int_equal(PQntuples(r), 1);
    OK(pg_exec(pg, lane_sql(SQL_STATE_SHIFT), shift, ARRAY_SIZE(shift), NULL, &view.err));
}

/* A lane's plans are made once, and until 10,000 rows no ANALYZE makes them anew. Those of = ANY, made when a few
 * hundred aggregates were there, read every state of the fold version. */
static void a_state_is_found_by_its_key_however_few_there_were(void **state)
{
    (void)state;
    static const struct pg_stmt read = {
        .name = "rows_read",
        .text_results = true,
        .sql = "SELECT pg_stat_get_xact_tuples_returned('state'::regclass) + "
               "pg_stat_get_xact_tuples_returned('state_pkey'::regclass)"};
    owned(pg_free) struct pg *pg = view_connect("hirelog_payment_g1");
    view_script(pg, "INSERT INTO state SELECT 1, lpad(to_hex(n), 32, '0')::uuid, 0, 1, 1, '', 1 "
                    "FROM generate_series(1, 100) n");
    find_and_shift(pg, id_of(7));
    view_script(pg, "INSERT INTO state SELECT 1, lpad(to_hex(n), 32, '0')::uuid, 0, 1, 1, '', 1 "
                    "FROM generate_series(101, 5000) n");
    view_script(pg, "BEGIN");
    long before = strtol(view_text(pg, &read), NULL, 10);
    find_and_shift(pg, id_of(8));
    assert_in_range(strtol(view_text(pg, &read), NULL, 10) - before, 2, 10);
    view_script(pg, "COMMIT; DELETE FROM state");
}

static void fill_lists(void)
{
    for (unsigned i = 0; i < LISTED; i++) {
        const struct record events[] = {
            EVENT(job_posted, META(1000 + i, 1, LISTED_AT(i)), .client_id = id_of(90), .title = "T",
                  .description = "D", .budget = {1, "EUR"}),
            EVENT(application_submitted, META(2000 + i, 1, LISTED_AT(i)), .job_id = id_of(91),
                  .freelancer_id = id_of(i), .cover_letter = "", .bid = {1, "EUR"}),
            EVENT(freelancer_hired, META(3000 + i, 1, LISTED_AT(i)),
                  .client_id = id_of(i % 2 ? 92 : 93), .freelancer_id = id_of(i % 2 ? 93 : 92),
                  .amount = {1, "EUR"}),
        };
        view_apply("job", APPLY_OWN, 0, events, ARRAY_SIZE(events));
    }
}

static void lists_have_the_same_pages_forward_and_backward(void **state)
{
    (void)state;
    fill_lists();
    const struct query_arg status = {"status", pg_p_text(&view.arena, "open")};
    const struct query_arg by_client[] = {uuid_arg("client_id", id_of(90)), status};
    expect_pages("job", "jobs", 1000, LISTED, by_client, 1);
    expect_pages("job", "jobs", 1000, LISTED, by_client, 2);
    expect_pages("job", "jobs", 1000, LISTED, &status, 1); /* the hire's job is filled */
    const struct query_arg job = uuid_arg("job_id", id_of(91)),
                           party = uuid_arg("party_id", id_of(92));
    expect_pages("job", "applications_of_job", 2000, LISTED, &job, 1);
    expect_pages("job", "contracts", 3000, LISTED, &party, 1);
}

static void filters_leave_out_what_they_say(void **state)
{
    (void)state;
    const struct query_arg closed[] = {
        {"status", pg_p_text(&view.arena, "closed")},
        uuid_arg("client_id", id_of(90))
    };
    const struct query_arg filled = {"status", pg_p_text(&view.arena, "filled")},
                           nobody = uuid_arg("party_id", id_of(4000));
    assert_int_equal(page_of("job", "jobs", closed, 2, NULL, false).n, 0);
    assert_int_equal(page_of("job", "jobs", &filled, 1, NULL, false).n, 1);
    assert_int_equal(page_of("job", "jobs", NULL, 0, NULL, false).n, PAGE + 1);
    assert_int_equal(page_of("job", "contracts", &nobody, 1, NULL, false).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(migrating_again_changes_nothing_and_is_fast),
        cmocka_unit_test(the_number_of_partitions_is_frozen),
        cmocka_unit_test(a_lost_view_is_made_anew_and_the_vault_stays),
        cmocka_unit_test(a_service_reads_and_writes_its_own_schemas_only),
        cmocka_unit_test(a_role_gets_its_password_from_the_file),
        cmocka_unit_test(every_other_statement_can_be_prepared),
        cmocka_unit_test(rows_of_own_events_do_not_depend_on_batches_or_replays),
        cmocka_unit_test(rows_of_other_events_do_not_depend_on_batches_or_replays),
        cmocka_unit_test(an_account_shows_its_profile),
        cmocka_unit_test(a_login_finds_the_active_credential_whatever_the_case),
        cmocka_unit_test(a_session_ends_with_the_password_and_with_the_account),
        cmocka_unit_test(a_hire_shows_in_job_application_and_contract),
        cmocka_unit_test(a_view_of_an_older_program_learns_who_has_caught_up),
        cmocka_unit_test(items_are_found_together),
        cmocka_unit_test(a_read_says_how_far_its_lanes_were_also_when_it_finds_nothing),
        cmocka_unit_test(projected_sources_are_as_far_as_the_projectors),
        cmocka_unit_test(a_state_is_found_by_its_key_however_few_there_were),
        cmocka_unit_test(lists_have_the_same_pages_forward_and_backward),
        cmocka_unit_test(filters_leave_out_what_they_say),
    };
    return cmocka_run_group_tests(tests, view_begin, view_end);
}

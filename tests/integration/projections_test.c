/* The view on a real PostgreSQL: migrations and grants, every statement, the property of P1,
 * queries and their pages. */
#include "tests/unit/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/timeutil.h"
#include "projections/apply.h"
#include "projections/event_field.h"
#include "projections/migrate.h"
#include "projections/query.h"
#include "projections/service_sql.h"
#include "projections/sql_params.h"
#include "schemas/records.h"
#include "tests/integration/histories.h"

#define PARTITIONS 3
#define ROUNDS     12
#define LIVES      14

static const struct migrate_service services[] = {
    {"user", true },
    {"job",  false},
};
static struct config cfg;
static struct arena arena;
static struct pg *user_pg, *job_pg;
static struct err err; /* of the last call */

#define OK(call)                                \
    do {                                        \
        if ((call) != ERR_OK)                   \
            fail_msg("%s: %s", #call, err.msg); \
    } while (0)

static struct pg *connect_to(const char *search_path)
{
    struct pg *pg = NULL;
    OK(pg_open(&(struct pg_options){.conninfo = cfg.pg_admin,
                                    .application_name = "projections_test",
                                    .search_path = search_path,
                                    .planner_fixed = true},
               &pg, &err));
    return pg;
}

static void script(struct pg *pg, const char *sql)
{
    OK(pg_script(pg, sql, &err));
}

static enum err_code migrate(void)
{
    return migrate_run(&cfg, services, ARRAY_SIZE(services), &err);
}

static int begin(void **state)
{
    (void)state;
    const char *conninfo = getenv("HIRELOG_TEST_PG");
    if (!conninfo) {
        fprintf(stderr, "HIRELOG_TEST_PG: a database of which this test may drop the schemas\n");
        return -1;
    }
    arena_init(&arena);
    snprintf(cfg.pg_admin, sizeof(cfg.pg_admin), "%s", conninfo);
    cfg.partitions = PARTITIONS;
    owned(pg_free) struct pg *pg = connect_to(NULL);
    script(pg,
           "DROP SCHEMA IF EXISTS hirelog_user, hirelog_user_g1, hirelog_user_vault, hirelog_job, "
           "hirelog_job_g1, hirelog_job_vault CASCADE");
    OK(migrate());
    user_pg = connect_to("hirelog_user_g1, hirelog_user, hirelog_user_vault");
    job_pg = connect_to("hirelog_job_g1, hirelog_job");
    for (size_t i = 0; i < ARRAY_SIZE(services); i++)
        OK(queries_open(services[i].name, &err));
    return 0;
}

static int end(void **state)
{
    (void)state;
    pg_free(user_pg);
    pg_free(job_pg);
    arena_release(&arena);
    return 0;
}

static struct pg *pg_of(const char *service)
{
    return strcmp(service, "user") == 0 ? user_pg : job_pg;
}

static const char *one_text(struct pg *pg, const struct pg_stmt *stmt)
{
    const PGresult *r;
    OK(pg_exec(pg, stmt, NULL, 0, &r, &err));
    assert_int_equal(PQntuples(r), 1);
    return arena_strdup(&arena, PQgetisnull(r, 0, 0) ? "" : PQgetvalue(r, 0, 0));
}

/* ---- migrations */

static void migrating_again_changes_nothing_and_is_fast(void **state)
{
    (void)state;
    static const struct pg_stmt rebuild = {
        .name = "rebuild", .sql = "SELECT rebuild_id::text FROM hirelog_user.control"};
    const char *before = one_text(user_pg, &rebuild);
    int64_t begun = time_monotonic_us();
    OK(migrate());
    assert_true(time_monotonic_us() - begun < 1500000); /* about 20 ms when nothing else runs */
    assert_string_equal(one_text(user_pg, &rebuild), before);
}

static void the_number_of_partitions_is_frozen(void **state)
{
    (void)state;
    cfg.partitions = PARTITIONS + 1;
    assert_int_equal(migrate(), ERR_CONFLICT);
    cfg.partitions = PARTITIONS;
    OK(migrate());
}

static void a_lost_view_is_made_anew_and_the_vault_stays(void **state)
{
    (void)state;
    static const struct pg_stmt rebuild = {
        .name = "rebuild_id", .sql = "SELECT rebuild_id::text FROM hirelog_user.control"};
    static const struct pg_stmt kept = {
        .name = "kept", .sql = "SELECT password_hash FROM hirelog_user_vault.credential"};
    owned(pg_free) struct pg *pg = connect_to(NULL);
    const char *before = one_text(pg, &rebuild);
    script(pg, "INSERT INTO hirelog_user_vault.credential VALUES "
               "('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', "
               "'hash', '2026-01-01');"
               "DROP SCHEMA hirelog_user, hirelog_user_g1 CASCADE");
    OK(migrate());
    assert_string_not_equal(one_text(pg, &rebuild), before);
    assert_string_equal(one_text(pg, &kept), "hash");
    script(pg, "DELETE FROM hirelog_user_vault.credential");
}

static void expect_denied(struct pg *pg, const char *sql)
{
    if (pg_script(pg, sql, &err) == ERR_OK)
        fail_msg("allowed: %s", sql);
    assert_string_equal(err.reason, "42501");
}

static void a_service_reads_and_writes_its_own_schemas_only(void **state)
{
    (void)state;
    owned(pg_free) struct pg *pg = connect_to(NULL);
    script(pg, "SET ROLE hirelog_job");
    script(pg, "SELECT FROM hirelog_job_g1.posting; SELECT FROM hirelog_job.claim; DELETE FROM "
               "hirelog_job_g1.posting");
    expect_denied(pg, "SELECT FROM hirelog_user_g1.account");
    expect_denied(pg, "SELECT FROM hirelog_user_vault.credential");
    expect_denied(pg, "SELECT FROM hirelog_user.claim");
    expect_denied(pg, "CREATE TABLE hirelog_job_g1.own ()");
    expect_denied(pg, "DROP TABLE hirelog_job_g1.posting");
    expect_denied(pg, "TRUNCATE hirelog_job_g1.posting");
    script(pg, "SET ROLE hirelog_user");
    script(pg, "SELECT FROM hirelog_user_g1.account; SELECT FROM hirelog_user_vault.session");
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
    snprintf(cfg.pg_role_password_file, sizeof(cfg.pg_role_password_file), "%s", path);
    assert_int_equal(migrate(), ERR_INVALID);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    fputs("it's a 'secret'\n", f);
    fclose(f);
    const char *before = one_text(job_pg, &stored);
    enum err_code code = migrate();
    remove(path);
    assert_int_equal(code, ERR_OK);
    assert_int_equal(strncmp(one_text(job_pg, &stored), "SCRAM-SHA-256", 13), 0);
    assert_string_not_equal(one_text(job_pg, &stored), before);
    assert_int_equal(migrate(), ERR_INVALID); /* the file is gone */
    cfg.pg_role_password_file[0] = '\0';
    script(job_pg, before[0] ? arena_printf(&arena, "ALTER ROLE hirelog_job PASSWORD '%s'", before)
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
        char *text = arena_strndup(&arena, line, strcspn(line, "\n")), *save = NULL;
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
        list = arena_printf(&arena, "%s%s%s", list, i > 1 ? ", " : "", types[i]);
    return list;
}

static void expect_prepares(struct pg *pg, const struct sql_file *f)
{
    struct sql_params p;
    OK(sql_params_parse(f->text, &arena, &p, &err));
    const char *types = declared_types(f->text, &p);
    const char *sql = arena_printf(&arena, "PREPARE tried%s%s%s AS %s", types[0] ? " (" : "", types,
                                   types[0] ? ")" : "", p.text);
    if (pg_script(pg, sql, &err) != ERR_OK)
        fail_msg("projections/%s/%s/%s.sql: %s", f->service, f->kind, f->name, err.msg);
    script(pg, "DEALLOCATE tried");
}

static bool is_framed(const struct sql_file *f)
{
    return strcmp(f->kind, "queries") == 0 &&
           (strstr(f->text, "\n-- item\n") || strstr(f->text, "\n-- list\n"));
}

/* Events and framed queries are run by the tests below; scripts were run by migrate. */
static void every_other_statement_can_be_prepared(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; i < n_sql_files; i++) {
        const struct sql_file *f = &sql_files[i];
        bool of_lanes = strcmp(f->service, "common") == 0 && strcmp(f->kind, "queries") == 0;
        bool of_service =
            strcmp(f->service, "common") != 0 && f->kind[0] && strcmp(f->kind, "events") != 0;
        if ((!of_lanes && !of_service) || is_framed(f))
            continue;
        expect_prepares(pg_of(of_lanes ? "user" : f->service), f);
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
        .sql = "SELECT string_agg(relname || query_to_xml(format('SELECT * FROM %I ORDER BY 1', "
               "relname), true, false, '')::text, '' "
               "ORDER BY relname) FROM pg_class WHERE relnamespace = "
               "current_schema()::regnamespace AND relkind = 'r' "
               "AND relname NOT IN ('lane', 'outcome', 'state', 'position')"};
    return one_text(pg, &stmt);
}

struct run {
    struct pg *pg;
    struct apply *apply;
    struct history h;
    struct random *r;
};

static void apply_part(struct run *run, size_t from, size_t to)
{
    OK(apply_events(run->apply, run->pg, 0, run->h.events + from, to - from, &arena, &err));
    OK(pg_sync(run->pg, &err));
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
    twice.h.events = ARENA_ARRAY(&arena, struct record, twice.h.n);
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

static void expect_same_rows_every_way(struct run *run)
{
    const char *first = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        script(run->pg, "BEGIN");
        ways[i].apply(run);
        const char *rows = dump(run->pg);
        script(run->pg, "ROLLBACK");
        if (!first)
            first = rows;
        assert_true(strlen(rows) > 500); /* there are rows */
        if (strcmp(rows, first) != 0)
            fail_msg("%s differs from %s:\n%s\n---\n%s", ways[i].name, ways[0].name, rows, first);
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

static void rows_do_not_depend_on_batches_or_replays(void **state)
{
    (void)state;
    bool *seen = ARENA_ARRAY(&arena, bool, n_record_types);
    for (size_t s = 0; s < ARRAY_SIZE(services); s++) {
        owned(apply_free) struct apply *ap = NULL;
        OK(apply_new(services[s].name, APPLY_OWN, &ap, &err));
        struct pg *pg = connect_to(s == 0 ? "hirelog_user_g1" : "hirelog_job_g1");
        for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
            struct random r = {seed};
            struct run run = {pg, ap, history_random(services[s].name, LIVES, &r, &arena), &r};
            for (size_t i = 0; i < run.h.n; i++)
                seen[run.h.events[i].type->index] = true;
            expect_same_rows_every_way(&run);
        }
        pg_free(pg);
        expect_all_types_seen(services[s].name, seen);
    }
}

/* ---- queries */

static struct uuid id_of(unsigned n)
{
    struct uuid u = {{0}};
    u.b[14] = (uint8_t)(n >> 8);
    u.b[15] = (uint8_t)n;
    return u;
}

#define AT(n) (1767225600000000LL + (n)) /* 2026-01-01 */
#define META(of, ver, at) \
    .meta = {.aggregate_id = id_of(of), .version = (ver), .occurred_at = AT(at)}
#define EVENT(t, ...)                           \
    {                                           \
        .type = &type_##t, .value = &(struct t) \
        {                                       \
            __VA_ARGS__                         \
        }                                       \
    }

static void apply_to(const char *service, const struct record *events, size_t n)
{
    owned(apply_free) struct apply *ap = NULL;
    OK(apply_new(service, APPLY_OWN, &ap, &err));
    struct pg *pg = connect_to(strcmp(service, "user") == 0 ? "hirelog_user_g1" : "hirelog_job_g1");
    OK(apply_events(ap, pg, 0, events, n, &arena, &err));
    OK(pg_sync(pg, &err));
    pg_free(pg);
}

static struct query_result
run_query(const char *service, const char *name, const struct query_arg *args, size_t n)
{
    struct query_result ret = {0};
    const struct query *q = query_find(service, name);
    assert_non_null(q);
    OK(query_run(q, pg_of(service), args, n, &arena, &ret, &err));
    for (size_t i = 0; i < ret.n; i++)
        ret.rows[i].body = arena_bytes(&arena, ret.rows[i].body.data, ret.rows[i].body.len);
    return ret;
}

static struct query_arg uuid_arg(const char *name, struct uuid id)
{
    return (struct query_arg){name, pg_p_uuid(&arena, &id)};
}

static struct query_arg ids_arg(const unsigned *ids, size_t n)
{
    struct pg_param *elements = ARENA_ARRAY(&arena, struct pg_param, n);
    for (size_t i = 0; i < n; i++)
        elements[i] = uuid_arg("", id_of(ids[i])).value;
    return (struct query_arg){"ids", pg_p_array(&arena, PG_UUID_ARRAY, elements, n)};
}

static struct query_result item(const char *service, const char *name, unsigned id)
{
    struct query_arg arg = ids_arg(&id, 1);
    return run_query(service, name, &arg, 1);
}

/* PostgreSQL writes `"a" : 1, "b" : 2`; the blanks around are no matter. */
static void
expect_item(const char *service, const char *name, unsigned id, int64_t version, const char *json)
{
    struct query_result r = item(service, name, id);
    struct uuid want = id_of(id);
    assert_int_equal(r.n, 1);
    assert_true(uuid_equal(&r.rows[0].id, &want));
    assert_int_equal(r.rows[0].version, version);
    assert_string_equal(
        arena_strndup(&arena, (const char *)r.rows[0].body.data, r.rows[0].body.len), json);
}

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
    apply_to("user", events, ARRAY_SIZE(events));
    expect_item(
        "user", "account_profile", 1, 3,
        "{\"id\" : \"00000000-0000-0000-0000-000000000001\", \"email\" : \"Ana@Example.org\", "
        "\"display_name\" : \"Ana \\\"A\\\"\", \"headline\" : \"\", \"bio\" : \"line\\nline\", "
        "\"location\" : \"\", "
        "\"roles\" : [\"client\",\"freelancer\"], \"status\" : \"active\", \"version\" : 3, "
        "\"created_at\" : \"2026-01-01T00:00:00.000001Z\", \"updated_at\" : "
        "\"2026-01-01T00:00:00.000003Z\"}");
    struct record over = EVENT(user_deactivated, META(1, 5, 5));
    apply_to("user", &over, 1);
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
    OK(query_run_raw(query_find("user", name), user_pg, &arg, 1, &arena, &r, &err));
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
    apply_to("user", events, ARRAY_SIZE(events));
    script(user_pg, "UPDATE lane SET caught_up = true;"
                    "INSERT INTO credential VALUES ('00000000-0000-0000-0000-00000000003c', "
                    "'00000000-0000-0000-0000-000000000002', 'old', '2026-01-01'),"
                    "('00000000-0000-0000-0000-00000000003d', "
                    "'00000000-0000-0000-0000-000000000002', 'new', '2026-01-01')");
    const PGresult *r =
        raw("login", (struct query_arg){"email", pg_p_text(&arena, "bEN@example.ORG")});
    struct uuid ben = id_of(2), found = pg_get_uuid(r, 0, 1);
    assert_true(pg_get_bool(r, 0, 0));
    assert_true(uuid_equal(&found, &ben));
    assert_true(pg_get_bool(r, 0, 2));
    assert_string_equal(pg_get_text(r, 0, 3), "{client}");
    assert_int_equal(pg_get_int8(r, 0, 4), 2);
    assert_string_equal(pg_get_text(r, 0, 6), "new");
    r = raw("login", (struct query_arg){"email", pg_p_text(&arena, "nobody@example.org")});
    assert_true(pg_get_bool(r, 0, 0));
    assert_true(pg_is_null(r, 0, 1));
}

static bool session_valid(const char *token)
{
    struct bytes hash = {(const uint8_t *)token, strlen(token)};
    return pg_get_bool(
        raw("session_user", (struct query_arg){"token_hash", pg_p_bytea(&arena, hash)}), 0, 2);
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
    apply_to("user", events, 2);
    script(user_pg, "INSERT INTO session VALUES ('one', '00000000-0000-0000-0000-000000000003', 1, "
                    "'2026-01-01', '2026-01-01', '2026-01-02', false),"
                    "('out', '00000000-0000-0000-0000-000000000003', 1, '2026-01-01', "
                    "'2026-01-01', '2026-01-02', true),"
                    "('two', '00000000-0000-0000-0000-000000000003', 3, '2026-01-01', "
                    "'2026-01-01', '2026-01-02', false)");
    assert_true(session_valid("one"));
    assert_false(session_valid("out"));
    assert_false(session_valid("none"));
    apply_to("user", events + 2, 1);
    assert_false(session_valid("one"));
    assert_true(session_valid("two"));
    apply_to("user", events + 3, 1);
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
    apply_to("job", events, ARRAY_SIZE(events));
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

static void items_are_found_together(void **state)
{
    (void)state;
    const unsigned ids[] = {10, 999, 10};
    struct query_arg arg = ids_arg(ids, ARRAY_SIZE(ids));
    assert_int_equal(run_query("job", "job", &arg, 1).n, 1);
}

static void a_read_says_how_far_its_lanes_were_also_when_it_finds_nothing(void **state)
{
    (void)state;
    script(job_pg, "UPDATE lane SET caught_up = partition <> 1, next_event = partition * 10");
    struct query_result r = item("job", "job", 999);
    assert_int_equal(r.n, 0);
    assert_string_equal(r.position, "job/0:0,job/1:10,job/2:20");
    assert_false(r.caught_up);
    script(job_pg, "UPDATE lane SET caught_up = true");
    r = item("job", "job", 10);
    assert_int_equal(r.n, 1);
    assert_string_equal(r.position, "job/0:0,job/1:10,job/2:20");
    assert_true(r.caught_up);
    script(job_pg, "BEGIN; DELETE FROM lane");
    r = item("job", "job", 10);
    script(job_pg, "ROLLBACK");
    assert_string_equal(r.position, "");
    assert_false(r.caught_up);
}

/* The frame around an empty query, for own lanes (bit 0) and projected sources (bit 1), with these
 * sources. */
static const char *frame_answer(uint32_t on, const char *sources)
{
    const struct sql_switches s = {
        .names = {"own", "projected"},
          .n = 2
    };
    const char *sql =
        sql_switches_apply(sql_file_find("common", "", "frame")->text, &s, on, &arena);
    const char *place = strstr(sql, "--! query");
    struct sql_params p;
    OK(sql_params_parse(
        arena_printf(&arena,
                     "%.*sSELECT 1 AS id, 1 AS created_at, 1 AS version, 1 AS body WHERE false%s",
                     (int)(place - sql), sql, place + strlen("--! query")),
        &arena, &p, &err));
    struct pg_stmt *stmt = ARENA_NEW(&arena, struct pg_stmt);
    *stmt = (struct pg_stmt){.name = arena_printf(&arena, "frame %p", (void *)stmt),
                             .sql = p.text,
                             .text_results = true};
    struct pg_param params[2], one[2] = {pg_p_text(&arena, "job"), pg_p_text(&arena, sources)};
    for (size_t i = 0; i < p.n; i++)
        params[i] =
            strcmp(p.names[i], "service") == 0 ? one[0] : pg_p_array(&arena, PG_TEXT_ARRAY, one, 2);
    const PGresult *r;
    OK(pg_exec(job_pg, stmt, params, p.n, &r, &err));
    return arena_printf(&arena, "%s %s", PQgetvalue(r, 0, 0), PQgetvalue(r, 0, 1));
}

static void projected_sources_are_as_far_as_the_projectors(void **state)
{
    (void)state;
    script(job_pg, "BEGIN; DELETE FROM lane WHERE partition > 0; UPDATE lane SET caught_up = true, "
                   "next_event = 7");
    assert_string_equal(frame_answer(1, "user"), "job/0:7 t");
    assert_string_equal(frame_answer(2, "user"), " f");
    assert_string_equal(frame_answer(3, "user"), "job/0:7 f"); /* nothing was projected yet */
    script(job_pg, "INSERT INTO position VALUES ('user', 1, 5), ('user', 0, 4), ('other', 0, 9)");
    assert_string_equal(frame_answer(3, "user"), "job/0:7,user/0:4,user/1:5 t");
    script(job_pg, "ROLLBACK");
}

/* ---- pages */

#define LISTED       47
#define PAGE         10
#define LISTED_AT(i) ((i) / 3) /* several at the same time */

/* Jobs of one client, applications for one job, contracts of one person on either side: what every
 * list query can be asked. */
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
        apply_to("job", events, ARRAY_SIZE(events));
    }
}

struct page {
    struct query_row rows[PAGE + 1];
    size_t n;
};

static struct page page_of(const char *name,
                           const struct query_arg *filters,
                           size_t n_filters,
                           const struct query_row *from,
                           bool backward)
{
    struct query_arg args[8];
    size_t n = 0;
    for (; n < n_filters; n++)
        args[n] = filters[n];
    args[n++] = (struct query_arg){"page_limit", pg_p_int8(&arena, PAGE + 1)};
    args[n++] = (struct query_arg){"backward", pg_p_bool(&arena, backward)};
    if (from) {
        args[n++] = (struct query_arg){"cursor_time", pg_p_time(&arena, from->created_at)};
        args[n++] = uuid_arg("cursor_id", from->id);
    }
    struct query_result r = run_query("job", name, args, n);
    struct page page = {.n = r.n};
    assert_true(r.n <= PAGE + 1);
    memcpy(page.rows, r.rows, r.n * sizeof(r.rows[0]));
    return page;
}

/* The number within `base` + 0..LISTED-1 of each row must go down (forward) or up by one. */
static void expect_rows(const struct page *page, size_t shown, unsigned base, int *number, int step)
{
    for (size_t i = 0; i < shown; i++, *number += step) {
        struct uuid want = id_of(base + (unsigned)*number);
        assert_true(uuid_equal(&page->rows[i].id, &want));
    }
}

static void expect_pages(const char *name, unsigned base, const struct query_arg *filters, size_t n)
{
    int number = LISTED - 1;
    struct page page = page_of(name, filters, n, NULL, false);
    while (page.n > PAGE) {
        expect_rows(&page, PAGE, base, &number, -1);
        page = page_of(name, filters, n, &page.rows[PAGE - 1], false);
    }
    expect_rows(&page, page.n, base, &number, -1);
    assert_int_equal(number, -1);
    number = 0;
    page = page_of(name, filters, n, NULL, true);
    while (page.n > PAGE) {
        expect_rows(&page, PAGE, base, &number, 1);
        page = page_of(name, filters, n, &page.rows[PAGE - 1], true);
    }
    expect_rows(&page, page.n, base, &number, 1);
    assert_int_equal(number, LISTED);
}

static void lists_have_the_same_pages_forward_and_backward(void **state)
{
    (void)state;
    fill_lists();
    const struct query_arg status = {"status", pg_p_text(&arena, "open")};
    const struct query_arg by_client[] = {uuid_arg("client_id", id_of(90)), status};
    expect_pages("jobs", 1000, by_client, 1);
    expect_pages("jobs", 1000, by_client, 2);
    expect_pages("jobs", 1000, &status, 1); /* the hire's job is filled */
    const struct query_arg job = uuid_arg("job_id", id_of(91)),
                           party = uuid_arg("party_id", id_of(92));
    expect_pages("applications_of_job", 2000, &job, 1);
    expect_pages("contracts", 3000, &party, 1);
}

static void filters_leave_out_what_they_say(void **state)
{
    (void)state;
    const struct query_arg closed[] = {
        {"status", pg_p_text(&arena, "closed")},
        uuid_arg("client_id", id_of(90))
    };
    const struct query_arg filled = {"status", pg_p_text(&arena, "filled")},
                           nobody = uuid_arg("party_id", id_of(4000));
    assert_int_equal(page_of("jobs", closed, 2, NULL, false).n, 0);
    assert_int_equal(page_of("jobs", &filled, 1, NULL, false).n, 1);
    assert_int_equal(page_of("jobs", NULL, 0, NULL, false).n, PAGE + 1);
    assert_int_equal(page_of("contracts", &nobody, 1, NULL, false).n, 0);
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
        cmocka_unit_test(rows_do_not_depend_on_batches_or_replays),
        cmocka_unit_test(an_account_shows_its_profile),
        cmocka_unit_test(a_login_finds_the_active_credential_whatever_the_case),
        cmocka_unit_test(a_session_ends_with_the_password_and_with_the_account),
        cmocka_unit_test(a_hire_shows_in_job_application_and_contract),
        cmocka_unit_test(items_are_found_together),
        cmocka_unit_test(a_read_says_how_far_its_lanes_were_also_when_it_finds_nothing),
        cmocka_unit_test(projected_sources_are_as_far_as_the_projectors),
        cmocka_unit_test(lists_have_the_same_pages_forward_and_backward),
        cmocka_unit_test(filters_leave_out_what_they_say),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

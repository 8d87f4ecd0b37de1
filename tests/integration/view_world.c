#include "tests/integration/view_world.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/strbuf.h"
#include "ops/runtime/timeutil.h"
#include "projections/migrate.h"
#include "tests/unit/spec.h"

#define SERVICES        6
#define PROJECTIONS_MAX 16

struct view view;
static const struct migrate_service services[SERVICES] = {
    {"user",       true,  NULL},
    {"job",        false, NULL},
    {"client",     false, NULL},
    {"freelancer", false, NULL},
    {"messaging",  false, NULL},
    {"payment",    false, NULL},
};
const char *const view_services[SERVICES + 1] = {"user",       "job",       "client",
                                                 "freelancer", "messaging", "payment"};
static struct pg *pgs[SERVICES];
static struct projection {
    const char *service, *name;
    struct apply *apply;
} projections[PROJECTIONS_MAX]; /* those that were asked for */

struct pg *view_connect(const char *search_path)
{
    struct pg *pg = NULL;
    OK(pg_open(&(struct pg_options){.conninfo = view.cfg.pg_admin,
                                    .application_name = "view_world",
                                    .search_path = search_path,
                                    .planner_fixed = true},
               &pg, &view.err));
    return pg;
}

void view_script(struct pg *pg, const char *sql)
{
    OK(pg_script(pg, sql, &view.err));
}

const char *view_text(struct pg *pg, const struct pg_stmt *stmt)
{
    const PGresult *r;
    OK(pg_exec(pg, stmt, NULL, 0, &r, &view.err));
    assert_int_equal(PQntuples(r), 1);
    return arena_strdup(&view.arena, PQgetisnull(r, 0, 0) ? "" : PQgetvalue(r, 0, 0));
}

enum err_code view_migrate(void)
{
    return migrate_run(&view.cfg, services, SERVICES, &view.err);
}

static void service_open(size_t i)
{
    const char *name = services[i].name;
    pgs[i] = view_connect(
        arena_printf(&view.arena, "hirelog_%s_g1, hirelog_%s, hirelog_%s_vault", name, name, name));
    OK(queries_open(name, &view.err));
}

int view_begin(void **state)
{
    (void)state;
    const char *conninfo = getenv("HIRELOG_TEST_PG");
    if (!conninfo) {
        fprintf(stderr, "HIRELOG_TEST_PG: a database of which this test may drop the schemas\n");
        return -1;
    }
    arena_init(&view.arena);
    snprintf(view.cfg.pg_admin, sizeof(view.cfg.pg_admin), "%s", conninfo);
    view.cfg.partitions = VIEW_PARTITIONS;
    owned(pg_free) struct pg *pg = view_connect(NULL);
    view_script(pg, "DROP SCHEMA IF EXISTS hirelog_user_vault CASCADE");
    for (size_t i = 0; i < SERVICES; i++)
        OK(migrate_drop(&view.cfg, &services[i], &view.err));
    OK(view_migrate());
    for (size_t i = 0; i < SERVICES; i++)
        service_open(i);
    return 0;
}

int view_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < SERVICES; i++)
        pg_free(pgs[i]);
    for (size_t i = 0; i < PROJECTIONS_MAX; i++)
        apply_free(projections[i].apply);
    arena_release(&view.arena);
    return 0;
}

struct pg *view_pg(const char *service)
{
    size_t i = 0;
    while (i < SERVICES && strcmp(services[i].name, service) != 0)
        i++;
    assert_true(i < SERVICES);
    return pgs[i];
}

/* ---- events */

struct uuid id_of(unsigned n)
{
    struct uuid u = {{0}};
    u.b[14] = (uint8_t)(n >> 8);
    u.b[15] = (uint8_t)n;
    return u;
}

static struct apply *projection_of(const char *service, const char *name)
{
    size_t i = 0;
    while (i < PROJECTIONS_MAX && projections[i].apply &&
           (strcmp(projections[i].service, service) != 0 || strcmp(projections[i].name, name) != 0))
        i++;
    assert_true(i < PROJECTIONS_MAX);
    projections[i].service = service;
    projections[i].name = name;
    if (!projections[i].apply)
        OK(apply_new(service, name, &projections[i].apply, &view.err));
    return projections[i].apply;
}

void view_apply(const char *service,
                const char *projection,
                int32_t partition,
                const struct record *events,
                size_t n)
{
    struct pg *pg = view_pg(service);
    OK(apply_events(projection_of(service, projection), pg, partition, events, n, &view.arena,
                    &view.err));
    OK(pg_sync(pg, &view.err));
}

/* ---- queries */

struct query_arg uuid_arg(const char *name, struct uuid id)
{
    return (struct query_arg){name, pg_p_uuid(&view.arena, &id)};
}

struct query_arg text_arg(const char *name, const char *text)
{
    return (struct query_arg){name, pg_p_text(&view.arena, text)};
}

struct query_arg texts_arg(const char *name, const char *one, const char *other)
{
    struct pg_param elements[2] = {pg_p_text(&view.arena, one)};
    if (other)
        elements[1] = pg_p_text(&view.arena, other);
    return (struct query_arg){name,
                              pg_p_array(&view.arena, PG_TEXT_ARRAY, elements, other ? 2 : 1)};
}

struct query_arg int_arg(const char *name, int64_t value)
{
    return (struct query_arg){name, pg_p_int8(&view.arena, value)};
}

struct query_arg ids_arg(const unsigned *ids, size_t n)
{
    struct pg_param *elements = ARENA_ARRAY(&view.arena, struct pg_param, n);
    for (size_t i = 0; i < n; i++)
        elements[i] = uuid_arg("", id_of(ids[i])).value;
    return (struct query_arg){"ids", pg_p_array(&view.arena, PG_UUID_ARRAY, elements, n)};
}

struct query_result
view_run(const char *service, const char *name, const struct query_arg *args, size_t n)
{
    struct query_result ret = {0};
    const struct query *q = query_find(service, name);
    assert_non_null(q);
    OK(query_run(q, view_pg(service), args, n, &view.arena, &ret, &view.err));
    for (size_t i = 0; i < ret.n; i++)
        ret.rows[i].body = arena_bytes(&view.arena, ret.rows[i].body.data, ret.rows[i].body.len);
    return ret;
}

struct query_result view_item(const char *service, const char *name, unsigned id)
{
    struct query_arg arg = ids_arg(&id, 1);
    return view_run(service, name, &arg, 1);
}

static void add_short_form(struct strbuf *out, char kind, long n)
{
    char text[UUID_TEXT_LEN + 1];
    struct uuid id = id_of((unsigned)n);
    if (kind == '#')
        uuid_format(&id, text);
    else
        time_format(AT(n), text);
    strbuf_addf(out, "\"%s\"", text);
}

static const char *written_out(const char *json)
{
    owned_value(strbuf_release) struct strbuf out = {0};
    for (const char *s = json; *s;) {
        if ((*s == '#' || *s == '@') && isdigit((unsigned char)s[1])) {
            char *end;
            add_short_form(&out, *s, strtol(s + 1, &end, 10));
            s = end;
        } else {
            strbuf_addc(&out, *s == '\'' ? '"' : *s);
            s++;
        }
    }
    return arena_strdup(&view.arena, strbuf_cstr(&out));
}

void expect_body(const struct query_row *row, const char *json)
{
    const char *wanted = written_out(json),
               *body = arena_strndup(&view.arena, (const char *)row->body.data, row->body.len);
    json_t *want = json_loads(wanted, 0, NULL), *got = json_loads(body, 0, NULL);
    bool equal = want && got && json_equal(want, got);
    json_decref(want);
    json_decref(got);
    if (!equal)
        fail_msg("%s\n is not\n%s", body, wanted);
}

void expect_item(
    const char *service, const char *name, unsigned id, int64_t version, const char *json)
{
    struct query_result r = view_item(service, name, id);
    struct uuid want = id_of(id);
    assert_int_equal(r.n, 1);
    assert_true(uuid_equal(&r.rows[0].id, &want));
    assert_int_equal(r.rows[0].version, version);
    expect_body(&r.rows[0], json);
}

/* ---- pages */

struct page page_of(const char *service,
                    const char *name,
                    const struct query_arg *filters,
                    size_t n_filters,
                    const struct query_row *from,
                    bool backward)
{
    struct query_arg args[16];
    size_t n = 0;
    for (; n < n_filters; n++)
        args[n] = filters[n];
    args[n++] = int_arg("page_limit", PAGE + 1);
    args[n++] = (struct query_arg){"backward", pg_p_bool(&view.arena, backward)};
    if (from) {
        args[n++] = (struct query_arg){"cursor_time", pg_p_time(&view.arena, from->created_at)};
        args[n++] = uuid_arg("cursor_id", from->id);
    }
    if (from && query_ranked(query_find(service, name)))
        args[n++] = int_arg("cursor_rank", from->rank);
    struct query_result r = view_run(service, name, args, n);
    struct page page = {.n = r.n};
    assert_true(r.n <= PAGE + 1);
    memcpy(page.rows, r.rows, r.n * sizeof(r.rows[0]));
    return page;
}

/* The number within `base` + 0, 1, ... of each row must go down (forward) or up by one. */
static void expect_rows(const struct page *page, size_t shown, unsigned base, int *number, int step)
{
    for (size_t i = 0; i < shown; i++, *number += step) {
        struct uuid want = id_of(base + (unsigned)*number);
        assert_memory_equal(&page->rows[i].id, &want, sizeof(want));
    }
}

static int walk_pages(const char *service,
                      const char *name,
                      unsigned base,
                      int number,
                      const struct query_arg *filters,
                      size_t n,
                      bool backward)
{
    int step = backward ? 1 : -1;
    struct page page = page_of(service, name, filters, n, NULL, backward);
    while (page.n > PAGE) {
        expect_rows(&page, PAGE, base, &number, step);
        page = page_of(service, name, filters, n, &page.rows[PAGE - 1], backward);
    }
    expect_rows(&page, page.n, base, &number, step);
    return number;
}

void expect_pages(const char *service,
                  const char *name,
                  unsigned base,
                  unsigned listed,
                  const struct query_arg *filters,
                  size_t n)
{
    assert_int_equal(walk_pages(service, name, base, (int)listed - 1, filters, n, false), -1);
    assert_int_equal(walk_pages(service, name, base, 0, filters, n, true), listed);
}

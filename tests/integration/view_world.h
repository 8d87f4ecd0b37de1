/*
 * view_world.h - what tests of the view talk to: migrated schemas of all services, a connection each
 * that plans like the api's, events by hand, queries and their pages.
 */
#ifndef TESTS_INTEGRATION_VIEW_WORLD_H
#define TESTS_INTEGRATION_VIEW_WORLD_H

#include "ops/runtime/config.h"
#include "projections/apply.h"
#include "projections/query.h"

#define VIEW_PARTITIONS 3

struct view {
    struct config cfg;
    struct arena arena;
    struct err err; /* of the last call */
};
extern struct view view;
extern const char *const view_services[]; /* NULL at the end */

#define OK(call)                                     \
    do {                                             \
        if ((call) != ERR_OK)                        \
            fail_msg("%s: %s", #call, view.err.msg); \
    } while (0)

/* Group fixtures of cmocka. The database is the one of HIRELOG_TEST_PG. */
int view_begin(void **state);
int view_end(void **state);
enum err_code view_migrate(void);

struct pg *view_pg(const char *service);
struct pg *view_connect(const char *search_path);
void view_script(struct pg *pg, const char *sql);
const char *view_text(struct pg *pg, const struct pg_stmt *stmt); /* the one value it finds */

/* Id and time n of the events that are made by hand. */
struct uuid id_of(unsigned n);
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

/* As the lane (`events`) or a projector (`from_<source>`) does, from that partition of the log. The
 * two names are constants. */
void view_apply(const char *service,
                const char *projection,
                int32_t partition,
                const struct record *events,
                size_t n);

struct query_arg uuid_arg(const char *name, struct uuid id);
struct query_arg text_arg(const char *name, const char *text);
struct query_arg
texts_arg(const char *name, const char *one, const char *other); /* other or NULL */
struct query_arg int_arg(const char *name, int64_t value);
struct query_arg ids_arg(const unsigned *ids, size_t n);

struct query_result
view_run(const char *service, const char *name, const struct query_arg *args, size_t n);
struct query_result view_item(const char *service, const char *name, unsigned id);
/* The JSON may be written with ' for ", with #7 for id_of(7) and @7 for the time AT(7). */
void expect_body(const struct query_row *row, const char *json);
void expect_item(
    const char *service, const char *name, unsigned id, int64_t version, const char *json);

#define PAGE 10
struct page {
    struct query_row rows[PAGE + 1]; /* the last one is beyond the page */
    size_t n;
};
struct page page_of(const char *service,
                    const char *name,
                    const struct query_arg *filters,
                    size_t n_filters,
                    const struct query_row *from,
                    bool backward);
/* Pages forward and backward show id_of(base) to id_of(base + listed - 1), the highest first. */
void expect_pages(const char *service,
                  const char *name,
                  unsigned base,
                  unsigned listed,
                  const struct query_arg *filters,
                  size_t n);

#endif

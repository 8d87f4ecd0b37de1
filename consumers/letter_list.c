#include "consumers/letter_list.h"

#include <inttypes.h>
#include <string.h>

#include "consumers/letter_name.h"
#include "consumers/letter_sql.h"
#include "consumers/service_pg.h"
#include "ops/runtime/timeutil.h"
#include "projections/apply.h"

/* A person waits, and no lane: the list of a million takes seconds. */
#define STATEMENT_MS 60000

struct listing {
    const struct config *cfg;
    const struct service *service;
    struct pg *pg;
    struct strbuf *out;
    struct arena *arena;
};

struct line {
    const char *kind, *name, *reason, *place, *detail;
    int64_t since, waiting;
    const char *decided_as, *by, *note; /* decided_as "" = not handled */
    int64_t decided_at;
};

enum err_code letter_pg_open(const struct config *cfg,
                             const struct service *service,
                             struct pg **ret,
                             struct err *err)
{
    struct service_control control;
    struct pg_options o = {.application_name = "hirelog deadletters",
                           .statement_timeout_ms = STATEMENT_MS};
    TRY(service_control_read(cfg, service, &control, err));
    return service_pg_open(cfg, service, control.generation, o, ret, err);
}

const char *letter_kind_word(bool command, const char *reason)
{
    if (!command)
        return "unread";
    return strcmp(reason, "internal") == 0 ? "poison" : "refused";
}

/* A field's own tabs and line ends would make others of it. */
static void add_field(struct strbuf *out, const char *text)
{
    for (; *text; text++)
        strbuf_addc(out, (unsigned char)*text < ' ' ? ' ' : *text);
}

static void add_line(const struct listing *l, const struct line *x)
{
    char since[TIME_TEXT_LEN + 1], decided[TIME_TEXT_LEN + 1];
    const char *fields[] = {x->kind, x->name, since, x->reason};
    time_format(x->since, since);
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        add_field(l->out, fields[i]);
        strbuf_addc(l->out, '\t');
    }
    strbuf_addf(l->out, "%" PRId64 "\t%s\t", x->waiting, x->place);
    if (x->decided_as[0]) {
        time_format(x->decided_at, decided);
        strbuf_addf(l->out, "[%s by %s, %s: ", x->decided_as, x->by, decided);
        add_field(l->out, x->note);
        strbuf_adds(l->out, "] ");
    }
    add_field(l->out, x->detail);
    strbuf_addc(l->out, '\n');
}

static const char *
place_text(const struct listing *l, const char *topic, int64_t partition, int64_t offset)
{
    return arena_printf(l->arena, "%s/%" PRId64 ":%" PRId64, topic, partition, offset);
}

/* A topic of another prefix has no name here: its place stands for it. */
static const char *name_of_place(const struct listing *l,
                                 const char *topic,
                                 int64_t partition,
                                 int64_t offset,
                                 bool *ret_command)
{
    struct letter_name n;
    char text[LETTER_NAME_MAX];
    *ret_command = true;
    if (!letter_name_of_place(l->cfg->topic_prefix, l->service, topic, (int32_t)partition, offset,
                              &n))
        return place_text(l, topic, partition, offset);
    *ret_command = n.kind == LETTER_COMMAND;
    letter_name_format(&n, text);
    return arena_strdup(l->arena, text);
}

static const char *parked_name(const struct listing *l, const char *projection, struct uuid id)
{
    char text[UUID_TEXT_LEN + 1];
    uuid_format(&id, text);
    return arena_printf(l->arena, "%s/%s/%s", l->service->name, projection, text);
}

/* What the row of a list asks for. */
static enum err_code
ask(const struct listing *l, enum letter_sql which, bool all, const PGresult **ret, struct err *err)
{
    struct pg_param max = pg_p_int8(l->arena, LETTERS_LISTED_MAX + 1);
    struct pg_param p[] = {pg_p_bool(l->arena, all), max};
    return which == SQL_LETTER_LIST ? pg_exec(l->pg, letter_sql(which), p, 2, ret, err)
                                    : pg_exec(l->pg, letter_sql(which), &max, 1, ret, err);
}

static int rows_of(const struct listing *l, const PGresult *r, const char *what)
{
    if (PQntuples(r) <= LETTERS_LISTED_MAX)
        return PQntuples(r);
    strbuf_addf(l->out, "# %s: more than %d %s, the oldest follow\n", l->service->name,
                LETTERS_LISTED_MAX, what);
    return LETTERS_LISTED_MAX;
}

static enum err_code list_letters(const struct listing *l, bool all, struct err *err)
{
    const PGresult *r;
    TRY(ask(l, SQL_LETTER_LIST, all, &r, err));
    for (int i = 0, n = rows_of(l, r, "dead letters"); i < n; i++) {
        bool command;
        const char *topic = pg_get_text(r, i, 0), *reason = pg_get_text(r, i, 3);
        int64_t partition = pg_get_int8(r, i, 1), offset = pg_get_int8(r, i, 2);
        struct line x = {
            .name = name_of_place(l, topic, partition, offset, &command),
            .since = pg_get_time(r, i, 5),
            .reason = reason,
            .place = place_text(l, topic, partition, offset),
            .detail = pg_get_text(r, i, 4),
            .decided_as = pg_get_text(r, i, 7),
            .by = pg_get_text(r, i, 8),
            .note = pg_get_text(r, i, 9),
            .decided_at = pg_is_null(r, i, 10) ? 0 : pg_get_time(r, i, 10),
        };
        x.kind = letter_kind_word(command, reason);
        add_line(l, &x);
    }
    return ERR_OK;
}

static enum err_code list_parked(const struct listing *l, struct err *err)
{
    const PGresult *r;
    TRY(ask(l, SQL_PARKED_LIST, false, &r, err));
    for (int i = 0, n = rows_of(l, r, "parked aggregates"); i < n; i++) {
        char topic[TOPIC_NAME_MAX];
        const char *projection = pg_get_text(r, i, 0), *type = pg_get_text(r, i, 4);
        const char *source = apply_source(projection);
        service_event_topic(l->cfg->topic_prefix, source ? source : l->service->name, topic);
        struct line x = {
            .kind = "parked",
            .name = parked_name(l, projection, pg_get_uuid(r, i, 2)),
            .since = pg_get_time(r, i, 6),
            .reason = type[0] ? type : "unreadable",
            .waiting = pg_get_int8(r, i, 7),
            .place = place_text(l, topic, pg_get_int8(r, i, 1), pg_get_int8(r, i, 3)),
            .detail = pg_get_text(r, i, 5),
            .decided_as = "",
        };
        add_line(l, &x);
    }
    return ERR_OK;
}

static enum err_code list_skipped(const struct listing *l, struct err *err)
{
    const PGresult *r;
    TRY(ask(l, SQL_LETTER_SKIPPED, false, &r, err));
    for (int i = 0, n = rows_of(l, r, "skipped events"); i < n; i++) {
        const char *type = pg_get_text(r, i, 5);
        struct line x = {
            .kind = "skipped",
            .name = parked_name(l, pg_get_text(r, i, 0), pg_get_uuid(r, i, 4)),
            .since = pg_get_time(r, i, 9),
            .reason = type[0] ? type : "unreadable",
            .place =
                place_text(l, pg_get_text(r, i, 1), pg_get_int8(r, i, 2), pg_get_int8(r, i, 3)),
            .detail = pg_get_text(r, i, 6),
            .decided_as = "skipped",
            .by = pg_get_text(r, i, 7),
            .note = pg_get_text(r, i, 8),
            .decided_at = pg_get_time(r, i, 9),
        };
        add_line(l, &x);
    }
    return ERR_OK;
}

enum err_code letter_list(const struct config *cfg,
                          const struct service *service,
                          bool all,
                          struct strbuf *out,
                          struct err *err)
{
    owned_value(arena_release) struct arena a;
    owned(pg_free) struct pg *pg = NULL;
    arena_init(&a);
    TRY(letter_pg_open(cfg, service, &pg, err));
    struct listing l = {.cfg = cfg, .service = service, .pg = pg, .out = out, .arena = &a};
    TRY(list_letters(&l, all, err));
    TRY(list_parked(&l, err));
    return all ? list_skipped(&l, err) : ERR_OK;
}

#include "api/list_params.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api/search_text.h"
#include "ops/runtime/money.h"
#include "schemas/text.h"

struct reading {
    const struct filter *filters;
    const struct url *url;
    struct arena *arena;
    struct list_params *list;
    struct field_errors *errors;
};

static void complain(struct reading *r, const char *name, const char *code, const char *detail)
{
    field_errors_add(r->errors, r->arena, name, code, detail);
}

void list_params_add(struct list_params *l, const char *name, struct pg_param value)
{
    assert(l->n_args < LIST_ARGS_MAX);
    l->args[l->n_args++] = (struct query_arg){name, value};
}

/* ---- one filter: its argument, or what is wrong with the text */

struct mistake {
    const char *code, *detail; /* code NULL = none */
};
typedef struct mistake
take_fn(const struct filter *f, const char *text, struct arena *a, struct pg_param *ret);

static struct mistake
take_uuid(const struct filter *f, const char *text, struct arena *a, struct pg_param *ret)
{
    struct uuid id;
    (void)f;
    if (!uuid_parse(text, &id))
        return (struct mistake){"format", "a UUID"};
    *ret = pg_p_uuid(a, &id);
    return (struct mistake){0};
}

static struct mistake
take_enum(const struct filter *f, const char *text, struct arena *a, struct pg_param *ret)
{
    for (size_t i = 0; i < f->enums->n_symbols; i++)
        if (strcmp(f->enums->symbols[i], text) == 0) {
            *ret = pg_p_text(a, text);
            return (struct mistake){0};
        }
    return (struct mistake){"range", "not a word that is known here"};
}

static struct mistake text_check(const char *text, size_t max, const char *too_long)
{
    size_t n = text_characters(text, strlen(text));
    if (n < 1 || n > max)
        return (struct mistake){"length", too_long};
    if (!text_is_line(text))
        return (struct mistake){"format", "no control characters"};
    return (struct mistake){0};
}

static struct mistake
take_text(const struct filter *f, const char *text, struct arena *a, struct pg_param *ret)
{
    (void)f;
    *ret = pg_p_text(a, search_text_clean(text, a));
    return text_check(text, FILTER_TEXT_MAX, "1 to 200 characters");
}

static struct mistake
take_word(const struct filter *f, const char *text, struct arena *a, struct pg_param *ret)
{
    (void)f;
    *ret = pg_p_text(a, text);
    return text_check(text, FILTER_WORD_MAX, "1 to 50 characters");
}

static struct mistake
take_amount(const struct filter *f, const char *text, struct arena *a, struct pg_param *ret)
{
    size_t len = strlen(text);
    int64_t n = len > 0 && len <= 18 && text[strspn(text, "0123456789")] == '\0'
                    ? strtoll(text, NULL, 10)
                    : -1;
    (void)f;
    if (n < 0 || n > MONEY_AMOUNT_MAX)
        return (struct mistake){"range", "0 to 1000000000000, in minor units"};
    *ret = pg_p_int8(a, n);
    return (struct mistake){0};
}

static struct mistake
take_currency(const struct filter *f, const char *text, struct arena *a, struct pg_param *ret)
{
    (void)f;
    if (!money_currency_valid(text))
        return (struct mistake){"format", "an ISO 4217 currency code"};
    *ret = pg_p_text(a, text);
    return (struct mistake){0};
}

static take_fn *const takers[] = {
    [FILTER_UUID] = take_uuid,     [FILTER_ENUM] = take_enum,
    [FILTER_TEXT] = take_text,     [FILTER_TEXT_LIST] = take_word,
    [FILTER_AMOUNT] = take_amount, [FILTER_CURRENCY] = take_currency,
};

static const char *arg_name(const struct filter *f)
{
    return f->arg ? f->arg : f->name;
}

static void filter_take(struct reading *r, const struct filter *f, const char *text)
{
    struct pg_param value;
    struct mistake m = takers[f->kind](f, text, r->arena, &value);
    if (m.code)
        complain(r, f->name, m.code, m.detail);
    else
        list_params_add(r->list, arg_name(f), value);
    r->list->searching |= f->searches;
}

/* All parameters of that name together. */
static void texts_take(struct reading *r, const struct filter *f)
{
    struct pg_param texts[FILTER_TEXTS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < r->url->n_params; i++) {
        const struct url_param *p = &r->url->params[i];
        if (strcmp(p->name, f->name) != 0)
            continue;
        if (n == FILTER_TEXTS_MAX) {
            complain(r, f->name, "length", "at most 20 of them");
            return;
        }
        struct mistake m = takers[f->kind](f, p->value, r->arena, &texts[n++]);
        if (m.code) {
            complain(r, f->name, m.code, m.detail);
            return;
        }
    }
    list_params_add(r->list, arg_name(f), pg_p_array(r->arena, PG_TEXT_ARRAY, texts, n));
    r->list->searching |= f->searches;
}

/* ---- the page */

static bool page_size_parse(const char *text, int64_t *ret)
{
    size_t len = strlen(text);
    if (len == 0 || len > 3 || text[strspn(text, "0123456789")] != '\0')
        return false;
    *ret = strtoll(text, NULL, 10);
    return *ret >= 1 && *ret <= PAGE_SIZE_MAX;
}

/* False: the parameter is not of the page. */
static bool page_take(struct reading *r, const struct url_param *p)
{
    struct list_params *l = r->list;
    if (strcmp(p->name, "page_size") == 0) {
        if (!page_size_parse(p->value, &l->page_size))
            complain(r, p->name, "range", "1 to 100");
        return true;
    }
    if (strcmp(p->name, "cursor") != 0)
        return false;
    l->has_cursor = cursor_parse(p->value, &l->cursor);
    if (!l->has_cursor)
        complain(r, p->name, "format", "not a cursor of ours");
    return true;
}

/* ---- all of them */

static const struct filter *filter_find(const struct reading *r, const char *name)
{
    for (const struct filter *f = r->filters; f && f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

static bool seen_before(const struct url *url, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(url->params[i].name, url->params[at].name) == 0)
            return true;
    return false;
}

static void param_take(struct reading *r, size_t at)
{
    const struct url_param *p = &r->url->params[at];
    const struct filter *f = filter_find(r, p->name);
    bool again = seen_before(r->url, at), many = f && f->kind == FILTER_TEXT_LIST;
    if (again && !many)
        complain(r, p->name, "duplicate", "there twice");
    else if (many && !again)
        texts_take(r, f);
    else if (f && !many)
        filter_take(r, f, p->value);
    else if (!f && !page_take(r, p))
        complain(r, p->name, "unknown", "no such parameter");
}

/* What a filter needs is missed once, however many need it. */
static void need_check(struct reading *r, const struct filter *f)
{
    if (!f->needs || !url_param(r->url, f->name) || url_param(r->url, f->needs))
        return;
    for (size_t i = 0; i < r->errors->n; i++)
        if (strcmp(r->errors->items[i].field, f->needs) == 0)
            return;
    complain(r, f->needs, "required",
             arena_printf(r->arena, "%s means nothing without it", f->name));
}

static bool is_needed(const struct reading *r, const struct filter *needed)
{
    for (const struct filter *f = r->filters; f && f->name; f++)
        if (f->needs && strcmp(f->needs, needed->name) == 0 && url_param(r->url, f->name))
            return true;
    return false;
}

/* What was not asked for but follows, and what should have been. */
static void rest_check(struct reading *r, const struct filter *f)
{
    bool given = url_param(r->url, f->name) != NULL;
    if (f->standard && !given)
        list_params_add(r->list, arg_name(f), pg_p_text(r->arena, f->standard));
    if (f->alone && given && !is_needed(r, f))
        list_params_add(r->list, f->alone, pg_p_int8(r->arena, f->alone_amount));
    if (f->required && !given)
        complain(r, f->name, "required", "missing");
    need_check(r, f);
}

void list_params_read(const struct filter *filters,
                      const struct url *url,
                      struct arena *a,
                      struct list_params *ret,
                      struct field_errors *errors)
{
    struct reading r = {filters, url, a, ret, errors};
    *ret = (struct list_params){.page_size = PAGE_SIZE_DEFAULT};
    for (size_t i = 0; i < url->n_params; i++)
        param_take(&r, i);
    for (const struct filter *f = filters; f && f->name; f++)
        rest_check(&r, f);
}

void list_params_keep(struct list_params *l, const struct query *q)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n_args; i++)
        if (query_takes(q, l->args[i].name))
            l->args[n++] = l->args[i];
    l->n_args = n;
}

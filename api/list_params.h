/*
 * list_params.h - the query string of a list -> what is asked for: the arguments of its query, the
 * page. Every mistake is named. Pure.
 */
#ifndef API_LIST_PARAMS_H
#define API_LIST_PARAMS_H

#include "api/cursor.h"
#include "api/route.h"
#include "api/url.h"
#include "projections/query.h"
#include "schemas/json.h"

#define PAGE_SIZE_MAX     100
#define PAGE_SIZE_DEFAULT 20

#define FILTER_TEXT_MAX  200 /* characters */
#define FILTER_WORD_MAX  50  /* of one text of a FILTER_TEXT_LIST: what a skill may have */
#define FILTER_TEXTS_MAX 20

#define LIST_ARGS_MAX 24

struct list_params {
    struct query_arg args[LIST_ARGS_MAX];
    size_t n_args;
    bool searching; /* a filter that only the search knows was used */
    int64_t page_size;
    bool has_cursor;
    struct cursor cursor;
};

/* filters NULL = none. *ret counts only when no error was added. */
void list_params_read(const struct filter *filters,
                      const struct url *url,
                      struct arena *a,
                      struct list_params *ret,
                      struct field_errors *errors);
/* One more argument. */
void list_params_add(struct list_params *l, const char *name, struct pg_param value);
/* With those of them that the query declares: a search knows filters that a plain list does not. */
void list_params_keep(struct list_params *l, const struct query *q);

#endif

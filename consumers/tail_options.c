#include "consumers/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/timeutil.h"
#include "schemas/records.h"

typedef enum err_code word_fn(struct tail_options *o, const char *value, struct err *err);

static enum err_code take_from(struct tail_options *o, const char *value, struct err *err)
{
    if (strcmp(value, "beginning") == 0)
        o->from = TAIL_BEGINNING;
    else if (strcmp(value, "now") == 0)
        o->from = TAIL_NOW;
    else if (time_parse(value, &o->from_us))
        o->from = TAIL_TIME;
    else
        return err_set(err, ERR_INVALID,
                       "--from %s: not a time like 2026-01-02T03:04:05Z, beginning or now", value);
    return ERR_OK;
}

/* CommandRejected is an event of every service. */
static enum err_code take_type(struct tail_options *o, const char *value, struct err *err)
{
    const char *dot = strrchr(value, '.');
    const char *name = dot ? dot + 1 : value;
    const struct record_type *t = record_type_find(o->service->name, name);
    if (!t && strcmp(name, type_command_rejected.name) == 0)
        t = &type_command_rejected;
    if (!t || t->role != RECORD_EVENT || (dot && strcmp(value, t->subject) != 0))
        return err_set(err, ERR_INVALID, "--type %s: %s has no such event", value,
                       o->service->name);
    o->type = t;
    return ERR_OK;
}

static enum err_code take_aggregate(struct tail_options *o, const char *value, struct err *err)
{
    if (!uuid_parse(value, &o->aggregate))
        return err_set(err, ERR_INVALID, "--aggregate %s: not a UUID", value);
    o->one_aggregate = true;
    return ERR_OK;
}

static enum err_code take_count(struct tail_options *o, const char *value, struct err *err)
{
    char *end;
    errno = 0;
    o->count = strtoll(value, &end, 10);
    if (*value == '\0' || *end != '\0' || errno != 0 || o->count < 1)
        return err_set(err, ERR_INVALID, "--count %s: not a number from 1", value);
    return ERR_OK;
}

static const struct word {
    const char *name;
    word_fn *take;
} known[] = {
    {"--from",      take_from     },
    {"--type",      take_type     },
    {"--aggregate", take_aggregate},
    {"--count",     take_count    },
};

static const struct word *word_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strcmp(known[i].name, name) == 0)
            return &known[i];
    return NULL;
}

enum err_code tail_options_parse(const char *service,
                                 const char *const *words,
                                 size_t n,
                                 struct tail_options *ret,
                                 struct err *err)
{
    struct tail_options o = {.service = service_find(service)};
    bool from_given = false;
    if (!service[0])
        return err_set(err, ERR_INVALID, "tail: the service comes first: tail SERVICE --from ...");
    if (!o.service)
        return err_set(err, ERR_INVALID, "tail %s: no such service; `hirelog services` has them",
                       service);
    for (size_t i = 0; i < n; i++) {
        const struct word *w = word_find(words[i]);
        if (strcmp(words[i], "--end") == 0) {
            o.to_end = true;
            continue;
        }
        if (!w)
            return err_set(err, ERR_INVALID,
                           "tail: %s is none of --from, --type, --aggregate, "
                           "--count, --end",
                           words[i]);
        if (++i == n)
            return err_set(err, ERR_INVALID, "%s: its value is missing", w->name);
        TRY(w->take(&o, words[i], err));
        from_given |= w->take == take_from;
    }
    if (o.to_end && !from_given)
        o.from = TAIL_BEGINNING;
    *ret = o;
    return ERR_OK;
}

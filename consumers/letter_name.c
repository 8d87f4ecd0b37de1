#include "consumers/letter_name.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "projections/apply.h"

#define COMMANDS ".commands"
#define EVENTS   ".events"
#define HOW_IT_LOOKS                                                                            \
    "a letter is named job.commands/0:17, client/user.events/0:17 or client/from_job/<uuid of " \
    "the aggregate>"

static const struct service *service_find_n(const char *name, size_t len)
{
    for (size_t i = 0; i < n_services; i++)
        if (strlen(services[i].name) == len && memcmp(services[i].name, name, len) == 0)
            return &services[i];
    return NULL;
}

const char *letter_projection(const struct service *service, const char *name, size_t len)
{
    if (len == strlen(APPLY_OWN) && memcmp(name, APPLY_OWN, len) == 0)
        return APPLY_OWN;
    for (const char *const *p = service->projections; *p; p++)
        if (strlen(*p) == len && memcmp(*p, name, len) == 0)
            return *p;
    return NULL;
}

/* `text` ends with a suffix that it is longer than. */
static bool ends_with(const char *text, size_t len, const char *suffix)
{
    size_t n = strlen(suffix);
    return len > n && memcmp(text + len - n, suffix, n) == 0;
}

/* Decimal digits only, up to max, then `end`. */
static bool number_parse(const char *text, char end, int64_t max, int64_t *ret, const char **rest)
{
    char *stop;
    errno = 0;
    if (*text < '0' || *text > '9')
        return false;
    long long n = strtoll(text, &stop, 10);
    if (errno || *stop != end || n > max)
        return false;
    *ret = n;
    *rest = stop + 1;
    return true;
}

static enum err_code
place_parse(const char *text, const char *place, struct letter_name *n, struct err *err)
{
    int64_t partition;
    if (!number_parse(place, ':', INT32_MAX, &partition, &place) ||
        !number_parse(place, '\0', INT64_MAX - 1, &n->offset, &place))
        return err_set(err, ERR_INVALID, "%s: no partition:offset behind the slash; " HOW_IT_LOOKS,
                       text);
    n->partition = (int32_t)partition;
    return ERR_OK;
}

static enum err_code no_service(const char *text, const char *name, size_t len, struct err *err)
{
    return err_set(err, ERR_INVALID, "%s: there is no service `%.*s`; " HOW_IT_LOOKS, text,
                   (int)len, name);
}

/* <service>.commands/p:o */
static enum err_code command_parse(const char *text, struct letter_name *n, struct err *err)
{
    size_t len = strcspn(text, "/");
    if (!ends_with(text, len, COMMANDS))
        return err_set(err, ERR_INVALID, "%s: `%.*s` has no dead commands; " HOW_IT_LOOKS, text,
                       (int)len, text);
    n->kind = LETTER_COMMAND;
    n->service = n->source = service_find_n(text, len - strlen(COMMANDS));
    if (!n->service)
        return no_service(text, text, len - strlen(COMMANDS), err);
    return place_parse(text, text + len + 1, n, err);
}

/* <service>/<source>.events/p:o */
static enum err_code
event_parse(const char *text, const char *topic, size_t len, struct letter_name *n, struct err *err)
{
    size_t source = len - strlen(EVENTS);
    n->kind = LETTER_EVENT;
    n->source = service_find_n(topic, source);
    if (!n->source)
        return no_service(text, topic, source, err);
    return place_parse(text, topic + len + 1, n, err);
}

/* <service>/<projection>/<uuid> */
static enum err_code parked_parse(
    const char *text, const char *projection, size_t len, struct letter_name *n, struct err *err)
{
    n->kind = LETTER_PARKED;
    n->projection = letter_projection(n->service, projection, len);
    if (!n->projection)
        return err_set(err, ERR_INVALID, "%s: %s has no projection `%.*s`; " HOW_IT_LOOKS, text,
                       n->service->name, (int)len, projection);
    if (!uuid_parse(projection + len + 1, &n->aggregate_id))
        return err_set(err, ERR_INVALID, "%s: `%s` is no UUID; " HOW_IT_LOOKS, text,
                       projection + len + 1);
    return ERR_OK;
}

static enum err_code parse(const char *text, struct letter_name *n, struct err *err)
{
    const char *slash = strchr(text, '/'), *second = slash ? strchr(slash + 1, '/') : NULL;
    if (!slash || (second && strchr(second + 1, '/')))
        return err_set(err, ERR_INVALID, "%s: " HOW_IT_LOOKS, text);
    if (!second)
        return command_parse(text, n, err);
    n->service = service_find_n(text, (size_t)(slash - text));
    if (!n->service)
        return no_service(text, text, (size_t)(slash - text), err);
    size_t len = (size_t)(second - slash - 1);
    return ends_with(slash + 1, len, EVENTS) ? event_parse(text, slash + 1, len, n, err)
                                             : parked_parse(text, slash + 1, len, n, err);
}

enum err_code letter_name_parse(const char *text, struct letter_name *ret, struct err *err)
{
    struct letter_name n = {0};
    TRY(parse(text, &n, err));
    *ret = n;
    return ERR_OK;
}

void letter_name_format(const struct letter_name *n, char ret[LETTER_NAME_MAX])
{
    char id[UUID_TEXT_LEN + 1];
    switch (n->kind) {
    case LETTER_COMMAND:
        snprintf(ret, LETTER_NAME_MAX, "%s" COMMANDS "/%d:%" PRId64, n->service->name,
                 (int)n->partition, n->offset);
        break;
    case LETTER_EVENT:
        snprintf(ret, LETTER_NAME_MAX, "%s/%s" EVENTS "/%d:%" PRId64, n->service->name,
                 n->source->name, (int)n->partition, n->offset);
        break;
    case LETTER_PARKED:
        uuid_format(&n->aggregate_id, id);
        snprintf(ret, LETTER_NAME_MAX, "%s/%s/%s", n->service->name, n->projection, id);
        break;
    }
}

void letter_name_topic(const struct letter_name *n, const char *prefix, char ret[TOPIC_NAME_MAX])
{
    if (n->kind == LETTER_COMMAND)
        service_command_topic(prefix, n->source->name, ret);
    else
        service_event_topic(prefix, n->source->name, ret);
}

bool letter_name_of_place(const char *prefix,
                          const struct service *service,
                          const char *topic,
                          int32_t partition,
                          int64_t offset,
                          struct letter_name *ret)
{
    struct letter_name n = {.service = service, .partition = partition, .offset = offset};
    for (size_t i = 0; i < n_services; i++) {
        for (n.kind = LETTER_COMMAND; n.kind <= LETTER_EVENT; n.kind++) {
            char name[TOPIC_NAME_MAX];
            n.source = &services[i];
            letter_name_topic(&n, prefix, name);
            if (strcmp(name, topic) != 0 ||
                (n.kind == LETTER_COMMAND && n.source != service)) /* others' have other lists */
                continue;
            *ret = n;
            return true;
        }
    }
    return false;
}

#include "consumers/service_order.h"

#include <string.h>

#include "projections/apply.h"

/* Does the one project or answer the other's events? */
static bool follows(const struct service *one, const struct service *other)
{
    if (one == other)
        return false;
    for (size_t i = 0; one->projections[i]; i++)
        if (strcmp(apply_source(one->projections[i]), other->name) == 0)
            return true;
    for (size_t i = 0; i < one->n_reactors; i++)
        if (strcmp(one->reactors[i].event->service, other->name) == 0)
            return true;
    return false;
}

static bool has(const struct service *const *list, size_t n, const struct service *s)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == s)
            return true;
    return false;
}

static bool followers_are_in(const struct service *const *list, size_t n, const struct service *s)
{
    for (size_t i = 0; i < n_services; i++)
        if (follows(&services[i], s) && !has(list, n, &services[i]))
            return false;
    return true;
}

static const struct service *next_service(const struct service *const *list, size_t n)
{
    for (size_t i = n_services; i-- > 0;)
        if (!has(list, n, &services[i]) && followers_are_in(list, n, &services[i]))
            return &services[i];
    return NULL;
}

enum err_code services_followers_first(const struct service *ret[SERVICES_MAX], struct err *err)
{
    const struct service *list[SERVICES_MAX];
    for (size_t n = 0; n < n_services; n++) {
        list[n] = next_service(list, n);
        if (!list[n])
            return err_set(err, ERR_INTERNAL,
                           "the manifest's services follow each other in a circle: no order of "
                           "their logs is a cut");
    }
    memcpy(ret, list, n_services * sizeof(list[0]));
    return ERR_OK;
}

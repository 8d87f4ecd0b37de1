#include "consumers/manifest.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "producers/job/job.h"
#include "producers/user/user.h"

const struct service services[] = {
    {.name = "user", .decider = &user_decider, .vault = true },
    {.name = "job",  .decider = &job_decider,  .vault = false},
};
const size_t n_services = ARRAY_SIZE(services);
static_assert(ARRAY_SIZE(services) <= SERVICES_MAX, "raise SERVICES_MAX");

const char *const service_names[] = {"user", "job", NULL};
static_assert(ARRAY_SIZE(service_names) == ARRAY_SIZE(services) + 1, "one name per service");

const struct service *service_find(const char *name)
{
    for (size_t i = 0; i < n_services; i++)
        if (strcmp(services[i].name, name) == 0)
            return &services[i];
    return NULL;
}

static void
topic_name(const char *prefix, const char *service, const char *kind, char ret[TOPIC_NAME_MAX])
{
    int n = snprintf(ret, TOPIC_NAME_MAX, "%s.%s.%s", prefix, service, kind);
    assert(n > 0 && n < TOPIC_NAME_MAX); /* the settings bound the prefix */
}

void service_command_topic(const char *prefix, const char *service, char ret[TOPIC_NAME_MAX])
{
    topic_name(prefix, service, "commands", ret);
}

void service_event_topic(const char *prefix, const char *service, char ret[TOPIC_NAME_MAX])
{
    topic_name(prefix, service, "events", ret);
}

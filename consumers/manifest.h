/*
 * manifest.h - the table of services. Nothing generic knows a service by name: it walks this.
 */
#ifndef CONSUMERS_MANIFEST_H
#define CONSUMERS_MANIFEST_H

#include "producers/decider.h"

#define SERVICES_MAX   16
#define TOPIC_NAME_MAX 128

struct service {
    const char *name; /* user: topics hirelog.user.commands/.events, role hirelog_user, schemas
                         hirelog_user* */
    const struct decider *decider;
    bool vault; /* has credentials and sessions (schema hirelog_<name>_vault) */
};
extern const struct service services[];
extern const size_t n_services;
extern const char *const service_names[];             /* NULL-terminated, for config_load */
const struct service *service_find(const char *name); /* NULL = none */

void service_command_topic(const char *prefix, const char *service, char ret[TOPIC_NAME_MAX]);
void service_event_topic(const char *prefix, const char *service, char ret[TOPIC_NAME_MAX]);

#endif

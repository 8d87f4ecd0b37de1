/*
 * manifest.h - the table of services. Nothing generic knows a service by name: it walks this.
 */
#ifndef CONSUMERS_MANIFEST_H
#define CONSUMERS_MANIFEST_H

#include "ops/runtime/strbuf.h"
#include "producers/decider.h"

#define SERVICES_MAX    16
#define PROJECTIONS_MAX 8 /* of other services' events, in one service */
#define TOPIC_NAME_MAX  128
#define GROUP_NAME_MAX  256
#define SERVICE_WORKERS "worker" /* the group of a service's lanes */

/* Fills the command's payload from the event; meta and what equals the command's id are the
 * reactor's. False: not for this one. Pure. */
typedef bool
react_fn(const void *event, const struct uuid *command_id, void *command, struct arena *a);

/* An event of one service becomes a command of another (X1). */
struct reactor_rule {
    const char *name; /* part of command ids and of the consumer group's name: frozen */
    const char *doc;
    const struct record_type *event, *command;
    react_fn *react;
};

struct service {
    const char *name; /* user: topics hirelog.user.commands/.events, role hirelog_user, schemas
                         hirelog_user* */
    const char *doc;
    const struct decider *decider;
    bool vault; /* has credentials and sessions (schema hirelog_<name>_vault) */
    const char *projections[PROJECTIONS_MAX + 1]; /* from_<source>, NULL-terminated (P2) */
    const struct reactor_rule *reactors;          /* whose commands this service takes */
    size_t n_reactors;
};
extern const struct service services[];
extern const size_t n_services;
extern const char *const service_names[];             /* NULL-terminated, for config_load */
const struct service *service_find(const char *name); /* NULL = none */
/* Is the service in the comma-separated list? An empty list is all. */
bool services_list_has(const char *list, const char *name);

void service_command_topic(const char *prefix, const char *service, char ret[TOPIC_NAME_MAX]);
void service_event_topic(const char *prefix, const char *service, char ret[TOPIC_NAME_MAX]);
/* The consumer group of a service's workers, or of a reactor by its rule's name. */
void service_group(const char *prefix,
                   const char *service,
                   const char *name,
                   char ret[GROUP_NAME_MAX]);

/* The table as Markdown: per service its topics, commands, events, reactors and projections, and a
 * Mermaid picture of what flows where. Appends. */
void manifest_print(const char *prefix, struct strbuf *out);

#endif

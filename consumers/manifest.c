#include "consumers/manifest.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "consumers/reactions.h"
#include "producers/client/client.h"
#include "producers/freelancer/freelancer.h"
#include "producers/job/job.h"
#include "producers/messaging/messaging.h"
#include "producers/payment/payment.h"
#include "producers/user/user.h"
#include "projections/apply.h"

const struct service services[] = {
    {
     .name = "user",
     .doc = "accounts, passwords, sessions",
     .decider = &user_decider,
     .vault = true,
     },
    {
     .name = "job",
     .doc = "postings, applications, hiring, contracts; search",
     .decider = &job_decider,
     .projections = {"from_job"},
     },
    {
     .name = "client",
     .doc = "profiles of those who hire, with their postings, hires and spending",
     .decider = &client_decider,
     .projections = {"from_user", "from_job", "from_payment"},
     .reactors = client_reactors,
     .n_reactors = CLIENT_REACTORS_N,
     },
    {
     .name = "freelancer",
     .doc = "profiles of those who work, with their applications, history and earnings; search",
     .decider = &freelancer_decider,
     .projections = {"from_user", "from_job", "from_payment"},
     .reactors = freelancer_reactors,
     .n_reactors = FREELANCER_REACTORS_N,
     },
    {
     .name = "messaging",
     .doc = "threads of two people",
     .decider = &messaging_decider,
     },
    {
     .name = "payment",
     .doc = "invoices, payments, refunds",
     .decider = &payment_decider,
     .reactors = payment_reactors,
     .n_reactors = PAYMENT_REACTORS_N,
     },
};
const size_t n_services = ARRAY_SIZE(services);
static_assert(ARRAY_SIZE(services) <= SERVICES_MAX, "raise SERVICES_MAX");

const char *const service_names[] = {"user",      "job",     "client", "freelancer",
                                     "messaging", "payment", NULL};
static_assert(ARRAY_SIZE(service_names) == ARRAY_SIZE(services) + 1, "one name per service");

const struct service *service_find(const char *name)
{
    for (size_t i = 0; i < n_services; i++)
        if (strcmp(services[i].name, name) == 0)
            return &services[i];
    return NULL;
}

bool services_list_has(const char *list, const char *name)
{
    size_t len = strlen(name);
    if (*list == '\0')
        return true;
    for (const char *p = list; *p; p += *p == ',') {
        p += strspn(p, " ");
        size_t word = strcspn(p, ", ");
        if (word == len && strncmp(p, name, len) == 0)
            return true;
        p += strcspn(p, ",");
    }
    return false;
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

void service_group(const char *prefix,
                   const char *service,
                   const char *name,
                   char ret[GROUP_NAME_MAX])
{
    snprintf(ret, GROUP_NAME_MAX, "%s.%s.%s", prefix, service, name);
}

/* ---- as documentation */

static void print_list(struct strbuf *out, const char *title, const char *text)
{
    strbuf_addf(out, "- %s: %s\n", title, text[0] ? text : "none");
}

static void list_add(struct strbuf *list, const char *name)
{
    strbuf_addf(list, "%s`%s`", list->len ? ", " : "", name);
}

static void print_commands(const struct service *s, struct strbuf *out)
{
    owned_value(strbuf_release) struct strbuf list = {0};
    for (size_t i = 0; i < s->decider->n_commands; i++)
        list_add(&list, s->decider->commands[i].command->name);
    print_list(out, "commands", strbuf_cstr(&list));
}

static void print_events(const struct service *s, struct strbuf *out)
{
    owned_value(strbuf_release) struct strbuf list = {0};
    for (size_t i = 0; i < n_record_types; i++)
        if (record_types[i]->role == RECORD_EVENT && strcmp(record_types[i]->service, s->name) == 0)
            list_add(&list, record_types[i]->name);
    list_add(&list, "CommandRejected");
    print_list(out, "events", strbuf_cstr(&list));
}

static void print_service(const struct service *s, const char *prefix, struct strbuf *out)
{
    char commands[TOPIC_NAME_MAX], events[TOPIC_NAME_MAX];
    owned_value(strbuf_release) struct strbuf projections = {0};
    service_command_topic(prefix, s->name, commands);
    service_event_topic(prefix, s->name, events);
    strbuf_addf(out, "## %s\n\n%s.\n\n- topics: `%s`, `%s`\n", s->name, s->doc, commands, events);
    print_commands(s, out);
    print_events(s, out);
    for (size_t i = 0; s->projections[i]; i++)
        list_add(&projections, s->projections[i]);
    print_list(out, "projections of other logs", strbuf_cstr(&projections));
    for (size_t i = 0; i < s->n_reactors; i++)
        strbuf_addf(out, "- reactor `%s`: %s -> %s. %s\n", s->reactors[i].name,
                    s->reactors[i].event->name, s->reactors[i].command->name, s->reactors[i].doc);
    strbuf_addf(out, "- database: schemas `hirelog_%s`, `hirelog_%s_g<N>`%s%s%s\n\n", s->name,
                s->name, s->vault ? ", `hirelog_" : "", s->vault ? s->name : "",
                s->vault ? "_vault`" : "");
}

/* Commands and events of a service as one node each; reactors and projections as arrows. */
static void print_picture(struct strbuf *out)
{
    strbuf_adds(out, "```mermaid\nflowchart LR\n");
    for (size_t i = 0; i < n_services; i++)
        strbuf_addf(out,
                    "    %s_c([%s commands]) --> %s_l[%s lanes] --> %s_e([%s events])\n"
                    "    %s_l --> %s_v[(%s view)]\n",
                    services[i].name, services[i].name, services[i].name, services[i].name,
                    services[i].name, services[i].name, services[i].name, services[i].name,
                    services[i].name);
    for (size_t i = 0; i < n_services; i++) {
        const struct service *s = &services[i];
        for (size_t k = 0; s->projections[k]; k++)
            strbuf_addf(out, "    %s_e -.->|projector| %s_v\n", apply_source(s->projections[k]),
                        s->name);
        for (size_t k = 0; k < s->n_reactors; k++)
            strbuf_addf(out, "    %s_e ==>|%s| %s_c\n", s->reactors[k].event->service,
                        s->reactors[k].name, s->name);
    }
    strbuf_adds(out, "```\n");
}

void manifest_print(const char *prefix, struct strbuf *out)
{
    strbuf_adds(out, "# Services\n\n");
    print_picture(out);
    strbuf_addc(out, '\n');
    for (size_t i = 0; i < n_services; i++)
        print_service(&services[i], prefix, out);
}

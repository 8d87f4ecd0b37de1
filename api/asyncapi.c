#include "api/asyncapi.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/handlers.h"
#include "api/request.h"
#include "schemas/records.h"

#define AVRO_FORMAT "application/vnd.apache.avro+json;version=1.9.0"
#define DESCRIPTION                                                                                \
    "Every accepted change is an event, and every refused command a CommandRejected. Values are "  \
    "Avro in Confluent framing; the ids are resolved by the schema registry that this server is. " \
    "Consume with isolation.level=read_committed. The key is the partition key: events of one "    \
    "key are in order. Headers are CloudEvents in binary mode."

/* The header fields of a record (DESIGN 3). */
static const struct {
    const char *name, *format, *doc;
    bool always;
} headers[] = {
    {"ce_specversion", NULL,        "1.0",                                                        true },
    {"ce_id",          "uuid",      "Identity of the event: meta.event_id.",                      true },
    {"ce_type",        NULL,        "Full name of the event's schema.",                           true },
    {"ce_source",      NULL,        "Prefix and service.",                                        true },
    {"ce_time",        "date-time", "meta.occurred_at.",                                          true },
    {"ce_subject",     "uuid",      "The aggregate that it changes.",                             true },
    {"content-type",   NULL,        "application/avro",                                           true },
    {"command",        NULL,        "Offset of its command, and which of how many events: 7;1/2", true },
    {"digest",         NULL,        "SHA-256 of the command's payload.",                          false},
    {"traceparent",    NULL,        "W3C trace context.",                                         false},
};

static json_t *headers_schema(void)
{
    json_t *properties = json_object(), *required = json_array();
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        json_object_set_new(properties, headers[i].name,
                            json_pack("{s:s,s:s*,s:s}", "type", "string", "format",
                                      headers[i].format, "description", headers[i].doc));
        if (headers[i].always)
            json_array_append_new(required, json_string(headers[i].name));
    }
    return json_pack("{s:s,s:o,s:o}", "type", "object", "properties", properties, "required",
                     required);
}

static json_t *ref(const char *format, const char *name)
{
    char text[160];
    (void)snprintf(text, sizeof(text), "#/%s/%s", format, name);
    return json_pack("{s:s}", "$ref", text);
}

/* The newest version: how it is written now. */
static json_t *message(const struct record_type *t)
{
    const struct schema_version *v = &t->versions[t->n_versions - 1];
    json_t *schema = json_loads(v->text, 0, NULL);
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:{s:s,s:o},s:{s:{s:{s:s,s:s},s:s,s:s,s:s}}}", "name",
                     t->subject, "title", t->name, "summary", t->doc, "contentType",
                     "application/avro", "headers", ref("components/schemas", "headers"), "payload",
                     "schemaFormat", AVRO_FORMAT, "schema", schema, "bindings", "kafka", "key",
                     "type", "string", "format", "uuid", "schemaIdLocation", "payload",
                     "schemaIdPayloadEncoding", "confluent", "bindingVersion", "0.5.0");
}

/* CommandRejected is an event of every service. */
static bool is_event_of(const struct record_type *t, const struct service *s)
{
    return t->role == RECORD_EVENT &&
           (strcmp(t->service, s->name) == 0 || t == &type_command_rejected);
}

static json_t *channel(const struct api *api, const struct service *s)
{
    char topic[TOPIC_NAME_MAX];
    json_t *messages = json_object();
    service_event_topic(api->cfg->topic_prefix, s->name, topic);
    for (size_t i = 0; i < n_record_types; i++)
        if (is_event_of(record_types[i], s))
            json_object_set_new(messages, record_types[i]->name,
                                ref("components/messages", record_types[i]->name));
    return json_pack("{s:s,s:s,s:o,s:{s:{s:s,s:i,s:s}}}", "address", topic, "description", s->doc,
                     "messages", messages, "bindings", "kafka", "topic", topic, "partitions",
                     (int)api->cfg->partitions, "bindingVersion", "0.5.0");
}

static json_t *operation(const struct service *s)
{
    char summary[96];
    (void)snprintf(summary, sizeof(summary), "What happened in %s.", s->name);
    return json_pack("{s:s,s:o,s:s}", "action", "send", "channel", ref("channels", s->name),
                     "summary", summary);
}

static void messages_add(json_t *messages, const struct service *s)
{
    for (size_t i = 0; i < n_record_types; i++)
        if (is_event_of(record_types[i], s))
            json_object_set_new(messages, record_types[i]->name, message(record_types[i]));
}

char *asyncapi_text(struct api *api)
{
    json_t *channels = json_object(), *operations = json_object(), *messages = json_object();
    for (size_t i = 0; i < api->n_services; i++) {
        const struct service *s = api->services[i].service;
        char name[64];
        if (!api->services[i].served)
            continue;
        (void)snprintf(name, sizeof(name), "%s_events", s->name);
        json_object_set_new(channels, s->name, channel(api, s));
        json_object_set_new(operations, name, operation(s));
        messages_add(messages, s);
    }
    json_t *all = json_pack("{s:s,s:{s:s,s:s,s:s},s:s,s:o,s:o,s:{s:o,s:{s:o}}}", "asyncapi",
                            "3.0.0", "info", "title", "hirelog", "version", "1", "description",
                            DESCRIPTION, "defaultContentType", "application/avro", "channels",
                            channels, "operations", operations, "components", "messages", messages,
                            "schemas", "headers", headers_schema());
    char *text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    return text;
}

enum step asyncapi_show(struct request *rq)
{
    return reply_json(rq, MHD_HTTP_OK, rq->api->asyncapi);
}

#include "api/openapi.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/handlers.h"
#include "api/list_params.h"
#include "api/read.h"
#include "api/request.h"
#include "api/write.h"
#include "ops/runtime/money.h"
#include "schemas/json.h"
#include "schemas/records.h"

#define KEY_TEXT_MAX  512
#define KEY_HOLDS_MAX 64

/* ---- what resources look like (API.md); the JSON itself is made by the queries */

enum member_kind {
    MEMBER_UUID,
    MEMBER_UUID_OR_NULL,
    MEMBER_TEXT,
    MEMBER_TEXTS,
    MEMBER_TIME,
    MEMBER_MONEY,
    MEMBER_MONEY_OR_NULL,
    MEMBER_MONEYS, /* one per currency */
    MEMBER_UUIDS,
    MEMBER_COUNT,
    MEMBER_BOOL,
    MEMBER_DATE,
    MEMBER_LINES,
    MEMBER_STATUSES,
    MEMBER_ENUM,
    MEMBER_ENUMS
};
struct member {
    const char *resource, *name;
    enum member_kind kind;
    const struct enum_type *enums;
};

static const char *const account_status_symbols[] = {"active", "deactivated"};
static const struct enum_type account_status = {"account_status", account_status_symbols, 2};
static const char *const command_status_symbols[] = {"pending", "applied", "rejected"};
static const struct enum_type command_status_words = {"command_status", command_status_symbols, 3};

static const struct member members[] = {
    {"user",        "email",           MEMBER_TEXT,          NULL                    },
    {"user",        "display_name",    MEMBER_TEXT,          NULL                    },
    {"user",        "headline",        MEMBER_TEXT,          NULL                    },
    {"user",        "bio",             MEMBER_TEXT,          NULL                    },
    {"user",        "location",        MEMBER_TEXT,          NULL                    },
    {"user",        "roles",           MEMBER_ENUMS,         &enum_role              },
    {"user",        "status",          MEMBER_ENUM,          &account_status         },
    {"job",         "client_id",       MEMBER_UUID,          NULL                    },
    {"job",         "title",           MEMBER_TEXT,          NULL                    },
    {"job",         "description",     MEMBER_TEXT,          NULL                    },
    {"job",         "skills",          MEMBER_TEXTS,         NULL                    },
    {"job",         "budget",          MEMBER_MONEY,         NULL                    },
    {"job",         "status",          MEMBER_ENUM,          &enum_job_status        },
    {"application", "job_id",          MEMBER_UUID,          NULL                    },
    {"application", "freelancer_id",   MEMBER_UUID,          NULL                    },
    {"application", "cover_letter",    MEMBER_TEXT,          NULL                    },
    {"application", "bid",             MEMBER_MONEY,         NULL                    },
    {"application", "status",          MEMBER_ENUM,          &enum_application_status},
    {"application", "submitted_at",    MEMBER_TIME,          NULL                    },
    {"application", "decided_at",      MEMBER_TIME,          NULL                    },
    {"application", "history",         MEMBER_STATUSES,      &enum_application_status},
    {"contract",    "job_id",          MEMBER_UUID,          NULL                    },
    {"contract",    "application_id",  MEMBER_UUID,          NULL                    },
    {"contract",    "client_id",       MEMBER_UUID,          NULL                    },
    {"contract",    "freelancer_id",   MEMBER_UUID,          NULL                    },
    {"contract",    "amount",          MEMBER_MONEY,         NULL                    },
    {"contract",    "status",          MEMBER_ENUM,          &enum_contract_status   },
    {"client",      "display_name",    MEMBER_TEXT,          NULL                    },
    {"client",      "company",         MEMBER_TEXT,          NULL                    },
    {"client",      "website",         MEMBER_TEXT,          NULL                    },
    {"client",      "about",           MEMBER_TEXT,          NULL                    },
    {"client",      "jobs_posted",     MEMBER_COUNT,         NULL                    },
    {"client",      "hires",           MEMBER_COUNT,         NULL                    },
    {"client",      "spent",           MEMBER_MONEYS,        NULL                    },
    {"freelancer",  "display_name",    MEMBER_TEXT,          NULL                    },
    {"freelancer",  "headline",        MEMBER_TEXT,          NULL                    },
    {"freelancer",  "skills",          MEMBER_TEXTS,         NULL                    },
    {"freelancer",  "hourly_rate",     MEMBER_MONEY_OR_NULL, NULL                    },
    {"freelancer",  "available",       MEMBER_BOOL,          NULL                    },
    {"freelancer",  "completed",       MEMBER_COUNT,         NULL                    },
    {"freelancer",  "earned",          MEMBER_MONEYS,        NULL                    },
    {"message",     "thread_id",       MEMBER_UUID,          NULL                    },
    {"message",     "sender_id",       MEMBER_UUID,          NULL                    },
    {"message",     "recipient_id",    MEMBER_UUID,          NULL                    },
    {"message",     "job_id",          MEMBER_UUID_OR_NULL,  NULL                    },
    {"message",     "body",            MEMBER_TEXT,          NULL                    },
    {"thread",      "participants",    MEMBER_UUIDS,         NULL                    },
    {"thread",      "job_id",          MEMBER_UUID_OR_NULL,  NULL                    },
    {"thread",      "last_message_at", MEMBER_TIME,          NULL                    },
    {"thread",      "unread",          MEMBER_COUNT,         NULL                    },
    {"invoice",     "number",          MEMBER_TEXT,          NULL                    },
    {"invoice",     "contract_id",     MEMBER_UUID,          NULL                    },
    {"invoice",     "client_id",       MEMBER_UUID,          NULL                    },
    {"invoice",     "freelancer_id",   MEMBER_UUID,          NULL                    },
    {"invoice",     "lines",           MEMBER_LINES,         NULL                    },
    {"invoice",     "total",           MEMBER_MONEY,         NULL                    },
    {"invoice",     "paid",            MEMBER_MONEY,         NULL                    },
    {"invoice",     "due_date",        MEMBER_DATE,          NULL                    },
    {"invoice",     "status",          MEMBER_ENUM,          &enum_invoice_status    },
    {"payment",     "invoice_id",      MEMBER_UUID,          NULL                    },
    {"payment",     "client_id",       MEMBER_UUID,          NULL                    },
    {"payment",     "freelancer_id",   MEMBER_UUID,          NULL                    },
    {"payment",     "amount",          MEMBER_MONEY,         NULL                    },
    {"payment",     "refunded",        MEMBER_MONEY,         NULL                    },
    {"payment",     "method",          MEMBER_ENUM,          &enum_payment_method    },
    {"payment",     "reference",       MEMBER_TEXT,          NULL                    },
    {"command",     "status",          MEMBER_ENUM,          &command_status_words   },
    {"command",     "reason",          MEMBER_TEXT,          NULL                    },
    {"command",     "location",        MEMBER_TEXT,          NULL                    },
    {"command",     "position",        MEMBER_TEXT,          NULL                    },
};

static json_t *symbols_json(const struct enum_type *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < e->n_symbols; i++)
        json_array_append_new(list, json_string(e->symbols[i]));
    return json_pack("{s:s,s:o}", "type", "string", "enum", list);
}

static json_t *text_schema(const char *format)
{
    return json_pack("{s:s,s:s*}", "type", "string", "format", format);
}

static json_t *ref(const char *schema)
{
    return json_pack("{s:s+}", "$ref", "#/components/schemas/", schema);
}

static json_t *array_of(json_t *items)
{
    return json_pack("{s:s,s:o}", "type", "array", "items", items);
}

static json_t *member_schema(const struct member *m)
{
    switch (m->kind) {
    case MEMBER_UUID:
        return text_schema("uuid");
    case MEMBER_UUID_OR_NULL:
        return json_pack("{s:[s,s],s:s}", "type", "string", "null", "format", "uuid");
    case MEMBER_TIME:
        return json_pack("{s:[s,s],s:s}", "type", "string", "null", "format", "date-time");
    case MEMBER_TEXTS:
        return array_of(text_schema(NULL));
    case MEMBER_MONEY:
        return ref("money");
    case MEMBER_MONEY_OR_NULL:
        return json_pack("{s:[o,{s:s}]}", "anyOf", ref("money"), "type", "null");
    case MEMBER_MONEYS:
        return array_of(ref("money"));
    case MEMBER_UUIDS:
        return array_of(text_schema("uuid"));
    case MEMBER_COUNT:
        return json_pack("{s:s,s:i}", "type", "integer", "minimum", 0);
    case MEMBER_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case MEMBER_DATE:
        return text_schema("date");
    case MEMBER_LINES:
        return array_of(record_json_schema(&type_invoice_line));
    case MEMBER_STATUSES:
        return array_of(json_pack("{s:s,s:{s:o,s:o}}", "type", "object", "properties", "status",
                                  symbols_json(m->enums), "at", text_schema("date-time")));
    case MEMBER_ENUM:
        return symbols_json(m->enums);
    case MEMBER_ENUMS:
        return array_of(symbols_json(m->enums));
    case MEMBER_TEXT:
        break;
    }
    return text_schema(NULL);
}

static json_t *resource_schema(const char *resource)
{
    json_t *properties = json_pack("{s:o}", "id", text_schema("uuid"));
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (strcmp(members[i].resource, resource) == 0)
            json_object_set_new(properties, members[i].name, member_schema(&members[i]));
    if (strcmp(resource, "command") != 0) {
        json_object_set_new(properties, "version", json_pack("{s:s}", "type", "integer"));
        json_object_set_new(properties, "created_at", text_schema("date-time"));
        json_object_set_new(properties, "updated_at", text_schema("date-time"));
    }
    return json_pack("{s:s,s:o}", "type", "object", "properties", properties);
}

static json_t *page_schema(const char *resource)
{
    json_t *results = array_of(ref(resource));
    return json_pack(
        "{s:s,s:{s:{s:[s,s]},s:{s:[s,s],s:s},s:o}}", "type", "object", "properties", "next", "type",
        "string", "null", "previous", "type", "string", "null", "description",
        "The page of newer rows; null when there were none. It is no feed: a row that is "
        "shown later may have an earlier time. GET /api/events/ tells all news.",
        "results", results);
}

static json_t *problem_schema(void)
{
    return json_pack(
        "{s:s,s:{s:{s:s},s:{s:s},s:{s:s},s:{s:s},s:{s:s},s:{s:s,s:s},s:{s:s,s:{s:s}}}}", "type",
        "object", "properties", "type", "type", "string", "title", "type", "string", "status",
        "type", "integer", "detail", "type", "string", "code", "type", "string", "command_id",
        "type", "string", "format", "uuid", "errors", "type", "array", "items", "$ref",
        "#/components/schemas/field_error");
}

static json_t *field_error_schema(void)
{
    json_t *codes = json_pack("[s,s,s,s,s,s,s]", "required", "unknown", "duplicate", "type",
                              "range", "length", "format");
    return json_pack("{s:s,s:{s:{s:s},s:{s:o},s:{s:s}}}", "type", "object", "properties", "field",
                     "type", "string", "code", "enum", codes, "detail", "type", "string");
}

static json_t *login_schema(void)
{
    return json_pack("{s:s,s:{s:{s:s},s:o,s:o}}", "type", "object", "properties", "token", "type",
                     "string", "expires_at", text_schema("date-time"), "user", ref("user"));
}

/* As it is shown: sums have other bounds than what may be asked for, nothing paid yet is 0. */
static json_t *money_schema(void)
{
    return json_pack("{s:s,s:{s:{s:s,s:s,s:i},s:{s:s,s:s}},s:[s,s]}", "type", "object",
                     "properties", "amount", "type", "integer", "format", "int64", "minimum", 0,
                     "currency", "type", "string", "pattern", "^[A-Z]{3}$", "required", "amount",
                     "currency");
}

static json_t *components(void)
{
    static const char *const resources[] = {"user",    "job",        "application", "contract",
                                            "client",  "freelancer", "message",     "thread",
                                            "invoice", "payment",    "command"};
    json_t *schemas = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
        json_object_set_new(schemas, resources[i], resource_schema(resources[i]));
    json_object_set_new(schemas, "money", money_schema());
    json_object_set_new(schemas, "login", login_schema());
    json_object_set_new(schemas, "problem", problem_schema());
    json_object_set_new(schemas, "field_error", field_error_schema());
    return json_pack("{s:o,s:{s:{s:s,s:s}}}", "schemas", schemas, "securitySchemes", "bearer",
                     "type", "http", "scheme", "bearer");
}

/* ---- operations */

static void
parameter_add(json_t *list, const char *name, const char *in, bool required, json_t *schema)
{
    json_array_append_new(list, json_pack("{s:s,s:s,s:b,s:o}", "name", name, "in", in, "required",
                                          required, "schema", schema));
}

static void path_parameters(json_t *list, const struct route *r)
{
    for (const char *p = r->path; (p = strchr(p, '{')); p++) {
        char name[64] = "";
        memcpy(name, p + 1, strcspn(p + 1, "}"));
        parameter_add(list, name, "path", true, text_schema(r->bare ? NULL : "uuid"));
    }
}

static json_t *bounded_text(int max)
{
    return json_pack("{s:s,s:i,s:i}", "type", "string", "minLength", 1, "maxLength", max);
}

static json_t *filter_schema(const struct filter *f)
{
    switch (f->kind) {
    case FILTER_UUID:
        return text_schema("uuid");
    case FILTER_ENUM:
        return symbols_json(f->enums);
    case FILTER_TEXT:
        return bounded_text(FILTER_TEXT_MAX);
    case FILTER_TEXT_LIST:
        return json_pack("{s:s,s:o,s:i}", "type", "array", "items", bounded_text(FILTER_WORD_MAX),
                         "maxItems", FILTER_TEXTS_MAX);
    case FILTER_AMOUNT:
        return json_pack("{s:s,s:i,s:I}", "type", "integer", "minimum", 0, "maximum",
                         (json_int_t)MONEY_AMOUNT_MAX);
    case FILTER_CURRENCY:
        break;
    }
    return json_pack("{s:s,s:s}", "type", "string", "pattern", "^[A-Z]{3}$");
}

static void list_parameters(json_t *list, const struct route *r)
{
    for (const struct filter *f = r->filters; f && f->name; f++) {
        json_t *schema = filter_schema(f);
        if (f->standard)
            json_object_set_new(schema, "default", json_string(f->standard));
        parameter_add(list, f->name, "query", f->required, schema);
    }
    parameter_add(list, "page_size", "query", false,
                  json_pack("{s:s,s:i,s:i,s:i}", "type", "integer", "minimum", 1, "maximum",
                            PAGE_SIZE_MAX, "default", PAGE_SIZE_DEFAULT));
    parameter_add(list, "cursor", "query", false, text_schema(NULL));
}

static void stream_parameters(json_t *list)
{
    json_t *names = json_array();
    for (size_t i = 0; i < n_services; i++)
        json_array_append_new(names, json_string(services[i].name));
    parameter_add(list, "service", "query", true,
                  json_pack("{s:s,s:o}", "type", "string", "enum", names));
    parameter_add(list, "after", "query", false, text_schema(NULL));
    parameter_add(list, "Last-Event-ID", "header", false, text_schema(NULL));
}

/* How long a key holds is a setting, and part of the contract. */
static void key_parameter(json_t *list, int64_t outcome_retention_s)
{
    char text[KEY_TEXT_MAX], holds[KEY_HOLDS_MAX] = "the time of the setting outcome_retention_s";
    if (outcome_retention_s > 0)
        (void)snprintf(holds, sizeof(holds), "%lld s", (long long)outcome_retention_s);
    (void)snprintf(text, sizeof(text),
                   "The same request with the same key has the same outcome, for %s after that "
                   "was known. A key that is sent later makes a new request: what can only be done "
                   "once is refused (already_done, already_exists, ...); a PATCH sets its members "
                   "again, unless If-Match refuses it.",
                   holds);
    json_array_append_new(list,
                          json_pack("{s:s,s:s,s:b,s:s,s:o}", "name", "Idempotency-Key", "in",
                                    "header", "required", false, "description", text, "schema",
                                    json_pack("{s:s,s:i,s:i}", "type", "string", "minLength", 1,
                                              "maxLength", IDEMPOTENCY_KEY_MAX)));
}

static json_t *parameters(const struct route *r, int64_t outcome_retention_s)
{
    json_t *list = json_array();
    path_parameters(list, r);
    if (r->handler == read_list)
        list_parameters(list, r);
    if (r->handler == events_show)
        stream_parameters(list);
    if (r->handler == read_list || r->handler == read_item) {
        parameter_add(list, "If-Match", "header", false, text_schema(NULL));
        parameter_add(list, "If-None-Match", "header", false, text_schema(NULL));
        parameter_add(list, "Hirelog-After", "header", false, text_schema(NULL));
    }
    if (r->command)
        key_parameter(list, outcome_retention_s);
    if (r->conditional)
        parameter_add(list, "If-Match", "header", false, text_schema(NULL));
    if (r->command || r->handler == read_list || r->handler == read_item)
        parameter_add(list, "Prefer", "header", false, text_schema(NULL));
    return list;
}

/* The command's own members and those that never become part of it. */
static json_t *body_schema(const struct route *r)
{
    json_t *schema = r->command ? record_json_schema(r->command)
                                : json_pack("{s:s,s:{}}", "type", "object", "properties");
    json_t *more = r->body_schema ? json_loads(r->body_schema, 0, NULL) : NULL;
    json_t *required = json_object_get(schema, "required");
    const char *name;
    json_t *value;
    if (more && !required) {
        required = json_array();
        json_object_set_new(schema, "required", required);
    }
    json_object_foreach(more, name, value)
    {
        json_object_set(json_object_get(schema, "properties"), name, value);
        json_array_append_new(required, json_string(name));
    }
    json_decref(more);
    return schema;
}

static json_t *json_content(json_t *schema)
{
    return json_pack("{s:{s:o}}", "application/json", "schema", schema);
}

static json_t *responses(const struct route *r)
{
    char status[8];
    (void)snprintf(status, sizeof(status), "%d", r->status);
    json_t *ok = json_pack("{s:s}", "description", r->summary);
    if (r->resource && r->handler == read_list)
        json_object_set_new(ok, "content", json_content(page_schema(r->resource)));
    else if (r->resource)
        json_object_set_new(ok, "content", json_content(ref(r->resource)));
    else if (r->content_type)
        json_object_set_new(ok, "content",
                            json_pack("{s:{s:o}}", r->content_type, "schema", text_schema(NULL)));
    json_t *all = json_pack("{s:o}", status, ok);
    if (r->command)
        json_object_set_new(all, "202",
                            json_pack("{s:s,s:o}", "description",
                                      "Stored; the outcome is not known yet.", "content",
                                      json_content(ref("command"))));
    if (r->handler == read_list || r->handler == read_item)
        json_object_set_new(all, "304",
                            json_pack("{s:s}", "description", "It is what If-None-Match names."));
    if (!r->bare)
        json_object_set_new(all, "default",
                            json_pack("{s:s,s:{s:{s:o}}}", "description", "What went wrong.",
                                      "content", "application/problem+json", "schema",
                                      ref("problem")));
    return all;
}

static json_t *operation(const struct route *r, int64_t outcome_retention_s)
{
    json_t *o = json_pack("{s:s,s:o,s:o}", "summary", r->summary, "parameters",
                          parameters(r, outcome_retention_s), "responses", responses(r));
    if (r->command || r->body_schema)
        json_object_set_new(o, "requestBody",
                            json_pack("{s:o}", "content", json_content(body_schema(r))));
    if (r->who == WHO_MAYBE)
        json_object_set_new(o, "security", json_pack("[{},{s:[]}]", "bearer"));
    else if (r->who != WHO_ANYONE)
        json_object_set_new(o, "security", json_pack("[{s:[]}]", "bearer"));
    return o;
}

static const char *lower_method(const char *method)
{
    return strcmp(method, "GET") == 0 ? "get" : strcmp(method, "POST") == 0 ? "post" : "patch";
}

char *openapi_text(struct api *api)
{
    int64_t outcome_retention_s = api && api->cfg ? api->cfg->outcome_retention_s : 0;
    json_t *paths = json_object();
    for (size_t i = 0; i < n_routes; i++) {
        if (api && !api_serves(api, &routes[i]))
            continue;
        json_t *path = json_object_get(paths, routes[i].path);
        if (!path) {
            path = json_object();
            json_object_set_new(paths, routes[i].path, path);
        }
        json_object_set_new(path, lower_method(routes[i].method),
                            operation(&routes[i], outcome_retention_s));
    }
    json_t *all = json_pack("{s:s,s:{s:s,s:s,s:s},s:o,s:o}", "openapi", "3.1.0", "info", "title",
                            "hirelog", "version", "1", "description",
                            "Errors are application/problem+json with a stable code.", "paths",
                            paths, "components", components());
    char *text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    return text;
}

enum step openapi_show(struct request *rq)
{
    return reply_json(rq, MHD_HTTP_OK, rq->api->openapi);
}

/* registry_routes.c - the embedded schema registry in the Confluent REST dialect (S2), errors
 * included; and what a registry somewhere else gave ids to (S3). */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/handlers.h"
#include "api/pool.h"
#include "api/request.h"
#include "schemas/registry.h"
#include "schemas/schema_ids.h"

#define REGISTRY_TYPE "application/vnd.schemaregistry.v1+json"

enum registry_error {
    SUBJECT_NOT_FOUND = 40401,
    VERSION_NOT_FOUND = 40402,
    SCHEMA_NOT_FOUND = 40403,
    INVALID_SCHEMA = 42201,
    INVALID_VERSION = 42202,
    REGISTRY_AWAY = 50301,
};

static enum step registry_reply(struct request *rq, unsigned status, json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT | JSON_ENCODE_ANY);
    struct bytes body = arena_bytes(&rq->arena, text, strlen(text));
    free(text);
    json_decref(o);
    rq->reply.content_type = REGISTRY_TYPE;
    return reply_json(rq, status, body);
}

static enum step registry_error(struct request *rq, enum registry_error code, const char *message)
{
    return registry_reply(rq, (unsigned)code / 100,
                          json_pack("{s:i,s:s}", "error_code", (int)code, "message", message));
}

static json_t *version_json(const struct record_type *t, const struct schema_version *v)
{
    return json_pack("{s:s,s:i,s:i,s:s}", "subject", t->subject, "id", (int)v->id, "version",
                     (int)v->version, "schema", v->text);
}

/* 1.. as digits; -1 = not a number. */
static int64_t number(const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > 9 || text[strspn(text, "0123456789")] != '\0')
        return -1;
    return strtoll(text, NULL, 10);
}

static enum step schema_reply(struct request *rq, const char *text)
{
    return registry_reply(rq, MHD_HTTP_OK, json_pack("{s:s}", "schema", text));
}

/* A text that only the schema registry has. */
struct fetch {
    struct pool_job job;
    int32_t id;
    enum err_code code; /* schema_ids_text()'s */
    const char *text;
};

/* In a thread of its own: an HTTP thread never waits for another server. */
static void fetch_work(struct pool_job *job)
{
    struct fetch *f = (struct fetch *)job;
    struct err ignored;
    f->code = schema_ids_text(f->id, &f->text, &ignored);
}

static enum step fetched(struct request *rq)
{
    const struct fetch *f = rq->work;
    if (!f->job.refused && f->code == ERR_OK)
        return schema_reply(rq, f->text);
    if (!f->job.refused && f->code == ERR_NOT_FOUND)
        return registry_error(rq, SCHEMA_NOT_FOUND, "Schema not found");
    return registry_error(rq, REGISTRY_AWAY, "The schema registry is away");
}

/* S3: an id that the schema registry gave to a newer program's text. */
static enum step fetch(struct request *rq, int32_t id)
{
    struct pool *schemas = rq->api->schemas;
    struct fetch *f = rq->work = ARENA_NEW(&rq->arena, struct fetch);
    *f = (struct fetch){
        .job = {.work = fetch_work, .request = rq},
          .id = id
    };
    request_park(rq, fetched);
    pool_submit(schemas, &f->job);
    return STEP_PARKED;
}

enum step registry_schema_by_id(struct request *rq)
{
    const struct record_type *t;
    const struct schema_version *v;
    int64_t id = number(router_capture(&rq->match, "id"));
    if (id >= 0 && registry_by_id((int32_t)id, &t, &v))
        return schema_reply(rq, v->text);
    if (id < 0 || id >= REGISTRY_LOCKED_ID_MIN || !schema_ids_are_a_registrys())
        return registry_error(rq, SCHEMA_NOT_FOUND, "Schema not found");
    const char *known = schema_ids_known_text((int32_t)id);
    return known ? schema_reply(rq, known) : fetch(rq, (int32_t)id);
}

enum step registry_subjects(struct request *rq)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n_record_types; i++)
        if (record_types[i]->n_versions > 0)
            json_array_append_new(list, json_string(record_types[i]->subject));
    return registry_reply(rq, MHD_HTTP_OK, list);
}

enum step registry_versions(struct request *rq)
{
    const struct record_type *t = registry_subject(router_capture(&rq->match, "subject"));
    if (!t)
        return registry_error(rq, SUBJECT_NOT_FOUND, "Subject not found");
    json_t *list = json_array();
    for (size_t i = 0; i < t->n_versions; i++)
        json_array_append_new(list, json_integer(t->versions[i].version));
    return registry_reply(rq, MHD_HTTP_OK, list);
}

enum step registry_version_of(struct request *rq)
{
    const char *text = router_capture(&rq->match, "version");
    const struct record_type *t = registry_subject(router_capture(&rq->match, "subject"));
    int64_t n = strcmp(text, "latest") == 0 ? 0 : number(text);
    if (!t)
        return registry_error(rq, SUBJECT_NOT_FOUND, "Subject not found");
    if (n < 0 || (n == 0 && strcmp(text, "latest") != 0))
        return registry_error(rq, INVALID_VERSION,
                              "The version is not a number from 1, nor latest");
    const struct schema_version *v = registry_version(t, (int32_t)n);
    if (!v)
        return registry_error(rq, VERSION_NOT_FOUND, "Version not found");
    return registry_reply(rq, MHD_HTTP_OK, version_json(t, v));
}

/* Is this schema one of the subject's? Nothing is registered by asking. */
enum step registry_look_up(struct request *rq)
{
    const struct record_type *t = registry_subject(router_capture(&rq->match, "subject"));
    if (!t)
        return registry_error(rq, SUBJECT_NOT_FOUND, "Subject not found");
    json_t *body =
        rq->body.len ? json_loadb(rq->body.data, rq->body.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const char *schema = json_string_value(json_object_get(body, "schema"));
    const struct schema_version *v = schema ? registry_lookup(t, schema) : NULL;
    bool readable = schema != NULL;
    json_decref(body);
    if (!readable)
        return registry_error(rq, INVALID_SCHEMA,
                              "The body needs a member schema with the schema's text");
    if (!v)
        return registry_error(rq, SCHEMA_NOT_FOUND, "Schema not found");
    return registry_reply(rq, MHD_HTTP_OK, version_json(t, v));
}

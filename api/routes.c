/* routes.c - THE table: every path that this server knows. openapi.json and the tests are made from
 * it. */
#include "api/route.h"

#include <microhttpd.h>
#include <string.h>

#include "api/handlers.h"
#include "api/read.h"
#include "api/write.h"
#include "schemas/records.h"

static const struct filter job_filters[] = {
    {"status",          FILTER_ENUM, &enum_job_status, "open"},
    {"client_id", FILTER_UUID, NULL, NULL},
    {0                },
};

static const struct access contract_parties = {
    .members = {"client_id", "freelancer_id"},
      .reason = "not_a_party"
};
static const struct access application_parties = {
    .members = {"freelancer_id"},
    .via_query = "job",
    .via_member = "job_id",
    .via_owner = "client_id",
    .reason = "not_a_party",
};
static const struct parent owned_job = {
    .query = "job",
    .access = {.members = {"client_id"}, .reason = "not_the_owner"},
};

#define PASSWORD_SCHEMA \
    "{\"type\":\"string\",\"minLength\":8,\"maxLength\":128,\"format\":\"password\"}"

// clang-format off
const struct route routes[] = {
    /* accounts */
    {"POST", "/api/register/", WHO_ANYONE, MHD_HTTP_CREATED, account_register, "user",
     .command = &type_register_user, .creates = "user_id", .query = "account_profile", .resource = "user",
     .location = "/api/profile/", .body_schema = "{\"password\":" PASSWORD_SCHEMA "}",
     .summary = "Open an account."},
    {"POST", "/api/login/", WHO_ANYONE, MHD_HTTP_OK, account_login, "user",
     .query = "account_profile", .resource = "login",
     .body_schema = "{\"email\":{\"type\":\"string\"},\"password\":{\"type\":\"string\",\"format\":\"password\"}}",
     .summary = "Open a session; the token is told once."},
    {"POST", "/api/logout/", WHO_USER, MHD_HTTP_NO_CONTENT, account_logout, "user",
     .summary = "End this session."},
    {"GET", "/api/profile/", WHO_USER, MHD_HTTP_OK, read_item, "user",
     .query = "account_profile", .resource = "user", .actor_arg = "ids",
     .summary = "The own profile."},
    {"PATCH", "/api/profile/", WHO_USER, MHD_HTTP_OK, write_handler, "user",
     .command = &type_update_profile, .actor_field = "user_id", .conditional = true,
     .query = "account_profile", .resource = "user",
     .summary = "Change the own profile; absent members stay."},
    {"POST", "/api/profile/password/", WHO_USER, MHD_HTTP_NO_CONTENT, account_password, "user",
     .command = &type_change_password, .actor_field = "user_id",
     .body_schema = "{\"old_password\":{\"type\":\"string\",\"format\":\"password\"},\"new_password\":" PASSWORD_SCHEMA "}",
     .summary = "Change the password; other sessions end."},
    {"POST", "/api/profile/deactivate/", WHO_USER, MHD_HTTP_NO_CONTENT, write_handler, "user",
     .command = &type_deactivate_user, .actor_field = "user_id", .conditional = true,
     .summary = "Close the own account; its sessions end, its address stays taken."},
    {"GET", "/api/profile/{user_id}/", WHO_USER, MHD_HTTP_OK, read_item, "user",
     .query = "public_profile", .resource = "user",
     .summary = "What others see of a person."},

    /* jobs */
    {"GET", "/api/jobs/", WHO_ANYONE, MHD_HTTP_OK, read_list, "job",
     .query = "jobs", .resource = "job", .filters = job_filters,
     .summary = "Jobs, newest first."},
    {"POST", "/api/jobs/create/", WHO_CLIENT, MHD_HTTP_CREATED, write_handler, "job",
     .command = &type_post_job, .creates = "job_id", .query = "job", .resource = "job", .location = "/api/jobs/",
     .summary = "Post a job."},
    {"GET", "/api/jobs/{job_id}/", WHO_ANYONE, MHD_HTTP_OK, read_item, "job",
     .query = "job", .resource = "job",
     .summary = "One job."},
    {"PATCH", "/api/jobs/{job_id}/", WHO_USER, MHD_HTTP_OK, write_handler, "job",
     .command = &type_edit_job, .conditional = true, .query = "job", .resource = "job",
     .summary = "Change an open job of one's own; absent members stay."},
    {"POST", "/api/jobs/{job_id}/close/", WHO_USER, MHD_HTTP_OK, write_handler, "job",
     .command = &type_close_job, .conditional = true, .query = "job", .resource = "job",
     .summary = "Close an open job of one's own; live applications are declined."},

    /* applications */
    {"GET", "/api/jobs/{job_id}/applications/", WHO_USER, MHD_HTTP_OK, read_list, "job",
     .query = "applications_of_job", .resource = "application", .parent = &owned_job,
     .summary = "The applications for a job of one's own, newest first."},
    {"POST", "/api/jobs/{job_id}/applications/", WHO_FREELANCER, MHD_HTTP_CREATED, write_handler, "job",
     .command = &type_submit_application, .query = "application", .resource = "application",
     .location = "/api/applications/",
     .summary = "Apply for an open job."},
    {"GET", "/api/applications/{application_id}/", WHO_USER, MHD_HTTP_OK, read_item, "job",
     .query = "application", .resource = "application", .access = &application_parties,
     .summary = "One application, for its freelancer and the job's owner."},
    {"POST", "/api/applications/{application_id}/withdraw/", WHO_USER, MHD_HTTP_OK, write_handler, "job",
     .command = &type_withdraw_application, .key_query = "application", .key_from = "application_id",
     .conditional = true, .query = "application", .resource = "application",
     .summary = "Take the own application back."},
    {"POST", "/api/applications/{application_id}/decline/", WHO_USER, MHD_HTTP_OK, write_handler, "job",
     .command = &type_decline_application, .key_query = "application", .key_from = "application_id",
     .conditional = true, .query = "application", .resource = "application",
     .summary = "Decline an application for a job of one's own."},

    /* hires and contracts */
    {"POST", "/api/clients/{client_id}/hires/", WHO_CLIENT, MHD_HTTP_CREATED, write_handler, "job",
     .command = &type_hire_freelancer, .creates = "contract_id", .key_query = "application",
     .key_from = "application_id", .self = "client_id", .query = "contract", .resource = "contract",
     .location = "/api/contracts/",
     .summary = "Accept an application: the others are declined, the job is filled, a contract starts."},
    {"GET", "/api/contracts/", WHO_USER, MHD_HTTP_OK, read_list, "job",
     .query = "contracts", .resource = "contract", .actor_arg = "party_id",
     .summary = "The own contracts, on either side, newest first."},
    {"GET", "/api/contracts/{contract_id}/", WHO_USER, MHD_HTTP_OK, read_item, "job",
     .query = "contract", .resource = "contract", .access = &contract_parties,
     .summary = "One contract, for its two parties."},
    {"POST", "/api/contracts/{contract_id}/complete/", WHO_USER, MHD_HTTP_OK, write_handler, "job",
     .command = &type_complete_contract, .key_query = "contract", .key_from = "contract_id",
     .conditional = true, .query = "contract", .resource = "contract",
     .summary = "The work is done, says the client."},
    {"POST", "/api/contracts/{contract_id}/cancel/", WHO_USER, MHD_HTTP_OK, write_handler, "job",
     .command = &type_cancel_contract, .key_query = "contract", .key_from = "contract_id",
     .conditional = true, .query = "contract", .resource = "contract",
     .summary = "End a contract without completion, by either side."},

    /* what belongs to no service */
    {"GET", "/api/commands/{command_id}/", WHO_MAYBE, MHD_HTTP_OK, command_status, NULL,
     .resource = "command",
     .summary = "What became of a command, for its sender."},
    {"GET", "/openapi.json", WHO_ANYONE, MHD_HTTP_OK, openapi_show, NULL, .bare = true,
     .summary = "This contract."},
    {"GET", "/schemas/ids/{id}", WHO_ANYONE, MHD_HTTP_OK, registry_schema_by_id, NULL, .bare = true,
     .summary = "Schema registry: the schema of an id."},
    {"GET", "/subjects", WHO_ANYONE, MHD_HTTP_OK, registry_subjects, NULL, .bare = true,
     .summary = "Schema registry: all subjects."},
    {"GET", "/subjects/{subject}/versions", WHO_ANYONE, MHD_HTTP_OK, registry_versions, NULL, .bare = true,
     .summary = "Schema registry: the versions of a subject."},
    {"GET", "/subjects/{subject}/versions/{version}", WHO_ANYONE, MHD_HTTP_OK, registry_version_of, NULL, .bare = true,
     .summary = "Schema registry: one version, or latest."},
    {"POST", "/subjects/{subject}", WHO_ANYONE, MHD_HTTP_OK, registry_look_up, NULL, .bare = true,
     .summary = "Schema registry: look a schema up."},
};
// clang-format on
const size_t n_routes = ARRAY_SIZE(routes);

const struct route *route_find(const char *method, const char *path)
{
    for (size_t i = 0; i < n_routes; i++)
        if (strcmp(routes[i].method, method) == 0 && strcmp(routes[i].path, path) == 0)
            return &routes[i];
    return NULL;
}

static bool path_captures(const char *path, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = path; (p = strchr(p, '{')); p++)
        if (strncmp(p + 1, name, len) == 0 && p[1 + len] == '}')
            return true;
    return false;
}

static bool is(const char *a, const char *b)
{
    return a && strcmp(a, b) == 0;
}

/* Where does this field of the command come from? Credentials are the account handlers' own. */
static bool field_has_source(const struct route *r, const struct field *f)
{
    bool by_handler = r->handler != write_handler && !f->digest;
    bool key_found = r->key_query && f == r->command->key;
    return f->api || by_handler || key_found || is(r->creates, f->name) ||
           is(r->actor_field, f->name) || path_captures(r->path, f->name);
}

static const char *route_check(const struct route *r)
{
    if (!r->summary || r->path[0] != '/' || (!r->bare && r->path[strlen(r->path) - 1] != '/'))
        return "a path without summary or final slash";
    if (route_find(r->method, r->path) != r)
        return "a path that is there twice";
    if (r->command && (r->command->role != RECORD_COMMAND || !r->command->key ||
                       !is(r->service, r->command->service)))
        return "a command that is none, or another service's";
    for (size_t i = 1; r->command && i < r->command->n_fields; i++)
        if (!field_has_source(r, &r->command->fields[i]))
            return r->command->fields[i].name;
    if (r->key_from && !record_field(r->command, r->key_from))
        return r->key_from;
    return NULL;
}

const char *routes_check(void)
{
    for (size_t i = 0; i < n_routes; i++) {
        const char *mistake = route_check(&routes[i]);
        if (mistake)
            return mistake;
    }
    return NULL;
}

/* routes.c - THE table: every path that this server knows. openapi.json and the tests are made from
 * it. */
#include "api/route.h"

#include <microhttpd.h>
#include <string.h>

#include "api/handlers.h"
#include "api/read.h"
#include "api/write.h"
#include "ops/runtime/money.h"
#include "producers/messaging/messaging.h"
#include "projections/query.h"
#include "schemas/records.h"

static const struct filter job_filters[] = {
    {.name = "status",           .kind = FILTER_ENUM, .enums = &enum_job_status, .standard = "open"},
    {.name = "client_id", .kind = FILTER_UUID},
    {.name = "q",                          .kind = FILTER_TEXT, .searches = true},
    {.name = "skill",       .kind = FILTER_TEXT_LIST, .arg = "skills", .searches = true},
    {.name = "min_budget",                .kind = FILTER_AMOUNT, .needs = "currency", .searches = true},
    {.name = "max_budget",          .kind = FILTER_AMOUNT, .needs = "currency", .searches = true},
    {.name = "currency",            .kind = FILTER_CURRENCY, .searches = true, .alone = "min_budget"},
    {0          },
};
static const struct filter freelancer_filters[] = {
    {.name = "q",               .kind = FILTER_TEXT},
    {.name = "skill",                         .kind = FILTER_TEXT_LIST, .arg = "skills"},
    {.name = "max_rate",.kind = FILTER_AMOUNT, .needs = "currency"},
    {.name = "currency",
     .kind = FILTER_CURRENCY,
     .alone = "max_rate",
     .alone_amount = MONEY_AMOUNT_MAX},
    {0                           },
};
static const struct filter message_filters[] = {
    {.name = "thread",  .kind = FILTER_UUID, .required = true},
    {0},
};
static const struct filter payment_filters[] = {
    {.name = "invoice_id", .kind = FILTER_UUID},
    {0                   },
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
static const struct access message_parties = {
    .members = {"sender_id", "recipient_id"},
      .reason = "not_a_party"
};
static const struct access participants = {.members = {"participants"}, .reason = "not_a_party"};
/* Of invoices and payments. */
static const struct access payment_parties = {
    .members = {"client_id", "freelancer_id"},
      .reason = "not_a_party"
};
static const struct parent shared_thread = {
    .query = "thread",
    .param = "thread",
    .access = {.members = {"participants"}, .reason = "not_a_party"},
};
static const struct existence recipient = {"to", "user", "public_profile"};

/* The thread follows from the pair and the job. */
static void message_thread(void *command)
{
    struct send_message *m = command;
    m->thread_id = thread_id_of(&m->meta.actor.id, &m->to, m->has_job_id ? &m->job_id : NULL);
}

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
    {"POST", "/api/password/reset/", WHO_ANYONE, MHD_HTTP_NO_CONTENT, account_reset, "user",
     .command = &type_change_password,
     .body_schema = "{\"token\":{\"type\":\"string\"},\"new_password\":" PASSWORD_SCHEMA "}",
     .summary = "Set a password anew with a one-time token from an operator; all sessions end."},
    {"POST", "/api/profile/deactivate/", WHO_USER, MHD_HTTP_NO_CONTENT, write_handler, "user",
     .command = &type_deactivate_user, .actor_field = "user_id", .conditional = true,
     .summary = "Close the own account; its sessions end, its address stays taken."},
    {"GET", "/api/profile/{user_id}/", WHO_USER, MHD_HTTP_OK, read_item, "user",
     .query = "public_profile", .resource = "user",
     .summary = "What others see of a person."},

    /* jobs */
    {"GET", "/api/jobs/", WHO_ANYONE, MHD_HTTP_OK, read_list, "job",
     .query = "jobs", .search = "search_jobs", .resource = "job", .filters = job_filters,
     .summary = "Jobs, newest first; of those searched for the best first. All skills, all of the words."},
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

    /* clients */
    {"GET", "/api/clients/", WHO_ANYONE, MHD_HTTP_OK, read_list, "client",
     .query = "clients", .resource = "client",
     .summary = "Those who hire, newest first."},
    {"GET", "/api/clients/{client_id}/", WHO_ANYONE, MHD_HTTP_OK, read_item, "client",
     .query = "client", .resource = "client",
     .summary = "One client, with what was posted, hired and spent."},
    {"PATCH", "/api/clients/{client_id}/", WHO_USER, MHD_HTTP_OK, write_handler, "client",
     .command = &type_update_client, .self = "client_id", .conditional = true,
     .query = "client", .resource = "client",
     .summary = "Change the own client profile; absent members stay."},
    {"GET", "/api/clients/{client_id}/jobs/", WHO_ANYONE, MHD_HTTP_OK, read_list, "client",
     .query = "postings_of_client", .resource = "job",
     .summary = "The jobs of one client, whatever their status, newest first."},

    /* freelancers */
    {"GET", "/api/freelancers/", WHO_ANYONE, MHD_HTTP_OK, read_list, "freelancer",
     .query = "freelancers", .resource = "freelancer", .filters = freelancer_filters,
     .summary = "Those who work, newest first; of those searched for the best first."},
    {"GET", "/api/freelancers/{freelancer_id}/", WHO_ANYONE, MHD_HTTP_OK, read_item, "freelancer",
     .query = "freelancer", .resource = "freelancer",
     .summary = "One freelancer, with what was completed and earned."},
    {"PATCH", "/api/freelancers/{freelancer_id}/", WHO_USER, MHD_HTTP_OK, write_handler, "freelancer",
     .command = &type_update_freelancer, .self = "freelancer_id", .conditional = true,
     .query = "freelancer", .resource = "freelancer",
     .summary = "Change the own freelancer profile; absent members stay."},
    {"GET", "/api/freelancers/{freelancer_id}/applications/", WHO_USER, MHD_HTTP_OK, read_list, "freelancer",
     .self = "freelancer_id", .query = "applications_of_freelancer", .resource = "application",
     .summary = "The own applications with every status they had, newest first."},
    {"GET", "/api/freelancers/{freelancer_id}/history/", WHO_ANYONE, MHD_HTTP_OK, read_list, "freelancer",
     .query = "history_of_freelancer", .resource = "contract",
     .summary = "What a freelancer has completed, newest first."},

    /* messages */
    {"GET", "/api/messages/", WHO_USER, MHD_HTTP_OK, read_list, "messaging",
     .query = "messages", .resource = "message", .filters = message_filters, .parent = &shared_thread,
     .summary = "The messages of a thread of one's own, newest first."},
    {"POST", "/api/messages/create/", WHO_USER, MHD_HTTP_CREATED, write_handler, "messaging",
     .command = &type_send_message, .creates = "message_id", .derive = message_thread, .exists = &recipient,
     .query = "message", .resource = "message", .location = "/api/messages/",
     .summary = "Write to somebody; the thread follows from the pair and the job."},
    {"GET", "/api/messages/{message_id}/", WHO_USER, MHD_HTTP_OK, read_item, "messaging",
     .query = "message", .resource = "message", .access = &message_parties,
     .summary = "One message, for its two people."},
    {"GET", "/api/threads/", WHO_USER, MHD_HTTP_OK, read_list, "messaging",
     .query = "threads", .resource = "thread",
     .summary = "The own threads with what is unread, newest first."},
    {"GET", "/api/threads/{thread_id}/", WHO_USER, MHD_HTTP_OK, read_item, "messaging",
     .query = "thread", .resource = "thread", .access = &participants,
     .summary = "One thread, for its two people."},
    {"POST", "/api/threads/{thread_id}/read/", WHO_USER, MHD_HTTP_OK, write_handler, "messaging",
     .command = &type_mark_thread_read, .conditional = true, .query = "thread", .resource = "thread",
     .summary = "Everything up to then has been read."},

    /* invoices and payments */
    {"GET", "/api/invoices/", WHO_USER, MHD_HTTP_OK, read_list, "payment",
     .query = "invoices", .resource = "invoice", .actor_arg = "party_id",
     .summary = "The own invoices, on either side, newest first."},
    {"GET", "/api/invoices/{invoice_id}/", WHO_USER, MHD_HTTP_OK, read_item, "payment",
     .query = "invoice", .resource = "invoice", .access = &payment_parties,
     .summary = "One invoice, for its two parties."},
    {"POST", "/api/invoices/{invoice_id}/cancel/", WHO_USER, MHD_HTTP_OK, write_handler, "payment",
     .command = &type_cancel_invoice, .key_query = "invoice", .key_from = "invoice_id",
     .conditional = true, .query = "invoice", .resource = "invoice",
     .summary = "Take back an invoice of one's own that nobody has paid anything of."},
    {"GET", "/api/payments/", WHO_USER, MHD_HTTP_OK, read_list, "payment",
     .query = "payments", .resource = "payment", .filters = payment_filters, .actor_arg = "party_id",
     .summary = "The own payments, on either side, newest first."},
    {"POST", "/api/payments/", WHO_USER, MHD_HTTP_CREATED, write_handler, "payment",
     .command = &type_record_payment, .creates = "payment_id", .key_query = "invoice", .key_from = "invoice_id",
     .query = "payment", .resource = "payment", .location = "/api/payments/",
     .summary = "Pay an invoice, or a part of it; without an amount all that is due."},
    {"GET", "/api/payments/{payment_id}/", WHO_USER, MHD_HTTP_OK, read_item, "payment",
     .query = "payment", .resource = "payment", .access = &payment_parties,
     .summary = "One payment, for its two parties."},
    {"POST", "/api/payments/{payment_id}/refund/", WHO_USER, MHD_HTTP_OK, write_handler, "payment",
     .command = &type_refund_payment, .key_query = "payment", .key_from = "payment_id",
     .conditional = true, .query = "payment", .resource = "payment",
     .summary = "Give back a payment that one has received, or a part of it."},

    /* what belongs to no service */
    {"GET", "/api/commands/{command_id}/", WHO_MAYBE, MHD_HTTP_OK, command_status, NULL,
     .resource = "command",
     .summary = "What became of a command, for its sender."},
    {"GET", "/api/events/", WHO_USER, MHD_HTTP_OK, events_show, NULL,
     .content_type = "text/event-stream",
     .summary = "The events of one service that the caller may see, as they happen: Server-Sent Events."},
    {"GET", "/openapi.json", WHO_ANYONE, MHD_HTTP_OK, openapi_show, NULL, .bare = true,
     .summary = "This contract."},
    {"GET", "/asyncapi.json", WHO_ANYONE, MHD_HTTP_OK, asyncapi_show, NULL, .bare = true,
     .summary = "The event topics: AsyncAPI."},
    {"GET", "/docs/", WHO_ANYONE, MHD_HTTP_OK, docs_show, NULL, .content_type = "text/html; charset=utf-8",
     .summary = "Both of them for people."},
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

/* Where does this field of the command come from? Credentials, and whose account it is, may be the account handlers' own. */
static bool field_has_source(const struct route *r, const struct field *f)
{
    bool by_handler = r->handler != write_handler && (!f->digest || f == r->command->key);
    bool key_found = (r->key_query || r->derive) && f == r->command->key;
    return f->api || by_handler || key_found || is(r->creates, f->name) ||
           is(r->actor_field, f->name) || path_captures(r->path, f->name);
}

static bool filter_required(const struct route *r, const char *name)
{
    for (const struct filter *f = r->filters; f && f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f->required && f->kind == FILTER_UUID;
    return false;
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
    if (r->exists && !record_field(r->command, r->exists->field))
        return r->exists->field;
    if (r->parent && r->parent->param && !filter_required(r, r->parent->param))
        return r->parent->param;
    return NULL;
}

static bool query_has(const char *service, const char *name)
{
    return !name || query_find(service, name);
}

/* NULL = fits: of a list all arguments that the row gives are declared. */
static const char *list_check(const struct route *r, const char *name)
{
    const struct query *q = query_find(r->service, name);
    for (const struct filter *f = r->filters; f && f->name; f++)
        if (!query_takes(q, f->arg ? f->arg : f->name) && (!f->searches || name == r->search))
            return name;
    for (const char *p = r->path; (p = strchr(p, '{')); p++) {
        char capture[64] = "";
        memcpy(capture, p + 1, strcspn(p + 1, "}"));
        if (!query_takes(q, capture))
            return name;
    }
    return !r->actor_arg || query_takes(q, r->actor_arg) ? NULL : name;
}

static const char *queries_check(const struct route *r)
{
    const char *const names[] = {r->query, r->search, r->key_query,
                                 r->parent ? r->parent->query : NULL,
                                 r->access ? r->access->via_query : NULL};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (!query_has(r->service, names[i]))
            return names[i];
    if (r->exists && !query_has(r->exists->service, r->exists->query))
        return r->exists->query;
    if (r->handler != read_list)
        return NULL;
    const char *mistake = list_check(r, r->query);
    return mistake || !r->search ? mistake : list_check(r, r->search);
}

const char *routes_check_queries(const char *service)
{
    for (size_t i = 0; i < n_routes; i++) {
        const char *mistake = is(routes[i].service, service) ? queries_check(&routes[i]) : NULL;
        if (mistake)
            return mistake;
    }
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

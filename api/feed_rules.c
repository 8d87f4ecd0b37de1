#include "api/feed_rules.h"

#include <stdlib.h>
#include <string.h>

#include "schemas/records.h"

#define PATH_PART_MAX 64
#define ACTOR         "meta.actor.id"
#define ITSELF        "meta.aggregate_id"

/* What only parties see of every event: who sent which command. */
static const char *const meta_private[] = {"meta.actor", "meta.command_id"};

// clang-format off
static const struct feed_rule rules[] = {
    /* people: what the public profile shows is for everybody, the rest for oneself */
    {.event = &type_user_registered, .parties = {ITSELF}, .secret = "credential_id"},
    {.event = &type_profile_updated, .open = true, .parties = {ITSELF}},
    {.event = &type_password_changed, .parties = {ITSELF}, .secret = "credential_id"},
    {.event = &type_user_logged_in, .parties = {ITSELF}},
    {.event = &type_user_deactivated, .open = true, .parties = {ITSELF}},
    {.event = &type_client_created, .open = true, .parties = {ITSELF}},
    {.event = &type_client_updated, .open = true, .parties = {ITSELF}},
    {.event = &type_freelancer_created, .open = true, .parties = {ITSELF}},
    {.event = &type_freelancer_updated, .open = true, .parties = {ITSELF}},
    /* jobs: only their owner posts, edits, closes and hires, so the actor is the owner */
    {.event = &type_job_posted, .open = true, .parties = {"client_id"}},
    {.event = &type_job_edited, .open = true, .parties = {ACTOR}},
    {.event = &type_job_closed, .open = true, .parties = {ACTOR}, .private = {"reason"}},
    {.event = &type_job_filled, .open = true, .parties = {ACTOR}, .private = {"contract_id", "application_id"}},
    /* applications and contracts: the two sides. What declines an application may be the hire of somebody else: then the
     * command's id is the contract's */
    {.event = &type_application_submitted, .parties = {"freelancer_id"}, .job = "job_id"},
    {.event = &type_application_withdrawn, .parties = {"freelancer_id"}, .job = "job_id"},
    {.event = &type_application_declined, .parties = {"freelancer_id"}, .job = "job_id", .secret = "meta.command_id"},
    {.event = &type_application_accepted, .parties = {"freelancer_id"}, .job = "job_id"},
    {.event = &type_freelancer_hired, .parties = {"client_id", "freelancer_id"}},
    {.event = &type_contract_completed, .parties = {"client_id", "freelancer_id"}},
    {.event = &type_contract_cancelled, .parties = {"client_id", "freelancer_id"}},
    /* what one has read is one's own affair */
    {.event = &type_message_sent, .parties = {"sender_id", "recipient_id"}},
    {.event = &type_thread_read, .parties = {"reader_id"}},
    /* money: who asks and who pays */
    {.event = &type_invoice_issued, .parties = {"client_id", "freelancer_id"}},
    {.event = &type_invoice_cancelled, .parties = {"client_id", "freelancer_id"}},
    {.event = &type_invoice_paid, .parties = {"client_id", "freelancer_id"}},
    {.event = &type_payment_recorded, .parties = {"client_id", "freelancer_id"}},
    {.event = &type_payment_refunded, .parties = {"client_id", "freelancer_id"}},
    /* everywhere: its sender, who may have named what is others': how often that changed is not told */
    {.event = &type_command_rejected, .parties = {ACTOR}, .secret = "meta.version"},
};
// clang-format on

const struct feed_rule *feed_rule_find(const struct record_type *event)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (rules[i].event == event)
            return &rules[i];
    return NULL;
}

/* ---- the table against the schemas */

static const struct field *field_at(const struct record_type *t, const char *path)
{
    char part[PATH_PART_MAX];
    const char *dot = strchr(path, '.');
    size_t len = dot ? (size_t)(dot - path) : strlen(path);
    if (len >= sizeof(part))
        return NULL;
    memcpy(part, path, len);
    part[len] = '\0';
    const struct field *f = record_field(t, part);
    if (!dot || !f)
        return f;
    return f->record ? field_at(f->record, dot + 1) : NULL;
}

static bool names_id(const struct feed_rule *r, const char *path)
{
    const struct field *f = path ? field_at(r->event, path) : NULL;
    return !path || (f && f->kind == FIELD_UUID && !f->array);
}

static bool names_member(const struct feed_rule *r, const char *path)
{
    return !path || field_at(r->event, path);
}

static bool fits(const struct feed_rule *r)
{
    bool ok = r->parties[0] && names_id(r, r->job) && names_member(r, r->secret);
    for (size_t i = 0; i < FEED_MEMBERS_MAX; i++)
        ok &= names_id(r, r->parties[i]) && names_member(r, r->private[i]);
    return ok && (r->open || !r->private[0]);
}

const char *feed_rules_check(void)
{
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        const struct feed_rule *r = feed_rule_find(t);
        if (t->role == RECORD_EVENT && (!r || !fits(r)))
            return t->name;
    }
    return NULL;
}

const char *feed_rule_words(const struct feed_rule *r)
{
    if (r->open)
        return r->private[0] ? "everybody; parts of it only its owner" : "everybody";
    if (r->job || r->parties[1])
        return "its two parties";
    return strcmp(r->parties[0], ACTOR) == 0 ? "its sender" : "oneself";
}

/* ---- one event */

/* The object that has the path's last part as a member, and that part. */
static json_t *owner_of(const json_t *o, const char **path)
{
    const char *dot;
    for (; (dot = strchr(*path, '.')); *path = dot + 1) {
        char part[PATH_PART_MAX] = "";
        memcpy(part, *path, (size_t)(dot - *path)); /* feed_rules_check() has bounded it */
        o = json_object_get(o, part);
    }
    return (json_t *)o;
}

static bool id_at(const json_t *event, const char *path, struct uuid *ret)
{
    const json_t *owner = path ? owner_of(event, &path) : NULL;
    const char *text = json_string_value(json_object_get(owner, path));
    return text && uuid_parse(text, ret);
}

static void hide(json_t *event, const char *path)
{
    json_t *owner = owner_of(event, &path);
    (void)json_object_del(owner, path);
}

/* Nobody and reactors are no party. */
static void party_add(struct feed_view *v, const struct uuid *id)
{
    if (!uuid_is_nil(id))
        v->parties[v->n_parties++] = *id;
}

bool feed_rule_job(const struct feed_rule *r, const json_t *event, struct uuid *ret)
{
    return id_at(event, r->job, ret);
}

static char *open_text(const struct feed_rule *r, json_t *event)
{
    for (size_t i = 0; i < FEED_MEMBERS_MAX && r->private[i]; i++)
        hide(event, r->private[i]);
    for (size_t i = 0; i < ARRAY_SIZE(meta_private); i++)
        hide(event, meta_private[i]);
    return json_dumps(event, JSON_COMPACT);
}

void feed_view_init(struct feed_view *v,
                    const struct feed_rule *r,
                    json_t *event,
                    const struct uuid *job_client)
{
    struct uuid id;
    *v = (struct feed_view){0};
    for (size_t i = 0; i < FEED_MEMBERS_MAX; i++)
        if (id_at(event, r->parties[i], &id))
            party_add(v, &id);
    if (job_client)
        party_add(v, job_client);
    if (r->secret)
        hide(event, r->secret);
    v->full = json_dumps(event, JSON_COMPACT);
    if (r->open)
        v->open = open_text(r, event);
}

void feed_view_release(struct feed_view *v)
{
    free(v->full);
    free(v->open);
    *v = (struct feed_view){0};
}

const char *feed_view_for(const struct feed_view *v, const struct uuid *viewer)
{
    for (size_t i = 0; i < v->n_parties; i++)
        if (uuid_equal(&v->parties[i], viewer))
            return v->full;
    return v->open;
}

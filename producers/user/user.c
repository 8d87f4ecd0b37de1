#include "producers/user/user.h"

#include <assert.h>

#include "schemas/records.h"
#include "schemas/text.h"

/* Every command names its user right after meta. */
#define USER_ID_AT offsetof(struct register_user, user_id)
static_assert(offsetof(struct update_profile, user_id) == USER_ID_AT, "user_id comes after meta");
static_assert(offsetof(struct change_password, user_id) == USER_ID_AT, "user_id comes after meta");
static_assert(offsetof(struct record_login, user_id) == USER_ID_AT, "user_id comes after meta");
static_assert(offsetof(struct deactivate_user, user_id) == USER_ID_AT, "user_id comes after meta");

static void user_of_command(const void *command, struct arena *a, struct uuid_list *ret)
{
    const void *user_id = (const char *)command + USER_ID_AT;
    uuid_list_add(ret, a, user_id);
}

const char *user_email_key(const char *email, struct arena *a)
{
    return text_ascii_lower(email, a);
}

static const struct user_state *find_user(const struct decide_input *in, const struct uuid *id)
{
    return aggregates_state(in->aggregates, id, &type_user_state);
}

/* What every command on an existing account asks first. */
static const char *refuse_account(const struct user_state *user,
                                  const struct uuid *user_id,
                                  const struct command_meta *meta)
{
    REFUSE_UNLESS(user, "not_found");
    REFUSE_UNLESS(actor_is(&meta->actor, user_id), "not_the_owner");
    REFUSE_UNLESS(user->active, "account_deactivated");
    return NULL;
}

static const char *
register_user(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct register_user *c = command;
    const struct command_meta *meta = &c->meta;
    REFUSE_UNLESS(!aggregates_exists(in->aggregates, &c->user_id), "already_exists");
    REFUSE_UNLESS(!in->claim_refused, "email_taken");
    REFUSE_UNLESS(meta->actor.kind == ACTOR_KIND_ANONYMOUS &&
                      uuid_equal(&c->user_id, &meta->command_id),
                  "not_the_owner");
    struct user_registered *e = decision_emit(out, &type_user_registered, &c->user_id);
    e->email = c->email;
    e->display_name = c->display_name;
    e->roles.items = c->roles.items;
    e->roles.n = c->roles.n;
    e->credential_id = c->credential_id;
    return NULL;
}

static const char *
update_profile(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct update_profile *c = command;
    const char *refused = refuse_account(find_user(in, &c->user_id), &c->user_id, &c->meta);
    if (refused)
        return refused;
    REFUSE_UNLESS(c->has_display_name || c->has_headline || c->has_bio || c->has_location,
                  "nothing_to_change");
    struct profile_updated *e = decision_emit(out, &type_profile_updated, &c->user_id);
    e->has_display_name = c->has_display_name;
    e->display_name = c->display_name;
    e->has_headline = c->has_headline;
    e->headline = c->headline;
    e->has_bio = c->has_bio;
    e->bio = c->bio;
    e->has_location = c->has_location;
    e->location = c->location;
    return NULL;
}

/* The API proved the old password against old_credential_id; only here is known whether that one is
 * still active (V1). */
static const char *
change_password(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct change_password *c = command;
    const struct user_state *user = find_user(in, &c->user_id);
    const char *refused = refuse_account(user, &c->user_id, &c->meta);
    if (refused)
        return refused;
    REFUSE_UNLESS(uuid_equal(&user->credential_id, &c->old_credential_id), "invalid_credentials");
    struct password_changed *e = decision_emit(out, &type_password_changed, &c->user_id);
    e->credential_id = c->new_credential_id;
    return NULL;
}

static const char *
record_login(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct record_login *c = command;
    const char *refused = refuse_account(find_user(in, &c->user_id), &c->user_id, &c->meta);
    if (refused)
        return refused;
    decision_emit(out, &type_user_logged_in, &c->user_id);
    return NULL;
}

static const char *
deactivate_user(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct deactivate_user *c = command;
    const char *refused = refuse_account(find_user(in, &c->user_id), &c->user_id, &c->meta);
    if (refused)
        return refused;
    decision_emit(out, &type_user_deactivated, &c->user_id);
    return NULL;
}

static const struct command_rule commands[] = {
    {&type_register_user,   user_of_command, NULL, register_user  },
    {&type_update_profile,  user_of_command, NULL, update_profile },
    {&type_change_password, user_of_command, NULL, change_password},
    {&type_record_login,    user_of_command, NULL, record_login   },
    {&type_deactivate_user, user_of_command, NULL, deactivate_user},
};

static const void *registered(const void *state, const void *event, struct arena *a)
{
    (void)state;
    const struct user_registered *e = event;
    struct user_state *user = ARENA_NEW(a, struct user_state);
    user->email = user_email_key(e->email, a);
    user->credential_id = e->credential_id;
    user->active = true;
    return user;
}

static struct user_state *copy(const void *state, struct arena *a)
{
    struct user_state *user = ARENA_NEW(a, struct user_state);
    *user = *(const struct user_state *)state;
    return user;
}

static const void *password_changed(const void *state, const void *event, struct arena *a)
{
    if (!state)
        return NULL;
    const struct password_changed *e = event;
    struct user_state *user = copy(state, a);
    user->credential_id = e->credential_id;
    return user;
}

/* The address stays: final states are what lost claims are rebuilt from (C3). */
static const void *deactivated(const void *state, const void *event, struct arena *a)
{
    (void)event;
    if (!state)
        return NULL;
    struct user_state *user = copy(state, a);
    user->active = false;
    return user;
}

static const struct fold_rule folds[] = {
    {&type_user_registered,  &type_user_state, registered,       NULL, 0          },
    {&type_profile_updated,  &type_user_state, NULL,             NULL, 0          },
    {&type_password_changed, &type_user_state, password_changed, NULL, FOLD_SILENT},
    {&type_user_logged_in,   &type_user_state, NULL,             NULL, FOLD_SILENT},
    {&type_user_deactivated, &type_user_state, deactivated,      NULL, 0          },
};

static const char *claimed_email(const void *command, struct arena *a)
{
    const struct register_user *c = command;
    return user_email_key(c->email, a);
}

static const char *registered_email(const void *event, struct arena *a)
{
    const struct user_registered *e = event;
    return user_email_key(e->email, a);
}

static const struct claim_rule email_claim = {
    &type_register_user,
    claimed_email,
    &type_user_registered,
    registered_email,
};

const struct decider user_decider = {
    .fold_version = 1,
    .commands = commands,
    .n_commands = ARRAY_SIZE(commands),
    .folds = folds,
    .n_folds = ARRAY_SIZE(folds),
    .claim = &email_claim,
};

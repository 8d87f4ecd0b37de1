#include "consumers/reactions.h"

#include "schemas/records.h"

/* ---- UserRegistered -> a profile per role */

static bool has_role(const struct user_registered *e, int role)
{
    for (size_t i = 0; i < e->roles.n; i++)
        if (e->roles.items[i] == role)
            return true;
    return false;
}

static bool
open_client(const void *event, const struct uuid *command_id, void *command, struct arena *a)
{
    const struct user_registered *e = event;
    struct create_client *c = command;
    (void)command_id;
    (void)a;
    c->client_id = e->meta.aggregate_id;
    return has_role(e, ROLE_CLIENT);
}

static bool
open_freelancer(const void *event, const struct uuid *command_id, void *command, struct arena *a)
{
    const struct user_registered *e = event;
    struct create_freelancer *c = command;
    (void)command_id;
    (void)a;
    c->freelancer_id = e->meta.aggregate_id;
    return has_role(e, ROLE_FREELANCER);
}

/* ---- ContractCompleted -> an invoice over what was agreed */

static bool
charge_contract(const void *event, const struct uuid *command_id, void *command, struct arena *a)
{
    const struct contract_completed *e = event;
    struct issue_invoice *c = command;
    char contract[UUID_TEXT_LEN + 1];
    uuid_format(&e->meta.aggregate_id, contract);
    c->freelancer_id = e->freelancer_id;
    c->invoice_id = *command_id;
    c->contract_id = e->meta.aggregate_id;
    c->client_id = e->client_id;
    c->lines.n = 1;
    c->lines.items = ARENA_ARRAY(a, struct invoice_line, 1);
    c->lines.items[0] = (struct invoice_line){
        .description = arena_printf(a, "Work under contract %s", contract),
        .amount = e->amount,
    };
    return true;
}

const struct reactor_rule client_reactors[CLIENT_REACTORS_N] = {
    {"open_client", "Who registers as a client gets a client profile.", &type_user_registered,
     &type_create_client, open_client},
};
const struct reactor_rule freelancer_reactors[FREELANCER_REACTORS_N] = {
    {"open_freelancer", "Who registers as a freelancer gets a freelancer profile.",
     &type_user_registered, &type_create_freelancer, open_freelancer},
};
const struct reactor_rule payment_reactors[PAYMENT_REACTORS_N] = {
    {"charge_contract", "A completed contract is invoiced at once.", &type_contract_completed,
     &type_issue_invoice, charge_contract},
};

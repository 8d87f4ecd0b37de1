#include <inttypes.h>
#include <string.h>

#include "producers/payment/parts.h"

#define US_PER_DAY (INT64_C(24) * 60 * 60 * 1000000)

const struct invoice_state *
invoice_find(const struct decide_input *in, const struct uuid *id, const struct uuid *freelancer_id)
{
    const struct invoice_state *s = aggregates_state(in->aggregates, id, &type_invoice_state);
    return s && uuid_equal(&s->freelancer_id, freelancer_id) ? s : NULL;
}

void issue_invoice_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct issue_invoice *c = command;
    struct uuid book = invoice_book_of(&c->freelancer_id);
    struct uuid contract = contract_invoices_of(&c->contract_id);
    uuid_list_add(ret, a, &c->invoice_id);
    uuid_list_add(ret, a, &book);
    uuid_list_add(ret, a, &contract);
}

static bool has_live_invoice(const struct decide_input *in, const struct uuid *contract_id)
{
    struct uuid id = contract_invoices_of(contract_id);
    const struct contract_invoices_state *s =
        aggregates_state(in->aggregates, &id, &type_contract_invoices_state);
    return s && s->live > 0;
}

static const char *refuse_issuer(const struct decide_input *in, const struct issue_invoice *c)
{
    REFUSE_UNLESS(!aggregates_exists(in->aggregates, &c->invoice_id), "already_exists");
    REFUSE_UNLESS(c->meta.actor.kind == ACTOR_KIND_SYSTEM, "not_the_owner");
    REFUSE_UNLESS(uuid_equal(&c->invoice_id, &c->meta.command_id), "not_the_owner");
    REFUSE_UNLESS(!has_live_invoice(in, &c->contract_id), "contract_already_invoiced");
    return NULL;
}

/* The sum of the lines; *ret only when they may stand on one invoice. */
static const char *sum_lines(const struct issue_invoice *c, struct money *ret)
{
    REFUSE_UNLESS(c->lines.n > 0, "no_lines");
    struct money sum = {.currency = c->lines.items[0].amount.currency};
    for (size_t i = 0; i < c->lines.n; i++)
        REFUSE_UNLESS(strcmp(c->lines.items[i].amount.currency, sum.currency) == 0,
                      "currency_mismatch");
    for (size_t i = 0; i < c->lines.n; i++) {
        int64_t amount = c->lines.items[i].amount.amount;
        REFUSE_UNLESS(amount <= INVOICE_TOTAL_MAX - sum.amount, "invoice_too_large");
        sum.amount += amount;
    }
    *ret = sum;
    return NULL;
}

static int64_t due_date(int64_t now_us)
{
    return (now_us / US_PER_DAY + INVOICE_DUE_DAYS) * US_PER_DAY;
}

const char *issue_invoice(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct issue_invoice *c = command;
    struct money total;
    const char *refused = refuse_issuer(in, c);
    if (!refused)
        refused = sum_lines(c, &total);
    if (refused)
        return refused;
    struct invoice_number number = invoice_number_next(in, &c->freelancer_id);
    struct invoice_issued *e = decision_emit(out, &type_invoice_issued, &c->invoice_id);
    e->freelancer_id = c->freelancer_id;
    e->client_id = c->client_id;
    e->contract_id = c->contract_id;
    e->number = arena_printf(in->arena, "%04" PRId64 "-%04" PRId64, number.year, number.sequence);
    e->year = number.year;
    e->sequence = number.sequence;
    e->lines.items = c->lines.items;
    e->lines.n = c->lines.n;
    e->total = total;
    e->due_date = due_date(in->now_us);
    return NULL;
}

void cancel_invoice_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct cancel_invoice *c = command;
    uuid_list_add(ret, a, &c->invoice_id);
}

static const char *const not_cancelled_when[INVOICE_STATUS_N] = {
    [INVOICE_STATUS_ISSUED] = NULL,
    [INVOICE_STATUS_PARTIALLY_PAID] = "invoice_partially_paid",
    [INVOICE_STATUS_PAID] = "invoice_already_paid",
    [INVOICE_STATUS_CANCELLED] = "invoice_cancelled",
};

const char *cancel_invoice(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct cancel_invoice *c = command;
    const struct invoice_state *invoice = invoice_find(in, &c->invoice_id, &c->freelancer_id);
    REFUSE_UNLESS(invoice, "not_found");
    const char *refused =
        payment_refuse_unless_owner(&c->meta.actor, &invoice->freelancer_id, &invoice->client_id);
    if (!refused)
        refused = not_cancelled_when[invoice->status];
    if (refused)
        return refused;
    struct invoice_cancelled *e = decision_emit(out, &type_invoice_cancelled, &c->invoice_id);
    e->freelancer_id = invoice->freelancer_id;
    e->client_id = invoice->client_id;
    e->contract_id = invoice->contract_id;
    return NULL;
}

const void *invoice_issued(const void *state, const void *event, struct arena *a)
{
    (void)state;
    const struct invoice_issued *e = event;
    struct invoice_state *invoice = ARENA_NEW(a, struct invoice_state);
    invoice->freelancer_id = e->freelancer_id;
    invoice->client_id = e->client_id;
    invoice->contract_id = e->contract_id;
    invoice->total = e->total;
    invoice->status = INVOICE_STATUS_ISSUED;
    return invoice;
}

static struct invoice_state *copy(const void *state, struct arena *a)
{
    struct invoice_state *invoice = ARENA_NEW(a, struct invoice_state);
    *invoice = *(const struct invoice_state *)state;
    return invoice;
}

static const void *ended(const void *state, enum invoice_status status, struct arena *a)
{
    if (!state)
        return NULL;
    struct invoice_state *invoice = copy(state, a);
    invoice->status = status;
    return invoice;
}

const void *invoice_cancelled(const void *state, const void *event, struct arena *a)
{
    (void)event;
    return ended(state, INVOICE_STATUS_CANCELLED, a);
}

const void *invoice_paid(const void *state, const void *event, struct arena *a)
{
    (void)event;
    return ended(state, INVOICE_STATUS_PAID, a);
}

/* The last part too: InvoicePaid follows it. */
const void *invoice_part_paid(const void *state, const void *event, struct arena *a)
{
    const struct payment_recorded *e = event;
    if (!state)
        return NULL;
    struct invoice_state *invoice = copy(state, a);
    invoice->paid += e->amount.amount;
    invoice->status = INVOICE_STATUS_PARTIALLY_PAID;
    return invoice;
}

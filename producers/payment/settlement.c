#include <string.h>

#include "producers/command_ids.h"
#include "producers/payment/parts.h"

static const struct payment_state *
find(const struct decide_input *in, const struct uuid *id, const struct uuid *freelancer_id)
{
    const struct payment_state *s = aggregates_state(in->aggregates, id, &type_payment_state);
    return s && uuid_equal(&s->freelancer_id, freelancer_id) ? s : NULL;
}

void record_payment_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct record_payment *c = command;
    uuid_list_add(ret, a, &c->payment_id);
    uuid_list_add(ret, a, &c->invoice_id);
}

static const char *const not_payable_when[INVOICE_STATUS_N] = {
    [INVOICE_STATUS_ISSUED] = NULL,
    [INVOICE_STATUS_PARTIALLY_PAID] = NULL,
    [INVOICE_STATUS_PAID] = "invoice_already_paid",
    [INVOICE_STATUS_CANCELLED] = "invoice_cancelled",
};

static struct money due(const struct invoice_state *invoice)
{
    return (struct money){invoice->total.amount - invoice->paid, invoice->total.currency};
}

static const char *refuse_payer(const struct decide_input *in,
                                const struct record_payment *c,
                                const struct invoice_state *invoice)
{
    REFUSE_UNLESS(invoice, "not_found");
    const char *refused =
        payment_refuse_unless_owner(&c->meta.actor, &invoice->client_id, &invoice->freelancer_id);
    if (refused)
        return refused;
    REFUSE_UNLESS(!aggregates_exists(in->aggregates, &c->payment_id), "already_exists");
    REFUSE_UNLESS(uuid_equal(&c->payment_id, &c->meta.command_id), "not_the_owner");
    return not_payable_when[invoice->status];
}

static const char *
refuse_amount(const struct money *amount, const struct money *most, const char *when_more)
{
    REFUSE_UNLESS(strcmp(amount->currency, most->currency) == 0, "currency_mismatch");
    REFUSE_UNLESS(amount->amount <= most->amount, when_more);
    return NULL;
}

static void
emit_paid(struct decision *out, const struct uuid *invoice_id, const struct invoice_state *invoice)
{
    struct invoice_paid *e = decision_emit(out, &type_invoice_paid, invoice_id);
    e->freelancer_id = invoice->freelancer_id;
    e->client_id = invoice->client_id;
    e->contract_id = invoice->contract_id;
    e->total = invoice->total;
}

/* The payment comes first: it is what the answer shows. */
const char *record_payment(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct record_payment *c = command;
    const struct invoice_state *invoice = invoice_find(in, &c->invoice_id, &c->freelancer_id);
    const char *refused = refuse_payer(in, c, invoice);
    if (refused)
        return refused;
    struct money all = due(invoice);
    struct money amount = c->has_amount ? c->amount : all;
    refused = refuse_amount(&amount, &all, "payment_exceeds_due");
    if (refused)
        return refused;
    struct payment_recorded *e = decision_emit(out, &type_payment_recorded, &c->payment_id);
    e->invoice_id = c->invoice_id;
    e->freelancer_id = invoice->freelancer_id;
    e->client_id = invoice->client_id;
    e->amount = amount;
    e->method = c->method;
    e->reference = c->reference;
    if (amount.amount == all.amount)
        emit_paid(out, &c->invoice_id, invoice);
    return NULL;
}

void refund_payment_reads(const void *command, struct arena *a, struct uuid_list *ret)
{
    const struct refund_payment *c = command;
    uuid_list_add(ret, a, &c->payment_id);
}

const char *refund_payment(const struct decide_input *in, const void *command, struct decision *out)
{
    const struct refund_payment *c = command;
    const struct payment_state *payment = find(in, &c->payment_id, &c->freelancer_id);
    REFUSE_UNLESS(payment, "not_found");
    const char *refused =
        payment_refuse_unless_owner(&c->meta.actor, &payment->freelancer_id, &payment->client_id);
    if (refused)
        return refused;
    REFUSE_UNLESS(
        !command_ids_have(payment->refunds.items, payment->refunds.n, &c->meta.command_id),
        "already_done");
    struct money kept = {payment->amount.amount - payment->refunded, payment->amount.currency};
    refused = refuse_amount(&c->amount, &kept, "refund_exceeds_payment");
    if (refused)
        return refused;
    REFUSE_UNLESS(payment->refunds.n < PAYMENT_REFUNDS_MAX, "too_many_refunds");
    struct payment_refunded *e = decision_emit(out, &type_payment_refunded, &c->payment_id);
    e->invoice_id = payment->invoice_id;
    e->freelancer_id = payment->freelancer_id;
    e->client_id = payment->client_id;
    e->amount = c->amount;
    e->reason = c->reason;
    return NULL;
}

const void *payment_recorded(const void *state, const void *event, struct arena *a)
{
    (void)state;
    const struct payment_recorded *e = event;
    struct payment_state *payment = ARENA_NEW(a, struct payment_state);
    payment->invoice_id = e->invoice_id;
    payment->freelancer_id = e->freelancer_id;
    payment->client_id = e->client_id;
    payment->amount = e->amount;
    return payment;
}

const void *payment_refunded(const void *state, const void *event, struct arena *a)
{
    const struct payment_refunded *e = event;
    if (!state)
        return NULL;
    const struct payment_state *old = state;
    struct payment_state *payment = ARENA_NEW(a, struct payment_state);
    *payment = *old;
    payment->refunded += e->amount.amount;
    payment->refunds.items =
        command_ids_with(old->refunds.items, old->refunds.n, PAYMENT_REFUNDS_MAX,
                         &e->meta.command_id, a, &payment->refunds.n);
    return payment;
}

struct uuid payment_invoice(const void *event)
{
    const struct payment_recorded *e = event;
    return e->invoice_id;
}

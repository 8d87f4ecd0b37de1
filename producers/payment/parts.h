/*
 * parts.h - the inside of the payment decider: what its table in payment.c names from the other
 * files, one block per file.
 */
#ifndef PRODUCERS_PAYMENT_PARTS_H
#define PRODUCERS_PAYMENT_PARTS_H

#include "producers/payment/payment.h"
#include "schemas/records.h"

/* payment.c: what only `owner` may do of the two parties; NULL = the actor may. */
const char *payment_refuse_unless_owner(const struct actor *actor,
                                        const struct uuid *owner,
                                        const struct uuid *other_party);

/* The number after the freelancer's last one, at in->now_us. */
struct invoice_number {
    int64_t year, sequence;
};
struct invoice_number invoice_number_next(const struct decide_input *in,
                                          const struct uuid *freelancer_id);

/* invoice.c */
reads_fn issue_invoice_reads, cancel_invoice_reads;
decide_fn issue_invoice, cancel_invoice;
evolve_fn invoice_issued, invoice_cancelled, invoice_paid;
evolve_fn invoice_part_paid; /* PaymentRecorded, on its invoice */
/* NULL when there is none, or when it is another freelancer's. */
const struct invoice_state *invoice_find(const struct decide_input *in,
                                         const struct uuid *id,
                                         const struct uuid *freelancer_id);

/* settlement.c */
reads_fn record_payment_reads, refund_payment_reads;
decide_fn record_payment, refund_payment;
evolve_fn payment_recorded, payment_refunded;
fold_target_fn payment_invoice; /* the invoice of PaymentRecorded */

#endif

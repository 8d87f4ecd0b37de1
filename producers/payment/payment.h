/*
 * payment.h - invoices, payments and refunds, all in the partition of the freelancer who issues:
 * what may be paid of an invoice is decided in one lane, so two cards cannot pay it twice. Pure.
 *
 * Invoice numbers are gap-free per freelancer and year: the invoice book, a third kind of aggregate
 * with one state per freelancer (year, last), is folded from InvoiceIssued (FOLD_INDEX) and read by
 * IssueInvoice. An own aggregate, because the invoices themselves are many; in the freelancer's
 * partition, because only one lane decides there.
 *
 * Refusals:
 *   already_exists          the id of what would be created is taken
 *   not_found               no such invoice or payment of that freelancer
 *   not_a_party             neither the client nor the freelancer of the invoice
 *   not_the_owner           only a reactor issues; only the freelancer cancels and refunds; only the
 *                           client pays; what is created carries the command's id
 *   no_lines                an invoice without a line
 *   currency_mismatch       lines, payment or refund in another currency
 *   invoice_too_large       the lines sum to more than INVOICE_TOTAL_MAX
 *   invoice_cancelled       it was taken back
 *   invoice_already_paid    nothing is due any more; what is paid is not cancelled
 *   invoice_partially_paid  what is paid in part is not cancelled, not even after a refund
 *   payment_exceeds_due     more than what is due
 *   refund_exceeds_payment  more than what was paid and not given back yet
 */
#ifndef PRODUCERS_PAYMENT_PAYMENT_H
#define PRODUCERS_PAYMENT_PAYMENT_H

#include "producers/decider.h"

#define INVOICE_TOTAL_MAX INT64_C(1000000000000) /* minor units */
#define INVOICE_DUE_DAYS  30                     /* from the day of issue, in UTC */

extern const struct decider payment_decider;

/* The aggregate that keeps a freelancer's last invoice number. */
struct uuid invoice_book_of(const struct uuid *freelancer_id);

#endif

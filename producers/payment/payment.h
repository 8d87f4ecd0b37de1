/*
 * payment.h - invoices, payments and refunds, all in the partition of the freelancer who issues:
 * what may be paid of an invoice is decided in one lane, so two cards cannot pay it twice. Pure.
 *
 * Invoice numbers are gap-free per freelancer and year: the invoice book, a third kind of aggregate
 * with one state per freelancer (year, last), is folded from InvoiceIssued (FOLD_INDEX) and read by
 * IssueInvoice. An own aggregate, because the invoices themselves are many; in the freelancer's
 * partition, because only one lane decides there.
 *
 * A contract has one live invoice: a fourth kind of aggregate, one per contract, counts those that were
 * issued and not cancelled. One number, so that its size does not grow with anything, and a number,
 * not a mark, because logs of before the rule may have two: when one of these is cancelled the other lives.
 *
 * Refusals:
 *   already_exists          the id of what would be created is taken
 *   not_found               no such invoice or payment of that freelancer
 *   not_a_party             neither the client nor the freelancer of the invoice
 *   not_the_owner           only a reactor issues; only the freelancer cancels and refunds; only the
 *                           client pays; what is created carries the command's id
 *   no_lines                an invoice without a line
 *   currency_mismatch       lines, payment or refund in another currency
 *   contract_already_invoiced  the contract has a live invoice (harmless: the reactor asked twice); after
 *                           it was cancelled there may be another
 *   invoice_too_large       the lines sum to more than INVOICE_TOTAL_MAX
 *   invoice_cancelled       it was taken back
 *   invoice_already_paid    nothing is due any more; what is paid is not cancelled
 *   invoice_partially_paid  what is paid in part is not cancelled, not even after a refund
 *   payment_exceeds_due     more than what is due
 *   refund_exceeds_payment  more than what was paid and not given back yet
 *   already_done            this very command gave back before; its outcome is forgotten
 *   too_many_refunds        PAYMENT_REFUNDS_MAX of that payment were made
 */
#ifndef PRODUCERS_PAYMENT_PAYMENT_H
#define PRODUCERS_PAYMENT_PAYMENT_H

#include "producers/decider.h"

#define INVOICE_TOTAL_MAX   INT64_C(1000000000000) /* minor units */
#define INVOICE_DUE_DAYS    30                     /* from the day of issue, in UTC */
#define PAYMENT_REFUNDS_MAX 100 /* of one payment: its state remembers their commands */

extern const struct decider payment_decider;

/* The aggregate that keeps a freelancer's last invoice number. */
struct uuid invoice_book_of(const struct uuid *freelancer_id);
/* The aggregate that counts a contract's live invoices. */
struct uuid contract_invoices_of(const struct uuid *contract_id);

#endif

/* Rules of payments and refunds. */
#include "tests/unit/payment_story.h"

/* ---- paying ---- */

static void the_client_pays_all_that_is_due(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(record_payment(.actor = ANA));
    THEN(payment_recorded(), invoice_paid());
}

static void a_payment_says_how_and_under_which_reference(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(record_payment(.actor = ANA, .amount = TOTAL, .method = PAYMENT_METHOD_BANK_TRANSFER,
                        .text = "RF18"));
    THEN(payment_recorded(.method = PAYMENT_METHOD_BANK_TRANSFER, .text = "RF18"), invoice_paid());
}

static void the_client_pays_in_parts(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(record_payment(.actor = ANA, .amount = 300));
    THEN(payment_recorded(.amount = 300));
    WHEN(record_payment(.actor = ANA, .payment = OTHER_PAYMENT, .amount = 200));
    THEN(payment_recorded(.payment = OTHER_PAYMENT, .amount = 200));
    WHEN(record_payment(.actor = ANA, .payment = THIRD_PAYMENT, .amount = 500));
    THEN(payment_recorded(.payment = THIRD_PAYMENT, .amount = 500), invoice_paid());
}

static void the_rest_is_what_is_due(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(.amount = 300));
    WHEN(record_payment(.actor = ANA, .payment = OTHER_PAYMENT));
    THEN(payment_recorded(.payment = OTHER_PAYMENT, .amount = 700), invoice_paid());
}

static void two_cards_at_once_pay_once(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(record_payment(.actor = ANA));
    WHEN(record_payment(.actor = ANA, .payment = OTHER_PAYMENT));
    THEN_REJECTED("invoice_already_paid");
    WHEN(record_payment(.actor = ANA, .payment = OTHER_PAYMENT, .amount = 1));
    THEN_REJECTED("invoice_already_paid");
}

static void nobody_else_pays(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(record_payment(.actor = BEN));
    THEN_REJECTED("not_the_owner");
    WHEN(record_payment(.actor = DAN));
    THEN_REJECTED("not_a_party");
    WHEN(record_payment(.actor = NOBODY));
    THEN_REJECTED("not_a_party");
    WHEN(record_payment(.actor = REACTOR));
    THEN_REJECTED("not_a_party");
}

static void a_payment_is_recorded_once(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(record_payment(.actor = ANA, .amount = 1));
    WHEN(record_payment(.actor = ANA, .amount = 1));
    THEN_REJECTED("already_exists");
    WHEN(record_payment(.actor = ANA, .amount = 1, .payment = THE_INVOICE));
    THEN_REJECTED("already_exists");
}

static void a_payment_carries_the_id_of_its_command(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(record_payment(.actor = ANA, .command_id = OTHER_PAYMENT));
    THEN_REJECTED("not_the_owner");
}

static void what_does_not_exist_is_not_paid(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(record_payment(.actor = ANA, .invoice = OTHER_INVOICE));
    THEN_REJECTED("not_found");
}

static void an_invoice_of_another_freelancer_is_not_found(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(record_payment(.actor = ANA, .freelancer = CAT));
    THEN_REJECTED("not_found");
}

static void a_payment_is_not_paid(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(.amount = 1));
    WHEN(record_payment(.actor = ANA, .invoice = THE_PAYMENT, .payment = OTHER_PAYMENT));
    THEN_REJECTED("not_found");
}

static void a_cancelled_invoice_is_not_paid(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), invoice_cancelled());
    WHEN(record_payment(.actor = ANA));
    THEN_REJECTED("invoice_cancelled");
}

static void an_invoice_is_paid_in_its_currency(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(record_payment(.actor = ANA, .amount = 1, .currency = "USD"));
    THEN_REJECTED("currency_mismatch");
}

static void nobody_pays_more_than_is_due(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(record_payment(.actor = ANA, .amount = TOTAL + 1));
    THEN_REJECTED("payment_exceeds_due");
    WHEN(record_payment(.actor = ANA, .amount = 400));
    WHEN(record_payment(.actor = ANA, .payment = OTHER_PAYMENT, .amount = 601));
    THEN_REJECTED("payment_exceeds_due");
}

static void the_payment_is_read_before_the_invoice(void **state)
{
    (void)state;
    struct record command = record_payment(.actor = ANA);
    struct uuid payment = story_id(THE_PAYMENT), invoice = story_id(THE_INVOICE);
    struct uuid_list named = {0};
    decider_command(&payment_decider, command.type)->reads(command.value, &story.arena, &named);
    assert_int_equal(named.n, 2);
    assert_true(uuid_equal(&named.items[0], &payment));
    assert_true(uuid_equal(&named.items[1], &invoice));
}

/* ---- what is known of the invoice ---- */

static const struct invoice_state *the_invoice(void)
{
    const struct aggregate *g = known(story_id(THE_INVOICE));
    assert_ptr_equal(g->type, &type_invoice_state);
    return g->state;
}

static void what_was_paid_sums_up(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    assert_int_equal(the_invoice()->status, INVOICE_STATUS_ISSUED);
    assert_int_equal(the_invoice()->paid, 0);
    GIVEN(payment_recorded(.amount = 300), payment_recorded(.payment = OTHER_PAYMENT, .amount = 5));
    assert_int_equal(the_invoice()->status, INVOICE_STATUS_PARTIALLY_PAID);
    assert_int_equal(the_invoice()->paid, 305);
    assert_int_equal(the_invoice()->total.amount, TOTAL);
}

static void a_part_does_not_move_the_invoice(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(.amount = 300));
    assert_int_equal(known(story_id(THE_INVOICE))->version, 1);
    GIVEN(payment_recorded(.payment = OTHER_PAYMENT, .amount = 700), invoice_paid());
    assert_int_equal(known(story_id(THE_INVOICE))->version, 2);
    assert_int_equal(known(story_id(OTHER_PAYMENT))->version, 1);
}

/* ---- refunding ---- */

static void the_freelancer_gives_a_payment_back(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(), invoice_paid());
    WHEN(refund_payment(.actor = BEN, .text = "sorry"));
    THEN(payment_refunded(.text = "sorry"));
}

static void a_payment_is_given_back_in_parts(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(), invoice_paid());
    WHEN(refund_payment(.actor = BEN, .amount = 400));
    THEN(payment_refunded(.amount = 400));
    WHEN(refund_payment(.actor = BEN, .amount = 601));
    THEN_REJECTED("refund_exceeds_payment");
    WHEN(refund_payment(.actor = BEN, .amount = 600));
    THEN(payment_refunded(.amount = 600));
    WHEN(refund_payment(.actor = BEN, .amount = 1));
    THEN_REJECTED("refund_exceeds_payment");
    const struct payment_state *payment = known(story_id(THE_PAYMENT))->state;
    assert_int_equal(payment->refunded, TOTAL);
}

/* Its outcome may be forgotten, and then it is decided again. */
static void a_refund_is_made_once(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(), invoice_paid());
    WHEN(refund_payment(.actor = BEN, .amount = 400, .command_id = A_REFUND));
    THEN(payment_refunded(.amount = 400));
    WHEN(refund_payment(.actor = BEN, .amount = 100));
    THEN(payment_refunded(.amount = 100));
    WHEN(refund_payment(.actor = BEN, .amount = 400, .command_id = A_REFUND));
    THEN_REJECTED("already_done");
    WHEN(refund_payment(.actor = BEN, .amount = 500));
    THEN(payment_refunded(.amount = 500));
}

static void refunds_of_a_payment_are_limited(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(), invoice_paid());
    WHEN(refund_payment(.actor = BEN, .amount = 1, .command_id = A_REFUND));
    for (size_t i = 1; i < PAYMENT_REFUNDS_MAX; i++) {
        WHEN(refund_payment(.actor = BEN, .amount = 1));
        THEN(payment_refunded(.amount = 1));
    }
    WHEN(refund_payment(.actor = BEN, .amount = 1));
    THEN_REJECTED("too_many_refunds");
    WHEN(refund_payment(.actor = BEN, .amount = 1, .command_id = A_REFUND));
    THEN_REJECTED("already_done");
}

/* In a log of before the limit. */
static void the_newest_refunds_are_remembered(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(), invoice_paid());
    for (size_t i = 0; i < 2 * PAYMENT_REFUNDS_MAX; i++) {
        struct record event = payment_refunded(.amount = 1);
        ((struct payment_refunded *)event.value)->meta.command_id = story_id(1000 + (unsigned)i);
        GIVEN(event);
    }
    WHEN(refund_payment(.actor = BEN, .amount = 1,
                        .command_id = 1000 + 2 * PAYMENT_REFUNDS_MAX - 1));
    THEN_REJECTED("already_done");
    WHEN(refund_payment(.actor = BEN, .amount = 1, .command_id = 1000 + PAYMENT_REFUNDS_MAX));
    THEN_REJECTED("already_done");
    WHEN(refund_payment(.actor = BEN, .amount = 1));
    THEN_REJECTED("too_many_refunds");
}

static void no_more_is_given_back_than_that_payment(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(.amount = 300),
          payment_recorded(.payment = OTHER_PAYMENT, .amount = 700), invoice_paid());
    WHEN(refund_payment(.actor = BEN, .amount = 301));
    THEN_REJECTED("refund_exceeds_payment");
    WHEN(refund_payment(.actor = BEN, .payment = OTHER_PAYMENT, .amount = 301));
    THEN(payment_refunded(.payment = OTHER_PAYMENT, .amount = 301));
}

static void nobody_else_gives_a_payment_back(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(), invoice_paid());
    WHEN(refund_payment(.actor = ANA));
    THEN_REJECTED("not_the_owner");
    WHEN(refund_payment(.actor = CAT));
    THEN_REJECTED("not_a_party");
    WHEN(refund_payment(.actor = NOBODY));
    THEN_REJECTED("not_a_party");
    WHEN(refund_payment(.actor = REACTOR));
    THEN_REJECTED("not_a_party");
}

static void a_payment_is_given_back_in_its_currency(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(), invoice_paid());
    WHEN(refund_payment(.actor = BEN, .amount = 1, .currency = "USD"));
    THEN_REJECTED("currency_mismatch");
}

static void what_was_not_paid_is_not_given_back(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(), invoice_paid());
    WHEN(refund_payment(.actor = BEN, .payment = OTHER_PAYMENT));
    THEN_REJECTED("not_found");
    WHEN(refund_payment(.actor = BEN, .payment = THE_INVOICE));
    THEN_REJECTED("not_found");
    WHEN(refund_payment(.actor = BEN, .freelancer = CAT));
    THEN_REJECTED("not_found");
}

static void what_was_given_back_is_not_due_again(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(), invoice_paid(), payment_refunded());
    assert_int_equal(the_invoice()->status, INVOICE_STATUS_PAID);
    assert_int_equal(the_invoice()->paid, TOTAL);
    WHEN(record_payment(.actor = ANA, .payment = OTHER_PAYMENT));
    THEN_REJECTED("invoice_already_paid");
    WHEN(cancel_invoice(.actor = BEN));
    THEN_REJECTED("invoice_already_paid");
}

static void a_part_that_was_given_back_still_keeps_the_invoice(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(.amount = 300), payment_refunded(.amount = 300));
    WHEN(cancel_invoice(.actor = BEN));
    THEN_REJECTED("invoice_partially_paid");
    WHEN(record_payment(.actor = ANA, .payment = OTHER_PAYMENT));
    THEN(payment_recorded(.payment = OTHER_PAYMENT, .amount = 700), invoice_paid());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(the_client_pays_all_that_is_due),
        RULE(a_payment_says_how_and_under_which_reference),
        RULE(the_client_pays_in_parts),
        RULE(the_rest_is_what_is_due),
        RULE(two_cards_at_once_pay_once),
        RULE(nobody_else_pays),
        RULE(a_payment_is_recorded_once),
        RULE(a_payment_carries_the_id_of_its_command),
        RULE(what_does_not_exist_is_not_paid),
        RULE(an_invoice_of_another_freelancer_is_not_found),
        RULE(a_payment_is_not_paid),
        RULE(a_cancelled_invoice_is_not_paid),
        RULE(an_invoice_is_paid_in_its_currency),
        RULE(nobody_pays_more_than_is_due),
        RULE(the_payment_is_read_before_the_invoice),
        RULE(what_was_paid_sums_up),
        RULE(a_part_does_not_move_the_invoice),
        RULE(the_freelancer_gives_a_payment_back),
        RULE(a_payment_is_given_back_in_parts),
        RULE(a_refund_is_made_once),
        RULE(refunds_of_a_payment_are_limited),
        RULE(the_newest_refunds_are_remembered),
        RULE(no_more_is_given_back_than_that_payment),
        RULE(nobody_else_gives_a_payment_back),
        RULE(a_payment_is_given_back_in_its_currency),
        RULE(what_was_not_paid_is_not_given_back),
        RULE(what_was_given_back_is_not_due_again),
        RULE(a_part_that_was_given_back_still_keeps_the_invoice),
    };
    return cmocka_run_group_tests_name("payment", tests, NULL, NULL);
}

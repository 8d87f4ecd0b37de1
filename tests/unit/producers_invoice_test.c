/* Rules of invoices and their numbers. */
#include "tests/unit/payment_story.h"

/* ---- issuing ---- */

static void a_reactor_issues_an_invoice(void **state)
{
    (void)state;
    WHEN(issue_invoice(.actor = REACTOR));
    THEN(invoice_issued());
    const struct invoice_issued *e = story.last.events[0].value;
    assert_string_equal(e->number, "2026-0001");
}

static void people_issue_no_invoice(void **state)
{
    (void)state;
    WHEN(issue_invoice(.actor = BEN));
    THEN_REJECTED("not_the_owner");
    WHEN(issue_invoice(.actor = ANA));
    THEN_REJECTED("not_the_owner");
    WHEN(issue_invoice(.actor = NOBODY));
    THEN_REJECTED("not_the_owner");
}

static void an_invoice_is_issued_once(void **state)
{
    (void)state;
    WHEN(issue_invoice(.actor = REACTOR));
    WHEN(issue_invoice(.actor = REACTOR));
    THEN_REJECTED("already_exists");
}

static void a_contract_has_one_live_invoice(void **state)
{
    (void)state;
    WHEN(issue_invoice(.actor = REACTOR));
    WHEN(issue_invoice(.actor = REACTOR, .invoice = OTHER_INVOICE, .contract = THE_CONTRACT));
    THEN_REJECTED("contract_already_invoiced");
    WHEN(record_payment(.actor = ANA));
    WHEN(issue_invoice(.actor = REACTOR, .invoice = OTHER_INVOICE, .contract = THE_CONTRACT));
    THEN_REJECTED("contract_already_invoiced");
    WHEN(issue_invoice(.actor = REACTOR, .invoice = OTHER_INVOICE));
    THEN(invoice_issued(.invoice = OTHER_INVOICE, .sequence = 2));
}

static void after_a_cancelled_invoice_there_may_be_another(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), invoice_cancelled());
    WHEN(issue_invoice(.actor = REACTOR, .invoice = OTHER_INVOICE, .contract = THE_CONTRACT));
    THEN(invoice_issued(.invoice = OTHER_INVOICE, .contract = THE_CONTRACT, .sequence = 2));
}

/* In a log of before the rule. */
static void of_two_live_invoices_one_is_left_when_the_other_is_cancelled(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), invoice_issued(.invoice = OTHER_INVOICE, .contract = THE_CONTRACT),
          invoice_cancelled(.invoice = OTHER_INVOICE, .contract = THE_CONTRACT));
    WHEN(issue_invoice(.actor = REACTOR, .invoice = THIRD_INVOICE, .contract = THE_CONTRACT));
    THEN_REJECTED("contract_already_invoiced");
    GIVEN(invoice_cancelled());
    WHEN(issue_invoice(.actor = REACTOR, .invoice = THIRD_INVOICE, .contract = THE_CONTRACT));
    THEN(invoice_issued(.invoice = THIRD_INVOICE, .contract = THE_CONTRACT, .sequence = 2));
}

static void an_invoice_carries_the_id_of_its_command(void **state)
{
    (void)state;
    WHEN(issue_invoice(.actor = REACTOR, .command_id = OTHER_INVOICE));
    THEN_REJECTED("not_the_owner");
}

static void the_total_is_the_sum_of_the_lines(void **state)
{
    (void)state;
    WHEN(issue_invoice(.actor = REACTOR, LINES(
                                             {
                                                 "Draft", {300, "EUR"}
    },
                                             {"Logo", {701, "EUR"}})));
    THEN(invoice_issued(.amount = 1001, LINES(
                                            {
                                                "Draft", {300, "EUR"}
    },
                                            {"Logo", {701, "EUR"}})));
}

static void an_invoice_has_a_line(void **state)
{
    (void)state;
    WHEN(issue_invoice(.actor = REACTOR, .no_lines = true));
    THEN_REJECTED("no_lines");
}

static void an_invoice_has_one_currency(void **state)
{
    (void)state;
    WHEN(issue_invoice(.actor = REACTOR, LINES(
                                             {
                                                 "Draft", {300, "EUR"}
    },
                                             {"Logo", {300, "USD"}})));
    THEN_REJECTED("currency_mismatch");
    WHEN(issue_invoice(.actor = REACTOR, .currency = "USD"));
    THEN(invoice_issued(.currency = "USD"));
}

static void a_total_has_a_limit(void **state)
{
    (void)state;
    WHEN(issue_invoice(.actor = REACTOR, LINES(
                                             {
                                                 "All", {INVOICE_TOTAL_MAX, "EUR"}
    },
                                             {"And a bit", {1, "EUR"}})));
    THEN_REJECTED("invoice_too_large");
    WHEN(issue_invoice(.actor = REACTOR, LINES(
                                             {
                                                 "Nearly all", {INVOICE_TOTAL_MAX - 1, "EUR"}
    },
                                             {"The bit", {1, "EUR"}})));
    THEN(invoice_issued(.amount = INVOICE_TOTAL_MAX,
                        LINES(
                            {
                                "Nearly all", {INVOICE_TOTAL_MAX - 1, "EUR"}
    },
                            {"The bit", {1, "EUR"}})));
}

static void a_sum_does_not_overflow(void **state)
{
    (void)state;
    WHEN(issue_invoice(.actor = REACTOR, LINES(
                                             {
                                                 "A bit", {1, "EUR"}
    },
                                             {"More than there is", {INT64_MAX, "EUR"}})));
    THEN_REJECTED("invoice_too_large");
}

static void due_is_the_midnight_after_the_days_to_pay(void **state)
{
    (void)state;
    story.now_us = STORY_NOW_US + US_PER_DAY - 1;
    WHEN(issue_invoice(.actor = REACTOR));
    THEN(invoice_issued(.due_us = DUE_US));
    story.now_us++;
    WHEN(issue_invoice(.actor = REACTOR, .invoice = OTHER_INVOICE));
    THEN(invoice_issued(.invoice = OTHER_INVOICE, .sequence = 2, .due_us = DUE_US + US_PER_DAY));
}

/* ---- numbers ---- */

static void numbers_follow_each_other(void **state)
{
    (void)state;
    WHEN(issue_invoice(.actor = REACTOR));
    WHEN(issue_invoice(.actor = REACTOR, .invoice = OTHER_INVOICE));
    THEN(invoice_issued(.invoice = OTHER_INVOICE, .sequence = 2));
    WHEN(issue_invoice(.actor = REACTOR, .invoice = THIRD_INVOICE));
    THEN(invoice_issued(.invoice = THIRD_INVOICE, .sequence = 3));
}

static void a_refused_invoice_takes_no_number(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(issue_invoice(.actor = REACTOR, .invoice = OTHER_INVOICE, .no_lines = true));
    THEN_REJECTED("no_lines");
    WHEN(issue_invoice(.actor = REACTOR, .invoice = OTHER_INVOICE));
    THEN(invoice_issued(.invoice = OTHER_INVOICE, .sequence = 2));
}

static void a_cancelled_invoice_keeps_its_number(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), invoice_cancelled());
    WHEN(issue_invoice(.actor = REACTOR, .invoice = OTHER_INVOICE));
    THEN(invoice_issued(.invoice = OTHER_INVOICE, .sequence = 2));
}

static void numbers_of_freelancers_are_independent(void **state)
{
    (void)state;
    GIVEN(invoice_issued(.sequence = 7));
    WHEN(issue_invoice(.actor = REACTOR, .invoice = OTHER_INVOICE, .freelancer = CAT));
    THEN(invoice_issued(.invoice = OTHER_INVOICE, .freelancer = CAT));
    WHEN(issue_invoice(.actor = REACTOR, .invoice = THIRD_INVOICE));
    THEN(invoice_issued(.invoice = THIRD_INVOICE, .sequence = 8));
}

static void a_new_year_begins_with_1(void **state)
{
    (void)state;
    GIVEN(invoice_issued(.sequence = 7));
    story.now_us = STORY_NOW_US + YEAR_US - 1;
    WHEN(issue_invoice(.actor = REACTOR, .invoice = OTHER_INVOICE));
    THEN(invoice_issued(.invoice = OTHER_INVOICE, .sequence = 8,
                        .due_us = DUE_US + YEAR_US - US_PER_DAY));
    story.now_us++;
    WHEN(issue_invoice(.actor = REACTOR, .invoice = THIRD_INVOICE));
    THEN(invoice_issued(.invoice = THIRD_INVOICE, .year = 2027, .due_us = DUE_US + YEAR_US));
}

static void a_clock_that_was_set_back_stays_in_the_year(void **state)
{
    (void)state;
    GIVEN(invoice_issued(.year = 2027, .sequence = 7));
    WHEN(issue_invoice(.actor = REACTOR, .invoice = OTHER_INVOICE));
    THEN(invoice_issued(.invoice = OTHER_INVOICE, .year = 2027, .sequence = 8));
}

static void a_number_may_grow_long(void **state)
{
    (void)state;
    GIVEN(invoice_issued(.sequence = 9999));
    WHEN(issue_invoice(.actor = REACTOR, .invoice = OTHER_INVOICE));
    THEN(invoice_issued(.invoice = OTHER_INVOICE, .sequence = 10000));
    const struct invoice_issued *e = story.last.events[0].value;
    assert_string_equal(e->number, "2026-10000");
}

static void the_book_follows_from_the_freelancer(void **state)
{
    (void)state;
    struct uuid ben = story_id(BEN), cat = story_id(CAT);
    struct uuid book = invoice_book_of(&ben), others = invoice_book_of(&cat);
    struct uuid expected = uuid_v5_of("invoice_book", "00000000-0000-0000-0000-000000000002", NULL);
    assert_true(uuid_equal(&book, &expected));
    assert_false(uuid_equal(&book, &others));
}

static void the_invoice_is_read_before_the_book(void **state)
{
    (void)state;
    struct record command = issue_invoice(.actor = REACTOR);
    struct uuid ben = story_id(BEN), invoice = story_id(THE_INVOICE), book = invoice_book_of(&ben);
    struct uuid_list named = {0};
    decider_command(&payment_decider, command.type)->reads(command.value, &story.arena, &named);
    struct uuid contract = story_id(THE_CONTRACT), invoices = contract_invoices_of(&contract);
    assert_int_equal(named.n, 3);
    assert_true(uuid_equal(&named.items[0], &invoice));
    assert_true(uuid_equal(&named.items[1], &book));
    assert_true(uuid_equal(&named.items[2], &invoices));
}

static void the_book_keeps_the_last_number_and_no_version(void **state)
{
    (void)state;
    GIVEN(invoice_issued(.sequence = 7));
    struct uuid ben = story_id(BEN);
    const struct aggregate *g = known(invoice_book_of(&ben));
    const struct invoice_book_state *book = g->state;
    assert_ptr_equal(g->type, &type_invoice_book_state);
    assert_int_equal(book->year, 2026);
    assert_int_equal(book->last, 7);
    assert_int_equal(g->version, 0);
}

/* ---- cancelling ---- */

static void its_freelancer_cancels_an_invoice(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(cancel_invoice(.actor = BEN));
    THEN(invoice_cancelled());
}

static void nobody_else_cancels_an_invoice(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(cancel_invoice(.actor = ANA));
    THEN_REJECTED("not_the_owner");
    WHEN(cancel_invoice(.actor = DAN));
    THEN_REJECTED("not_a_party");
    WHEN(cancel_invoice(.actor = CAT));
    THEN_REJECTED("not_a_party");
    WHEN(cancel_invoice(.actor = NOBODY));
    THEN_REJECTED("not_a_party");
    WHEN(cancel_invoice(.actor = REACTOR));
    THEN_REJECTED("not_a_party");
}

static void what_does_not_exist_is_not_cancelled(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(cancel_invoice(.actor = BEN, .invoice = OTHER_INVOICE));
    THEN_REJECTED("not_found");
}

static void an_invoice_of_another_freelancer_is_not_found(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(cancel_invoice(.actor = BEN, .freelancer = CAT));
    THEN_REJECTED("not_found");
}

static void a_payment_is_no_invoice(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(.amount = 1));
    WHEN(cancel_invoice(.actor = BEN, .invoice = THE_PAYMENT));
    THEN_REJECTED("not_found");
}

static void an_invoice_is_cancelled_once(void **state)
{
    (void)state;
    GIVEN(invoice_issued());
    WHEN(cancel_invoice(.actor = BEN));
    WHEN(cancel_invoice(.actor = BEN));
    THEN_REJECTED("invoice_cancelled");
}

static void a_paid_invoice_is_not_cancelled(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(), invoice_paid());
    WHEN(cancel_invoice(.actor = BEN));
    THEN_REJECTED("invoice_already_paid");
}

static void an_invoice_paid_in_part_is_not_cancelled(void **state)
{
    (void)state;
    GIVEN(invoice_issued(), payment_recorded(.amount = 1));
    WHEN(cancel_invoice(.actor = BEN));
    THEN_REJECTED("invoice_partially_paid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(a_reactor_issues_an_invoice),
        RULE(people_issue_no_invoice),
        RULE(an_invoice_is_issued_once),
        RULE(a_contract_has_one_live_invoice),
        RULE(after_a_cancelled_invoice_there_may_be_another),
        RULE(of_two_live_invoices_one_is_left_when_the_other_is_cancelled),
        RULE(an_invoice_carries_the_id_of_its_command),
        RULE(the_total_is_the_sum_of_the_lines),
        RULE(an_invoice_has_a_line),
        RULE(an_invoice_has_one_currency),
        RULE(a_total_has_a_limit),
        RULE(a_sum_does_not_overflow),
        RULE(due_is_the_midnight_after_the_days_to_pay),
        RULE(numbers_follow_each_other),
        RULE(a_refused_invoice_takes_no_number),
        RULE(a_cancelled_invoice_keeps_its_number),
        RULE(numbers_of_freelancers_are_independent),
        RULE(a_new_year_begins_with_1),
        RULE(a_clock_that_was_set_back_stays_in_the_year),
        RULE(a_number_may_grow_long),
        RULE(the_book_follows_from_the_freelancer),
        RULE(the_invoice_is_read_before_the_book),
        RULE(the_book_keeps_the_last_number_and_no_version),
        RULE(its_freelancer_cancels_an_invoice),
        RULE(nobody_else_cancels_an_invoice),
        RULE(what_does_not_exist_is_not_cancelled),
        RULE(an_invoice_of_another_freelancer_is_not_found),
        RULE(a_payment_is_no_invoice),
        RULE(an_invoice_is_cancelled_once),
        RULE(a_paid_invoice_is_not_cancelled),
        RULE(an_invoice_paid_in_part_is_not_cancelled),
    };
    return cmocka_run_group_tests_name("invoice", tests, NULL, NULL);
}

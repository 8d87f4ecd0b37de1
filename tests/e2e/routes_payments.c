/* routes_payments.c - from a completed contract to a refund. */
#include "tests/e2e/routes_parts.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/spec.h"

/* Hired and completed; the reactor's invoice of it. Each has a client of its own, so that the first
 * invoice is the only one. */
static void invoice_for(struct person *ret_client, char ret_id[40])
{
    char job[40], application[40];
    *ret_client = http_person("pat", "[\"client\"]");
    post_job(ret_client, job);
    apply_for(&ben, job, application);
    hire(ret_client, application, 201);
    http_ask(ret_client, "POST", at("/api/contracts/", http_text("id"), "/complete/"), NULL, "",
             200);
    await_some(ret_client, "/api/invoices/");
    (void)snprintf(ret_id, 40, "%s", http_text("results.0.id"));
}

static void pay(const struct person *who, const char *invoice, const char *amount, int expected)
{
    char body[256];
    (void)snprintf(body, sizeof(body), "{\"invoice_id\":\"%s\",\"method\":\"card\"%s%s}", invoice,
                   *amount ? ",\"amount\":" : "", amount);
    http_ask(who, "POST", "/api/payments/", body, "", expected);
}

#define EUR(amount) "{\"amount\":" #amount ",\"currency\":\"EUR\"}"

static void expect_invoice(const struct person *who, const char *id, const char *status, int paid)
{
    http_ask(who, "GET", at("/api/invoices/", id, "/"), NULL, "", 200);
    assert_string_equal(http_text("status"), status);
    assert_int_equal(http_number("paid.amount"), paid);
}

void a_completed_contract_is_invoiced_and_paid_in_parts(void **state)
{
    (void)state;
    struct person pat;
    char invoice[40], payment[40], tag[64], header[128];
    invoice_for(&pat, invoice);
    assert_int_equal(http_number("results.0.total.amount"), 140000);
    expect_invoice(&ben, invoice, "issued", 0);
    (void)snprintf(tag, sizeof(tag), "%s", http_header("ETag"));
    assert_memory_equal(tag, "\"1-", 3);
    pay(&pat, invoice, EUR(140001), 409);
    http_refused("payment_exceeds_due");
    pay(&pat, invoice, "{\"amount\":5,\"currency\":\"USD\"}", 409);
    http_refused("currency_mismatch");
    pay(&pat, invoice, EUR(40000), 201);
    keep_id(payment);
    assert_string_equal(http_header("Location"), at("/api/payments/", payment, "/"));
    assert_int_equal(http_number("refunded.amount"), 0);
    expect_invoice(&pat, invoice, "partially_paid", 40000);
    (void)snprintf(header, sizeof(header), "If-None-Match: %s\r\n", tag);
    http_ask(&pat, "GET", at("/api/invoices/", invoice, "/"), NULL, header, 200); /* other sums */
    http_ask(&ben, "POST", at("/api/invoices/", invoice, "/cancel/"), NULL, "", 409);
    http_refused("invoice_partially_paid");
    pay(&pat, invoice, "", 201); /* the rest */
    assert_int_equal(http_number("amount.amount"), 100000);
    expect_invoice(&pat, invoice, "paid", 140000);
    pay(&pat, invoice, "", 409);
    http_refused("invoice_already_paid");
    http_ask(&pat, "GET", at("/api/payments/?invoice_id=", invoice, ""), NULL, "", 200);
    assert_int_equal(json_array_size(json_object_get(answer.json, "results")), 2);
    http_ask(&ben, "GET", at("/api/payments/", payment, "/"), NULL, "", 200);
    http_ask(&ben, "GET", "/api/payments/", NULL, "", 200);
    http_ask(&ben, "GET", "/api/invoices/", NULL, "", 200);
    assert_string_equal(http_text("results.0.id"), invoice);
}

static void refund(const struct person *who, const char *payment, const char *amount, int expected)
{
    char body[128];
    (void)snprintf(body, sizeof(body), "{\"reason\":\"late\",\"amount\":%s}", amount);
    http_ask(who, "POST", at("/api/payments/", payment, "/refund/"), body, "", expected);
}

void a_refund_is_at_most_what_was_paid(void **state)
{
    (void)state;
    struct person pat;
    char invoice[40], payment[40];
    invoice_for(&pat, invoice);
    pay(&pat, invoice, "", 201);
    keep_id(payment);
    refund(&pat, payment, EUR(1), 403);
    http_refused("not_the_owner");
    refund(&ben, payment, EUR(40000), 200);
    assert_int_equal(http_number("refunded.amount"), 40000);
    refund(&ben, payment, EUR(100001), 409);
    http_refused("refund_exceeds_payment");
    refund(&ben, payment, "{\"amount\":5,\"currency\":\"USD\"}", 409);
    http_refused("currency_mismatch");
    refund(&ben, payment, EUR(100000), 200);
    refund(&ben, payment, EUR(1), 409);
    refund(&ben, payment, EUR(0), 400);
    http_field_error("amount.amount", "range");
    refund(&ben, NOBODY, EUR(1), 404);
    expect_invoice(&pat, invoice, "paid", 140000); /* what was paid, refunds are told by payments */
}

void an_unpaid_invoice_can_be_taken_back(void **state)
{
    (void)state;
    struct person pat;
    char invoice[40];
    const char *path;
    invoice_for(&pat, invoice);
    path = at("/api/invoices/", invoice, "/cancel/");
    http_ask(&pat, "POST", path, NULL, "", 403);
    http_refused("not_the_owner");
    http_ask(&ben, "POST", path, NULL, "If-Match: \"2\"\r\n", 412);
    http_ask(&ben, "POST", path, NULL, "If-Match: \"1\"\r\n", 200);
    assert_string_equal(http_text("status"), "cancelled");
    pay(&pat, invoice, "", 409);
    http_refused("invoice_cancelled");
    http_ask(&ben, "POST", "/api/invoices/" NOBODY "/cancel/", NULL, "", 404);
    pay(&pat, NOBODY, "", 404);
}

void money_is_not_for_strangers(void **state)
{
    (void)state;
    struct person pat;
    char invoice[40], payment[40];
    invoice_for(&pat, invoice);
    http_ask(&eve, "GET", at("/api/invoices/", invoice, "/"), NULL, "", 403);
    http_refused("not_a_party");
    http_ask(&eve, "POST", at("/api/invoices/", invoice, "/cancel/"), NULL, "", 403);
    http_refused("not_a_party");
    pay(&eve, invoice, "", 403);
    http_refused("not_a_party");
    pay(&ben, invoice, "", 403);
    http_refused("not_the_owner");
    pay(&pat, invoice, "", 201);
    keep_id(payment);
    http_ask(&eve, "GET", at("/api/payments/", payment, "/"), NULL, "", 403);
    http_refused("not_a_party");
    refund(&eve, payment, EUR(1), 403);
    http_refused("not_a_party");
    http_ask(&eve, "GET", at("/api/payments/?invoice_id=", invoice, ""), NULL, "", 200);
    assert_int_equal(json_array_size(json_object_get(answer.json, "results")), 0);
    http_ask(&eve, "GET", "/api/payments/", NULL, "", 200);
    assert_int_equal(json_array_size(json_object_get(answer.json, "results")), 0);
    http_ask(&eve, "GET", "/api/invoices/", NULL, "", 200);
    assert_int_equal(json_array_size(json_object_get(answer.json, "results")), 0);
}

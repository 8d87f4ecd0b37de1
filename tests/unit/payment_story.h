/*
 * payment_story.h - the words of stories about invoices and payments: people, events and commands
 * with everything filled in that a test does not care about. Ben issues, Ana pays, 1000 EUR.
 */
#ifndef TESTS_UNIT_PAYMENT_STORY_H
#define TESTS_UNIT_PAYMENT_STORY_H

#include "producers/payment/payment.h"
#include "tests/unit/given_when_then.h"

enum {
    NOBODY,
    ANA,
    BEN,
    CAT,
    DAN,
    REACTOR,
    THE_INVOICE = 100,
    OTHER_INVOICE,
    THIRD_INVOICE,
    THE_PAYMENT = 110,
    OTHER_PAYMENT,
    THIRD_PAYMENT,
    A_REFUND = 130,
    THE_CONTRACT = 120, /* of THE_INVOICE; those of the others follow */
};

#define TOTAL      1000
#define US_PER_DAY (INT64_C(24) * 60 * 60 * 1000000)
#define DUE_US     (STORY_NOW_US + INVOICE_DUE_DAYS * US_PER_DAY)
#define YEAR_US    (365 * US_PER_DAY) /* 2026 */

static inline int payment_story_begin(void **state)
{
    (void)state;
    story_begin(&payment_decider);
    return 0;
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, payment_story_begin, story_end)

/* Ana and Dan are clients, Ben and Cat freelancers. */
static inline struct actor actor_of(unsigned person)
{
    static int roles[] = {ROLE_CLIENT, ROLE_FREELANCER};
    if (person == NOBODY || person == REACTOR)
        return (struct actor){.kind = person == REACTOR ? ACTOR_KIND_SYSTEM : ACTOR_KIND_ANONYMOUS};
    struct actor actor = {.kind = ACTOR_KIND_USER, .id = story_id(person)};
    actor.roles.items = person == BEN || person == CAT ? roles + 1 : roles;
    actor.roles.n = 1;
    return actor;
}

/* What an event or a command of a story can say; each takes what it needs, 0 = the usual. */
struct payment_words {
    unsigned actor;      /* who sends it */
    unsigned freelancer; /* BEN */
    unsigned invoice;    /* THE_INVOICE */
    unsigned payment;    /* THE_PAYMENT */
    unsigned contract;   /* one for each invoice */
    unsigned command_id; /* the id that fits */
    int64_t amount;      /* TOTAL; of RecordPayment: absent */
    const char *currency;
    const char *text; /* reference or reason; empty */
    enum payment_method method;
    int64_t year, sequence; /* 2026, 1 */
    int64_t due_us;
    struct invoice_line *lines; /* one of the amount */
    size_t n_lines;
    bool no_lines;
};

static inline unsigned or_usual(unsigned said, unsigned usual)
{
    return said ? said : usual;
}

static inline struct uuid freelancer_of(const struct payment_words *w)
{
    return story_id(or_usual(w->freelancer, BEN));
}

static inline struct uuid invoice_of(const struct payment_words *w)
{
    return story_id(or_usual(w->invoice, THE_INVOICE));
}

static inline struct uuid contract_of(const struct payment_words *w)
{
    unsigned invoice = or_usual(w->invoice, THE_INVOICE);
    return story_id(or_usual(w->contract, invoice - THE_INVOICE + THE_CONTRACT));
}

static inline struct uuid payment_of(const struct payment_words *w)
{
    return story_id(or_usual(w->payment, THE_PAYMENT));
}

static inline const char *text_of(const struct payment_words *w)
{
    return w->text ? w->text : "";
}

static inline struct money amount_of(const struct payment_words *w)
{
    return (struct money){w->amount ? w->amount : TOTAL, w->currency ? w->currency : "EUR"};
}

static inline struct invoice_line *lines_of(const struct payment_words *w, size_t *ret_n)
{
    *ret_n = w->no_lines ? 0 : w->lines ? w->n_lines : 1;
    if (w->lines || w->no_lines)
        return w->lines;
    struct invoice_line *line = ARENA_NEW(&story.arena, struct invoice_line);
    *line = (struct invoice_line){"A logo", amount_of(w)};
    return line;
}

#define LINES(...)                                 \
    .lines = (struct invoice_line[]){__VA_ARGS__}, \
    .n_lines = sizeof((struct invoice_line[]){__VA_ARGS__}) / sizeof(struct invoice_line)

/* Events. */
static inline struct record invoice_issued_(const struct payment_words *w)
{
    int64_t year = w->year ? w->year : 2026, sequence = w->sequence ? w->sequence : 1;
    struct record event = STORY_EVENT(
        invoice_issued, invoice_of(w), .freelancer_id = freelancer_of(w),
        .client_id = story_id(ANA), .contract_id = contract_of(w),
        .number = arena_printf(&story.arena, "%lld-%04lld", (long long)year, (long long)sequence),
        .year = year, .sequence = sequence, .total = amount_of(w),
        .due_date = w->due_us ? w->due_us : DUE_US);
    struct invoice_issued *e = event.value;
    e->lines.items = lines_of(w, &e->lines.n);
    return event;
}

static inline struct record invoice_cancelled_(const struct payment_words *w)
{
    return STORY_EVENT(invoice_cancelled, invoice_of(w), .freelancer_id = freelancer_of(w),
                       .client_id = story_id(ANA), .contract_id = contract_of(w));
}

static inline struct record invoice_paid_(const struct payment_words *w)
{
    return STORY_EVENT(invoice_paid, invoice_of(w), .freelancer_id = freelancer_of(w),
                       .client_id = story_id(ANA), .contract_id = contract_of(w),
                       .total = amount_of(w));
}

static inline struct record payment_recorded_(const struct payment_words *w)
{
    return STORY_EVENT(payment_recorded, payment_of(w), .invoice_id = invoice_of(w),
                       .freelancer_id = freelancer_of(w), .client_id = story_id(ANA),
                       .amount = amount_of(w), .method = w->method, .reference = text_of(w));
}

static inline struct record payment_refunded_(const struct payment_words *w)
{
    return STORY_EVENT(payment_refunded, payment_of(w), .invoice_id = invoice_of(w),
                       .freelancer_id = freelancer_of(w), .client_id = story_id(ANA),
                       .amount = amount_of(w), .reason = text_of(w));
}

/* Commands. */
static inline struct command_meta meta_of(const struct payment_words *w, struct uuid id_that_fits)
{
    return (struct command_meta){
        .command_id = w->command_id ? story_id(w->command_id) : id_that_fits,
        .actor = actor_of(w->actor),
        .issued_at = STORY_NOW_US - 1000,
    };
}

#define PAYMENT_COMMAND(command_name, id_that_fits, ...)                                       \
    __extension__({                                                                            \
        struct command_name *command_ = ARENA_NEW(&story.arena, struct command_name);          \
        *command_ = (struct command_name){                                                     \
            .meta = meta_of(w, id_that_fits), .freelancer_id = freelancer_of(w), __VA_ARGS__}; \
        (struct record){&type_##command_name, command_};                                       \
    })

static inline struct record issue_invoice_(const struct payment_words *w)
{
    struct record command =
        PAYMENT_COMMAND(issue_invoice, invoice_of(w), .invoice_id = invoice_of(w),
                        .client_id = story_id(ANA), .contract_id = contract_of(w));
    struct issue_invoice *c = command.value;
    c->lines.items = lines_of(w, &c->lines.n);
    return command;
}

static inline struct record cancel_invoice_(const struct payment_words *w)
{
    return PAYMENT_COMMAND(cancel_invoice, story_new_id(), .invoice_id = invoice_of(w));
}

static inline struct record record_payment_(const struct payment_words *w)
{
    return PAYMENT_COMMAND(record_payment, payment_of(w), .payment_id = payment_of(w),
                           .invoice_id = invoice_of(w), .has_amount = w->amount != 0,
                           .amount = amount_of(w), .method = w->method, .reference = text_of(w));
}

static inline struct record refund_payment_(const struct payment_words *w)
{
    return PAYMENT_COMMAND(refund_payment, story_new_id(), .payment_id = payment_of(w),
                           .amount = amount_of(w), .reason = text_of(w));
}

#define invoice_issued(...)    invoice_issued_(&(struct payment_words){__VA_ARGS__})
#define invoice_cancelled(...) invoice_cancelled_(&(struct payment_words){__VA_ARGS__})
#define invoice_paid(...)      invoice_paid_(&(struct payment_words){__VA_ARGS__})
#define payment_recorded(...)  payment_recorded_(&(struct payment_words){__VA_ARGS__})
#define payment_refunded(...)  payment_refunded_(&(struct payment_words){__VA_ARGS__})
#define issue_invoice(...)     issue_invoice_(&(struct payment_words){__VA_ARGS__})
#define cancel_invoice(...)    cancel_invoice_(&(struct payment_words){__VA_ARGS__})
#define record_payment(...)    record_payment_(&(struct payment_words){__VA_ARGS__})
#define refund_payment(...)    refund_payment_(&(struct payment_words){__VA_ARGS__})

/* What the decider knows; the aggregate must be there. */
static inline const struct aggregate *known(struct uuid id)
{
    const struct aggregate *g = aggregates_find(story.aggregates, &id);
    assert_non_null(g);
    return g;
}

#endif

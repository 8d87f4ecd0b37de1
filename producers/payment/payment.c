#include "producers/payment/payment.h"

#include <time.h>

#include "producers/payment/parts.h"

#define US_PER_S INT64_C(1000000)

struct uuid invoice_book_of(const struct uuid *freelancer_id)
{
    char freelancer[UUID_TEXT_LEN + 1];
    uuid_format(freelancer_id, freelancer);
    return uuid_v5_of("invoice_book", freelancer, NULL);
}

struct uuid contract_invoices_of(const struct uuid *contract_id)
{
    char contract[UUID_TEXT_LEN + 1];
    uuid_format(contract_id, contract);
    return uuid_v5_of("contract_invoices", contract, NULL);
}

const char *payment_refuse_unless_owner(const struct actor *actor,
                                        const struct uuid *owner,
                                        const struct uuid *other_party)
{
    bool is_owner = actor_is(actor, owner);
    REFUSE_UNLESS(is_owner || actor_is(actor, other_party), "not_a_party");
    REFUSE_UNLESS(is_owner, "not_the_owner");
    return NULL;
}

static int64_t year_of(int64_t us)
{
    time_t s = (time_t)(us / US_PER_S);
    struct tm tm;
    gmtime_r(&s, &tm);
    return tm.tm_year + INT64_C(1900);
}

/* A clock that was set back stays in the book's year: a number of an older year would be issued
 * twice. */
struct invoice_number invoice_number_next(const struct decide_input *in,
                                          const struct uuid *freelancer_id)
{
    struct uuid id = invoice_book_of(freelancer_id);
    const struct invoice_book_state *book =
        aggregates_state(in->aggregates, &id, &type_invoice_book_state);
    int64_t year = year_of(in->now_us);
    if (book && year <= book->year)
        return (struct invoice_number){book->year, book->last + 1};
    return (struct invoice_number){year, 1};
}

static struct uuid issuer_book(const void *event)
{
    const struct invoice_issued *e = event;
    return invoice_book_of(&e->freelancer_id);
}

static const void *numbered(const void *state, const void *event, struct arena *a)
{
    (void)state;
    const struct invoice_issued *e = event;
    struct invoice_book_state *book = ARENA_NEW(a, struct invoice_book_state);
    book->year = e->year;
    book->last = e->sequence;
    return book;
}

static struct uuid invoiced_contract(const void *event)
{
    const struct invoice_issued *e = event;
    return contract_invoices_of(&e->contract_id);
}

static struct uuid released_contract(const void *event)
{
    const struct invoice_cancelled *e = event;
    return contract_invoices_of(&e->contract_id);
}

static const void *counted(const void *state, int64_t more, struct arena *a)
{
    const struct contract_invoices_state *old = state;
    struct contract_invoices_state *invoices = ARENA_NEW(a, struct contract_invoices_state);
    invoices->live = (old ? old->live : 0) + more;
    return invoices;
}

static const void *one_more(const void *state, const void *event, struct arena *a)
{
    (void)event;
    return counted(state, 1, a);
}

static const void *one_less(const void *state, const void *event, struct arena *a)
{
    (void)event;
    return counted(state, -1, a);
}

static const struct command_rule commands[] = {
    {&type_issue_invoice,  issue_invoice_reads,  NULL, issue_invoice },
    {&type_cancel_invoice, cancel_invoice_reads, NULL, cancel_invoice},
    {&type_record_payment, record_payment_reads, NULL, record_payment},
    {&type_refund_payment, refund_payment_reads, NULL, refund_payment},
};

static const struct fold_rule folds[] = {
    {&type_invoice_issued,    &type_invoice_state,           invoice_issued,    NULL,              0         },
    {&type_invoice_cancelled, &type_invoice_state,           invoice_cancelled, NULL,              0         },
    {&type_invoice_paid,      &type_invoice_state,           invoice_paid,      NULL,              0         },

    {&type_payment_recorded,  &type_payment_state,           payment_recorded,  NULL,              0         },
    {&type_payment_refunded,  &type_payment_state,           payment_refunded,  NULL,              0         },

    {&type_invoice_issued,    &type_invoice_book_state,      numbered,          issuer_book,       FOLD_INDEX},
    {&type_invoice_issued,    &type_contract_invoices_state, one_more,          invoiced_contract, FOLD_INDEX},
    {&type_invoice_cancelled, &type_contract_invoices_state, one_less,          released_contract,
     FOLD_INDEX                                                                                              },
    {&type_payment_recorded,  &type_invoice_state,           invoice_part_paid, payment_invoice,   FOLD_INDEX},
};

const struct decider payment_decider = {
    .fold_version = 2,
    .commands = commands,
    .n_commands = ARRAY_SIZE(commands),
    .folds = folds,
    .n_folds = ARRAY_SIZE(folds),
};

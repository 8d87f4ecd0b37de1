#include "tests/integration/histories.h"

#include <assert.h>
#include <string.h>

#include "producers/messaging/messaging.h"
#include "schemas/records.h"

#define LIFE_EVENTS_MAX 24
#define EPOCH_US        1700000000000000LL

/* One aggregate's events, or those of several that depend on each other, in order. */
struct life {
    struct uuid id;
    struct record events[LIFE_EVENTS_MAX];
    size_t n, taken;
};

struct maker {
    struct random *r;
    struct arena *a;
};

uint64_t random_below(struct random *r, uint64_t n)
{
    uint64_t z = r->state += 0x9E3779B97F4A7C15U; /* splitmix64 */
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return (z ^ z >> 31) % n;
}

static bool coin(struct maker *m)
{
    return random_below(m->r, 2);
}

static struct uuid random_uuid(struct maker *m)
{
    struct uuid u;
    for (size_t i = 0; i < sizeof(u.b); i++)
        u.b[i] = (uint8_t)random_below(m->r, 256);
    return u;
}

/* One of few, so that people have several jobs and contracts. */
static struct uuid random_person(struct maker *m)
{
    return (struct uuid){{[15] = (uint8_t)random_below(m->r, 3)}};
}

/* Texts that an escaping mistake would not survive. */
static const char *random_text(struct maker *m)
{
    static const char *const parts[] = {"a",  "\"",       "\\",   "'",  "{",  "}", ",",
                                        "\n", "\xc3\xa4", "NULL", ":x", "$1", " "};
    const char *text = "";
    for (uint64_t n = random_below(m->r, 5); n > 0; n--)
        text = arena_printf(m->a, "%s%s", text, parts[random_below(m->r, ARRAY_SIZE(parts))]);
    return text;
}

static struct money random_money(struct maker *m)
{
    return (struct money){(int64_t)random_below(m->r, 1000000) + 1, coin(m) ? "EUR" : "USD"};
}

/* To an aggregate whose events follow those of others in the life's order. */
static void *happen_to(struct maker *m,
                       struct life *l,
                       const struct record_type *type,
                       const struct uuid *id,
                       int64_t version)
{
    assert(l->n < LIFE_EVENTS_MAX);
    struct event_meta *meta = arena_alloc(m->a, type->size);
    l->events[l->n++] = (struct record){type, meta};
    meta->event_id = random_uuid(m);
    meta->command_id = random_uuid(m);
    meta->aggregate_id = *id;
    meta->version = version;
    return meta;
}

static void *happen(struct maker *m, struct life *l, const struct record_type *type)
{
    return happen_to(m, l, type, &l->id, (int64_t)l->n + 1);
}

static void profile_updated(struct maker *m, struct life *l)
{
    struct profile_updated *e = happen(m, l, &type_profile_updated);
    e->has_display_name = coin(m);
    e->display_name = random_text(m);
    e->has_headline = coin(m);
    e->headline = random_text(m);
    e->has_bio = coin(m);
    e->bio = random_text(m);
    e->has_location = coin(m);
    e->location = random_text(m);
}

static void user_life(struct maker *m, struct life *l)
{
    struct user_registered *e = happen(m, l, &type_user_registered);
    e->email = arena_printf(m->a, "Person.%u@Example.org", (unsigned)random_below(m->r, 1U << 31));
    e->display_name = random_text(m);
    e->roles.n = random_below(m->r, ROLE_N) + 1;
    e->roles.items = ARENA_ARRAY(m->a, int, ROLE_N);
    e->roles.items[0] = ROLE_FREELANCER;
    e->credential_id = l->id;
    for (uint64_t n = random_below(m->r, 12); n > 0; n--) {
        if (coin(m))
            profile_updated(m, l);
        else if (coin(m))
            happen(m, l, &type_user_logged_in);
        else
            ((struct password_changed *)happen(m, l, &type_password_changed))->credential_id =
                random_uuid(m);
    }
    if (coin(m))
        happen(m, l, &type_user_deactivated);
}

static void random_skills(struct maker *m, const char ***ret_items, size_t *ret_n)
{
    *ret_n = random_below(m->r, 4);
    *ret_items = ARENA_ARRAY(m->a, const char *, *ret_n);
    for (size_t i = 0; i < *ret_n; i++)
        (*ret_items)[i] = random_text(m);
}

static void job_edited(struct maker *m, struct life *l)
{
    struct job_edited *e = happen(m, l, &type_job_edited);
    e->has_title = coin(m);
    e->title = random_text(m);
    e->has_description = coin(m);
    e->description = random_text(m);
    e->has_skills = coin(m);
    random_skills(m, &e->skills.items, &e->skills.n);
    e->has_budget = coin(m);
    e->budget = random_money(m);
}

static void job_life(struct maker *m, struct life *l)
{
    struct job_posted *e = happen(m, l, &type_job_posted);
    e->client_id = random_person(m);
    e->title = random_text(m);
    e->description = random_text(m);
    random_skills(m, &e->skills.items, &e->skills.n);
    e->budget = random_money(m);
    for (uint64_t n = random_below(m->r, 12); n > 0; n--)
        job_edited(m, l);
    if (coin(m))
        ((struct job_closed *)happen(m, l, &type_job_closed))->reason = random_text(m);
    else if (coin(m))
        happen(m, l, &type_job_filled);
}

static void application_submitted(struct maker *m,
                                  struct life *l,
                                  const struct uuid *job,
                                  const struct uuid *freelancer)
{
    struct application_submitted *e = happen(m, l, &type_application_submitted);
    e->job_id = *job;
    e->freelancer_id = *freelancer;
    e->cover_letter = random_text(m);
    e->bid = random_money(m);
}

static void application_life(struct maker *m, struct life *l)
{
    struct uuid job = random_uuid(m), freelancer = random_uuid(m);
    application_submitted(m, l, &job, &freelancer);
    for (uint64_t n = random_below(m->r, 6); n > 0; n--) {
        happen(m, l, &type_application_withdrawn);
        application_submitted(m, l, &job, &freelancer);
    }
    static const struct record_type *const ends[] = {
        &type_application_withdrawn, &type_application_declined, &type_application_accepted, NULL};
    const struct record_type *end = ends[random_below(m->r, ARRAY_SIZE(ends))];
    if (end)
        happen(m, l, end);
}

static void contract_life(struct maker *m, struct life *l)
{
    struct freelancer_hired *e = happen(m, l, &type_freelancer_hired);
    e->job_id = random_uuid(m);
    e->application_id = random_uuid(m);
    e->client_id = random_person(m);
    e->freelancer_id = random_person(m);
    e->amount = random_money(m);
    if (coin(m))
        happen(m, l, &type_contract_completed);
    else if (coin(m))
        ((struct contract_cancelled *)happen(m, l, &type_contract_cancelled))->reason = "";
}

/* ---- client, freelancer, messaging */

static void client_life(struct maker *m, struct life *l)
{
    happen(m, l, &type_client_created);
    for (uint64_t n = random_below(m->r, 12); n > 0; n--) {
        struct client_updated *e = happen(m, l, &type_client_updated);
        e->has_company = coin(m);
        e->company = random_text(m);
        e->has_website = coin(m);
        e->website = random_text(m);
        e->has_about = coin(m);
        e->about = random_text(m);
    }
}

static void freelancer_life(struct maker *m, struct life *l)
{
    happen(m, l, &type_freelancer_created);
    for (uint64_t n = random_below(m->r, 12); n > 0; n--) {
        struct freelancer_updated *e = happen(m, l, &type_freelancer_updated);
        e->has_headline = coin(m);
        e->headline = random_text(m);
        e->has_skills = coin(m);
        random_skills(m, &e->skills.items, &e->skills.n);
        e->has_hourly_rate = coin(m);
        e->hourly_rate = random_money(m);
        e->has_available = coin(m);
        e->available = coin(m);
    }
}

#define TALK_TURNS_MAX 20
static_assert(1 + TALK_TURNS_MAX <= LIFE_EVENTS_MAX, "a thread fits a life");

struct talk {
    struct uuid pair[2]; /* in no order */
    bool about_job;
    struct uuid job;
    int64_t marks[2];
};

static void message_sent(struct maker *m, struct life *l, const struct talk *t)
{
    struct message_sent *e = happen(m, l, &type_message_sent);
    bool from = coin(m);
    e->message_id = e->meta.command_id;
    e->sender_id = t->pair[from];
    e->recipient_id = t->pair[!from];
    e->has_job_id = t->about_job;
    e->job_id = t->job;
    e->body = arena_printf(m->a, "%s.", random_text(m)); /* never empty */
}

/* Times are given when lives are shuffled: what is read up to before the epoch is never later than
 * the event. Readers may ask for less than they had. */
static void thread_read(struct maker *m, struct life *l, struct talk *t)
{
    struct thread_read *e = happen(m, l, &type_thread_read);
    bool reader = coin(m);
    int64_t asked = EPOCH_US - (int64_t)random_below(m->r, 20);
    if (asked > t->marks[reader])
        t->marks[reader] = asked;
    e->reader_id = t->pair[reader];
    e->up_to = t->marks[reader];
}

static void thread_life(struct maker *m, struct life *l)
{
    struct talk t = {
        {random_uuid(m), random_uuid(m)},
        coin(m), random_uuid(m), {0,              0             }
    };
    l->id = thread_id_of(&t.pair[0], &t.pair[1], t.about_job ? &t.job : NULL);
    message_sent(m, l, &t);
    for (uint64_t n = random_below(m->r, TALK_TURNS_MAX + 1); n > 0; n--) {
        if (coin(m))
            message_sent(m, l, &t);
        else
            thread_read(m, l, &t);
    }
}

/* ---- payment: the life is a freelancer's, with invoices and their payments */

#define BILLS_MAX         3
#define BILL_PAYMENTS_MAX 4
#define BILL_LINES_MAX    3
#define BOOK_TURNS_MAX    11 /* of at most two events, after the first invoice */
#define US_PER_DAY        (24 * 60 * 60 * 1000000LL)
static_assert(1 + 2 * BOOK_TURNS_MAX <= LIFE_EVENTS_MAX, "a book fits a life");

struct bill {
    struct uuid id, client, contract;
    int64_t version;
    struct money total;
    int64_t due;
    bool cancelled;
    struct bill_payment {
        struct uuid id;
        int64_t version;
        int64_t kept; /* not given back */
    } payments[BILL_PAYMENTS_MAX];
    size_t n_payments;
};

struct book {
    struct uuid clients[2];
    struct bill bills[BILLS_MAX];
    size_t n;
};

static struct bill *random_bill(struct maker *m, struct book *b)
{
    return &b->bills[random_below(m->r, b->n)];
}

static struct money random_lines(struct maker *m, struct invoice_issued *e)
{
    struct money total = {0, coin(m) ? "EUR" : "USD"};
    e->lines.n = random_below(m->r, BILL_LINES_MAX) + 1;
    e->lines.items = ARENA_ARRAY(m->a, struct invoice_line, e->lines.n);
    for (size_t i = 0; i < e->lines.n; i++) {
        struct money amount = {(int64_t)random_below(m->r, 1000000) + 1, total.currency};
        e->lines.items[i].description = random_text(m);
        e->lines.items[i].amount = amount;
        total.amount += amount.amount;
    }
    return total;
}

static void invoice_issued(struct maker *m, struct life *l, struct book *b)
{
    if (b->n == BILLS_MAX)
        return;
    struct bill *bill = &b->bills[b->n++];
    bill->id = random_uuid(m);
    bill->client = b->clients[coin(m)];
    bill->contract = random_uuid(m);
    struct invoice_issued *e = happen_to(m, l, &type_invoice_issued, &bill->id, ++bill->version);
    e->freelancer_id = l->id;
    e->client_id = bill->client;
    e->contract_id = bill->contract;
    e->year = 2023; /* of EPOCH_US */
    e->sequence = (int64_t)b->n;
    e->number = arena_printf(m->a, "2023-%04zu", b->n);
    bill->total = e->total = random_lines(m, e);
    bill->due = bill->total.amount;
    e->due_date = (EPOCH_US / US_PER_DAY + 30) * US_PER_DAY;
}

static void invoice_cancelled(struct maker *m, struct life *l, struct book *b)
{
    struct bill *bill = random_bill(m, b);
    if (bill->cancelled || bill->due < bill->total.amount)
        return;
    bill->cancelled = true;
    struct invoice_cancelled *e =
        happen_to(m, l, &type_invoice_cancelled, &bill->id, ++bill->version);
    e->freelancer_id = l->id;
    e->client_id = bill->client;
    e->contract_id = bill->contract;
}

static void invoice_paid(struct maker *m, struct life *l, struct bill *bill)
{
    struct invoice_paid *e = happen_to(m, l, &type_invoice_paid, &bill->id, ++bill->version);
    e->freelancer_id = l->id;
    e->client_id = bill->client;
    e->contract_id = bill->contract;
    e->total = bill->total;
}

static void payment_recorded(struct maker *m, struct life *l, struct book *b)
{
    struct bill *bill = random_bill(m, b);
    if (bill->cancelled || bill->due == 0 || bill->n_payments == BILL_PAYMENTS_MAX)
        return;
    struct bill_payment *p = &bill->payments[bill->n_payments++];
    p->id = random_uuid(m);
    p->kept = coin(m) ? bill->due : (int64_t)random_below(m->r, (uint64_t)bill->due) + 1;
    bill->due -= p->kept;
    struct payment_recorded *e = happen_to(m, l, &type_payment_recorded, &p->id, ++p->version);
    e->invoice_id = bill->id;
    e->freelancer_id = l->id;
    e->client_id = bill->client;
    e->amount = (struct money){p->kept, bill->total.currency};
    e->method = (enum payment_method)random_below(m->r, PAYMENT_METHOD_N);
    e->reference = random_text(m);
    if (bill->due == 0)
        invoice_paid(m, l, bill);
}

static void payment_refunded(struct maker *m, struct life *l, struct book *b)
{
    struct bill *bill = random_bill(m, b);
    if (bill->n_payments == 0)
        return;
    struct bill_payment *p = &bill->payments[random_below(m->r, bill->n_payments)];
    if (p->kept == 0)
        return;
    int64_t amount = coin(m) ? p->kept : (int64_t)random_below(m->r, (uint64_t)p->kept) + 1;
    p->kept -= amount;
    struct payment_refunded *e = happen_to(m, l, &type_payment_refunded, &p->id, ++p->version);
    e->invoice_id = bill->id;
    e->freelancer_id = l->id;
    e->client_id = bill->client;
    e->amount = (struct money){amount, bill->total.currency};
    e->reason = random_text(m);
}

typedef void turn_fn(struct maker *m, struct life *l, struct book *b);

static void book_life(struct maker *m, struct life *l)
{
    static turn_fn *const turns[] = {invoice_issued,   payment_recorded, payment_recorded,
                                     payment_refunded, payment_refunded, invoice_cancelled};
    struct book b = {0};
    b.clients[0] = random_uuid(m);
    b.clients[1] = random_uuid(m);
    invoice_issued(m, l, &b);
    for (uint64_t n = random_below(m->r, BOOK_TURNS_MAX + 1); n > 0; n--)
        turns[random_below(m->r, ARRAY_SIZE(turns))](m, l, &b);
}

typedef void life_fn(struct maker *m, struct life *l);
static const struct {
    const char *service;
    life_fn *live;
} kinds[] = {
    {"user",       user_life       },
    {"job",        job_life        },
    {"job",        application_life},
    {"job",        contract_life   },
    {"client",     client_life     },
    {"freelancer", freelancer_life },
    {"messaging",  thread_life     },
    {"payment",    book_life       },
};

static void life_of(const char *service, struct maker *m, struct life *l)
{
    life_fn *live[ARRAY_SIZE(kinds)];
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i].service, service) == 0)
            live[n++] = kinds[i].live;
    assert(n > 0);
    l->id = random_uuid(m);
    live[random_below(m->r, n)](m, l);
}

/* Moves the next event of a random life to the log; times stand still or go on, as in a batch. */
static void shuffle(struct maker *m, struct life *lives, size_t n, struct history *h)
{
    int64_t at = EPOCH_US;
    for (size_t left = h->n; left > 0; left--) {
        struct life *l;
        do
            l = &lives[random_below(m->r, n)];
        while (l->taken == l->n);
        struct record e = l->events[l->taken++];
        at += (int64_t)random_below(m->r, 3);
        ((struct event_meta *)e.value)->occurred_at = at;
        h->events[h->n - left] = e;
    }
}

struct history history_random(const char *service, size_t lives, struct random *r, struct arena *a)
{
    struct maker m = {r, a};
    struct life *all = ARENA_ARRAY(a, struct life, lives);
    struct history h = {0};
    for (size_t i = 0; i < lives; i++) {
        life_of(service, &m, &all[i]);
        h.n += all[i].n;
    }
    h.events = ARENA_ARRAY(a, struct record, h.n);
    shuffle(&m, all, lives, &h);
    return h;
}

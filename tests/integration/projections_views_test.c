/* What client, freelancer, messaging and payment show, and what a search for jobs finds. */
#include "tests/unit/spec.h"

#include <string.h>

#include "projections/service_sql.h"
#include "schemas/records.h"
#include "tests/integration/view_world.h"

#define APPLY(service, projection, partition, ...)                                  \
    do {                                                                            \
        const struct record list_[] = {__VA_ARGS__};                                \
        view_apply((service), (projection), (partition), list_, ARRAY_SIZE(list_)); \
    } while (0)

#define ANA id_of(1)
#define BEN id_of(2)
#define CYD id_of(3)

/* Tests stand alone: what one made is gone before the next one. */
static int with_empty_views(void **state)
{
    (void)state;
    for (size_t i = 0; view_services[i]; i++)
        view_script(view_pg(view_services[i]),
                    "DO $$ DECLARE t text; BEGIN FOR t IN SELECT relname FROM pg_class WHERE "
                    "relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname "
                    "<> 'lane' LOOP EXECUTE format('DELETE FROM %I', t); END LOOP; END $$");
    return 0;
}

static struct record registered(unsigned id, const char *name, int role)
{
    struct user_registered *e = ARENA_NEW(&view.arena, struct user_registered);
    *e = (struct user_registered){META(id, 1, 1), .email = "a@b", .display_name = name};
    e->roles.items = ARENA_ARRAY(&view.arena, int, 1);
    e->roles.items[0] = role;
    e->roles.n = 1;
    return (struct record){&type_user_registered, e};
}

static struct record renamed(unsigned id, int64_t version, const char *name)
{
    struct profile_updated *e = ARENA_NEW(&view.arena, struct profile_updated);
    *e = (struct profile_updated){META(id, version, 2), .has_display_name = name != NULL,
                                  .display_name = name};
    return (struct record){&type_profile_updated, e};
}

static struct record posted(unsigned id, struct uuid client, int64_t at, const char *title)
{
    struct job_posted *e = ARENA_NEW(&view.arena, struct job_posted);
    *e = (struct job_posted){
        META(id, 1, at), .client_id = client, .title = title, .description = "",
        .budget = {1000, "EUR"}
    };
    return (struct record){&type_job_posted, e};
}

static struct record hired(unsigned id, struct uuid client, struct uuid freelancer, int64_t at)
{
    struct freelancer_hired *e = ARENA_NEW(&view.arena, struct freelancer_hired);
    *e = (struct freelancer_hired){
        META(id, 1, at),     .job_id = id_of(50),         .application_id = id_of(51),
        .client_id = client, .freelancer_id = freelancer, .amount = {900, "EUR"}
    };
    return (struct record){&type_freelancer_hired, e};
}

static struct record completed(unsigned id, int64_t at)
{
    struct contract_completed *e = ARENA_NEW(&view.arena, struct contract_completed);
    *e = (struct contract_completed){META(id, 2, at)};
    return (struct record){&type_contract_completed, e};
}

static struct record paid(unsigned id, unsigned invoice, struct money amount, int64_t at)
{
    struct payment_recorded *e = ARENA_NEW(&view.arena, struct payment_recorded);
    *e = (struct payment_recorded){
        META(id, 1, at),  .invoice_id = id_of(invoice),  .freelancer_id = BEN, .client_id = ANA,
        .amount = amount, .method = PAYMENT_METHOD_CARD, .reference = "ref"};
    return (struct record){&type_payment_recorded, e};
}

static struct record refunded(unsigned id, int64_t version, struct money amount)
{
    struct payment_refunded *e = ARENA_NEW(&view.arena, struct payment_refunded);
    *e = (struct payment_refunded){META(id, version, 9), .freelancer_id = BEN, .client_id = ANA,
                                   .amount = amount, .reason = ""};
    return (struct record){&type_payment_refunded, e};
}

/* The ids found, as numbers: "7 5 6". */
static const char *
found(const char *service, const char *name, const struct query_arg *args, size_t n)
{
    const char *list = "";
    struct page page = page_of(service, name, args, n, NULL, false);
    for (size_t i = 0; i < page.n; i++)
        list = arena_printf(&view.arena, "%s%s%d", list, i > 0 ? " " : "",
                            page.rows[i].id.b[14] << 8 | page.rows[i].id.b[15]);
    return list;
}

#define EXPECT_FOUND(service, name, want, ...)                                           \
    do {                                                                                 \
        const struct query_arg args_[] = {__VA_ARGS__};                                  \
        assert_string_equal(found((service), (name), args_, ARRAY_SIZE(args_)), (want)); \
    } while (0)

/* ---- client */

static void a_client_shows_its_profile_and_what_it_did(void **state)
{
    (void)state;
    APPLY("client", APPLY_OWN, 0, EVENT(client_created, META(1, 1, 3)),
          EVENT(client_updated, META(1, 2, 4), .has_company = true, .company = "Acme"),
          EVENT(client_updated, META(1, 3, 5), .has_about = true, .about = "We build"));
    expect_item("client", "client", 1, 3,
                "{'id': #1, 'display_name': '', 'company': 'Acme', 'website': '', 'about': 'We "
                "build', 'jobs_posted': 0, 'hires': 0, 'spent': [], 'version': 3, 'created_at': "
                "@3, 'updated_at': @5}");
    APPLY("client", "from_user", 1, registered(1, "Ana", ROLE_CLIENT),
          registered(2, "Ben", ROLE_FREELANCER), renamed(1, 2, "Anna"), renamed(1, 3, NULL));
    APPLY("client", "from_job", 0, posted(10, ANA, 1, "a"), posted(11, ANA, 1, "b"));
    APPLY("client", "from_job", 2, posted(12, ANA, 1, "c"), hired(20, ANA, BEN, 1),
          completed(20, 2), posted(13, CYD, 1, "d"));
    APPLY(
        "client", "from_payment", 0, paid(30, 40, ((struct money){500, "USD"}), 1),
        paid(31, 40, ((struct money){300, "EUR"}), 1), paid(32, 40, ((struct money){7, "CHF"}), 1),
        refunded(31, 2, ((struct money){100, "EUR"})), refunded(31, 3, ((struct money){50, "EUR"})),
        refunded(32, 2, ((struct money){7, "CHF"})));
    APPLY("client", "from_payment", 1, paid(33, 40, ((struct money){1, "EUR"}), 1));
    expect_item("client", "client", 1, 3,
                "{'id': #1, 'display_name': 'Anna', 'company': 'Acme', 'website': '', 'about': 'We "
                "build', 'jobs_posted': 3, 'hires': 1, 'spent': [{'amount': 151, 'currency': "
                "'EUR'}, {'amount': 500, 'currency': 'USD'}], 'version': 3, 'created_at': @3, "
                "'updated_at': @5}");
    assert_int_equal(view_item("client", "client", 2).n, 0);
}

#define LISTED       23
#define LISTED_AT(i) ((i) / 3) /* several at the same time */

static void clients_are_listed_with_what_they_did(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LISTED; i++) {
        APPLY("client", APPLY_OWN, 0, EVENT(client_created, META(100 + i, 1, LISTED_AT(i))));
        APPLY("client", "from_job", 0, posted(200 + i, ANA, LISTED_AT(i), "t"));
    }
    APPLY("client", "from_user", 0, registered(100 + LISTED - 1, "Zoe", ROLE_CLIENT));
    expect_pages("client", "clients", 100, LISTED, NULL, 0);
    struct page page = page_of("client", "clients", NULL, 0, NULL, false);
    expect_body(&page.rows[0],
                "{'id': #122, 'display_name': 'Zoe', 'company': '', 'website': '', 'about': '', "
                "'jobs_posted': 0, 'hires': 0, 'spent': [], 'version': 1, 'created_at': @7, "
                "'updated_at': @7}");
    const struct query_arg client = uuid_arg("client_id", ANA), nobody = uuid_arg("client_id", CYD);
    expect_pages("client", "postings_of_client", 200, LISTED, &client, 1);
    assert_int_equal(page_of("client", "postings_of_client", &nobody, 1, NULL, false).n, 0);
}

static void a_posting_of_a_client_shows_the_job_as_it_is(void **state)
{
    (void)state;
    APPLY("client", "from_job", 0, posted(10, ANA, 1, "Old"),
          EVENT(job_edited, META(10, 2, 2), .has_title = true, .title = "New"),
          EVENT(job_filled, META(10, 3, 3)), posted(11, ANA, 2, "b"),
          EVENT(job_closed, META(11, 2, 4), .reason = ""));
    const struct query_arg client = uuid_arg("client_id", ANA);
    struct page page = page_of("client", "postings_of_client", &client, 1, NULL, false);
    assert_int_equal(page.n, 2);
    expect_body(&page.rows[0], "{'id': #11, 'client_id': #1, 'title': 'b', 'description': '', "
                               "'skills': [], 'budget': {'amount': 1000, 'currency': 'EUR'}, "
                               "'status': 'closed', 'version': 2, 'created_at': @2, 'updated_at': "
                               "@4}");
    expect_body(&page.rows[1], "{'id': #10, 'client_id': #1, 'title': 'New', 'description': '', "
                               "'skills': [], 'budget': {'amount': 1000, 'currency': 'EUR'}, "
                               "'status': 'filled', 'version': 3, 'created_at': @1, 'updated_at': "
                               "@3}");
}

/* ---- freelancer */

static void a_freelancer_shows_profile_and_earnings(void **state)
{
    (void)state;
    const char *skills[] = {"C", "SQL"};
    APPLY("freelancer", APPLY_OWN, 0, EVENT(freelancer_created, META(2, 1, 3)));
    expect_item("freelancer", "freelancer", 2, 1,
                "{'id': #2, 'display_name': '', 'headline': '', 'skills': [], 'hourly_rate': null, "
                "'available': true, 'completed': 0, 'earned': [], 'version': 1, 'created_at': @3, "
                "'updated_at': @3}");
    APPLY("freelancer", APPLY_OWN, 0,
          EVENT(freelancer_updated, META(2, 2, 4), .has_headline = true, .headline = "Hi",
                .has_skills = true, .skills = {skills, 2}, .has_hourly_rate = true,
                .hourly_rate = {9000, "EUR"}),
          EVENT(freelancer_updated, META(2, 3, 5), .has_available = true, .available = false));
    APPLY("freelancer", "from_user", 1, registered(2, "Ben", ROLE_FREELANCER));
    APPLY("freelancer", "from_job", 0, hired(20, ANA, BEN, 1), completed(20, 2),
          hired(21, ANA, BEN, 1), EVENT(contract_cancelled, META(21, 2, 2), .reason = ""));
    APPLY("freelancer", "from_job", 1, hired(22, ANA, BEN, 1), completed(22, 2),
          hired(23, ANA, BEN, 1), completed(23, 2));
    APPLY("freelancer", "from_payment", 2, paid(30, 40, ((struct money){500, "USD"}), 1),
          paid(31, 40, ((struct money){300, "EUR"}), 1),
          refunded(30, 2, ((struct money){500, "USD"})));
    expect_item("freelancer", "freelancer", 2, 3,
                "{'id': #2, 'display_name': 'Ben', 'headline': 'Hi', 'skills': ['C', 'SQL'], "
                "'hourly_rate': {'amount': 9000, 'currency': 'EUR'}, 'available': false, "
                "'completed': 3, 'earned': [{'amount': 300, 'currency': 'EUR'}], 'version': 3, "
                "'created_at': @3, 'updated_at': @5}");
}

static struct record submitted(unsigned id, int64_t version, int64_t at, int64_t bid)
{
    struct application_submitted *e = ARENA_NEW(&view.arena, struct application_submitted);
    *e = (struct application_submitted){
        META(id, version, at), .job_id = id_of(50), .freelancer_id = BEN, .cover_letter = "Me",
        .bid = {bid, "EUR"}
    };
    return (struct record){&type_application_submitted, e};
}

static void an_application_is_tracked_with_every_status_it_had(void **state)
{
    (void)state;
    APPLY("freelancer", "from_job", 0, submitted(10, 1, 1, 5),
          EVENT(application_withdrawn, META(10, 2, 2), .job_id = id_of(50), .freelancer_id = BEN),
          submitted(10, 3, 3, 6),
          EVENT(application_accepted, META(10, 4, 4), .job_id = id_of(50), .freelancer_id = BEN),
          submitted(11, 1, 2, 7),
          EVENT(application_declined, META(11, 2, 5), .job_id = id_of(50), .freelancer_id = BEN));
    const struct query_arg ben = uuid_arg("freelancer_id", BEN);
    struct page page = page_of("freelancer", "applications_of_freelancer", &ben, 1, NULL, false);
    assert_int_equal(page.n, 2);
    assert_int_equal(page.rows[0].version, 2);
    expect_body(&page.rows[0],
                "{'id': #11, 'job_id': #50, 'freelancer_id': #2, 'cover_letter': 'Me', 'bid': "
                "{'amount': 7, 'currency': 'EUR'}, 'status': 'declined', 'submitted_at': @2, "
                "'decided_at': @5, 'history': [{'status': 'submitted', 'at': @2}, {'status': "
                "'declined', 'at': @5}], 'version': 2, 'created_at': @2, 'updated_at': @5}");
    expect_body(&page.rows[1],
                "{'id': #10, 'job_id': #50, 'freelancer_id': #2, 'cover_letter': 'Me', 'bid': "
                "{'amount': 6, 'currency': 'EUR'}, 'status': 'accepted', 'submitted_at': @3, "
                "'decided_at': @4, 'history': [{'status': 'submitted', 'at': @1}, {'status': "
                "'withdrawn', 'at': @2}, {'status': 'submitted', 'at': @3}, {'status': 'accepted', "
                "'at': @4}], 'version': 4, 'created_at': @1, 'updated_at': @4}");
}

static void a_freelancers_lists_have_pages(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LISTED; i++) {
        int64_t at = LISTED_AT(i);
        APPLY("freelancer", APPLY_OWN, 0, EVENT(freelancer_created, META(100 + i, 1, at)));
        APPLY("freelancer", "from_job", 0, submitted(200 + i, 1, at, 1),
              hired(300 + i, ANA, BEN, at), completed(300 + i, 90 - at));
    }
    APPLY("freelancer", "from_job", 0, hired(400, ANA, BEN, 99));
    const struct query_arg ben = uuid_arg("freelancer_id", BEN);
    expect_pages("freelancer", "freelancers", 100, LISTED, NULL, 0);
    expect_pages("freelancer", "applications_of_freelancer", 200, LISTED, &ben, 1);
    expect_pages("freelancer", "history_of_freelancer", 300, LISTED, &ben, 1);
    struct page page = page_of("freelancer", "history_of_freelancer", &ben, 1, NULL, false);
    expect_body(&page.rows[0],
                "{'id': #322, 'job_id': #50, 'application_id': #51, 'client_id': #1, "
                "'freelancer_id': #2, 'amount': {'amount': 900, 'currency': 'EUR'}, 'status': "
                "'completed', 'version': 2, 'created_at': @7, 'updated_at': @83}");
}

static struct record
offered(unsigned id, const char *headline, const char **skills, size_t n, int64_t rate)
{
    struct freelancer_updated *e = ARENA_NEW(&view.arena, struct freelancer_updated);
    *e = (struct freelancer_updated){
        META(id, 2, id),
        .has_headline = true,
        .headline = headline,
        .has_skills = true,
        .skills = {skills, n    },
        .has_hourly_rate = rate > 0,
        .hourly_rate = {rate,   "EUR"}
    };
    return (struct record){&type_freelancer_updated, e};
}

/* 1 Ana Will, 2 Ben, 3 Cyd; 4 without a name yet */
static void fill_freelancers(void)
{
    const char *c_sql[] = {"C", "SQL"}, *rust[] = {"Rust"}, *react[] = {"React Native", "rust"};
    for (unsigned i = 1; i <= 4; i++)
        APPLY("freelancer", APPLY_OWN, 0, EVENT(freelancer_created, META(i, 1, i)));
    APPLY("freelancer", APPLY_OWN, 0, offered(1, "Databases", c_sql, 2, 5000),
          offered(2, "Rust and more rust", rust, 1, 9000),
          offered(3, "Ana's assistant", NULL, 0, 0), offered(4, "Web", react, 2, 100));
    APPLY("freelancer", "from_user", 0, registered(1, "Ana Will", ROLE_FREELANCER),
          registered(2, "Ben", ROLE_FREELANCER), registered(3, "Cyd", ROLE_FREELANCER),
          registered(9, "Ana Client", ROLE_CLIENT));
}

static void freelancers_are_found_by_words_of_name_headline_and_skills(void **state)
{
    (void)state;
    fill_freelancers();
    EXPECT_FOUND("freelancer", "freelancers", "2 4", text_arg("q", "rust"));
    EXPECT_FOUND("freelancer", "freelancers", "1 3", text_arg("q", "ana")); /* the name first */
    EXPECT_FOUND("freelancer", "freelancers", "1", text_arg("q", "ANA sql"));
    EXPECT_FOUND("freelancer", "freelancers", "1", text_arg("q", "will"));
    EXPECT_FOUND("freelancer", "freelancers", "3", text_arg("q", "ana -sql"));
    EXPECT_FOUND("freelancer", "freelancers", "2 1", text_arg("q", "ben or sql"));
    EXPECT_FOUND("freelancer", "freelancers", "1", text_arg("q", "\"ana will\""));
    EXPECT_FOUND("freelancer", "freelancers", "", text_arg("q", "\"will ana\""));
    EXPECT_FOUND("freelancer", "freelancers", "", text_arg("q", "ana rust"));
    EXPECT_FOUND("freelancer", "freelancers", "", text_arg("q", " & !"));
    APPLY("freelancer", "from_user", 0, renamed(1, 2, "Bea"));
    EXPECT_FOUND("freelancer", "freelancers", "3", text_arg("q", "ana"));
}

static void freelancers_are_filtered_by_all_skills_and_rate(void **state)
{
    (void)state;
    fill_freelancers();
    const struct query_arg eur = text_arg("currency", "EUR"), usd = text_arg("currency", "USD");
    EXPECT_FOUND("freelancer", "freelancers", "4 2", texts_arg("skills", "RUST", NULL));
    EXPECT_FOUND("freelancer", "freelancers", "4", texts_arg("skills", "rust", "react native"));
    EXPECT_FOUND("freelancer", "freelancers", "", texts_arg("skills", "react", NULL));
    EXPECT_FOUND("freelancer", "freelancers", "4 1", int_arg("max_rate", 5000), eur);
    EXPECT_FOUND("freelancer", "freelancers", "", int_arg("max_rate", 5000), usd);
    EXPECT_FOUND("freelancer", "freelancers", "2 4", text_arg("q", "rust"),
                 int_arg("max_rate", 9000), eur);
    EXPECT_FOUND("freelancer", "freelancers", "4", text_arg("q", "rust"), int_arg("max_rate", 8999),
                 eur, texts_arg("skills", "Rust", NULL));
}

/* ---- messaging */

static struct record sent(unsigned thread,
                          int64_t version,
                          unsigned message,
                          struct uuid from,
                          struct uuid to,
                          int64_t at)
{
    struct message_sent *e = ARENA_NEW(&view.arena, struct message_sent);
    *e = (struct message_sent){META(thread, version, at),
                               .message_id = id_of(message),
                               .sender_id = from,
                               .recipient_id = to,
                               .has_job_id = thread == 11,
                               .job_id = id_of(50),
                               .body = "Hello"};
    return (struct record){&type_message_sent, e};
}

static struct record
was_read(unsigned thread, int64_t version, struct uuid reader, int64_t up_to, int64_t at)
{
    struct thread_read *e = ARENA_NEW(&view.arena, struct thread_read);
    *e = (struct thread_read){META(thread, version, at), .reader_id = reader, .up_to = AT(up_to)};
    return (struct record){&type_thread_read, e};
}

static void expect_thread(unsigned id, struct uuid reader, int64_t version, const char *json)
{
    const struct query_arg args[] = {ids_arg(&id, 1), uuid_arg("reader_id", reader)};
    struct query_result r = view_run("messaging", "thread", args, 2);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.rows[0].version, version);
    expect_body(&r.rows[0], json);
}

static void each_participant_sees_what_it_has_not_read(void **state)
{
    (void)state;
    APPLY("messaging", APPLY_OWN, 0, sent(11, 1, 70, BEN, ANA, 1), sent(11, 2, 71, BEN, ANA, 2),
          sent(11, 3, 72, ANA, BEN, 3), was_read(11, 4, ANA, 1, 4), sent(11, 5, 73, BEN, ANA, 5),
          sent(12, 1, 74, CYD, ANA, 6));
    expect_thread(11, ANA, 5,
                  "{'id': #11, 'participants': [#1, #2], 'job_id': #50, 'last_message_at': @5, "
                  "'unread': 2, 'version': 5, 'created_at': @1, 'updated_at': @5}");
    expect_thread(11, BEN, 5,
                  "{'id': #11, 'participants': [#1, #2], 'job_id': #50, 'last_message_at': @5, "
                  "'unread': 1, 'version': 5, 'created_at': @1, 'updated_at': @5}");
    APPLY("messaging", APPLY_OWN, 0, was_read(11, 6, BEN, 3, 7), was_read(11, 7, ANA, 5, 8),
          was_read(11, 8, ANA, 2, 9)); /* a mark never goes back */
    expect_thread(11, BEN, 8,
                  "{'id': #11, 'participants': [#1, #2], 'job_id': #50, 'last_message_at': @5, "
                  "'unread': 0, 'version': 8, 'created_at': @1, 'updated_at': @9}");
    expect_thread(11, ANA, 8,
                  "{'id': #11, 'participants': [#1, #2], 'job_id': #50, 'last_message_at': @5, "
                  "'unread': 0, 'version': 8, 'created_at': @1, 'updated_at': @9}");
    expect_thread(12, ANA, 1,
                  "{'id': #12, 'participants': [#1, #3], 'job_id': null, 'last_message_at': @6, "
                  "'unread': 1, 'version': 1, 'created_at': @6, 'updated_at': @6}");
    expect_item("messaging", "message", 72, 3,
                "{'id': #72, 'thread_id': #11, 'sender_id': #1, 'recipient_id': #2, 'job_id': #50, "
                "'body': 'Hello', 'version': 3, 'created_at': @3, 'updated_at': @3}");
}

static void threads_and_messages_have_pages(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LISTED; i++) {
        APPLY("messaging", APPLY_OWN, 0,
              sent(200 + i, 1, 300 + i, i % 2 ? BEN : BEN, i % 2 ? ANA : CYD, LISTED_AT(i)));
        APPLY("messaging", APPLY_OWN, 0, sent(99, 1 + i, 400 + i, ANA, CYD, LISTED_AT(i)));
    }
    const struct query_arg ben = uuid_arg("reader_id", BEN), thread = uuid_arg("thread", id_of(99));
    expect_pages("messaging", "threads", 200, LISTED, &ben, 1);
    expect_pages("messaging", "messages", 400, LISTED, &thread, 1);
    const struct query_arg ana = uuid_arg("reader_id", ANA);
    struct page page = page_of("messaging", "threads", &ana, 1, NULL, false);
    expect_body(&page.rows[0],
                "{'id': #221, 'participants': [#1, #2], 'job_id': null, 'last_message_at': @7, "
                "'unread': 1, 'version': 1, 'created_at': @7, 'updated_at': @7}");
}

/* ---- payment */

static struct record issued(unsigned id, struct uuid freelancer, struct uuid client, int64_t at)
{
    static struct invoice_line lines[] = {
        {"Work \"A\"", {700, "EUR"}},
        {"Paper",      {300, "EUR"}}
    };
    struct invoice_issued *e = ARENA_NEW(&view.arena, struct invoice_issued);
    *e = (struct invoice_issued){
        META(id, 1, at),        .freelancer_id = freelancer,
        .client_id = client,    .contract_id = id_of(20),
        .number = "2026-0001",  .year = 2026,
        .sequence = 1,          .lines = {lines, 2    },
        .total = {1000,  "EUR"},
                      .due_date = AT(0)
    };
    return (struct record){&type_invoice_issued, e};
}

static void expect_invoice(int64_t version, int paid_amount, const char *status, int64_t updated)
{
    expect_item("payment", "invoice", 40, version,
                arena_printf(&view.arena,
                             "{'id': #40, 'number': '2026-0001', 'contract_id': #20, 'client_id': "
                             "#1, 'freelancer_id': #2, 'lines': [{'description': 'Work \\\"A\\\"', "
                             "'amount': {'amount': 700, 'currency': 'EUR'}}, {'description': "
                             "'Paper', 'amount': {'amount': 300, 'currency': 'EUR'}}], 'total': "
                             "{'amount': 1000, 'currency': 'EUR'}, 'paid': {'amount': %d, "
                             "'currency': 'EUR'}, 'due_date': '2026-01-01', 'status': '%s', "
                             "'version': %d, 'created_at': @1, 'updated_at': @%d}",
                             paid_amount, status, (int)version, (int)updated));
}

static void an_invoice_shows_what_its_payments_sum_up_to(void **state)
{
    (void)state;
    APPLY("payment", APPLY_OWN, 0, issued(40, BEN, ANA, 1), issued(41, BEN, ANA, 1));
    expect_invoice(1, 0, "issued", 1);
    APPLY("payment", APPLY_OWN, 0, paid(30, 40, ((struct money){400, "EUR"}), 2));
    expect_invoice(1, 400, "partially_paid", 1);
    APPLY("payment", APPLY_OWN, 0, paid(31, 40, ((struct money){600, "EUR"}), 3),
          EVENT(invoice_paid, META(40, 2, 3)), refunded(30, 2, ((struct money){100, "EUR"})),
          refunded(30, 3, ((struct money){50, "EUR"})), EVENT(invoice_cancelled, META(41, 2, 4)));
    expect_invoice(2, 1000, "paid", 3);
    expect_item("payment", "payment", 30, 3,
                "{'id': #30, 'invoice_id': #40, 'client_id': #1, 'freelancer_id': #2, 'amount': "
                "{'amount': 400, 'currency': 'EUR'}, 'refunded': {'amount': 150, 'currency': "
                "'EUR'}, 'method': 'card', 'reference': 'ref', 'version': 3, 'created_at': @2, "
                "'updated_at': @9}");
    assert_true(query_summed(query_find("payment", "invoice")));
    assert_true(query_summed(query_find("payment", "invoices")));
    assert_false(query_summed(query_find("payment", "payment")));
}

static void invoices_and_payments_have_pages_for_both_parties(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LISTED; i++) {
        int64_t at = LISTED_AT(i);
        struct record payment = paid(300 + i, 40, (struct money){1, "EUR"}, at);
        struct payment_recorded *e = (struct payment_recorded *)payment.value;
        e->client_id = i % 2 ? CYD : BEN;
        e->freelancer_id = i % 2 ? BEN : CYD;
        APPLY("payment", APPLY_OWN, 0, payment,
              issued(200 + i, i % 2 ? BEN : ANA, i % 2 ? ANA : BEN, at));
    }
    APPLY("payment", APPLY_OWN, 0, paid(500, 41, ((struct money){1, "EUR"}), 99));
    const struct query_arg ben = uuid_arg("party_id", BEN), cyd = uuid_arg("party_id", CYD),
                           ana = uuid_arg("party_id", ANA),
                           of[] = {ben, uuid_arg("invoice_id", id_of(40))};
    expect_pages("payment", "invoices", 200, LISTED, &ben, 1);
    expect_pages("payment", "invoices", 200, LISTED, &ana, 1);
    expect_pages("payment", "payments", 300, LISTED, &cyd, 1);
    expect_pages("payment", "payments", 300, LISTED, of, 2);
    EXPECT_FOUND("payment", "payments", "500", ana);
    EXPECT_FOUND("payment", "payments", "", ana, uuid_arg("invoice_id", id_of(40)));
}

/* ---- a search for jobs */

/* In the view of the lane and in that of the search, as both come to be. */
#define JOBS(...)                                 \
    do {                                          \
        APPLY("job", APPLY_OWN, 0, __VA_ARGS__);  \
        APPLY("job", "from_job", 0, __VA_ARGS__); \
    } while (0)

static struct record
job(unsigned id, const char *title, const char *text, const char *skill, struct money budget)
{
    struct record r = posted(id, id_of(id % 2 ? 1 : 2), id, title);
    struct job_posted *e = (struct job_posted *)r.value;
    e->description = text;
    e->skills.items = ARENA_ARRAY(&view.arena, const char *, 2);
    e->skills.items[0] = skill;
    e->skills.items[1] = "All, of them";
    e->skills.n = 2;
    e->budget = budget;
    return r;
}

static void fill_jobs(void)
{
    JOBS(job(1, "Developers of a database", "for a shop", "SQL", (struct money){100, "EUR"}),
         job(2, "A shop", "wants a developer. For databases", "SQL", (struct money){200, "EUR"}),
         job(3, "Logo", "for the shop", "Design", (struct money){300, "USD"}),
         job(4, "Painting", "to develop a design", "Oil", (struct money){400, "EUR"}),
         EVENT(job_closed, META(4, 2, 9), .reason = ""));
}

#define EXPECT_JOBS(want, ...) EXPECT_FOUND("job", "search_jobs", want, __VA_ARGS__)

static void jobs_are_found_by_words_the_title_first(void **state)
{
    (void)state;
    fill_jobs();
    EXPECT_JOBS("1 2", text_arg("q", "developer database"));
    EXPECT_JOBS("2 3 1", text_arg("q", "shops"));
    EXPECT_JOBS("3 4", text_arg("q", "design")); /* a skill above the text */
    EXPECT_JOBS("2", text_arg("q", "\"wants a developer\""));
    EXPECT_JOBS("3", text_arg("q", "shop -database"));
    EXPECT_JOBS("4 3", text_arg("q", "painting or logo"));
    EXPECT_JOBS("", text_arg("q", "nothing"));
    EXPECT_JOBS("", text_arg("q", "the")); /* in every text, so in no index */
}

static void jobs_are_filtered(void **state)
{
    (void)state;
    fill_jobs();
    const struct query_arg eur = text_arg("currency", "EUR"), open = text_arg("status", "open");
    EXPECT_JOBS("4 3 2 1", texts_arg("skills", "all, of them", NULL));
    EXPECT_JOBS("2 1", texts_arg("skills", "ALL, of them", "sql"));
    EXPECT_JOBS("", texts_arg("skills", "design", "sql"));
    EXPECT_JOBS("3 2 1", open);
    EXPECT_JOBS("4", text_arg("status", "closed"));
    EXPECT_JOBS("3 1", uuid_arg("client_id", ANA));
    EXPECT_JOBS("3", uuid_arg("client_id", ANA), text_arg("q", "logo"));
    EXPECT_JOBS("2", uuid_arg("client_id", BEN), open, int_arg("max_budget", 400), eur);
    EXPECT_JOBS("4 2", int_arg("min_budget", 200), eur);
    EXPECT_JOBS("2 1", int_arg("max_budget", 200), eur);
    EXPECT_JOBS("2", int_arg("min_budget", 101), int_arg("max_budget", 399), eur);
    EXPECT_JOBS("2", text_arg("q", "shop"), open, int_arg("min_budget", 101), eur,
                texts_arg("skills", "sql", NULL));
}

static void a_search_follows_edits(void **state)
{
    (void)state;
    const char *skills[] = {"Rust"};
    fill_jobs();
    JOBS(EVENT(job_edited, META(1, 2, 9), .has_title = true, .title = "Gardening"));
    EXPECT_JOBS("1", text_arg("q", "garden"));
    EXPECT_JOBS("2", text_arg("q", "database"));
    EXPECT_JOBS("2 3 1", text_arg("q", "shop"), text_arg("status", "open"));
    JOBS(EVENT(job_edited, META(1, 3, 9), .has_skills = true, .skills = {skills, 1},
               .has_budget = true, .budget = {5, "CHF"}),
         EVENT(job_edited, META(1, 4, 9), .has_description = true, .description = "trees"));
    EXPECT_JOBS("1", text_arg("q", "garden rust trees"), texts_arg("skills", "rust", NULL),
                int_arg("max_budget", 5), text_arg("currency", "CHF"));
    EXPECT_JOBS("2 3", text_arg("q", "shop"));
    JOBS(EVENT(job_filled, META(1, 5, 9)));
    struct page page = page_of("job", "search_jobs",
                               (const struct query_arg[]){text_arg("q", "garden")}, 1, NULL, false);
    assert_int_equal(page.rows[0].version, 5);
    assert_true(page.rows[0].rank > 0);
    expect_body(&page.rows[0],
                "{'id': #1, 'client_id': #1, 'title': 'Gardening', 'description': 'trees', "
                "'skills': ['Rust'], 'budget': {'amount': 5, 'currency': 'CHF'}, 'status': "
                "'filled', 'version': 5, 'created_at': @1, 'updated_at': @9}");
    for (int v = 6; v < 100; v++)
        JOBS(EVENT(job_edited, META(1, v, 9), .has_title = true,
                   .title = v % 2 ? "Gardening by night" : "Mowing a lawn at noon"));
    EXPECT_JOBS("1", text_arg("q", "garden \"by night\" rust trees"));
    EXPECT_JOBS("", text_arg("q", "lawn"));
}

/* n jobs of one hour, id_of(base + 0..), every `step`th with the word and the skill. */
static void fill_many_jobs(unsigned base, unsigned n, unsigned step)
{
    view_script(
        view_pg("job"),
        arena_printf(
            &view.arena,
            "INSERT INTO posting SELECT lpad(to_hex(%u + i), 32, '0')::uuid, "
            "lpad('1', 32, '0')::uuid, 'T', '', '{}', 1, 'EUR', 'open', 1, at, at "
            "FROM generate_series(0, %u - 1) AS i, LATERAL (SELECT timestamptz '2026-01-01' "
            "+ i / 3 * interval '1 s' AS at) AS t;"
            "INSERT INTO search SELECT job_id, 'open', CASE WHEN (i %% %u) = 0 "
            "THEN ARRAY['gold'] ELSE '{}' END, CASE WHEN (i %% %u) = 0 THEN 7 ELSE 1 END, "
            "'EUR', to_tsvector('english', CASE WHEN (i %% %u) = 0 THEN 'gold' ELSE 'sand' END), "
            "1, created_at FROM (SELECT *, row_number() OVER (ORDER BY job_id) - 1 AS i FROM "
            "posting) AS p",
            base, n, step, step, step));
}

/* The same of freelancers; of each one the name is known too. */
static void fill_many_freelancers(unsigned base, unsigned n, unsigned step)
{
    view_script(
        view_pg("freelancer"),
        arena_printf(
            &view.arena,
            "INSERT INTO profile SELECT lpad(to_hex(%u + i), 32, '0')::uuid, 'H', '{}', CASE WHEN "
            "(i %% %u) = 0 THEN 1 ELSE 7 END, 'EUR', true, CASE WHEN (i %% %u) = 0 THEN "
            "ARRAY['gold'] ELSE '{}' END, to_tsvector('simple', CASE WHEN (i %% %u) = 0 THEN "
            "'gold' ELSE 'sand' END), 1, at, at FROM generate_series(0, %u - 1) AS i, LATERAL "
            "(SELECT timestamptz '2026-01-01' + i / 3 * interval '1 s' AS at) AS t;"
            "INSERT INTO person SELECT freelancer_id, 'Pat', to_tsvector('simple', 'Pat'), 1 FROM "
            "profile",
            base, step, step, step, n));
}

struct search {
    const char *service, *query;
    void (*fill)(unsigned base, unsigned n, unsigned step);
    const char *bound; /* that only what has the word keeps */
    int64_t amount;
};

static unsigned
count_all(const struct search *s, const struct query_arg *args, size_t n, bool backward)
{
    unsigned count = 0;
    struct page page = page_of(s->service, s->query, args, n, NULL, backward);
    for (; page.n > PAGE; count += PAGE)
        page = page_of(s->service, s->query, args, n, &page.rows[PAGE - 1], backward);
    return count + (unsigned)page.n;
}

static void
expect_count(const struct search *s, unsigned want, const struct query_arg *args, size_t n)
{
    assert_int_equal(count_all(s, args, n, false), want);
    assert_int_equal(count_all(s, args, n, true), want);
}

/* Whether the newest rows are looked through or the index is asked is no matter to who asks, but
 * for the limits that search_jobs.sql names. */
static void expect_same_whichever_way(const struct search *s)
{
    static const struct {
        unsigned n, step, by_word, by_filter;
    } cases[] = {
        {40,   1,   40,  40 }, /* few */
        {999,  500, 2,   2  }, /* the walk sees all of them */
        {1000, 500, 2,   2  }, /* it may not have */
        {2000, 500, 4,   4  }, /* rare: the index */
        {2000, 100, 20,  20 }, /* further */
        {2000, 40,  50,  50 }, /* words: the index */
        {2000, 20,  100, 100}, /* words: frequent */
        {2000, 4,   200, 500}, /* so many that only the newest are ranked */
    };
    const struct query_arg gold = text_arg("q", "gold"), skill = texts_arg("skills", "Gold", NULL),
                           bound[] = {int_arg(s->bound, s->amount), text_arg("currency", "EUR")},
                           both[] = {gold, bound[0], bound[1]};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        with_empty_views(NULL);
        s->fill(1000, cases[i].n, cases[i].step);
        expect_count(s, cases[i].by_word, &gold, 1);
        expect_count(s, cases[i].by_filter, &skill, 1);
        expect_count(s, cases[i].by_filter, bound, 2);
        expect_count(s, cases[i].by_word, both, 3);
    }
    with_empty_views(NULL);
    s->fill(1000, cases[0].n, 1);
    expect_pages(s->service, s->query, 1000, cases[0].n, &gold, 1);
    expect_pages(s->service, s->query, 1000, cases[0].n, &skill, 1);
    expect_pages(s->service, s->query, 1000, cases[0].n, NULL, 0);
}

static void the_way_of_a_search_does_not_change_what_it_finds(void **state)
{
    (void)state;
    expect_same_whichever_way(
        &(struct search){"job", "search_jobs", fill_many_jobs, "min_budget", 7});
    expect_same_whichever_way(
        &(struct search){"freelancer", "freelancers", fill_many_freelancers, "max_rate", 1});
}

static void a_name_that_many_share_is_found_with_a_rare_word(void **state)
{
    (void)state;
    const struct search s = {"freelancer", "freelancers", fill_many_freelancers, "", 0};
    fill_many_freelancers(1000, 3000, 500);
    const struct query_arg both = text_arg("q", "pat gold"), name = text_arg("q", "pat");
    expect_count(&s, 6, &both, 1);
    expect_count(&s, 500, &name, 1);
}

/* The API asks for a status always. */
static void the_way_of_a_search_of_a_status_does_not_change_what_it_finds(void **state)
{
    (void)state;
    const struct search s = {"job", "search_jobs", fill_many_jobs, "", 0};
    fill_many_jobs(1000, 2000, 20);
    view_script(view_pg("job"),
                "UPDATE search SET status = 'closed' WHERE job_id <= lpad(to_hex(1500), "
                "32, '0')::uuid");
    const struct query_arg open[] = {text_arg("status", "open"), text_arg("q", "gold")},
                           closed[] = {text_arg("status", "closed"), text_arg("q", "gold")},
                           skill[] = {text_arg("status", "closed"),
                                      texts_arg("skills", "gold", NULL)};
    expect_count(&s, 74, open, 2);
    expect_count(&s, 26, closed, 2);
    expect_count(&s, 26, skill, 2);
}

static int64_t scans_of_words(void)
{
    static const struct pg_stmt count = {
        .name = "scans_of_words",
        .sql = "SELECT idx_scan::text FROM pg_stat_user_indexes WHERE indexrelname = "
               "'search_words' AND "
               "schemaname = current_schema()",
    };
    view_script(view_pg("job"), "SELECT pg_stat_force_next_flush()");
    return strtoll(view_text(view_pg("job"), &count), NULL, 10);
}

/* Of a million jobs each of these fetched hundreds of thousands, until the statement timed out. */
static void the_index_is_not_asked_for_what_is_frequent(void **state)
{
    (void)state;
    fill_many_jobs(1000, 2000, 4);
    const struct query_row near_the_end = {.id = id_of(1010), .created_at = 1767225603000000};
    const struct query_arg status = text_arg("status", "open"), euro = text_arg("currency", "EUR"),
                           frequent[] = {status, text_arg("q", "gold"), int_arg("max_budget", 0),
                                         euro},
                           unwanted[] = {status, text_arg("q", "-sand -gold"),
                                         texts_arg("skills", "gold", NULL)},
                           last[] = {status, texts_arg("skills", "gold", NULL)};
    int64_t before = scans_of_words();
    assert_int_equal(page_of("job", "search_jobs", frequent, 4, NULL, false).n, 0);
    assert_int_equal(page_of("job", "search_jobs", unwanted, 3, NULL, false).n, 0);
    assert_int_equal(page_of("job", "search_jobs", last, 2, &near_the_end, false).n, 3);
    assert_int_equal(scans_of_words(), before);
}

static void every_choice_of_filters_is_a_statement(void **state)
{
    (void)state;
    static const char *const names[] = {"search_jobs", "freelancers"};
    static const char *const services[] = {"job", "freelancer"};
    const struct query_arg of_jobs[] = {text_arg("q", "a"),         texts_arg("skills", "a", NULL),
                                        int_arg("max_budget", 1),   int_arg("min_budget", 1),
                                        text_arg("status", "open"), uuid_arg("client_id", ANA)},
                           of_freelancers[] = {text_arg("q", "a"), texts_arg("skills", "a", NULL),
                                               int_arg("max_rate", 1)};
    const struct query_row from = {.id = ANA, .created_at = AT(1)};
    const struct query_arg *const args[] = {of_jobs, of_freelancers};
    const size_t n_args[] = {ARRAY_SIZE(of_jobs), ARRAY_SIZE(of_freelancers)};
    for (size_t q = 0; q < ARRAY_SIZE(names); q++)
        for (unsigned on = 0; on < 4U << n_args[q]; on++) {
            struct query_arg chosen[8];
            size_t n = 0;
            for (size_t i = 0; i < n_args[q]; i++)
                if (on >> i & 1)
                    chosen[n++] = args[q][i];
            unsigned pages = on >> n_args[q];
            (void)page_of(services[q], names[q], chosen, n, pages & 1 ? &from : NULL, pages >> 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_client_shows_its_profile_and_what_it_did, with_empty_views),
        cmocka_unit_test_setup(clients_are_listed_with_what_they_did, with_empty_views),
        cmocka_unit_test_setup(a_posting_of_a_client_shows_the_job_as_it_is, with_empty_views),
        cmocka_unit_test_setup(a_freelancer_shows_profile_and_earnings, with_empty_views),
        cmocka_unit_test_setup(an_application_is_tracked_with_every_status_it_had,
                               with_empty_views),
        cmocka_unit_test_setup(a_freelancers_lists_have_pages, with_empty_views),
        cmocka_unit_test_setup(freelancers_are_found_by_words_of_name_headline_and_skills,
                               with_empty_views),
        cmocka_unit_test_setup(freelancers_are_filtered_by_all_skills_and_rate, with_empty_views),
        cmocka_unit_test_setup(each_participant_sees_what_it_has_not_read, with_empty_views),
        cmocka_unit_test_setup(threads_and_messages_have_pages, with_empty_views),
        cmocka_unit_test_setup(an_invoice_shows_what_its_payments_sum_up_to, with_empty_views),
        cmocka_unit_test_setup(invoices_and_payments_have_pages_for_both_parties, with_empty_views),
        cmocka_unit_test_setup(jobs_are_found_by_words_the_title_first, with_empty_views),
        cmocka_unit_test_setup(jobs_are_filtered, with_empty_views),
        cmocka_unit_test_setup(a_search_follows_edits, with_empty_views),
        cmocka_unit_test_setup(the_way_of_a_search_does_not_change_what_it_finds, with_empty_views),
        cmocka_unit_test_setup(the_way_of_a_search_of_a_status_does_not_change_what_it_finds,
                               with_empty_views),
        cmocka_unit_test_setup(the_index_is_not_asked_for_what_is_frequent, with_empty_views),
        cmocka_unit_test_setup(a_name_that_many_share_is_found_with_a_rare_word, with_empty_views),
        cmocka_unit_test_setup(every_choice_of_filters_is_a_statement, with_empty_views),
    };
    return cmocka_run_group_tests(tests, view_begin, view_end);
}

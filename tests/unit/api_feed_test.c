/* The feed's pure parts: who sees which event, places in the log, how many streams. */
#include "tests/unit/spec.h"

#include <stdlib.h>
#include <string.h>

#include "api/feed_position.h"
#include "api/feed_rules.h"
#include "api/stream_quota.h"
#include "schemas/json.h"
#include "schemas/records.h"
#include "tests/unit/schemas_random.h"

static struct arena arena;
static struct dice dice = {.state = 7};

static struct uuid id_of(uint8_t n)
{
    return (struct uuid){.b = {[15] = n}};
}
static const struct uuid ana = {.b = {[15] = 1}}, ben = {.b = {[15] = 2}}, eve = {.b = {[15] = 3}};

/* ---- who sees what */

static void every_event_has_a_row_that_fits_its_schema(void **state)
{
    (void)state;
    const char *mistake = feed_rules_check();
    if (mistake)
        fail_msg("no fitting row: %s", mistake);
    for (size_t i = 0; i < n_record_types; i++)
        if (record_types[i]->role == RECORD_EVENT)
            assert_non_null(feed_rule_find(record_types[i]));
        else
            assert_null(feed_rule_find(record_types[i]));
}

/* The decision, once more and in words: a row that changes has to change here, too. */
static void who_sees_which_event(void **state)
{
    (void)state;
    static const char *const seen[][2] = {
        {"ApplicationAccepted",  "its two parties"                      },
        {"ApplicationDeclined",  "its two parties"                      },
        {"ApplicationSubmitted", "its two parties"                      },
        {"ApplicationWithdrawn", "its two parties"                      },
        {"ClientCreated",        "everybody"                            },
        {"ClientUpdated",        "everybody"                            },
        {"CommandRejected",      "its sender"                           },
        {"ContractCancelled",    "its two parties"                      },
        {"ContractCompleted",    "its two parties"                      },
        {"FreelancerCreated",    "everybody"                            },
        {"FreelancerHired",      "its two parties"                      },
        {"FreelancerUpdated",    "everybody"                            },
        {"InvoiceCancelled",     "its two parties"                      },
        {"InvoiceIssued",        "its two parties"                      },
        {"InvoicePaid",          "its two parties"                      },
        {"JobClosed",            "everybody; parts of it only its owner"},
        {"JobEdited",            "everybody"                            },
        {"JobFilled",            "everybody; parts of it only its owner"},
        {"JobPosted",            "everybody"                            },
        {"MessageSent",          "its two parties"                      },
        {"PasswordChanged",      "oneself"                              },
        {"PaymentRecorded",      "its two parties"                      },
        {"PaymentRefunded",      "its two parties"                      },
        {"ProfileUpdated",       "everybody"                            },
        {"ThreadRead",           "oneself"                              },
        {"UserDeactivated",      "everybody"                            },
        {"UserLoggedIn",         "oneself"                              },
        {"UserRegistered",       "oneself"                              },
    };
    size_t n = 0;
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        if (t->role != RECORD_EVENT)
            continue;
        assert_true(n < ARRAY_SIZE(seen));
        assert_string_equal(t->name, seen[n][0]);
        assert_string_equal(feed_rule_words(feed_rule_find(t)), seen[n++][1]);
    }
    assert_int_equal(n, ARRAY_SIZE(seen));
}

static bool is_hidden(const struct feed_rule *r, const char *name)
{
    bool hidden = r->secret && strcmp(r->secret, name) == 0;
    for (size_t i = 0; i < FEED_MEMBERS_MAX && r->private[i]; i++)
        hidden |= strcmp(r->private[i], name) == 0;
    return hidden;
}

/* A field that is added later would be everybody's: somebody has to write it down here first. */
static void what_everybody_sees_was_decided_field_by_field(void **state)
{
    (void)state;
    static const char *const seen[][2] = {
        {"ClientCreated",     ""                                          },
        {"ClientUpdated",     " company website about"                    },
        {"FreelancerCreated", ""                                          },
        {"FreelancerUpdated", " headline skills hourly_rate available"    },
        {"JobClosed",         ""                                          },
        {"JobEdited",         " title description skills budget"          },
        {"JobFilled",         ""                                          },
        {"JobPosted",         " client_id title description skills budget"},
        {"ProfileUpdated",    " display_name headline bio location"       },
        {"UserDeactivated",   ""                                          },
    };
    size_t n = 0;
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        const struct feed_rule *r = feed_rule_find(t);
        struct strbuf names;
        if (!r || !r->open)
            continue;
        strbuf_init(&names);
        for (size_t f = 1; f < t->n_fields; f++)
            if (!is_hidden(r, t->fields[f].name))
                strbuf_addf(&names, " %s", t->fields[f].name);
        assert_true(n < ARRAY_SIZE(seen));
        assert_string_equal(t->name, seen[n][0]);
        assert_string_equal(strbuf_cstr(&names), seen[n++][1]);
        strbuf_release(&names);
    }
    assert_int_equal(n, ARRAY_SIZE(seen));
}

/* Of any value at all. */
static json_t *some(const struct record_type *t)
{
    void *value = record_new(t, &arena);
    random_record(&dice, &arena, t, value);
    struct event_meta *meta = value;
    meta->actor.id = ana;
    return record_to_json(t, value);
}

static bool tells(const char *text, const char *member)
{
    json_t *o = json_loads(text, 0, NULL);
    json_t *at = json_object_get(o, member) ? json_object_get(o, member)
                                            : json_object_get(json_object_get(o, "meta"), member);
    json_decref(o);
    return at != NULL;
}

static void a_stranger_never_sees_who_sent_which_command(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        struct feed_view v;
        if (t->role != RECORD_EVENT)
            continue;
        json_t *event = some(t);
        feed_view_init(&v, feed_rule_find(t), event, NULL);
        const char *text = feed_view_for(&v, &eve);
        assert_true(!text || (!tells(text, "actor") && !tells(text, "command_id")));
        assert_true(!text || (!tells(text, "email") && tells(text, "event_id")));
        assert_false(tells(v.full, "credential_id"));
        assert_true(tells(v.full, "command_id") == (t != &type_application_declined));
        feed_view_release(&v);
        json_decref(event);
    }
}

static void the_parties_see_all_of_it(void **state)
{
    (void)state;
    struct feed_view v;
    const struct feed_rule *r = feed_rule_find(&type_message_sent);
    struct message_sent *m = record_new(&type_message_sent, &arena);
    random_record(&dice, &arena, &type_message_sent, m);
    m->sender_id = ana;
    m->recipient_id = ben;
    json_t *event = record_to_json(&type_message_sent, m);
    feed_view_init(&v, r, event, NULL);
    assert_ptr_equal(feed_view_for(&v, &ana), v.full);
    assert_ptr_equal(feed_view_for(&v, &ben), v.full);
    assert_null(feed_view_for(&v, &eve));
    feed_view_release(&v);
    json_decref(event);
}

static void an_applications_client_is_its_jobs(void **state)
{
    (void)state;
    struct feed_view v;
    struct uuid job;
    const struct feed_rule *r = feed_rule_find(&type_application_declined);
    struct application_declined *d = record_new(&type_application_declined, &arena);
    random_record(&dice, &arena, &type_application_declined, d);
    d->freelancer_id = ben;
    d->job_id = id_of(9);
    json_t *event = record_to_json(&type_application_declined, d);
    assert_true(feed_rule_job(r, event, &job));
    assert_int_equal(job.b[15], 9);
    feed_view_init(&v, r, event, &ana);
    assert_non_null(feed_view_for(&v, &ana));
    assert_non_null(feed_view_for(&v, &ben));
    assert_null(feed_view_for(&v, &eve));
    feed_view_release(&v);
    feed_view_init(&v, r, event, &uuid_nil);
    assert_null(feed_view_for(&v, &ana));
    assert_null(feed_view_for(&v, &uuid_nil)); /* nobody is no party */
    feed_view_release(&v);
    json_decref(event);
}

/* Found: a hire's command has the contract's id, and declines those whom it does not concern. */
static void whose_application_a_hire_declines_does_not_see_the_contract(void **state)
{
    (void)state;
    struct feed_view v;
    struct application_declined *d = record_new(&type_application_declined, &arena);
    random_record(&dice, &arena, &type_application_declined, d);
    d->meta.command_id = id_of(9);
    d->freelancer_id = ben;
    json_t *event = record_to_json(&type_application_declined, d);
    feed_view_init(&v, feed_rule_find(&type_application_declined), event, &ana);
    const char *text = feed_view_for(&v, &ben);
    assert_true(tells(text, "event_id") && !tells(text, "command_id"));
    assert_null(strstr(text, "000000000009"));
    feed_view_release(&v);
    json_decref(event);
}

/* Found: anybody may send a command for others' thread, and so counted the messages in it. */
static void a_refusal_does_not_tell_how_often_its_aggregate_changed(void **state)
{
    (void)state;
    struct feed_view v;
    json_t *event = some(&type_command_rejected);
    feed_view_init(&v, feed_rule_find(&type_command_rejected), event, NULL);
    assert_true(tells(feed_view_for(&v, &ana), "reason"));
    assert_false(tells(feed_view_for(&v, &ana), "version"));
    feed_view_release(&v);
    json_decref(event);
}

static void of_a_filled_job_the_owner_alone_sees_the_contract(void **state)
{
    (void)state;
    struct feed_view v;
    json_t *event = some(&type_job_filled);
    feed_view_init(&v, feed_rule_find(&type_job_filled), event, NULL);
    assert_true(tells(feed_view_for(&v, &ana), "contract_id"));
    assert_false(tells(feed_view_for(&v, &eve), "contract_id"));
    assert_false(tells(feed_view_for(&v, &eve), "application_id"));
    feed_view_release(&v);
    json_decref(event);
}

/* ---- places */

static int64_t at[3];
static struct err err;

static enum err_code parse(const char *text)
{
    return feed_position_parse(text, "job", 3, at, &err);
}

static void a_place_is_what_a_position_says(void **state)
{
    (void)state;
    struct strbuf s;
    assert_int_equal(parse("job/0:17,job/2:0,job/1:999999999999999999"), ERR_OK);
    assert_int_equal(at[0], 17);
    assert_int_equal(at[2], 0);
    assert_true(at[1] == INT64_C(999999999999999999));
    strbuf_init(&s);
    feed_position_print("job", at, 3, &s);
    assert_string_equal(strbuf_cstr(&s), "job/0:17,job/1:999999999999999999,job/2:0");
    assert_int_equal(parse(strbuf_cstr(&s)), ERR_OK);
    strbuf_release(&s);
}

static void what_it_does_not_name_is_now(void **state)
{
    (void)state;
    assert_int_equal(parse("job/1:4"), ERR_OK);
    assert_int_equal(at[0], FEED_FROM_NOW);
    assert_int_equal(at[1], 4);
    assert_int_equal(parse("beginning"), ERR_OK);
    assert_int_equal(at[2], FEED_FROM_BEGINNING);
}

static void another_text_is_no_place(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "job",
        "job/",
        "job/0",
        "job/0:",
        "job/0:x",
        "job/0:-1",
        "job/3:0",
        "job/0:1,",
        "job/0:1;job/1:2",
        "job/-1:0",
        "user/0:1",
        "jobs/0:1",
        "job/0:1,job/0:1",
        "job/99999999999:1",
        "job/0:1 ",
        "beginning ",
        "job/0:0x1",
        "job/0:1,user/1:2",
        "job/0:9999999999999999999",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (parse(texts[i]) != ERR_INVALID)
            fail_msg("a place: `%s`", texts[i]);
}

/* ---- how many */

static void so_many_streams_of_one_and_so_many_in_all(void **state)
{
    (void)state;
    struct stream_quota *q = stream_quota_new(3, 2);
    assert_int_equal(stream_quota_take(q, &ana), QUOTA_TAKEN);
    assert_int_equal(stream_quota_take(q, &ana), QUOTA_TAKEN);
    assert_int_equal(stream_quota_take(q, &ana), QUOTA_OF_USER);
    assert_int_equal(stream_quota_take(q, &ben), QUOTA_TAKEN);
    assert_int_equal(stream_quota_take(q, &eve), QUOTA_OF_ALL);
    stream_quota_give(q, &ana);
    assert_int_equal(stream_quota_take(q, &eve), QUOTA_TAKEN);
    stream_quota_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_has_a_row_that_fits_its_schema),
        cmocka_unit_test(who_sees_which_event),
        cmocka_unit_test(what_everybody_sees_was_decided_field_by_field),
        cmocka_unit_test(a_stranger_never_sees_who_sent_which_command),
        cmocka_unit_test(the_parties_see_all_of_it),
        cmocka_unit_test(an_applications_client_is_its_jobs),
        cmocka_unit_test(whose_application_a_hire_declines_does_not_see_the_contract),
        cmocka_unit_test(a_refusal_does_not_tell_how_often_its_aggregate_changed),
        cmocka_unit_test(of_a_filled_job_the_owner_alone_sees_the_contract),
        cmocka_unit_test(a_place_is_what_a_position_says),
        cmocka_unit_test(what_it_does_not_name_is_now),
        cmocka_unit_test(another_text_is_no_place),
        cmocka_unit_test(so_many_streams_of_one_and_so_many_in_all),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests_name("feed", tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}

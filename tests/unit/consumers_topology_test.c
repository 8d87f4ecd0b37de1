/* The rules of the topology against clusters that are made up here. */
#include "tests/unit/spec.h"

#include "consumers/manifest.h"
#include "consumers/topology.h"

#define SUBJECTS 5
#define FACTS    16

/* Commands, events, the two internal topics and one broker of a sound cluster; a test spoils one fact. */
struct cluster {
    struct topology_subject subjects[SUBJECTS];
    struct kafka_fact facts[SUBJECTS][FACTS];
};
enum { COMMANDS, EVENTS, TRANSACTIONS, OFFSETS, BROKER };

static struct config cfg;
static struct cluster c;
static struct topology_report report;

static const struct kafka_fact sound[SUBJECTS][FACTS] = {
    [COMMANDS] = {{"partitions", "12"},
                  {"replication.factor", "3"},
                  {"min.insync.replicas", "2"},
                  {"cleanup.policy", "delete"},
                  {"retention.ms", "172800000"},
                  {"retention.bytes", "-1"},
                  {"message.timestamp.type", "CreateTime"},
                  {"max.message.bytes", "1200000"},
                  {"unclean.leader.election.enable", "false"}},
    [EVENTS] = {{"partitions", "12"},
                  {"replication.factor", "3"},
                  {"min.insync.replicas", "2"},
                  {"cleanup.policy", "delete"},
                  {"retention.ms", "-1"},
                  {"retention.bytes", "-1"},
                  {"message.timestamp.type", "CreateTime"},
                  {"message.timestamp.before.max.ms", "9223372036854775807"},
                  {"max.message.bytes", "1200000"},
                  {"unclean.leader.election.enable", "false"}},
    [TRANSACTIONS] = {{"replication.factor", "3"},
                  {"min.insync.replicas", "2"},
                  {"cleanup.policy", "compact"},
                  {"unclean.leader.election.enable", "false"}},
    [OFFSETS] = {{"replication.factor", "3"},
                  {"min.insync.replicas", "2"},
                  {"cleanup.policy", "compact"},
                  {"unclean.leader.election.enable", "false"}               },
    [BROKER] = {{"offsets.retention.minutes", "525600"},
                  {"transaction.max.timeout.ms", "900000"},
                  {"auto.create.topics.enable", "false"},
                  {"transaction.state.log.replication.factor", "1"},
                  {"transaction.state.log.min.isr", "1"},
                  {"offsets.topic.replication.factor", "1"},
                  {"min.insync.replicas", "1"}            },
};

static int begin(void **state)
{
    static const char *const names[] = {"hirelog.job.commands", "hirelog.job.events",
                                        "__transaction_state", "__consumer_offsets", "1"};
    static const enum topology_place places[] = {TOPOLOGY_COMMANDS, TOPOLOGY_EVENTS,
                                                 TOPOLOGY_TRANSACTIONS, TOPOLOGY_OFFSETS,
                                                 TOPOLOGY_BROKER};
    owned_value(strbuf_release) struct strbuf problems = {0};
    struct err err;
    (void)state;
    assert_int_equal(config_load(NULL, service_names, &cfg, &problems, &err), ERR_OK);
    cfg.partitions = 12;
    cfg.topic_replication = 3;
    memcpy(c.facts, sound, sizeof(sound));
    for (size_t i = 0; i < SUBJECTS; i++) {
        size_t n = 0;
        while (n < FACTS && c.facts[i][n].name)
            n++;
        c.subjects[i] = (struct topology_subject){
            places[i], {.name = names[i], .facts = c.facts[i], .n = n}
        };
    }
    topology_report_release(&report); /* a test may begin more than once */
    topology_report_init(&report);
    return 0;
}

static int end(void **state)
{
    (void)state;
    topology_report_release(&report);
    return 0;
}

static void is_now(int subject, const char *setting, const char *value)
{
    for (size_t i = 0; i < c.subjects[subject].facts.n; i++)
        if (strcmp(c.facts[subject][i].name, setting) == 0) {
            c.facts[subject][i].value = value;
            return;
        }
    fail_msg("no %s", setting);
}

static void judge(void)
{
    topology_report_release(&report);
    topology_report_init(&report);
    topology_judge(&cfg, c.subjects, SUBJECTS, &report);
}

static void expect(enum topology_weight weight, size_t n)
{
    if (report.n_of[weight] != n)
        fail_msg("%zu are %s, not %zu", report.n_of[weight], topology_weight_name[weight], n);
}

static void a_sound_cluster_has_no_finding(void **state)
{
    struct err err;
    (void)state;
    judge();
    assert_int_equal(report.n, 0);
    assert_int_equal(topology_verdict(&report, &err), ERR_OK);
}

/* One row, one promise: spoiled by one value, and found by its name with value and wish. */
static void each_broken_promise_is_found_by_name(void **state)
{
    static const struct {
        int subject;
        const char *setting, *value, *wish;
    } rows[] = {
        {COMMANDS,     "partitions",                     "13",             "12"                      },
        {EVENTS,       "partitions",                     "11",             "12"                      },
        {EVENTS,       "replication.factor",             "2",              "3 or more"               },
        {EVENTS,       "min.insync.replicas",            "1",              "2 or more"               },
        {COMMANDS,     "min.insync.replicas",            "4",              "3 or less"               },
        {EVENTS,       "cleanup.policy",                 "compact,delete", "delete"                  },
        {COMMANDS,     "cleanup.policy",                 "compact",        "delete"                  },
        {EVENTS,       "retention.ms",                   "604800000",      "-1"                      },
        {EVENTS,       "retention.bytes",                "1073741824",     "-1"                      },
        {COMMANDS,     "retention.ms",                   "172799999",      "172800000 or more, or -1"},
        {COMMANDS,     "retention.bytes",                "1073741824",     "-1"                      },
        {EVENTS,       "message.timestamp.type",         "LogAppendTime",  "CreateTime"              },
        {COMMANDS,     "max.message.bytes",              "1048588",        "1200000 or more"         },
        {EVENTS,       "unclean.leader.election.enable", "true",           "false"                   },
        {TRANSACTIONS, "replication.factor",             "2",              "3 or more"               },
        {TRANSACTIONS, "min.insync.replicas",            "1",              "2 or more"               },
        {TRANSACTIONS, "cleanup.policy",                 "delete",         "compact"                 },
        {OFFSETS,      "replication.factor",             "2",              "3 or more"               },
        {OFFSETS,      "unclean.leader.election.enable", "true",           "false"                   },
        {BROKER,       "transaction.max.timeout.ms",     "5000",           "10000 or more"           },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err;
        begin(state);
        is_now(rows[i].subject, rows[i].setting, rows[i].value);
        judge();
        if (report.n_of[TOPOLOGY_BREAKS] != 1)
            fail_msg("%s = %s is not found", rows[i].setting, rows[i].value);
        const struct topology_finding *f = &report.findings[0]; /* the heaviest first */
        assert_string_equal(f->name, c.subjects[rows[i].subject].facts.name);
        assert_string_equal(f->setting, rows[i].setting);
        assert_string_equal(f->value, rows[i].value);
        assert_string_equal(f->wish, rows[i].wish);
        assert_int_equal(topology_verdict(&report, &err), ERR_CONFLICT);
        assert_non_null(strstr(err.msg, f->name));
        assert_non_null(strstr(err.msg, rows[i].setting));
        assert_non_null(strstr(err.msg, rows[i].value));
        assert_non_null(strstr(err.msg, rows[i].wish));
    }
}

static void a_development_stack_is_weak_and_starts(void **state)
{
    struct err err;
    (void)state;
    cfg.topic_replication = 1;
    for (int i = COMMANDS; i <= OFFSETS; i++) {
        is_now(i, "replication.factor", "1");
        is_now(i, "min.insync.replicas", "1");
    }
    is_now(BROKER, "offsets.retention.minutes", "10080");
    is_now(BROKER, "auto.create.topics.enable", "true");
    judge();
    expect(TOPOLOGY_BREAKS, 0);
    expect(TOPOLOGY_WEAKENS, 10);
    assert_int_equal(topology_verdict(&report, &err), ERR_OK);
}

/* Nobody has used a transaction or a group yet: the brokers' settings say how the topics will be. */
static void an_internal_topic_to_come_is_judged_by_the_brokers_settings(void **state)
{
    (void)state;
    for (int i = TRANSACTIONS; i <= OFFSETS; i++)
        c.subjects[i].facts = (struct kafka_facts){.name = "to come", .missing = true};
    judge();
    expect(TOPOLOGY_MISSING, 0);
    expect(TOPOLOGY_BREAKS, 3);
    assert_string_equal(report.findings[0].name, "1");
    assert_string_equal(report.findings[0].setting, "transaction.state.log.replication.factor");
}

static void a_missing_topic_and_a_missing_right_are_told_apart(void **state)
{
    struct err err;
    (void)state;
    c.subjects[EVENTS].facts = (struct kafka_facts){.name = "hirelog.job.events", .missing = true};
    c.subjects[BROKER].facts =
        (struct kafka_facts){.name = "1", .unread = "Cluster authorization failed"};
    judge();
    expect(TOPOLOGY_BREAKS, 0);
    expect(TOPOLOGY_MISSING, 1);
    expect(TOPOLOGY_UNREAD, 1);
    assert_int_equal(topology_verdict(&report, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, "hirelog.job.events"));
}

static void commands_may_be_kept_for_longer(void **state)
{
    (void)state;
    is_now(COMMANDS, "retention.ms", "-1");
    judge();
    assert_int_equal(report.n, 0);
    cfg.command_ttl_s = 172800;
    is_now(COMMANDS, "retention.ms", "172800000");
    judge();
    expect(TOPOLOGY_BREAKS, 1);
}

static const char *spec_value(const struct kafka_topic_spec *s, const char *name)
{
    for (size_t i = 0; i < s->n_settings; i++)
        if (strcmp(s->settings[i].name, name) == 0)
            return s->settings[i].value;
    fail_msg("%s is not set at creation", name);
    return "";
}

/* What `topics create` sets is what the rules ask for: a topic as the specification says has no finding. */
static void a_topic_that_was_just_created_keeps_every_promise(void **state)
{
    static const int64_t ttls[] = {86400, 172800};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ttls); i++) {
        cfg.command_ttl_s = ttls[i];
        for (int s = COMMANDS; s <= EVENTS; s++) {
            struct kafka_topic_spec spec = topology_spec(
                &cfg, s == EVENTS ? TOPOLOGY_EVENTS : TOPOLOGY_COMMANDS, "hirelog.job.events");
            assert_int_equal(spec.partitions, 12);
            assert_int_equal(spec.replication, 3);
            assert_string_equal(spec_value(&spec, "min.insync.replicas"), "2");
            for (size_t k = 0; k < c.subjects[s].facts.n; k++)
                if (strncmp(c.facts[s][k].name, "partitions", 10) != 0 &&
                    strcmp(c.facts[s][k].name, "replication.factor") != 0)
                    c.facts[s][k].value =
                        arena_strdup(&report.arena, spec_value(&spec, c.facts[s][k].name));
        }
        struct topology_report kept = report; /* the values are in its arena */
        topology_report_init(&report);
        judge();
        assert_int_equal(report.n, 0);
        topology_report_release(&report);
        report = kept;
    }
}

static void min_insync_follows_from_the_copies(void **state)
{
    static const struct {
        int64_t copies, setting;
        const char *is;
    } rows[] = {
        {1, 0, "1"},
        {2, 0, "1"},
        {3, 0, "2"},
        {5, 0, "2"},
        {5, 3, "3"},
        {3, 1, "1"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        cfg.topic_replication = rows[i].copies;
        cfg.topic_min_insync_replicas = rows[i].setting;
        struct kafka_topic_spec spec = topology_spec(&cfg, TOPOLOGY_EVENTS, "e");
        assert_string_equal(spec_value(&spec, "min.insync.replicas"), rows[i].is);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sound_cluster_has_no_finding, begin, end),
        cmocka_unit_test_setup_teardown(each_broken_promise_is_found_by_name, begin, end),
        cmocka_unit_test_setup_teardown(a_development_stack_is_weak_and_starts, begin, end),
        cmocka_unit_test_setup_teardown(an_internal_topic_to_come_is_judged_by_the_brokers_settings,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_missing_topic_and_a_missing_right_are_told_apart, begin,
                                        end),
        cmocka_unit_test_setup_teardown(commands_may_be_kept_for_longer, begin, end),
        cmocka_unit_test_setup_teardown(a_topic_that_was_just_created_keeps_every_promise, begin,
                                        end),
        cmocka_unit_test_setup_teardown(min_insync_follows_from_the_copies, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

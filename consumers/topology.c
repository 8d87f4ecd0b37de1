#include "consumers/topology.h"

#include <assert.h>
#include <inttypes.h>

#include "consumers/manifest.h"

#define TRANSACTIONS_TOPIC "__transaction_state"
#define OFFSETS_TOPIC      "__consumer_offsets"
#define SUBJECTS_MAX       (2 * SERVICES_MAX + 2 + KAFKA_BROKERS_MAX)
#define READER_WAIT_MS     100
#define BOTH               (TOPOLOGY_EVENTS | TOPOLOGY_COMMANDS)
#define INTERNAL           (TOPOLOGY_TRANSACTIONS | TOPOLOGY_OFFSETS)

#define COPIES_SOUND         3 /* one may be away, and one lost for ever */
#define IN_SYNC_SOUND        2 /* what is acknowledged is on two disks */
#define RECORD_BYTES         1200000
#define OFFSETS_MINUTES      525600 /* a year: longer than any stop */
#define TIMES_OF_TTL         2
#define COMMAND_RETENTION_MS (2 * 86400000LL)
#define TIMESTAMP_UNLIMITED  INT64_MAX

const char *const topology_weight_name[TOPOLOGY_WEIGHT_N] = {
    [TOPOLOGY_BREAKS] = "broken",
    [TOPOLOGY_MISSING] = "missing",
    [TOPOLOGY_WEAKENS] = "weak",
    [TOPOLOGY_UNREAD] = "unread",
};

/* ---- wishes: numbers that follow from the settings, or from the topic itself */

typedef int64_t wish_fn(const struct config *cfg, const struct kafka_facts *of);

static int64_t partitions(const struct config *cfg, const struct kafka_facts *of)
{
    (void)of;
    return cfg->partitions;
}

static int64_t copies(const struct config *cfg, const struct kafka_facts *of)
{
    (void)of;
    return cfg->topic_replication;
}

static int64_t copies_of_its_own(const struct config *cfg, const struct kafka_facts *of)
{
    const char *own = kafka_fact(of, KAFKA_FACT_REPLICATION);
    return own ? strtoll(own, NULL, 10) : cfg->topic_replication;
}

static int64_t in_sync(const struct config *cfg, const struct kafka_facts *of)
{
    (void)of;
    if (cfg->topic_min_insync_replicas)
        return cfg->topic_min_insync_replicas;
    return cfg->topic_replication >= COPIES_SOUND ? IN_SYNC_SOUND : 1;
}

static int64_t twice_the_ttl_ms(const struct config *cfg, const struct kafka_facts *of)
{
    (void)of;
    return TIMES_OF_TTL * cfg->command_ttl_s * 1000;
}

static int64_t transaction_ms(const struct config *cfg, const struct kafka_facts *of)
{
    (void)of;
    return cfg->transaction_timeout_ms;
}

/* ---- the rules */

enum relation { IS_WORD, IS, AT_LEAST, AT_LEAST_OR_UNLIMITED, AT_MOST };

struct rule {
    unsigned places;
    const char *setting;
    enum relation relation;
    const char *word; /* IS_WORD */
    int64_t number;   /* the others, without `wish` */
    wish_fn *wish;
    enum topology_weight weight;
    bool create;            /* `topics create` sets it */
    const char *until_made; /* the broker's setting that an internal topic will be made by */
    const char *why;
};

/* clang-format off */
static const struct rule rules[] = {
    {BOTH, KAFKA_FACT_PARTITIONS, IS, .wish = partitions, .weight = TOPOLOGY_BREAKS,
     .why = "the partitions are frozen at creation; a lane owns one of commands and the same of events"},
    {BOTH, KAFKA_FACT_REPLICATION, AT_LEAST, .wish = copies, .weight = TOPOLOGY_BREAKS,
     .why = "topic_replication asks for so many copies"},
    {BOTH, KAFKA_FACT_REPLICATION, AT_LEAST, .number = COPIES_SOUND, .weight = TOPOLOGY_WEAKENS,
     .why = "a broker that is lost may take acknowledged records along"},
    {BOTH, "min.insync.replicas", AT_LEAST, .wish = in_sync, .weight = TOPOLOGY_BREAKS, .create = true,
     .why = "topic_min_insync_replicas asks for so many copies before a record is acknowledged"},
    {BOTH, "min.insync.replicas", AT_LEAST, .number = IN_SYNC_SOUND, .weight = TOPOLOGY_WEAKENS,
     .why = "an acknowledged record may be on one broker only"},
    {BOTH | INTERNAL, "min.insync.replicas", AT_MOST, .wish = copies_of_its_own, .weight = TOPOLOGY_BREAKS,
     .why = "there are not so many copies: no record is ever acknowledged"},
    {BOTH, "cleanup.policy", IS_WORD, "delete", .weight = TOPOLOGY_BREAKS, .create = true,
     .why = "compaction forgets all but the newest record of a key"},
    {TOPOLOGY_EVENTS, "retention.ms", IS, .number = -1, .weight = TOPOLOGY_BREAKS, .create = true,
     .why = "events are the record: they are kept for ever"},
    {TOPOLOGY_COMMANDS, "retention.ms", AT_LEAST_OR_UNLIMITED, .wish = twice_the_ttl_ms, .weight = TOPOLOGY_BREAKS,
     .why = "a command must outlive twice command_ttl_s, or it may be gone before it is decided"},
    {BOTH, "retention.bytes", IS, .number = -1, .weight = TOPOLOGY_BREAKS, .create = true,
     .why = "many records would make others go before their time"},
    {BOTH, "message.timestamp.type", IS_WORD, "CreateTime", .weight = TOPOLOGY_BREAKS, .create = true,
     .why = "a record's time is the writer's, also after an import"},
    {TOPOLOGY_EVENTS, "message.timestamp.before.max.ms", AT_LEAST, .number = TIMESTAMP_UNLIMITED,
     .weight = TOPOLOGY_WEAKENS, .create = true, .why = "the broker would refuse old events that an import restores"},
    {BOTH, "max.message.bytes", AT_LEAST, .number = RECORD_BYTES, .weight = TOPOLOGY_BREAKS, .create = true,
     .why = "the broker would refuse records that hirelog may write"},
    {BOTH | INTERNAL, "unclean.leader.election.enable", IS_WORD, "false", .weight = TOPOLOGY_BREAKS, .create = true,
     .why = "a copy that lags could become the log, without what was acknowledged"},

    {TOPOLOGY_TRANSACTIONS, KAFKA_FACT_REPLICATION, AT_LEAST, .wish = copies, .weight = TOPOLOGY_BREAKS,
     .until_made = "transaction.state.log.replication.factor", .why = "without this topic no lane can commit"},
    {TOPOLOGY_TRANSACTIONS, KAFKA_FACT_REPLICATION, AT_LEAST, .number = COPIES_SOUND, .weight = TOPOLOGY_WEAKENS,
     .until_made = "transaction.state.log.replication.factor", .why = "a broker that is lost may take commits along"},
    {TOPOLOGY_TRANSACTIONS, "min.insync.replicas", AT_LEAST, .wish = in_sync, .weight = TOPOLOGY_BREAKS,
     .until_made = "transaction.state.log.min.isr", .why = "a commit counts as safe on so many copies"},
    {TOPOLOGY_TRANSACTIONS, "min.insync.replicas", AT_LEAST, .number = IN_SYNC_SOUND, .weight = TOPOLOGY_WEAKENS,
     .until_made = "transaction.state.log.min.isr", .why = "a commit may be on one broker only"},
    {TOPOLOGY_OFFSETS, KAFKA_FACT_REPLICATION, AT_LEAST, .wish = copies, .weight = TOPOLOGY_BREAKS,
     .until_made = "offsets.topic.replication.factor", .why = "the positions of reactors are here only"},
    {TOPOLOGY_OFFSETS, KAFKA_FACT_REPLICATION, AT_LEAST, .number = COPIES_SOUND, .weight = TOPOLOGY_WEAKENS,
     .until_made = "offsets.topic.replication.factor", .why = "a broker that is lost may take reactors' positions along"},
    {TOPOLOGY_OFFSETS, "min.insync.replicas", AT_LEAST, .number = IN_SYNC_SOUND, .weight = TOPOLOGY_WEAKENS,
     .until_made = "min.insync.replicas", .why = "a reactor's position may be on one broker only"},
    {INTERNAL, "cleanup.policy", IS_WORD, "compact", .weight = TOPOLOGY_BREAKS,
     .why = "the newest record of each key must never go"},

    {TOPOLOGY_BROKER, "offsets.retention.minutes", AT_LEAST, .number = OFFSETS_MINUTES, .weight = TOPOLOGY_WEAKENS,
     .why = "what a reactor has done is forgotten in a longer stop, and sent again"},
    {TOPOLOGY_BROKER, "transaction.max.timeout.ms", AT_LEAST, .wish = transaction_ms, .weight = TOPOLOGY_BREAKS,
     .why = "the broker refuses transaction_timeout_ms"},
    {TOPOLOGY_BROKER, "auto.create.topics.enable", IS_WORD, "false", .weight = TOPOLOGY_WEAKENS,
     .why = "whoever asks for a topic that is not there makes it, with the broker's settings"},
};
/* clang-format on */

static int64_t wished(const struct rule *r, const struct config *cfg, const struct kafka_facts *of)
{
    return r->wish ? r->wish(cfg, of) : r->number;
}

static bool holds(const struct rule *r, const char *value, int64_t wish)
{
    int64_t v = strtoll(value, NULL, 10);
    switch (r->relation) {
    case IS_WORD:
        return strcmp(value, r->word) == 0;
    case IS:
        return v == wish;
    case AT_LEAST:
        return v >= wish;
    case AT_LEAST_OR_UNLIMITED:
        return v < 0 || v >= wish;
    case AT_MOST:
        return v <= wish;
    }
    return false;
}

static const char *wish_text(const struct rule *r, int64_t wish, struct arena *a)
{
    switch (r->relation) {
    case IS_WORD:
        return r->word;
    case IS:
        return arena_printf(a, "%" PRId64, wish);
    case AT_LEAST:
        return arena_printf(a, "%" PRId64 " or more", wish);
    case AT_LEAST_OR_UNLIMITED:
        return arena_printf(a, "%" PRId64 " or more, or -1", wish);
    case AT_MOST:
        return arena_printf(a, "%" PRId64 " or less", wish);
    }
    return "";
}

/* ---- the report */

void topology_report_init(struct topology_report *r)
{
    *r = (struct topology_report){0};
    arena_init(&r->arena);
}

void topology_report_release(struct topology_report *r)
{
    arena_release(&r->arena);
}

/* Before the first one that is lighter. */
static void add(struct topology_report *r, const struct topology_finding *f)
{
    size_t at = r->n;
    r->findings = arena_grow(&r->arena, r->findings, r->n, sizeof(*r->findings));
    for (r->n++; at > 0 && r->findings[at - 1].weight > f->weight; at--)
        r->findings[at] = r->findings[at - 1];
    r->findings[at] = *f;
    r->n_of[f->weight]++;
}

static void apply(const struct rule *rule,
                  const struct config *cfg,
                  const struct topology_subject *s,
                  const char *setting,
                  struct topology_report *r)
{
    const char *value = kafka_fact(&s->facts, setting);
    int64_t wish = wished(rule, cfg, &s->facts);
    if (!value || holds(rule, value, wish))
        return;
    struct topology_finding f = {
        .weight = rule->weight,
        .place = s->place,
        .name = arena_strdup(&r->arena, s->facts.name),
        .setting = setting,
        .value = arena_strdup(&r->arena, value),
        .wish = wish_text(rule, wish, &r->arena),
        .why = rule->why,
    };
    add(r, &f);
}

/* An internal topic is made when it is first used: until then the brokers' settings tell how. */
static void apply_to_brokers(const struct rule *rule,
                             const struct config *cfg,
                             const struct topology_subject *subjects,
                             size_t n,
                             struct topology_report *r)
{
    for (size_t i = 0; i < n; i++)
        if (subjects[i].place == TOPOLOGY_BROKER)
            apply(rule, cfg, &subjects[i], rule->until_made, r);
}

static void presence(const struct topology_subject *s, struct topology_report *r)
{
    bool missing = s->facts.missing && (s->place & BOTH);
    struct topology_finding f = {
        .weight = missing ? TOPOLOGY_MISSING : TOPOLOGY_UNREAD,
        .place = s->place,
        .name = arena_strdup(&r->arena, s->facts.name),
        .why = missing ? "`hirelog topics create` makes it" : s->facts.unread,
    };
    if (missing || s->facts.unread)
        add(r, &f);
}

void topology_judge(const struct config *cfg,
                    const struct topology_subject *subjects,
                    size_t n,
                    struct topology_report *r)
{
    for (size_t i = 0; i < n; i++) {
        const struct topology_subject *s = &subjects[i];
        presence(s, r);
        for (size_t k = 0; k < ARRAY_SIZE(rules); k++) {
            if (!(rules[k].places & s->place))
                continue;
            if (s->facts.missing && rules[k].until_made)
                apply_to_brokers(&rules[k], cfg, subjects, n, r);
            else
                apply(&rules[k], cfg, s, rules[k].setting, r);
        }
    }
}

/* ---- asking the cluster */

struct question {
    struct topology_subject subjects[SUBJECTS_MAX];
    size_t n;
    char names[2 * SERVICES_MAX][TOPIC_NAME_MAX];
};

static void ask_for(struct question *q, enum topology_place place, const char *name)
{
    q->subjects[q->n++] = (struct topology_subject){.place = place, .facts.name = name};
}

static void topics_of(const struct config *cfg, bool vault, struct question *q)
{
    for (size_t i = 0; i < n_services; i++) {
        if (!services_list_has(cfg->services, services[i].name) && !(vault && services[i].vault))
            continue;
        service_command_topic(cfg->topic_prefix, services[i].name, q->names[q->n]);
        ask_for(q, TOPOLOGY_COMMANDS, q->names[q->n]);
        service_event_topic(cfg->topic_prefix, services[i].name, q->names[q->n]);
        ask_for(q, TOPOLOGY_EVENTS, q->names[q->n]);
    }
    ask_for(q, TOPOLOGY_TRANSACTIONS, TRANSACTIONS_TOPIC);
    ask_for(q, TOPOLOGY_OFFSETS, OFFSETS_TOPIC);
}

static enum err_code
answers_read(const struct config *cfg, struct question *q, struct arena *a, struct err *err)
{
    rd_kafka_t *rk =
        NULL; /* a consumer: where the broker makes topics, a producer that asks makes them */
    struct kafka_facts *topics = ARENA_ARRAY(a, struct kafka_facts, q->n);
    struct kafka_facts *brokers = ARENA_ARRAY(a, struct kafka_facts, KAFKA_BROKERS_MAX);
    size_t n_brokers = 0;
    TRY(kafka_reader_open(cfg, false, READER_WAIT_MS, &rk, err));
    for (size_t i = 0; i < q->n; i++)
        topics[i].name = q->subjects[i].facts.name;
    enum err_code code = kafka_facts_read(rk, topics, q->n, brokers, &n_brokers, a, err);
    kafka_consumer_close(rk);
    if (code != ERR_OK)
        return code;
    for (size_t i = 0; i < q->n; i++)
        q->subjects[i].facts = topics[i];
    for (size_t i = 0; i < n_brokers; i++)
        q->subjects[q->n++] = (struct topology_subject){TOPOLOGY_BROKER, brokers[i]};
    return ERR_OK;
}

enum err_code
topology_check(const struct config *cfg, bool vault, struct topology_report *r, struct err *err)
{
    owned_value(arena_release) struct arena a;
    arena_init(&a);
    struct question *q = ARENA_NEW(&a, struct question);
    q->n = 0;
    topics_of(cfg, vault, q);
    TRY(answers_read(cfg, q, &a, err));
    topology_judge(cfg, q->subjects, q->n, r);
    return ERR_OK;
}

/* ---- for others */

static void
spec_set(struct kafka_topic_spec *spec, const char *name, const char *word, int64_t number)
{
    assert(spec->n_settings < KAFKA_TOPIC_SETTINGS_MAX);
    struct kafka_topic_setting *s = &spec->settings[spec->n_settings++];
    s->name = name;
    if (word)
        snprintf(s->value, sizeof(s->value), "%s", word);
    else
        snprintf(s->value, sizeof(s->value), "%" PRId64, number);
}

/* A setting that lets commands live longer makes the topic keep them longer. */
static int64_t command_retention_ms(const struct config *cfg)
{
    int64_t least = twice_the_ttl_ms(cfg, NULL);
    return least > COMMAND_RETENTION_MS ? least : COMMAND_RETENTION_MS;
}

struct kafka_topic_spec
topology_spec(const struct config *cfg, enum topology_place place, const char *name)
{
    struct kafka_topic_spec spec = {
        .name = name,
        .partitions = (int32_t)cfg->partitions,
        .replication = (int)cfg->topic_replication,
    };
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        const struct rule *r = &rules[i];
        if ((r->places & place) && r->create)
            spec_set(&spec, r->setting, r->word, r->word ? 0 : wished(r, cfg, NULL));
    }
    if (place == TOPOLOGY_COMMANDS)
        spec_set(&spec, "retention.ms", NULL, command_retention_ms(cfg));
    return spec;
}

void topology_print(const struct topology_finding *f, struct strbuf *out)
{
    const char *kind = f->place == TOPOLOGY_BROKER ? "broker" : "topic";
    if (f->weight == TOPOLOGY_MISSING)
        strbuf_addf(out, "%s %s is not there: %s", kind, f->name, f->why);
    else if (f->weight == TOPOLOGY_UNREAD)
        strbuf_addf(out, "%s %s: its settings cannot be read: %s", kind, f->name, f->why);
    else
        strbuf_addf(out, "%s %s: %s is %s, wish: %s (%s)", kind, f->name, f->setting, f->value,
                    f->wish, f->why);
}

enum err_code topology_verdict(const struct topology_report *r, struct err *err)
{
    owned_value(strbuf_release) struct strbuf s = {0};
    size_t n = r->n_of[TOPOLOGY_BREAKS] + r->n_of[TOPOLOGY_MISSING];
    if (n == 0)
        return ERR_OK;
    const struct topology_finding *first = &r->findings[0];
    topology_print(first, &s);
    if (n > 1)
        strbuf_addf(&s, "; %zu more: `hirelog topics check`", n - 1);
    return err_set(err, first->weight == TOPOLOGY_BREAKS ? ERR_CONFLICT : ERR_NOT_FOUND, "%s",
                   strbuf_cstr(&s));
}

/*
 * topology.h - what hirelog's promises ask of the cluster: one table of rules over topics and
 * brokers, which `topics create` sets and `topics check`, API and worker look at. Never logs.
 */
#ifndef CONSUMERS_TOPOLOGY_H
#define CONSUMERS_TOPOLOGY_H

#include "ops/runtime/config.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/kafka_facts.h"

/* What a rule is about: bits. */
enum topology_place {
    TOPOLOGY_EVENTS = 1,
    TOPOLOGY_COMMANDS = 2,
    TOPOLOGY_TRANSACTIONS = 4, /* __transaction_state */
    TOPOLOGY_OFFSETS = 8,      /* __consumer_offsets */
    TOPOLOGY_BROKER = 16,
};

enum topology_weight {
    TOPOLOGY_BREAKS,  /* a promise does not hold: no start, not ready */
    TOPOLOGY_MISSING, /* the topic is not there: not ready until it is */
    TOPOLOGY_WEAKENS, /* the promises hold with less than production needs: a warning */
    TOPOLOGY_UNREAD,  /* not known, for want of a right: a warning */
    TOPOLOGY_WEIGHT_N
};
extern const char *const topology_weight_name[TOPOLOGY_WEIGHT_N];

struct topology_subject {
    enum topology_place place;
    struct kafka_facts facts;
};

struct topology_finding {
    enum topology_weight weight;
    enum topology_place place;
    const char *name;                         /* of the topic or broker */
    const char *setting, *value, *wish, *why; /* setting: NULL when MISSING or UNREAD */
};

/* What was found, the heaviest first. Of an arena of its own. */
struct topology_report {
    struct arena arena;
    struct topology_finding *findings;
    size_t n;
    size_t n_of[TOPOLOGY_WEIGHT_N];
};
void topology_report_init(struct topology_report *r);
void topology_report_release(struct topology_report *r);

/* The topic as the rules and the settings want it; the name is the caller's. place: EVENTS or COMMANDS. */
struct kafka_topic_spec
topology_spec(const struct config *cfg, enum topology_place place, const char *name);

/* Holds every subject against every rule. Pure. *r must be new. */
void topology_judge(const struct config *cfg,
                    const struct topology_subject *subjects,
                    size_t n,
                    struct topology_report *r);
/*
 * Asks the cluster about the topics of cfg->services (vault: and those of the service that has it), the
 * two internal topics and the brokers, with a handle of its own, and judges. *r must be new.
 * ERR_UNAVAILABLE: nothing is known. What was found is no error.
 */
MUST_CHECK enum err_code
topology_check(const struct config *cfg, bool vault, struct topology_report *r, struct err *err);

/* One line about a finding, without its end. Appends. */
void topology_print(const struct topology_finding *f, struct strbuf *out);
/* ERR_CONFLICT when a promise is broken, ERR_NOT_FOUND when a topic is missing: names the first. */
MUST_CHECK enum err_code topology_verdict(const struct topology_report *r, struct err *err);

#endif

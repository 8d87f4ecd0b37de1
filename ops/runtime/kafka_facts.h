/*
 * kafka_facts.h - what a cluster says of topics and of its brokers: partitions, copies, and every
 * setting that holds (DescribeConfigs). Never logs.
 */
#ifndef OPS_RUNTIME_KAFKA_FACTS_H
#define OPS_RUNTIME_KAFKA_FACTS_H

#include <librdkafka/rdkafka.h>

#include "ops/runtime/arena.h"
#include "ops/runtime/err.h"

#define KAFKA_BROKERS_MAX 64 /* more are not asked */

/* Beside the names of Kafka's settings. */
#define KAFKA_FACT_PARTITIONS  "partitions"
#define KAFKA_FACT_REPLICATION "replication.factor" /* of the partition with the fewest copies */

struct kafka_fact {
    const char *name, *value;
};

/* Of one topic, or of one broker (its name is its id). */
struct kafka_facts {
    const char *name;
    bool missing;       /* there is no such topic */
    const char *unread; /* why the settings are not known; NULL: they are */
    const struct kafka_fact *facts;
    size_t n;
};

/*
 * The names of `topics` are the caller's; all else is filled in, brokers (KAFKA_BROKERS_MAX) by those
 * that are alive. Lives as long as the arena. Waits for three seconds and as long again at most.
 * ERR_UNAVAILABLE: no broker answers for the topics. A right that is missing is no error: `unread`.
 */
MUST_CHECK enum err_code kafka_facts_read(rd_kafka_t *rk,
                                          struct kafka_facts *topics,
                                          size_t n,
                                          struct kafka_facts brokers[KAFKA_BROKERS_MAX],
                                          size_t *ret_brokers,
                                          struct arena *a,
                                          struct err *err);
/* NULL: not known. */
const char *kafka_fact(const struct kafka_facts *f, const char *name);

#endif

#include "consumers/import_mark.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ops/runtime/timeutil.h"

#define GONE_PATIENCE_US 5000000
#define GONE_SLICE_NS    20000000L

void import_mark_topic(const char *topic, char ret[TOPIC_NAME_MAX])
{
    const char *dot = strrchr(topic, '.');
    int stem = dot ? (int)(dot - topic) : (int)strlen(topic);
    snprintf(ret, TOPIC_NAME_MAX, "%.*s.import", stem, topic);
}

enum err_code import_mark_find(rd_kafka_t *rk, const char *topic, bool *ret, struct err *err)
{
    char mark[TOPIC_NAME_MAX];
    int32_t n;
    struct err why = {0};
    import_mark_topic(topic, mark);
    enum err_code code = kafka_topic_partitions(rk, mark, &n, &why);
    if (code != ERR_OK && code != ERR_NOT_FOUND)
        return err_set(err, code, "%s", why.msg);
    *ret = code == ERR_OK;
    return ERR_OK;
}

enum err_code import_mark_check(rd_kafka_t *rk, const char *topic, struct err *err)
{
    bool found = false;
    TRY(import_mark_find(rk, topic, &found, err));
    if (!found)
        return ERR_OK;
    return err_set(err, ERR_UNAVAILABLE,
                   "%s is being restored: an import has not ended; if it was killed, run `hirelog "
                   "import` with the same directories again",
                   topic);
}

enum err_code import_mark_set(rd_kafka_t *rk, const char *topic, int replication, struct err *err)
{
    char mark[TOPIC_NAME_MAX];
    import_mark_topic(topic, mark);
    struct kafka_topic_spec spec = {.name = mark, .partitions = 1, .replication = replication};
    return kafka_topics_create(rk, &spec, 1, err);
}

/* A broker learns of a deletion a little later than the controller; who asks it meanwhile would wait for nothing. */
static void await_gone(rd_kafka_t *rk, const char *topic)
{
    bool found = true;
    struct err ignored;
    int64_t deadline = time_monotonic_us() + GONE_PATIENCE_US;
    while (import_mark_find(rk, topic, &found, &ignored) == ERR_OK && found &&
           time_monotonic_us() < deadline) {
        struct timespec slice = {.tv_nsec = GONE_SLICE_NS};
        nanosleep(&slice, NULL);
    }
}

enum err_code import_mark_clear(rd_kafka_t *rk, const char *topic, struct err *err)
{
    char mark[TOPIC_NAME_MAX];
    struct err why = {0};
    import_mark_topic(topic, mark);
    enum err_code code = kafka_topic_delete(rk, mark, &why);
    if (code != ERR_OK && code != ERR_NOT_FOUND)
        return err_set(err, code, "%s", why.msg);
    await_gone(rk, topic);
    return ERR_OK;
}

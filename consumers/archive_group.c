#include "consumers/archive_group.h"

#include "ops/runtime/kafka.h"
#include "ops/runtime/timeutil.h"

#define COMMITTED_MS  10000
#define FETCH_WAIT_MS 1
#define AGAIN_NS      50000000L

void archive_group_topic(const char *prefix,
                         const struct archive_manifest *m,
                         const struct archive_group *g,
                         char ret[TOPIC_NAME_MAX])
{
    if (m->commands)
        service_event_topic(prefix, g->source->name, ret);
    else
        service_command_topic(prefix, g->source->name, ret);
}

/* A reader in the group's name, and all partitions of its topic. */
static enum err_code open_group(const struct config *cfg,
                                const struct archive_manifest *m,
                                const struct archive_group *g,
                                rd_kafka_t **ret,
                                rd_kafka_topic_partition_list_t **ret_list,
                                struct err *err)
{
    char group[GROUP_NAME_MAX], topic[TOPIC_NAME_MAX];
    service_group(cfg->topic_prefix, m->service->name, g->name, group);
    archive_group_topic(cfg->topic_prefix, m, g, topic);
    TRY(kafka_follower_open(cfg, group, FETCH_WAIT_MS, 1, ret, err));
    *ret_list = rd_kafka_topic_partition_list_new((int)m->n_partitions);
    for (size_t i = 0; i < m->n_partitions; i++)
        rd_kafka_topic_partition_list_add(*ret_list, topic, (int32_t)i);
    return ERR_OK;
}

static enum err_code says(rd_kafka_resp_err_t code, const struct archive_group *g, struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "positions of the group %s: %s", g->name,
                   rd_kafka_err2str(code));
}

/* A coordinator that moves, or has just begun, says no for a moment. */
static rd_kafka_resp_err_t ask_committed(rd_kafka_t *reader, rd_kafka_topic_partition_list_t *list)
{
    int64_t deadline = time_monotonic_us() + COMMITTED_MS * 1000LL;
    for (;;) {
        rd_kafka_resp_err_t code = rd_kafka_committed(reader, list, COMMITTED_MS);
        for (int i = 0; !code && i < list->cnt; i++)
            code = list->elems[i].err;
        if (!code || time_monotonic_us() > deadline)
            return code;
        struct timespec slice = {.tv_nsec = AGAIN_NS};
        nanosleep(&slice, NULL);
    }
}

static enum err_code read_group(const struct config *cfg,
                                const struct archive_manifest *m,
                                const struct archive_group *g,
                                struct err *err)
{
    rd_kafka_t *reader = NULL;
    rd_kafka_topic_partition_list_t *list = NULL;
    TRY(open_group(cfg, m, g, &reader, &list, err));
    rd_kafka_resp_err_t code = ask_committed(reader, list);
    for (size_t i = 0; !code && i < m->n_partitions; i++)
        g->next[i] = list->elems[i].offset >= 0 ? list->elems[i].offset : -1;
    rd_kafka_topic_partition_list_destroy(list);
    kafka_consumer_close(reader);
    return code ? says(code, g, err) : ERR_OK;
}

static void add_group(struct archive_manifest *m, const char *name, const struct service *source)
{
    m->groups = arena_grow(&m->arena, m->groups, m->n_groups, sizeof(*m->groups));
    struct archive_group *g = &m->groups[m->n_groups++];
    *g = (struct archive_group){.source = source};
    snprintf(g->name, sizeof(g->name), "%s", name);
    g->next = ARENA_ARRAY(&m->arena, int64_t, m->n_partitions);
}

enum err_code
archive_groups_read(const struct config *cfg, struct archive_manifest *m, struct err *err)
{
    const struct service *s = m->service;
    if (!m->commands)
        add_group(m, SERVICE_WORKERS, s);
    for (size_t i = 0; m->commands && i < s->n_reactors; i++)
        add_group(m, s->reactors[i].name, service_find(s->reactors[i].event->service));
    for (size_t i = 0; i < m->n_groups; i++)
        TRY(read_group(cfg, m, &m->groups[i], err));
    return ERR_OK;
}

static void set_offsets(rd_kafka_topic_partition_list_t *list, const int64_t *next)
{
    for (int i = list->cnt; i-- > 0;) {
        list->elems[i].offset = next[i];
        if (next[i] < 0)
            rd_kafka_topic_partition_list_del_by_idx(list, i);
    }
}

enum err_code archive_group_commit(const struct config *cfg,
                                   const struct archive_manifest *m,
                                   const struct archive_group *g,
                                   const int64_t *next,
                                   bool *ret_taken,
                                   struct err *err)
{
    rd_kafka_t *reader = NULL;
    rd_kafka_topic_partition_list_t *list = NULL;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    TRY(open_group(cfg, m, g, &reader, &list, err));
    set_offsets(list, next);
    if (list->cnt > 0)
        code = rd_kafka_commit(reader, list, 0);
    rd_kafka_topic_partition_list_destroy(list);
    kafka_consumer_close(reader);
    *ret_taken = code == RD_KAFKA_RESP_ERR_NO_ERROR;
    bool has_members = code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
                       code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
    return *ret_taken || has_members ? ERR_OK : says(code, g, err);
}

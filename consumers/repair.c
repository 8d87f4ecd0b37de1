#include "consumers/repair.h"

#include "consumers/lane_row.h"
#include "consumers/lane_sql.h"
#include "consumers/service_pg.h"
#include "ops/runtime/kafka.h"
#include "projections/migrate.h"

static enum err_code open_stopped(const struct config *cfg,
                                  const struct service *service,
                                  struct pg **ret,
                                  struct err *err)
{
    owned(pg_free) struct pg *pg = NULL;
    struct service_control control;
    struct pg_options o = {.application_name = "hirelog repair"};
    TRY(service_control_read(cfg, service, &control, err));
    TRY(service_pg_open(cfg, service, control.generation, o, &pg, err));
    for (int32_t p = 0; p < cfg->partitions; p++) {
        int64_t epoch;
        bool alive = false;
        TRY(lane_row_holder(pg, p, &epoch, &alive, err));
        if (alive)
            return err_set(err, ERR_CONFLICT, "a worker has lane %s/%d: stop the workers first",
                           service->name, (int)p);
    }
    *ret = STEAL(pg);
    return ERR_OK;
}

enum err_code
repair_rebuild(const struct config *cfg, const struct service *service, struct err *err)
{
    struct pg *pg = NULL;
    const struct migrate_service m = {service->name, service->vault,
                                      cfg->pg_admin_service[service - services]};
    TRY(open_stopped(cfg, service, &pg, err));
    pg_free(pg);
    TRY(migrate_drop(cfg, &m, err));
    return migrate_run(cfg, &m, 1, err);
}

static enum err_code accept_partition(struct pg *pg,
                                      rd_kafka_t *reader,
                                      const char *topic,
                                      int32_t partition,
                                      int64_t *moved,
                                      struct err *err)
{
    owned_value(arena_release) struct arena a;
    int64_t low;
    int64_t high;
    arena_init(&a);
    TRY(kafka_watermarks(reader, topic, partition, &low, &high, err));
    struct pg_param p[] = {pg_p_int4(&a, partition), pg_p_int8(&a, low), pg_p_int8(&a, high)};
    size_t index = pg_queue(pg, lane_sql(SQL_LANE_ACCEPT_COMMANDS), p, ARRAY_SIZE(p));
    TRY(pg_sync(pg, err));
    *moved += pg_affected(pg, index);
    return ERR_OK;
}

enum err_code repair_accept_commands(const struct config *cfg,
                                     const struct service *service,
                                     int64_t *ret_moved,
                                     struct err *err)
{
    owned(pg_free) struct pg *pg = NULL;
    rd_kafka_t *reader = NULL;
    char topic[TOPIC_NAME_MAX];
    int64_t moved = 0;
    TRY(open_stopped(cfg, service, &pg, err));
    TRY(kafka_reader_open(cfg, false, 1, &reader, err));
    service_command_topic(cfg->topic_prefix, service->name, topic);
    enum err_code code = ERR_OK;
    for (int32_t p = 0; p < cfg->partitions && code == ERR_OK; p++)
        code = accept_partition(pg, reader, topic, p, &moved, err);
    kafka_consumer_close(reader);
    TRY(code);
    *ret_moved = moved;
    return ERR_OK;
}

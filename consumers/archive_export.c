#include "consumers/archive_export.h"

#include <errno.h>
#include <sys/stat.h>

#include "consumers/archive_dir.h"
#include "consumers/archive_log.h"
#include "consumers/import_mark.h"
#include "consumers/service_order.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/timeutil.h"

/* ---- one log */

enum err_code archive_export(const struct config *cfg,
                             const char *topic,
                             const char *dir,
                             struct archive_manifest *ret,
                             struct err *err)
{
    struct archive_dir d;
    TRY(archive_log_begin(cfg, topic, ret, err));
    enum err_code code = archive_dir_open(dir, ARCHIVE_MANIFEST_NAME, NULL, &d, err);
    if (code == ERR_OK)
        code = archive_log_write(cfg, ret, dir, NULL, err);
    if (code == ERR_OK)
        code = archive_dir_finish(&d, err);
    archive_dir_close(&d);
    return code;
}

/* ---- all logs */

struct whole {
    const struct config *cfg;
    const char *dir;
    struct archive_index *index;
};

static enum err_code
write_part(struct whole *w, struct archive_manifest *m, struct archive_cut *cut, struct err *err)
{
    char name[ARCHIVE_NAME_MAX], path[ARCHIVE_PATH_MAX];
    archive_part_name(m->service, m->commands, name);
    TRY(archive_path(w->dir, name, path, err));
    if (mkdir(path, 0777))
        return err_set(err, ERR_UNAVAILABLE, "cannot make %s: %s", path, strerror(errno));
    snprintf(m->run, sizeof(m->run), "%s", w->index->run);
    TRY(archive_log_write(w->cfg, m, path, cut, err));
    crash_point("export_after_part");
    return archive_index_add(w->index, m, err);
}

static enum err_code begin_log(struct whole *w,
                               const struct service *s,
                               bool commands,
                               struct archive_manifest *ret,
                               struct err *err)
{
    char topic[TOPIC_NAME_MAX];
    if (commands)
        service_command_topic(w->cfg->topic_prefix, s->name, topic);
    else
        service_event_topic(w->cfg->topic_prefix, s->name, topic);
    return archive_log_begin(w->cfg, topic, ret, err);
}

/* The order is the argument of archive_export.h: reactors' positions, end of the commands, events, commands. */
static enum err_code export_service(struct whole *w,
                                    const struct service *s,
                                    struct archive_manifest *events,
                                    struct archive_manifest *commands,
                                    struct err *err)
{
    struct archive_cut cut;
    TRY(begin_log(w, s, true, commands, err));
    TRY(archive_cut_begin(w->cfg, commands, &cut, err));
    TRY(begin_log(w, s, false, events, err));
    if (events->n_partitions != commands->n_partitions)
        return err_set(err, ERR_CORRUPT, "%s has %zu partitions, %s has %zu: frozen at creation",
                       events->topic, events->n_partitions, commands->topic,
                       commands->n_partitions);
    TRY(write_part(w, events, &cut, err));
    return write_part(w, commands, &cut, err);
}

static enum err_code cut_service(struct whole *w, const struct service *s, struct err *err)
{
    owned_value(archive_manifest_release) struct archive_manifest events;
    owned_value(archive_manifest_release) struct archive_manifest commands;
    archive_manifest_init(&events);
    archive_manifest_init(&commands);
    return export_service(w, s, &events, &commands, err);
}

/* A log that is half restored looks like a shorter one. */
static enum err_code check_whole(const struct config *cfg, struct err *err)
{
    rd_kafka_t *reader = NULL;
    enum err_code code = ERR_OK;
    TRY(kafka_reader_open(cfg, true, 1, &reader, err));
    for (size_t i = 0; code == ERR_OK && i < n_services; i++) {
        char topic[TOPIC_NAME_MAX];
        service_event_topic(cfg->topic_prefix, services[i].name, topic);
        code = import_mark_check(reader, topic, err);
    }
    kafka_consumer_close(reader);
    return code;
}

static enum err_code export_into(struct whole *w, struct archive_dir *d, struct err *err)
{
    const struct service *order[SERVICES_MAX];
    TRY(services_followers_first(order, err));
    archive_index_begin(w->index, w->cfg->topic_prefix, time_now_us());
    for (size_t i = 0; i < n_services; i++)
        TRY(cut_service(w, order[i], err));
    crash_point("export_before_index");
    TRY(archive_index_write(w->index, w->dir, err));
    return archive_dir_finish(d, err);
}

enum err_code archive_export_all(const struct config *cfg,
                                 const char *dir,
                                 struct archive_index *ret,
                                 struct err *err)
{
    struct whole w = {.cfg = cfg, .dir = dir, .index = ret};
    struct archive_dir d;
    TRY(check_whole(cfg, err));
    enum err_code code = archive_dir_open(dir, ARCHIVE_INDEX_NAME, archive_part_known, &d, err);
    if (code == ERR_OK)
        code = export_into(&w, &d, err);
    archive_dir_close(&d);
    return code;
}

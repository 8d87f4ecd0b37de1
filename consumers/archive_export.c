#include "consumers/archive_export.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "consumers/archive_group.h"
#include "consumers/log_scan.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"

#define UNFINISHED "export.unfinished"

struct export
{
    const struct config *cfg;
    const char *dir;
    struct archive_manifest *m;
    /* of the partition at hand */
    int32_t number;
    struct archive_partition *partition;
    struct archive_writer *writer; /* NULL: the next record opens a file */
    struct archive_digest *digest;
    struct arena arena; /* of one record */
};

/* ---- which log */

static enum err_code
find_log(const struct config *cfg, const char *topic, struct archive_manifest *m, struct err *err)
{
    char name[TOPIC_NAME_MAX];
    for (size_t i = 0; i < n_services; i++) {
        service_event_topic(cfg->topic_prefix, services[i].name, name);
        bool events = strcmp(name, topic) == 0;
        service_command_topic(cfg->topic_prefix, services[i].name, name);
        if (!events && strcmp(name, topic) != 0)
            continue;
        m->service = &services[i];
        m->commands = !events;
        snprintf(m->topic, sizeof(m->topic), "%s", topic);
        return ERR_OK;
    }
    return err_set(err, ERR_INVALID,
                   "%s is no topic of ours: %s.<service>.events or .commands (`hirelog services`)",
                   topic, cfg->topic_prefix);
}

static enum err_code ask_topic(struct export *x, struct err *err)
{
    struct archive_manifest *m = x->m;
    rd_kafka_t *reader = NULL;
    int32_t n = 0;
    TRY(kafka_reader_open(x->cfg, true, 1, &reader, err));
    enum err_code code = kafka_topic_partitions(reader, m->topic, &n, err);
    if (code == ERR_OK)
        code = kafka_cluster_id(reader, m->cluster_id, sizeof(m->cluster_id), err);
    kafka_consumer_close(reader);
    TRY(code);
    m->n_partitions = (size_t)n;
    m->partitions = ARENA_ARRAY(&m->arena, struct archive_partition, m->n_partitions);
    return ERR_OK;
}

/* ---- the directory */

static enum err_code dir_says(const char *doing, const char *dir, struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "cannot %s %s: %s", doing, dir, strerror(errno));
}

struct dir_content {
    size_t n;
    bool manifest, unfinished;
};

static enum err_code look_into(const char *dir, struct dir_content *ret, struct err *err)
{
    DIR *d = opendir(dir);
    if (!d)
        return dir_says("open", dir, err);
    for (const struct dirent *e; (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        ret->n++;
        ret->manifest |= strcmp(e->d_name, ARCHIVE_MANIFEST_NAME) == 0;
        ret->unfinished |= strcmp(e->d_name, UNFINISHED) == 0;
    }
    closedir(d);
    return ERR_OK;
}

static enum err_code check_dir(const char *dir, struct err *err)
{
    struct dir_content has = {0};
    if (mkdir(dir, 0777) == 0)
        return ERR_OK;
    if (errno != EEXIST)
        return dir_says("make", dir, err);
    TRY(look_into(dir, &has, err));
    if (has.manifest)
        return err_set(err, ERR_INVALID, "%s is an archive already", dir);
    if (has.n > 0 && !has.unfinished)
        return err_set(err, ERR_INVALID, "%s is not empty: name a new or an empty directory", dir);
    return ERR_OK;
}

/* *ret_lock: open while we work. Whoever ends, by whatever, leaves the file and not the lock. */
static enum err_code lock_dir(const char *dir, int *ret_lock, struct err *err)
{
    char path[ARCHIVE_PATH_MAX];
    TRY(archive_path(dir, UNFINISHED, path, err));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return dir_says("write into", dir, err);
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        return err_set(err, ERR_CONFLICT, "another export writes into %s", dir);
    }
    *ret_lock = fd;
    return archive_sync_dir(dir, err);
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

/* What an interrupted export left goes; anything else is somebody's. */
static enum err_code delete_leftover(const char *dir, const char *name, struct err *err)
{
    char path[ARCHIVE_PATH_MAX];
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, UNFINISHED) == 0)
        return ERR_OK;
    TRY(archive_path(dir, name, path, err));
    if (!ends_with(name, ".avro") && !ends_with(name, ".avro.tmp") &&
        strcmp(name, ARCHIVE_MANIFEST_NAME ".tmp") != 0)
        return err_set(err, ERR_INVALID, "%s is not of an export: name an empty directory", path);
    return unlink(path) ? dir_says("delete", path, err) : ERR_OK;
}

static enum err_code empty_dir(const char *dir, struct err *err)
{
    enum err_code code = ERR_OK;
    DIR *d = opendir(dir);
    if (!d)
        return dir_says("open", dir, err);
    for (const struct dirent *e; code == ERR_OK && (e = readdir(d));)
        code = delete_leftover(dir, e->d_name, err);
    closedir(d);
    return code;
}

/* ---- a partition */

static enum err_code end_file(struct export *x, struct err *err)
{
    struct archive_partition *p = x->partition;
    struct archive_file file;
    if (!x->writer)
        return ERR_OK;
    enum err_code code = archive_writer_finish(x->writer, &file, err);
    archive_writer_free(STEAL(x->writer));
    TRY(code);
    p->files = arena_grow(&x->m->arena, p->files, p->n_files, sizeof(*p->files));
    p->files[p->n_files++] = file;
    p->records += file.records;
    crash_point("export_after_file");
    return ERR_OK;
}

static enum err_code add_record(void *arg, const rd_kafka_message_t *m, struct err *err)
{
    struct export *x = arg;
    struct archive_record r;
    arena_clear(&x->arena);
    archive_record_of(m, &x->arena, &r);
    if (!x->writer)
        TRY(archive_writer_open(x->dir, x->number, r.offset, &x->writer, err));
    TRY(archive_writer_add(x->writer, &r, err));
    archive_digest_add(x->digest, &r);
    return archive_writer_full(x->writer) ? end_file(x, err) : ERR_OK;
}

static enum err_code read_partition(struct export *x, struct err *err)
{
    struct log_range range = {0, 0};
    TRY(log_scan_range(x->cfg, x->m->topic, x->number, &range, err));
    x->partition->begin = range.low;
    x->partition->end = range.end;
    TRY(log_scan(x->cfg, x->m->topic, x->number, range, add_record, x, err));
    return end_file(x, err);
}

static enum err_code export_partition(struct export *x, int32_t number, struct err *err)
{
    owned(archive_digest_free) struct archive_digest *digest = archive_digest_new(x->m->commands);
    x->number = number;
    x->partition = &x->m->partitions[number];
    x->digest = digest;
    enum err_code code = read_partition(x, err);
    archive_writer_free(STEAL(x->writer));
    TRY(code);
    archive_digest_text(digest, x->partition->digest);
    log_info("partition exported", KV_S("topic", x->m->topic), KV_I("partition", number),
             KV_I("records", x->partition->records), KV_I("files", (int64_t)x->partition->n_files));
    return ERR_OK;
}

static enum err_code export_into(struct export *x, struct err *err)
{
    char path[ARCHIVE_PATH_MAX];
    TRY(empty_dir(x->dir, err));
    x->m->exported_at_us = time_now_us();
    TRY(archive_groups_read(x->cfg, x->m, err)); /* before any record is */
    for (size_t i = 0; i < x->m->n_partitions; i++)
        TRY(export_partition(x, (int32_t)i, err));
    crash_point("export_before_manifest");
    TRY(archive_manifest_write(x->m, x->dir, err));
    crash_point("export_after_manifest");
    TRY(archive_path(x->dir, UNFINISHED, path, err));
    return unlink(path) ? dir_says("delete", path, err) : ERR_OK;
}

enum err_code archive_export(const struct config *cfg,
                             const char *topic,
                             const char *dir,
                             struct archive_manifest *ret,
                             struct err *err)
{
    struct export x = {.cfg = cfg, .dir = dir, .m = ret};
    int lock = -1;
    TRY(find_log(cfg, topic, ret, err));
    TRY(ask_topic(&x, err));
    TRY(check_dir(dir, err));
    TRY(lock_dir(dir, &lock, err));
    arena_init(&x.arena);
    enum err_code code = check_dir(dir, err); /* nobody has made it an archive meanwhile */
    if (code == ERR_OK)
        code = export_into(&x, err);
    arena_release(&x.arena);
    close(lock);
    return code;
}

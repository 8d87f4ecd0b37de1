#include "consumers/archive_log.h"

#include <stdio.h>

#include "consumers/archive_group.h"
#include "consumers/event_header.h"
#include "consumers/log_scan.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"

#define CUT_PATIENCE_MS 5000
#define CUT_SLICE_NS    20000000L

struct log_copy {
    const struct config *cfg;
    const char *dir;
    struct archive_manifest *m;
    struct archive_cut *cut; /* NULL = none */
    /* of the partition at hand */
    int32_t number;
    struct archive_partition *partition;
    struct archive_writer *writer; /* NULL: the next record opens a file */
    struct archive_digest *digest;
    int64_t decided;    /* behind the last command that an event names */
    struct arena arena; /* of one record */
};

/* ---- before the first record */

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

static enum err_code
ask_topic(const struct config *cfg, struct archive_manifest *m, struct err *err)
{
    rd_kafka_t *reader = NULL;
    int32_t n = 0;
    TRY(kafka_reader_open(cfg, true, 1, &reader, err));
    enum err_code code = kafka_topic_partitions(reader, m->topic, &n, err);
    if (code == ERR_OK)
        code = kafka_cluster_id(reader, m->cluster_id, sizeof(m->cluster_id), err);
    kafka_consumer_close(reader);
    TRY(code);
    if (n > ARCHIVE_PARTITIONS_MAX)
        return err_set(err, ERR_INVALID, "%s has %d partitions; an archive takes %d", m->topic,
                       (int)n, ARCHIVE_PARTITIONS_MAX);
    m->n_partitions = (size_t)n;
    m->partitions = ARENA_ARRAY(&m->arena, struct archive_partition, m->n_partitions);
    return ERR_OK;
}

enum err_code archive_log_begin(const struct config *cfg,
                                const char *topic,
                                struct archive_manifest *ret,
                                struct err *err)
{
    TRY(find_log(cfg, topic, ret, err));
    TRY(ask_topic(cfg, ret, err));
    ret->exported_at_us = time_now_us();
    return archive_groups_read(cfg, ret, err);
}

enum err_code archive_cut_begin(const struct config *cfg,
                                const struct archive_manifest *m,
                                struct archive_cut *ret,
                                struct err *err)
{
    rd_kafka_t *reader = NULL;
    enum err_code code = ERR_OK;
    TRY(kafka_reader_open(cfg, false, 1, &reader, err));
    for (size_t p = 0; code == ERR_OK && p < m->n_partitions; p++) {
        int64_t low;
        code = kafka_watermarks(reader, m->topic, (int32_t)p, &low, &ret->next_command[p], err);
    }
    kafka_consumer_close(reader);
    return code;
}

/* ---- records */

static enum err_code end_file(struct log_copy *x, struct err *err)
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

static void note_decided(struct log_copy *x, const rd_kafka_message_t *m)
{
    struct event_origin origin;
    struct err ignored; /* somebody else's record says nothing of a command */
    if (event_origin_read(message_headers(m), m->offset, &origin, &ignored) == ERR_OK &&
        origin.command_offset >= x->decided)
        x->decided = origin.command_offset + 1;
}

static enum err_code add_record(void *arg, const rd_kafka_message_t *m, struct err *err)
{
    struct log_copy *x = arg;
    struct archive_record r;
    arena_clear(&x->arena);
    archive_record_of(m, &x->arena, &r);
    if (!x->writer)
        TRY(archive_writer_open(x->dir, x->number, r.offset, &x->writer, err));
    TRY(archive_writer_add(x->writer, &r, err));
    archive_digest_add(x->digest, &r);
    if (!x->m->commands)
        note_decided(x, m);
    return archive_writer_full(x->writer) ? end_file(x, err) : ERR_OK;
}

/* What is new since the last call. */
static enum err_code read_on(struct log_copy *x, struct err *err)
{
    struct log_range range = {0, 0};
    struct archive_partition *p = x->partition;
    TRY(log_scan_range(x->cfg, x->m->topic, x->number, &range, err));
    if (p->end == 0)
        p->begin = range.low;
    if (range.low < p->end)
        range.low = p->end;
    TRY(log_scan(x->cfg, x->m->topic, x->number, range, add_record, x, err));
    p->end = range.end;
    return ERR_OK;
}

/* ---- the cut */

/* A skipped duplicate leaves no event, but the workers' hint passes it. The hint is read before the log's end is
 * asked for: what was decided by then is before that end. */
static enum err_code
read_hint(const struct log_copy *x, struct archive_manifest *scratch, int64_t *ret, struct err *err)
{
    scratch->n_groups = 0;
    TRY(archive_groups_read(x->cfg, scratch, err));
    *ret = scratch->n_groups > 0 ? scratch->groups[0].next[x->number] : -1;
    return ERR_OK;
}

static void tell_open_commands(const struct log_copy *x, int64_t next, int64_t decided)
{
    log_warn("commands before the cut are not decided, the restored cluster will decide them",
             KV_S("service", x->m->service->name), KV_I("partition", x->number),
             KV_I("decided", decided), KV_I("stored", next));
}

/* No command before the cut is decided in this cluster after the cut, if its worker runs. */
static enum err_code
read_until_decided(struct log_copy *x, struct archive_manifest *scratch, struct err *err)
{
    int64_t *next = &x->cut->next_command[x->number];
    int64_t hint = -1, before = -1, deadline = 0;
    for (;;) {
        TRY(read_hint(x, scratch, &hint, err));
        TRY(read_on(x, err));
        int64_t decided = hint > x->decided ? hint : x->decided;
        if (decided >= *next)
            break;
        if (decided > before)
            deadline = time_monotonic_us() + CUT_PATIENCE_MS * 1000LL;
        before = decided;
        if (time_monotonic_us() > deadline) {
            tell_open_commands(x, *next, decided);
            break;
        }
        struct timespec slice = {.tv_nsec = CUT_SLICE_NS};
        nanosleep(&slice, NULL);
    }
    if (x->decided > *next)
        *next = x->decided;
    return ERR_OK;
}

static enum err_code read_decided(struct log_copy *x, struct err *err)
{
    owned_value(archive_manifest_release) struct archive_manifest scratch;
    archive_manifest_init(&scratch);
    scratch.service = x->m->service;
    scratch.n_partitions = x->m->n_partitions;
    return read_until_decided(x, &scratch, err);
}

static enum err_code read_up_to_cut(struct log_copy *x, struct err *err)
{
    struct log_range range = {0, 0};
    int64_t end = x->cut->next_command[x->number];
    TRY(log_scan_range(x->cfg, x->m->topic, x->number, &range, err));
    if (range.end < end) {
        log_warn("events name commands behind the end of their log: it was made anew",
                 KV_S("topic", x->m->topic), KV_I("partition", x->number), KV_I("named", end),
                 KV_I("end", range.end));
        end = range.end;
    }
    x->partition->begin = range.low < end ? range.low : end;
    x->partition->end = range.end = end;
    return log_scan(x->cfg, x->m->topic, x->number, range, add_record, x, err);
}

/* ---- all of it */

static enum err_code read_partition(struct log_copy *x, struct err *err)
{
    if (!x->cut)
        TRY(read_on(x, err));
    else if (x->m->commands)
        TRY(read_up_to_cut(x, err));
    else
        TRY(read_decided(x, err));
    return end_file(x, err);
}

static enum err_code copy_partition(struct log_copy *x, int32_t number, struct err *err)
{
    owned(archive_digest_free) struct archive_digest *digest = archive_digest_new(x->m->commands);
    x->number = number;
    x->partition = &x->m->partitions[number];
    x->digest = digest;
    x->decided = 0;
    enum err_code code = read_partition(x, err);
    archive_writer_free(STEAL(x->writer));
    TRY(code);
    archive_digest_text(digest, x->partition->digest);
    log_info("partition exported", KV_S("topic", x->m->topic), KV_I("partition", number),
             KV_I("records", x->partition->records), KV_I("files", (int64_t)x->partition->n_files));
    return ERR_OK;
}

static enum err_code copy_all(struct log_copy *x, struct err *err)
{
    for (size_t i = 0; i < x->m->n_partitions; i++)
        TRY(copy_partition(x, (int32_t)i, err));
    crash_point("export_before_manifest");
    TRY(archive_manifest_write(x->m, x->dir, err));
    crash_point("export_after_manifest");
    return ERR_OK;
}

enum err_code archive_log_write(const struct config *cfg,
                                struct archive_manifest *m,
                                const char *dir,
                                struct archive_cut *cut,
                                struct err *err)
{
    struct log_copy x = {.cfg = cfg, .dir = dir, .m = m, .cut = cut};
    arena_init(&x.arena);
    enum err_code code = copy_all(&x, err);
    arena_release(&x.arena);
    return code;
}

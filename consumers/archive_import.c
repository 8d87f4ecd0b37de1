#include "consumers/archive_import.h"

#include <inttypes.h>

#include "consumers/archive_group.h"
#include "consumers/archive_manifest.h"
#include "consumers/event_header.h"
#include "consumers/import_mark.h"
#include "consumers/log_restore.h"
#include "consumers/log_scan.h"
#include "consumers/topology.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "producers/event_log.h"

/* One log of a service and the archive that it comes from. */
struct restored_log {
    const char *dir; /* NULL: there is no archive of it */
    const struct archive_manifest *m;
    char topic[TOPIC_NAME_MAX];
};

struct restored_service {
    const struct service *service;
    struct restored_log events, commands;
    int32_t n;                                    /* partitions */
    int64_t next_command[ARCHIVE_PARTITIONS_MAX]; /* behind every decided command; 0 = none was */
    bool resumed;                                 /* an import began before and did not end */
};

struct import {
    const struct config *cfg;
    struct archive_manifest archives[ARCHIVE_IMPORT_MAX];
    size_t n_archives;
    struct restored_service services[SERVICES_MAX];
    size_t n;
    rd_kafka_t *reader; /* asks and administers */
    struct log_restore *out;
    int64_t records;
};

/* ---- 1: what is given */

static struct restored_service *service_at(struct import *x, const struct service *service)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->services[i].service == service)
            return &x->services[i];
    struct restored_service *s = &x->services[x->n++];
    s->service = service;
    s->n = (int32_t)x->cfg->partitions;
    service_event_topic(x->cfg->topic_prefix, service->name, s->events.topic);
    service_command_topic(x->cfg->topic_prefix, service->name, s->commands.topic);
    return s;
}

static enum err_code take_archive(struct import *x, const char *dir, struct err *err)
{
    struct archive_manifest *m = &x->archives[x->n_archives++];
    TRY(archive_manifest_read(dir, m, err));
    if ((int64_t)m->n_partitions != x->cfg->partitions)
        return err_set(err, ERR_INVALID,
                       "%s has %zu partitions, the settings say %lld: frozen at creation", dir,
                       m->n_partitions, (long long)x->cfg->partitions);
    struct restored_service *s = service_at(x, m->service);
    struct restored_log *log = m->commands ? &s->commands : &s->events;
    if (log->dir)
        return err_set(err, ERR_INVALID, "%s and %s are both archives of %s", log->dir, dir,
                       log->topic);
    log->dir = dir;
    log->m = m;
    return ERR_OK;
}

/* Commands are known by their offsets, and these mean nothing in another log. */
static enum err_code check_pair(const struct restored_service *s, struct err *err)
{
    const struct archive_manifest *events = s->events.m, *commands = s->commands.m;
    char of_events[TOPIC_NAME_MAX], of_commands[TOPIC_NAME_MAX];
    import_mark_topic(events->topic, of_events); /* prefix and service */
    import_mark_topic(commands->topic, of_commands);
    if (strcmp(of_events, of_commands) == 0 &&
        strcmp(events->cluster_id, commands->cluster_id) == 0)
        return ERR_OK;
    return err_set(err, ERR_INVALID,
                   "a service's two logs belong together: %s is of %s in cluster %s, %s of %s in "
                   "cluster %s",
                   s->events.dir, events->topic, events->cluster_id, s->commands.dir,
                   commands->topic, commands->cluster_id);
}

static enum err_code check_service(const struct restored_service *s, struct err *err)
{
    if (!s->events.dir)
        return err_set(err, ERR_INVALID,
                       "%s has the commands of %s: without its events they would be decided again; "
                       "name the archive of its events, too",
                       s->commands.dir, s->service->name);
    for (int32_t p = 0; p < s->n; p++)
        if (s->events.m->partitions[p].begin > 0)
            return err_set(err, ERR_INVALID,
                           "%s begins at offset %" PRId64
                           " of partition %d: the log's beginning was gone",
                           s->events.dir, s->events.m->partitions[p].begin, (int)p);
    return s->commands.dir ? check_pair(s, err) : ERR_OK;
}

static enum err_code check_files(const struct restored_log *log, struct err *err)
{
    for (size_t p = 0; log->dir && p < log->m->n_partitions; p++)
        for (size_t i = 0; i < log->m->partitions[p].n_files; i++)
            TRY(archive_file_check(log->dir, &log->m->partitions[p].files[i], err));
    return ERR_OK;
}

static enum err_code
take_archives(struct import *x, const char *const *dirs, size_t n, struct err *err)
{
    if (n == 0 || n > ARCHIVE_IMPORT_MAX)
        return err_set(err, ERR_INVALID, "import DIR ...: 1 to %d of them", ARCHIVE_IMPORT_MAX);
    for (size_t i = 0; i < n; i++)
        TRY(take_archive(x, dirs[i], err));
    for (size_t i = 0; i < x->n; i++)
        TRY(check_service(&x->services[i], err));
    for (size_t i = 0; i < x->n; i++) {
        TRY(check_files(&x->services[i].events, err));
        TRY(check_files(&x->services[i].commands, err));
    }
    return ERR_OK;
}

/* ---- 1 and 3: where it goes */

static enum err_code check_empty(struct import *x, const char *topic, int32_t n, struct err *err)
{
    for (int32_t p = 0; p < n; p++) {
        int64_t low, high;
        TRY(kafka_watermarks(x->reader, topic, p, &low, &high, err));
        if (high > 0)
            return err_set(err, ERR_CONFLICT,
                           "%s is not empty: partition %d has come to offset %" PRId64
                           "; a log is restored into a topic that is new, or missing",
                           topic, (int)p, high);
    }
    return ERR_OK;
}

/* Missing is as good as empty. */
static enum err_code check_topic(struct import *x, const char *topic, int32_t n, struct err *err)
{
    int32_t found = 0;
    struct err why = {0};
    enum err_code code = kafka_topic_partitions(x->reader, topic, &found, &why);
    if (code == ERR_NOT_FOUND)
        return ERR_OK;
    if (code != ERR_OK)
        return err_set(err, code, "%s", why.msg);
    if (found != n)
        return err_set(err, ERR_INVALID, "%s has %d partitions, its archive %d", topic, (int)found,
                       (int)n);
    return check_empty(x, topic, n, err);
}

static enum err_code check_place(struct import *x, struct err *err)
{
    for (size_t i = 0; i < x->n; i++) {
        struct restored_service *s = &x->services[i];
        TRY(import_mark_find(x->reader, s->events.topic, &s->resumed, err));
        if (s->resumed)
            continue;
        TRY(check_topic(x, s->events.topic, s->n, err));
        TRY(check_topic(x, s->commands.topic, s->n, err));
    }
    return ERR_OK;
}

/* ---- 2 and 3 */

static enum err_code mark_all(struct import *x, struct err *err)
{
    int replication = (int)x->cfg->topic_replication;
    for (size_t i = 0; i < x->n; i++)
        TRY(import_mark_set(x->reader, x->services[i].events.topic, replication, err));
    crash_point("import_after_mark");
    for (size_t i = 0; i < x->n; i++) {
        struct restored_service *s = &x->services[i];
        struct kafka_topic_spec specs[] = {
            topology_spec(x->cfg, TOPOLOGY_EVENTS, s->events.topic),
            topology_spec(x->cfg, TOPOLOGY_COMMANDS, s->commands.topic),
        };
        specs[0].partitions = specs[1].partitions = s->n; /* the archive's */
        TRY(kafka_topics_create(x->reader, specs, ARRAY_SIZE(specs), err));
    }
    crash_point("import_after_topics");
    return ERR_OK;
}

static enum err_code fence(struct import *x, const struct restored_service *s, struct err *err)
{
    for (int32_t p = 0; p < s->n; p++) {
        owned(event_log_free) struct event_log *log = NULL;
        TRY(event_log_open(x->cfg, s->service->name, p, &log, err));
    }
    if (s->resumed)
        return ERR_OK;
    TRY(check_empty(x, s->events.topic, s->n, err));
    return check_empty(x, s->commands.topic, s->n, err);
}

/* Somebody was quicker than our mark: it must not stop him. */
static enum err_code fence_all(struct import *x, struct err *err)
{
    for (size_t i = 0; i < x->n; i++) {
        enum err_code code = fence(x, &x->services[i], err);
        if (code != ERR_CONFLICT)
            TRY(code);
        struct err ignored;
        for (size_t j = 0; code != ERR_OK && j < x->n; j++)
            if (!x->services[j].resumed &&
                import_mark_clear(x->reader, x->services[j].events.topic, &ignored) != ERR_OK)
                log_error("the mark of this import stays: delete it",
                          KV_S("topic", x->services[j].events.topic), KV_ERR(&ignored));
        TRY(code);
    }
    return ERR_OK;
}

/* ---- 4: records */

typedef enum err_code record_fn(void *arg, const struct archive_record *r, struct err *err);

static enum err_code each_of_file(
    const char *dir, const struct archive_file *f, record_fn *fn, void *arg, struct err *err)
{
    owned(archive_reader_free) struct archive_reader *reader = NULL;
    TRY(archive_reader_open(dir, f, &reader, err));
    for (;;) {
        struct archive_record r;
        bool end = false;
        TRY(archive_reader_next(reader, &r, &end, err));
        if (end)
            return ERR_OK;
        TRY(fn(arg, &r, err));
    }
}

static enum err_code
each_record(const struct restored_log *log, int32_t p, record_fn *fn, void *arg, struct err *err)
{
    const struct archive_partition *partition = &log->m->partitions[p];
    for (size_t i = 0; i < partition->n_files; i++)
        if (each_of_file(log->dir, &partition->files[i], fn, arg, err) != ERR_OK)
            return err_context(err, "%s", log->dir);
    return ERR_OK;
}

static enum err_code count_one(void *arg, const rd_kafka_message_t *m, struct err *err)
{
    (void)m;
    (void)err;
    ++*(int64_t *)arg;
    return ERR_OK;
}

struct restoring {
    struct import *x;
    struct restored_service *s;
    int32_t p;
    int64_t present; /* events that an earlier run has written; of commands: the log's end */
};

static enum err_code restore_event(void *arg, const struct archive_record *r, struct err *err)
{
    struct restoring *t = arg;
    struct event_origin origin;
    struct err ignored;
    rd_kafka_headers_t *h = archive_headers_new(r);
    int64_t *next = &t->s->next_command[t->p];
    if (event_origin_read(h, r->offset, &origin, &ignored) == ERR_OK &&
        origin.command_offset >= *next)
        *next = origin.command_offset + 1;
    if (h)
        rd_kafka_headers_destroy(h);
    if (t->present-- > 0)
        return ERR_OK;
    crash_point("import_during_events");
    return log_restore_add(t->x->out, t->s->events.topic, t->p, r, LOG_RESTORE_ANYWHERE, err);
}

static enum err_code
restore_events(struct import *x, struct restored_service *s, int32_t p, struct err *err)
{
    struct restoring t = {.x = x, .s = s, .p = p};
    if (s->resumed) {
        struct log_range all = {0, 0};
        TRY(log_scan_range(x->cfg, s->events.topic, p, &all, err));
        TRY(log_scan(x->cfg, s->events.topic, p, all, count_one, &t.present, err));
    }
    TRY(each_record(&s->events, p, restore_event, &t, err));
    TRY(log_restore_flush(x->out, err));
    crash_point("import_after_events");
    return ERR_OK;
}

static enum err_code fill(struct restoring *t, int64_t to, struct err *err)
{
    for (; t->present < to; t->present++) {
        TRY(log_restore_add(t->x->out, t->s->commands.topic, t->p, NULL, t->present, err));
        crash_point("import_during_fill");
    }
    return ERR_OK;
}

static enum err_code restore_command(void *arg, const struct archive_record *r, struct err *err)
{
    struct restoring *t = arg;
    if (r->offset < t->present)
        return ERR_OK;
    TRY(fill(t, r->offset, err));
    TRY(log_restore_add(t->x->out, t->s->commands.topic, t->p, r, r->offset, err));
    t->present++;
    return ERR_OK;
}

/* An API that was not stopped, say. Its command stands where one of the archive, or a blank, belongs. */
static enum err_code somebody_writes(const char *topic, int32_t p, struct err *err)
{
    return err_set(err, ERR_CONFLICT,
                   "%s/%d has records that are not of this import: stop who writes there, delete "
                   "both topics of the service, and import again",
                   topic, (int)p);
}

static enum err_code
restore_commands(struct import *x, struct restored_service *s, int32_t p, struct err *err)
{
    struct restoring t = {.x = x, .s = s, .p = p};
    struct log_range there = {0, 0};
    TRY(log_scan_range(x->cfg, s->commands.topic, p, &there, err));
    if (!s->resumed && there.end > 0)
        return somebody_writes(s->commands.topic, p, err);
    t.present = there.end;
    if (s->commands.dir) {
        TRY(each_record(&s->commands, p, restore_command, &t, err));
        TRY(fill(&t, s->commands.m->partitions[p].end, err));
    }
    TRY(fill(&t, s->next_command[p], err));
    TRY(log_restore_flush(x->out, err));
    crash_point("import_after_commands");
    return ERR_OK;
}

/* ---- 5: what is there now */

struct check {
    struct archive_digest *digest;
    struct arena arena;
};

static enum err_code check_record(void *arg, const rd_kafka_message_t *m, struct err *err)
{
    struct check *c = arg;
    struct archive_record r;
    (void)err;
    arena_clear(&c->arena);
    archive_record_of(m, &c->arena, &r);
    archive_digest_add(c->digest, &r);
    return ERR_OK;
}

static enum err_code digest_of(struct import *x,
                               const char *topic,
                               int32_t p,
                               struct log_range range,
                               bool with_offsets,
                               char ret[ARCHIVE_SHA256_LEN + 1],
                               struct err *err)
{
    owned(archive_digest_free) struct archive_digest *digest = archive_digest_new(with_offsets);
    struct check c = {.digest = digest};
    arena_init(&c.arena);
    enum err_code code = log_scan(x->cfg, topic, p, range, check_record, &c, err);
    arena_release(&c.arena);
    TRY(code);
    archive_digest_text(digest, ret);
    return ERR_OK;
}

struct expectation {
    struct archive_digest *digest;
    int64_t from;
};

static enum err_code expect_record(void *arg, const struct archive_record *r, struct err *err)
{
    struct expectation *e = arg;
    (void)err;
    if (r->offset >= e->from)
        archive_digest_add(e->digest, r);
    return ERR_OK;
}

/* Of what the archive has from this offset on. Commands that are older than the topic keeps them may be gone
 * before they are looked at. */
static enum err_code expected_digest(const struct restored_log *log,
                                     int32_t p,
                                     int64_t from,
                                     char ret[ARCHIVE_SHA256_LEN + 1],
                                     struct err *err)
{
    const struct archive_partition *was = &log->m->partitions[p];
    if (from <= was->begin) {
        memcpy(ret, was->digest, sizeof(was->digest));
        return ERR_OK;
    }
    owned(archive_digest_free) struct archive_digest *digest = archive_digest_new(true);
    struct expectation e = {.digest = digest, .from = from};
    TRY(each_record(log, p, expect_record, &e, err));
    archive_digest_text(digest, ret);
    return ERR_OK;
}

static enum err_code
check_log(struct import *x, const struct restored_log *log, int32_t p, struct err *err)
{
    const struct archive_partition *was = &log->m->partitions[p];
    char digest[ARCHIVE_SHA256_LEN + 1], expected[ARCHIVE_SHA256_LEN + 1];
    struct log_range now = {0, 0};
    TRY(log_scan_range(x->cfg, log->topic, p, &now, err));
    if (log->m->commands && now.low < was->begin)
        now.low = was->begin;
    TRY(expected_digest(log, p, log->m->commands ? now.low : 0, expected, err));
    TRY(digest_of(x, log->topic, p, now, log->m->commands, digest, err));
    if (strcmp(digest, expected) != 0)
        return err_set(
            err, ERR_CORRUPT,
            "%s/%d is not what %s has: delete both topics of the service, and import again",
            log->topic, (int)p, log->dir);
    x->records += was->records;
    log_info("partition restored", KV_S("topic", log->topic), KV_I("partition", p),
             KV_I("records", was->records), KV_I("began_at", was->begin),
             KV_I("ended_at", was->end), KV_I("begins_at", now.low), KV_I("ends_at", now.end));
    return ERR_OK;
}

static enum err_code expect_blank(void *arg, const rd_kafka_message_t *m, struct err *err)
{
    if (m->key || m->payload)
        return somebody_writes(arg, m->partition, err);
    return ERR_OK;
}

/* Where there is no archive of the commands. */
static enum err_code
check_blanks(struct import *x, struct restored_service *s, int32_t p, struct err *err)
{
    struct log_range all = {0, 0};
    TRY(log_scan_range(x->cfg, s->commands.topic, p, &all, err));
    return log_scan(x->cfg, s->commands.topic, p, all, expect_blank, s->commands.topic, err);
}

/* ---- 7: groups */

struct before {
    int64_t offset, n;
};

static enum err_code count_before(void *arg, const struct archive_record *r, struct err *err)
{
    struct before *b = arg;
    (void)err;
    b->n += r->offset < b->offset;
    return ERR_OK;
}

/* Of an event log, whose offsets are counted anew: how many records come before. */
static enum err_code
new_offset(const struct restored_log *log, int32_t p, int64_t old, int64_t *ret, struct err *err)
{
    const struct archive_partition *partition = &log->m->partitions[p];
    struct before b = {.offset = old};
    for (size_t i = 0; i < partition->n_files; i++) {
        const struct archive_file *f = &partition->files[i];
        if (f->last < old)
            b.n += f->records;
        else if (f->first < old)
            TRY(each_of_file(log->dir, f, count_before, &b, err));
    }
    *ret = b.n;
    return ERR_OK;
}

/* NULL: it is not in this import. */
static const struct restored_log *find_log(const struct import *x, const char *topic)
{
    for (size_t i = 0; i < x->n; i++) {
        const struct restored_service *s = &x->services[i];
        if (strcmp(s->events.topic, topic) == 0)
            return &s->events;
        if (strcmp(s->commands.topic, topic) == 0)
            return &s->commands;
    }
    return NULL;
}

/* Never behind the end: what comes there now is new. */
static enum err_code translate(struct import *x,
                               const struct restored_log *log,
                               bool events,
                               int32_t p,
                               int64_t *next,
                               struct err *err)
{
    int64_t low, high;
    if (*next < 0)
        return ERR_OK;
    if (events)
        TRY(new_offset(log, p, *next, next, err));
    TRY(kafka_watermarks(x->reader, log->topic, p, &low, &high, err));
    if (*next > high)
        *next = high;
    return ERR_OK;
}

static enum err_code restore_group(struct import *x,
                                   const struct archive_manifest *m,
                                   const struct archive_group *g,
                                   struct err *err)
{
    char topic[TOPIC_NAME_MAX];
    int64_t next[ARCHIVE_PARTITIONS_MAX];
    bool taken = false;
    archive_group_topic(x->cfg->topic_prefix, m, g, topic);
    const struct restored_log *log = find_log(x, topic);
    for (int32_t p = 0; log && p < (int32_t)m->n_partitions; p++) {
        next[p] = g->next[p];
        TRY(translate(x, log, m->commands, p, &next[p], err));
    }
    if (log)
        TRY(archive_group_commit(x->cfg, m, g, next, &taken, err));
    if (!taken)
        log_warn("a group's positions are not restored", KV_S("service", m->service->name),
                 KV_S("group", g->name), KV_S("topic", topic),
                 KV_S("why", log ? "it has members" : "the topic is not in this import"));
    return ERR_OK;
}

static enum err_code restore_groups(struct import *x, struct err *err)
{
    for (size_t i = 0; i < x->n; i++)
        if (!x->services[i].commands.dir && x->services[i].service->n_reactors > 0)
            log_warn(
                "reactors begin with the events: their positions are in the archive of commands",
                KV_S("service", x->services[i].service->name));
    for (size_t i = 0; i < x->n_archives; i++)
        for (size_t k = 0; k < x->archives[i].n_groups; k++)
            TRY(restore_group(x, &x->archives[i], &x->archives[i].groups[k], err));
    crash_point("import_after_groups");
    return ERR_OK;
}

/* ---- 6, and all of it */

/* Blanks behind the archive's end stay until the broker's retention: no lane begins before them. */
static enum err_code
delete_blanks(struct import *x, const struct restored_service *s, int32_t p, struct err *err)
{
    int64_t low, high;
    int64_t begin = s->commands.dir ? s->commands.m->partitions[p].begin : s->next_command[p];
    TRY(kafka_watermarks(x->reader, s->commands.topic, p, &low, &high, err));
    if (low >= begin)
        return ERR_OK;
    return kafka_records_delete(x->reader, s->commands.topic, p, begin, err);
}

static enum err_code restore_service(struct import *x, struct restored_service *s, struct err *err)
{
    for (int32_t p = 0; p < s->n; p++)
        TRY(restore_events(x, s, p, err));
    for (int32_t p = 0; p < s->n; p++)
        TRY(restore_commands(x, s, p, err));
    for (int32_t p = 0; p < s->n; p++) {
        TRY(check_log(x, &s->events, p, err));
        TRY(s->commands.dir ? check_log(x, &s->commands, p, err) : check_blanks(x, s, p, err));
    }
    crash_point("import_after_check");
    for (int32_t p = 0; p < s->n; p++)
        TRY(delete_blanks(x, s, p, err));
    return ERR_OK;
}

static enum err_code run(struct import *x, const char *const *dirs, size_t n, struct err *err)
{
    TRY(take_archives(x, dirs, n, err));
    TRY(kafka_reader_open(x->cfg, false, 1, &x->reader, err));
    TRY(check_place(x, err));
    TRY(mark_all(x, err));
    TRY(fence_all(x, err));
    TRY(log_restore_open(x->cfg, &x->out, err));
    for (size_t i = 0; i < x->n; i++)
        TRY(restore_service(x, &x->services[i], err));
    TRY(restore_groups(x, err));
    crash_point("import_before_unmark");
    for (size_t i = 0; i < x->n; i++) {
        TRY(import_mark_clear(x->reader, x->services[i].events.topic, err));
        crash_point("import_between_unmarks");
    }
    return ERR_OK;
}

enum err_code archive_import(const struct config *cfg,
                             const char *const *dirs,
                             size_t n,
                             int64_t *ret_records,
                             struct err *err)
{
    struct import *x = calloc(1, sizeof(*x));
    if (!x)
        abort();
    x->cfg = cfg;
    for (size_t i = 0; i < ARCHIVE_IMPORT_MAX; i++)
        archive_manifest_init(&x->archives[i]);
    enum err_code code = run(x, dirs, n, err);
    if (code == ERR_OK)
        *ret_records = x->records;
    log_restore_free(x->out);
    kafka_consumer_close(x->reader);
    for (size_t i = 0; i < ARCHIVE_IMPORT_MAX; i++)
        archive_manifest_release(&x->archives[i]);
    free(x);
    return code;
}

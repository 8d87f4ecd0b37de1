#include "consumers/archive_manifest.h"

#include "consumers/archive_json.h"
#include "ops/runtime/timeutil.h"

void archive_manifest_init(struct archive_manifest *m)
{
    *m = (struct archive_manifest){0};
    arena_init(&m->arena);
}

void archive_manifest_release(struct archive_manifest *m)
{
    arena_release(&m->arena);
}

/* ---- writing */

static json_t *file_json(const struct archive_file *f)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:s}", "name", f->name, "first",
                     (json_int_t)f->first, "last", (json_int_t)f->last, "records",
                     (json_int_t)f->records, "bytes", (json_int_t)f->bytes, "sha256", f->sha256);
}

static json_t *partition_json(const struct archive_partition *p, size_t number)
{
    json_t *files = json_array();
    for (size_t i = 0; i < p->n_files; i++)
        json_array_append_new(files, file_json(&p->files[i]));
    return json_pack("{s:I, s:I, s:I, s:I, s:s, s:o}", "partition", (json_int_t)number, "begin",
                     (json_int_t)p->begin, "end", (json_int_t)p->end, "records",
                     (json_int_t)p->records, "digest", p->digest, "files", files);
}

static json_t *groups_json(const struct archive_manifest *m)
{
    json_t *groups = json_array();
    for (size_t i = 0; i < m->n_groups; i++) {
        const struct archive_group *g = &m->groups[i];
        json_t *next = json_array();
        for (size_t p = 0; p < m->n_partitions; p++)
            json_array_append_new(next, json_integer(g->next[p]));
        json_array_append_new(groups, json_pack("{s:s, s:s, s:o}", "name", g->name, "source",
                                                g->source->name, "next", next));
    }
    return groups;
}

static json_t *manifest_json(const struct archive_manifest *m)
{
    char time[TIME_TEXT_LEN + 1];
    json_t *partitions = json_array();
    time_format(m->exported_at_us, time);
    for (size_t i = 0; i < m->n_partitions; i++)
        json_array_append_new(partitions, partition_json(&m->partitions[i], i));
    json_t *all = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "format", ARCHIVE_FORMAT, "topic", m->topic,
        "service", m->service->name, "log", m->commands ? "commands" : "events", "cluster_id",
        m->cluster_id, "exported_at", time, "groups", groups_json(m), "partitions", partitions);
    if (m->run[0])
        json_object_set_new(all, "run", json_string(m->run));
    return all;
}

enum err_code archive_manifest_write(struct archive_manifest *m, const char *dir, struct err *err)
{
    owned(json_decref) json_t *o = manifest_json(m);
    return archive_json_write(o, dir, ARCHIVE_MANIFEST_NAME, m->sum, err);
}

/* ---- reading: one function per level, the first thing that is odd is told */

/* A name is a name: nothing outside of the directory is ever opened. */
static enum err_code read_file(const json_t *o, struct archive_file *f, struct err *err)
{
    TRY(archive_json_text(o, "name", f->name, sizeof(f->name), err));
    if (strchr(f->name, '/') || f->name[0] == '.' || f->name[0] == '\0')
        return archive_json_odd("name", err);
    TRY(archive_json_number(o, "first", &f->first, err));
    TRY(archive_json_number(o, "last", &f->last, err));
    TRY(archive_json_number(o, "records", &f->records, err));
    TRY(archive_json_number(o, "bytes", &f->bytes, err));
    return archive_json_sha256(o, "sha256", f->sha256, err);
}

/* Files follow each other, inside the partition's range; their records are the partition's. */
static enum err_code check_files(const struct archive_partition *p, struct err *err)
{
    int64_t next = p->begin, records = 0;
    for (size_t i = 0; i < p->n_files; i++) {
        const struct archive_file *f = &p->files[i];
        if (f->first < next || f->last < f->first || f->records < 1 ||
            f->records > f->last - f->first + 1)
            return archive_json_odd("the files of a partition do not follow each other", err);
        next = f->last + 1;
        records += f->records;
    }
    if (next > p->end)
        return archive_json_odd("a file is outside of its partition's range", err);
    return records == p->records ? ERR_OK : archive_json_odd("records", err);
}

static enum err_code read_partition(
    const json_t *o, size_t number, struct archive_partition *p, struct arena *a, struct err *err)
{
    int64_t found = -1;
    const json_t *files = json_object_get(o, "files");
    TRY(archive_json_number(o, "partition", &found, err));
    if (found != (int64_t)number || !json_is_array(files))
        return archive_json_odd("partition", err);
    TRY(archive_json_number(o, "begin", &p->begin, err));
    TRY(archive_json_number(o, "end", &p->end, err));
    TRY(archive_json_number(o, "records", &p->records, err));
    TRY(archive_json_sha256(o, "digest", p->digest, err));
    p->n_files = json_array_size(files);
    p->files = ARENA_ARRAY(a, struct archive_file, p->n_files);
    for (size_t i = 0; i < p->n_files; i++)
        TRY(read_file(json_array_get(files, i), &p->files[i], err));
    return check_files(p, err);
}

static enum err_code read_group(const json_t *o,
                                const struct archive_manifest *m,
                                struct archive_group *g,
                                struct err *err)
{
    char source[ARCHIVE_GROUP_NAME_MAX];
    const json_t *next = json_object_get(o, "next");
    TRY(archive_json_text(o, "name", g->name, sizeof(g->name), err));
    TRY(archive_json_text(o, "source", source, sizeof(source), err));
    g->source = service_find(source);
    if (!g->source || json_array_size(next) != m->n_partitions)
        return archive_json_odd("groups", err);
    for (size_t p = 0; p < m->n_partitions; p++) {
        const json_t *v = json_array_get(next, p);
        if (!json_is_integer(v) || json_integer_value(v) < -1)
            return archive_json_odd("groups", err);
        g->next[p] = json_integer_value(v);
    }
    return ERR_OK;
}

static enum err_code
read_groups(const json_t *groups, struct archive_manifest *ret, struct err *err)
{
    size_t n = json_array_size(groups);
    if (!json_is_array(groups) || n > ARCHIVE_GROUPS_MAX)
        return archive_json_odd("groups", err);
    ret->groups = ARENA_ARRAY(&ret->arena, struct archive_group, n);
    for (; ret->n_groups < n; ret->n_groups++) {
        struct archive_group *g = &ret->groups[ret->n_groups];
        g->next = ARENA_ARRAY(&ret->arena, int64_t, ret->n_partitions);
        TRY(read_group(json_array_get(groups, ret->n_groups), ret, g, err));
    }
    return ERR_OK;
}

static enum err_code read_head(const json_t *o, struct archive_manifest *ret, struct err *err)
{
    char text[TOPIC_NAME_MAX];
    TRY(archive_json_text(o, "format", text, sizeof(text), err));
    if (strcmp(text, ARCHIVE_FORMAT) != 0)
        return err_set(err, ERR_INVALID, "its format is %s; this program reads " ARCHIVE_FORMAT,
                       text);
    TRY(archive_json_text(o, "topic", ret->topic, sizeof(ret->topic), err));
    TRY(archive_json_text(o, "cluster_id", ret->cluster_id, sizeof(ret->cluster_id), err));
    TRY(archive_json_text(o, "exported_at", text, sizeof(text), err));
    if (!time_parse(text, &ret->exported_at_us))
        return archive_json_odd("exported_at", err);
    TRY(archive_json_text(o, "log", text, sizeof(text), err));
    ret->commands = strcmp(text, "commands") == 0;
    if (!ret->commands && strcmp(text, "events") != 0)
        return archive_json_odd("log", err);
    TRY(archive_json_text(o, "service", text, sizeof(text), err));
    if (json_object_get(o, "run"))
        TRY(archive_json_text(o, "run", ret->run, sizeof(ret->run), err));
    ret->service = service_find(text);
    return ret->service ? ERR_OK : err_set(err, ERR_INVALID, "there is no service %s", text);
}

static enum err_code read_manifest(const json_t *o, struct archive_manifest *ret, struct err *err)
{
    TRY(read_head(o, ret, err));
    const json_t *partitions = json_object_get(o, "partitions");
    ret->n_partitions = json_array_size(partitions);
    if (ret->n_partitions == 0 || ret->n_partitions > ARCHIVE_PARTITIONS_MAX)
        return archive_json_odd("partitions", err);
    ret->partitions = ARENA_ARRAY(&ret->arena, struct archive_partition, ret->n_partitions);
    for (size_t i = 0; i < ret->n_partitions; i++)
        TRY(read_partition(json_array_get(partitions, i), i, &ret->partitions[i], &ret->arena,
                           err));
    const json_t *groups = json_object_get(o, "groups");
    return groups ? read_groups(groups, ret, err) : ERR_OK;
}

enum err_code
archive_manifest_parse(const char *text, size_t len, struct archive_manifest *ret, struct err *err)
{
    owned(json_decref) json_t *o = NULL;
    enum err_code code = archive_json_parse(text, len, &o, ret->sum, err);
    if (code == ERR_OK)
        code = read_manifest(o, ret, err);
    return code == ERR_OK ? code : err_context(err, ARCHIVE_MANIFEST_NAME);
}

enum err_code archive_manifest_read(const char *dir, struct archive_manifest *ret, struct err *err)
{
    owned(json_decref) json_t *o = NULL;
    enum err_code code = archive_json_read(dir, ARCHIVE_MANIFEST_NAME, &o, ret->sum, err);
    if (code == ERR_OK)
        code = read_manifest(o, ret, err);
    return code == ERR_OK ? code
                          : err_context(err, "%s is not an archive: " ARCHIVE_MANIFEST_NAME, dir);
}

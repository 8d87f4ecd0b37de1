#include "consumers/archive_manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include <jansson.h>

#include "ops/runtime/timeutil.h"

#define SUM "sha256" /* of all the rest; archives of before have none */

DEFINE_CLEANUP(json_t *, json_decref);

void archive_manifest_init(struct archive_manifest *m)
{
    *m = (struct archive_manifest){0};
    arena_init(&m->arena);
}

void archive_manifest_release(struct archive_manifest *m)
{
    arena_release(&m->arena);
}

/* Of what it says, however that is laid out. */
static void sum_of(const json_t *o, char ret[ARCHIVE_SHA256_LEN + 1])
{
    char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text)
        abort();
    archive_sha256(text, strlen(text), ret);
    free(text);
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

static char *manifest_text(const struct archive_manifest *m)
{
    char time[TIME_TEXT_LEN + 1], sum[ARCHIVE_SHA256_LEN + 1];
    json_t *partitions = json_array();
    time_format(m->exported_at_us, time);
    for (size_t i = 0; i < m->n_partitions; i++)
        json_array_append_new(partitions, partition_json(&m->partitions[i], i));
    owned(json_decref) json_t *all = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "format", ARCHIVE_FORMAT, "topic", m->topic,
        "service", m->service->name, "log", m->commands ? "commands" : "events", "cluster_id",
        m->cluster_id, "exported_at", time, "groups", groups_json(m), "partitions", partitions);
    sum_of(all, sum);
    json_object_set_new(all, SUM, json_string(sum));
    char *text = json_dumps(all, JSON_INDENT(2));
    if (!text)
        abort();
    return text;
}

static enum err_code write_text(const char *path, const char *text, struct err *err)
{
    FILE *f = fopen(path, "wbe");
    bool ok = f && fputs(text, f) >= 0 && fputc('\n', f) != EOF && fflush(f) == 0 &&
              fsync(fileno(f)) == 0;
    int reason = errno;
    if (f && fclose(f) != 0 && ok) {
        ok = false;
        reason = errno;
    }
    return ok ? ERR_OK
              : err_set(err, ERR_UNAVAILABLE, "cannot write %s: %s", path, strerror(reason));
}

enum err_code
archive_manifest_write(const struct archive_manifest *m, const char *dir, struct err *err)
{
    char path[ARCHIVE_PATH_MAX], temporary[ARCHIVE_PATH_MAX];
    TRY(archive_path(dir, ARCHIVE_MANIFEST_NAME, path, err));
    TRY(archive_path(dir, ARCHIVE_MANIFEST_NAME ".tmp", temporary, err));
    char *text = manifest_text(m);
    enum err_code code = write_text(temporary, text, err);
    free(text);
    if (code != ERR_OK) {
        unlink(temporary);
        return code;
    }
    if (rename(temporary, path))
        return err_set(err, ERR_UNAVAILABLE, "cannot rename %s: %s", temporary, strerror(errno));
    return archive_sync_dir(dir, err);
}

/* ---- reading: one function per level, the first thing that is odd is told */

static enum err_code odd(const char *what, struct err *err)
{
    return err_set(err, ERR_INVALID, "its manifest is damaged: %s", what);
}

static enum err_code
read_text(const json_t *o, const char *name, char *ret, size_t size, struct err *err)
{
    const char *text = json_string_value(json_object_get(o, name));
    if (!text || strlen(text) >= size)
        return odd(name, err);
    snprintf(ret, size, "%s", text);
    return ERR_OK;
}

static enum err_code read_number(const json_t *o, const char *name, int64_t *ret, struct err *err)
{
    const json_t *v = json_object_get(o, name);
    if (!json_is_integer(v) || json_integer_value(v) < 0)
        return odd(name, err);
    *ret = json_integer_value(v);
    return ERR_OK;
}

static enum err_code
read_sha256(const json_t *o, const char *name, char ret[ARCHIVE_SHA256_LEN + 1], struct err *err)
{
    TRY(read_text(o, name, ret, ARCHIVE_SHA256_LEN + 1, err));
    return strspn(ret, "0123456789abcdef") == ARCHIVE_SHA256_LEN ? ERR_OK : odd(name, err);
}

/* A name is a name: nothing outside of the directory is ever opened. */
static enum err_code read_file(const json_t *o, struct archive_file *f, struct err *err)
{
    TRY(read_text(o, "name", f->name, sizeof(f->name), err));
    if (strchr(f->name, '/') || f->name[0] == '.' || f->name[0] == '\0')
        return odd("name", err);
    TRY(read_number(o, "first", &f->first, err));
    TRY(read_number(o, "last", &f->last, err));
    TRY(read_number(o, "records", &f->records, err));
    TRY(read_number(o, "bytes", &f->bytes, err));
    return read_sha256(o, "sha256", f->sha256, err);
}

/* Files follow each other, inside the partition's range; their records are the partition's. */
static enum err_code check_files(const struct archive_partition *p, struct err *err)
{
    int64_t next = p->begin, records = 0;
    for (size_t i = 0; i < p->n_files; i++) {
        const struct archive_file *f = &p->files[i];
        if (f->first < next || f->last < f->first || f->records < 1 ||
            f->records > f->last - f->first + 1)
            return odd("the files of a partition do not follow each other", err);
        next = f->last + 1;
        records += f->records;
    }
    if (next > p->end)
        return odd("a file is outside of its partition's range", err);
    return records == p->records ? ERR_OK : odd("records", err);
}

static enum err_code read_partition(
    const json_t *o, size_t number, struct archive_partition *p, struct arena *a, struct err *err)
{
    int64_t found = -1;
    const json_t *files = json_object_get(o, "files");
    TRY(read_number(o, "partition", &found, err));
    if (found != (int64_t)number || !json_is_array(files))
        return odd("partition", err);
    TRY(read_number(o, "begin", &p->begin, err));
    TRY(read_number(o, "end", &p->end, err));
    TRY(read_number(o, "records", &p->records, err));
    TRY(read_sha256(o, "digest", p->digest, err));
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
    TRY(read_text(o, "name", g->name, sizeof(g->name), err));
    TRY(read_text(o, "source", source, sizeof(source), err));
    g->source = service_find(source);
    if (!g->source || json_array_size(next) != m->n_partitions)
        return odd("groups", err);
    for (size_t p = 0; p < m->n_partitions; p++) {
        const json_t *v = json_array_get(next, p);
        if (!json_is_integer(v) || json_integer_value(v) < -1)
            return odd("groups", err);
        g->next[p] = json_integer_value(v);
    }
    return ERR_OK;
}

static enum err_code
read_groups(const json_t *groups, struct archive_manifest *ret, struct err *err)
{
    size_t n = json_array_size(groups);
    if (!json_is_array(groups) || n > ARCHIVE_GROUPS_MAX)
        return odd("groups", err);
    ret->groups = ARENA_ARRAY(&ret->arena, struct archive_group, n);
    for (; ret->n_groups < n; ret->n_groups++) {
        struct archive_group *g = &ret->groups[ret->n_groups];
        g->next = ARENA_ARRAY(&ret->arena, int64_t, ret->n_partitions);
        TRY(read_group(json_array_get(groups, ret->n_groups), ret, g, err));
    }
    return ERR_OK;
}

static enum err_code check_sum(json_t *o, struct err *err)
{
    char said[ARCHIVE_SHA256_LEN + 1], sum[ARCHIVE_SHA256_LEN + 1];
    if (!json_object_get(o, SUM))
        return ERR_OK;
    TRY(read_sha256(o, SUM, said, err));
    json_object_del(o, SUM);
    sum_of(o, sum);
    return strcmp(said, sum) == 0 ? ERR_OK : odd("it was changed", err);
}

static enum err_code read_head(const json_t *o, struct archive_manifest *ret, struct err *err)
{
    char text[TOPIC_NAME_MAX];
    TRY(read_text(o, "format", text, sizeof(text), err));
    if (strcmp(text, ARCHIVE_FORMAT) != 0)
        return err_set(err, ERR_INVALID, "its format is %s; this program reads " ARCHIVE_FORMAT,
                       text);
    TRY(read_text(o, "topic", ret->topic, sizeof(ret->topic), err));
    TRY(read_text(o, "cluster_id", ret->cluster_id, sizeof(ret->cluster_id), err));
    TRY(read_text(o, "exported_at", text, sizeof(text), err));
    if (!time_parse(text, &ret->exported_at_us))
        return odd("exported_at", err);
    TRY(read_text(o, "log", text, sizeof(text), err));
    ret->commands = strcmp(text, "commands") == 0;
    if (!ret->commands && strcmp(text, "events") != 0)
        return odd("log", err);
    TRY(read_text(o, "service", text, sizeof(text), err));
    ret->service = service_find(text);
    return ret->service ? ERR_OK : err_set(err, ERR_INVALID, "there is no service %s", text);
}

enum err_code
archive_manifest_parse(const char *text, size_t len, struct archive_manifest *ret, struct err *err)
{
    json_error_t why;
    owned(json_decref) json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    if (!o)
        return err_set(err, ERR_INVALID, "its manifest is damaged: line %d: %s", why.line,
                       why.text);
    TRY(check_sum(o, err));
    TRY(read_head(o, ret, err));
    const json_t *partitions = json_object_get(o, "partitions");
    ret->n_partitions = json_array_size(partitions);
    if (ret->n_partitions == 0 || ret->n_partitions > ARCHIVE_PARTITIONS_MAX)
        return odd("partitions", err);
    ret->partitions = ARENA_ARRAY(&ret->arena, struct archive_partition, ret->n_partitions);
    for (size_t i = 0; i < ret->n_partitions; i++)
        TRY(read_partition(json_array_get(partitions, i), i, &ret->partitions[i], &ret->arena,
                           err));
    const json_t *groups = json_object_get(o, "groups");
    return groups ? read_groups(groups, ret, err) : ERR_OK;
}

static enum err_code load(const char *path, struct strbuf *ret, struct err *err)
{
    char buffer[65536];
    size_t n;
    FILE *f = fopen(path, "rbe");
    if (!f)
        return err_set(err, ERR_INVALID, "%s: %s", path, strerror(errno));
    while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0 && ret->len <= ARCHIVE_MANIFEST_MAX)
        strbuf_add(ret, buffer, n);
    bool failed = ferror(f) != 0;
    fclose(f);
    if (failed)
        return err_set(err, ERR_UNAVAILABLE, "cannot read %s", path);
    return ret->len <= ARCHIVE_MANIFEST_MAX ? ERR_OK : odd("too long", err);
}

enum err_code archive_manifest_read(const char *dir, struct archive_manifest *ret, struct err *err)
{
    char path[ARCHIVE_PATH_MAX];
    owned_value(strbuf_release) struct strbuf text = {0};
    TRY(archive_path(dir, ARCHIVE_MANIFEST_NAME, path, err));
    enum err_code code = load(path, &text, err);
    if (code == ERR_OK)
        code = archive_manifest_parse(strbuf_cstr(&text), text.len, ret, err);
    return code == ERR_OK ? code : err_context(err, "%s is not an archive", dir);
}

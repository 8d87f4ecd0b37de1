#include "consumers/archive_index.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "consumers/archive_json.h"
#include "ops/runtime/timeutil.h"

void archive_index_init(struct archive_index *x)
{
    *x = (struct archive_index){0};
    arena_init(&x->arena);
}

void archive_index_release(struct archive_index *x)
{
    arena_release(&x->arena);
}

void archive_part_name(const struct service *s, bool commands, char ret[ARCHIVE_NAME_MAX])
{
    snprintf(ret, ARCHIVE_NAME_MAX, "%s.%s", s->name, commands ? "commands" : "events");
}

bool archive_part_known(const char *name)
{
    char known[ARCHIVE_NAME_MAX];
    for (size_t i = 0; i < 2 * n_services; i++) {
        archive_part_name(&services[i / 2], i % 2, known);
        if (strcmp(known, name) == 0)
            return true;
    }
    return false;
}

/* ---- writing */

void archive_index_begin(struct archive_index *x, const char *prefix, int64_t exported_at_us)
{
    struct uuid run = uuid_v7(exported_at_us);
    uuid_format(&run, x->run);
    snprintf(x->prefix, sizeof(x->prefix), "%s", prefix);
    x->exported_at_us = exported_at_us;
}

enum err_code
archive_index_add(struct archive_index *x, const struct archive_manifest *m, struct err *err)
{
    struct archive_part *part = &x->parts[x->n_parts];
    if (x->n_parts == 0) {
        snprintf(x->cluster_id, sizeof(x->cluster_id), "%s", m->cluster_id);
        x->n_partitions = m->n_partitions;
    }
    if (strcmp(x->cluster_id, m->cluster_id) != 0 || x->n_partitions != m->n_partitions)
        return err_set(err, ERR_CORRUPT,
                       "%s is in cluster %s with %zu partitions, what was exported before in %s "
                       "with %zu",
                       m->topic, m->cluster_id, m->n_partitions, x->cluster_id, x->n_partitions);
    archive_part_name(m->service, m->commands, part->name);
    snprintf(part->topic, sizeof(part->topic), "%s", m->topic);
    memcpy(part->sum, m->sum, sizeof(part->sum));
    part->ends = ARENA_ARRAY(&x->arena, int64_t, m->n_partitions);
    part->records = 0;
    for (size_t p = 0; p < m->n_partitions; p++) {
        part->ends[p] = m->partitions[p].end;
        part->records += m->partitions[p].records;
    }
    x->n_parts++;
    return ERR_OK;
}

static json_t *part_json(const struct archive_index *x, const struct archive_part *part)
{
    json_t *ends = json_array();
    for (size_t p = 0; p < x->n_partitions; p++)
        json_array_append_new(ends, json_integer(part->ends[p]));
    return json_pack("{s:s, s:s, s:s, s:I, s:o}", "directory", part->name, "topic", part->topic,
                     "manifest_sha256", part->sum, "records", (json_int_t)part->records, "ends",
                     ends);
}

enum err_code archive_index_write(const struct archive_index *x, const char *dir, struct err *err)
{
    char time[TIME_TEXT_LEN + 1], sum[ARCHIVE_SHA256_LEN + 1];
    json_t *parts = json_array();
    time_format(x->exported_at_us, time);
    for (size_t i = 0; i < x->n_parts; i++)
        json_array_append_new(parts, part_json(x, &x->parts[i]));
    owned(json_decref) json_t *o =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "format", ARCHIVE_INDEX_FORMAT, "run",
                  x->run, "topic_prefix", x->prefix, "cluster_id", x->cluster_id, "exported_at",
                  time, "partitions", (json_int_t)x->n_partitions, "parts", parts);
    return archive_json_write(o, dir, ARCHIVE_INDEX_NAME, sum, err);
}

/* ---- reading */

static enum err_code
read_part(const json_t *o, struct archive_index *x, struct archive_part *part, struct err *err)
{
    const json_t *ends = json_object_get(o, "ends");
    TRY(archive_json_text(o, "directory", part->name, sizeof(part->name), err));
    if (!archive_part_known(part->name))
        return err_set(err, ERR_INVALID, "%s is a part that this program does not know",
                       part->name);
    TRY(archive_json_text(o, "topic", part->topic, sizeof(part->topic), err));
    TRY(archive_json_sha256(o, "manifest_sha256", part->sum, err));
    TRY(archive_json_number(o, "records", &part->records, err));
    if (json_array_size(ends) != x->n_partitions)
        return archive_json_odd("ends", err);
    part->ends = ARENA_ARRAY(&x->arena, int64_t, x->n_partitions);
    for (size_t p = 0; p < x->n_partitions; p++) {
        if (!json_is_integer(json_array_get(ends, p)))
            return archive_json_odd("ends", err);
        part->ends[p] = json_integer_value(json_array_get(ends, p));
    }
    return ERR_OK;
}

static enum err_code read_head(const json_t *o, struct archive_index *x, struct err *err)
{
    char text[TOPIC_NAME_MAX];
    int64_t partitions = 0;
    TRY(archive_json_text(o, "format", text, sizeof(text), err));
    if (strcmp(text, ARCHIVE_INDEX_FORMAT) != 0)
        return err_set(err, ERR_INVALID,
                       "its format is %s; this program reads " ARCHIVE_INDEX_FORMAT, text);
    TRY(archive_json_text(o, "run", x->run, sizeof(x->run), err));
    TRY(archive_json_text(o, "topic_prefix", x->prefix, sizeof(x->prefix), err));
    TRY(archive_json_text(o, "cluster_id", x->cluster_id, sizeof(x->cluster_id), err));
    TRY(archive_json_text(o, "exported_at", text, sizeof(text), err));
    if (!time_parse(text, &x->exported_at_us))
        return archive_json_odd("exported_at", err);
    TRY(archive_json_number(o, "partitions", &partitions, err));
    if (partitions < 1 || partitions > ARCHIVE_PARTITIONS_MAX)
        return archive_json_odd("partitions", err);
    x->n_partitions = (size_t)partitions;
    return ERR_OK;
}

static const struct archive_part *find_part(const struct archive_index *x, const char *name)
{
    for (size_t i = 0; i < x->n_parts; i++)
        if (strcmp(x->parts[i].name, name) == 0)
            return &x->parts[i];
    return NULL;
}

/* Both logs of every service that it has; services that came later than the export it need not have. */
static enum err_code check_pairs(const struct archive_index *x, struct err *err)
{
    for (size_t i = 0; i < n_services; i++) {
        char events[ARCHIVE_NAME_MAX], commands[ARCHIVE_NAME_MAX];
        archive_part_name(&services[i], false, events);
        archive_part_name(&services[i], true, commands);
        if (!find_part(x, events) != !find_part(x, commands))
            return err_set(err, ERR_INVALID, "it has one of %s and %s only", events, commands);
    }
    return ERR_OK;
}

static enum err_code read_parts(const json_t *parts, struct archive_index *x, struct err *err)
{
    size_t n = json_array_size(parts);
    if (n == 0 || n > ARCHIVE_PARTS_MAX)
        return archive_json_odd("parts", err);
    for (size_t i = 0; i < n; i++) {
        struct archive_part part;
        TRY(read_part(json_array_get(parts, i), x, &part, err));
        if (find_part(x, part.name))
            return err_set(err, ERR_INVALID, "it has %s twice", part.name);
        x->parts[x->n_parts++] = part;
    }
    return check_pairs(x, err);
}

static enum err_code read_index(const char *dir, struct archive_index *ret, struct err *err)
{
    char sum[ARCHIVE_SHA256_LEN + 1];
    owned(json_decref) json_t *o = NULL;
    enum err_code code = archive_json_read(dir, ARCHIVE_INDEX_NAME, &o, sum, err);
    if (code == ERR_OK && !sum[0])
        code = archive_json_odd("sha256", err);
    if (code == ERR_OK)
        code = read_head(o, ret, err);
    if (code == ERR_OK)
        code = read_parts(json_object_get(o, "parts"), ret, err);
    return code == ERR_OK
               ? code
               : err_context(err, "%s is not an export of all logs: " ARCHIVE_INDEX_NAME, dir);
}

/* ---- do they belong together? */

static enum err_code check_ends(const struct archive_index *x,
                                const struct archive_part *part,
                                const struct archive_manifest *m,
                                struct err *err)
{
    if (m->n_partitions != x->n_partitions)
        return err_set(err, ERR_INVALID, "it has %zu partitions, the index says %zu",
                       m->n_partitions, x->n_partitions);
    for (size_t p = 0; p < x->n_partitions; p++)
        if (m->partitions[p].end != part->ends[p])
            return err_set(err, ERR_INVALID,
                           "partition %zu ends at offset %" PRId64 ", the index says %" PRId64, p,
                           m->partitions[p].end, part->ends[p]);
    return ERR_OK;
}

static enum err_code check_manifest(const struct archive_index *x,
                                    const struct archive_part *part,
                                    const struct archive_manifest *m,
                                    struct err *err)
{
    if (strcmp(m->cluster_id, x->cluster_id) != 0)
        return err_set(err, ERR_INVALID, "it is of cluster %s, the index of %s", m->cluster_id,
                       x->cluster_id);
    if (strcmp(m->run, x->run) != 0)
        return err_set(err, ERR_INVALID, "it is of another export (%s) than the index (%s)",
                       m->run[0] ? m->run : "of one log", x->run);
    if (strcmp(m->topic, part->topic) != 0)
        return err_set(err, ERR_INVALID, "it is an archive of %s, the index says %s", m->topic,
                       part->topic);
    TRY(check_ends(x, part, m, err));
    if (strcmp(m->sum, part->sum) != 0)
        return err_set(err, ERR_INVALID, "its manifest was changed");
    return ERR_OK;
}

static enum err_code check_part(const struct archive_index *x,
                                const struct archive_part *part,
                                const char *path,
                                struct err *err)
{
    owned_value(archive_manifest_release) struct archive_manifest m;
    archive_manifest_init(&m);
    TRY(archive_manifest_read(path, &m, err));
    if (check_manifest(x, part, &m, err) != ERR_OK)
        return err_context(err, "%s is not a part of this export", path);
    return ERR_OK;
}

/* An archive beside the parts; any other file may lie there. */
static enum err_code
check_foreign(const struct archive_index *x, const char *dir, const char *name, struct err *err)
{
    char path[ARCHIVE_PATH_MAX], manifest[ARCHIVE_PATH_MAX];
    TRY(archive_path(dir, name, path, err));
    TRY(archive_path(path, ARCHIVE_MANIFEST_NAME, manifest, err));
    if (name[0] != '.' && !find_part(x, name) && access(manifest, F_OK) == 0)
        return err_set(err, ERR_INVALID, "%s is an archive that is not in the index", path);
    return ERR_OK;
}

static enum err_code
check_all_foreign(const struct archive_index *x, const char *dir, struct err *err)
{
    enum err_code code = ERR_OK;
    DIR *d = opendir(dir);
    if (!d)
        return err_set(err, ERR_INVALID, "cannot open %s: %s", dir, strerror(errno));
    for (const struct dirent *e; code == ERR_OK && (e = readdir(d));)
        code = check_foreign(x, dir, e->d_name, err);
    closedir(d);
    return code;
}

enum err_code archive_index_open(const char *dir, struct archive_index *ret, struct err *err)
{
    TRY(read_index(dir, ret, err));
    for (size_t i = 0; i < ret->n_parts; i++) {
        char path[ARCHIVE_PATH_MAX];
        TRY(archive_path(dir, ret->parts[i].name, path, err));
        TRY(check_part(ret, &ret->parts[i], path, err));
    }
    return check_all_foreign(ret, dir, err);
}

/* The directory that it is in, and its name there. False: no such directory. */
static bool split_path(const char *dir, char ret_parent[PATH_MAX], const char **ret_name)
{
    char *slash = realpath(dir, ret_parent) ? strrchr(ret_parent, '/') : NULL;
    if (!slash || !slash[1])
        return false;
    *slash = '\0';
    *ret_name = slash + 1;
    return true;
}

static enum err_code unrelated(const char *dir, struct err *err)
{
    return err_context(
        err,
        "%s is no part of an export of all logs, so no cut with others; `--unrelated` "
        "restores it all the same",
        dir);
}

static enum err_code
check_one(struct archive_index *x, const char *dir, char ret_parent[PATH_MAX], struct err *err)
{
    char parent[PATH_MAX];
    const char *name = NULL;
    if (!split_path(dir, parent, &name))
        return err_set(err, ERR_INVALID, "%s: %s", dir, strerror(errno));
    if (x->n_parts == 0) {
        TRY(read_index(parent, x, err));
        memcpy(ret_parent, parent, PATH_MAX);
    }
    if (strcmp(parent, ret_parent) != 0)
        return err_set(err, ERR_INVALID, "it is not beside the others");
    const struct archive_part *part = find_part(x, name);
    return part ? check_part(x, part, dir, err)
                : err_set(err, ERR_INVALID, "it is not in the index of %s", parent);
}

enum err_code archive_index_check_parts(const char *const *dirs, size_t n, struct err *err)
{
    char parent[PATH_MAX] = "";
    owned_value(archive_index_release) struct archive_index x;
    archive_index_init(&x);
    for (size_t i = 0; i < n; i++)
        if (check_one(&x, dirs[i], parent, err) != ERR_OK)
            return unrelated(dirs[i], err);
    return ERR_OK;
}

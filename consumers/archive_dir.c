#include "consumers/archive_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "consumers/archive_manifest.h"

#define UNFINISHED "export.unfinished"

static enum err_code dir_says(const char *doing, const char *dir, struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "cannot %s %s: %s", doing, dir, strerror(errno));
}

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

struct dir_content {
    size_t n;
    bool whole, unfinished;
};

static enum err_code
look_into(const char *dir, const char *last, struct dir_content *ret, struct err *err)
{
    DIR *d = opendir(dir);
    if (!d)
        return dir_says("open", dir, err);
    for (const struct dirent *e; (e = readdir(d));) {
        if (is_dot(e->d_name))
            continue;
        ret->n++;
        ret->whole |= strcmp(e->d_name, last) == 0;
        ret->unfinished |= strcmp(e->d_name, UNFINISHED) == 0;
    }
    closedir(d);
    return ERR_OK;
}

static enum err_code check_dir(const char *dir, const char *last, struct err *err)
{
    struct dir_content has = {0};
    if (mkdir(dir, 0777) == 0)
        return ERR_OK;
    if (errno != EEXIST)
        return dir_says("make", dir, err);
    TRY(look_into(dir, last, &has, err));
    if (has.whole)
        return err_set(err, ERR_INVALID, "%s is an archive already", dir);
    if (has.n > 0 && !has.unfinished)
        return err_set(err, ERR_INVALID, "%s is not empty: name a new or an empty directory", dir);
    return ERR_OK;
}

/* The lock is open while we work. Whoever ends, by whatever, leaves the file and not the lock. */
static enum err_code lock_dir(struct archive_dir *d, struct err *err)
{
    char path[ARCHIVE_PATH_MAX];
    TRY(archive_path(d->path, UNFINISHED, path, err));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return dir_says("write into", d->path, err);
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        return err_set(err, ERR_CONFLICT, "another export writes into %s", d->path);
    }
    d->lock = fd;
    return archive_sync_dir(d->path, err);
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

static bool is_file_of_export(const char *name, bool in_part)
{
    return ends_with(name, ".avro") || ends_with(name, ".avro.tmp") ||
           ends_with(name, ".json.tmp") || (in_part && strcmp(name, ARCHIVE_MANIFEST_NAME) == 0);
}

static enum err_code
empty_dir(const char *dir, archive_part_fn *is_part, bool in_part, struct err *err);

static enum err_code delete_part(const char *path, struct err *err)
{
    TRY(empty_dir(path, NULL, true, err));
    return rmdir(path) ? dir_says("delete", path, err) : ERR_OK;
}

/* What an interrupted export left goes; anything else is somebody's. */
static enum err_code delete_leftover(
    const char *dir, const char *name, archive_part_fn *is_part, bool in_part, struct err *err)
{
    char path[ARCHIVE_PATH_MAX];
    if (is_dot(name) || (!in_part && strcmp(name, UNFINISHED) == 0))
        return ERR_OK;
    TRY(archive_path(dir, name, path, err));
    if (is_part && is_part(name))
        return delete_part(path, err);
    if (!is_file_of_export(name, in_part))
        return err_set(err, ERR_INVALID, "%s is not of an export: name an empty directory", path);
    return unlink(path) ? dir_says("delete", path, err) : ERR_OK;
}

static enum err_code
empty_dir(const char *dir, archive_part_fn *is_part, bool in_part, struct err *err)
{
    enum err_code code = ERR_OK;
    DIR *d = opendir(dir);
    if (!d)
        return dir_says("open", dir, err);
    for (const struct dirent *e; code == ERR_OK && (e = readdir(d));)
        code = delete_leftover(dir, e->d_name, is_part, in_part, err);
    closedir(d);
    return code;
}

enum err_code archive_dir_open(const char *path,
                               const char *last,
                               archive_part_fn *is_part,
                               struct archive_dir *ret,
                               struct err *err)
{
    *ret = (struct archive_dir){.path = path, .lock = -1};
    TRY(check_dir(path, last, err));
    TRY(lock_dir(ret, err));
    TRY(check_dir(path, last, err)); /* nobody has made it whole meanwhile */
    return empty_dir(path, is_part, false, err);
}

enum err_code archive_dir_finish(const struct archive_dir *d, struct err *err)
{
    char path[ARCHIVE_PATH_MAX];
    TRY(archive_path(d->path, UNFINISHED, path, err));
    return unlink(path) ? dir_says("delete", path, err) : ERR_OK;
}

void archive_dir_close(struct archive_dir *d)
{
    if (d->lock >= 0)
        close(d->lock);
    d->lock = -1;
}

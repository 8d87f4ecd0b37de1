/*
 * archive_dir.h - the directory that an export fills: new, empty, or what an interrupted export left. That one
 * is known by its file `export.unfinished` (locked while an export works), and is emptied. Killed at any moment an
 * export leaves that file and not the last one, so nothing that looks whole. Never logs.
 */
#ifndef CONSUMERS_ARCHIVE_DIR_H
#define CONSUMERS_ARCHIVE_DIR_H

#include "consumers/archive.h"

struct archive_dir {
    const char *path;
    int lock; /* file descriptor; -1 = it is not ours */
};

/*
 * Makes the directory, or takes and empties it. `last` is the name of the file that makes it whole. `is_part`:
 * names of directories in it that an export made (NULL = none). ERR_INVALID: it is whole already, or somebody's;
 * ERR_CONFLICT: another export works there; ERR_UNAVAILABLE: the disk says no. The caller closes it whatever comes back.
 */
typedef bool archive_part_fn(const char *name);
MUST_CHECK enum err_code archive_dir_open(const char *path,
                                          const char *last,
                                          archive_part_fn *is_part,
                                          struct archive_dir *ret,
                                          struct err *err);
/* The last file is there. */
MUST_CHECK enum err_code archive_dir_finish(const struct archive_dir *d, struct err *err);
void archive_dir_close(struct archive_dir *d);

#endif

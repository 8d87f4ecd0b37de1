/*
 * archive_index.h - the file index.json of an export of all logs: which archives are its parts, and where each log
 * was cut. Written last: without it the directory is no export. A part is a directory in that of the index,
 * `<service>.<events|commands>`. Never logs.
 *
 * Parts belong together when the index says so: it has a checksum of itself and that of each part's manifest, which
 * has those of its files. So a part of another run, another cluster or another time, and one that was changed, is told.
 */
#ifndef CONSUMERS_ARCHIVE_INDEX_H
#define CONSUMERS_ARCHIVE_INDEX_H

#include "consumers/archive_manifest.h"

#define ARCHIVE_INDEX_NAME   "index.json"
#define ARCHIVE_INDEX_FORMAT "hirelog-export-1"
#define ARCHIVE_PARTS_MAX    (2 * SERVICES_MAX)

struct archive_part {
    char name[ARCHIVE_NAME_MAX]; /* of its directory */
    char topic[TOPIC_NAME_MAX];
    char sum[ARCHIVE_SHA256_LEN + 1]; /* of its manifest */
    int64_t *ends;                    /* of its log, by partition: where it was cut */
    int64_t records;
};

struct archive_index {
    char run[ARCHIVE_RUN_MAX]; /* the id of this export; its manifests have it, too */
    char prefix[TOPIC_NAME_MAX], cluster_id[ARCHIVE_CLUSTER_MAX];
    int64_t exported_at_us;
    size_t n_partitions;
    struct archive_part parts[ARCHIVE_PARTS_MAX]; /* in the order in which they were cut */
    size_t n_parts;
    struct arena arena; /* its memory */
};

void archive_index_init(struct archive_index *x);
void archive_index_release(struct archive_index *x);

void archive_part_name(const struct service *s, bool commands, char ret[ARCHIVE_NAME_MAX]);
/* Is that the name of a part of a service that the manifest has? */
bool archive_part_known(const char *name);

/* A new run. */
void archive_index_begin(struct archive_index *x, const char *prefix, int64_t exported_at_us);
/* A part that was written. ERR_CORRUPT: it is of another cluster, or has other partitions, than the parts before. */
MUST_CHECK enum err_code
archive_index_add(struct archive_index *x, const struct archive_manifest *m, struct err *err);
/* ERR_UNAVAILABLE: the disk says no. */
MUST_CHECK enum err_code
archive_index_write(const struct archive_index *x, const char *dir, struct err *err);

/*
 * The index of `dir` into an initialised one, when all of its parts are there and are what it says, and no other
 * archive is. ERR_INVALID says which is missing, changed, foreign or of another export.
 */
MUST_CHECK enum err_code
archive_index_open(const char *dir, struct archive_index *ret, struct err *err);
/* Are these archives parts of one export, that of the directory that they are in? ERR_INVALID says which is not. */
MUST_CHECK enum err_code
archive_index_check_parts(const char *const *dirs, size_t n, struct err *err);

#endif

/*
 * archive_manifest.h - what an archive is: a directory with the file manifest.json, written last, and
 * the files that it names. Without a manifest it is no archive. Never logs.
 */
#ifndef CONSUMERS_ARCHIVE_MANIFEST_H
#define CONSUMERS_ARCHIVE_MANIFEST_H

#include "consumers/archive.h"
#include "consumers/manifest.h"

#define ARCHIVE_MANIFEST_NAME  "manifest.json"
#define ARCHIVE_FORMAT         "hirelog-archive-1"
#define ARCHIVE_PARTITIONS_MAX 1024
#define ARCHIVE_CLUSTER_MAX    64
#define ARCHIVE_GROUPS_MAX     64
#define ARCHIVE_RUN_MAX        40
#define ARCHIVE_GROUP_NAME_MAX 64

struct archive_partition {
    int64_t begin, end; /* offsets of the log when it was exported, [begin, end) */
    int64_t records;
    char digest[ARCHIVE_SHA256_LEN + 1]; /* archive_digest of its records */
    struct archive_file *files;          /* in the order of their offsets */
    size_t n_files;
};

/* How far a consumer group of the service had read before the log was exported (archive_group.h). */
struct archive_group {
    char name[ARCHIVE_GROUP_NAME_MAX]; /* behind prefix and service */
    const struct service *source;      /* whose topic it reads, see archive_group_topic() */
    int64_t *next;                     /* by partition; -1 = it had no position */
};

struct archive_manifest {
    char topic[TOPIC_NAME_MAX];
    const struct service *service;
    bool commands; /* of the service's two logs: else it is the events */
    char cluster_id[ARCHIVE_CLUSTER_MAX];
    int64_t exported_at_us;
    char run
        [ARCHIVE_RUN_MAX]; /* of an export of all logs (archive_index.h); "" = of this log alone */
    char sum[ARCHIVE_SHA256_LEN +
             1]; /* of the manifest's text; "" = not written yet, or of before */
    struct archive_partition *partitions; /* by number */
    size_t n_partitions;
    struct archive_group *groups;
    size_t n_groups;
    struct arena arena; /* its memory */
};

void archive_manifest_init(struct archive_manifest *m);
void archive_manifest_release(struct archive_manifest *m);
/* As JSON text; the name is the last thing to appear. Sets m->sum. ERR_UNAVAILABLE: the disk says no. */
MUST_CHECK enum err_code
archive_manifest_write(struct archive_manifest *m, const char *dir, struct err *err);
/* Into an initialised one. ERR_INVALID says what is missing or odd, and that it is no archive. */
MUST_CHECK enum err_code
archive_manifest_read(const char *dir, struct archive_manifest *ret, struct err *err);
MUST_CHECK enum err_code
archive_manifest_parse(const char *text, size_t len, struct archive_manifest *ret, struct err *err);

#endif

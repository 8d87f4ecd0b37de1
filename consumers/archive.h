/*
 * archive.h - one file of an archive: a run of one partition's records as an Avro object container
 * file (deflate), each record whole: offset, timestamp and its type, key, value, headers. Any Avro
 * library reads it; the schema is in the file.
 *
 * A file has its name only when it is whole: it is written beside it, flushed to the disk, renamed.
 * One thread at a time for all of them (RULES 21). Never logs.
 */
#ifndef CONSUMERS_ARCHIVE_H
#define CONSUMERS_ARCHIVE_H

#include <librdkafka/rdkafka.h>

#include "ops/runtime/arena.h"
#include "ops/runtime/err.h"

#define ARCHIVE_SHA256_LEN 64   /* in hexadecimal digits */
#define ARCHIVE_NAME_MAX   64   /* of a file, with its NUL */
#define ARCHIVE_PATH_MAX   4096 /* of a file with its directory */
#define ARCHIVE_RECORD_BYTES_MAX \
    (3 * 1024 * 1024) /* key, value, headers; a broker takes 1.2 MB of us */
#define ARCHIVE_FILE_BYTES_MAX (256 * 1024 * 1024) /* of records, before they are compressed */

/* data NULL = null, which is not the same as empty. */
struct archive_header {
    const char *name;
    struct bytes value;
};
struct archive_record {
    int64_t offset, timestamp_ms;
    bool append_time; /* whose time: the broker's when it was appended, or (false) the sender's */
    struct bytes key, value;
    struct archive_header *headers; /* in their order */
    size_t n_headers;
};

/* Views into the message; the array is the arena's. */
void archive_record_of(const rd_kafka_message_t *m, struct arena *a, struct archive_record *ret);
/* New headers for a producer, the caller's; NULL = it has none. */
rd_kafka_headers_t *archive_headers_new(const struct archive_record *r);
size_t archive_record_bytes(const struct archive_record *r);
/* Neither key, value nor headers: what stands for an offset that has to be passed. */
bool archive_record_blank(const struct archive_record *r);

/* What a file is, as the manifest says it. */
struct archive_file {
    char name[ARCHIVE_NAME_MAX];
    int64_t first, last; /* offsets */
    int64_t records, bytes;
    char sha256[ARCHIVE_SHA256_LEN + 1];
};

struct archive_writer; /* opaque */
/* Begins the file of this partition from this offset on. ERR_UNAVAILABLE: the disk says no. */
MUST_CHECK enum err_code archive_writer_open(const char *dir,
                                             int32_t partition,
                                             int64_t first,
                                             struct archive_writer **ret,
                                             struct err *err);
/* ERR_INVALID: larger than ARCHIVE_RECORD_BYTES_MAX. ERR_UNAVAILABLE: the disk says no. */
MUST_CHECK enum err_code
archive_writer_add(struct archive_writer *w, const struct archive_record *r, struct err *err);
/* Over ARCHIVE_FILE_BYTES_MAX: time for the next one. */
bool archive_writer_full(const struct archive_writer *w);
/* On the disk, under its name. The writer is only to be freed after it, whatever comes back. */
MUST_CHECK enum err_code
archive_writer_finish(struct archive_writer *w, struct archive_file *ret, struct err *err);
void archive_writer_free(struct archive_writer *w); /* NULL ok; an unfinished file is removed */
DEFINE_CLEANUP(struct archive_writer *, archive_writer_free);

struct archive_reader; /* opaque */
/* ERR_INVALID names what is wrong: not there, another length, another SHA-256, not such a file. */
MUST_CHECK enum err_code
archive_file_check(const char *dir, const struct archive_file *f, struct err *err);
MUST_CHECK enum err_code archive_reader_open(const char *dir,
                                             const struct archive_file *f,
                                             struct archive_reader **ret,
                                             struct err *err);
/* *ret is the reader's until the next call; *ret_end: there was none left. ERR_CORRUPT: not what the
 * manifest says. */
MUST_CHECK enum err_code archive_reader_next(struct archive_reader *r,
                                             struct archive_record *ret,
                                             bool *ret_end,
                                             struct err *err);
void archive_reader_free(struct archive_reader *r); /* NULL ok */
DEFINE_CLEANUP(struct archive_reader *, archive_reader_free);

/* The content of a partition in one figure: timestamps, keys, values, headers, in order; with_offsets:
 * and where each stands. Blank records are left out. */
struct archive_digest; /* opaque */
struct archive_digest *archive_digest_new(bool with_offsets);
void archive_digest_add(struct archive_digest *d, const struct archive_record *r);
void archive_digest_text(struct archive_digest *d, char ret[ARCHIVE_SHA256_LEN + 1]); /* ends it */
void archive_digest_free(struct archive_digest *d);
DEFINE_CLEANUP(struct archive_digest *, archive_digest_free);

/* SHA-256 of these bytes. */
void archive_sha256(const void *data, size_t len, char ret[ARCHIVE_SHA256_LEN + 1]);
/* Of files and directories: what was renamed or written stays. */
MUST_CHECK enum err_code archive_sync_dir(const char *dir, struct err *err);
MUST_CHECK enum err_code
archive_path(const char *dir, const char *name, char ret[ARCHIVE_PATH_MAX], struct err *err);

#endif

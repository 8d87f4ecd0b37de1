/*
 * archive_json.h - the JSON files of archives (manifest.json, index.json): each has a checksum of all that
 * it says, is read whole or not at all, and has its name only when it is on the disk. Never logs.
 */
#ifndef CONSUMERS_ARCHIVE_JSON_H
#define CONSUMERS_ARCHIVE_JSON_H

#include <jansson.h>

#include "consumers/archive.h"

#define ARCHIVE_JSON_MAX (64 * 1024 * 1024) /* bytes of a file */

DEFINE_CLEANUP(json_t *, json_decref);

/* Adds the member "sha256" to the object, which stays the caller's, and writes it. `ret_sum` is what it says.
 * ERR_UNAVAILABLE: the disk says no; then the name is not there. */
MUST_CHECK enum err_code archive_json_write(json_t *o,
                                            const char *dir,
                                            const char *name,
                                            char ret_sum[ARCHIVE_SHA256_LEN + 1],
                                            struct err *err);
/* *ret is the caller's, without its checksum; `ret_sum` "" = it had none (archives of before). ERR_INVALID: not
 * there, no JSON, too long, or it was changed. */
MUST_CHECK enum err_code archive_json_read(const char *dir,
                                           const char *name,
                                           json_t **ret,
                                           char ret_sum[ARCHIVE_SHA256_LEN + 1],
                                           struct err *err);
MUST_CHECK enum err_code archive_json_parse(const char *text,
                                            size_t len,
                                            json_t **ret,
                                            char ret_sum[ARCHIVE_SHA256_LEN + 1],
                                            struct err *err);

/* Members of an object. ERR_INVALID names the member. */
enum err_code archive_json_odd(const char *what, struct err *err);
MUST_CHECK enum err_code
archive_json_text(const json_t *o, const char *name, char *ret, size_t size, struct err *err);
MUST_CHECK enum err_code
archive_json_number(const json_t *o, const char *name, int64_t *ret, struct err *err); /* >= 0 */
MUST_CHECK enum err_code archive_json_sha256(const json_t *o,
                                             const char *name,
                                             char ret[ARCHIVE_SHA256_LEN + 1],
                                             struct err *err);

#endif

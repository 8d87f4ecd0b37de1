/*
 * archive_world.h - what tests of archives talk to, beside lane_world.h: directories, other clusters (another topic
 * prefix is one), the program killed at a point, records that are odd.
 */
#ifndef TESTS_INTEGRATION_ARCHIVE_WORLD_H
#define TESTS_INTEGRATION_ARCHIVE_WORLD_H

#include "consumers/archive.h"
#include "consumers/log_scan.h"

#define RECORDS_N     64
#define ODD_RECORDS_N 6

extern char home[64]; /* the prefix of the originals */

/* Group set-up, and teardown of a test. */
int archives_begin(void **state);
int back_home(void **state);

const char *dir_of(const char *name);
/* From here on everything, also what is spawned, means another cluster. */
void move_to(const char *prefix);
const char *topic_of(const char *prefix, const char *log);

/* The code, and a message that has this text. */
void refused(enum err_code code, enum err_code expected, const struct err *err, const char *text);
bool exists(const char *name, const char *file);
/* The program itself; whether it was killed at the point. */
bool run_killed_at(const char *crash_at, const char *const *args);

struct seen {
    struct archive_record records[RECORDS_N];
    size_t n;
};

/* The committed records of a partition. */
struct log_range read_log(const char *topic, int32_t p, struct seen *ret);

extern const struct archive_record odd_records[ODD_RECORDS_N];
void produce(rd_kafka_t *rk, const char *topic, int32_t p, const struct archive_record *r);
/* Two commits and an abort: three markers, records that nobody may see. */
void write_odd_events(const char *topic);

#endif

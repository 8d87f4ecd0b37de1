/*
 * tail.h - `hirelog tail SERVICE`: a service's events as JSON lines on standard output, for people and
 * scripts. Reads committed events only, stores no position, joins no group. Logs to standard error
 * what it waits for.
 */
#ifndef CONSUMERS_TAIL_H
#define CONSUMERS_TAIL_H

#include "consumers/manifest.h"
#include "ops/runtime/config.h"
#include "ops/runtime/uuid.h"

enum tail_from { TAIL_NOW, TAIL_BEGINNING, TAIL_TIME };

struct tail_options {
    const struct service *service;
    enum tail_from from;
    int64_t from_us;                /* TAIL_TIME: the first record of that time or later */
    const struct record_type *type; /* NULL = every */
    bool one_aggregate;
    struct uuid aggregate;
    bool to_end;   /* leaves where the log ended when it began */
    int64_t count; /* leaves after so many lines; 0 = no limit */
};

/* words: --from TIME|beginning|now, --type T, --aggregate ID, --end, --count N. Without --from: now, with
 * --end the beginning. ERR_INVALID names the word that is wrong. */
MUST_CHECK enum err_code tail_options_parse(const char *service,
                                            const char *const *words,
                                            size_t n,
                                            struct tail_options *ret,
                                            struct err *err);

/*
 * Runs until TERM or INT, the end or count asked for, or until nobody reads the output any more: all of
 * them ERR_OK. An event of a newer program, or one whose registry is away (S3), is waited for, and
 * said so; with to_end that is ERR_UNAVAILABLE instead. So is an output that takes no more. What
 * cannot be read at all is a line with the member "error" in the place of "event".
 */
MUST_CHECK enum err_code
tail_run(const struct config *cfg, const struct tail_options *o, struct err *err);

#endif

/*
 * feed_position.h - where a stream of events stands: the next offset of every partition, in the words of
 * Hirelog-Position ("job/0:17,job/1:4"), so that what one tells the other understands. Pure.
 */
#ifndef API_FEED_POSITION_H
#define API_FEED_POSITION_H

#include "ops/runtime/err.h"
#include "ops/runtime/strbuf.h"

#define FEED_FROM_NOW       (-1) /* a partition that the text does not name */
#define FEED_FROM_BEGINNING (-2) /* all of them: the text "beginning" */

/* Fills ret[0..n-1]. ERR_INVALID says what is wrong: another service, no such partition, one twice, not
 * this form. */
MUST_CHECK enum err_code feed_position_parse(
    const char *text, const char *service, int32_t n, int64_t *ret, struct err *err);
/* Appends it. */
void feed_position_print(const char *service, const int64_t *next, int32_t n, struct strbuf *out);

#endif

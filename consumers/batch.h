/*
 * batch.h - one turn of the lane: the commands at the front of the inbox become events in the log
 * and rows in the view (DESIGN 4). Logs poison, once per command.
 */
#ifndef CONSUMERS_BATCH_H
#define CONSUMERS_BATCH_H

#include "consumers/lane_session.h"

enum batch_verdict {
    BATCH_DONE,    /* decided and visible; taken off the inbox */
    BATCH_REDO,    /* poison was found or is being cornered: again, at once */
    BATCH_WAIT,    /* nothing was begun: a schema registry that a command needs is away */
    BATCH_RETRY,   /* nothing was told to anyone; again after a back-off */
    BATCH_RESTART, /* outcome unknown, or the lane is another's: a new session (W4); err->code
                      ERR_CONFLICT, ERR_CORRUPT, ... */
};

/* The inbox must not be empty. err is written for all but BATCH_DONE. */
enum batch_verdict batch_run(struct lane_session *s, struct err *err);

#endif

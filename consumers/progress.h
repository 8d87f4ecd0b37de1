/*
 * progress.h - how far a long work is, for a person: a bar that is drawn anew on a terminal, plain lines now and then elsewhere.
 * One thread. progress_format is pure.
 */
#ifndef CONSUMERS_PROGRESS_H
#define CONSUMERS_PROGRESS_H

#include <stdio.h>

#include "ops/runtime/base.h"

#define PROGRESS_LINE_MAX 192

struct progress {
    FILE *out;
    bool terminal;
    const char *what;
    int64_t began_us, shown_us; /* monotonic */
};

/* terminal: may the line be drawn over? It is kept shorter than the terminal is wide at the moment, else it could not be. */
void progress_begin(struct progress *p, FILE *out, bool terminal, const char *what);
/* Shows it when it is time to; `done` of `total` records. */
void progress_show(struct progress *p, int64_t done, int64_t total);
/* The last line, with the time that it took. */
void progress_end(struct progress *p, int64_t done, int64_t total);

/* "job [####....]  40.0 %  400 of 1,000  20/s  30 s left". bar: with it. elapsed_us > 0. */
void progress_format(const char *what,
                     bool bar,
                     int64_t done,
                     int64_t total,
                     int64_t elapsed_us,
                     char ret[PROGRESS_LINE_MAX]);

#endif

/*
 * wire.h - HTTP byte by byte, for tests of what no well-behaved client says: a connection, what is sent
 * as it is, the answers one by one. Needs HIRELOG_URL. A server that cannot be reached ends the test program.
 */
#ifndef TESTS_E2E_WIRE_H
#define TESTS_E2E_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#define WIRE_HEAD_MAX 16384

struct wire {
    int fd;
    char *in; /* what came and was not yet taken */
    size_t have;
    char *head;      /* of the last answer: from the status line to the empty line; WIRE_HEAD_MAX */
    size_t body_len; /* of the last answer */
};

void wire_open(struct wire *w);
void wire_close(struct wire *w);
/* The connection stays, what came of it and was not taken goes: for thousands that stay open. */
void wire_forget(struct wire *w);
/* What a server that has closed does not take any more is left out. */
void wire_say(struct wire *w, const char *bytes, size_t len);
/* Nothing more will be said; answers are still heard. */
void wire_end(struct wire *w);
/* The status of the next answer; 0: the server closed the connection, or nothing came in time. head_only:
 * the answer to HEAD. */
int wire_answer(struct wire *w, bool head_only);
/* This comes, behind the last answer. False: the server closed the connection, or it did not come in time. */
bool wire_hears(struct wire *w, const char *text);
/* The server has closed the connection, and said nothing more. */
bool wire_is_over(struct wire *w);
/* Does a line of the last head begin with this, in any case? */
bool wire_head_has(const struct wire *w, const char *beginning);

#endif

/*
 * http.h - a dialogue over HTTP for the tests here: one keep-alive connection, every answer checked
 * for what all answers have in common, and a memory of which routes and which codes were seen.
 * Needs HIRELOG_URL. A failure ends the test program.
 */
#ifndef TESTS_E2E_HTTP_H
#define TESTS_E2E_HTTP_H

#include <jansson.h>
#include <stdbool.h>

#include "api/route.h"

#define HTTP_ANSWER_MAX (1024 * 1024)
#define HTTP_ANY        0 /* as the expected status */

struct person {
    char id[40], token[64], email[64];
};

/* The last answer. */
struct answer {
    int status;
    char head[16384]; /* status line and header fields */
    char body[HTTP_ANSWER_MAX];
    json_t *json; /* NULL when the body is none */
};
extern struct answer answer;

/* who NULL = nobody. body NULL = none. headers: "Name: value\r\n..." or "". Fails unless the status
 * is `expected`. */
void http_ask(const struct person *who,
              const char *method,
              const char *path,
              const char *body,
              const char *headers,
              int expected);
/* Bytes as they are, on a connection of its own; the answer in `answer`. *ret_closed: the server
 * closed it. */
void http_raw(const char *bytes, size_t len, bool *ret_closed);
/* The connection still serves after the last exchange. */
bool http_connection_survived(void);

/* The last answer is a problem with this code. */
void http_refused(const char *code);
/* It has a field error. */
void http_field_error(const char *field, const char *code);
/* A header field of it; "" when absent. Static buffer. */
const char *http_header(const char *name);
/* A text member, dotted ("budget.currency"); fails when there is none. */
const char *http_text(const char *dotted);
int64_t http_number(const char *dotted);

/* Registers and logs in; every run makes new people. roles: JSON. */
struct person http_person(const char *name, const char *roles);
void http_login(struct person *who, const char *password, int expected);
#define HTTP_PASSWORD "a long enough password"

bool http_route_succeeded(const struct route *r);
bool http_code_seen(const char *code);

#endif

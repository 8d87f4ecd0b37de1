#include "tests/e2e/http.h"

#include <assert.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "api/router.h"

#define REQUEST_MAX (512 * 1024)
#define CODES_MAX   128
#define PATIENCE_S  40

struct answer answer;
static int connection = -1;
static bool *succeeded; /* by route */
static char codes[CODES_MAX][64];
static size_t n_codes;
static char doing[512]; /* for the message of a failure */

static void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static void fail(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)fprintf(stderr, "%s: ", doing);
    (void)vfprintf(stderr, fmt, args);
    (void)fprintf(stderr, "\n%s\n%s\n", answer.head, answer.body);
    va_end(args);
    exit(1);
}

/* ---- the wire */

static int dial(void)
{
    char host[128], port[8];
    const char *url = getenv("HIRELOG_URL");
    struct addrinfo *at, hints = {.ai_socktype = SOCK_STREAM};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    if (!url || sscanf(url, "http://%127[^:]:%7[0-9]", host, port) != 2 ||
        getaddrinfo(host, port, &hints, &at) != 0)
        fail("HIRELOG_URL is not set");
    int fd = socket(at->ai_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, at->ai_addr, at->ai_addrlen) != 0)
        fail("cannot connect to %s", url);
    freeaddrinfo(at);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

static void say(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* closed early: the answer says why */
        bytes += n;
        len -= (size_t)n;
    }
}

static size_t content_length(void)
{
    const char *text = http_header("Content-Length");
    return *text ? strtoul(text, NULL, 10) : 0;
}

/* One answer; false: the connection ended before it was whole. */
static bool listen_to(int fd, bool no_body)
{
    static char in[HTTP_ANSWER_MAX + sizeof(answer.head)];
    size_t have = 0, head = 0, want = 1;
    answer.head[0] = answer.body[0] = '\0';
    while (have < want) {
        ssize_t n = recv(fd, in + have, sizeof(in) - 1 - have, 0);
        if (n <= 0)
            return false;
        have += (size_t)n;
        in[have] = '\0';
        char *end = head ? NULL : strstr(in, "\r\n\r\n");
        want = head || end ? want : have + 1;
        if (end) {
            head = (size_t)(end - in) + 4;
            if (head >= sizeof(answer.head))
                fail("the head is too long");
            memcpy(answer.head, in, head);
            answer.head[head] = '\0';
            want = head + (no_body ? 0 : content_length());
        }
    }
    memcpy(answer.body, in + head, have - head);
    answer.body[have - head] = '\0';
    answer.status = (int)strtol(answer.head + strlen("HTTP/1.1 "), NULL, 10);
    return true;
}

/* ---- what every answer has */

const char *http_header(const char *name)
{
    static char value[1024];
    size_t len = strlen(name);
    for (const char *line = answer.head; (line = strstr(line, "\r\n")); line += 2) {
        if (strncasecmp(line + 2, name, len) != 0 || line[2 + len] != ':')
            continue;
        const char *from = line + 2 + len + 1;
        from += strspn(from, " ");
        (void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(from, "\r"), from);
        return value;
    }
    return "";
}

static void expect_header(const char *name, const char *value)
{
    if (strcmp(http_header(name), value) != 0)
        fail("header %s is `%s`, not `%s`", name, http_header(name), value);
}

static void check_common(void)
{
    expect_header("Cache-Control", "no-store");
    expect_header("X-Content-Type-Options", "nosniff");
    expect_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    expect_header("Server", "");
    json_decref(answer.json);
    answer.json = *answer.body ? json_loads(answer.body, JSON_DECODE_ANY, NULL) : NULL;
    if (*answer.body && !answer.json && !strstr(http_header("Content-Type"), "text/html"))
        fail("the body is not JSON");
}

static void check_problem(void)
{
    if (strncmp(http_header("Content-Type"), "application/vnd.schemaregistry", 30) == 0)
        return;
    expect_header("Content-Type", "application/problem+json");
    if (http_number("status") != answer.status)
        fail("the problem's status is another one");
    const char *code = http_text("code");
    (void)http_text("type");
    (void)http_text("title");
    (void)http_text("detail");
    if (!http_code_seen(code) && n_codes < CODES_MAX)
        (void)snprintf(codes[n_codes++], sizeof(codes[0]), "%s", code);
    if (answer.status == 401)
        expect_header("WWW-Authenticate", "Bearer");
    if ((answer.status == 503 || answer.status == 429) && !*http_header("Retry-After"))
        fail("no Retry-After");
}

static void remember_route(const char *method, const char *path)
{
    struct arena a;
    struct router_match m;
    char plain[1024];
    arena_init(&a);
    (void)snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(path, "?"), path);
    if (!succeeded)
        succeeded = calloc(n_routes, sizeof(*succeeded));
    if (router_find(method, plain, &a, &m) == ROUTER_FOUND && answer.status == m.route->status)
        succeeded[m.route - routes] = true;
    arena_release(&a);
}

/* ---- the dialogue */

void http_ask(const struct person *who,
              const char *method,
              const char *path,
              const char *body,
              const char *headers,
              int expected)
{
    static char out[REQUEST_MAX];
    char token[128] = "";
    if (who)
        (void)snprintf(token, sizeof(token), "Authorization: Bearer %s\r\n", who->token);
    bool typed = strstr(headers, "Content-Type:") != NULL;
    int len = snprintf(
        out, sizeof(out), "%s %s HTTP/1.1\r\nHost: test\r\n%s%s%sContent-Length: %zu\r\n\r\n%s",
        method, path, token, headers, body && !typed ? "Content-Type: application/json\r\n" : "",
        body ? strlen(body) : 0, body ? body : "");
    assert(len > 0 && (size_t)len < sizeof(out));
    (void)snprintf(doing, sizeof(doing), "%s %s", method, path);
    if (connection < 0)
        connection = dial();
    say(connection, out, (size_t)len);
    if (!listen_to(connection, strcmp(method, "HEAD") == 0))
        fail("no whole answer");
    check_common();
    if (answer.status >= 400)
        check_problem();
    if (strcasecmp(http_header("Connection"), "close") == 0) {
        close(connection);
        connection = -1;
    }
    remember_route(method, path);
    if (expected != HTTP_ANY && answer.status != expected)
        fail("expected %d, got %d", expected, answer.status);
}

void http_raw(const char *bytes, size_t len, bool *ret_closed)
{
    char more;
    struct timeval patience = {.tv_sec = 0, .tv_usec = 300000};
    (void)snprintf(doing, sizeof(doing), "raw %.60s", bytes);
    int fd = dial();
    say(fd, bytes, len);
    if (!listen_to(fd, false))
        fail("no whole answer");
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    *ret_closed = recv(fd, &more, 1, 0) == 0;
    close(fd);
}

bool http_connection_survived(void)
{
    if (connection < 0)
        return false;
    http_ask(NULL, "GET", "/api/jobs/?page_size=1", NULL, "", 200);
    return true;
}

static json_t *member(const char *dotted)
{
    json_t *o = answer.json;
    char name[64];
    for (const char *p = dotted; o && *p; p += strcspn(p, ".") + (p[strcspn(p, ".")] == '.')) {
        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(p, "."), p);
        o = json_is_array(o) ? json_array_get(o, strtoul(name, NULL, 10))
                             : json_object_get(o, name);
    }
    return o;
}

const char *http_text(const char *dotted)
{
    const char *text = json_string_value(member(dotted));
    if (!text)
        fail("no text %s", dotted);
    return text;
}

int64_t http_number(const char *dotted)
{
    if (!json_is_integer(member(dotted)))
        fail("no number %s", dotted);
    return json_integer_value(member(dotted));
}

void http_refused(const char *code)
{
    if (strcmp(http_text("code"), code) != 0)
        fail("expected the code %s", code);
}

void http_field_error(const char *field, const char *code)
{
    const json_t *errors = member("errors");
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *e = json_array_get(errors, i);
        if (strcmp(json_string_value(json_object_get(e, "field")), field) == 0 &&
            strcmp(json_string_value(json_object_get(e, "code")), code) == 0)
            return;
    }
    fail("no error %s of %s", code, field);
}

void http_login(struct person *who, const char *password, int expected)
{
    char body[256];
    (void)snprintf(body, sizeof(body), "{\"email\":\"%s\",\"password\":\"%s\"}", who->email,
                   password);
    http_ask(NULL, "POST", "/api/login/", body, "", expected);
    if (expected == 200)
        (void)snprintf(who->token, sizeof(who->token), "%s", http_text("token"));
}

struct person http_person(const char *name, const char *roles)
{
    static int n;
    struct person who;
    char body[512];
    (void)snprintf(who.email, sizeof(who.email), "%s.%d.%d.%lld@example.org", name, (int)getpid(),
                   n++, (long long)time(NULL));
    (void)snprintf(body, sizeof(body),
                   "{\"email\":\"%s\",\"password\":\"%s\",\"display_name\":\"%s\",\"roles\":%s}",
                   who.email, HTTP_PASSWORD, name, roles);
    http_ask(NULL, "POST", "/api/register/", body, "", 201);
    (void)snprintf(who.id, sizeof(who.id), "%s", http_text("id"));
    http_login(&who, HTTP_PASSWORD, 200);
    return who;
}

bool http_route_succeeded(const struct route *r)
{
    return succeeded && succeeded[r - routes];
}

bool http_code_seen(const char *code)
{
    for (size_t i = 0; i < n_codes; i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return false;
}

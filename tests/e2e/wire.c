#include "tests/e2e/wire.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define IN_MAX     (1024 * 1024)
#define PATIENCE_S 30
#define VERSION    "HTTP/1.1 "
#define CLOSING_S  5 /* behind the last answer */

static void wait_no_longer_than(int fd, int seconds)
{
    struct timeval patience = {.tv_sec = seconds};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

static int dial(void)
{
    char host[128], port[8];
    const char *url = getenv("HIRELOG_URL");
    struct addrinfo *at, hints = {.ai_socktype = SOCK_STREAM};
    if (!url || sscanf(url, "http://%127[^:]:%7[0-9]", host, port) != 2 ||
        getaddrinfo(host, port, &hints, &at) != 0) {
        (void)fprintf(stderr, "HIRELOG_URL is not set\n");
        exit(1);
    }
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
        (void)fprintf(stderr, "cannot connect to %s: %s\n", url, strerror(errno));
        exit(1);
    }
    freeaddrinfo(at);
    wait_no_longer_than(fd, PATIENCE_S);
    return fd;
}

void wire_open(struct wire *w)
{
    *w = (struct wire){.fd = dial(), .in = malloc(IN_MAX), .head = calloc(1, WIRE_HEAD_MAX)};
    if (!w->in || !w->head)
        abort();
}

void wire_forget(struct wire *w)
{
    free(w->in);
    free(w->head);
    w->in = w->head = NULL;
    w->have = 0;
}

void wire_close(struct wire *w)
{
    wire_forget(w);
    close(w->fd);
}

void wire_say(struct wire *w, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(w->fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        bytes += n;
        len -= (size_t)n;
    }
}

void wire_end(struct wire *w)
{
    (void)shutdown(w->fd, SHUT_WR);
}

static bool hear(struct wire *w)
{
    ssize_t n = w->have < IN_MAX - 1 ? recv(w->fd, w->in + w->have, IN_MAX - 1 - w->have, 0) : 0;
    if (n <= 0)
        return false;
    w->have += (size_t)n;
    return true;
}

/* Length of the head that has come; 0 = not yet whole. */
static size_t head_len(const struct wire *w)
{
    const char *end = w->have ? memmem(w->in, w->have, "\r\n\r\n", 4) : NULL;
    return end ? (size_t)(end - w->in) + 4 : 0;
}

static size_t body_len(const struct wire *w, int status, bool head_only)
{
    const char *length = strcasestr(w->head, "\r\nContent-Length:");
    bool none = head_only || status < 200 || status == 204 || status == 304 || !length;
    return none ? 0 : strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
}

int wire_answer(struct wire *w, bool head_only)
{
    size_t head;
    w->head[0] = '\0';
    while ((head = head_len(w)) == 0)
        if (!hear(w))
            return 0;
    (void)snprintf(w->head, WIRE_HEAD_MAX, "%.*s", (int)head, w->in);
    if (strncmp(w->head, VERSION, strlen(VERSION)) != 0)
        return 0;
    int status = (int)strtol(w->head + strlen(VERSION), NULL, 10);
    w->body_len = body_len(w, status, head_only);
    while (w->have < head + w->body_len)
        if (!hear(w))
            return 0;
    w->have -= head + w->body_len;
    memmove(w->in, w->in + head + w->body_len, w->have);
    return status;
}

bool wire_hears(struct wire *w, const char *text)
{
    while (!memmem(w->in, w->have, text, strlen(text)))
        if (!hear(w))
            return false;
    return true;
}

bool wire_is_over(struct wire *w)
{
    char more;
    wait_no_longer_than(w->fd, CLOSING_S);
    return w->have == 0 && (recv(w->fd, &more, 1, 0) == 0 || errno == ECONNRESET);
}

bool wire_head_has(const struct wire *w, const char *beginning)
{
    for (const char *line = w->head; (line = strstr(line, "\r\n")); line += 2)
        if (strncasecmp(line + 2, beginning, strlen(beginning)) == 0)
            return true;
    return false;
}

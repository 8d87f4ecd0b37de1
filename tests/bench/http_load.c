/*
 * http_load.c - a closed-loop HTTP/1.1 load: N keep-alive connections, each sends its next request
 * when its answer has arrived. One thread, epoll. Prints one line: rate, p50, p99 in milliseconds,
 * answers by status class, errors.
 *
 *     http_load HOST PORT METHOD PATH CONNECTIONS REQUESTS STATUS [HEADER...] [< lines]
 *
 * Each line of the input is a body; with the PATH `-` it is a path. They are sent in turn.
 * REQUESTS answers are timed after a tenth as many for warming up. With HTTP_LOAD_FOLLOW=PATH in the
 * environment every answer is followed by a GET of that path which waits for the answer's
 * Hirelog-Position; then it is the waiting reads that are counted and timed. Exit status 1 when an
 * answer had another status than STATUS (200 for the reads that follow).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ops/runtime/base.h"

#define CONNECTIONS_MAX 4096
#define REQUESTS_MAX    10000000
#define ANSWER_MAX      (256 * 1024)
#define REQUEST_MAX     (64 * 1024)
#define LINES_MAX       100000
#define DEADLINE_S      120

struct connection {
    int fd;
    char *answer;
    size_t len;
    int64_t sent_us;
    bool following;
};

struct text {
    char *data;
    size_t len;
};

struct load {
    struct text requests[LINES_MAX];
    size_t n_requests, turn;
    const char *host, *follow; /* NULL = no reads that follow */
    long to_send;              /* requests not yet sent */
    long warm_up;              /* answers still to come that do not count */
    long answered;             /* counted */
    long wanted;
    long wrong;
    int status;
    int64_t *latency_us;
    int64_t started_us;
};

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what)
{
    fprintf(stderr, "http_load: %s: %s\n", what, errno ? strerror(errno) : "failed");
    exit(2);
}

static int connect_to(const char *host, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || inet_pton(AF_INET, host, &a.sin_addr) != 1)
        die("address");
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        die("fcntl");
    return fd;
}

/* Requests are small: the socket's buffer always takes one whole. */
static void send_next(struct load *l, struct connection *c)
{
    if (l->to_send == 0)
        return;
    l->to_send--;
    const struct text *t = &l->requests[l->turn++ % l->n_requests];
    c->len = 0;
    c->sent_us = now_us();
    if (write(c->fd, t->data, t->len) != (ssize_t)t->len)
        die("write");
}

static void send_follow(const struct load *l, struct connection *c)
{
    char request[4096], position[256] = "";
    const char *field = strcasestr(c->answer, "\r\nHirelog-Position: ");
    if (!field || sscanf(field + 20, "%255[^\r]", position) != 1)
        die("an answer without position");
    int n = snprintf(request, sizeof(request),
                     "GET %s HTTP/1.1\r\nHost: %s\r\nHirelog-After: %s\r\nPrefer: wait=10\r\n\r\n",
                     l->follow, l->host, position);
    c->len = 0;
    c->sent_us = now_us();
    if (write(c->fd, request, (size_t)n) != n)
        die("write");
}

/* Length of the first whole answer in the buffer, 0 = not all here yet. */
static size_t answer_length(const struct connection *c)
{
    const char *end = memmem(c->answer, c->len, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t head = (size_t)(end - c->answer) + 4;
    const char *field = strcasestr(c->answer, "\r\nContent-Length:");
    size_t body = field && field < end ? strtoul(field + 17, NULL, 10) : 0;
    return c->len >= head + body ? head + body : 0;
}

static void count_answer(struct load *l, struct connection *c)
{
    int64_t now = now_us();
    if (strtol(c->answer + 9, NULL, 10) != (c->following ? 200 : l->status)) {
        if (l->wrong++ == 0)
            fprintf(stderr, "http_load: unexpected answer: %.200s\n", c->answer);
    }
    if (l->warm_up > 0) {
        if (--l->warm_up == 0)
            l->started_us = now;
        return;
    }
    l->latency_us[l->answered++] = now - c->sent_us;
}

static void on_readable(struct load *l, struct connection *c)
{
    ssize_t n = read(c->fd, c->answer + c->len, ANSWER_MAX - 1 - c->len);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        die("connection closed by the server");
    c->len += (size_t)n;
    c->answer[c->len] = '\0';
    if (answer_length(c) == 0)
        return;
    if (l->follow && !c->following) {
        c->following = true;
        send_follow(l, c);
        return;
    }
    count_answer(l, c);
    c->following = false;
    send_next(l, c);
}

static void run(struct load *l, struct connection *connections, int n)
{
    struct epoll_event events[256];
    int ep = epoll_create1(EPOLL_CLOEXEC);
    int64_t deadline = now_us() + (int64_t)DEADLINE_S * 1000000;
    for (int i = 0; i < n; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &connections[i]};
        if (epoll_ctl(ep, EPOLL_CTL_ADD, connections[i].fd, &e) != 0)
            die("epoll_ctl");
        send_next(l, &connections[i]);
    }
    while (l->answered < l->wanted && now_us() < deadline) {
        int k = epoll_wait(ep, events, (int)ARRAY_SIZE(events), 1000);
        for (int i = 0; i < k; i++)
            on_readable(l, events[i].data.ptr);
    }
    close(ep);
}

static void build_request(struct load *l, char **argv, int argc, const char *line, size_t len)
{
    char request[REQUEST_MAX];
    bool has_body = strcmp(argv[3], "GET") != 0;
    const char *path = strcmp(argv[4], "-") == 0 ? line : argv[4];
    int n = snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: %s:%s\r\n", argv[3], path,
                     argv[1], argv[2]);
    for (int i = 8; i < argc; i++)
        n += snprintf(request + n, sizeof(request) - (size_t)n, "%s\r\n", argv[i]);
    if (has_body)
        n += snprintf(request + n, sizeof(request) - (size_t)n,
                      "Content-Type: application/json\r\nContent-Length: %zu\r\n", len);
    n += snprintf(request + n, sizeof(request) - (size_t)n, "\r\n%s", has_body ? line : "");
    if (l->n_requests == LINES_MAX || n >= REQUEST_MAX)
        die("too much input");
    l->requests[l->n_requests++] = (struct text){strdup(request), (size_t)n};
}

static void build_requests(struct load *l, char **argv, int argc)
{
    char line[REQUEST_MAX / 2];
    bool reads = strcmp(argv[3], "GET") != 0 || strcmp(argv[4], "-") == 0;
    while (reads && fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        build_request(l, argv, argc, line, strlen(line));
    }
    if (l->n_requests == 0)
        build_request(l, argv, argc, "", 0);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int report(struct load *l, int connections)
{
    double seconds = (double)(now_us() - l->started_us) / 1e6;
    if (l->answered == 0)
        die("no answer in time");
    qsort(l->latency_us, (size_t)l->answered, sizeof(*l->latency_us), by_value);
    int64_t p50_us = l->latency_us[l->answered / 2];
    int64_t p99_us = l->latency_us[l->answered * 99 / 100];
    printf("connections=%d answers=%ld rate=%.0f/s p50_ms=%.2f p99_ms=%.2f unexpected=%ld "
           "missing=%ld\n",
           connections, l->answered, (double)l->answered / seconds, (double)p50_us / 1e3,
           (double)p99_us / 1e3, l->wrong, l->wanted - l->answered);
    return l->wrong || l->answered < l->wanted;
}

int main(int argc, char **argv)
{
    static struct load l;
    static struct connection connections[CONNECTIONS_MAX];
    if (argc < 8) {
        fprintf(stderr, "usage: http_load HOST PORT METHOD PATH CONNECTIONS REQUESTS STATUS "
                        "[HEADER...] [< lines]\n");
        return 2;
    }
    long n = strtol(argv[5], NULL, 10);
    l.wanted = strtol(argv[6], NULL, 10);
    l.status = (int)strtol(argv[7], NULL, 10);
    if (n < 1 || n > CONNECTIONS_MAX || l.wanted < 10 || l.wanted > REQUESTS_MAX)
        die("CONNECTIONS or REQUESTS out of range");
    l.warm_up = l.wanted / 10;
    l.to_send = l.wanted + l.warm_up;
    l.latency_us = calloc((size_t)l.wanted + CONNECTIONS_MAX, sizeof(*l.latency_us));
    l.host = argv[1];
    l.follow = getenv("HTTP_LOAD_FOLLOW");
    build_requests(&l, argv, argc);
    for (long i = 0; i < n; i++) {
        connections[i].fd = connect_to(argv[1], (int)strtol(argv[2], NULL, 10));
        connections[i].answer = malloc(ANSWER_MAX);
        if (!connections[i].answer || !l.latency_us)
            die("memory");
    }
    run(&l, connections, (int)n);
    return report(&l, (int)n);
}

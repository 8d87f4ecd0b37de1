/*
 * stream.h - one reader of a feed: who it is, where it stands, what is still to be sent to it, and its
 * suspended connection (RULES 32). All of it is under its feed's lock; only stream_new() and
 * stream_free() are not.
 */
#ifndef API_STREAM_H
#define API_STREAM_H

#include <microhttpd.h>

#include "api/sessions.h"
#include "ops/runtime/strbuf.h"

#define STREAM_BUFFER_MAX   (256 * 1024) /* beyond it nothing is added until some was sent */
#define STREAM_SOCKET_BYTES (64 * 1024)  /* what the kernel may hold of it */
#define STREAM_END_US       1000000      /* for the last of it, once it has ended; then it is cut */

struct feed;
struct guard_entry;
struct request;

enum admission {
    ADMISSION_OK,
    ADMISSION_TOO_OLD, /* it begins before the log */
    ADMISSION_UNKNOWN, /* or behind its end */
    ADMISSION_UNAVAILABLE,
};

struct stream {
    struct stream *prev, *next; /* in a list of the feed */
    struct feed *feed;
    struct uuid viewer;
    uint8_t token_hash[SESSION_HASH_BYTES];
    int64_t *at; /* next offset of every partition; the feed's thread alone changes it */
    struct request *request; /* parked until it is admitted */
    enum admission admission;
    bool live;         /* gets what comes as it comes; else it is led there first */
    bool pinned;       /* the feed's thread works on it: who lets go of it frees it */
    bool gone;         /* its connection is over */
    int64_t led_us;    /* when it was led last */
    bool probed;       /* its client has closed its side, and something was sent since */
    int64_t told_us;   /* when its place was told last */
    struct strbuf out; /* of it `sent` bytes were taken */
    size_t sent;
    bool suspended, ended;
    struct MHD_Connection *connection;
    struct guard_entry *guard;
    int wake_fd, fd;
    int64_t stall_us;
};

struct stream *stream_new(const struct identity *who, int32_t n_partitions);
void stream_free(struct stream *s); /* NULL ok */
/* From its request, which has its last turn with it. */
void stream_connect(struct stream *s, const struct request *rq, int64_t stall_us);

bool stream_has_room(const struct stream *s);
/* Everything that was added since. */
void stream_wake(struct stream *s);
/* At once: what was not handed to the connection is not sent any more, and who does not take the rest soon is
 * cut, so that nobody's slow reader outlives a session or holds up a stop. */
void stream_end(struct stream *s);
/*
 * What its socket tells of the client; only a suspended connection has to be looked at. Whether one that has
 * closed its side still listens shows when something is sent: who does not, resets the connection.
 */
enum stream_client { CLIENT_THERE, CLIENT_SILENT, CLIENT_GONE };
enum stream_client stream_client(const struct stream *s);
/* For libmicrohttpd; suspends the connection when there is nothing. */
ssize_t stream_take(struct stream *s, char *buf, size_t max);

#endif

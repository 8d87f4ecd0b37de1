#include "api/stream.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/guard.h"
#include "api/request.h"
#include "ops/runtime/timeutil.h"

#define KEPT_BUFFER_MAX 16384 /* a larger one is given back when it is empty */

struct stream *stream_new(const struct identity *who, int32_t n_partitions)
{
    struct stream *s = calloc(1, sizeof(*s));
    if (!s || !(s->at = calloc((size_t)n_partitions, sizeof(*s->at))))
        abort();
    s->viewer = who->user_id;
    memcpy(s->token_hash, who->token_hash, sizeof(s->token_hash));
    return s;
}

void stream_free(struct stream *s)
{
    if (!s)
        return;
    strbuf_release(&s->out);
    free(s->at);
    free(s);
}

void stream_connect(struct stream *s, const struct request *rq, int64_t stall_us)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(rq->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int bytes = STREAM_SOCKET_BYTES;
    s->connection = rq->connection;
    s->guard = rq->guard;
    s->wake_fd = rq->wake_fd;
    s->fd = info->connect_fd;
    s->stall_us = stall_us;
    (void)setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

bool stream_has_room(const struct stream *s)
{
    return s->out.len < STREAM_BUFFER_MAX;
}

void stream_wake(struct stream *s)
{
    uint64_t one = 1;
    if (!s->suspended)
        return;
    s->suspended = false;
    MHD_resume_connection(s->connection);
    ssize_t n = write(s->wake_fd, &one, sizeof(one));
    (void)n; /* full means that a wake-up is already on its way */
}

static void stream_leave_by(struct stream *s)
{
    guard_deadline(s->guard, time_monotonic_us() + STREAM_END_US);
}

void stream_end(struct stream *s)
{
    if (s->ended)
        return;
    s->ended = true;
    if (!s->suspended) /* it has still to take what was begun */
        stream_leave_by(s);
    stream_wake(s);
}

enum stream_client stream_client(const struct stream *s)
{
    struct pollfd fd = {.fd = s->fd, .events = POLLRDHUP};
    if (!s->suspended || poll(&fd, 1, 0) <= 0)
        return CLIENT_THERE;
    return fd.revents & (POLLHUP | POLLERR) ? CLIENT_GONE : CLIENT_SILENT;
}

static ssize_t some(struct stream *s, char *buf, size_t max)
{
    size_t n = s->out.len - s->sent;
    n = n < max ? n : max;
    memcpy(buf, s->out.data + s->sent, n);
    s->sent += n;
    if (s->sent == s->out.len) {
        s->sent = 0;
        if (s->out.cap > KEPT_BUFFER_MAX)
            strbuf_release(&s->out);
        strbuf_clear(&s->out);
    }
    guard_deadline(s->guard, time_monotonic_us() + s->stall_us); /* to take this much */
    return (ssize_t)n;
}

ssize_t stream_take(struct stream *s, char *buf, size_t max)
{
    if (s->ended) {
        stream_leave_by(s);
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (s->out.len > 0)
        return some(s, buf, max);
    guard_deadline(s->guard, 0);
    s->suspended = true;
    MHD_suspend_connection(s->connection);
    return 0;
}

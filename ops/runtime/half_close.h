/*
 * half_close.h - a client that has closed its side behind a whole request still hears the answer (RFC 9112
 * 9.6). In libmicrohttpd (up to 1.0.1) two things stand in the way, and recv(), which the linker's --wrap
 * lets call ours, hides them:
 *   - it reads a connection once more when it is resumed, takes the end that it finds for the client's
 *     death, and drops the request that was parked. So the end of a connection that is held is told as
 *     EINTR, behind which it asks again in its next round: when the answer is sent.
 *   - its epoll is edge-triggered, and behind a read that did not fill its buffer it waits for the next
 *     edge. None comes when the end was there at the same time: the connection would stay for a minute. So
 *     our own half is closed for reading, which is an edge.
 * Sockets that nobody watches are read as ever. Any thread.
 */
#ifndef OPS_RUNTIME_HALF_CLOSE_H
#define OPS_RUNTIME_HALF_CLOSE_H

#include <sys/types.h>

#define HALF_CLOSE_FDS_MAX (1024 * 1024) /* a descriptor beyond is not watched */

/* A connection of libmicrohttpd's, from its beginning. */
void half_close_watch(int fd);
/* Before its descriptor is closed. */
void half_close_forget(int fd);
/* The request is whole: nothing that may still come belongs to it. */
void half_close_hold(int fd);
/* It is answered. */
void half_close_release(int fd);

ssize_t __real_recv(int fd, void *buf, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags);

#endif

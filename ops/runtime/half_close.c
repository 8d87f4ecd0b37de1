#include "ops/runtime/half_close.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

enum watch { NOT_WATCHED, WATCHED, HELD };

static _Atomic unsigned char watches[HALF_CLOSE_FDS_MAX];

static enum watch watch_of(int fd)
{
    bool in_table = fd >= 0 && fd < HALF_CLOSE_FDS_MAX;
    return in_table ? atomic_load_explicit(&watches[fd], memory_order_relaxed) : NOT_WATCHED;
}

static void watch_set(int fd, enum watch w)
{
    if (fd >= 0 && fd < HALF_CLOSE_FDS_MAX)
        atomic_store_explicit(&watches[fd], (unsigned char)w, memory_order_relaxed);
}

void half_close_watch(int fd)
{
    watch_set(fd, WATCHED);
}

void half_close_forget(int fd)
{
    watch_set(fd, NOT_WATCHED);
}

void half_close_hold(int fd)
{
    watch_set(fd, HELD);
}

void half_close_release(int fd)
{
    watch_set(fd, WATCHED);
}

static bool end_is_next(int fd)
{
    char byte;
    return __real_recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags)
{
    ssize_t n = __real_recv(fd, buf, len, flags);
    enum watch w = n < 0 || len == 0 ? NOT_WATCHED : watch_of(fd);
    if (w == HELD && n == 0) {
        errno = EINTR;
        return -1;
    }
    if (w != NOT_WATCHED && n > 0 && (size_t)n < len && end_is_next(fd))
        (void)shutdown(fd, SHUT_RD);
    return n;
}

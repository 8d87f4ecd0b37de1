/* runtime_half_close_test.c - the end of a connection, as libmicrohttpd is told of it. */
#include "tests/unit/spec.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ops/runtime/half_close.h"

static int ours, theirs, poller;
static char buf[16];

static int open_pair(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    ours = pair[0];
    theirs = pair[1];
    poller = epoll_create1(0);
    struct epoll_event edge = {.events = EPOLLIN | EPOLLET};
    assert_int_equal(epoll_ctl(poller, EPOLL_CTL_ADD, ours, &edge), 0);
    return 0;
}

static int close_pair(void **state)
{
    (void)state;
    half_close_forget(ours);
    close(ours);
    close(theirs);
    close(poller);
    return 0;
}

static bool edge_comes(void)
{
    struct epoll_event e;
    return epoll_wait(poller, &e, 1, 0) == 1;
}

static void the_end_waits_for_the_answer(void **state)
{
    (void)state;
    half_close_watch(ours);
    half_close_hold(ours);
    assert_int_equal(write(theirs, "ab", 2), 2);
    assert_int_equal(shutdown(theirs, SHUT_WR), 0);
    assert_int_equal(recv(ours, buf, sizeof(buf), 0), 2); /* what is there is told, held or not */
    errno = 0;
    assert_int_equal(recv(ours, buf, sizeof(buf), 0), -1);
    assert_int_equal(errno, EINTR);
    half_close_release(ours);
    assert_int_equal(recv(ours, buf, sizeof(buf), 0), 0);
}

static void an_end_that_came_with_the_last_bytes_is_told_once_more(void **state)
{
    (void)state;
    half_close_watch(ours);
    assert_int_equal(write(theirs, "ab", 2), 2);
    assert_int_equal(shutdown(theirs, SHUT_WR), 0);
    assert_true(edge_comes());
    assert_int_equal(recv(ours, buf, sizeof(buf), 0), 2);
    assert_true(edge_comes());
    assert_int_equal(recv(ours, buf, sizeof(buf), 0), 0);
}

static void what_nobody_watches_is_as_ever(void **state)
{
    (void)state;
    assert_int_equal(write(theirs, "ab", 2), 2);
    assert_int_equal(shutdown(theirs, SHUT_WR), 0);
    assert_true(edge_comes());
    assert_int_equal(recv(ours, buf, sizeof(buf), 0), 2);
    assert_false(edge_comes());
    assert_int_equal(recv(ours, buf, sizeof(buf), 0), 0);
}

static void a_descriptor_beyond_the_table_is_not_watched(void **state)
{
    (void)state;
    half_close_hold(HALF_CLOSE_FDS_MAX);
    half_close_hold(-1);
    assert_int_equal(recv(HALF_CLOSE_FDS_MAX, buf, sizeof(buf), 0), -1);
    assert_int_equal(errno, EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_end_waits_for_the_answer, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(an_end_that_came_with_the_last_bytes_is_told_once_more,
                                        open_pair, close_pair),
        cmocka_unit_test_setup_teardown(what_nobody_watches_is_as_ever, open_pair, close_pair),
        cmocka_unit_test(a_descriptor_beyond_the_table_is_not_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The guard cuts connections that are late, whatever happens to the wall clock.
 * LDFLAGS: -Wl,--wrap=clock_gettime
 */
#include "tests/unit/spec.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "api/guard.h"
#include "ops/runtime/timeutil.h"

#define HOUR_S  3600
#define WAIT_MS 30000

int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);

/* To the program it is an hour later than to the kernel: so it looks when the wall clock is set back by an
 * hour while the guard waits. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    int code = __real_clock_gettime(clock, ret);
    if (clock == CLOCK_REALTIME)
        ret->tv_sec += HOUR_S;
    return code;
}

static void a_late_connection_is_cut_after_the_clock_was_set_back(void **state)
{
    (void)state;
    struct guard *g = NULL;
    struct err err;
    int ends[2];
    assert_int_equal(guard_start(&g, &err), ERR_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct guard_entry *e = guard_open(g, ends[0]);
    guard_deadline(e, time_monotonic_us() - 1);
    struct pollfd other = {.fd = ends[1], .events = POLLIN};
    assert_int_equal(poll(&other, 1, WAIT_MS), 1);
    char byte;
    assert_int_equal(read(ends[1], &byte, 1), 0);
    guard_close(g, e);
    guard_stop(g);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_connection_is_cut_after_the_clock_was_set_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

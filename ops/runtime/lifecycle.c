#include "ops/runtime/lifecycle.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define EXIT_SECOND_SIGNAL 130

static _Atomic int stage = LIFECYCLE_RUNNING;

static sigset_t stop_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

void lifecycle_setup(void)
{
    sigset_t set = stop_signals();
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
}

static void leave_at_once(int signal_number)
{
    (void)signal_number;
    _exit(EXIT_SECOND_SIGNAL);
}

void lifecycle_wait(void)
{
    sigset_t set = stop_signals();
    struct sigaction leave = {.sa_handler = leave_at_once};
    int got;
    sigwait(&set, &got);
    stage = LIFECYCLE_DRAINING;
    sigaction(SIGTERM, &leave, NULL);
    sigaction(SIGINT, &leave, NULL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

enum lifecycle_stage lifecycle_stage(void)
{
    return (enum lifecycle_stage)stage;
}

/* Once: a second TERM would be the second signal, which leaves at once. */
void lifecycle_request_stop(void)
{
    static atomic_flag requested = ATOMIC_FLAG_INIT;
    if (stage == LIFECYCLE_RUNNING && !atomic_flag_test_and_set(&requested))
        kill(getpid(), SIGTERM);
}

void lifecycle_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (!path || strlen(path) >= sizeof(a.sun_path))
        return;
    memcpy(a.sun_path, path, strlen(path));
    if (a.sun_path[0] == '@')
        a.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    ssize_t sent = sendto(fd, state, strlen(state), 0, (struct sockaddr *)&a, len);
    (void)sent; /* a supervisor that does not listen is not our error */
    close(fd);
}

/* "name" or "name:n"; read at every passing: a getenv is cheap beside a batch. */
static bool wanted_at(const char *variable, const char *name, _Atomic long *passings)
{
    const char *at = getenv(variable);
    size_t len = strlen(name);
    if (!at || strncmp(at, name, len) != 0 || (at[len] != '\0' && at[len] != ':'))
        return false;
    long wanted = at[len] == ':' ? strtol(at + len + 1, NULL, 10) : 1;
    return ++*passings >= wanted;
}

void crash_point(const char *name)
{
    static _Atomic long crash_passings, hang_passings;
    if (wanted_at("HIRELOG_CRASH_AT", name, &crash_passings))
        kill(getpid(), SIGKILL);
    while (wanted_at("HIRELOG_HANG_AT", name, &hang_passings))
        pause();
}

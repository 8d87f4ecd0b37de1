/*
 * A handle whose threads do not come to run in time leaves none behind. The library's threads wait at a gate of ours, and its
 * wait for them ends at once.
 * LDFLAGS: -Wl,--wrap=thrd_create,--wrap=cnd_timedwait
 */
#include "tests/unit/spec.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#include "ops/runtime/kafka_handle.h"
#include "ops/runtime/timeutil.h"

#define DEADLINE_US (60 * INT64_C(1000000))

int __real_thrd_create(thrd_t *thread, thrd_start_t fn, void *arg);
int __wrap_thrd_create(thrd_t *thread, thrd_start_t fn, void *arg);
int __real_cnd_timedwait(cnd_t *cond, mtx_t *mutex, const struct timespec *until);
int __wrap_cnd_timedwait(cnd_t *cond, mtx_t *mutex, const struct timespec *until);

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool opening; /* in rd_kafka_new */

struct start {
    thrd_start_t fn;
    void *arg;
};

static int behind_the_gate(void *arg)
{
    struct start s = *(struct start *)arg;
    free(arg);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return s.fn(s.arg);
}

int __wrap_thrd_create(thrd_t *thread, thrd_start_t fn, void *arg)
{
    struct start *s = malloc(sizeof(*s));
    assert_non_null(s);
    *s = (struct start){fn, arg};
    return __real_thrd_create(thread, behind_the_gate, s);
}

int __wrap_cnd_timedwait(cnd_t *cond, mtx_t *mutex, const struct timespec *until)
{
    return opening ? thrd_timedout : __real_cnd_timedwait(cond, mutex, until);
}

static size_t threads(void)
{
    size_t n = 0;
    DIR *dir = opendir("/proc/self/task");
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static enum err_code open_one(rd_kafka_type_t type, struct err *err)
{
    char why[256];
    rd_kafka_t *rk = NULL;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", "127.0.0.1:1", why, sizeof(why));
    rd_kafka_conf_set(conf, "group.id", "nobody", why, sizeof(why));
    opening = true;
    enum err_code code = kafka_handle_open(type, conf, &rk, err);
    opening = false;
    return code;
}

static void a_handle_that_fails_leaves_no_thread_behind(void **state)
{
    (void)state;
    struct err err;
    size_t before = threads();
    pthread_mutex_lock(&gate);
    assert_int_equal(open_one(RD_KAFKA_PRODUCER, &err), ERR_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "Timed out"));
    assert_int_equal(open_one(RD_KAFKA_CONSUMER, &err), ERR_UNAVAILABLE);
    assert_true(threads() > before);
    pthread_mutex_unlock(&gate);
    int64_t deadline = time_monotonic_us() + DEADLINE_US;
    while (threads() > before && time_monotonic_us() < deadline)
        poll(NULL, 0, 10);
    assert_int_equal(threads(), before);
}

static void a_bad_setting_is_told(void **state)
{
    (void)state;
    char why[256];
    struct err err;
    rd_kafka_t *rk = NULL;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "transactional.id", "t", why, sizeof(why));
    rd_kafka_conf_set(conf, "transaction.timeout.ms", "1000", why, sizeof(why));
    rd_kafka_conf_set(conf, "message.timeout.ms", "2000", why, sizeof(why));
    assert_int_equal(kafka_handle_open(RD_KAFKA_PRODUCER, conf, &rk, &err), ERR_INVALID);
    assert_null(rk);
}

/* Where they do not even end, the process does. */
static void threads_do_not_grow_without_a_bound(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        struct err err;
        pthread_mutex_lock(&gate);
        for (int i = 0; i < KAFKA_HANDLES_BROKEN_MAX; i++)
            if (open_one(RD_KAFKA_PRODUCER, &err) != ERR_UNAVAILABLE)
                _exit(1);
        signal(SIGABRT, SIG_DFL);
        (void)!open_one(RD_KAFKA_PRODUCER, &err);
        _exit(2);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
#ifdef __SANITIZE_THREAD__
    return 0; /* gcc 12's ThreadSanitizer crashes in threads made by thrd_create() */
#else
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_setting_is_told),
        cmocka_unit_test(threads_do_not_grow_without_a_bound),
        cmocka_unit_test(a_handle_that_fails_leaves_no_thread_behind),
    };
    return cmocka_run_group_tests_name("kafka handle", tests, NULL, NULL);
#endif
}

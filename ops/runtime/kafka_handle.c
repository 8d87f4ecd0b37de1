#include "ops/runtime/kafka_handle.h"

#include <pthread.h>
#include <stdatomic.h>

#include "ops/runtime/log.h"

/*
 * rd_kafka_new() of librdkafka 2.0.2 fails in two ways (src/rdkafka.c). Before its main thread runs it takes everything back, and
 * the settings are still the caller's. But when its threads have not reported within 60 s it returns NULL and
 * leaves them all running, on a handle that nobody has, with the settings inside: the caller may not free
 * those, and can stop nothing. Each further try adds as many threads. So an interceptor keeps the handle: on_new tells
 * it, on_destroy takes it back when the library itself has cleaned up. What is left is destroyed on a thread of its own, since
 * joining threads that do not come to run takes as long as that does.
 */
static _Thread_local rd_kafka_t *being_made;
static atomic_int broken; /* handles that are being taken apart */

// NOLINTBEGIN(readability-non-const-parameter): librdkafka's signatures
static rd_kafka_resp_err_t on_destroy(rd_kafka_t *rk, void *arg)
{
    (void)arg;
    if (being_made == rk)
        being_made = NULL;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t
on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *arg, char *errstr, size_t size)
{
    (void)conf, (void)arg, (void)errstr, (void)size;
    being_made = rk;
    return rd_kafka_interceptor_add_on_destroy(rk, "handle", on_destroy, NULL);
}
// NOLINTEND(readability-non-const-parameter)

static void *take_apart(void *rk)
{
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    atomic_fetch_sub(&broken, 1);
    return NULL;
}

/* Where even that does not come to its end, threads would grow without a bound: a supervisor that starts
 * the process again is the way out. */
static void leave_nothing(rd_kafka_t *rk)
{
    pthread_t thread;
    if (atomic_fetch_add(&broken, 1) >= KAFKA_HANDLES_BROKEN_MAX) {
        log_error("Kafka handles neither start nor end, aborting",
                  KV_I("handles", KAFKA_HANDLES_BROKEN_MAX));
        abort();
    }
    if (pthread_create(&thread, NULL, take_apart, rk) == 0)
        pthread_detach(thread);
}

enum err_code
kafka_handle_open(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **ret, struct err *err)
{
    char why[256] = "";
    being_made = NULL;
    rd_kafka_conf_interceptor_add_on_new(conf, "handle", on_new, NULL);
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));
    rd_kafka_t *left = rk ? NULL : STEAL(being_made);
    being_made = NULL;
    if (!rk) {
        bool no_threads = rd_kafka_last_error() == RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
        if (left) {
            rd_kafka_mem_free(NULL, conf); /* the shell; what was in it is the handle's */
            leave_nothing(left);
        } else {
            rd_kafka_conf_destroy(conf);
        }
        return err_set(err, no_threads ? ERR_UNAVAILABLE : ERR_INVALID, "Kafka handle: %s", why);
    }
    if (type == RD_KAFKA_CONSUMER)
        rd_kafka_poll_set_consumer(rk);
    *ret = rk;
    return ERR_OK;
}

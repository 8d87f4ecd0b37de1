#include "consumers/worker_name.h"

#include <pthread.h>
#include <stdio.h>

#include "ops/runtime/timeutil.h"

static struct uuid id;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make(void)
{
    id = uuid_v7(time_now_us());
}

const struct uuid *worker_id(void)
{
    pthread_once(&once, make);
    return &id;
}

void worker_name_format(const char *kind, char ret[WORKER_NAME_MAX])
{
    char text[UUID_TEXT_LEN + 1];
    uuid_format(worker_id(), text);
    snprintf(ret, WORKER_NAME_MAX, "hirelog %s %s", kind, text);
}

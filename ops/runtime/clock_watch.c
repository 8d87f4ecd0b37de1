#include "ops/runtime/clock_watch.h"

#include <inttypes.h>

#include "ops/runtime/log.h"
#include "ops/runtime/metrics.h"
#include "ops/runtime/timeutil.h"

#define US_PER_S INT64_C(1000000)

static struct clock_watch process = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct clock_watch *clock_watch(void)
{
    return &process;
}

void clock_watch_init(struct clock_watch *w)
{
    *w = (struct clock_watch){.lock = PTHREAD_MUTEX_INITIALIZER};
}

static bool beyond(int64_t us, int64_t max)
{
    return us > max || us < -max;
}

void clock_watch_look(struct clock_watch *w, int64_t wall_us, int64_t running_us)
{
    int64_t ahead_us = wall_us - running_us;
    pthread_mutex_lock(&w->lock);
    int64_t step_us = w->looked ? ahead_us - w->ahead_us : 0;
    w->ahead_us = ahead_us;
    w->looked = true;
    if (beyond(step_us, CLOCK_STEP_MAX_US)) {
        w->step_us = step_us;
        w->stepped_at_us = running_us;
        w->stepped = true;
        w->compared = false; /* what was known of it is over */
        log_error("the wall clock was set, watching it against the database's",
                  KV_I("by_ms", step_us / 1000));
    } else if (w->stepped && running_us - w->stepped_at_us > CLOCK_STEP_SHOWN_S * US_PER_S) {
        w->stepped = false;
    }
    pthread_mutex_unlock(&w->lock);
}

/* Zero when the answer took so long that the clocks may well agree. */
static int64_t certain_skew(int64_t asked_us, int64_t answered_us, int64_t database_us)
{
    int64_t granted = (answered_us - asked_us) / 2;
    int64_t skew = database_us - (asked_us + granted);
    if (!beyond(skew, granted))
        return 0;
    return skew > 0 ? skew - granted : skew + granted;
}

void clock_watch_compare(struct clock_watch *w,
                         int64_t asked_us,
                         int64_t answered_us,
                         int64_t database_us)
{
    int64_t skew_us = certain_skew(asked_us, answered_us, database_us);
    bool skewed = beyond(skew_us, CLOCK_SKEW_MAX_US);
    if (answered_us < asked_us) /* it was set meanwhile */
        return;
    pthread_mutex_lock(&w->lock);
    if (skewed && !w->skewed)
        log_error("this machine's clock differs from the database's, one of them is wrong",
                  KV_I("database_ahead_ms", skew_us / 1000));
    else if (!skewed && w->skewed)
        log_info("this machine's clock agrees with the database's again");
    w->skew_us = skew_us;
    w->skewed = skewed;
    w->compared = true;
    pthread_mutex_unlock(&w->lock);
}

bool clock_watch_trusted(struct clock_watch *w)
{
    pthread_mutex_lock(&w->lock);
    bool trusted = w->compared && !beyond(w->skew_us, CLOCK_STEP_MAX_US);
    pthread_mutex_unlock(&w->lock);
    return trusted;
}

/* Under the lock. The difference first: it is there now. */
static void print_alarm(const struct clock_watch *w, struct strbuf *out)
{
    char text[160];
    if (w->compared && w->skewed)
        snprintf(text, sizeof(text),
                 "this machine's clock is %" PRId64 " ms %s the database's: one of them is wrong",
                 (w->skew_us > 0 ? w->skew_us : -w->skew_us) / 1000,
                 w->skew_us > 0 ? "behind" : "before");
    else if (w->stepped)
        snprintf(text, sizeof(text), "the wall clock was set by %" PRId64 " s",
                 w->step_us / US_PER_S);
    else {
        strbuf_adds(out, "null");
        return;
    }
    strbuf_add_json(out, text);
}

void clock_watch_print(struct clock_watch *w, struct strbuf *out)
{
    pthread_mutex_lock(&w->lock);
    if (w->compared)
        strbuf_addf(out, "{\"skew_ms\":%" PRId64 ",\"alarm\":", w->skew_us / 1000);
    else
        strbuf_adds(out, "{\"skew_ms\":null,\"alarm\":");
    print_alarm(w, out);
    strbuf_addc(out, '}');
    pthread_mutex_unlock(&w->lock);
}

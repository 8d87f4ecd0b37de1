#include "consumers/lane.h"

#include <stdlib.h>

#include "consumers/thread_join.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"

#define BACK_OFF_FIRST_MS 100
#define BACK_OFF_MAX_MS   5000
#define SLICE_MS          20
#define LOG_AGAIN_US      (60 * 1000000LL)

struct lane {
    struct lane_identity id;
    struct lane_pulse pulse;
    pthread_t thread;
    char complaint[ERR_MSG_MAX]; /* the last one that was logged, */
    int64_t complain_at_us;      /* and when the same may be logged again */
};

/* Waits, ready to stop. */
static void pause_ms(struct lane *l, int64_t ms)
{
    int64_t until = time_monotonic_us() + ms * 1000;
    while (time_monotonic_us() < until && !lane_pulse_stopping(&l->pulse)) {
        struct timespec slice = {.tv_nsec = SLICE_MS * 1000000L};
        nanosleep(&slice, NULL);
        lane_pulse_beat(&l->pulse);
    }
}

/* Has another owner taken the lane's row since this one last had it, or saw it free? Not known (PostgreSQL is away): the next opening
 * tells. */
static bool row_lost(const struct lane *l)
{
    struct service_control control;
    struct err err;
    owned(pg_free) struct pg *pg = NULL;
    struct pg_options o = {.application_name = "hirelog lane holder",
                           .statement_timeout_ms = l->id.timeouts.statement_ms};
    int64_t epoch = 0;
    bool alive = false;
    if (service_control_read(l->id.cfg, l->id.service, &control, &err) != ERR_OK ||
        service_pg_open(l->id.cfg, l->id.service, control.generation, o, &pg, &err) != ERR_OK ||
        lane_row_holder(pg, l->id.partition, &epoch, &alive, &err) != ERR_OK)
        return false;
    return epoch != atomic_load(&l->pulse.epoch);
}

/*
 * W3: fenced, or our backend was ended by the one who took the lane, or anything else. When the row is still ours it was our
 * own expired transaction: go on. Else the lane is given up, and whose it is next is decided as for every lane that
 * this worker has not. Two owners never duel.
 */
static void yield(struct lane *l)
{
    if (lane_pulse_stopping(&l->pulse) || !row_lost(l))
        return;
    log_warn("lane: another owner has its row; giving the lane up",
             KV_S("service", l->id.service->name), KV_I("partition", l->id.partition));
    lane_request_stop(l);
}

/* One session, from opening to its end. *ret_ran: it decided commands. */
static enum err_code run_session(struct lane *l, bool *ret_ran, struct err *err)
{
    owned(lane_session_free) struct lane_session *s = NULL;
    *ret_ran = false;
    TRY(lane_session_open(&l->id, &l->pulse, &s, err));
    *ret_ran = true;
    return lane_session_run(s, err);
}

/* Only a person can help: says so and waits to be stopped. */
static void stand_still(struct lane *l, const struct err *err)
{
    log_error("lane stopped, repair by hand", KV_S("service", l->id.service->name),
              KV_I("partition", l->id.partition), KV_ERR(err));
    lane_pulse_state(&l->pulse, LANE_STOPPED, err->msg);
    while (!lane_pulse_stopping(&l->pulse)) {
        pause_ms(l, BACK_OFF_MAX_MS);
        yield(l); /* another owner that took it has it: here it counts no more */
    }
}

/* Once, and again every minute while it stays the same. */
static void complain(struct lane *l, const struct err *err)
{
    int64_t now = time_monotonic_us();
    if (strcmp(err->msg, l->complaint) == 0 && now < l->complain_at_us)
        return;
    l->complain_at_us = now + LOG_AGAIN_US;
    snprintf(l->complaint, sizeof(l->complaint), "%s", err->msg);
    log_warn("lane interrupted, opening it again", KV_S("service", l->id.service->name),
             KV_I("partition", l->id.partition), KV_S("code", err_code_name[err->code]),
             KV_ERR(err));
}

static void failed(struct lane *l, const struct err *err, int64_t back_off_ms)
{
    complain(l, err);
    metric_add(l->pulse.restarts, 1);
    lane_pulse_state(&l->pulse, LANE_BACKING_OFF, err->msg);
    pause_ms(l, back_off_ms);
}

static void *lane_thread(void *arg)
{
    struct lane *l = arg;
    int64_t back_off_ms = BACK_OFF_FIRST_MS;
    while (!lane_pulse_stopping(&l->pulse)) {
        struct err err = {0};
        bool ran;
        enum err_code code = run_session(l, &ran, &err);
        if (code == ERR_OK || lane_pulse_stopping(&l->pulse))
            break;
        if (code == ERR_CORRUPT) {
            stand_still(l, &err);
            break;
        }
        back_off_ms = ran ? BACK_OFF_FIRST_MS : back_off_ms * 2;
        back_off_ms = back_off_ms < BACK_OFF_MAX_MS ? back_off_ms : BACK_OFF_MAX_MS;
        yield(l);
        if (!lane_pulse_stopping(&l->pulse))
            failed(l, &err, back_off_ms);
    }
    log_info("lane closed", KV_S("service", l->id.service->name),
             KV_I("partition", l->id.partition));
    lane_pulse_state(&l->pulse, LANE_ENDED, NULL);
    return NULL;
}

enum err_code lane_start(const struct lane_options *o, struct lane **ret, struct err *err)
{
    struct lane *l = calloc(1, sizeof(*l));
    if (!l)
        abort();
    lane_identity_init(&l->id, o->cfg, o->service, o->partition);
    l->id.group_hint = o->group_hint;
    l->id.group_hint_arg = o->arg;
    lane_pulse_init(&l->pulse, o->service->name, o->partition);
    atomic_store(&l->pulse.epoch, o->epoch);
    int code = pthread_create(&l->thread, NULL, lane_thread, l);
    if (code != 0) {
        lane_pulse_release(&l->pulse);
        free(l);
        return err_set(err, ERR_UNAVAILABLE, "no thread for lane %d", o->partition);
    }
    *ret = l;
    return ERR_OK;
}

void lane_request_stop(struct lane *l)
{
    atomic_store(&l->pulse.stop, true);
}

bool lane_join(struct lane *l, int timeout_ms)
{
    if (!thread_join(l->thread, timeout_ms))
        return false;
    lane_pulse_release(&l->pulse);
    free(l);
    return true;
}

int32_t lane_partition(const struct lane *l)
{
    return l->id.partition;
}

void lane_status(struct lane *l, struct lane_status *ret)
{
    *ret = (struct lane_status){
        .service = l->id.service->name,
        .partition = l->id.partition,
        .state = (enum lane_state)atomic_load(&l->pulse.state),
        .next_command = atomic_load(&l->pulse.next_command),
        .lag = atomic_load(&l->pulse.lag),
        .ahead_us = atomic_load(&l->pulse.last_event_us) - time_now_us(),
        .idle_us = time_monotonic_us() - atomic_load(&l->pulse.progress_us),
    };
    lane_pulse_message(&l->pulse, ret->message, sizeof(ret->message));
}

#include "api/waiters.h"

#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "api/api.h"
#include "api/api_sql.h"
#include "api/db.h"
#include "api/request.h"
#include "api/row_index.h"
#include "consumers/database_clock.h"
#include "ops/runtime/log.h"
#include "ops/runtime/timeutil.h"
#include "projections/generation.h"

#define REREAD_US      500000 /* a lost NOTIFY costs this much */
#define TICK_MS        20     /* how exact a deadline is */
#define IDLE_MS        1000
#define RECONNECT_US   200000
#define PARTITIONS_MAX 1024
#define CHANNEL_MAX    64
#define PAYLOAD_MAX    64

static_assert(WAITERS_BATCH_MAX <= LOOKUPS_MAX, "one batch's bodies are asked for at once");

struct queue { /* of tickets, ascending offsets */
    struct ticket *head, *tail;
    int64_t next_command; /* watermark: everything below is in the view; -1 = not known on this
                             connection */
};

struct waiters {
    struct api_service *service;
    pthread_t thread;
    int wake_fd;
    pthread_mutex_t lock; /* queues, ready, reads */
    struct queue queues[PARTITIONS_MAX];
    size_t n_queues;      /* that anything is known of; the others are empty */
    struct ticket *ready; /* passed already when they came */
    struct read_wait *reads;
    size_t n_waiting; /* tickets and reads */
    bool drained;
    _Atomic int64_t epoch;
    _Atomic bool listening;
    _Atomic bool writable;
    _Atomic bool caught_up; /* at the last look */
    _Atomic bool stop;
    /* the thread's own */
    struct pg *listen, *lookup;
    int generation; /* that `lookup` reads */
    bool away_logged;
    int64_t reread_us, reconnect_us; /* monotonic: not before */
    struct arena arena;
};

/* ---- the lists; under the lock */

static void queue_put(struct queue *q, struct ticket *t)
{
    struct ticket *after =
        q->tail; /* reports come in order, so this is the place but for rare exceptions */
    while (after && after->offset > t->offset)
        after = after->prev;
    t->prev = after;
    t->next = after ? after->next : q->head;
    *(t->next ? &t->next->prev : &q->tail) = t;
    *(after ? &after->next : &q->head) = t;
}

static void queue_take(struct queue *q, struct ticket *t)
{
    *(t->prev ? &t->prev->next : &q->head) = t->next;
    *(t->next ? &t->next->prev : &q->tail) = t->prev;
    t->prev = t->next = NULL;
}

static struct queue *queue_of(struct waiters *w, int64_t partition)
{
    if ((size_t)partition >= w->n_queues)
        w->n_queues = (size_t)partition + 1;
    return &w->queues[partition];
}

static void push(struct ticket **list, struct ticket *t)
{
    t->next = *list;
    *list = t;
}

/* Everything that the watermark of its partition has passed moves to `ready`. */
static void passed_collect(struct waiters *w, struct queue *q)
{
    while (q->head && q->head->offset < q->next_command) {
        struct ticket *t = q->head;
        queue_take(q, t);
        push(&w->ready, t);
    }
}

static void wake(struct waiters *w)
{
    uint64_t one = 1;
    ssize_t n = write(w->wake_fd, &one, sizeof(one));
    (void)n; /* full means that a wake-up is already on its way */
}

static void epoch_next(struct waiters *w)
{
    atomic_fetch_add(&w->epoch, 1);
}

/* A higher watermark, however it came to be known, is news like a notification: what was cached
 * before it is stale (V2). */
static void watermark_set(struct waiters *w, int64_t partition, int64_t next_command)
{
    if (partition < 0 || partition >= PARTITIONS_MAX)
        return;
    pthread_mutex_lock(&w->lock);
    struct queue *q = queue_of(w, partition);
    if (next_command > q->next_command) {
        q->next_command = next_command;
        epoch_next(w);
    }
    passed_collect(w, q);
    pthread_mutex_unlock(&w->lock);
}

static void watermarks_forget(struct waiters *w)
{
    pthread_mutex_lock(&w->lock);
    for (size_t p = 0; p < PARTITIONS_MAX; p++)
        w->queues[p].next_command = -1;
    pthread_mutex_unlock(&w->lock);
}

static bool is_late(const struct ticket *t, int64_t now, bool all)
{
    return all || t->deadline_us <= now;
}

/* Tickets past their deadline, or all of them. */
static struct ticket *late_collect(struct waiters *w, int64_t now, bool all)
{
    struct ticket *late = NULL, *kept = NULL;
    for (size_t p = 0; p < w->n_queues; p++)
        for (struct ticket *t = w->queues[p].head, *next; t; t = next) {
            next = t->next;
            if (!is_late(t, now, all))
                continue;
            queue_take(&w->queues[p], t);
            push(&late, t);
        }
    for (struct ticket *t = w->ready, *next; t;
         t = next) { /* passed, but the look-up has failed so far */
        next = t->next;
        push(is_late(t, now, all) ? &late : &kept, t);
    }
    w->ready = kept;
    return late;
}

static struct read_wait *reads_collect(struct waiters *w, int64_t now, bool all)
{
    struct read_wait *taken = NULL, **at = &w->reads;
    int64_t epoch = atomic_load(&w->epoch);
    while (*at) {
        struct read_wait *r = *at;
        if (!all && r->deadline_us > now && (r->epoch == epoch || r->not_before_us > now)) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        r->next = taken;
        taken = r;
    }
    return taken;
}

/* ---- answers */

static void ticket_out(struct waiters *w)
{
    pthread_mutex_lock(&w->lock);
    w->n_waiting--;
    pthread_mutex_unlock(&w->lock);
}

static void ticket_end(struct waiters *w, struct ticket *t, enum ticket_state state)
{
    ticket_out(w);
    t->state = state;
    request_resume(t->request);
}

static void outcome_read(const PGresult *r, int row, struct outcome *o)
{
    o->rejected = pg_get_bool(r, row, 1);
    (void)snprintf(o->reason, sizeof(o->reason), "%s", pg_get_text(r, row, 2));
    if (!pg_is_null(r, row, 3))
        o->aggregate_id = pg_get_uuid(r, row, 3);
    if (!pg_is_null(r, row, 4) && pg_get_bytes(r, row, 4).len == sizeof(o->digest))
        memcpy(o->digest, pg_get_bytes(r, row, 4).data, sizeof(o->digest));
    o->partition = (int32_t)pg_get_int8(r, row, 5);
    o->next_event = pg_get_int8(r, row, 6);
    o->event_version = pg_get_int8(r, row, 7);
    o->has_key = !pg_is_null(r, row, 8);
    if (o->has_key)
        o->key = pg_get_uuid(r, row, 8);
}

/* Outcomes of the batch: state DECIDED, or UNKNOWN where there is none. */
static enum err_code
outcomes_find(struct waiters *w, struct ticket **batch, size_t n, struct err *err)
{
    struct arena *a = &w->arena;
    struct uuid *ids = ARENA_ARRAY(a, struct uuid, n);
    for (size_t i = 0; i < n; i++)
        ids[i] = batch[i]->command_id;
    struct pg_param p = uuids_param(a, ids, n);
    const PGresult *r = NULL;
    TRY(pg_exec(w->lookup, api_sql(API_OUTCOMES), &p, 1, &r, err));
    struct row_index index;
    row_index_init(&index, a, (size_t)PQntuples(r));
    for (size_t i = 0; i < index.n; i++)
        index.entries[i] = (struct row_index_entry){pg_get_uuid(r, (int)i, 0), i};
    row_index_sort(&index);
    for (size_t i = 0; i < n; i++) {
        const struct row_index_entry *at = row_index_find(&index, &batch[i]->command_id);
        batch[i]->state = at ? TICKET_DECIDED : TICKET_UNKNOWN;
        if (at)
            outcome_read(r, (int)at->row, &batch[i]->outcome);
    }
    return ERR_OK;
}

static bool wants_body(const struct ticket *t)
{
    return t->shown.query && t->state == TICKET_DECIDED && !t->outcome.rejected;
}

/* What is to be shown is read where all reads of it are, so that what holds them up does not hold up this thread. */
static enum err_code
batch_answer(struct waiters *w, struct ticket **batch, size_t n, struct err *err)
{
    struct lookup *bodies[WAITERS_BATCH_MAX];
    size_t n_bodies = 0;
    TRY(outcomes_find(w, batch, n, err));
    for (size_t i = 0; i < n; i++) {
        struct ticket *t = batch[i];
        if (wants_body(t)) {
            t->shown.id = t->shows_created ? t->command_id : t->outcome.aggregate_id;
            bodies[n_bodies++] = &t->shown;
            ticket_out(w);
        } else
            ticket_end(w, t, t->state);
    }
    struct lookups *lookups = w->service->lookups;
    if (n_bodies > 0)
        lookups_submit_all(lookups, bodies, n_bodies);
    return ERR_OK;
}

static size_t ready_take(struct waiters *w, struct ticket *batch[WAITERS_BATCH_MAX])
{
    size_t n = 0;
    pthread_mutex_lock(&w->lock);
    while (w->ready && n < WAITERS_BATCH_MAX) {
        batch[n++] = w->ready;
        w->ready = w->ready->next;
    }
    pthread_mutex_unlock(&w->lock);
    return n;
}

static void ready_give_back(struct waiters *w, struct ticket **batch, size_t n)
{
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < n; i++) {
        batch[i]->state = TICKET_OPEN;
        push(&w->ready, batch[i]);
    }
    pthread_mutex_unlock(&w->lock);
}

static enum err_code passed_answer(struct waiters *w, struct err *err)
{
    struct ticket *batch[WAITERS_BATCH_MAX];
    for (size_t n; (n = ready_take(w, batch)) > 0;) {
        arena_clear(&w->arena);
        if (batch_answer(w, batch, n, err) != ERR_OK) {
            ready_give_back(w, batch, n);
            return err->code;
        }
    }
    return ERR_OK;
}

static void late_answer(struct waiters *w)
{
    int64_t now = time_monotonic_us();
    pthread_mutex_lock(&w->lock);
    struct ticket *late = w->n_waiting ? late_collect(w, now, w->drained) : NULL;
    struct read_wait *reads = w->n_waiting ? reads_collect(w, now, w->drained) : NULL;
    pthread_mutex_unlock(&w->lock);
    for (struct ticket *next; late; late = next) {
        next = late->next;
        ticket_end(w, late, TICKET_STORED);
    }
    for (struct read_wait *next; reads; reads = next) {
        next = reads->next;
        pthread_mutex_lock(&w->lock);
        w->n_waiting--;
        pthread_mutex_unlock(&w->lock);
        request_resume(reads->request);
    }
}

/* ---- the connections */

static void writable_set(struct waiters *w, bool writable)
{
    if (atomic_exchange(&w->writable, writable) == writable)
        return;
    if (writable)
        log_info("database takes writes", KV_S("service", w->service->service->name));
    else
        log_warn("database takes no writes; asking again on a new connection until it does",
                 KV_S("service", w->service->service->name));
}

static enum err_code watermarks_read(struct waiters *w, struct err *err)
{
    size_t watermarks = pg_queue(w->lookup, api_sql(API_WATERMARKS), NULL, 0);
    size_t writable = pg_queue(w->lookup, api_sql(API_WRITABLE), NULL, 0);
    TRY(pg_sync(w->lookup, err));
    const PGresult *r = pg_result(w->lookup, watermarks);
    w->reread_us = time_monotonic_us() + REREAD_US;
    writable_set(w, pg_get_bool(pg_result(w->lookup, writable), 0, 0));
    for (int i = 0; i < PQntuples(r); i++) {
        int live = (int)pg_get_int8(r, i, 2);
        db_generation_seen(w->service, live);
        if (live != w->generation) /* whoever saw it first: this connection is of another one */
            return err_set(err, ERR_UNAVAILABLE, "another generation is live");
        atomic_store(&w->caught_up, pg_get_bool(r, i, 3));
        watermark_set(w, pg_get_int8(r, i, 0), pg_get_int8(r, i, 1));
    }
    database_clock_ask(w->lookup);
    return ERR_OK;
}

static void disconnect(struct waiters *w, const struct err *err)
{
    if (!w->away_logged)
        log_warn("view is out of sight", KV_S("service", w->service->service->name), KV_ERR(err));
    w->away_logged = true;
    atomic_store(&w->listening, false);
    atomic_store(&w->caught_up, false);
    epoch_next(w);
    watermarks_forget(w); /* they die with their connection */
    pg_free(w->listen);
    pg_free(w->lookup);
    w->listen = w->lookup = NULL;
    w->reconnect_us = time_monotonic_us() + RECONNECT_US;
}

/* LISTEN first, then look: whatever comes after the look is notified. */
static enum err_code connect_both(struct waiters *w, struct err *err)
{
    char listen[CHANNEL_MAX];
    (void)snprintf(listen, sizeof(listen), "LISTEN lane_%s", w->service->service->name);
    TRY(db_open(w->service, "hirelog api listen", &w->listen, NULL, err));
    TRY(db_open(w->service, "hirelog api outcomes", &w->lookup, &w->generation, err));
    TRY(pg_script(w->listen, listen, err));
    TRY(watermarks_read(w, err));
    epoch_next(w);
    atomic_store(&w->listening, true);
    if (w->away_logged)
        log_info("view is in sight again", KV_S("service", w->service->service->name));
    w->away_logged = false;
    return ERR_OK;
}

/* `<partition> <next_command>`; anything else (a projector's `projected`) only says that something
 * changed. */
static void notification(struct waiters *w, const char *payload)
{
    char *end;
    epoch_next(w);
    int64_t partition = strtoll(payload, &end, 10);
    if (end != payload && *end == ' ')
        watermark_set(w, partition, strtoll(end + 1, NULL, 10));
}

static enum err_code notifications_take(struct waiters *w, struct err *err)
{
    char channel[CHANNEL_MAX], payload[PAYLOAD_MAX];
    for (bool got = true; got;) {
        TRY(pg_wait_notify(w->listen, 0, channel, sizeof(channel), payload, sizeof(payload), &got,
                           err));
        if (got)
            notification(w, payload);
    }
    return ERR_OK;
}

/* A read that was told of news in its pause goes on when that is over, not at the next tick. */
static int64_t pause_ends_in_us(const struct waiters *w)
{
    int64_t now = time_monotonic_us(), least = TICK_MS * INT64_C(1000);
    int64_t epoch = atomic_load(&w->epoch);
    for (const struct read_wait *r = w->reads; r; r = r->next)
        if (r->epoch != epoch && r->not_before_us - now < least)
            least = r->not_before_us - now;
    return least < 0 ? 0 : least;
}

static int sleep_ms(struct waiters *w)
{
    pthread_mutex_lock(&w->lock);
    bool waited_for = w->n_waiting > 0;
    int64_t pause_us = waited_for ? pause_ends_in_us(w) : 0;
    pthread_mutex_unlock(&w->lock);
    if (waited_for)
        return (int)((pause_us + 999) / 1000);
    return w->listen ? IDLE_MS : (int)(RECONNECT_US / 1000);
}

static void sleep_until_something(struct waiters *w)
{
    struct pollfd fds[2] = {
        {.fd = w->wake_fd,                            .events = POLLIN},
        {.fd = w->listen ? pg_socket(w->listen) : -1, .events = POLLIN},
    };
    uint64_t count;
    (void)poll(fds, 2, sleep_ms(w));
    if (fds[0].revents) {
        ssize_t n = read(w->wake_fd, &count, sizeof(count));
        (void)n;
    }
}

/* Another generation is live (R2): what is looked up is there, and no notification was missed. */
static enum err_code lookup_reopen(struct waiters *w, struct err *err)
{
    pg_free(w->lookup);
    w->lookup = NULL;
    TRY(db_open(w->service, "hirelog api outcomes", &w->lookup, &w->generation, err));
    return watermarks_read(w, err);
}

/* A session keeps the read-only default that it was opened with, also when the database has got another. */
static enum err_code look(struct waiters *w, struct err *err)
{
    if (time_monotonic_us() >= w->reread_us)
        TRY(atomic_load(&w->writable) ? watermarks_read(w, err) : lookup_reopen(w, err));
    return passed_answer(w, err);
}

static enum err_code turn(struct waiters *w, struct err *err)
{
    if (!w->listen)
        return time_monotonic_us() < w->reconnect_us ? ERR_OK : connect_both(w, err);
    TRY(notifications_take(w, err));
    if (look(w, err) == ERR_OK)
        return ERR_OK;
    if (!generation_over(err))
        return err->code;
    TRY(lookup_reopen(w, err));
    return passed_answer(w, err);
}

static void *waiters_main(void *arg)
{
    struct waiters *w = arg;
    while (!atomic_load(&w->stop)) {
        struct err err;
        if (turn(w, &err) != ERR_OK)
            disconnect(w, &err);
        late_answer(w);
        sleep_until_something(w);
    }
    pg_free(w->listen);
    pg_free(w->lookup);
    return NULL;
}

/* ---- for others */

enum err_code waiters_start(struct api_service *s, struct waiters **ret, struct err *err)
{
    struct waiters *w = calloc(1, sizeof(*w));
    if (!w)
        abort();
    w->service = s;
    w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&w->lock, NULL);
    arena_init(&w->arena);
    watermarks_forget(w);
    atomic_store(&w->writable, true); /* until a look says other */
    if (w->wake_fd < 0 || pthread_create(&w->thread, NULL, waiters_main, w) != 0) {
        free(w);
        return err_set(err, ERR_INTERNAL, "cannot start the waiters of %s", s->service->name);
    }
    *ret = w;
    return ERR_OK;
}

void waiters_drain(struct waiters *w)
{
    pthread_mutex_lock(&w->lock);
    w->drained = true;
    pthread_mutex_unlock(&w->lock);
    late_answer(w); /* the thread may be in a call of PostgreSQL for long */
    wake(w);
}

void waiters_free(struct waiters *w)
{
    if (!w)
        return;
    waiters_drain(w);
    atomic_store(&w->stop, true);
    wake(w);
    pthread_join(w->thread, NULL);
    late_answer(w);
    close(w->wake_fd);
    arena_release(&w->arena);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void waiters_add(struct waiters *w, struct ticket *t)
{
    pthread_mutex_lock(&w->lock);
    bool refused = w->drained || t->partition < 0 || t->partition >= PARTITIONS_MAX;
    if (!refused) {
        struct queue *q = queue_of(w, t->partition);
        bool passed = t->offset < q->next_command;
        if (passed)
            push(&w->ready, t);
        else
            queue_put(q, t);
        if (++w->n_waiting == 1 || passed)
            wake(w);
    }
    pthread_mutex_unlock(&w->lock);
    if (refused) {
        t->state = TICKET_STORED;
        request_resume(t->request);
    }
}

void waiters_find(struct waiters *w, struct ticket *t)
{
    pthread_mutex_lock(&w->lock);
    bool refused = w->drained;
    if (!refused) {
        push(&w->ready, t);
        w->n_waiting++;
        wake(w);
    }
    pthread_mutex_unlock(&w->lock);
    if (refused) {
        t->state = TICKET_STORED;
        request_resume(t->request);
    }
}

void waiters_add_read(struct waiters *w, struct read_wait *r)
{
    pthread_mutex_lock(&w->lock);
    bool refused = w->drained;
    if (!refused) {
        r->next = w->reads;
        w->reads = r;
        w->n_waiting++;
        wake(w);
    }
    pthread_mutex_unlock(&w->lock);
    if (refused)
        request_resume(r->request);
}

int64_t waiters_epoch(const struct waiters *w)
{
    return atomic_load(&w->epoch);
}

bool waiters_listening(const struct waiters *w)
{
    return atomic_load(&w->listening);
}

bool waiters_writable(const struct waiters *w)
{
    return atomic_load(&w->writable);
}

bool waiters_caught_up(const struct waiters *w)
{
    return atomic_load(&w->caught_up);
}

void waiters_print(struct waiters *w, struct strbuf *out)
{
    const char *comma = "";
    strbuf_addc(out, '{');
    pthread_mutex_lock(&w->lock);
    for (size_t p = 0; p < w->n_queues; p++) {
        if (w->queues[p].next_command < 0)
            continue;
        strbuf_addf(out, "%s\"%zu\":%" PRId64, comma, p, w->queues[p].next_command);
        comma = ",";
    }
    pthread_mutex_unlock(&w->lock);
    strbuf_addc(out, '}');
}

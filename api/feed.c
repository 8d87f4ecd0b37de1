#include "api/feed.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/feed_position.h"
#include "api/feed_teller.h"
#include "api/request.h"
#include "api/stream_quota.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/log.h"
#include "ops/runtime/metrics.h"
#include "ops/runtime/timeutil.h"

#define POLL_MS        100
#define LIVE_MAX       1000    /* records read before anybody who is behind gets a turn */
#define SLICE_MAX      500     /* records that lead one of those */
#define SLICE_FIRST_MS 500     /* until the first of them is there */
#define SLICE_QUIET_MS 50      /* a slice in which nothing comes for so long is over */
#define LINGER_US      5000000 /* without a stream, before the readers are closed */
#define TICK_US        500000
#define RETRY_US       1000000 /* between two looks at what has to wait, or for a broker that is away */
#define MARKS_US       5000000 /* the log's beginning is looked at no more often */
#define CHECK_MAX      512     /* sessions in one statement */
#define CLIENT_RETRY   "retry: 2000\n"
#define BLOCK_SIZE     32768

struct feed {
    struct api *api;
    struct api_service *service;
    char topic[TOPIC_NAME_MAX];
    int32_t n; /* partitions */
    struct metric *streams_gauge, *events;
    pthread_mutex_t lock; /* streams and what is in them, pending, running */
    struct stream *streams, *pending;
    int64_t n_streams;
    bool running, joinable;
    _Atomic bool draining;
    pthread_t thread;
    /* the thread's own */
    struct feed_teller *teller;
    struct feed_log *live, *behind;
    rd_kafka_t
        *marks; /* asked for low and high: it never fetches, so no answer waits behind a fetch */
    rd_kafka_t *ends; /* uncommitted; NULL until it is needed */
    bool has_head;    /* lives as long as the thread: a reader that is opened again goes on there */
    int64_t *head;    /* what live streams have been told of, by partition */
    int64_t *led;     /* what the second reader has read in this slice, by partition */
    int64_t *low, *high; /* the log's, at marks_us */
    int64_t marks_us, tick_us, check_us, idle_us;
    int64_t retry_us; /* the broker is asked again */
    int64_t held_us;  /* partitions that wait are looked at again; 0 = none does */
};

/* ---- the list; under the lock */

static void list_put(struct feed *f, struct stream *s)
{
    s->prev = NULL;
    s->next = f->streams;
    if (s->next)
        s->next->prev = s;
    f->streams = s;
    metric_set(f->streams_gauge, ++f->n_streams);
}

static void list_take(struct feed *f, struct stream *s)
{
    *(s->prev ? &s->prev->next : &f->streams) = s->next;
    if (s->next)
        s->next->prev = s->prev;
    metric_set(f->streams_gauge, --f->n_streams);
}

static void place_tell(const struct feed *f, struct stream *s)
{
    strbuf_adds(&s->out, "id: ");
    feed_position_print(f->service->service->name, s->at, f->n, &s->out);
    strbuf_addc(&s->out, '\n');
    s->told_us = time_monotonic_us();
}

static void event_tell(struct feed *f, struct stream *s, const char *name, const char *text)
{
    place_tell(f, s);
    strbuf_addf(&s->out, "event: %s\ndata: ", name);
    strbuf_adds(&s->out, text);
    strbuf_adds(&s->out, "\n\n");
    metric_add(f->events, 1);
    stream_wake(s);
}

/* The record is behind this stream now, seen or not. False: it has no room, so it falls behind. */
static bool stream_pass(struct feed *f,
                        struct stream *s,
                        const struct feed_record *r,
                        const struct feed_view *v,
                        const char *name)
{
    if (r->offset < s->at[r->partition])
        return true;
    if (!stream_has_room(s))
        return false;
    s->at[r->partition] = r->offset + 1;
    const char *text = v ? feed_view_for(v, &s->viewer) : NULL;
    if (text && !s->gone)
        event_tell(f, s, name, text);
    return true;
}

static void all_end(struct feed *f)
{
    pthread_mutex_lock(&f->lock);
    for (struct stream *s = f->streams; s; s = s->next)
        stream_end(s);
    pthread_mutex_unlock(&f->lock);
}

/* ---- the readers */

/* Who comes may wake a reader, so they change under the lock. */
static void reader_put(struct feed *f, struct feed_log **place, struct feed_log *l)
{
    pthread_mutex_lock(&f->lock);
    struct feed_log *before = *place;
    *place = l;
    pthread_mutex_unlock(&f->lock);
    feed_log_close(before);
}

static void readers_close(struct feed *f)
{
    reader_put(f, &f->live, NULL);
    reader_put(f, &f->behind, NULL);
    kafka_consumer_close(f->marks);
    kafka_consumer_close(f->ends);
    f->marks = f->ends = NULL;
}

/* Under the lock: the thread looks at once who is there, whatever it waits for. */
static void thread_wake(struct feed *f)
{
    if (f->live)
        feed_log_wake(f->live);
    if (f->behind)
        feed_log_wake(f->behind);
}

static enum err_code marks_ask(struct feed *f, rd_kafka_t *of, struct err *err)
{
    for (int32_t p = 0; p < f->n; p++)
        TRY(kafka_watermarks(of, f->topic, p, &f->low[p], &f->high[p], err));
    f->marks_us = time_monotonic_us();
    return ERR_OK;
}

static enum err_code marks_read(struct feed *f, struct err *err)
{
    if (!f->marks)
        TRY(kafka_reader_open(f->api->cfg, true, POLL_MS, &f->marks, err));
    return marks_ask(f, f->marks, err);
}

/* The first time it begins at the log's end. */
static enum err_code live_open(struct feed *f, struct err *err)
{
    struct feed_log *l = NULL;
    if (f->live)
        return ERR_OK;
    TRY(feed_log_open(f->api->cfg, f->topic, FEED_PATIENT, &l, err));
    reader_put(f, &f->live, l);
    TRY(marks_ask(f, feed_log_handle(f->live), err)); /* it does not fetch yet */
    if (!f->has_head)
        memcpy(f->head, f->high, (size_t)f->n * sizeof(*f->head));
    f->has_head = true;
    return feed_log_seek(f->live, f->head, err);
}

/* A broker that is away is asked again after a while; the place is kept. */
static void reading_failed(struct feed *f, const struct err *err)
{
    log_warn("the feed cannot read", KV_S("topic", f->topic), KV_ERR(err));
    readers_close(f);
    f->retry_us = time_monotonic_us() + RETRY_US;
}

/* Its events are gone: who comes again with such a place is told so. */
static void reading_lost(struct feed *f)
{
    struct err err;
    err_set(&err, ERR_CORRUPT, "the place is not in the log");
    all_end(f);
    f->has_head = false;
    reading_failed(f, &err);
}

/* ---- admission */

/* The end that uncommitted readers see: what a position may name while a commit is on its way. */
static enum err_code ends_uncommitted(struct feed *f, int32_t p, int64_t *ret, struct err *err)
{
    int64_t low;
    if (!f->ends)
        TRY(kafka_reader_open(f->api->cfg, false, POLL_MS, &f->ends, err));
    return kafka_watermarks(f->ends, f->topic, p, &low, ret, err);
}

static enum admission place_check(struct feed *f, int32_t p, int64_t *at, struct err *err)
{
    int64_t end = f->high[p] > f->head[p] ? f->high[p] : f->head[p];
    if (*at == FEED_FROM_NOW)
        *at = f->head[p];
    else if (*at == FEED_FROM_BEGINNING)
        *at = f->low[p];
    else if (*at < f->low[p])
        return ADMISSION_TOO_OLD;
    if (*at > end && ends_uncommitted(f, p, &end, err) != ERR_OK)
        return ADMISSION_UNAVAILABLE;
    return *at > end ? ADMISSION_UNKNOWN : ADMISSION_OK;
}

/* Whoever begins now stands where the live streams do, wherever the log begins and ends. */
static bool begins_now(const struct feed *f, const struct stream *s)
{
    for (int32_t p = 0; p < f->n; p++)
        if (s->at[p] != FEED_FROM_NOW)
            return false;
    return true;
}

static enum admission admit(struct feed *f, struct stream *s, struct err *err)
{
    int64_t now = time_monotonic_us();
    err->msg[0] = '\0';
    if (atomic_load(&f->draining) || now < f->retry_us || live_open(f, err) != ERR_OK ||
        (now - f->marks_us > MARKS_US && !begins_now(f, s) && marks_read(f, err) != ERR_OK))
        return ADMISSION_UNAVAILABLE;
    for (int32_t p = 0; p < f->n; p++) {
        enum admission a = place_check(f, p, &s->at[p], err);
        if (a != ADMISSION_OK)
            return a;
    }
    return ADMISSION_OK;
}

static struct stream *pending_take(struct feed *f)
{
    pthread_mutex_lock(&f->lock);
    struct stream *s = f->pending;
    f->pending = NULL;
    pthread_mutex_unlock(&f->lock);
    return s;
}

static void pending_admit(struct feed *f)
{
    struct err err;
    for (struct stream *s = pending_take(f), *next; s; s = next) {
        next = s->next;
        struct request *rq = s->request;
        s->admission = admit(f, s, &err);
        if (s->admission == ADMISSION_UNAVAILABLE && err.msg[0])
            reading_failed(f, &err);
        request_resume(rq); /* the stream is its again */
    }
}

/* ---- live */

static void
live_pass(struct feed *f, const struct feed_record *r, const struct feed_view *v, const char *name)
{
    pthread_mutex_lock(&f->lock);
    for (struct stream *s = f->streams; s; s = s->next)
        if (s->live)
            s->live = stream_pass(f, s, r, v, name);
    pthread_mutex_unlock(&f->lock);
    f->head[r->partition] = r->offset + 1;
}

static void live_record(struct feed *f, const struct feed_record *r)
{
    struct feed_view view = {0};
    const char *name = NULL;
    if (r->offset < f->head[r->partition])
        return;
    switch (feed_teller_tell(f->teller, r, &view, &name)) {
    case TOLD:
        live_pass(f, r, &view, name);
        break;
    case TOLD_NONE:
        live_pass(f, r, NULL, NULL);
        break;
    case TOLD_LATER:
        feed_log_hold(f->live, r->partition);
        f->held_us = time_monotonic_us() + RETRY_US;
        break;
    }
    feed_view_release(&view);
}

/* Commit markers lie between the last event and the end: whoever stands there need not be led over them. */
static void live_end(struct feed *f, const struct feed_record *r)
{
    int64_t *head = &f->head[r->partition];
    if (r->offset <= *head)
        return;
    *head = r->offset;
    pthread_mutex_lock(&f->lock);
    for (struct stream *s = f->streams; s; s = s->next)
        if (s->live && s->at[r->partition] < *head)
            s->at[r->partition] = *head;
    pthread_mutex_unlock(&f->lock);
}

/* What had to wait is read again from the head. */
static enum err_code live_retry(struct feed *f, struct err *err)
{
    if (f->held_us == 0 || time_monotonic_us() < f->held_us)
        return ERR_OK;
    f->held_us = 0;
    return feed_log_seek(f->live, f->head, err);
}

static void live_read(struct feed *f, int timeout_ms)
{
    struct feed_record r = {0};
    for (int i = 0; i < LIVE_MAX; i++) {
        enum feed_news news = feed_log_poll(f->live, i ? 0 : timeout_ms, &r);
        if (news == FEED_RECORD)
            live_record(f, &r);
        else if (news == FEED_END)
            live_end(f, &r);
        feed_record_release(&r);
        if (news == FEED_LOST) {
            reading_lost(f);
            return;
        }
        if (news == FEED_NOTHING)
            return;
    }
}

/* ---- behind */

static bool stands_at_head(const struct feed *f, const struct stream *s)
{
    for (int32_t p = 0; p < f->n; p++)
        if (s->at[p] < f->head[p])
            return false;
    return true;
}

/* Who has waited longest, pinned. */
static struct stream *behind_pick(struct feed *f)
{
    struct stream *picked = NULL;
    pthread_mutex_lock(&f->lock);
    for (struct stream *s = f->streams; s; s = s->next)
        if (!s->live && !s->ended && stream_has_room(s) && (!picked || s->led_us < picked->led_us))
            picked = s;
    if (picked)
        picked->pinned = true;
    pthread_mutex_unlock(&f->lock);
    return picked;
}

static void behind_let_go(struct feed *f, struct stream *s)
{
    pthread_mutex_lock(&f->lock);
    s->pinned = false;
    s->led_us = time_monotonic_us();
    s->live = stands_at_head(f, s);
    bool gone = s->gone;
    pthread_mutex_unlock(&f->lock);
    if (gone)
        stream_free(s);
}

/*
 * All that stand where the second reader does are led together: many come again at once, all at about
 * the same place. Who stands before it does not have all that it has read.
 */
static bool is_led(const struct feed *f, const struct stream *s, int32_t p)
{
    return !s->live && !s->ended && s->at[p] >= f->led[p];
}

/* False: the picked one has no room any more, or nobody is there. */
static bool behind_pass(struct feed *f,
                        struct stream *picked,
                        const struct feed_record *r,
                        const struct feed_view *v,
                        const char *name)
{
    pthread_mutex_lock(&f->lock);
    for (struct stream *s = f->streams; s; s = s->next)
        if (is_led(f, s, r->partition))
            (void)stream_pass(f, s, r, v, name);
    bool goes_on = picked->at[r->partition] > r->offset && !picked->gone && !picked->ended;
    pthread_mutex_unlock(&f->lock);
    f->led[r->partition] = r->offset + 1;
    return goes_on;
}

/* Nothing for anybody lies before `to`. */
static void behind_skip(struct feed *f, int32_t p, int64_t to)
{
    pthread_mutex_lock(&f->lock);
    for (struct stream *s = f->streams; s; s = s->next)
        if (is_led(f, s, p) && s->at[p] < to)
            s->at[p] = to;
    pthread_mutex_unlock(&f->lock);
    if (f->led[p] < to)
        f->led[p] = to;
}

static bool behind_record(struct feed *f, struct stream *picked, const struct feed_record *r)
{
    struct feed_view view = {0};
    const char *name = NULL;
    bool goes_on = true;
    if (r->offset >= f->head[r->partition]) {
        behind_skip(f, r->partition, f->head[r->partition]);
        feed_log_hold(f->behind, r->partition); /* the rest comes live */
        return true;
    }
    enum told told = feed_teller_tell(f->teller, r, &view, &name);
    if (told == TOLD_LATER)
        feed_log_hold(f->behind, r->partition);
    else
        goes_on = behind_pass(f, picked, r, told == TOLD ? &view : NULL, name);
    feed_view_release(&view);
    return goes_on;
}

static void behind_end(struct feed *f, const struct feed_record *r)
{
    int64_t head = f->head[r->partition];
    behind_skip(f, r->partition, r->offset < head ? r->offset : head);
}

static void behind_lead(struct feed *f, struct stream *s)
{
    struct feed_record r = {0};
    enum feed_news news = FEED_RECORD;
    bool goes_on = true;
    for (int i = 0; i < SLICE_MAX && goes_on && !stands_at_head(f, s); i++) {
        news = feed_log_poll(f->behind, i ? SLICE_QUIET_MS : SLICE_FIRST_MS, &r);
        if (news == FEED_RECORD)
            goes_on = behind_record(f, s, &r);
        else if (news == FEED_END)
            behind_end(f, &r);
        else
            goes_on = false;
        feed_record_release(&r);
    }
    if (news == FEED_LOST) {
        pthread_mutex_lock(&f->lock);
        stream_end(s);
        pthread_mutex_unlock(&f->lock);
    }
}

static enum err_code behind_seek(struct feed *f, const struct stream *s, struct err *err)
{
    struct feed_log *l = NULL;
    if (!f->behind) {
        TRY(feed_log_open(f->api->cfg, f->topic, FEED_EAGER, &l, err));
        reader_put(f, &f->behind, l);
    }
    memcpy(f->led, s->at, (size_t)f->n * sizeof(*f->led));
    return feed_log_seek(f->behind, s->at, err);
}

/* One slice for one of them. False: nobody is behind that could be led. */
static bool behind_turn(struct feed *f)
{
    struct err err;
    struct stream *s = behind_pick(f);
    if (!s) {
        reader_put(f, &f->behind, NULL); /* it would go on fetching */
        return false;
    }
    if (!stands_at_head(f, s)) {
        if (behind_seek(f, s, &err) == ERR_OK)
            behind_lead(f, s);
        else
            reading_failed(f, &err);
    }
    behind_let_go(f, s);
    return true;
}

/* ---- now and then */

/* A place is told even where nothing is seen, and where somebody has gone it is noticed. */
static void streams_look(struct feed *f, int64_t now)
{
    pthread_mutex_lock(&f->lock);
    for (struct stream *s = f->streams; s; s = s->next) {
        enum stream_client client = stream_client(s);
        bool probe = client == CLIENT_SILENT && !s->probed;
        if (client == CLIENT_GONE) {
            stream_end(s);
        } else if ((probe || now - s->told_us > FEED_HEARTBEAT_US) && stream_has_room(s)) {
            s->probed |= probe;
            strbuf_adds(&s->out, ":\n");
            place_tell(f, s);
            strbuf_addc(&s->out, '\n');
            stream_wake(s);
        }
    }
    pthread_mutex_unlock(&f->lock);
}

/* From the `skip`th on. */
static size_t hashes_take(struct feed *f, size_t skip, uint8_t ret[CHECK_MAX][SESSION_HASH_BYTES])
{
    size_t n = 0;
    pthread_mutex_lock(&f->lock);
    for (struct stream *s = f->streams; s && n < CHECK_MAX; s = s->next)
        if (skip > 0)
            skip--;
        else
            memcpy(ret[n++], s->token_hash, SESSION_HASH_BYTES);
    pthread_mutex_unlock(&f->lock);
    return n;
}

static void
sessions_end(struct feed *f, uint8_t (*hashes)[SESSION_HASH_BYTES], const bool *valid, size_t n)
{
    pthread_mutex_lock(&f->lock);
    for (struct stream *s = f->streams; s; s = s->next)
        for (size_t i = 0; i < n; i++)
            if (!valid[i] && memcmp(hashes[i], s->token_hash, SESSION_HASH_BYTES) == 0)
                stream_end(s);
    pthread_mutex_unlock(&f->lock);
}

/* Logout, another password, deactivation, time (V2). While nobody can tell, nothing ends. */
static void sessions_look(struct feed *f)
{
    struct err err;
    size_t n = CHECK_MAX;
    uint8_t hashes[CHECK_MAX][SESSION_HASH_BYTES];
    bool valid[CHECK_MAX];
    for (size_t skip = 0; n == CHECK_MAX; skip += n) {
        n = hashes_take(f, skip, hashes);
        if (n == 0 || sessions_live(f->api->sessions, hashes, n, valid, &err) != ERR_OK)
            return;
        sessions_end(f, hashes, valid, n);
    }
}

static void tick(struct feed *f)
{
    int64_t now = time_monotonic_us();
    if (now < f->tick_us)
        return;
    f->tick_us = now + TICK_US;
    streams_look(f, now);
    if (now < f->check_us)
        return;
    f->check_us = now + FEED_CHECK_US - TICK_US;
    sessions_look(f);
}

/* ---- the thread */

static bool nobody_is_here(struct feed *f)
{
    pthread_mutex_lock(&f->lock);
    bool nobody = !f->streams && !f->pending;
    pthread_mutex_unlock(&f->lock);
    return nobody;
}

/* No stream for a while: nothing is read, nothing is kept. */
static bool time_to_leave(struct feed *f)
{
    int64_t now = time_monotonic_us();
    if (!nobody_is_here(f))
        f->idle_us = now;
    if (now - f->idle_us < LINGER_US && !atomic_load(&f->draining))
        return false;
    readers_close(f);
    pthread_mutex_lock(&f->lock);
    bool leaves = !f->streams && !f->pending;
    f->running = !leaves;
    pthread_mutex_unlock(&f->lock);
    return leaves;
}

static void turn(struct feed *f)
{
    struct err err;
    pending_admit(f);
    tick(f);
    if (!f->live && time_monotonic_us() >= f->retry_us && live_open(f, &err) != ERR_OK)
        reading_failed(f, &err);
    if (!f->live) {
        (void)poll(NULL, 0, POLL_MS);
        return;
    }
    if (live_retry(f, &err) != ERR_OK) {
        reading_failed(f, &err);
        return;
    }
    bool leading = behind_turn(f);
    if (f->live)
        live_read(f, leading ? 0 : POLL_MS);
}

static void *feed_main(void *arg)
{
    struct feed *f = arg;
    f->teller = feed_teller_new(f->api, f->topic);
    f->has_head = false;
    f->retry_us = f->held_us = f->tick_us = f->check_us = f->marks_us = 0;
    f->idle_us = time_monotonic_us();
    while (!time_to_leave(f))
        turn(f);
    feed_teller_free(f->teller);
    return NULL;
}

/* Under the lock. The thread before, if any, has nothing more to do. */
static bool thread_start(struct feed *f)
{
    if (f->running)
        return true;
    if (f->joinable)
        pthread_join(f->thread, NULL);
    f->running = f->joinable = pthread_create(&f->thread, NULL, feed_main, f) == 0;
    return f->running;
}

struct feed *feed_new(struct api *api, struct api_service *s)
{
    char labels[64];
    struct feed *f = calloc(1, sizeof(*f));
    size_t n = (size_t)api->cfg->partitions;
    if (!f || !(f->head = calloc(n, sizeof(*f->head))) || !(f->led = calloc(n, sizeof(*f->led))) ||
        !(f->low = calloc(n, sizeof(*f->low))) || !(f->high = calloc(n, sizeof(*f->high))))
        abort();
    f->api = api;
    f->service = s;
    f->n = (int32_t)n;
    service_event_topic(api->cfg->topic_prefix, s->service->name, f->topic);
    (void)snprintf(labels, sizeof(labels), "service=\"%s\"", s->service->name);
    f->streams_gauge = metrics_gauge("hirelog_feed_streams", labels, "Open event streams.");
    f->events = metrics_counter("hirelog_feed_events_total", labels, "Events told in streams.");
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

void feed_drain(struct feed *f)
{
    atomic_store(&f->draining, true);
    all_end(f);
}

void feed_free(struct feed *f)
{
    if (!f)
        return;
    feed_drain(f);
    if (f->joinable)
        pthread_join(f->thread, NULL);
    pthread_mutex_destroy(&f->lock);
    free(f->head);
    free(f->led);
    free(f->low);
    free(f->high);
    free(f);
}

void feed_admit(struct feed *f, struct stream *s)
{
    pthread_mutex_lock(&f->lock);
    bool refused = atomic_load(&f->draining) || !thread_start(f);
    if (!refused) {
        s->next = f->pending;
        f->pending = s;
        thread_wake(f);
    }
    pthread_mutex_unlock(&f->lock);
    if (!refused)
        return;
    s->admission = ADMISSION_UNAVAILABLE;
    request_resume(s->request);
}

/* ---- the response, on the HTTP loops */

static ssize_t response_read(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct stream *s = cls;
    (void)pos;
    pthread_mutex_lock(&s->feed->lock);
    ssize_t n = stream_take(s, buf, max);
    pthread_mutex_unlock(&s->feed->lock);
    return n;
}

static void response_over(void *cls)
{
    struct stream *s = cls;
    struct feed *f = s->feed;
    pthread_mutex_lock(&f->lock);
    list_take(f, s);
    s->gone = true;
    bool pinned = s->pinned;
    stream_quota_give(f->api->stream_quota, &s->viewer);
    pthread_mutex_unlock(&f->lock);
    if (!pinned)
        stream_free(s);
}

struct MHD_Response *feed_join(struct feed *f, struct stream *s)
{
    s->feed = f;
    struct MHD_Response *r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE,
                                                               response_read, s, response_over);
    if (!r)
        return NULL;
    strbuf_adds(&s->out, CLIENT_RETRY);
    pthread_mutex_lock(&f->lock);
    place_tell(f, s);
    strbuf_addc(&s->out, '\n');
    list_put(f, s);
    s->ended = atomic_load(&f->draining) || !thread_start(f);
    pthread_mutex_unlock(&f->lock);
    return r;
}

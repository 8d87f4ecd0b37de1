/*
 * log_fill.c - writes a history into the job event log, as lanes would have: whole commands, versions without gaps, CloudEvents
 * headers, transactions. For `make bench-replay`; no command log stands behind it, so no lane may run there.
 *
 *     log_fill CONFIG JOBS APART DAYS
 *
 * Each job is posted, edited three times and closed: 5 events. Between two events of one job lie 5 * APART events of others. The
 * events happened evenly over the last DAYS days.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "consumers/event_header.h"
#include "consumers/manifest.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/log.h"
#include "ops/runtime/strbuf.h"
#include "ops/runtime/timeutil.h"
#include "producers/event_log.h"
#include "schemas/codec.h"
#include "schemas/records.h"

#define EVENTS_PER_JOB  5
#define TRANSACTION_MAX 5000
#define PARTITIONS_MAX  16
#define DAY_US          INT64_C(86400000000)

/* One partition's log and the transaction that is being filled. */
struct filled {
    struct event_log *log;
    struct event_message messages[TRANSACTION_MAX];
    size_t n;
    int64_t next_command;
    struct arena arena;
};

struct fill {
    struct config cfg;
    int64_t jobs, apart, days;
    int64_t began_us, now_us, written;
    char source[128];
    struct codec *codec;
    struct filled partitions[PARTITIONS_MAX];
};

static struct uuid id_of(const char *what, int64_t number)
{
    char text[32];
    snprintf(text, sizeof(text), "%lld", (long long)number);
    return uuid_v5_of(what, text, NULL);
}

static struct event_meta
meta_of(const struct fill *f, int64_t job, int64_t version, struct arena *a)
{
    int64_t events = f->jobs * EVENTS_PER_JOB;
    struct event_meta meta = {
        .event_id = uuid_v7(f->now_us),
        .command_id = uuid_v7(f->now_us),
        .aggregate_id = id_of("job", job),
        .version = version,
        .actor = {.kind = ACTOR_KIND_USER, .id = id_of("client", job % 5000)},
        .occurred_at = f->now_us - f->days * DAY_US + f->days * DAY_US / events * f->written,
    };
    meta.actor.roles.items = ARENA_NEW(a, int);
    meta.actor.roles.items[0] = ROLE_CLIENT;
    meta.actor.roles.n = 1;
    return meta;
}

static const char *text_of(int64_t job, int64_t version, struct arena *a)
{
    return arena_printf(a,
                        "Translate manual %lld (%lld) about pumps of the type %lld from German to "
                        "English, with a glossary "
                        "of %lld words, by the end of the month. Drawings are included; they need "
                        "not be translated.",
                        (long long)job, (long long)version, (long long)(job % 977),
                        (long long)(job % 313));
}

static struct record posted(const struct fill *f, int64_t job, struct arena *a)
{
    static const char *skills[] = {"german", "english", "pumps"};
    struct job_posted *e = record_new(&type_job_posted, a);
    e->meta = meta_of(f, job, 1, a);
    e->client_id = e->meta.actor.id;
    e->title = arena_printf(a, "Translate manual %lld", (long long)job);
    e->description = text_of(job, 1, a);
    e->skills.items = skills;
    e->skills.n = ARRAY_SIZE(skills);
    e->budget = (struct money){100000 + job, "EUR"};
    return (struct record){&type_job_posted, e};
}

static struct record edited(const struct fill *f, int64_t job, int64_t version, struct arena *a)
{
    struct job_edited *e = record_new(&type_job_edited, a);
    e->meta = meta_of(f, job, version, a);
    e->has_title = version == 2;
    e->title = e->has_title ? arena_printf(a, "Translate the manual %lld", (long long)job) : NULL;
    e->has_budget = version == 3;
    e->budget = (struct money){e->has_budget ? 120000 + job : 0, e->has_budget ? "EUR" : NULL};
    e->has_description = version == 4;
    e->description = e->has_description ? text_of(job, version, a) : NULL;
    return (struct record){&type_job_edited, e};
}

static struct record closed(const struct fill *f, int64_t job, int64_t version, struct arena *a)
{
    struct job_closed *e = record_new(&type_job_closed, a);
    e->meta = meta_of(f, job, version, a);
    e->reason = "done by ourselves";
    return (struct record){&type_job_closed, e};
}

static struct record event_of(const struct fill *f, int64_t job, int64_t version, struct arena *a)
{
    if (version == 1)
        return posted(f, job, a);
    return version == EVENTS_PER_JOB ? closed(f, job, version, a) : edited(f, job, version, a);
}

static enum err_code flush(struct filled *p, struct err *err)
{
    size_t index;
    if (p->n == 0)
        return ERR_OK;
    TRY(event_log_append(p->log, p->messages, p->n, err));
    TRY(event_log_commit(p->log, &index, err));
    p->n = 0;
    arena_clear(&p->arena);
    return ERR_OK;
}

static enum err_code add(struct fill *f, int64_t job, int64_t version, struct err *err)
{
    struct uuid key = id_of("job", job);
    struct filled *p = &f->partitions[kafka_partition(&key, (int32_t)f->cfg.partitions)];
    struct event_message *m = &p->messages[p->n];
    struct record event = event_of(f, job, version, &p->arena);
    struct event_origin origin = {
        .command_offset = p->next_command++, .i = 1, .n = 1, .has_digest = true};
    *m = (struct event_message){
        .key = key, .timestamp_ms = ((struct event_meta *)event.value)->occurred_at / 1000};
    TRY(codec_encode(f->codec, event, &p->arena, &m->value, err));
    m->headers = event_headers_new(event, f->source, &origin, "");
    f->written++;
    return ++p->n == TRANSACTION_MAX ? flush(p, err) : ERR_OK;
}

static enum err_code fill_all(struct fill *f, struct err *err)
{
    for (int64_t at = 0; at < f->jobs + (EVENTS_PER_JOB - 1) * f->apart; at++)
        for (int64_t version = 1; version <= EVENTS_PER_JOB; version++) {
            int64_t job = at - (version - 1) * f->apart;
            if (job >= 0 && job < f->jobs)
                TRY(add(f, job, version, err));
        }
    for (int64_t i = 0; i < f->cfg.partitions; i++)
        TRY(flush(&f->partitions[i], err));
    return ERR_OK;
}

static enum err_code run(struct fill *f, struct err *err)
{
    f->now_us = time_now_us();
    f->codec = codec_new();
    snprintf(f->source, sizeof(f->source), "/%s/job", f->cfg.topic_prefix);
    for (int64_t i = 0; i < f->cfg.partitions; i++) {
        arena_init(&f->partitions[i].arena);
        TRY(event_log_open(&f->cfg, "job", (int32_t)i, &f->partitions[i].log, err));
    }
    return fill_all(f, err);
}

static int64_t number_of(const char *text)
{
    char *end;
    long long n = strtoll(text, &end, 10);
    return *end || n < 0 ? 0 : n;
}

int main(int argc, char **argv)
{
    static struct fill f;
    struct strbuf problems;
    struct err err;
    if (argc != 5) {
        fprintf(stderr, "usage: log_fill CONFIG JOBS APART DAYS\n");
        return EXIT_FAILURE;
    }
    strbuf_init(&problems);
    log_setup(LOG_WARN, LOG_LOGFMT, "log_fill");
    f.jobs = number_of(argv[2]);
    f.apart = number_of(argv[3]);
    f.days = number_of(argv[4]);
    enum err_code code = config_load(argv[1], service_names, &f.cfg, &problems, &err);
    if (code == ERR_OK && (f.cfg.partitions > PARTITIONS_MAX || f.jobs == 0))
        code =
            err_set(&err, ERR_INVALID, "at most %d partitions, at least one job", PARTITIONS_MAX);
    if (code == ERR_OK)
        code = run(&f, &err);
    if (code != ERR_OK)
        fprintf(stderr, "log_fill: %s\n", err.msg);
    else
        printf("%lld events of %lld jobs\n", (long long)f.written, (long long)f.jobs);
    fflush(NULL);
    _exit(err_exit_code[code]);
}

/* Exports and imports with a real broker: another topic prefix is another cluster. */
#include "tests/unit/spec.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "consumers/archive_export.h"
#include "consumers/archive_group.h"
#include "consumers/archive_import.h"
#include "consumers/event_header.h"
#include "consumers/import_mark.h"
#include "consumers/lane_session.h"
#include "consumers/log_scan.h"
#include "consumers/repair.h"
#include "consumers/topology.h"
#include "ops/runtime/timeutil.h"
#include "producers/event_log.h"
#include "schemas/records.h"
#include "tests/integration/archive_world.h"
#include "tests/integration/lane_world.h"

#define JOBS_N 20
#define FAR    300000 /* a command offset that many commands have made */

static enum err_code export_to(const char *log, const char *name, struct err *err)
{
    struct archive_manifest m;
    archive_manifest_init(&m);
    enum err_code code =
        archive_export(&world.cfg, topic_of(world.cfg.topic_prefix, log), dir_of(name), &m, err);
    archive_manifest_release(&m);
    return code;
}

static void exported(const char *log, const char *name)
{
    struct err err;
    if (export_to(log, name, &err) != ERR_OK)
        fail_msg("export of %s: %s", log, err.msg);
}

static enum err_code import_from(const char *first, const char *second, struct err *err)
{
    const char *dirs[] = {dir_of(first), second ? dir_of(second) : NULL};
    int64_t records;
    return archive_import(&world.cfg, dirs, second ? 2 : 1, &records, err);
}

static void imported(const char *first, const char *second)
{
    struct err err;
    if (import_from(first, second, &err) != ERR_OK)
        fail_msg("import of %s: %s", first, err.msg);
}

/* ---- records that are odd */

static void expect_bytes(struct bytes a, struct bytes b)
{
    assert_int_equal(a.data == NULL, b.data == NULL);
    assert_int_equal(a.len, b.len);
    if (a.len > 0)
        assert_memory_equal(a.data, b.data, a.len);
}

static void expect_record(const struct archive_record *a, const struct archive_record *b)
{
    assert_int_equal(a->timestamp_ms, b->timestamp_ms);
    expect_bytes(a->key, b->key);
    expect_bytes(a->value, b->value);
    assert_int_equal(a->n_headers, b->n_headers);
    for (size_t i = 0; i < a->n_headers; i++) {
        assert_string_equal(a->headers[i].name, b->headers[i].name);
        expect_bytes(a->headers[i].value, b->headers[i].value);
    }
}

static void expect_log(const char *log, const char *prefix, bool same_offsets)
{
    for (int32_t p = 0; p < WORLD_PARTITIONS; p++) {
        struct seen was = {0}, is = {0};
        struct log_range old = read_log(topic_of(home, log), p, &was);
        struct log_range now = read_log(topic_of(prefix, log), p, &is);
        assert_int_equal(was.n, is.n);
        for (size_t i = 0; i < was.n; i++) {
            expect_record(&was.records[i], &is.records[i]);
            if (same_offsets)
                assert_int_equal(was.records[i].offset, is.records[i].offset);
        }
        if (same_offsets) {
            assert_int_equal(old.low, now.low);
            assert_int_equal(old.end, now.end);
        }
    }
}

static void a_log_comes_back_byte_for_byte(void **state)
{
    (void)state;
    const char *commands = topic_of(home, "messaging.commands");
    struct seen seen = {0};
    struct err err;
    write_odd_events(topic_of(home, "messaging.events"));
    for (size_t i = 0; i < ODD_RECORDS_N; i++)
        produce(world.producer, commands, 2, &odd_records[i]);
    assert_int_equal(kafka_records_delete(world.producer, commands, 2, 2, &err), ERR_OK);
    exported("messaging.events", "odd_events");
    exported("messaging.commands", "odd_commands");
    move_to("archive_odd");
    imported("odd_events", "odd_commands");
    expect_log("messaging.events", "archive_odd", false);
    expect_log("messaging.commands", "archive_odd", true);
    read_log("archive_odd.messaging.events", 1, &seen);
    assert_int_equal(seen.n, 2 * ODD_RECORDS_N);
    for (size_t i = 0; i < seen.n; i++)
        expect_record(&odd_records[i % ODD_RECORDS_N], &seen.records[i]);
}

/* More than we ever write, but the topic takes it of anybody: raw, or since it is small when compressed. */
static void a_record_as_large_as_a_topic_takes_comes_back(void **state)
{
    (void)state;
    static uint8_t raw[1150 * 1000], zeros[2 * 1000 * 1000];
    const struct archive_record large[] = {
        {.timestamp_ms = 1700000000000, .value = {raw, sizeof(raw)}    },
        {.timestamp_ms = 1700000000001, .value = {zeros, sizeof(zeros)}},
    };
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof(raw); i++) /* nothing that could be compressed */
        raw[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
    for (size_t i = 0; i < ARRAY_SIZE(large); i++)
        produce(world.producer, topic_of(home, "freelancer.commands"), 0, &large[i]);
    exported("freelancer.events", "large_events");
    exported("freelancer.commands", "large");
    move_to("archive_large");
    imported("large_events", "large");
    expect_log("freelancer.commands", "archive_large", true);
}

/* ---- a service that goes on elsewhere */

#define SUM(table)                                                                         \
    "SELECT md5(string_agg((to_jsonb(t) - 'next_event' - 'position')::text, ',' ORDER BY " \
    "(to_jsonb(t) - 'next_event' - 'position')::text)) FROM hirelog_" table " t"

static const char *const tables[] = {
    SUM("user_g1.account"),
    SUM("job_g1.posting"),
    SUM("user_g1.outcome"),
    SUM("job_g1.outcome"),
    SUM("job_g1.state"),
    SUM("user_g1.state"),
    SUM("user.claim"),
    "SELECT string_agg(partition || ' ' || next_command, ',' ORDER BY partition) FROM "
    "hirelog_job_g1.lane",
};

static void remember_rows(const char *rows[ARRAY_SIZE(tables)])
{
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        rows[i] = sql_text(tables[i]);
}

static void expect_rows(const char *const rows[ARRAY_SIZE(tables)])
{
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        if (strcmp(rows[i], sql_text(tables[i])) != 0)
            fail_msg("not the same: %s", tables[i]);
}

static void lose_the_view(void)
{
    sql_run("DROP SCHEMA hirelog_user, hirelog_user_g1, hirelog_job, hirelog_job_g1 CASCADE");
    world_migrate();
}

static void await_caught_up(void)
{
    await_number("SELECT count(*) FROM hirelog_user_g1.lane_progress WHERE caught_up",
                 WORLD_PARTITIONS);
    await_number("SELECT count(*) FROM hirelog_job_g1.lane_progress WHERE caught_up",
                 WORLD_PARTITIONS);
}

static struct post_job *jobs[JOBS_N];
static int64_t offsets[JOBS_N];

static void live_a_little(void)
{
    static const uint8_t garbage[] = "not avro at all";
    pid_t worker = worker_spawn(NULL);
    struct register_user *ana = register_user_new("ana@example.org");
    struct register_user *again = register_user_new("ANA@example.org");
    send_command(&type_register_user, ana);
    assert_string_equal(outcome_of("user", &ana->meta.command_id), "applied");
    send_command(&type_register_user, again);
    for (int i = 0; i < JOBS_N; i++) {
        jobs[i] = post_job_new("before");
        offsets[i] = send_command(&type_post_job, jobs[i]);
    }
    for (int32_t p = 0; p < WORLD_PARTITIONS; p++)
        send_bytes("job", p, NULL, 0, (struct bytes){garbage, sizeof(garbage)});
    assert_string_equal(outcome_of("user", &again->meta.command_id), "email_taken");
    for (int i = 0; i < JOBS_N; i++)
        assert_string_equal(outcome_of("job", &jobs[i]->meta.command_id), "applied");
    await_number("SELECT count(*) FROM hirelog_job.dead_letter", WORLD_PARTITIONS);
    worker_stop(worker);
}

static void expect_new_commands_are_taken(int n)
{
    for (int i = 0; i < n; i++) {
        struct post_job *job = post_job_new("after");
        send_command(&type_post_job, job);
        assert_string_equal(outcome_of("job", &job->meta.command_id), "applied");
        assert_int_equal(count_events("job", &job->meta.command_id).of_command, 1);
    }
}

static void expect_old_commands_are_known(void)
{
    for (int i = 0; i < JOBS_N; i++)
        send_command(&type_post_job, jobs[i]);
    struct post_job *last;
    for (int32_t p = 0; p < WORLD_PARTITIONS; p++) {
        do
            last = post_job_new("behind the old ones");
        while (partition_of(&last->job_id) != p);
        send_command(&type_post_job, last);
        assert_string_equal(outcome_of("job", &last->meta.command_id), "applied");
    }
    for (int i = 0; i < JOBS_N; i++)
        assert_int_equal(count_events("job", &jobs[i]->meta.command_id).of_command, 1);
}

static enum err_code open_lane(struct err *err)
{
    struct lane_session *s = NULL;
    struct lane_pulse pulse;
    struct lane_identity id;
    lane_identity_init(&id, &world.cfg, service_find("job"), 0);
    lane_pulse_init(&pulse, "job", 0);
    enum err_code code = lane_session_open(&id, &pulse, &s, err);
    lane_session_free(s);
    lane_pulse_release(&pulse);
    return code;
}

static void a_service_goes_on_in_another_cluster(void **state)
{
    (void)state;
    const char *rows[ARRAY_SIZE(tables)];
    struct err err;
    struct post_job *waiting = post_job_new("nobody has decided it");
    live_a_little();
    remember_rows(rows);
    int64_t waits_at = send_command(&type_post_job, waiting);
    exported("user.events", "user");
    exported("job.events", "job");
    exported("job.commands", "job_commands");
    move_to("archive_again");
    imported("job", "job_commands");
    imported("user", NULL);
    expect_log("job.events", "archive_again", false);
    expect_log("job.commands", "archive_again", true);
    refused(open_lane(&err), ERR_CORRUPT, &err, "the view was made from another log");
    lose_the_view();
    pid_t worker = worker_spawn(NULL);
    await_caught_up();
    /* What had been accepted and not decided is decided now, in its own place. */
    assert_string_equal(outcome_of("job", &waiting->meta.command_id), "applied");
    assert_int_equal(sql_number("SELECT command_offset FROM hirelog_job_g1.outcome ORDER BY "
                                "decided_at DESC LIMIT 1"),
                     waits_at);
    expect_new_commands_are_taken(6);
    expect_old_commands_are_known();
    worker_stop(worker);
    assert_int_equal(sql_number("SELECT count(*) FROM hirelog_job_g1.posting WHERE title = "
                                "'before'"),
                     JOBS_N);
}

static void a_view_of_a_restored_log_equals_the_original(void **state)
{
    (void)state;
    const char *rows[ARRAY_SIZE(tables)];
    lose_the_view(); /* the one of the scenario before is of another log */
    pid_t worker = worker_spawn(NULL);
    await_caught_up();
    worker_stop(worker);
    remember_rows(rows);
    exported("user.events", "user_alone");
    exported("job.events", "job_alone");
    move_to("archive_alone");
    imported("user_alone", "job_alone");
    for (int turn = 0; turn < 2; turn++) { /* the second time from a log with both epochs */
        lose_the_view();
        worker = worker_spawn(NULL);
        await_caught_up();
        if (turn == 0) {
            expect_rows(rows);
            expect_new_commands_are_taken(6);
            worker_stop(worker);
            remember_rows(rows);
            continue;
        }
        expect_rows(rows);
        expect_new_commands_are_taken(3);
        expect_old_commands_are_known();
        worker_stop(worker);
    }
}

/* ---- groups */

/* Of a group at home or elsewhere, with all partitions of a topic. */
static rd_kafka_t *open_group(const char *service,
                              const char *name,
                              const char *log,
                              rd_kafka_topic_partition_list_t **ret)
{
    char group[GROUP_NAME_MAX];
    struct err err;
    rd_kafka_t *reader = NULL;
    service_group(world.cfg.topic_prefix, service, name, group);
    assert_int_equal(kafka_follower_open(&world.cfg, group, 1, 1, &reader, &err), ERR_OK);
    *ret = rd_kafka_topic_partition_list_new(1);
    for (int32_t p = 0; p < WORLD_PARTITIONS; p++)
        rd_kafka_topic_partition_list_add(*ret, topic_of(world.cfg.topic_prefix, log), p);
    return reader;
}

static void give_position(const char *service, const char *name, const char *log, const int64_t *at)
{
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_t *reader = open_group(service, name, log, &list);
    for (int32_t p = WORLD_PARTITIONS; p-- > 0;) {
        list->elems[p].offset = at[p];
        if (at[p] < 0)
            rd_kafka_topic_partition_list_del_by_idx(list, p);
    }
    assert_int_equal(rd_kafka_commit(reader, list, 0), 0);
    rd_kafka_topic_partition_list_destroy(list);
    kafka_consumer_close(reader);
}

static void
expect_position(const char *service, const char *name, const char *log, const int64_t *at)
{
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_t *reader = open_group(service, name, log, &list);
    assert_int_equal(rd_kafka_committed(reader, list, 10000), 0);
    for (int32_t p = 0; p < WORLD_PARTITIONS; p++)
        assert_int_equal(list->elems[p].offset, at[p] >= 0 ? at[p] : RD_KAFKA_OFFSET_INVALID);
    rd_kafka_topic_partition_list_destroy(list);
    kafka_consumer_close(reader);
}

/* Halfway, at the end behind the last marker, and never begun. */
static void reactors_go_on_where_they_were(void **state)
{
    (void)state;
    struct seen first = {0}, second = {0}, commands = {0};
    struct err err;
    int64_t records;
    (void)read_log(topic_of(home, "job.events"), 0, &first);
    struct log_range range = read_log(topic_of(home, "job.events"), 1, &second);
    size_t half = first.n / 2;
    assert_true(half > 0 && first.records[half].offset > (int64_t)half); /* markers between */
    const int64_t was[] = {first.records[half].offset, range.end, -1};
    const int64_t is[] = {(int64_t)half, (int64_t)second.n, -1};
    const int64_t hints[] = {1, 1000000, 2};
    give_position("payment", "charge_contract", "job.events", was);
    give_position("job", SERVICE_WORKERS, "job.commands", hints);
    exported("payment.commands", "reactors");
    exported("payment.events", "reactors_events");
    exported("job.events", "reactors_source");
    const char *dirs[] = {dir_of("reactors"), dir_of("reactors_events"), dir_of("reactors_source")};
    move_to("archive_reactors");
    assert_int_equal(archive_import(&world.cfg, dirs, 3, &records, &err), ERR_OK);
    expect_position("payment", "charge_contract", "job.events", is);
    const int64_t end = read_log("archive_reactors.job.commands", 1, &commands).end;
    const int64_t restored[] = {1, end, 2};
    expect_position("job", SERVICE_WORKERS, "job.commands", restored);
    move_to("archive_no_source"); /* without their source they begin with it */
    assert_int_equal(archive_import(&world.cfg, dirs, 2, &records, &err), ERR_OK);
    const int64_t none[] = {-1, -1, -1};
    expect_position("payment", "charge_contract", "job.events", none);
}

/* ---- killed */

static void an_import_that_was_killed_is_noticed_and_goes_on(void **state)
{
    (void)state;
    static const char *const points[] = {
        "import_after_mark",     "import_after_topics",  "import_during_events:5",
        "import_after_events:2", "import_during_fill:7", "import_after_commands:1",
        "import_after_check",    "import_after_groups",  "import_before_unmark",
    };
    struct err err;
    exported("job.events", "killed");
    const char *args[] = {"import", "--unrelated", dir_of("killed"), NULL};
    lose_the_view();
    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        char prefix[64];
        snprintf(prefix, sizeof(prefix), "archive_killed_%zu", i);
        move_to(prefix);
        if (!run_killed_at(points[i], args))
            fail_msg("%s was not passed", points[i]);
        if (i > 0) /* topics are there */
            refused(open_lane(&err), ERR_UNAVAILABLE, &err, "is being restored");
        if (i % 2) /* killed once more */
            assert_true(run_killed_at("import_before_unmark", args));
        imported("killed", NULL);
        expect_log("job.events", prefix, false);
        refused(import_from("killed", NULL, &err), ERR_CONFLICT, &err, "is not empty");
    }
    lose_the_view();
    pid_t worker = worker_spawn(NULL);
    await_number("SELECT count(*) FROM hirelog_job_g1.lane_progress WHERE caught_up",
                 WORLD_PARTITIONS);
    expect_new_commands_are_taken(3);
    worker_stop(worker);
}

static void a_worker_waits_for_the_end_of_an_import(void **state)
{
    (void)state;
    const char *args[] = {"import", "--unrelated", dir_of("killed"), NULL};
    move_to("archive_waited");
    lose_the_view();
    assert_true(run_killed_at("import_after_events:2", args));
    pid_t worker = worker_spawn(NULL);
    await_number(
        "SELECT (SELECT count(*) FROM hirelog_job_g1.lane WHERE epoch > 1)::int", // again and again
        WORLD_PARTITIONS);
    assert_int_equal(sql_number("SELECT count(*) FROM hirelog_job_g1.posting"), 0);
    assert_int_equal(
        sql_number("SELECT count(*) FROM hirelog_job_g1.lane_progress WHERE caught_up"), 0);
    imported("killed", NULL);
    await_number("SELECT count(*) FROM hirelog_job_g1.lane_progress WHERE caught_up",
                 WORLD_PARTITIONS);
    assert_true(sql_number("SELECT count(*) FROM hirelog_job_g1.posting") >= JOBS_N);
    worker_stop(worker);
}

/* A lane that was open before the mark came cannot write into what is restored. */
static void a_lane_that_is_open_is_fenced(void **state)
{
    (void)state;
    struct event_log *log = NULL;
    struct err err;
    struct job_closed *e = record_new(&type_job_closed, &world.arena);
    size_t index;
    e->reason = "why not";
    struct record event = {&type_job_closed, e};
    struct event_origin origin = {.command_offset = 0, .i = 1, .n = 1};
    struct event_message m = {.headers = event_headers_new(event, "/test", &origin, "")};
    move_to("archive_fenced");
    struct kafka_topic_spec specs[] = {
        topology_spec(&world.cfg, TOPOLOGY_EVENTS, "archive_fenced.job.events"),
        topology_spec(&world.cfg, TOPOLOGY_COMMANDS, "archive_fenced.job.commands"),
    };
    assert_int_equal(kafka_topics_create(world.producer, specs, 2, &err), ERR_OK);
    assert_int_equal(codec_encode(world.codec, event, &world.arena, &m.value, &err), ERR_OK);
    assert_int_equal(event_log_open(&world.cfg, "job", 0, &log, &err), ERR_OK);
    imported("killed", NULL);
    enum err_code code = event_log_append(log, &m, 1, &err);
    if (code == ERR_OK)
        code = event_log_commit(log, &index, &err);
    assert_int_not_equal(code, ERR_OK);
    event_log_free(log);
    expect_log("job.events", "archive_fenced", false);
}

static void an_export_that_was_killed_is_no_archive_and_begins_anew(void **state)
{
    (void)state;
    static const char *const points[] = {"export_after_file", "export_before_manifest"};
    struct err err;
    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        const char *name = points[i];
        const char *args[] = {"export", topic_of(home, "job.events"), "--to", dir_of(name), NULL};
        assert_true(run_killed_at(points[i], args));
        assert_true(exists(name, "export.unfinished"));
        refused(import_from(name, NULL, &err), ERR_INVALID, &err, "is not an archive");
        exported("job.events", name);
        assert_false(exists(name, "export.unfinished"));
        refused(export_to("job.events", name, &err), ERR_INVALID, &err, "is an archive already");
    }
    const char *args[] = {"export", topic_of(home, "job.events"), "--to", dir_of("late"), NULL};
    assert_true(run_killed_at("export_after_manifest", args)); /* whole, but for its own mark */
    refused(export_to("job.events", "late", &err), ERR_INVALID, &err, "is an archive already");
    move_to("archive_late");
    imported("late", NULL);
}

/* ---- refused */

static void write_file(const char *name, const char *file, const char *text)
{
    char path[ARCHIVE_PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", dir_of(name), file);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void an_export_into_somebodys_directory_is_refused(void **state)
{
    (void)state;
    struct err err;
    mkdir(dir_of("foreign"), 0777);
    write_file("foreign", "letter", "dear Ana");
    refused(export_to("job.events", "foreign", &err), ERR_INVALID, &err, "is not empty");
    write_file("foreign", "export.unfinished", "");
    refused(export_to("job.events", "foreign", &err), ERR_INVALID, &err, "is not of an export");
    assert_true(exists("foreign", "letter"));
    refused(export_to("job.nothing", "new", &err), ERR_INVALID, &err, "is no topic of ours");
    assert_false(exists("new", ""));
    refused(export_to("job.events", "no/such/place", &err), ERR_UNAVAILABLE, &err, "cannot make");
    move_to("archive_nowhere");
    refused(export_to("job.events", "new", &err), ERR_NOT_FOUND, &err,
            "archive_nowhere.job.events");
}

static void a_full_disk_is_told_and_leaves_no_archive(void **state)
{
    (void)state;
    struct err err;
    struct rlimit was, small;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    small = was;
    small.rlim_cur = 600;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum err_code code = export_to("job.events", "full", &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    refused(code, ERR_UNAVAILABLE, &err, "cannot write");
    assert_false(exists("full", "manifest.json"));
    refused(import_from("full", NULL, &err), ERR_INVALID, &err, "is not an archive");
    exported("job.events", "full");
}

static void patch(const char *name, const char *file, long at, bool cut)
{
    char path[ARCHIVE_PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", dir_of(name), file);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fseek(f, at, SEEK_END);
    int c = fgetc(f);
    fseek(f, at, SEEK_END);
    fputc(c ^ 1, f);
    if (cut)
        assert_int_equal(ftruncate(fileno(f), ftell(f)), 0);
    fclose(f);
}

static void a_damaged_archive_is_refused(void **state)
{
    (void)state;
    static const char first[] = "0-00000000000000000000.avro";
    char from[ARCHIVE_PATH_MAX], to[ARCHIVE_PATH_MAX];
    struct err err;
    exported("job.events", "damaged");
    move_to("archive_damaged");
    patch("damaged", first, -40, false);
    refused(import_from("damaged", NULL, &err), ERR_INVALID, &err, "was changed");
    assert_non_null(strstr(err.msg, first));
    patch("damaged", first, -40, false);
    snprintf(from, sizeof(from), "%s/%s", dir_of("damaged"), first);
    snprintf(to, sizeof(to), "%s/away", dir_of("damaged"));
    rename(from, to);
    refused(import_from("damaged", NULL, &err), ERR_INVALID, &err, "is missing");
    rename(to, from);
    patch("damaged", first, -40, true);
    refused(import_from("damaged", NULL, &err), ERR_INVALID, &err, "bytes, the manifest says");
    patch("damaged", "manifest.json", -9, true);
    refused(import_from("damaged", NULL, &err), ERR_INVALID, &err, "it is damaged");
    refused(import_from("nowhere", NULL, &err), ERR_INVALID, &err, "No such file");
    bool marked = true; /* nothing was begun */
    assert_int_equal(import_mark_find(world.producer, "archive_damaged.job.events", &marked, &err),
                     ERR_OK);
    assert_false(marked);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct err err;
    exported("job.events", "fits");
    exported("job.commands", "fits_commands");
    refused(import_from("fits", NULL, &err), ERR_CONFLICT, &err, "is not empty");
    move_to("archive_unfit");
    refused(import_from("fits_commands", NULL, &err), ERR_INVALID, &err, "without its events");
    refused(import_from("fits", "fits", &err), ERR_INVALID, &err, "both archives of");
    move_to("archive_alone"); /* made above: another log of commands */
    exported("job.commands", "unfit_commands");
    move_to("archive_unfit");
    refused(import_from("fits", "unfit_commands", &err), ERR_INVALID, &err, "belong together");
    world.cfg.partitions = WORLD_PARTITIONS + 1;
    enum err_code code = import_from("fits", NULL, &err);
    world.cfg.partitions = WORLD_PARTITIONS;
    refused(code, ERR_INVALID, &err, "has 3 partitions, the settings say 4");
    struct kafka_topic_spec wide =
        topology_spec(&world.cfg, TOPOLOGY_EVENTS, "archive_unfit.job.events");
    wide.partitions = 5;
    assert_int_equal(kafka_topics_create(world.producer, &wide, 1, &err), ERR_OK);
    refused(import_from("fits", NULL, &err), ERR_INVALID, &err, "has 5 partitions, its archive 3");
}

/* ---- who writes meanwhile */

static void a_command_that_comes_meanwhile_is_not_lost_silently(void **state)
{
    (void)state;
    static const struct archive_record foreign = {
        .timestamp_ms = 1700000000000, .value = {(const uint8_t *)"x", 1}
    };
    static const char *const points[] = {"import_after_events:2", "import_during_fill:3"};
    struct err err;
    const char *args[] = {"import", "--unrelated", dir_of("fits"), NULL};
    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        char prefix[64];
        snprintf(prefix, sizeof(prefix), "archive_meanwhile_%zu", i);
        move_to(prefix);
        assert_true(run_killed_at(points[i], args));
        produce(world.producer, topic_of(prefix, "job.commands"), 2, &foreign);
        refused(import_from("fits", NULL, &err), ERR_CONFLICT, &err, "not of this import");
        refused(open_lane(&err), ERR_UNAVAILABLE, &err, "is being restored");
    }
}

/* Retention looks at timestamps, and those are restored. */
static void commands_that_the_topic_keeps_no_longer_are_no_damage(void **state)
{
    (void)state;
    struct err err;
    struct seen is = {0};
    const char *args[] = {"import", "--unrelated", dir_of("fits"), dir_of("fits_commands"), NULL};
    move_to("archive_expired");
    assert_true(run_killed_at("import_before_unmark", args));
    assert_int_equal(
        kafka_records_delete(world.producer, "archive_expired.job.commands", 0, 2, &err), ERR_OK);
    imported("fits", "fits_commands");
    assert_int_equal(read_log("archive_expired.job.commands", 0, &is).low, 2);
}

/* ---- far offsets */

static void a_log_of_many_commands_begins_behind_them(void **state)
{
    (void)state;
    struct event_log *log = NULL;
    struct err err;
    struct job_closed *e = record_new(&type_job_closed, &world.arena);
    size_t index;
    e->reason = "why not";
    e->meta.event_id = uuid_v7(time_now_us());
    struct record event = {&type_job_closed, e};
    struct event_origin origin = {.command_offset = FAR - 1, .i = 1, .n = 1};
    struct event_message m = {.headers = event_headers_new(event, "/test", &origin, ""),
                              .timestamp_ms = 1700000000000};
    struct seen seen = {0};
    move_to("archive_far");
    struct kafka_topic_spec specs[] = {
        topology_spec(&world.cfg, TOPOLOGY_EVENTS, "archive_far.job.events"),
    };
    assert_int_equal(kafka_topics_create(world.producer, specs, 1, &err), ERR_OK);
    assert_int_equal(codec_encode(world.codec, event, &world.arena, &m.value, &err), ERR_OK);
    assert_int_equal(event_log_open(&world.cfg, "job", 2, &log, &err), ERR_OK);
    assert_int_equal(event_log_append(log, &m, 1, &err), ERR_OK);
    assert_int_equal(event_log_commit(log, &index, &err), ERR_OK);
    event_log_free(log);
    exported("job.events", "far");
    move_to("archive_far_again");
    imported("far", NULL);
    struct log_range range = read_log("archive_far_again.job.commands", 2, &seen);
    assert_int_equal(range.low, FAR);
    assert_int_equal(range.end, FAR);
    assert_int_equal(seen.n, 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        worker_main();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_log_comes_back_byte_for_byte, back_home),
        cmocka_unit_test_teardown(a_record_as_large_as_a_topic_takes_comes_back, back_home),
        cmocka_unit_test_teardown(a_service_goes_on_in_another_cluster, back_home),
        cmocka_unit_test_teardown(a_view_of_a_restored_log_equals_the_original, back_home),
        cmocka_unit_test_teardown(reactors_go_on_where_they_were, back_home),
        cmocka_unit_test_teardown(an_import_that_was_killed_is_noticed_and_goes_on, back_home),
        cmocka_unit_test_teardown(a_worker_waits_for_the_end_of_an_import, back_home),
        cmocka_unit_test_teardown(a_lane_that_is_open_is_fenced, back_home),
        cmocka_unit_test_teardown(an_export_that_was_killed_is_no_archive_and_begins_anew,
                                  back_home),
        cmocka_unit_test_teardown(an_export_into_somebodys_directory_is_refused, back_home),
        cmocka_unit_test_teardown(a_full_disk_is_told_and_leaves_no_archive, back_home),
        cmocka_unit_test_teardown(a_damaged_archive_is_refused, back_home),
        cmocka_unit_test_teardown(what_does_not_fit_is_refused, back_home),
        cmocka_unit_test_teardown(a_command_that_comes_meanwhile_is_not_lost_silently, back_home),
        cmocka_unit_test_teardown(commands_that_the_topic_keeps_no_longer_are_no_damage, back_home),
        cmocka_unit_test_teardown(a_log_of_many_commands_begins_behind_them, back_home),
    };
    return cmocka_run_group_tests(tests, archives_begin, world_end);
}

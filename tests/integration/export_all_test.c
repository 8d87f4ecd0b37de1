/* One cut of all logs: what is left of one that was killed, and what nobody decides. */
#include "tests/unit/spec.h"

#include "consumers/archive_export.h"
#include "consumers/archive_import.h"
#include "consumers/topology.h"
#include "tests/integration/archive_world.h"
#include "tests/integration/lane_world.h"

/* ---- all logs at once */

static enum err_code export_all_to(const char *name, struct err *err)
{
    struct archive_index x;
    archive_index_init(&x);
    enum err_code code = archive_export_all(&world.cfg, dir_of(name), &x, err);
    archive_index_release(&x);
    return code;
}

static void make_topics(const char *prefix)
{
    struct err err;
    for (size_t i = 0; i < n_services; i++) {
        char events[TOPIC_NAME_MAX], commands[TOPIC_NAME_MAX];
        service_event_topic(prefix, services[i].name, events);
        service_command_topic(prefix, services[i].name, commands);
        struct kafka_topic_spec specs[] = {
            topology_spec(&world.cfg, TOPOLOGY_EVENTS, events),
            topology_spec(&world.cfg, TOPOLOGY_COMMANDS, commands),
        };
        assert_int_equal(kafka_topics_create(world.producer, specs, 2, &err), ERR_OK);
    }
}

static void an_export_of_all_logs_that_was_killed_is_none_and_begins_anew(void **state)
{
    (void)state;
    static const char *const points[] = {"export_after_file", "export_after_part:5",
                                         "export_before_index"};
    struct err err;
    move_to("archive_whole");
    make_topics("archive_whole");
    write_odd_events("archive_whole.job.events");
    const char *args[] = {"export", "--all", "--to", dir_of("whole"), NULL};
    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        struct archive_index x;
        if (!run_killed_at(points[i], args))
            fail_msg("%s was not passed", points[i]);
        archive_index_init(&x);
        refused(archive_index_open(dir_of("whole"), &x, &err), ERR_INVALID, &err,
                "is not an export of all logs");
        archive_index_release(&x);
    }
    if (export_all_to("whole", &err) != ERR_OK)
        fail_msg("export --all: %s", err.msg);
    refused(export_all_to("whole", &err), ERR_INVALID, &err, "is an archive already");
    const char *parts[] = {dir_of("whole/job.events"), dir_of("whole/job.commands")};
    assert_int_equal(archive_index_check_parts(parts, 2, &err), ERR_OK);
    parts[1] = dir_of("alone");
    struct archive_manifest m;
    archive_manifest_init(&m);
    assert_int_equal(archive_export(&world.cfg, "archive_whole.job.commands", parts[1], &m, &err),
                     ERR_OK);
    archive_manifest_release(&m);
    refused(archive_index_check_parts(parts, 2, &err), ERR_INVALID, &err, "--unrelated");
}

/* Nobody decides: what was accepted is in the cut, and is decided where it is restored. */
static void what_is_not_decided_is_in_the_cut(void **state)
{
    (void)state;
    static const struct archive_record accepted = {
        .timestamp_ms = 1700000000000, .value = {(const uint8_t *)"x", 1}
    };
    struct err err;
    move_to("archive_open");
    make_topics("archive_open");
    produce(world.producer, "archive_open.job.commands", 1, &accepted);
    if (export_all_to("open", &err) != ERR_OK)
        fail_msg("export --all: %s", err.msg);
    move_to("archive_open_again");
    const char *dirs[] = {dir_of("open/job.events"), dir_of("open/job.commands")};
    int64_t records;
    if (archive_import(&world.cfg, dirs, 2, &records, &err) != ERR_OK)
        fail_msg("import: %s", err.msg);
    struct seen seen = {0};
    struct log_range range = read_log("archive_open_again.job.commands", 1, &seen);
    assert_int_equal(seen.n, 1);
    assert_int_equal(range.end, 1);
    assert_int_equal(range.low, 0); /* no event says that it was decided */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_export_of_all_logs_that_was_killed_is_none_and_begins_anew,
                                  back_home),
        cmocka_unit_test_teardown(what_is_not_decided_is_in_the_cut, back_home),
    };
    return cmocka_run_group_tests(tests, archives_begin, world_end);
}

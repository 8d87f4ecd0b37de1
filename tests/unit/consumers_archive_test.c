/* Archive files and manifests, as they are written and as they are damaged. */
#include "tests/unit/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "consumers/archive_dir.h"
#include "consumers/archive_index.h"
#include "consumers/archive_manifest.h"
#include "consumers/import_mark.h"

static char dir[] = "/tmp/hirelog-archive-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command); // NOLINT(cert-env33-c): a name of our own
}

/* ---- files */

static struct archive_header headers[] = {
    {"name", {(const uint8_t *)"v", 1}},
    {"null", {NULL, 0}                },
    {"",     {(const uint8_t *)"", 0} },
};
static const struct archive_record records[] = {
    {.offset = 7,
     .timestamp_ms = 1700000000000,
     .key = {(const uint8_t *)"k", 1},
     .value = {(const uint8_t *)"\0\xff", 2},
     .headers = headers,
     .n_headers = 3},
    {.offset = 8,   .append_time = true,                                            .value = {(const uint8_t *)"", 0}                                                                                      },
    {.offset = 12,.timestamp_ms = -1,.key = {(const uint8_t *)"", 0}},
};

static void write_file(int32_t partition, struct archive_file *ret)
{
    struct err err;
    owned(archive_writer_free) struct archive_writer *w = NULL;
    assert_int_equal(archive_writer_open(dir, partition, records[0].offset, &w, &err), ERR_OK);
    for (size_t i = 0; i < ARRAY_SIZE(records); i++)
        assert_int_equal(archive_writer_add(w, &records[i], &err), ERR_OK);
    assert_int_equal(archive_writer_finish(w, ret, &err), ERR_OK);
}

static void same_bytes(struct bytes a, struct bytes b)
{
    assert_int_equal(a.data == NULL, b.data == NULL);
    assert_int_equal(a.len, b.len);
    if (a.data && b.data && a.len > 0)
        assert_memory_equal(a.data, b.data, a.len);
}

static void a_file_gives_back_what_went_in(void **state)
{
    (void)state;
    struct archive_file file;
    struct archive_record r;
    struct err err;
    bool end;
    owned(archive_reader_free) struct archive_reader *reader = NULL;
    write_file(0, &file);
    assert_string_equal(file.name, "0-00000000000000000007.avro");
    assert_int_equal(file.last, 12);
    assert_int_equal(archive_file_check(dir, &file, &err), ERR_OK);
    assert_int_equal(archive_reader_open(dir, &file, &reader, &err), ERR_OK);
    for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
        assert_int_equal(archive_reader_next(reader, &r, &end, &err), ERR_OK);
        assert_false(end);
        assert_int_equal(r.offset, records[i].offset);
        assert_int_equal(r.timestamp_ms, records[i].timestamp_ms);
        assert_int_equal(r.append_time, records[i].append_time);
        same_bytes(r.key, records[i].key);
        same_bytes(r.value, records[i].value);
        assert_int_equal(r.n_headers, records[i].n_headers);
        for (size_t j = 0; j < r.n_headers; j++) {
            assert_string_equal(r.headers[j].name, headers[j].name);
            same_bytes(r.headers[j].value, headers[j].value);
        }
    }
    assert_int_equal(archive_reader_next(reader, &r, &end, &err), ERR_OK);
    assert_true(end);
}

static void a_file_without_its_end_has_no_name(void **state)
{
    (void)state;
    struct err err;
    char path[ARCHIVE_PATH_MAX];
    struct archive_writer *w = NULL;
    assert_int_equal(archive_writer_open(dir, 5, 0, &w, &err), ERR_OK);
    assert_int_equal(archive_writer_add(w, &records[0], &err), ERR_OK);
    archive_writer_free(w);
    assert_int_equal(archive_path(dir, "5-00000000000000000000.avro", path, &err), ERR_OK);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void a_record_that_is_too_large_is_refused(void **state)
{
    (void)state;
    struct err err;
    uint8_t *large = calloc(1, ARCHIVE_RECORD_BYTES_MAX + 1);
    owned(archive_writer_free) struct archive_writer *w = NULL;
    struct archive_record r = {
        .value = {large, ARCHIVE_RECORD_BYTES_MAX}
    };
    assert_int_equal(archive_writer_open(dir, 6, 0, &w, &err), ERR_OK);
    assert_int_equal(archive_writer_add(w, &r, &err), ERR_OK);
    r.value.len++;
    assert_int_equal(archive_writer_add(w, &r, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "offset 0"));
    free(large);
}

static enum err_code read_all(const struct archive_file *f, struct err *err)
{
    owned(archive_reader_free) struct archive_reader *reader = NULL;
    struct archive_record r;
    bool end = false;
    enum err_code code = archive_reader_open(dir, f, &reader, err);
    while (code == ERR_OK && !end)
        code = archive_reader_next(reader, &r, &end, err);
    return code;
}

static void a_manifest_of_another_file_is_noticed(void **state)
{
    (void)state;
    struct archive_file file, other;
    struct err err;
    write_file(1, &file);
    assert_int_equal(read_all(&file, &err), ERR_OK);
    other = file;
    other.first = 6;
    assert_int_equal(read_all(&other, &err), ERR_CORRUPT);
    other = file;
    other.last = 13;
    assert_int_equal(read_all(&other, &err), ERR_CORRUPT);
    other = file;
    other.records = 4;
    assert_int_equal(read_all(&other, &err), ERR_CORRUPT);
    other = file;
    other.sha256[0] = other.sha256[0] == '0' ? '1' : '0';
    assert_int_equal(archive_file_check(dir, &other, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "was changed"));
}

/* Frozen: manifests that exist hold these. */
static void the_digest_of_records_stays_what_it_is(void **state)
{
    (void)state;
    char sum[ARCHIVE_SHA256_LEN + 1], with[ARCHIVE_SHA256_LEN + 1];
    struct archive_record blank = {.offset = 9, .timestamp_ms = 5};
    for (int turn = 0; turn < 2; turn++) {
        owned(archive_digest_free) struct archive_digest *d = archive_digest_new(turn == 1);
        archive_digest_add(d, &records[0]);
        archive_digest_add(d, &blank); /* counts for nothing */
        archive_digest_add(d, &records[1]);
        archive_digest_text(d, turn ? with : sum);
    }
    assert_string_equal(sum, "df7b90b81a38edea521d9daaab8b318a646091fe3168b9108d89001922a9f213");
    assert_string_equal(with, "941abf013f883258f4a3b015026ffc5f33c11f2e05f33059ff4f4bfbc08872c7");
}

/* ---- manifests */

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEAD                                                                               \
    "{\"format\": \"hirelog-archive-1\", \"topic\": \"hirelog.job.events\", \"service\": " \
    "\"job\", \"log\": \"events\", \"cluster_id\": \"c\", \"exported_at\": "               \
    "\"2026-01-02T03:04:05.000006Z\", \"partitions\": ["
#define FILES(files, begin, end, records)                                              \
    "{\"partition\": 0, \"begin\": " begin ", \"end\": " end ", \"records\": " records \
    ", \"digest\": \"" SHA "\", \"files\": [" files "]}"
#define FILE_(name, first, last, records)                                                      \
    "{\"name\": \"" name "\", \"first\": " first ", \"last\": " last ", \"records\": " records \
    ", \"bytes\": 1, \"sha256\": \"" SHA "\"}"

#define GROUP(source, next) "{\"name\": \"g\", \"source\": \"" source "\", \"next\": [" next "]}"

static enum err_code parse(const char *text, struct err *err)
{
    owned_value(archive_manifest_release) struct archive_manifest m;
    archive_manifest_init(&m);
    return archive_manifest_parse(text, strlen(text), &m, err);
}

static void a_manifest_comes_back_as_it_was_written(void **state)
{
    (void)state;
    owned_value(archive_manifest_release) struct archive_manifest m, read;
    struct err err;
    struct archive_file file = {"2-00000000000000000003.avro", 3, 9, 5, 1000, SHA};
    archive_manifest_init(&m);
    archive_manifest_init(&read);
    snprintf(m.topic, sizeof(m.topic), "hirelog.user.commands");
    snprintf(m.cluster_id, sizeof(m.cluster_id), "some cluster");
    m.service = service_find("user");
    m.commands = true;
    m.exported_at_us = 1767323045000006;
    struct archive_partition partitions[] = {
        {.begin = 3,      .end = 10,    .records = 5, .digest = SHA, .files = &file, .n_files = 1},
        {.begin = 2, .end = 2, .digest = SHA            },
    };
    int64_t next[] = {7, -1};
    struct archive_group group = {.name = "open_client", .source = m.service, .next = next};
    m.partitions = partitions;
    m.n_partitions = 2;
    m.groups = &group;
    m.n_groups = 1;
    assert_int_equal(archive_manifest_write(&m, dir, &err), ERR_OK);
    assert_int_equal(archive_manifest_read(dir, &read, &err), ERR_OK);
    assert_string_equal(read.topic, m.topic);
    assert_string_equal(read.cluster_id, m.cluster_id);
    assert_ptr_equal(read.service, m.service);
    assert_true(read.commands);
    assert_int_equal(read.exported_at_us, m.exported_at_us);
    assert_int_equal(read.n_partitions, 2);
    assert_int_equal(read.partitions[0].end, 10);
    assert_int_equal(read.partitions[1].begin, 2);
    assert_string_equal(read.partitions[0].files[0].name, file.name);
    assert_string_equal(read.partitions[0].files[0].sha256, file.sha256);
    assert_int_equal(read.partitions[0].files[0].last, file.last);
    assert_int_equal(read.partitions[0].files[0].bytes, file.bytes);
    assert_int_equal(read.n_groups, 1);
    assert_string_equal(read.groups[0].name, "open_client");
    assert_ptr_equal(read.groups[0].source, m.service);
    assert_int_equal(read.groups[0].next[0], 7);
    assert_int_equal(read.groups[0].next[1], -1);
}

static void damaged(const char *text, const char *what)
{
    struct err err = {0};
    if (parse(text, &err) != ERR_INVALID || !strstr(err.msg, what))
        fail_msg("%s: expected \"%s\", got \"%s\"", text, what, err.msg);
}

static void a_damaged_manifest_is_refused_and_says_where(void **state)
{
    (void)state;
    struct err err;
    damaged("", "line");
    damaged("{", "line");
    damaged("[]", "format");
    damaged("{\"format\": \"hirelog-archive-9\"}", "this program reads hirelog-archive-1");
    damaged(HEAD "]}", "partitions");
    damaged(HEAD "1]}", "partition");
    damaged(HEAD FILES("", "0", "0", "0") ", " FILES("", "0", "0", "0") "]}", "partition");
    damaged(HEAD FILES("", "-1", "0", "0") "]}", "begin");
    damaged(HEAD FILES("", "0", "0", "1") "]}", "records");
    damaged(HEAD FILES("1", "0", "0", "0") "]}", "name");
    damaged(HEAD FILES(FILE_("../x", "0", "0", "1"), "0", "1", "1") "]}", "name");
    damaged(HEAD FILES(FILE_(".x", "0", "0", "1"), "0", "1", "1") "]}", "name");
    damaged(HEAD FILES(FILE_("x", "0", "0", "2"), "0", "1", "2") "]}", "follow");
    damaged(HEAD FILES(FILE_("x", "0", "3", "2"), "0", "3", "2") "]}", "outside");
    damaged(
        HEAD FILES(FILE_("x", "2", "3", "2") ", " FILE_("y", "3", "4", "1"), "0", "9", "3") "]}",
        "follow");
    damaged(HEAD FILES("", "0", "0", "0") "], \"groups\": 1}", "groups");
    damaged(HEAD FILES("", "0", "0", "0") "], \"groups\": [{}]}", "name");
    damaged(HEAD FILES("", "0", "0", "0") "], \"groups\": [" GROUP("jobb", "1") "]}", "groups");
    damaged(HEAD FILES("", "0", "0", "0") "], \"groups\": [" GROUP("job", "1, 2") "]}", "groups");
    damaged(HEAD FILES("", "0", "0", "0") "], \"groups\": [" GROUP("job", "-2") "]}", "groups");
    assert_int_equal(
        parse(HEAD FILES("", "0", "0", "0") "], \"groups\": [" GROUP("job", "-1") "]}", &err),
        ERR_OK);
    assert_int_equal(parse(HEAD FILES(FILE_("x", "2", "3", "2") ", " FILE_("y", "4", "6", "1"), "0",
                                      "9", "3") "]}",
                           &err),
                     ERR_OK);
}

static void write_manifest(struct strbuf *ret_text)
{
    char path[ARCHIVE_PATH_MAX];
    int64_t next[] = {7};
    struct err err;
    struct archive_file file = {"0-00000000000000000003.avro", 3, 9, 5, 1000, SHA};
    struct archive_group group = {.name = "g", .source = service_find("user"), .next = next};
    struct archive_partition partition = {
        .begin = 3, .end = 10, .records = 5, .digest = SHA, .files = &file, .n_files = 1};
    struct archive_manifest m = {.topic = "hirelog.job.events",
                                 .service = service_find("job"),
                                 .cluster_id = "c",
                                 .exported_at_us = 1767323045000006,
                                 .partitions = &partition,
                                 .n_partitions = 1,
                                 .groups = &group,
                                 .n_groups = 1};
    assert_int_equal(archive_manifest_write(&m, dir, &err), ERR_OK);
    assert_int_equal(archive_path(dir, ARCHIVE_MANIFEST_NAME, path, &err), ERR_OK);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (int c; (c = fgetc(f)) != EOF;)
        strbuf_addc(ret_text, (char)c);
    fclose(f);
}

/* Spaces may become other ones; the sum may lose its name. Nothing else passes. */
static void every_flipped_bit_of_a_manifest_is_noticed(void **state)
{
    (void)state;
    owned_value(strbuf_release) struct strbuf text = {0};
    struct err err;
    size_t passed = 0;
    write_manifest(&text);
    const char *sum = strstr(strbuf_cstr(&text), "\n  \"sha256\"");
    assert_non_null(sum);
    size_t name = (size_t)(sum - text.data) + 4;
    assert_int_equal(parse(strbuf_cstr(&text), &err), ERR_OK);
    for (size_t bit = 0; bit < 8 * text.len; bit++) {
        owned_value(archive_manifest_release) struct archive_manifest m;
        size_t at = bit / 8;
        char *c = (char *)(uintptr_t)&text.data[at], was = *c;
        archive_manifest_init(&m);
        *c = (char)(was ^ 1 << bit % 8);
        bool taken = archive_manifest_parse(text.data, text.len, &m, &err) == ERR_OK;
        bool space = was == ' ' || was == '\n';
        if (taken && !space && !(at >= name && at < name + strlen("sha256")))
            fail_msg("byte %zu, %c for %c, is taken", at, *c, was);
        passed += taken;
        *c = was;
    }
    assert_true(passed < text.len);
}

static void the_mark_has_the_name_of_the_service(void **state)
{
    (void)state;
    char mark[TOPIC_NAME_MAX];
    import_mark_topic("a.b.job.events", mark);
    assert_string_equal(mark, "a.b.job.import");
    import_mark_topic("a.b.job.commands", mark);
    assert_string_equal(mark, "a.b.job.import");
}

/* ---- directories of exports */

static const char *place(const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void touch(const char *name)
{
    FILE *f = fopen(place(name), "we");
    assert_non_null(f);
    fclose(f);
}

static enum err_code open_dir(const char *name, struct archive_dir *d, struct err *err)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s", place(name));
    return archive_dir_open(path, ARCHIVE_INDEX_NAME, archive_part_known, d, err);
}

static void what_an_interrupted_export_left_is_taken_and_emptied(void **state)
{
    (void)state;
    struct archive_dir d, other;
    struct err err;
    assert_int_equal(open_dir("export", &d, &err), ERR_OK);
    assert_int_equal(open_dir("export", &other, &err), ERR_CONFLICT); /* it works there */
    archive_dir_close(&d);
    assert_int_equal(mkdir(place("export/job.events"), 0777), 0);
    touch("export/job.events/0-00000000000000000000.avro");
    touch("export/job.events/manifest.json");
    touch("export/index.json.tmp");
    assert_int_equal(open_dir("export", &d, &err), ERR_OK);
    assert_int_not_equal(access(place("export/job.events"), F_OK), 0);
    assert_int_not_equal(access(place("export/index.json.tmp"), F_OK), 0);
    touch("export/index.json");
    assert_int_equal(archive_dir_finish(&d, &err), ERR_OK);
    archive_dir_close(&d);
    assert_int_equal(open_dir("export", &d, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "is an archive already"));
}

static void what_is_somebodys_stays(void **state)
{
    (void)state;
    struct archive_dir d;
    struct err err;
    assert_int_equal(mkdir(place("mine"), 0777), 0);
    touch("mine/photo.jpg");
    assert_int_equal(open_dir("mine", &d, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "is not empty"));
    touch("mine/export.unfinished");
    assert_int_equal(open_dir("mine", &d, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "is not of an export"));
    archive_dir_close(&d);
    assert_int_equal(access(place("mine/photo.jpg"), F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gives_back_what_went_in),
        cmocka_unit_test(a_file_without_its_end_has_no_name),
        cmocka_unit_test(a_record_that_is_too_large_is_refused),
        cmocka_unit_test(a_manifest_of_another_file_is_noticed),
        cmocka_unit_test(the_digest_of_records_stays_what_it_is),
        cmocka_unit_test(a_manifest_comes_back_as_it_was_written),
        cmocka_unit_test(a_damaged_manifest_is_refused_and_says_where),
        cmocka_unit_test(every_flipped_bit_of_a_manifest_is_noticed),
        cmocka_unit_test(the_mark_has_the_name_of_the_service),
        cmocka_unit_test(what_an_interrupted_export_left_is_taken_and_emptied),
        cmocka_unit_test(what_is_somebodys_stays),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

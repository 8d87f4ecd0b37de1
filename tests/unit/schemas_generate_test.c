/* The generator on schemas of its own making: what it refuses, and by which words. Runs
 * build/tools/generate. */
#include "tests/unit/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/runtime/strbuf.h"

static char folder[] = "build/generate-test-XXXXXX";
static struct strbuf output;

static void write_file(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/schemas/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* The generator's words are in `output`. */
static int run(const char *command)
{
    char line[1024];
    strbuf_clear(&output);
    /* NOLINTNEXTLINE(cert-env33-c): our own words, nobody's input */
    FILE *f = popen(command, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        strbuf_adds(&output, line);
    return WEXITSTATUS(pclose(f));
}

static int generate(const char *option)
{
    char command[512];
    snprintf(command, sizeof command, "build/tools/generate %s/schemas %s/out %s 2>&1", folder,
             folder, option);
    return run(command);
}

static void assert_says(const char *words)
{
    if (strstr(strbuf_cstr(&output), words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, strbuf_cstr(&output));
}

static void assert_refused(const char *words)
{
    assert_int_equal(generate("--lock"), 1);
    assert_says(words);
}

static void assert_published(void)
{
    if (generate("--lock") != 0)
        fail_msg("%s", strbuf_cstr(&output));
}

#define RECORD(name, role, fields)                                  \
    "{\"type\":\"record\",\"name\":\"" name                         \
    "\",\"namespace\":\"hirelog.x\",\"doc\":\"d\",\"role\":\"" role \
    "\",\"key\":\"id\",\"fields\":[" fields "]}"
#define FIELD(name, type, more) "{\"name\":\"" name "\",\"doc\":\"d\",\"type\":" type more "}"
#define PART(name, fields)                                          \
    "{\"type\":\"record\",\"name\":\"" name                         \
    "\",\"namespace\":\"hirelog\",\"doc\":\"d\",\"role\":\"part\"," \
    "\"fields\":[" fields "]}"
#define UUID          "{\"type\":\"string\",\"logicalType\":\"uuid\"}"
#define COMMAND       FIELD("meta", "\"hirelog.CommandMeta\"", ",\"api\":false") "," FIELD("id", UUID, "")
#define STATE(fields) RECORD("Thing", "state", fields)

static int start_anew(void **state)
{
    (void)state;
    char command[512];
    snprintf(command, sizeof command,
             "rm -rf %s/schemas && mkdir -p %s/schemas/x %s/schemas/common %s/out", folder, folder,
             folder, folder);
    assert_int_equal(run(command), 0);
    write_file("common/CommandMeta.avsc", PART("CommandMeta", FIELD("command_id", UUID, "")));
    write_file("common/Spot.avsc", PART("Spot", FIELD("x", "\"long\"", "")));
    return 0;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[512];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    int status = run(command);
    strbuf_release(&output);
    return status;
}

static const char thing[] = STATE(FIELD("a", "\"string\"", ""));

static void a_published_text_may_not_change(void **state)
{
    (void)state;
    write_file("x/Thing.avsc", thing);
    assert_published();
    assert_int_equal(generate(""), 0);
    write_file("x/Thing.avsc", STATE(FIELD("a", "\"string\"", ",\"max_length\":9")));
    assert_int_equal(generate(""), 0); /* our rules are not part of the text */
    write_file("x/Thing.avsc", STATE(FIELD("a", "\"long\"", "")));
    assert_refused("hirelog.x.Thing version 1 was published and may not change");
    assert_says("Thing.v2.avsc");
}

static void a_shared_type_is_part_of_the_text(void **state)
{
    (void)state;
    write_file("x/Thing.avsc", STATE(FIELD("a", "\"hirelog.Spot\"", "")));
    assert_published();
    write_file("common/Spot.avsc", PART("Spot", FIELD("x", "\"long\"", "") "," FIELD(
                                                    "y", "\"long\"", ",\"default\":0")));
    assert_refused("hirelog.x.Thing version 1 was published and may not change");
}

static void a_published_schema_may_not_go_away(void **state)
{
    (void)state;
    write_file("x/Thing.avsc", thing);
    assert_published();
    write_file("x/Other.avsc", RECORD("Other", "state", FIELD("a", "\"string\"", "")));
    char path[256];
    snprintf(path, sizeof path, "%s/schemas/x/Thing.avsc", folder);
    assert_int_equal(unlink(path), 0);
    assert_refused("hirelog.x.Thing version 1 was published and may not go away");
}

static void a_new_schema_needs_an_id(void **state)
{
    (void)state;
    write_file("x/Thing.avsc", thing);
    assert_int_equal(generate(""), 1);
    assert_says("hirelog.x.Thing version 1 has no id yet");
}

#define OLD FIELD("a", "\"string\"", "") "," FIELD("b", "\"long\"", ",\"default\":1")

static void a_new_version_only_adds_fields_with_defaults(void **state)
{
    (void)state;
    write_file("x/Thing.avsc", STATE(OLD));
    write_file("x/Thing.v2.avsc", STATE(OLD "," FIELD("c", "\"hirelog.Spot\"", "")));
    assert_refused("Thing.v2.avsc: new field c needs a default");
    write_file("x/Thing.v2.avsc", STATE(FIELD("b", "\"long\"", ",\"default\":1")));
    assert_refused("Thing.v2.avsc: field a of version 1 is gone");
    write_file("x/Thing.v2.avsc",
               STATE(FIELD("a", "\"long\"", "") "," FIELD("b", "\"long\"", ",\"default\":1")));
    assert_refused("Thing.v2.avsc: field a has another type than in version 1");
    write_file("x/Thing.v2.avsc",
               STATE(FIELD("a", "\"string\"", "") "," FIELD("b", "\"long\"", ",\"default\":2")));
    assert_refused("Thing.v2.avsc: field b has another default than in version 1");
    write_file("x/Thing.v2.avsc",
               STATE(FIELD("c", "[\"null\",\"long\"]", ",\"default\":null") "," OLD));
    assert_published();
    write_file("x/Thing.v4.avsc", STATE(OLD));
    assert_refused("Thing.v4.avsc: version 3 is missing");
}

static void both_versions_are_written_and_the_newest_is_the_struct(void **state)
{
    (void)state;
    char command[512];
    write_file("x/Thing.avsc", STATE(OLD));
    write_file("x/Thing.v2.avsc",
               STATE(OLD "," FIELD("c", "[\"null\",\"long\"]", ",\"default\":null")));
    assert_published();
    snprintf(command, sizeof command, "cat %s/out/records.h %s/out/records.c", folder, folder);
    assert_int_equal(run(command), 0);
    assert_says("bool has_c;");
    assert_says("{1000000, 1,");
    assert_says("{1000001, 2,");
    snprintf(command, sizeof command,
             "cc -D_GNU_SOURCE -I. -I%s -fsyntax-only -x c - <<'E'\n#include "
             "\"out/records.h\"\nstruct thing t;\nE",
             folder);
    assert_int_equal(run(command), 0);
}

static void mistakes_are_all_listed(void **state)
{
    (void)state;
    write_file(
        "x/Thing.avsc",
        STATE(FIELD("a", "{\"type\":\"array\",\"items\":\"string\"}", "") "," FIELD(
            "B", "\"string\"", "") "," FIELD("c", "\"string\"",
                                             ",\"maxlength\":1") "," FIELD("c", "\"string\"", "")));
    assert_refused("a: an array needs \"max_items\"");
    assert_says("B: a field's name is snake_case");
    assert_says("c: unknown attribute \"maxlength\"");
    assert_says("field c stands there twice");
}

static void types_beyond_ours_are_refused(void **state)
{
    (void)state;
    static const char *const types[] = {
        "\"bytes\"",
        "\"null\"",
        "\"hirelog.Nothing\"",
        "[\"string\",\"null\"]",
        "[\"null\",\"string\",\"long\"]",
        "{\"type\":\"array\",\"items\":\"null\"}",
        "{\"type\":\"array\",\"items\":[\"null\",\"long\"]}",
        "{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":\"long\"}}",
        "{\"type\":\"map\",\"values\":\"long\"}",
        "{\"type\":\"string\",\"logicalType\":\"date\"}"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 STATE("{\"name\":\"a\",\"doc\":\"d\",\"max_items\":1,\"type\":%s}"), types[i]);
        write_file("x/Thing.avsc", text);
        assert_refused("a: type must be ");
    }
}

static void recursion_is_refused(void **state)
{
    (void)state;
    write_file("common/Spot.avsc", PART("Spot", FIELD("x", "\"hirelog.Dot\"", "")));
    write_file("common/Dot.avsc",
               PART("Dot", FIELD("y", "{\"type\":\"array\",\"items\":\"hirelog.Spot\"}",
                                 ",\"max_items\":1")));
    assert_refused("is recursive");
}

static void defaults_must_fit(void **state)
{
    (void)state;
    static const char *const fields[] = {
        FIELD("a", "\"long\"", ",\"default\":\"1\""),
        FIELD("a", "\"string\"", ",\"default\":null"),
        FIELD("a", "[\"null\",\"string\"]", ""),
        FIELD("a", "[\"null\",\"string\"]", ",\"default\":\"\""),
        FIELD("a", UUID, ",\"default\":\"x\""),
        FIELD("a", "{\"type\":\"array\",\"items\":\"long\"}",
              ",\"max_items\":3,\"default\":[1,\"2\"]"),
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, STATE("%s"), fields[i]);
        write_file("x/Thing.avsc", text);
        assert_refused("a: \"default\" does not fit the type");
    }
}

static void commands_have_meta_key_and_bounds(void **state)
{
    (void)state;
    write_file("x/Thing.avsc", RECORD("Thing", "command", FIELD("id", UUID, "")));
    assert_refused("the first field must be \"meta\" of type hirelog.CommandMeta");
    write_file("x/Thing.avsc",
               RECORD("Thing", "command", FIELD("meta", "\"hirelog.CommandMeta\"", "")));
    assert_refused("\"key\" must name a uuid field");
    write_file("x/Thing.avsc",
               RECORD("Thing", "command", COMMAND "," FIELD("t", "\"string\"", "")));
    assert_refused("t: a string in a command needs \"max_length\"");
    write_file("x/Thing.avsc", RECORD("Thing", "command",
                                      COMMAND "," FIELD("t", "\"string\"", ",\"max_length\":5")));
    assert_published();
}

static void files_say_what_they_are(void **state)
{
    (void)state;
    write_file("x/Other.avsc", thing);
    write_file("x/bad-name.avsc", thing);
    write_file("x/Broken.avsc", "{\n");
    assert_refused("Other.avsc: \"name\" must be \"Other\"");
    assert_says("bad-name.avsc: a schema file is called");
    assert_says("Broken.avsc: line 2:");
}

static void a_damaged_lock_file_is_refused(void **state)
{
    (void)state;
    write_file("x/Thing.avsc", thing);
    write_file("ids.lock", "what is this\n");
    assert_refused("ids.lock: not `<id> <subject> <version> <sha256>`");
    write_file("ids.lock", "7 hirelog.x.Thing 1 00\n");
    assert_refused("id 7: ids rise from 1000000");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, start_anew)
    const struct CMUnitTest tests[] = {
        TEST(a_published_text_may_not_change),
        TEST(a_shared_type_is_part_of_the_text),
        TEST(a_published_schema_may_not_go_away),
        TEST(a_new_schema_needs_an_id),
        TEST(a_new_version_only_adds_fields_with_defaults),
        TEST(both_versions_are_written_and_the_newest_is_the_struct),
        TEST(mistakes_are_all_listed),
        TEST(types_beyond_ours_are_refused),
        TEST(recursion_is_refused),
        TEST(defaults_must_fit),
        TEST(commands_have_meta_key_and_bounds),
        TEST(files_say_what_they_are),
        TEST(a_damaged_lock_file_is_refused),
    };
    return cmocka_run_group_tests_name("generate", tests, make_folder, remove_folder);
}

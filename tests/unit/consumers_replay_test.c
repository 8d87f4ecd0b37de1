/* What of a replay is pure: the line of its progress, where an audit ends, states in memory. */
#include "tests/unit/spec.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "consumers/progress.h"
#include "consumers/replay.h"
#include "consumers/state_cache.h"
#include "ops/runtime/timeutil.h"
#include "schemas/records.h"

static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* ---- progress */

static void
expect_line(bool bar, int64_t done, int64_t total, int64_t elapsed_us, const char *expected)
{
    char line[PROGRESS_LINE_MAX];
    progress_format("job", bar, done, total, elapsed_us, line);
    assert_string_equal(line, expected);
}

static void a_line_says_how_far_how_fast_and_how_long(void **state)
{
    (void)state;
    expect_line(true, 400, 1000, 20000000,
                "job [#########...............]  40.0 %  400 of 1,000  20/s  30 s left");
    expect_line(false, 400000, 1000000, 5000000,
                "job  40.0 %  400,000 of 1,000,000  80,000/s  8 s left");
    expect_line(false, 1, 1000, 1000000, "job   0.1 %  1 of 1,000  1/s  17 min left");
    expect_line(false, 1, 100000, 1000000, "job   0.0 %  1 of 100,000  1/s  28 h left");
}

static void a_line_at_the_ends(void **state)
{
    (void)state;
    expect_line(false, 0, 10, 1000000, "job   0.0 %  0 of 10  0/s  ? left");
    expect_line(false, 10, 10, 1000000, "job 100.0 %  10 of 10  10/s");
    expect_line(false, 0, 0, 1000000, "job 100.0 %  0 of 0  0/s");
    expect_line(false, 12, 10, 1000000, "job 100.0 %  10 of 10  10/s");
}

/* A terminal that is as wide as we say; what was drawn on it since the last look. */
struct terminal {
    int master;
    FILE *out;
    char text[1024];
};

static void terminal_resize(const struct terminal *t, unsigned short columns)
{
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    assert_int_equal(ioctl(t->master, TIOCSWINSZ, &size), 0);
}

static void terminal_open(struct terminal *t)
{
    struct termios raw;
    t->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(t->master >= 0 && grantpt(t->master) == 0 && unlockpt(t->master) == 0);
    t->out = fopen(ptsname(t->master), "we");
    assert_non_null(t->out);
    assert_int_equal(tcgetattr(fileno(t->out), &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(fileno(t->out), TCSANOW, &raw), 0);
}

static void terminal_close(struct terminal *t)
{
    fclose(t->out);
    close(t->master);
}

static const char *terminal_read(struct terminal *t)
{
    ssize_t n = read(t->master, t->text, sizeof(t->text) - 1);
    assert_true(n > 0);
    t->text[n] = '\0';
    return t->text;
}

/* As if it were time again. */
static const char *drawn(struct terminal *t, struct progress *p, int64_t done)
{
    p->shown_us = 0;
    progress_show(p, done, 1000000);
    return terminal_read(t);
}

static void a_line_is_drawn_over_and_fits_however_wide_the_terminal_is(void **state)
{
    (void)state;
    static const unsigned short widths[] = {200, 80, 50, 20, 2, 120};
    struct terminal t;
    struct progress p;
    terminal_open(&t);
    progress_begin(&p, t.out, true, "job");
    for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
        terminal_resize(&t, widths[i]);
        const char *line = drawn(&t, &p, 123456);
        size_t len = strlen(line);
        assert_true(len > 4 && line[0] == '\r' && strcmp(line + len - 3, "\033[K") == 0);
        assert_true(len - 4 < widths[i]);
        assert_null(strchr(line, '\n'));
        assert_int_equal(strchr(line, '#') != NULL, widths[i] > 80);
        assert_int_equal(strstr(line, "123,456 of 1,000,000") != NULL, widths[i] >= 50);
    }
    progress_end(&p, 1000000, 1000000);
    const char *last = terminal_read(&t);
    assert_true(strstr(last, "100.0 %") && last[strlen(last) - 1] == '\n');
    terminal_close(&t);
}

/* ---- until */

static struct replay_until until(const char *text)
{
    struct replay_until u = {0};
    struct err err;
    if (replay_until_parse(text, &u, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return u;
}

static void an_audit_ends_at_an_offset_a_position_or_a_time(void **state)
{
    (void)state;
    struct replay_until u = until("17");
    assert_int_equal(replay_until_offset(&u, "job", 0, 100), 17);
    assert_int_equal(replay_until_offset(&u, "job", 0, 10), 10);
    u = until("job/1:17,user/0:3");
    assert_int_equal(replay_until_offset(&u, "job", 1, 100), 17);
    assert_int_equal(replay_until_offset(&u, "user", 0, 100), 3);
    assert_int_equal(replay_until_offset(&u, "job", 0, 100), 100);
    u = until("2026-01-02T03:04:05Z");
    assert_int_equal(replay_until_offset(&u, "job", 0, 100), 100);
    char text[TIME_TEXT_LEN + 1];
    time_format(u.time_us, text);
    assert_string_equal(text, "2026-01-02T03:04:05.000000Z");
}

static void what_is_no_end_is_refused(void **state)
{
    (void)state;
    struct replay_until u;
    struct err err;
    static const char *const bad[] = {"",   "yesterday", "17x",
                                      "-1", "job/0",     "2026-13-01T00:00:00Z"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(replay_until_parse(bad[i], &u, &err), ERR_INVALID);
}

/* ---- states */

static struct uuid numbered(uint32_t n)
{
    struct uuid id = {{0}};
    memcpy(id.b, &n, sizeof(n));
    return id;
}

/* A job with that many applications: the state's size. */
static struct state_row
row_of(struct codec *codec, uint32_t number, int64_t version, size_t applications)
{
    struct state_row row = {
        .id = numbered(number), .version = version, .etag = version, .position = version};
    struct job_state *s = record_new(&type_job_state, &arena);
    struct err err;
    s->live_applications.items = ARENA_ARRAY(&arena, struct uuid, applications);
    s->live_applications.n = applications;
    if (codec_encode(codec, (struct record){&type_job_state, s}, &arena, &row.data, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return row;
}

/* Loads one into `as`; 1 = it may be in the database. */
static size_t
missing_of(const struct state_cache *c, struct codec *codec, uint32_t number, struct aggregates *as)
{
    struct uuid_list ids = {0}, missing = {0};
    struct uuid id = numbered(number);
    struct err err;
    uuid_list_add(&ids, &arena, &id);
    assert_int_equal(state_cache_load(c, &ids, codec, as, &arena, &missing, &err), ERR_OK);
    return missing.n;
}

static void expect_state(const struct state_cache *c,
                         struct codec *codec,
                         uint32_t number,
                         int64_t version,
                         size_t applications)
{
    struct aggregates *as = aggregates_new(&arena);
    struct uuid id = numbered(number);
    assert_int_equal(missing_of(c, codec, number, as), 0);
    const struct aggregate *g = aggregates_find(as, &id);
    assert_non_null(g);
    assert_int_equal(g->version, version);
    assert_int_equal(((const struct job_state *)g->state)->live_applications.n, applications);
}

static void a_state_in_memory_is_the_newest(void **state)
{
    (void)state;
    owned(codec_free) struct codec *codec = codec_new();
    owned(state_cache_free) struct state_cache *c = state_cache_new(1 << 20, 0);
    for (uint32_t i = 0; i < 1000; i++) {
        struct state_row row = row_of(codec, i, 1, i % 3);
        state_cache_put(c, &row, 1);
    }
    struct state_row longer = row_of(codec, 7, 2, 9), shorter = row_of(codec, 8, 2, 0);
    state_cache_put(c, &longer, 1);
    state_cache_put(c, &shorter, 1);
    expect_state(c, codec, 7, 2, 9);
    expect_state(c, codec, 8, 2, 0);
    expect_state(c, codec, 999, 1, 0);
}

static void what_is_not_in_memory_is_looked_for_unless_the_table_is_empty(void **state)
{
    (void)state;
    owned(codec_free) struct codec *codec = codec_new();
    owned(state_cache_free) struct state_cache *first = state_cache_new(1 << 20, 0);
    owned(state_cache_free) struct state_cache *later = state_cache_new(1 << 20, 1);
    assert_int_equal(missing_of(first, codec, 1, aggregates_new(&arena)), 0);
    assert_int_equal(missing_of(later, codec, 1, aggregates_new(&arena)), 1);
}

static void the_memory_of_states_is_bounded(void **state)
{
    (void)state;
    owned(codec_free) struct codec *codec = codec_new();
    owned(state_cache_free) struct state_cache *c = state_cache_new(64 * 1024, 0);
    uint32_t n = 0;
    for (; !state_cache_full(c) && n < 10000; n++) {
        struct state_row row = row_of(codec, n, 1, 3);
        state_cache_put(c, &row, 1);
    }
    assert_in_range(n, 10, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_how_far_how_fast_and_how_long),
        cmocka_unit_test(a_line_at_the_ends),
        cmocka_unit_test(a_line_is_drawn_over_and_fits_however_wide_the_terminal_is),
        cmocka_unit_test(an_audit_ends_at_an_offset_a_position_or_a_time),
        cmocka_unit_test(what_is_no_end_is_refused),
        cmocka_unit_test(a_state_in_memory_is_the_newest),
        cmocka_unit_test(what_is_not_in_memory_is_looked_for_unless_the_table_is_empty),
        cmocka_unit_test(the_memory_of_states_is_bounded),
    };
    return cmocka_run_group_tests_name("replay", tests, begin, end);
}

#include "consumers/progress.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ops/runtime/timeutil.h"

#define BAR_WIDTH      24
#define TERMINAL_US    100000
#define LINES_US       2000000
#define NUMBER_MAX     32
#define LEFT_MAX       32
#define CURSOR_TO_HOME "\r"
#define ERASE_THE_REST "\033[K"

/* 1234567 -> 1,234,567 */
static void number(int64_t n, char ret[NUMBER_MAX])
{
    char digits[NUMBER_MAX];
    int len = snprintf(digits, sizeof(digits), "%" PRId64, n);
    size_t at = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            ret[at++] = ',';
        ret[at++] = digits[i];
    }
    ret[at] = '\0';
}

static void time_left(int64_t seconds, char ret[LEFT_MAX])
{
    if (seconds < 100)
        snprintf(ret, LEFT_MAX, "%" PRId64 " s left", seconds);
    else if (seconds < 6000)
        snprintf(ret, LEFT_MAX, "%" PRId64 " min left", (seconds + 59) / 60);
    else
        snprintf(ret, LEFT_MAX, "%" PRId64 " h left", (seconds + 3599) / 3600);
}

static void bar_of(int64_t done, int64_t total, char ret[BAR_WIDTH + 4])
{
    int64_t full = total > 0 ? done * BAR_WIDTH / total : BAR_WIDTH;
    ret[0] = '[';
    for (int64_t i = 0; i < BAR_WIDTH; i++)
        ret[1 + i] = i < full ? '#' : '.';
    memcpy(ret + 1 + BAR_WIDTH, "] ", 3);
}

void progress_format(const char *what,
                     bool bar,
                     int64_t done,
                     int64_t total,
                     int64_t elapsed_us,
                     char ret[PROGRESS_LINE_MAX])
{
    char bars[BAR_WIDTH + 4] = "", has[NUMBER_MAX], all[NUMBER_MAX], rate[NUMBER_MAX];
    char left[LEFT_MAX] = "? left";
    done = done < total ? done : total;
    int64_t per_s = elapsed_us > 0 ? (int64_t)((double)done * 1e6 / (double)elapsed_us) : 0;
    if (bar)
        bar_of(done, total, bars);
    if (done == total)
        left[0] = '\0';
    else if (done > 0)
        time_left(
            (int64_t)((double)(total - done) * (double)elapsed_us / (double)done / 1e6 + 0.999),
            left);
    number(done, has);
    number(total, all);
    number(per_s, rate);
    snprintf(ret, PROGRESS_LINE_MAX, "%s %s%5.1f %%  %s of %s  %s/s%s%s", what, bars,
             total > 0 ? 100.0 * (double)done / (double)total : 100.0, has, all, rate,
             left[0] ? "  " : "", left);
}

void progress_begin(struct progress *p, FILE *out, bool terminal, const char *what)
{
    int64_t now = time_monotonic_us();
    *p = (struct progress){
        .out = out, .terminal = terminal, .what = what, .began_us = now, .shown_us = now};
}

/* The last column stays free: where it is written to, some terminals go to the next line at once. */
static int room_in(FILE *out)
{
    struct winsize size;
    bool known = ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known && size.ws_col < PROGRESS_LINE_MAX ? size.ws_col - 1 : PROGRESS_LINE_MAX;
}

/* Without the bar where that is too much, and cut off where that is. */
static void draw(struct progress *p, int64_t done, int64_t total, int64_t elapsed_us)
{
    char line[PROGRESS_LINE_MAX];
    int room = room_in(p->out);
    progress_format(p->what, true, done, total, elapsed_us, line);
    if (strlen(line) > (size_t)room)
        progress_format(p->what, false, done, total, elapsed_us, line);
    fprintf(p->out, CURSOR_TO_HOME "%.*s" ERASE_THE_REST, room, line);
}

static void show(struct progress *p, int64_t done, int64_t total, int64_t elapsed_us)
{
    char line[PROGRESS_LINE_MAX];
    if (p->terminal) {
        draw(p, done, total, elapsed_us);
        return;
    }
    progress_format(p->what, false, done, total, elapsed_us, line);
    fputs(line, p->out);
}

void progress_show(struct progress *p, int64_t done, int64_t total)
{
    int64_t now = time_monotonic_us();
    if (now - p->shown_us < (p->terminal ? TERMINAL_US : LINES_US))
        return;
    p->shown_us = now;
    show(p, done, total, now - p->began_us);
    if (!p->terminal)
        fputc('\n', p->out);
    fflush(p->out);
}

void progress_end(struct progress *p, int64_t done, int64_t total)
{
    int64_t took_us = time_monotonic_us() - p->began_us;
    show(p, done, total, took_us > 0 ? took_us : 1);
    fprintf(p->out, "  in %.1f s\n", (double)took_us / 1e6);
    fflush(p->out);
}

#include "ops/runtime/log.h"

#include <errno.h>
#include <unistd.h>

#include "ops/runtime/strbuf.h"
#include "ops/runtime/timeutil.h"

/* Set once before threads. */
static enum log_level level_min = LOG_INFO;
static enum log_format format = LOG_LOGFMT;
static const char *process_name = "hirelog";

static const char *const level_name[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

void log_setup(enum log_level min, enum log_format fmt, const char *process)
{
    level_min = min;
    format = fmt;
    process_name = process;
}

/* A line must stay a line, and a terminal must not be driven by what somebody sent us. */
static void add_quoted(struct strbuf *line, const char *s)
{
    strbuf_addc(line, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c < 0x20 || c == 0x7f)
            continue;
        if (c == '"' || c == '\\')
            strbuf_addc(line, '\\');
        strbuf_addc(line, *s);
    }
    strbuf_addc(line, '"');
}

static void add_json_clean(struct strbuf *line, const char *s)
{
    owned_value(strbuf_release) struct strbuf clean;
    strbuf_init(&clean);
    for (; *s; s++)
        if ((unsigned char)*s >= 0x20 && *s != 0x7f)
            strbuf_addc(&clean, *s);
    strbuf_add_json(line, strbuf_cstr(&clean));
}

static void add_string(struct strbuf *line, const char *s)
{
    if (format == LOG_JSON)
        add_json_clean(line, s ? s : "");
    else
        add_quoted(line, s ? s : "");
}

static void add_key(struct strbuf *line, const char *key)
{
    if (format == LOG_JSON)
        strbuf_addf(line, "%s\"%s\":", line->len > 1 ? "," : "", key);
    else
        strbuf_addf(line, "%s%s=", line->len ? " " : "", key);
}

/* What never needs escaping: quoted in JSON, bare in logfmt. */
static void add_word(struct strbuf *line, const char *key, const char *word)
{
    add_key(line, key);
    strbuf_addf(line, format == LOG_JSON ? "\"%s\"" : "%s", word);
}

static void add_kv(struct strbuf *line, const struct log_kv *kv)
{
    char text[UUID_TEXT_LEN + 1];
    switch (kv->kind) {
    case LOG_KV_STRING:
        add_key(line, kv->key);
        add_string(line, kv->s);
        break;
    case LOG_KV_INT:
        add_key(line, kv->key);
        strbuf_addf(line, "%lld", (long long)kv->i);
        break;
    case LOG_KV_UUID:
        uuid_format(kv->u, text);
        add_word(line, kv->key, text);
        break;
    }
}

/* One write per line, so lines of several threads do not mix. Where stderr is gone, so is the log.
 */
static void write_line(const struct strbuf *line)
{
    size_t done = 0;
    while (done < line->len) {
        ssize_t n = write(STDERR_FILENO, line->data + done, line->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        done += (size_t)n;
    }
}

void log_write(enum log_level level, const char *msg, const struct log_kv *kv)
{
    if (level < level_min)
        return;
    int saved_errno = errno;
    char now[TIME_TEXT_LEN + 1];
    owned_value(strbuf_release) struct strbuf line;
    strbuf_init(&line);
    if (format == LOG_JSON)
        strbuf_addc(&line, '{');
    time_format(time_now_us(), now);
    add_word(&line, "ts", now);
    add_word(&line, "level", level_name[level]);
    add_word(&line, "process", process_name);
    add_key(&line, "msg");
    add_string(&line, msg);
    for (; kv->key; kv++)
        add_kv(&line, kv);
    strbuf_adds(&line, format == LOG_JSON ? "}\n" : "\n");
    write_line(&line);
    errno = saved_errno;
}

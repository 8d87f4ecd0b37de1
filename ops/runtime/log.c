#include "ops/runtime/log.h"

#include <stdio.h>
#include <unistd.h>

#include "ops/runtime/strbuf.h"
#include "ops/runtime/timeutil.h"

static struct {
    enum log_level min;
    enum log_format format;
    const char *process;
} log_state = {LOG_INFO, LOG_LOGFMT, "hirelog"};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_setup(enum log_level min, enum log_format format, const char *process)
{
    log_state.min = min;
    log_state.format = format;
    log_state.process = process;
}

/* A quoted value without control characters: a line stays a line. */
static void add_quoted(struct strbuf *out, const char *value)
{
    strbuf_addc(out, '"');
    for (const char *p = value ? value : ""; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            continue;
        if (*p == '"' || *p == '\\')
            strbuf_addc(out, '\\');
        strbuf_addc(out, *p);
    }
    strbuf_addc(out, '"');
}

static void add_key(struct strbuf *out, const char *key)
{
    if (log_state.format == LOG_JSON)
        strbuf_addf(out, "%s\"%s\":", out->len > 1 ? "," : "", key);
    else
        strbuf_addf(out, "%s%s=", out->len ? " " : "", key);
}

static void add_string(struct strbuf *out, const char *key, const char *value)
{
    add_key(out, key);
    add_quoted(out, value);
}

static void add_kv(struct strbuf *out, const struct log_kv *kv)
{
    char text[UUID_TEXT_LEN + 1];
    switch (kv->kind) {
    case LOG_KV_STRING:
        add_string(out, kv->key, kv->s);
        break;
    case LOG_KV_INT:
        add_key(out, kv->key);
        strbuf_addf(out, "%lld", (long long)kv->i);
        break;
    case LOG_KV_UUID:
        uuid_format(kv->u, text);
        add_string(out, kv->key, text);
        break;
    }
}

void log_write(enum log_level level, const char *msg, const struct log_kv *kv)
{
    struct strbuf line;
    char now[TIME_TEXT_LEN + 1];
    if (level < log_state.min)
        return;
    strbuf_init(&line);
    if (log_state.format == LOG_JSON)
        strbuf_addc(&line, '{');
    time_format(time_now_us(), now);
    add_string(&line, "time", now);
    add_string(&line, "level", level_names[level]);
    add_string(&line, "process", log_state.process);
    add_string(&line, "msg", msg);
    for (; kv->key; kv++)
        add_kv(&line, kv);
    strbuf_adds(&line, log_state.format == LOG_JSON ? "}\n" : "\n");
    /* One write: lines of threads do not mix. A full or closed stderr must not stop the work. */
    ssize_t written = write(STDERR_FILENO, line.data, line.len);
    (void)written;
    strbuf_release(&line);
}

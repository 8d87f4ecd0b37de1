/*
 * log.h - one line per fact on stderr, logfmt or JSON. Only edges (main, request, batch) log.
 * log_info("batch applied", KV_S("service", name), KV_I("events", n));
 * Values are quoted, control characters dropped. Never pass secrets, bodies or tokens. Thread-safe.
 */
#ifndef OPS_RUNTIME_LOG_H
#define OPS_RUNTIME_LOG_H

#include "ops/runtime/err.h"
#include "ops/runtime/uuid.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

struct log_kv {
    const char *key; /* NULL ends the list */
    enum { LOG_KV_STRING, LOG_KV_INT, LOG_KV_UUID } kind;
    const char *s;
    int64_t i;
    const struct uuid *u;
};

#define KV_S(k, v) ((struct log_kv){.key = (k), .kind = LOG_KV_STRING, .s = (v)})
#define KV_I(k, v) ((struct log_kv){.key = (k), .kind = LOG_KV_INT, .i = (v)})
#define KV_U(k, v) ((struct log_kv){.key = (k), .kind = LOG_KV_UUID, .u = (v)})
#define KV_ERR(e)  KV_S("error", (e)->msg)

void log_setup(enum log_level min,
               enum log_format format,
               const char *process); /* before threads */
void log_write(enum log_level level, const char *msg, const struct log_kv *kv);

#define LOG_AT(level, msg, ...) \
    log_write((level), (msg), (const struct log_kv[]){__VA_ARGS__ __VA_OPT__(, ){.key = NULL}})
#define log_debug(msg, ...) LOG_AT(LOG_DEBUG, msg __VA_OPT__(, ) __VA_ARGS__)
#define log_info(msg, ...)  LOG_AT(LOG_INFO, msg __VA_OPT__(, ) __VA_ARGS__)
#define log_warn(msg, ...)  LOG_AT(LOG_WARN, msg __VA_OPT__(, ) __VA_ARGS__)
#define log_error(msg, ...) LOG_AT(LOG_ERROR, msg __VA_OPT__(, ) __VA_ARGS__)

#endif

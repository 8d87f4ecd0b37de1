#include "ops/runtime/config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <libpq-fe.h>
#include <limits.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024

enum setting_type { SETTING_TEXT, SETTING_INT };

/* One row, one setting: everything else in this file walks the table. */
struct setting {
    const char *key;
    enum setting_type type;
    size_t offset;
    size_t size;       /* of a text member */
    const char *value; /* default */
    int64_t min, max;  /* of a number */
    const char *doc;
};

#define AT(member)   offsetof(struct config, member)
#define SIZE(member) sizeof(((struct config *)0)->member)
#define TEXT(key, value, doc)                                    \
    {                                                            \
#key, SETTING_TEXT, AT(key), SIZE(key), value, 0, 0, doc \
    }
#define INT(key, value, min, max, doc)                      \
    {                                                       \
#key, SETTING_INT, AT(key), 0, value, min, max, doc \
    }

/* clang-format off */
static const struct setting settings[] = {
    TEXT(brokers, "127.0.0.1:9092", "Kafka bootstrap servers, comma-separated."),
    TEXT(pg, "host=127.0.0.1 dbname=hirelog", "PostgreSQL connection string without user: a service logs in as `hirelog_<service>`. With standbys: `host=a,b dbname=hirelog target_session_attrs=read-write`."),
    TEXT(pg_admin, "", "Connection string of the owner of the database, for `hirelog migrate` and `replay`; with the hosts and target_session_attrs of pg."),
    TEXT(pg_role_password_file, "", "File with the password that `hirelog migrate` gives the service roles; empty = none is set."),
    TEXT(services, "", "Services that this process runs, comma-separated; empty = all."),
    TEXT(schema_registry_url, "", "Base URL of the schema registry that assigns ids (Confluent's REST dialect; Apicurio: .../apis/ccompat/v7); empty = the ids of the binary."),
    TEXT(schema_registry_credentials_file, "", "File with `user:password` for the schema registry; empty = none."),
    TEXT(topic_prefix, "hirelog", "First part of every topic, group and transactional id."),
    INT(partitions, "1", 1, 1000, "Partitions of every topic. Frozen when the topics are created; checked at start."),
    INT(topic_replication, "1", 1, 7, "Replication factor that `hirelog topics` creates topics with; checked at start: fewer copies are refused."),
    INT(topic_min_insync_replicas, "0", 0, 7, "min.insync.replicas that `hirelog topics` creates topics with, and asks for; 0 = 2 with topic_replication 3 or more, else 1."),
    INT(topology_check_s, "60", 1, 3600, "API and worker look at the cluster's topics and their settings every so often (s)."),
    TEXT(listen, "127.0.0.1", "IPv4 address that the API and the admin ports listen on."),
    INT(api_port, "8080", 0, 65535, "Port of the API; 0 = any free one, which the log tells."),
    INT(api_admin_port, "8081", 0, 65535, "Port of /healthz, /readyz and /metrics of `hirelog api`."),
    INT(worker_admin_port, "8082", 0, 65535, "The same of `hirelog worker`."),
    INT(api_threads, "2", 1, 64, "Threads that serve HTTP."),
    INT(list_threads, "4", 1, 64, "Lists of one kind, per service, that PostgreSQL is asked for at once."),
    INT(api_connections_max, "4096", 16, 100000, "Open HTTP connections."),
    INT(transaction_timeout_ms, "10000", 4000, 60000, "Timeout of a Kafka transaction (ms). All other timeouts follow from it."),
    INT(batch_commands_max, "1000", 1, 10000, "Commands of one lane transaction."),
    INT(batch_events_max, "5000", 1100, 100000, "Events of one lane transaction; above it a batch is split."),
    INT(batch_bytes_max, "4194304", 1200000, 67108864, "Bytes of the commands of one lane transaction."),
    INT(wait_default_s, "5", 0, 30, "Seconds that a write waits for its outcome without `Prefer: wait`."),
    INT(wait_max_s, "30", 1, 300, "Most that `Prefer: wait` may ask for."),
    INT(command_ttl_s, "86400", 60, 172800, "Age above which a command is rejected as expired (s)."),
    INT(outcome_retention_s, "604800", 345600, 31536000, "How long outcomes are kept for repeated commands (s): more than command_ttl_s and the command topic's two days together."),
    INT(login_attempts_max, "10", 1, 100000, "Failed logins per e-mail and, times ten, per address in one window."),
    INT(login_window_s, "300", 1, 86400, "Window of login_attempts_max (s)."),
    INT(user_writes_per_second_max, "0", 0, 100000, "Writes of one user per second; 0 = no limit."),
    INT(session_idle_s, "1800", 60, 86400, "A session ends after so much time unused (s)."),
    INT(session_max_s, "43200", 60, 2592000, "A session ends after so much time in any case (s)."),
    INT(feed_streams_max, "1000", 1, 100000, "Event streams (GET /api/events/) in all."),
    INT(feed_streams_user_max, "10", 1, 1000, "Event streams of one user."),
    INT(feed_stall_s, "15", 1, 75, "An event stream whose reader takes nothing of what is there for so long is cut (s)."),
    INT(argon2_memory_kib, "19456", 19456, 1048576, "Memory of one Argon2id hash (KiB)."),
    INT(argon2_passes, "2", 2, 10, "Passes of one Argon2id hash."),
    INT(argon2_threads, "1", 1, 16, "Password hashes computed at the same time."),
    TEXT(identity_key_file, "", "File with the key that anonymous requests are identified by (32 bytes or more)."),
    TEXT(log_format, "logfmt", "logfmt or json."),
    TEXT(log_level, "info", "debug, info, warn or error."),
};
/* clang-format on */

static char *text_at(struct config *c, const struct setting *s)
{
    return (char *)c + s->offset;
}

static int64_t *int_at(struct config *c, const struct setting *s)
{
    return (int64_t *)(void *)((char *)c + s->offset);
}

static const struct setting *find(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        if (strcmp(settings[i].key, key) == 0)
            return &settings[i];
    }
    return NULL;
}

/* ---- setting one value
 * ---------------------------------------------------------------------------------------------------
 */

struct loading {
    struct config *config;
    const char *const *services;
    struct strbuf *problems;
    const char *where; /* "file.conf:12", "environment" */
};

static void problem(struct loading *l, const char *key, const char *what)
{
    strbuf_addf(l->problems, "%s: %s: %s\n", l->where, key, what);
}

static void set_text(struct loading *l, const char *key, char *at, size_t size, const char *value)
{
    char what[64];
    if (strlen(value) >= size) {
        snprintf(what, sizeof(what), "longer than %zu characters", size - 1);
        problem(l, key, what);
        return;
    }
    memcpy(at, value, strlen(value) + 1);
}

static void set_int(struct loading *l, const struct setting *s, const char *value)
{
    char *end;
    char what[96];
    errno = 0;
    long long v = strtoll(value, &end, 10);
    if (value[0] == '\0' || *end != '\0' || errno != 0) {
        problem(l, s->key, "not a whole number");
        return;
    }
    if (v < s->min || v > s->max) {
        snprintf(what, sizeof(what), "%lld is not between %lld and %lld", v, (long long)s->min,
                 (long long)s->max);
        problem(l, s->key, what);
        return;
    }
    *int_at(l->config, s) = v;
}

/* Settings of which each service has one: <prefix><service>. */
static const struct service_setting {
    const char *prefix;
    size_t offset; /* of the array */
    const char *doc;
} service_settings[] = {
    {"pg_",       AT(pg_service),
     "Whole connection string of one service, when it has a database of its own."               },
    {"pg_admin_", AT(pg_admin_service),
     "Connection string of the owner of that database, for `hirelog migrate`; empty = pg_admin."},
};

static char *service_text(struct config *c, const struct service_setting *s, size_t service)
{
    return (char *)c + s->offset + service * CONFIG_TEXT_MAX;
}

static void set_of_service(struct loading *l, const char *key, const char *value)
{
    for (size_t k = 0; k < ARRAY_SIZE(service_settings); k++) {
        const struct service_setting *s = &service_settings[k];
        size_t len = strlen(s->prefix);
        for (size_t i = 0; l->services[i] && i < CONFIG_SERVICES_MAX; i++) {
            if (strncmp(key, s->prefix, len) == 0 && strcmp(key + len, l->services[i]) == 0) {
                set_text(l, key, service_text(l->config, s, i), CONFIG_TEXT_MAX, value);
                return;
            }
        }
    }
    problem(l, key, "no such setting");
}

static void set(struct loading *l, const char *key, const char *value)
{
    const struct setting *s = find(key);
    if (s && s->type == SETTING_INT)
        set_int(l, s, value);
    else if (s)
        set_text(l, key, text_at(l->config, s), s->size, value);
    else
        set_of_service(l, key, value);
}

/* ---- sources
 * -------------------------------------------------------------------------------------------------------------
 */

static char *trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    char *end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1]))
        *--end = '\0';
    return s;
}

static bool seen_before(struct strbuf *seen, const char *key)
{
    char framed[LINE_MAX_LEN + 3];
    snprintf(framed, sizeof(framed), "\n%s\n", key);
    if (strstr(strbuf_cstr(seen), framed))
        return true;
    strbuf_adds(seen, framed);
    return false;
}

static void load_line(struct loading *l, char *line, struct strbuf *seen)
{
    char *text = trim(line);
    if (*text == '\0' || *text == '#')
        return;
    char *equals = strchr(text, '=');
    if (!equals) {
        problem(l, text, "not of the form key = value");
        return;
    }
    *equals = '\0';
    char *key = trim(text);
    if (seen_before(seen, key))
        problem(l, key, "set twice");
    else
        set(l, key, trim(equals + 1));
}

static void load_file(struct loading *l, const char *file)
{
    char line[LINE_MAX_LEN];
    char where[LINE_MAX_LEN];
    struct strbuf seen;
    FILE *f = fopen(file, "re");
    l->where = file;
    if (!f) {
        problem(l, "file", strerror(errno));
        return;
    }
    strbuf_init(&seen);
    for (int n = 1; fgets(line, sizeof(line), f); n++) {
        snprintf(where, sizeof(where), "%s:%d", file, n);
        l->where = where;
        if (strlen(line) == sizeof(line) - 1 && line[sizeof(line) - 2] != '\n')
            problem(l, "line", "too long");
        load_line(l, line, &seen);
    }
    strbuf_release(&seen);
    fclose(f);
}

static void load_variable(struct loading *l, const char *key)
{
    char name[128] = "HIRELOG_";
    size_t n = strlen(name);
    for (const char *p = key; *p && n < sizeof(name) - 1; p++)
        name[n++] = (char)toupper((unsigned char)*p);
    name[n] = '\0';
    const char *value = getenv(name);
    l->where = "environment";
    if (value)
        set(l, key, value);
}

/* Only our own names are looked at: HIRELOG_URL and its like, which scripts use, are no settings.
 * HIRELOG_PG is both: a script's string names a user, which is then the user of every service. */
static void load_environment(struct loading *l)
{
    char key[128];
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        load_variable(l, settings[i].key);
    for (size_t k = 0; k < ARRAY_SIZE(service_settings); k++) {
        for (size_t i = 0; l->services[i]; i++) {
            snprintf(key, sizeof(key), "%s%s", service_settings[k].prefix, l->services[i]);
            load_variable(l, key);
        }
    }
}

/* A password here would be printed by --print-config and seen in the environment (RULES 37). */
static void check_conninfo(struct loading *l, const char *key, const char *conninfo)
{
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &why);
    if (!options)
        problem(l, key, "not a libpq connection string");
    for (const PQconninfoOption *o = options; o && o->keyword; o++) {
        if (strstr(o->keyword, "password") && o->val)
            problem(l, key, "holds a password: it belongs into a file, named by passfile");
    }
    PQconninfoFree(options);
    PQfreemem(why);
}

static void check_conninfos(struct loading *l)
{
    char key[128];
    l->where = "settings";
    check_conninfo(l, "pg", l->config->pg);
    check_conninfo(l, "pg_admin", l->config->pg_admin);
    for (size_t k = 0; k < ARRAY_SIZE(service_settings); k++) {
        const struct service_setting *s = &service_settings[k];
        for (size_t i = 0; l->services[i] && i < CONFIG_SERVICES_MAX; i++) {
            snprintf(key, sizeof(key), "%s%s", s->prefix, l->services[i]);
            check_conninfo(l, key, service_text(l->config, s, i));
        }
    }
}

static bool one_of(const char *word, const char *const words[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(word, words[i]) == 0)
            return true;
    }
    return false;
}

static void check_words(struct loading *l)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    const struct config *c = l->config;
    l->where = "settings";
    if (strcmp(c->log_format, "logfmt") != 0 && strcmp(c->log_format, "json") != 0)
        problem(l, "log_format", "neither logfmt nor json");
    if (!one_of(c->log_level, levels, ARRAY_SIZE(levels)))
        problem(l, "log_level", "none of debug, info, warn, error");
    if (c->wait_default_s > c->wait_max_s)
        problem(l, "wait_default_s", "above wait_max_s");
    if (c->topic_min_insync_replicas > c->topic_replication)
        problem(l, "topic_min_insync_replicas", "above topic_replication");
    if (c->session_idle_s > c->session_max_s)
        problem(l, "session_idle_s", "above session_max_s");
}

/* What would fail at start anyhow, said with the rest. */
static void check_places(struct loading *l)
{
    const struct config *c = l->config;
    struct in_addr address;
    l->where = "settings";
    if (inet_pton(AF_INET, c->listen, &address) != 1)
        problem(l, "listen", "not an IPv4 address");
    if (c->api_port != 0 && c->api_port == c->api_admin_port)
        problem(l, "api_admin_port", "the same as api_port");
    if (c->brokers[0] == '\0')
        problem(l, "brokers", "empty");
    if (c->identity_key_file[0] != '\0' && access(c->identity_key_file, R_OK) != 0)
        problem(l, "identity_key_file", strerror(errno));
}

static void check_registry(struct loading *l)
{
    const char *url = l->config->schema_registry_url;
    const char *file = l->config->schema_registry_credentials_file;
    l->where = "settings";
    if (url[0] != '\0' && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        problem(l, "schema_registry_url", "neither http:// nor https://");
    if (strchr(url, '@')) /* it would be printed by --print-config (RULES 37) */
        problem(l, "schema_registry_url",
                "holds credentials: they belong into schema_registry_credentials_file");
    if (strpbrk(url, "?# "))
        problem(l, "schema_registry_url", "more than a base URL");
    if (file[0] != '\0' && access(file, R_OK) != 0)
        problem(l, "schema_registry_credentials_file", strerror(errno));
}

/* `services = a,b`: each must be one that exists. */
static void check_services(struct loading *l)
{
    char names[CONFIG_TEXT_MAX];
    char *rest = names;
    snprintf(names, sizeof(names), "%s", l->config->services);
    for (char *name = strsep(&rest, ","); name && l->config->services[0];
         name = strsep(&rest, ",")) {
        bool known = false;
        for (size_t i = 0; l->services[i]; i++)
            known |= strcmp(l->services[i], trim(name)) == 0;
        if (!known) {
            l->where = "settings";
            strbuf_addf(l->problems, "settings: services: no service is called \"%s\"\n",
                        trim(name));
        }
    }
}

enum err_code config_load(const char *file,
                          const char *const services[],
                          struct config *ret,
                          struct strbuf *problems,
                          struct err *err)
{
    struct config *c = calloc(1, sizeof(*c));
    if (!c)
        abort();
    struct loading l = {
        .config = c, .services = services, .problems = problems, .where = "default"};
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        set(&l, settings[i].key, settings[i].value);
    if (file)
        load_file(&l, file);
    load_environment(&l);
    check_words(&l);
    check_places(&l);
    check_registry(&l);
    check_services(&l);
    check_conninfos(&l);
    struct config_timeouts t = config_derive(c);
    struct err order;
    if (config_timeouts_check(&t, c->transaction_timeout_ms, &order) != ERR_OK)
        strbuf_addf(problems, "settings: transaction_timeout_ms: %s\n", order.msg);
    bool ok = problems->len == 0;
    if (ok)
        *ret = *c;
    free(c);
    return ok ? ERR_OK : err_set(err, ERR_INVALID, "wrong settings");
}

/* ---- timeouts
 * ------------------------------------------------------------------------------------------------------------
 */

/* RULES 5, where the order and its reasons stand. */
struct config_timeouts config_derive(const struct config *c)
{
    int transaction_ms = (int)c->transaction_timeout_ms;
    return (struct config_timeouts){
        .message_ms = transaction_ms * 9 / 10,
        .socket_ms = transaction_ms - 1000,
        .statement_ms = transaction_ms * 2 / 5,
        .idle_in_transaction_ms = transaction_ms + 5000,
        .batch_ms = transaction_ms / 4,
    };
}

enum err_code config_timeouts_check(const struct config_timeouts *t,
                                    int64_t transaction_timeout_ms,
                                    struct err *err)
{
    const struct {
        const char *rule;
        bool holds;
    } rules[] = {
        {"message timeout <= transaction timeout",            t->message_ms <= transaction_timeout_ms  },
        {"socket timeout <= transaction timeout - 100 ms",
         t->socket_ms <= transaction_timeout_ms - 100                                                  },
        {"statement timeout < transaction timeout / 2",
         t->statement_ms < transaction_timeout_ms / 2                                                  },
        {"idle in transaction timeout > transaction timeout",
         t->idle_in_transaction_ms > transaction_timeout_ms                                            },
        {"time of a batch <= transaction timeout / 4",        t->batch_ms <= transaction_timeout_ms / 4},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        if (!rules[i].holds)
            return err_set(err, ERR_INVALID, "order of timeouts broken: %s", rules[i].rule);
    }
    return ERR_OK;
}

/* ---- printing
 * ------------------------------------------------------------------------------------------------------------
 */

void config_print(const struct config *c, struct strbuf *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        const struct setting *s = &settings[i];
        const void *at = (const char *)c + s->offset;
        if (s->type == SETTING_INT)
            strbuf_addf(out, "%s = %lld\n", s->key, (long long)*(const int64_t *)at);
        else
            strbuf_addf(out, "%s = %s\n", s->key, (const char *)at);
    }
}

void config_print_sample(struct strbuf *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        strbuf_addf(out, "# %s\n#%s = %s\n\n", settings[i].doc, settings[i].key, settings[i].value);
}

void config_print_docs(struct strbuf *out)
{
    strbuf_adds(out, "| setting | default | bounds | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        const struct setting *s = &settings[i];
        strbuf_addf(out, "| `%s` | `%s` | ", s->key, s->value);
        if (s->type == SETTING_INT)
            strbuf_addf(out, "%lld to %lld", (long long)s->min, (long long)s->max);
        strbuf_addf(out, " | %s |\n", s->doc);
    }
    for (size_t k = 0; k < ARRAY_SIZE(service_settings); k++)
        strbuf_addf(out, "| `%s<service>` | | | %s |\n", service_settings[k].prefix,
                    service_settings[k].doc);
}

/* main.c - the one binary: a table of subcommands, the settings, the exit code. */
#include <jansson.h>
#include <locale.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/api.h"
#include "api/archive_command.h"
#include "api/replay_command.h"
#include "consumers/account_command.h"
#include "consumers/letter_command.h"
#include "consumers/manifest.h"
#include "consumers/repair.h"
#include "consumers/tail.h"
#include "consumers/topology_command.h"
#include "consumers/worker.h"
#include "ops/runtime/lifecycle.h"
#include "ops/runtime/log.h"
#include "projections/migrate.h"
#include "schemas/published.h"
#include "schemas/schema_ids.h"

#define DESCRIPTORS_SPARE 512 /* beside connections: PostgreSQL, Kafka, the admin port */

struct command_line {
    const char *command, *verb; /* verb: the word after the command, or "" */
    const char *config_file, *services;
    bool print_config, check_config;
    char *const *arguments; /* what only the command understands, behind the verb */
    size_t n_arguments;
};

typedef enum err_code
command_fn(const struct config *cfg, const struct command_line *line, struct err *err);

/* The usual soft limit, 1,024, is there for select(), which nobody here calls. */
static void descriptors_raise(const struct config *cfg)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return;
    r.rlim_cur = r.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &r);
    if (r.rlim_max < (rlim_t)cfg->api_connections_max + DESCRIPTORS_SPARE)
        log_warn("descriptors may run out before connections do",
                 KV_I("descriptors", (int64_t)r.rlim_max),
                 KV_I("api_connections_max", cfg->api_connections_max));
}

static enum err_code
run_api(const struct config *cfg, const struct command_line *line, struct err *err)
{
    (void)line;
    descriptors_raise(cfg);
    return api_run(cfg, err);
}

static enum err_code
run_worker(const struct config *cfg, const struct command_line *line, struct err *err)
{
    (void)line;
    return worker_run(cfg, err);
}

static enum err_code
run_migrate(const struct config *cfg, const struct command_line *line, struct err *err)
{
    struct migrate_service list[SERVICES_MAX];
    size_t n = 0;
    (void)line;
    for (size_t i = 0; i < n_services; i++)
        if (services_list_has(cfg->services, services[i].name))
            list[n++] = (struct migrate_service){services[i].name, services[i].vault,
                                                 cfg->pg_admin_service[i]};
    return migrate_run(cfg, list, n, err);
}

static enum err_code
run_topics(const struct config *cfg, const struct command_line *line, struct err *err)
{
    return topology_command(cfg, line->verb, err);
}

static enum err_code
run_services(const struct config *cfg, const struct command_line *line, struct err *err)
{
    owned_value(strbuf_release) struct strbuf s = {0};
    (void)line;
    (void)err;
    manifest_print(cfg->topic_prefix, &s);
    fputs(strbuf_cstr(&s), stdout);
    return ERR_OK;
}

static void print(void (*printer)(struct strbuf *))
{
    owned_value(strbuf_release) struct strbuf s = {0};
    printer(&s);
    fputs(strbuf_cstr(&s), stdout);
}

static enum err_code
run_config(const struct config *cfg, const struct command_line *line, struct err *err)
{
    owned_value(strbuf_release) struct strbuf s = {0};
    if (strcmp(line->verb, "sample") == 0)
        print(config_print_sample);
    else if (strcmp(line->verb, "docs") == 0)
        print(config_print_docs);
    else if (line->verb[0])
        return err_set(err, ERR_INVALID, "config, config sample, or config docs");
    else
        config_print(cfg, &s);
    fputs(strbuf_cstr(&s), stdout);
    return ERR_OK;
}

typedef enum err_code published_fn(const struct config *cfg, struct strbuf *out, struct err *err);
static const struct {
    const char *verb;
    published_fn *run;
} published_verbs[] = {
    {"check",   published_check  },
    {"publish", published_publish},
    {"list",    published_list   },
};

static enum err_code run_published(const struct config *cfg, published_fn *run, struct err *err)
{
    owned_value(strbuf_release) struct strbuf s = {0};
    enum err_code code = run(cfg, &s, err);
    fputs(strbuf_cstr(&s), stdout);
    return code;
}

static enum err_code
run_schemas(const struct config *cfg, const struct command_line *line, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(published_verbs); i++)
        if (strcmp(line->verb, published_verbs[i].verb) == 0)
            return run_published(cfg, published_verbs[i].run, err);
    if (line->verb[0])
        return err_set(err, ERR_INVALID, "schemas, or schemas check, publish or list");
    for (size_t i = 0; i < n_record_types; i++)
        for (size_t v = 0; v < record_types[i]->n_versions; v++)
            printf("%d %s %d\n", (int)record_types[i]->versions[v].id, record_types[i]->subject,
                   (int)record_types[i]->versions[v].version);
    return ERR_OK;
}

static enum err_code repair_one(const struct config *cfg,
                                const struct command_line *line,
                                const struct service *service,
                                struct err *err)
{
    int64_t moved;
    if (strcmp(line->verb, "rebuild") == 0) {
        TRY(repair_rebuild(cfg, service, err));
        printf("%s: the view is empty; the worker will fill it from the event log\n",
               service->name);
        return ERR_OK;
    }
    TRY(repair_accept_commands(cfg, service, &moved, err));
    printf("%s: %lld partitions moved to the beginning of their command log\n", service->name,
           (long long)moved);
    return ERR_OK;
}

/* W11. Only for services that are named: a slip must not empty every view. */
static enum err_code
run_repair(const struct config *cfg, const struct command_line *line, struct err *err)
{
    if (strcmp(line->verb, "rebuild") != 0 && strcmp(line->verb, "accept-commands") != 0)
        return err_set(err, ERR_INVALID, "repair rebuild, or repair accept-commands");
    if (!line->services)
        return err_set(err, ERR_INVALID, "repair: name the services (--services A,B)");
    for (size_t i = 0; i < n_services; i++)
        if (services_list_has(cfg->services, services[i].name))
            TRY(repair_one(cfg, line, &services[i], err));
    return ERR_OK;
}

static enum err_code
run_export(const struct config *cfg, const struct command_line *line, struct err *err)
{
    return export_command(cfg, line->verb, line->arguments, line->n_arguments, err);
}

static enum err_code
run_import(const struct config *cfg, const struct command_line *line, struct err *err)
{
    return import_command(cfg, line->verb, line->arguments, line->n_arguments, err);
}

static enum err_code
run_deadletters(const struct config *cfg, const struct command_line *line, struct err *err)
{
    return letter_command(cfg, line->verb, line->arguments, line->n_arguments, err);
}

static enum err_code
run_account(const struct config *cfg, const struct command_line *line, struct err *err)
{
    return account_command(cfg, line->verb, line->arguments, line->n_arguments, err);
}

static enum err_code
run_replay(const struct config *cfg, const struct command_line *line, struct err *err)
{
    return replay_command(cfg, line->verb, line->arguments, line->n_arguments, err);
}

static enum err_code
run_tail(const struct config *cfg, const struct command_line *line, struct err *err)
{
    struct tail_options o;
    const char *const *words = (const char *const *)line->arguments;
    TRY(tail_options_parse(line->verb, words, line->n_arguments, &o, err));
    return tail_run(cfg, &o, err);
}

static const struct command {
    const char *name;
    command_fn *run;
    bool arguments; /* takes more than a verb */
    const char *doc;
} commands[] = {
    {"api",         run_api,         false, "serve the HTTP API"                                                 },
    {"worker",      run_worker,      false, "decide commands and keep the view"                                  },
    {"migrate",     run_migrate,     false, "create what is missing in PostgreSQL"                               },
    {"topics",      run_topics,      false, "`topics create` what is missing in Kafka, or `topics check`"        },
    {"deadletters", run_deadletters, true,  "list, show, retry or skip what was put aside"                       },
    {"account",     run_account,     true,
     "`account list --without-credential`; `account recover USER-ID`: a token for a new password"                },
    {"repair",      run_repair,      false,
     "`repair rebuild` a view, `repair accept-commands` as they are (W11)"                                       },
    {"replay",      run_replay,      true,  "make views anew from the event logs; `replay help`"                 },
    {"export",      run_export,      true,
     "`export --all --to DIR`: one cut of all logs; `export TOPIC --to DIR`"                                     },
    {"import",      run_import,      true,
     "`import --all --from DIR`: restore them into a new cluster; `import DIR ...`"                              },
    {"services",    run_services,    false, "print the services as documentation, with a picture"                },
    {"schemas",     run_schemas,     false,
     "print id, subject, version; `check`, `publish`, `list` in the registry"                                    },
    {"tail",        run_tail,        true,  "print SERVICE's events: --from, --type, --aggregate, --count, --end"},
    {"config",      run_config,      false, "print the settings; `config sample`, `config docs`"                 },
};

static void help(FILE *out)
{
    fputs("usage: hirelog COMMAND [--config FILE] [--services A,B] [--print-config] "
          "[--check-config]\n\n",
          out);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].doc);
    fputs("\nEvery setting can also come from the environment as HIRELOG_<SETTING>.\n", out);
}

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* False: an argument that nobody understands. The command's own are kept in argv itself. */
static bool line_parse(int argc, char **argv, struct command_line *ret)
{
    *ret = (struct command_line){.command = argc > 1 ? argv[1] : "", .verb = "", .arguments = argv};
    const struct command *c = command_find(ret->command);
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            ret->config_file = argv[++i];
        else if (strcmp(argv[i], "--services") == 0 && i + 1 < argc)
            ret->services = argv[++i];
        else if (strcmp(argv[i], "--print-config") == 0)
            ret->print_config = true;
        else if (strcmp(argv[i], "--check-config") == 0)
            ret->check_config = true;
        else if (!ret->verb[0] && ret->n_arguments == 0 && argv[i][0] != '-')
            ret->verb = argv[i];
        else if (c && c->arguments)
            argv[ret->n_arguments++] = argv[i];
        else
            return false;
    }
    return true;
}

/* All mistakes at once, each on its line. */
static enum err_code
settings_load(const struct command_line *line, struct config *ret, struct err *err)
{
    owned_value(strbuf_release) struct strbuf problems = {0};
    if (line->services) /* checked with all the rest, and above the environment */
        (void)setenv("HIRELOG_SERVICES", line->services, 1);
    enum err_code code = config_load(line->config_file, service_names, ret, &problems, err);
    fputs(strbuf_cstr(&problems), stderr);
    return code;
}

static void log_start(const struct config *cfg, const char *process)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    enum log_level level = LOG_INFO;
    for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
        if (strcmp(cfg->log_level, levels[i]) == 0)
            level = (enum log_level)i;
    log_setup(level, strcmp(cfg->log_format, "json") == 0 ? LOG_JSON : LOG_LOGFMT, process);
}

static void process_setup(void)
{
    lifecycle_setup();
    setlocale(LC_NUMERIC, "C");
    json_object_seed(0);
    (void)mallopt(M_ARENA_MAX,
                  2); /* a handful of threads that allocate little: more arenas only cost memory */
}

int main(int argc, char **argv)
{
    static struct config cfg;
    struct command_line line;
    struct err err = {0};
    bool understood = line_parse(argc, argv, &line);
    const struct command *command = command_find(line.command);
    if (strcmp(line.command, "help") == 0 || strcmp(line.command, "--help") == 0) {
        help(stdout);
        return EXIT_SUCCESS;
    }
    if (!understood || !command) {
        help(stderr);
        return ERR_EXIT_USAGE;
    }
    process_setup();
    enum err_code code = sodium_init() < 0 ? err_set(&err, ERR_INTERNAL, "libsodium does not start")
                                           : settings_load(&line, &cfg, &err);
    if (code == ERR_OK && (line.print_config || line.check_config)) {
        if (line.print_config)
            code = run_config(&cfg, &line, &err);
        return err_exit_code[code];
    }
    log_start(&cfg, line.command);
    if (code == ERR_OK)
        code = schema_ids_open(&cfg, &err);
    if (code == ERR_OK)
        code = command->run(&cfg, &line, &err);
    if (code != ERR_OK)
        log_error("cannot go on", KV_S("command", line.command), KV_ERR(&err));
    fflush(NULL);
    _exit(err_exit_status(code, &err)); /* RULES 14: librdkafka's threads may still be there */
}

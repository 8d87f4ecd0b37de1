#include "api/replay_command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "consumers/replay.h"
#include "ops/runtime/arena.h"

static const char help[] =
    "usage: hirelog replay SERVICE | SERVICE/PROJECTION | --all  [OPTION ...]\n\n"
    "Makes a view anew from the event logs beside the live one, compares both row by row, swaps "
    "them.\n"
    "PROJECTION: events (the service's own) or from_<service>; the rest of the view is copied.\n\n"
    "  --all            every service (of --services); also after a total loss\n"
    "  --dry-run        compare only\n"
    "  --keep           what differs is not dropped but kept until the next replay\n"
    "  --unchecked      swap without comparing\n"
    "  --rollback       back to the generation that was live before the last swap\n"
    "  --until WHEN     the past, for an audit, in the schema hirelog_<service>_audit; never "
    "live.\n"
    "                   WHEN: a time (RFC 3339), an offset, or a position (job/0:17,job/1:4)\n";

struct flag {
    const char *name;
    size_t offset; /* of the bool */
};
static const struct flag flags[] = {
    {"--dry-run",   offsetof(struct replay_options, dry_run)  },
    {"--keep",      offsetof(struct replay_options, keep)     },
    {"--unchecked", offsetof(struct replay_options, unchecked)},
    {"--rollback",  offsetof(struct replay_options, rollback) },
};

static bool flag_set(struct replay_options *o, const char *arg)
{
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        if (strcmp(flags[i].name, arg) == 0) {
            *(bool *)((char *)o + flags[i].offset) = true;
            return true;
        }
    return false;
}

/* SERVICE or SERVICE/PROJECTION. */
static enum err_code
target_parse(struct replay_options *o, const char *arg, struct arena *a, struct err *err)
{
    size_t len = strcspn(arg, "/");
    if (o->service)
        return err_set(err, ERR_INVALID, "replay: one service, or --all");
    o->service = service_find(arena_strndup(a, arg, len));
    if (!o->service)
        return err_set(err, ERR_INVALID, "replay: no service %.*s", (int)len, arg);
    o->projection = arg[len] ? arg + len + 1 : NULL;
    return ERR_OK;
}

struct request {
    struct replay_options options;
    bool all, help;
};

/* Nothing is ignored silently: least of all a --dry-run. */
static enum err_code contradictions_find(const struct replay_options *o, struct err *err)
{
    bool comparing = o->dry_run || o->keep || o->unchecked;
    const struct {
        bool found;
        const char *what;
    } rules[] = {
        {o->until && (o->rollback || o->projection), "--until is for a whole service"               },
        {o->until && comparing,                      "--until makes an audit, which is not compared"},
        {o->rollback && o->projection,               "--rollback is for a whole service"            },
        {o->rollback && comparing,                   "--rollback swaps without comparing"           },
        {o->unchecked && o->dry_run,                 "--dry-run compares, --unchecked does not"     },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (rules[i].found)
            return err_set(err, ERR_INVALID, "replay: %s", rules[i].what);
    return ERR_OK;
}

static enum err_code args_parse(struct request *r,
                                const char *verb,
                                char *const *args,
                                size_t n,
                                struct arena *a,
                                struct err *err)
{
    r->help = strcmp(verb, "help") == 0;
    if (verb[0] && !r->help)
        TRY(target_parse(&r->options, verb, a, err));
    for (size_t i = 0; i < n; i++) {
        if (strcmp(args[i], "--all") == 0)
            r->all = true;
        else if (strcmp(args[i], "--until") == 0 && i + 1 < n)
            r->options.until = args[++i];
        else if (args[i][0] == '-' && !flag_set(&r->options, args[i]))
            return err_set(err, ERR_INVALID, "replay: %s? see `hirelog replay help`", args[i]);
        else if (args[i][0] != '-')
            TRY(target_parse(&r->options, args[i], a, err));
    }
    if (!r->help && r->all == (r->options.service != NULL))
        return err_set(err, ERR_INVALID, "replay: name a service, or --all");
    return contradictions_find(&r->options, err);
}

/* A service whose views differ, or that has none to go back to, does not hold up the others; the first error is the whole's. */
static enum err_code run_all(struct replay_options *o, struct err *err)
{
    enum err_code first = ERR_OK;
    for (size_t i = 0; i < n_services; i++) {
        struct err each = {0};
        o->service = &services[i];
        if (!services_list_has(o->cfg->services, services[i].name))
            continue;
        enum err_code code = replay_run(o, &each);
        if (code == ERR_OK)
            continue;
        if (first == ERR_OK)
            *err = each;
        else
            fprintf(o->out, "%s\n", each.msg);
        first = first == ERR_OK ? code : first;
        if (code != ERR_CONFLICT && code != ERR_NOT_FOUND)
            break;
    }
    return first;
}

static enum err_code run(struct request *r, struct err *err)
{
    return r->all ? run_all(&r->options, err) : replay_run(&r->options, err);
}

static bool is_terminal(FILE *out)
{
    const char *term = getenv("TERM");
    return isatty(fileno(out)) == 1 && !(term && strcmp(term, "dumb") == 0);
}

/* A replay may be ended anywhere: nothing waits for a drain. */
static void signals_end_it(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

enum err_code replay_command(
    const struct config *cfg, const char *verb, char *const *args, size_t n, struct err *err)
{
    owned_value(arena_release) struct arena a;
    struct request r = {
        .options = {.cfg = cfg, .out = stdout, .terminal = is_terminal(stdout)}
    };
    arena_init(&a);
    TRY(args_parse(&r, verb, args, n, &a, err));
    if (r.help) {
        fputs(help, stdout);
        return ERR_OK;
    }
    signals_end_it();
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    return run(&r, err);
}

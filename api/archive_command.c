#include "api/archive_command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "consumers/archive_export.h"
#include "consumers/archive_import.h"

#define EXPORT_USAGE "export TOPIC --to DIR, or export --all --to DIR"
#define IMPORT_USAGE                                                          \
    "import --all --from DIR, import DIR ... (parts of one such export), or " \
    "import --unrelated DIR ..."

struct words {
    bool all, unrelated;
    const char *place;                     /* behind --to or --from; NULL = none */
    const char *names[ARCHIVE_IMPORT_MAX]; /* topics or directories */
    size_t n;
};

static enum err_code usage(struct err *err, const char *what, const char *usage_text)
{
    return err_set_reason(err, ERR_INVALID, ERR_REASON_USAGE, "%s: %s", what, usage_text);
}

static enum err_code set_flag(bool *flag, const char *arg, const char *text, struct err *err)
{
    if (*flag)
        return err_set_reason(err, ERR_INVALID, ERR_REASON_USAGE, "%s twice: %s", arg, text);
    *flag = true;
    return ERR_OK;
}

static enum err_code add_name(struct words *w, const char *arg, const char *text, struct err *err)
{
    if (arg[0] == '-' || arg[0] == '\0')
        return err_set_reason(err, ERR_INVALID, ERR_REASON_USAGE, "no such option: '%s': %s", arg,
                              text);
    if (w->n == ARRAY_SIZE(w->names))
        return err_set_reason(err, ERR_INVALID, ERR_REASON_USAGE, "more than %zu names: %s",
                              ARRAY_SIZE(w->names), text);
    w->names[w->n++] = arg;
    return ERR_OK;
}

/* place: "--to" or "--from"; unrelated: is that word one of the command's? */
static enum err_code read_words(struct words *w,
                                char *const *args,
                                size_t n,
                                const char *place,
                                bool unrelated,
                                const char *text,
                                struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(args[i], "--all") == 0) {
            TRY(set_flag(&w->all, args[i], text, err));
        } else if (unrelated && strcmp(args[i], "--unrelated") == 0) {
            TRY(set_flag(&w->unrelated, args[i], text, err));
        } else if (strcmp(args[i], place) == 0) {
            if (w->place || i + 1 == n || args[i + 1][0] == '\0')
                return err_set_reason(err, ERR_INVALID, ERR_REASON_USAGE,
                                      "%s needs one directory: %s", place, text);
            w->place = args[++i];
        } else {
            TRY(add_name(w, args[i], text, err));
        }
    }
    return ERR_OK;
}

static void die_of_signals(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
}

/* ---- export */

static enum err_code
export_one(const struct config *cfg, const char *topic, const char *to, struct err *err)
{
    owned_value(archive_manifest_release) struct archive_manifest m;
    int64_t records = 0;
    archive_manifest_init(&m);
    TRY(archive_export(cfg, topic, to, &m, err));
    for (size_t i = 0; i < m.n_partitions; i++)
        records += m.partitions[i].records;
    printf("%s: %lld records of %zu partitions are in %s\n", m.topic, (long long)records,
           m.n_partitions, to);
    return ERR_OK;
}

static enum err_code export_all(const struct config *cfg, const char *to, struct err *err)
{
    owned_value(archive_index_release) struct archive_index x;
    archive_index_init(&x);
    if (cfg->services[0])
        return usage(err, "--all is all services, but the setting `services` names some",
                     EXPORT_USAGE);
    TRY(archive_export_all(cfg, to, &x, err));
    for (size_t i = 0; i < x.n_parts; i++)
        printf("%s: %lld records\n", x.parts[i].topic, (long long)x.parts[i].records);
    printf("one cut of %zu logs is in %s\n", x.n_parts, to);
    return ERR_OK;
}

enum err_code export_command(
    const struct config *cfg, const char *verb, char *const *args, size_t n, struct err *err)
{
    struct words w = {0};
    if (verb[0])
        w.names[w.n++] = verb;
    TRY(read_words(&w, args, n, "--to", false, EXPORT_USAGE, err));
    if (w.all && w.n > 0)
        return usage(err, "--all takes no topic", EXPORT_USAGE);
    if (!w.place || (!w.all && w.n != 1))
        return usage(err, !w.place ? "--to is missing" : "one topic, or --all", EXPORT_USAGE);
    die_of_signals();
    return w.all ? export_all(cfg, w.place, err) : export_one(cfg, w.names[0], w.place, err);
}

/* ---- import */

static enum err_code
import_dirs(const struct config *cfg, const char *const *dirs, size_t n, struct err *err)
{
    int64_t records;
    TRY(archive_import(cfg, dirs, n, &records, err));
    printf("%lld records are restored and checked\n", (long long)records);
    return ERR_OK;
}

static enum err_code import_all(const struct config *cfg, const char *from, struct err *err)
{
    const char *dirs[ARCHIVE_PARTS_MAX];
    owned_value(archive_index_release) struct archive_index x;
    archive_index_init(&x);
    TRY(archive_index_open(from, &x, err));
    for (size_t i = 0; i < x.n_parts; i++)
        dirs[i] = arena_printf(&x.arena, "%s/%s", from, x.parts[i].name);
    return import_dirs(cfg, dirs, x.n_parts, err);
}

static const char *import_mistake(const struct words *w)
{
    if (w->all && (w->n > 0 || w->unrelated))
        return "--all takes neither directories nor --unrelated";
    if (w->all && !w->place)
        return "--all needs --from";
    if (!w->all && w->place)
        return "--from needs --all";
    return !w->all && w->n == 0 ? "no directory" : NULL;
}

enum err_code import_command(
    const struct config *cfg, const char *verb, char *const *args, size_t n, struct err *err)
{
    struct words w = {0};
    if (verb[0])
        w.names[w.n++] = verb;
    TRY(read_words(&w, args, n, "--from", true, IMPORT_USAGE, err));
    if (import_mistake(&w))
        return usage(err, import_mistake(&w), IMPORT_USAGE);
    if (!w.all && !w.unrelated)
        TRY(archive_index_check_parts(w.names, w.n, err));
    die_of_signals();
    return w.all ? import_all(cfg, w.place, err) : import_dirs(cfg, w.names, w.n, err);
}

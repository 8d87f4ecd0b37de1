#include "consumers/letter_command.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "consumers/letter_list.h"
#include "consumers/letter_retry.h"
#include "consumers/letter_show.h"
#include "consumers/parked_retry.h"

#define WHO_MAX  128
#define HOST_MAX 64

/* Options that were given. */
enum option { OPTION_ALL = 1, OPTION_REASON = 2, OPTION_OFFSET = 4, OPTION_NAME = 8 };

struct request {
    const struct config *cfg;
    int given; /* of enum option */
    struct letter_name name;
    const char *reason;
    int64_t offset;
    char who[WHO_MAX]; /* user@host, for those who ask later */
};

static void who_am_i(char ret[WHO_MAX])
{
    char host[HOST_MAX] = "";
    const struct passwd *user = getpwuid(geteuid());
    gethostname(host, sizeof(host) - 1);
    snprintf(ret, WHO_MAX, "%s@%s", user ? user->pw_name : "somebody", host);
}

/* ---- verbs */

/* A service that is away does not hide what the others have. */
static enum err_code list(const struct request *q, struct err *err)
{
    owned_value(strbuf_release) struct strbuf lines = {0};
    enum err_code code = ERR_OK;
    struct err why;
    for (size_t i = 0; i < n_services; i++) {
        if (!services_list_has(q->cfg->services, services[i].name) ||
            letter_list(q->cfg, &services[i], q->given & OPTION_ALL, &lines, &why) == ERR_OK)
            continue;
        if (code == ERR_OK)
            code = err_set(err, why.code, "%s: %s", services[i].name, why.msg);
    }
    if (lines.len > 0)
        printf("%s%s", LETTER_LIST_TITLES, strbuf_cstr(&lines));
    return code;
}

static enum err_code show(const struct request *q, struct err *err)
{
    json_t *letter = NULL;
    TRY(letter_show(q->cfg, &q->name, &letter, err));
    json_dumpf(letter, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(letter);
    return ERR_OK;
}

static enum err_code tell_parked(const char *name, const struct parked_result *r, struct err *err)
{
    printf("%s: ", name);
    if (r->skipped >= 0)
        printf("event %" PRId64 " skipped, ", r->skipped);
    printf("%" PRId64 " applied, ", r->applied);
    if (r->left == 0) {
        printf("none waits any more\n");
        return ERR_OK;
    }
    printf("%" PRId64 " wait, the first, %d:%" PRId64 ", is refused: %s\n", r->left,
           (int)r->partition, r->refused, r->why);
    return err_set(err, ERR_REJECTED, "%s stays parked", name);
}

/* skip NULL = none. */
static enum err_code
free_parked(const struct request *q, const struct parked_skip *skip, struct err *err)
{
    char name[LETTER_NAME_MAX];
    struct parked_result result;
    letter_name_format(&q->name, name);
    if (parked_retry(q->cfg, &q->name, skip, &result, err) != ERR_OK)
        return err_context(err, "%s", name);
    return tell_parked(name, &result, err);
}

static enum err_code retry(const struct request *q, struct err *err)
{
    char name[LETTER_NAME_MAX];
    struct letter_result result;
    letter_name_format(&q->name, name);
    if (q->name.kind == LETTER_PARKED)
        return free_parked(q, NULL, err);
    TRY(letter_retry(q->cfg, &q->name, q->who, &result, err));
    printf("%s: %s\n", name, result.note);
    return result.applied ? ERR_OK : err_set(err, ERR_REJECTED, "%s was refused again", name);
}

static enum err_code skip(const struct request *q, struct err *err)
{
    char name[LETTER_NAME_MAX];
    struct parked_skip one = {
        .offset = q->given & OPTION_OFFSET ? q->offset : -1, .by = q->who, .reason = q->reason};
    letter_name_format(&q->name, name);
    if (!(q->given & OPTION_REASON) || !q->reason[0])
        return err_set(err, ERR_INVALID, "skip: why? (--reason TEXT)");
    if (q->name.kind == LETTER_PARKED)
        return free_parked(q, &one, err);
    if (q->given & OPTION_OFFSET)
        return err_set(err, ERR_INVALID, "skip: --offset is for parked aggregates");
    TRY(letter_skip(q->cfg, &q->name, q->who, q->reason, err));
    printf("%s: skipped\n", name);
    return ERR_OK;
}

static const struct verb {
    const char *name;
    enum err_code (*run)(const struct request *q, struct err *err);
    int takes, needs; /* of enum option */
} verbs[] = {
    {"list",  list,  OPTION_ALL,                                  0          },
    {"show",  show,  OPTION_NAME,                                 OPTION_NAME},
    {"retry", retry, OPTION_NAME,                                 OPTION_NAME},
    {"skip",  skip,  OPTION_NAME | OPTION_REASON | OPTION_OFFSET, OPTION_NAME},
};

/* ---- arguments */

static enum err_code offset_parse(const char *text, int64_t *ret, struct err *err)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno || end == text || *end || n < 0)
        return err_set(err, ERR_INVALID, "--offset %s: no offset", text);
    *ret = n;
    return ERR_OK;
}

/* One argument, and its value when it has one. */
static enum err_code
take(struct request *q, char *const *argument, size_t left, size_t *taken, struct err *err)
{
    const char *word = argument[0];
    bool reason = strcmp(word, "--reason") == 0, offset = strcmp(word, "--offset") == 0;
    if ((reason || offset) && left < 2)
        return err_set(err, ERR_INVALID, "%s: a value is missing", word);
    *taken = reason || offset ? 2 : 1;
    if (strcmp(word, "--all") == 0) {
        q->given |= OPTION_ALL;
    } else if (reason) {
        q->given |= OPTION_REASON;
        q->reason = argument[1];
    } else if (offset) {
        q->given |= OPTION_OFFSET;
        return offset_parse(argument[1], &q->offset, err);
    } else if (word[0] == '-' || q->given & OPTION_NAME) {
        return err_set(err, ERR_INVALID, "`%s` is not understood", word);
    } else {
        q->given |= OPTION_NAME;
        return letter_name_parse(word, &q->name, err);
    }
    return ERR_OK;
}

static const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

enum err_code letter_command(
    const struct config *cfg, const char *verb, char *const *arguments, size_t n, struct err *err)
{
    const struct verb *v = verb_find(verb);
    struct request q = {.cfg = cfg};
    if (!v)
        return err_set(err, ERR_INVALID, "deadletters list, show, retry or skip");
    for (size_t i = 0, taken = 1; i < n; i += taken)
        TRY(take(&q, &arguments[i], n - i, &taken, err));
    if (q.given & ~v->takes)
        return err_set(err, ERR_INVALID, "deadletters %s: an option that it does not know", verb);
    if (v->needs & ~q.given)
        return err_set(err, ERR_INVALID,
                       "deadletters %s: which letter? (`deadletters list` names them)", verb);
    who_am_i(q.who);
    return v->run(&q, err);
}

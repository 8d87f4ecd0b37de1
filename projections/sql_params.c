#include "projections/sql_params.h"

#include <ctype.h>
#include <string.h>

#include "ops/runtime/strbuf.h"

#define SWITCH_MARK "--?"

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t word_len(const char *s)
{
    size_t n = 0;
    while (is_word(s[n]))
        n++;
    return n;
}

static size_t span_to(const char *s, size_t from, const char *end)
{
    const char *at = strstr(s + from, end);
    return at ? (size_t)(at - s) + strlen(end) : strlen(s);
}

static size_t quoted_len(const char *s, bool backslashes)
{
    size_t n = 1;
    while (s[n] && s[n] != s[0])
        n += backslashes && s[n] == '\\' && s[n + 1] ? 2 : 1;
    return s[n] ? n + 1 : n; /* a doubled quote is the end of one text and the begin of the next */
}

static size_t block_comment_len(const char *s)
{
    size_t n = 2;
    for (int depth = 1; depth > 0 && s[n];) {
        bool opens = s[n] == '/' && s[n + 1] == '*', closes = s[n] == '*' && s[n + 1] == '/';
        depth += opens - closes;
        n += opens || closes ? 2 : 1;
    }
    return n;
}

/* $tag$ ... $tag$; 0 when s does not begin one. */
static size_t dollar_quoted_len(const char *s)
{
    size_t tag = isdigit((unsigned char)s[1]) ? 0 : word_len(s + 1);
    if (s[1 + tag] != '$')
        return 0;
    for (const char *end = strchr(s + tag + 2, '$'); end; end = strchr(end + 1, '$'))
        if (strncmp(end, s, tag + 2) == 0)
            return (size_t)(end - s) + tag + 2;
    return strlen(s);
}

/* How much at s is none of our business: quotes, comments, casts; 0 = look at it. `before` is the
 * character before. */
static size_t foreign_len(const char *s, char before)
{
    switch (s[0]) {
    case '\'':
        return quoted_len(s, before == 'E' || before == 'e');
    case '"':
        return quoted_len(s, false);
    case '-':
        return s[1] == '-' ? span_to(s, 2, "\n") : 0;
    case '/':
        return s[1] == '*' ? block_comment_len(s) : 0;
    case '$':
        return is_word(before) ? 0 : dollar_quoted_len(s);
    case ':':
        return s[1] == ':' ? 2 : 0;
    default:
        return 0;
    }
}

static size_t
name_number(const char **names, size_t *n, const char *name, size_t len, struct arena *a)
{
    for (size_t i = 0; i < *n; i++)
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
            return i + 1;
    if (*n < SQL_PARAMS_MAX)
        names[*n] = arena_strndup(a, name, len);
    return ++*n;
}

static bool name_begins(const char *s)
{
    return s[0] == ':' && is_word(s[1]) && !isdigit((unsigned char)s[1]);
}

enum err_code
sql_params_parse(const char *sql, struct arena *a, struct sql_params *ret, struct err *err)
{
    owned_value(strbuf_release) struct strbuf out = {0};
    const char **names = ARENA_ARRAY(a, const char *, SQL_PARAMS_MAX);
    size_t n = 0;
    bool numbered = false;
    for (const char *s = sql; *s;) {
        size_t len = foreign_len(s, s > sql ? s[-1] : ' ');
        if (len > 0) {
            strbuf_add(&out, s, len);
        } else if (name_begins(s)) {
            len = word_len(s + 1) + 1;
            strbuf_addf(&out, "$%zu", name_number(names, &n, s + 1, len - 1, a));
        } else {
            numbered |= s[0] == '$' && isdigit((unsigned char)s[1]);
            strbuf_addc(&out, *s);
            len = 1;
        }
        if (n > SQL_PARAMS_MAX)
            return err_set(err, ERR_INVALID, "more than %d parameters", SQL_PARAMS_MAX);
        s += len;
    }
    if (numbered && n > 0)
        return err_set(err, ERR_INVALID, "$n beside :%s", names[0]);
    *ret = (struct sql_params){.text = arena_strdup(a, strbuf_cstr(&out)), .names = names, .n = n};
    return ERR_OK;
}

/* ---- optional lines */

/* The next word of a mark before `end`; *ret_off tells `!word`. NULL at its end. */
static const char *mark_word(const char *s, const char *end, size_t *ret_len, bool *ret_off)
{
    while (s < end && !is_word(*s) && *s != '!')
        s++;
    *ret_off = s < end && *s == '!';
    s += *ret_off;
    *ret_len = s < end ? word_len(s) : 0;
    return *ret_len > 0 ? s : NULL;
}

static size_t switch_index(const struct sql_switches *s, const char *word, size_t len)
{
    size_t i = 0;
    while (i < s->n && (strlen(s->names[i]) != len || memcmp(s->names[i], word, len) != 0))
        i++;
    return i;
}

static const char *line_end(const char *line)
{
    return line + strcspn(line, "\n");
}

/* The mark of this line; its end when there is none. */
static const char *line_mark(const char *line)
{
    const char *end = line_end(line);
    const char *mark = memmem(line, (size_t)(end - line), SWITCH_MARK, strlen(SWITCH_MARK));
    return mark ? mark : end;
}

static const char *line_next(const char *line)
{
    const char *end = line_end(line);
    return *end ? end + 1 : end;
}

enum err_code
sql_switches_find(const char *sql, struct arena *a, struct sql_switches *ret, struct err *err)
{
    struct sql_switches found = {0};
    for (const char *line = sql; *line; line = line_next(line)) {
        size_t len;
        bool off;
        const char *end = line_end(line), *word = line_mark(line);
        while ((word = mark_word(word, end, &len, &off))) {
            if (switch_index(&found, word, len) == found.n) {
                if (found.n == SQL_SWITCHES_MAX)
                    return err_set(err, ERR_INVALID, "more than %d switches", SQL_SWITCHES_MAX);
                found.names[found.n++] = arena_strndup(a, word, len);
            }
            word += len;
        }
    }
    *ret = found;
    return ERR_OK;
}

static bool
line_wanted(const char *mark, const char *end, const struct sql_switches *s, uint32_t on)
{
    size_t len;
    bool off;
    for (const char *word = mark; (word = mark_word(word, end, &len, &off)); word += len) {
        size_t i = switch_index(s, word, len);
        bool is_on = i < s->n && (on >> i & 1);
        if (is_on == off)
            return false;
    }
    return true;
}

const char *
sql_switches_apply(const char *sql, const struct sql_switches *s, uint32_t on, struct arena *a)
{
    owned_value(strbuf_release) struct strbuf out = {0};
    for (const char *line = sql; *line; line = line_next(line)) {
        const char *mark = line_mark(line);
        if (!line_wanted(mark, line_end(line), s, on))
            continue;
        while (mark > line && mark[-1] == ' ')
            mark--;
        strbuf_add(&out, line, (size_t)(mark - line));
        strbuf_addc(&out, '\n');
    }
    return arena_strdup(a, strbuf_cstr(&out));
}

#include "projections/projection_tables.h"

#include <ctype.h>
#include <string.h>

#include "projections/service_sql.h"

#define NO_ROWS "-- no rows\n"
#define ARROW   " -> "

static enum err_code
add(struct generation_part *part, const char *name, size_t len, struct arena *a, struct err *err)
{
    for (size_t i = 0; i < part->n_tables; i++)
        if (strlen(part->tables[i]) == len && memcmp(part->tables[i], name, len) == 0)
            return ERR_OK;
    if (part->n_tables == GENERATION_TABLES_MAX)
        return err_set(err, ERR_INVALID, "a projection of more than %d tables",
                       GENERATION_TABLES_MAX);
    part->tables[part->n_tables++] = arena_strndup(a, name, len);
    return ERR_OK;
}

static size_t word_len(const char *s)
{
    size_t n = 0;
    while (islower((unsigned char)s[n]) || isdigit((unsigned char)s[n]) || s[n] == '_')
        n++;
    return n;
}

/* The line that says what it writes: a comment with an arrow. */
static const char *find_list(const char *sql)
{
    while (strncmp(sql, "--", 2) == 0) {
        size_t len = strcspn(sql, "\n");
        const char *arrow = memmem(sql, len, ARROW, strlen(ARROW));
        if (arrow)
            return arrow + strlen(ARROW);
        sql += len + (sql[len] == '\n');
    }
    return NULL;
}

enum err_code projection_tables_parse(const char *sql,
                                      struct arena *a,
                                      struct generation_part *part,
                                      struct err *err)
{
    if (strncmp(sql, NO_ROWS, strlen(NO_ROWS)) == 0)
        return ERR_OK;
    const char *s = find_list(sql);
    if (!s || word_len(s) == 0)
        return err_set(err, ERR_INVALID, "no line `-- <Event> -> <table>, ...`");
    for (size_t len; (len = word_len(s)) > 0; s += 2) {
        bool table = s[len] == ',' || s[len] == '.'; /* else prose has begun */
        if (table)
            TRY(add(part, s, len, a, err));
        s += len;
        if (s[0] != ',' || s[1] != ' ')
            break;
    }
    return ERR_OK;
}

enum err_code projection_tables_find(const char *service,
                                     const char *projection,
                                     struct arena *a,
                                     struct generation_part *ret,
                                     struct err *err)
{
    bool found = false;
    *ret = (struct generation_part){.projection = projection};
    for (size_t i = 0; i < n_sql_files; i++) {
        const struct sql_file *f = &sql_files[i];
        if (strcmp(f->service, service) != 0 || strcmp(f->kind, projection) != 0)
            continue;
        found = true;
        if (projection_tables_parse(f->text, a, ret, err) != ERR_OK)
            return err_context(err, "projections/%s/%s/%s.sql", service, projection, f->name);
    }
    return found ? ERR_OK
                 : err_set(err, ERR_INVALID, "%s has no projection %s", service, projection);
}

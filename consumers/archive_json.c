#include "consumers/archive_json.h"

#include <errno.h>
#include <unistd.h>

#include "ops/runtime/strbuf.h"

#define SUM "sha256" /* of all the rest */

/* Of what it says, however that is laid out. */
static void sum_of(const json_t *o, char ret[ARCHIVE_SHA256_LEN + 1])
{
    char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text)
        abort();
    archive_sha256(text, strlen(text), ret);
    free(text);
}

/* ---- writing */

static enum err_code write_text(const char *path, const char *text, struct err *err)
{
    FILE *f = fopen(path, "wbe");
    bool ok = f && fputs(text, f) >= 0 && fputc('\n', f) != EOF && fflush(f) == 0 &&
              fsync(fileno(f)) == 0;
    int reason = errno;
    if (f && fclose(f) != 0 && ok) {
        ok = false;
        reason = errno;
    }
    return ok ? ERR_OK
              : err_set(err, ERR_UNAVAILABLE, "cannot write %s: %s", path, strerror(reason));
}

enum err_code archive_json_write(json_t *o,
                                 const char *dir,
                                 const char *name,
                                 char ret_sum[ARCHIVE_SHA256_LEN + 1],
                                 struct err *err)
{
    char path[ARCHIVE_PATH_MAX], temporary_name[ARCHIVE_NAME_MAX], temporary[ARCHIVE_PATH_MAX];
    snprintf(temporary_name, sizeof(temporary_name), "%s.tmp", name);
    TRY(archive_path(dir, name, path, err));
    TRY(archive_path(dir, temporary_name, temporary, err));
    sum_of(o, ret_sum);
    json_object_set_new(o, SUM, json_string(ret_sum));
    char *text = json_dumps(o, JSON_INDENT(2));
    if (!text)
        abort();
    enum err_code code = write_text(temporary, text, err);
    free(text);
    if (code != ERR_OK) {
        unlink(temporary);
        return code;
    }
    if (rename(temporary, path))
        return err_set(err, ERR_UNAVAILABLE, "cannot rename %s: %s", temporary, strerror(errno));
    return archive_sync_dir(dir, err);
}

/* ---- reading */

enum err_code archive_json_odd(const char *what, struct err *err)
{
    return err_set(err, ERR_INVALID, "it is damaged: %s", what);
}

enum err_code
archive_json_text(const json_t *o, const char *name, char *ret, size_t size, struct err *err)
{
    const char *text = json_string_value(json_object_get(o, name));
    if (!text || strlen(text) >= size)
        return archive_json_odd(name, err);
    snprintf(ret, size, "%s", text);
    return ERR_OK;
}

enum err_code archive_json_number(const json_t *o, const char *name, int64_t *ret, struct err *err)
{
    const json_t *v = json_object_get(o, name);
    if (!json_is_integer(v) || json_integer_value(v) < 0)
        return archive_json_odd(name, err);
    *ret = json_integer_value(v);
    return ERR_OK;
}

enum err_code archive_json_sha256(const json_t *o,
                                  const char *name,
                                  char ret[ARCHIVE_SHA256_LEN + 1],
                                  struct err *err)
{
    TRY(archive_json_text(o, name, ret, ARCHIVE_SHA256_LEN + 1, err));
    return strspn(ret, "0123456789abcdef") == ARCHIVE_SHA256_LEN ? ERR_OK
                                                                 : archive_json_odd(name, err);
}

static enum err_code take_sum(json_t *o, char ret_sum[ARCHIVE_SHA256_LEN + 1], struct err *err)
{
    char sum[ARCHIVE_SHA256_LEN + 1];
    ret_sum[0] = '\0';
    if (!json_object_get(o, SUM))
        return ERR_OK;
    TRY(archive_json_sha256(o, SUM, ret_sum, err));
    json_object_del(o, SUM);
    sum_of(o, sum);
    return strcmp(ret_sum, sum) == 0 ? ERR_OK : archive_json_odd("it was changed", err);
}

enum err_code archive_json_parse(const char *text,
                                 size_t len,
                                 json_t **ret,
                                 char ret_sum[ARCHIVE_SHA256_LEN + 1],
                                 struct err *err)
{
    json_error_t why;
    owned(json_decref) json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    if (!o)
        return err_set(err, ERR_INVALID, "it is damaged: line %d: %s", why.line, why.text);
    TRY(take_sum(o, ret_sum, err));
    *ret = STEAL(o);
    return ERR_OK;
}

static enum err_code load(const char *path, struct strbuf *ret, struct err *err)
{
    char buffer[65536];
    size_t n;
    FILE *f = fopen(path, "rbe");
    if (!f)
        return err_set(err, ERR_INVALID, "%s", strerror(errno));
    while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0 && ret->len <= ARCHIVE_JSON_MAX)
        strbuf_add(ret, buffer, n);
    bool failed = ferror(f) != 0;
    fclose(f);
    if (failed)
        return err_set(err, ERR_INVALID, "it cannot be read");
    return ret->len <= ARCHIVE_JSON_MAX ? ERR_OK : archive_json_odd("too long", err);
}

enum err_code archive_json_read(const char *dir,
                                const char *name,
                                json_t **ret,
                                char ret_sum[ARCHIVE_SHA256_LEN + 1],
                                struct err *err)
{
    char path[ARCHIVE_PATH_MAX];
    owned_value(strbuf_release) struct strbuf text = {0};
    TRY(archive_path(dir, name, path, err));
    TRY(load(path, &text, err));
    return archive_json_parse(strbuf_cstr(&text), text.len, ret, ret_sum, err);
}

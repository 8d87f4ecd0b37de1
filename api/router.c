#include "api/router.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/url.h"

/* A capture as it stands in pattern and path. */
struct walk {
    const char *name, *value;
    size_t name_len, value_len;
};

static bool
path_matches(const char *pattern, const char *path, size_t path_len, struct walk *w, size_t *ret_n)
{
    const char *end = path + path_len;
    size_t n = 0;
    while (*pattern && path < end) {
        if (*pattern == '{') {
            size_t name_len = strcspn(pattern, "}") - 1;
            size_t len = strcspn(path, "/");
            len = path + len > end ? (size_t)(end - path) : len;
            if (len == 0)
                return false;
            assert(n < ROUTE_CAPTURES_MAX);
            w[n++] = (struct walk){pattern + 1, path, name_len, len};
            pattern += name_len + 2;
            path += len;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    *ret_n = n;
    return *pattern == '\0' && path == end;
}

static bool
captures_decode(const struct walk *w, size_t n, struct arena *a, struct router_match *ret)
{
    for (size_t i = 0; i < n; i++) {
        const char *value = url_decode(a, w[i].value, w[i].value_len, false);
        if (!value)
            return false;
        ret->captures[i] = (struct capture){w[i].name, w[i].name_len, value};
    }
    ret->n_captures = n;
    return true;
}

/* The method as the table has it: HEAD is a GET whose body the server leaves out. */
static const char *table_method(const char *method)
{
    return strcmp(method, "HEAD") == 0 ? "GET" : method;
}

static void allow_add(char allow[ALLOW_MAX], const char *method)
{
    size_t len = strlen(allow);
    const char *head = strcmp(method, "GET") == 0 ? ", HEAD" : "";
    (void)snprintf(allow + len, ALLOW_MAX - len, "%s%s%s", len ? ", " : "", method, head);
}

/* Is `path` plus a final slash a path of ours? */
static bool lacks_slash(const char *path, size_t len)
{
    struct walk w[ROUTE_CAPTURES_MAX];
    size_t n;
    for (size_t i = 0; i < n_routes; i++) {
        size_t pattern_len = strlen(routes[i].path);
        char pattern[128];
        if (routes[i].bare || pattern_len >= sizeof(pattern))
            continue;
        memcpy(pattern, routes[i].path, pattern_len);
        pattern[pattern_len - 1] = '\0';
        if (path_matches(pattern, path, len, w, &n))
            return true;
    }
    return false;
}

/* Rows whose path matches and has captures, or has none. False: no path matched. */
static bool rows_find(const char *method,
                      const char *path,
                      bool literal,
                      struct arena *a,
                      struct router_match *ret,
                      enum router_result *ret_result)
{
    struct walk w[ROUTE_CAPTURES_MAX];
    size_t len = strlen(path), n;
    for (size_t i = 0; i < n_routes; i++) {
        if (!path_matches(routes[i].path, path, len, w, &n) || (n == 0) != literal)
            continue;
        if (strcmp(routes[i].method, method) == 0) {
            ret->route = &routes[i];
            *ret_result = captures_decode(w, n, a, ret) ? ROUTER_FOUND : ROUTER_BAD_ESCAPE;
            return true;
        }
        allow_add(ret->allow, routes[i].method);
    }
    *ret_result = ROUTER_METHOD;
    return ret->allow[0] != '\0';
}

enum router_result
router_find(const char *method, const char *path, struct arena *a, struct router_match *ret)
{
    enum router_result result;
    const char *wanted = table_method(method);
    ret->allow[0] = '\0';
    /* literal paths win: GET /api/jobs/create/ is 405, not a job named create */
    if (rows_find(wanted, path, true, a, ret, &result) ||
        rows_find(wanted, path, false, a, ret, &result))
        return result;
    size_t len = strlen(path);
    return len > 1 && lacks_slash(path, len) ? ROUTER_REDIRECT : ROUTER_NOT_FOUND;
}

const char *router_capture(const struct router_match *m, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < m->n_captures; i++)
        if (m->captures[i].name_len == len && memcmp(m->captures[i].name, name, len) == 0)
            return m->captures[i].value;
    return NULL;
}

#include "schemas/registry_client.h"

#include <assert.h>
#include <curl/curl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>

#define CREDENTIALS_MAX 256
#define MEDIA_TYPE      "application/vnd.schemaregistry.v1+json"
#define PATH_MAX_LEN    256

struct registry_client {
    CURL *curl;
    struct curl_slist *headers;
    char url[CONFIG_TEXT_MAX]; /* without a slash at its end */
    struct strbuf answer;
    char *reason; /* NULL = none */
};

/* ---- opening */

static void init_curl(void)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    assert(code == CURLE_OK);
    (void)code;
}

static size_t take_answer(char *data, size_t size, size_t n, void *opaque)
{
    struct strbuf *answer = opaque;
    if (n * size > REGISTRY_ANSWER_MAX - answer->len)
        return 0; /* ends the transfer */
    strbuf_add(answer, data, n * size);
    return n * size;
}

static enum err_code read_credentials(const char *path, char ret[CREDENTIALS_MAX], struct err *err)
{
    FILE *f = fopen(path, "re");
    bool ok = f && fgets(ret, CREDENTIALS_MAX, f);
    if (f)
        fclose(f);
    ret[ok ? strcspn(ret, "\r\n") : 0] = '\0';
    const char *colon = strchr(ret, ':');
    if (!colon || colon == ret)
        return err_set(err, ERR_INVALID, "schema_registry_credentials_file = %s: not user:password",
                       path);
    return ERR_OK;
}

static enum err_code set_credentials(struct registry_client *c, const char *path, struct err *err)
{
    char words[CREDENTIALS_MAX] = "";
    if (path[0] == '\0')
        return ERR_OK;
    enum err_code code = read_credentials(path, words, err);
    if (code == ERR_OK) {
        curl_easy_setopt(c->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(c->curl, CURLOPT_USERPWD, words);
    }
    explicit_bzero(words, sizeof(words));
    return code;
}

/* Redirects are not followed: a registry has one address, and ours may carry a password. */
static void set_up(struct registry_client *c)
{
    c->headers = curl_slist_append(c->headers, "Content-Type: " MEDIA_TYPE);
    c->headers = curl_slist_append(c->headers, "Accept: " MEDIA_TYPE ", application/json");
    c->headers = curl_slist_append(c->headers, "Expect:"); /* else large bodies wait for a 100 */
    assert(c->headers);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)REGISTRY_CONNECT_MS);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)REGISTRY_ANSWER_MS);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &c->answer);
}

enum err_code
registry_client_open(const struct config *cfg, struct registry_client **ret, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_curl);
    owned(registry_client_free) struct registry_client *c = calloc(1, sizeof(*c));
    assert(c);
    c->curl = curl_easy_init();
    assert(c->curl);
    snprintf(c->url, sizeof(c->url), "%s", cfg->schema_registry_url);
    for (size_t n = strlen(c->url); n > 0 && c->url[n - 1] == '/'; n--)
        c->url[n - 1] = '\0';
    set_up(c);
    TRY(set_credentials(c, cfg->schema_registry_credentials_file, err));
    *ret = STEAL(c);
    return ERR_OK;
}

void registry_client_free(struct registry_client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->curl);
    curl_slist_free_all(c->headers);
    strbuf_release(&c->answer);
    free(c->reason);
    free(c);
}

const char *registry_client_reason(const struct registry_client *c)
{
    return c->reason ? c->reason : "";
}

/* ---- one request */

/* What an answer that is no success means. Anything else is no registry's answer, or a registry that
 * cannot answer now. */
static const struct verdict {
    long status;
    int error_code; /* 0 = any */
    enum err_code code;
} verdicts[] = {
    {404, 40401, ERR_NOT_FOUND}, /* subject */
    {404, 40402, ERR_NOT_FOUND}, /* version */
    {404, 40403, ERR_NOT_FOUND}, /* schema */
    {409, 0,     ERR_REJECTED }, /* not compatible */
    {422, 0,     ERR_REJECTED }, /* not a schema */
};

static enum err_code refuse(struct registry_client *c, const char *reason, struct err *err)
{
    c->reason = strdup(reason);
    assert(c->reason);
    return err_set(err, ERR_REJECTED, "%s: %s", c->url, reason);
}

static enum err_code
judge(struct registry_client *c, long status, const json_t *answer, struct err *err)
{
    json_int_t error_code = json_integer_value(json_object_get(answer, "error_code"));
    const char *message = json_string_value(json_object_get(answer, "message"));
    if (status == 401 || status == 403)
        return refuse(c, "it does not take our credentials (schema_registry_credentials_file)",
                      err);
    for (size_t i = 0; error_code != 0 && i < ARRAY_SIZE(verdicts); i++) {
        const struct verdict *v = &verdicts[i];
        if (v->status != status || (v->error_code != 0 && v->error_code != error_code))
            continue;
        if (v->code == ERR_REJECTED)
            return refuse(c, message ? message : "refused without a reason", err);
        return err_set(err, v->code, "%s: %s", c->url, message ? message : "there is none");
    }
    return err_set(err, ERR_UNAVAILABLE, "%s: HTTP status %ld%s%s%s", c->url, status,
                   message ? ": " : "", message ? message : "",
                   status == 404 ? ": is schema_registry_url right?" : "");
}

static void set_method(struct registry_client *c, const char *method, const char *body)
{
    if (body) {
        curl_easy_setopt(c->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
        curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
    } else {
        curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, NULL);
    }
}

/* Sends, takes the answer's JSON: NULL when it is none. */
static enum err_code perform(struct registry_client *c,
                             const char *method,
                             const char *path,
                             const char *body,
                             long *ret_status,
                             json_t **ret,
                             struct err *err)
{
    char url[CONFIG_TEXT_MAX + PATH_MAX_LEN];
    snprintf(url, sizeof(url), "%s%s", c->url, path);
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    set_method(c, method, body);
    strbuf_clear(&c->answer);
    CURLcode code = curl_easy_perform(c->curl);
    if (code == CURLE_WRITE_ERROR)
        return err_set(err, ERR_UNAVAILABLE, "%s: an answer of more than %d bytes", c->url,
                       REGISTRY_ANSWER_MAX);
    if (code != CURLE_OK)
        return err_set(err, ERR_UNAVAILABLE, "schema registry %s: %s", c->url,
                       curl_easy_strerror(code));
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, ret_status);
    *ret = json_loadb(strbuf_cstr(&c->answer), c->answer.len, JSON_REJECT_DUPLICATES, NULL);
    return ERR_OK;
}

/* body NULL: GET. *ret is an object. */
static enum err_code call(struct registry_client *c,
                          const char *method,
                          const char *path,
                          const char *body,
                          json_t **ret,
                          struct err *err)
{
    long status = 0;
    json_t *answer = NULL;
    free(STEAL(c->reason));
    TRY(perform(c, method, path, body, &status, &answer, err));
    enum err_code code = ERR_OK;
    if (status < 200 || status > 299)
        code = judge(c, status, answer, err);
    else if (!json_is_object(answer))
        code = err_set(err, ERR_UNAVAILABLE, "%s%s: the answer is not a registry's", c->url, path);
    if (code == ERR_OK)
        *ret = answer;
    else
        json_decref(answer);
    return code;
}

static enum err_code odd(const struct registry_client *c, const char *what, struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "%s: an answer without %s", c->url, what);
}

/* ---- the dialect */

static bool get_int(const json_t *answer, const char *member, int32_t *ret)
{
    const json_t *value = json_object_get(answer, member);
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < 0 || n > INT32_MAX)
        return false;
    *ret = (int32_t)n;
    return true;
}

/* Posts {"schema": text}. */
static enum err_code post_schema(
    struct registry_client *c, const char *path, const char *text, json_t **ret, struct err *err)
{
    json_t *o = json_pack("{s:s}", "schema", text);
    char *body = json_dumps(o, JSON_COMPACT);
    assert(body);
    enum err_code code = call(c, "POST", path, body, ret, err);
    free(body);
    json_decref(o);
    return code;
}

enum err_code registry_client_text(
    struct registry_client *c, int32_t id, struct arena *a, const char **ret, struct err *err)
{
    char path[PATH_MAX_LEN];
    json_t *answer = NULL;
    snprintf(path, sizeof(path), "/schemas/ids/%d", (int)id);
    TRY(call(c, "GET", path, NULL, &answer, err));
    const char *text = json_string_value(json_object_get(answer, "schema"));
    const char *copy = text ? arena_strdup(a, text) : NULL;
    json_decref(answer);
    if (!copy)
        return odd(c, "a schema", err);
    *ret = copy;
    return ERR_OK;
}

enum err_code registry_client_find(struct registry_client *c,
                                   const char *subject,
                                   const char *text,
                                   struct arena *a,
                                   struct registry_place *ret,
                                   struct err *err)
{
    char path[PATH_MAX_LEN];
    json_t *answer = NULL;
    struct registry_place place = {0};
    snprintf(path, sizeof(path), "/subjects/%s", subject);
    TRY(post_schema(c, path, text, &answer, err));
    const char *theirs = json_string_value(json_object_get(answer, "schema"));
    bool ok = get_int(answer, "id", &place.id) && get_int(answer, "version", &place.version);
    place.text = arena_strdup(a, theirs ? theirs : text);
    json_decref(answer);
    if (!ok)
        return odd(c, "id and version", err);
    *ret = place;
    return ERR_OK;
}

enum err_code
registry_client_be_strict(struct registry_client *c, const char *subject, struct err *err)
{
    char path[PATH_MAX_LEN];
    json_t *answer = NULL;
    snprintf(path, sizeof(path), "/config/%s", subject);
    TRY(call(c, "PUT", path, "{\"compatibility\":\"FULL_TRANSITIVE\"}", &answer, err));
    json_decref(answer);
    return ERR_OK;
}

/* Confluent's says why, Apicurio's does not. */
static char *messages_of(const json_t *answer)
{
    struct strbuf s = {0};
    size_t i;
    json_t *message;
    strbuf_adds(&s, "not compatible with the versions that are there");
    json_array_foreach(json_object_get(answer, "messages"), i, message)
    {
        if (json_is_string(message))
            strbuf_addf(&s, "%s%s", i ? "; " : ": ", json_string_value(message));
    }
    return s.data;
}

enum err_code registry_client_check(struct registry_client *c,
                                    const char *subject,
                                    const char *text,
                                    struct err *err)
{
    char path[PATH_MAX_LEN];
    json_t *answer = NULL;
    snprintf(path, sizeof(path), "/compatibility/subjects/%s/versions?verbose=true", subject);
    TRY(post_schema(c, path, text, &answer, err));
    const json_t *verdict = json_object_get(answer, "is_compatible");
    enum err_code code = ERR_OK;
    if (!json_is_boolean(verdict)) {
        code = odd(c, "is_compatible", err);
    } else if (json_is_false(verdict)) {
        char *messages = messages_of(answer);
        code = refuse(c, messages, err);
        free(messages);
    }
    json_decref(answer);
    return code;
}

enum err_code registry_client_register(struct registry_client *c,
                                       const char *subject,
                                       const char *text,
                                       int32_t *ret_id,
                                       struct err *err)
{
    char path[PATH_MAX_LEN];
    json_t *answer = NULL;
    snprintf(path, sizeof(path), "/subjects/%s/versions", subject);
    TRY(post_schema(c, path, text, &answer, err));
    bool ok = get_int(answer, "id", ret_id);
    json_decref(answer);
    return ok ? ERR_OK : odd(c, "an id", err);
}

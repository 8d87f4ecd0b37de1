/*
 * generate.c - build tool: schemas/<service>/<Name>[.v<N>].avsc -> records.h and records.c, checked
 * against ids.lock.
 *
 *     generate SCHEMAS_DIR OUT_DIR [--lock]
 *
 * A record's published text is its file with shared types written out at their first use and
 * without the attributes that are ours (bounds, formats, roles): those may be changed, the text may
 * not. ids.lock keeps every text's id and SHA-256; --lock adds what is new. All mistakes are
 * listed, one a line, then the exit status is 1 and nothing is written.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/runtime/base.h"

#define FILES_MAX 1024
#define DEPTH_MAX 16
#define FIRST_ID  1000000
#define NAME_SIZE 256

enum role { ROLE_COMMAND, ROLE_EVENT, ROLE_STATE, ROLE_PART, ROLE_ENUM };
static const char *const role_words[] = {"command", "event", "state", "part"};
static const char *const role_constants[] = {"RECORD_COMMAND", "RECORD_EVENT", "RECORD_STATE",
                                             "RECORD_PART"};

/* One .avsc file: one version of one type. */
struct schema {
    char *path;
    char *service;
    char *name;
    char *full_name;
    char *snake;
    int version;
    enum role role;
    bool newest;  /* describes the C type */
    bool emitted; /* its struct was written (a struct stands after those it holds) */
    int32_t id;   /* 0 = not in the lock file */
    json_t *json; /* as in the file */
    json_t *wire; /* as published */
    char *text;   /* wire, compact */
    char sha[2 * SHA256_DIGEST_LENGTH + 1];
};

static struct schema schemas[FILES_MAX];
static size_t n_schemas;
static int n_mistakes;

/* ---- small things ---- */

static void mistake(const char *where, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void mistake(const char *where, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "%s: ", where);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    n_mistakes++;
}

static void stop_on_mistakes(void)
{
    if (n_mistakes > 0)
        exit(1);
}

static void *checked(void *p)
{
    if (p == NULL) {
        fputs("generate: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

static char *format(const char *fmt, ...) PRINTF_LIKE(1, 2);
static char *format(const char *fmt, ...)
{
    va_list ap;
    char *ret = NULL;
    va_start(ap, fmt);
    int len = vasprintf(&ret, fmt, ap);
    va_end(ap);
    return checked(len < 0 ? NULL : ret);
}

/* JobPosted -> job_posted. */
static char *snake_case(const char *name)
{
    char *ret = checked(malloc(2 * strlen(name) + 1));
    size_t n = 0;
    for (const char *c = name; *c != '\0'; c++) {
        if (isupper((unsigned char)*c) && c != name)
            ret[n++] = '_';
        ret[n++] = (char)tolower((unsigned char)*c);
    }
    ret[n] = '\0';
    return ret;
}

static char *upper_case(const char *text)
{
    char *ret = checked(strdup(text));
    for (char *c = ret; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    return ret;
}

static bool is_snake(const char *s)
{
    return s != NULL && islower((unsigned char)s[0]) &&
           strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(s);
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

/* ---- reading the files ---- */

static enum role role_of(const struct schema *s)
{
    if (strcmp(text_of(s->json, "type"), "enum") == 0)
        return ROLE_ENUM;
    if (strcmp(text_of(s->json, "type"), "record") != 0)
        mistake(s->path, "\"type\" must be \"record\" or \"enum\"");
    const char *word = text_of(s->json, "role");
    for (size_t i = 0; i < ARRAY_SIZE(role_words); i++) {
        if (strcmp(word, role_words[i]) == 0)
            return (enum role)i;
    }
    mistake(s->path, "\"role\" must be one of command, event, state, part");
    return ROLE_PART;
}

/* Name.avsc is version 1, Name.v2.avsc version 2. False: not a schema file's name. */
static bool split_file_name(const char *file, char *ret_name, int *ret_version)
{
    int end = 0;
    *ret_version = 1;
    if (sscanf(file, "%200[A-Za-z0-9].avsc%n", ret_name, &end) == 1 && end > 0 && file[end] == '\0')
        return true;
    end = 0;
    return sscanf(file, "%200[A-Za-z0-9].v%d.avsc%n", ret_name, ret_version, &end) == 2 &&
           end > 0 && file[end] == '\0' && *ret_version >= 2;
}

static void load_file(const char *dir, const char *service, const char *file)
{
    char name[NAME_SIZE];
    char *path = format("%s/%s/%s", dir, service, file);
    int version = 0;
    if (!split_file_name(file, name, &version)) {
        mistake(path, "a schema file is called <Name>.avsc or <Name>.v<N>.avsc");
        return;
    }
    json_error_t error;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(json)) {
        mistake(path, "line %d: %s", json ? 1 : error.line,
                json ? "an object expected" : error.text);
        return;
    }
    if (n_schemas == FILES_MAX) {
        mistake(path, "more than %d schema files", FILES_MAX);
        return;
    }
    struct schema *s = &schemas[n_schemas++];
    *s = (struct schema){.path = path, .version = version, .json = json};
    s->service = checked(strdup(service));
    s->name = checked(strdup(name));
    s->full_name = format("%s.%s", text_of(json, "namespace"), name);
    s->snake = snake_case(name);
    s->role = role_of(s);
    const char *space = strcmp(service, "common") == 0 ? "hirelog" : format("hirelog.%s", service);
    if (strcmp(text_of(json, "name"), name) != 0)
        mistake(path, "\"name\" must be \"%s\", as the file says", name);
    if (strcmp(text_of(json, "namespace"), space) != 0)
        mistake(path, "\"namespace\" must be \"%s\"", space);
}

static void load_service(const char *dir, const char *service)
{
    char *path = format("%s/%s", dir, service);
    DIR *d = opendir(path);
    for (struct dirent *e = d ? readdir(d) : NULL; e != NULL; e = readdir(d)) {
        size_t len = strlen(e->d_name);
        if (len > 5 && strcmp(e->d_name + len - 5, ".avsc") == 0)
            load_file(dir, service, e->d_name);
    }
    if (d != NULL)
        closedir(d);
    free(path);
}

static int by_name_service_version(const void *a, const void *b)
{
    const struct schema *x = a;
    const struct schema *y = b;
    int order = strcmp(x->name, y->name);
    if (order == 0)
        order = strcmp(x->service, y->service);
    return order != 0 ? order : x->version - y->version;
}

static bool same_type(const struct schema *a, const struct schema *b)
{
    return strcmp(a->full_name, b->full_name) == 0;
}

static void load_all(const char *dir)
{
    DIR *d = opendir(dir);
    if (d == NULL) {
        mistake(dir, "%s", strerror(errno));
        stop_on_mistakes();
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (e->d_name[0] != '.')
            load_service(dir, e->d_name);
    }
    closedir(d);
    qsort(schemas, n_schemas, sizeof schemas[0], by_name_service_version);
    for (size_t i = 0; i < n_schemas; i++) {
        struct schema *s = &schemas[i];
        bool follows = i > 0 && same_type(s - 1, s);
        s->newest = i + 1 == n_schemas || !same_type(s, s + 1);
        if (s->version != (follows ? s[-1].version + 1 : 1))
            mistake(s->path, "version %d is missing", follows ? s[-1].version + 1 : 1);
        if (i > 0 && !follows && strcmp(s[-1].name, s->name) == 0)
            mistake(s->path, "%s has that name already; C types share one name space", s[-1].path);
        if (s->version > 1 && (s->role == ROLE_PART || s->role == ROLE_ENUM))
            mistake(s->path, "a shared type has one version; give the changed one a new name");
    }
}

/* The shared type (part or enum) of that full name; NULL = none. */
static struct schema *find_shared(const char *full_name)
{
    for (size_t i = 0; i < n_schemas; i++) {
        struct schema *s = &schemas[i];
        if (s->role >= ROLE_PART && strcmp(s->full_name, full_name) == 0)
            return s;
    }
    return NULL;
}

/* ---- types of fields ---- */

enum kind { BOOL, LONG, STRING, UUID, TIME, ENUM, RECORD, BAD };

struct field_type {
    enum kind kind;
    bool optional;
    bool array;
    bool is_int;           /* Avro int: 32 bits on the wire */
    struct schema *shared; /* ENUM and RECORD */
};

static const struct {
    const char *constant;
    const char *c_type;
} kinds[] = {
    [BOOL] = {"FIELD_BOOL",   "bool "       },
    [LONG] = {"FIELD_LONG",   "int64_t "    },
    [STRING] = {"FIELD_STRING", "const char *"},
    [UUID] = {"FIELD_UUID",   "struct uuid "},
    [TIME] = {"FIELD_TIME",   "int64_t "    },
    [ENUM] = {"FIELD_ENUM",   NULL          },
    [RECORD] = {"FIELD_RECORD", NULL          },
};

static void plain_type(const char *word, struct field_type *t)
{
    if (strcmp(word, "boolean") == 0) {
        t->kind = BOOL;
    } else if (strcmp(word, "long") == 0 || strcmp(word, "int") == 0) {
        t->kind = LONG;
        t->is_int = word[0] == 'i';
    } else if (strcmp(word, "string") == 0) {
        t->kind = STRING;
    } else {
        t->shared = find_shared(word);
        t->kind = t->shared == NULL ? BAD : t->shared->role == ROLE_ENUM ? ENUM : RECORD;
    }
}

static void object_type(const json_t *type, struct field_type *t)
{
    const char *word = text_of(type, "type");
    const char *logical = text_of(type, "logicalType");
    if (strcmp(word, "string") == 0 && strcmp(logical, "uuid") == 0) {
        t->kind = UUID;
    } else if (strcmp(word, "long") == 0 && strcmp(logical, "timestamp-micros") == 0) {
        t->kind = TIME;
    } else if (strcmp(word, "array") == 0 && !t->array) {
        t->array = true;
        const json_t *items = json_object_get(type, "items");
        if (json_is_string(items))
            plain_type(json_string_value(items), t);
        else if (json_is_object(items))
            object_type(items, t);
    }
}

/* kind BAD: none of the supported forms. Arrays of null, of arrays and of unions are among those.
 */
static struct field_type field_type(const json_t *field)
{
    struct field_type t = {.kind = BAD};
    const json_t *type = json_object_get(field, "type");
    if (json_is_array(type)) {
        const char *first = json_string_value(json_array_get(type, 0));
        t.optional = json_array_size(type) == 2 && first != NULL && strcmp(first, "null") == 0;
        if (!t.optional)
            return t;
        type = json_array_get(type, 1);
    }
    if (json_is_string(type))
        plain_type(json_string_value(type), &t);
    else if (json_is_object(type))
        object_type(type, &t);
    return t;
}

/* ---- checks of one record ---- */

static const char *const field_attributes[] = {
    "name", "type",       "doc",        "default",   "api",       "digest",       "pii",   "min",
    "max",  "min_length", "max_length", "min_items", "max_items", "unique_items", "format"};
static const char *const record_attributes[] = {"type", "name", "namespace", "doc",
                                                "role", "key",  "fields",    "symbols"};

static bool is_one_of(const char *word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(word, words[i]) == 0)
            return true;
    }
    return false;
}

static void check_attributes(const char *where, json_t *object, const char *const *words, size_t n)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(object, name, value)
    {
        if (!is_one_of(name, words, n))
            mistake(where, "unknown attribute \"%s\"", name);
    }
    const char *doc = text_of(object, "doc");
    if (doc[0] == '\0' || strstr(doc, "*/") != NULL)
        mistake(where, "\"doc\" is missing, or holds the end of a C comment");
}

static bool default_of_item_fits(const struct field_type *t, const json_t *value)
{
    switch (t->kind) {
    case BOOL:
        return json_is_boolean(value);
    case LONG:
    case TIME:
        return json_is_integer(value);
    case STRING:
        return json_is_string(value);
    case UUID:
        return json_is_string(value) && json_string_length(value) == 36;
    case ENUM: {
        size_t i = 0;
        json_t *symbol = NULL;
        json_array_foreach(json_object_get(t->shared->json, "symbols"), i, symbol)
        {
            if (json_equal(symbol, value))
                return true;
        }
        return false;
    }
    default:
        return false; /* a record's default would be a second place for its fields' defaults */
    }
}

static bool default_fits(const struct field_type *t, const json_t *value)
{
    if (t->optional)
        return json_is_null(value);
    if (!t->array)
        return default_of_item_fits(t, value);
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach(value, i, item)
    {
        if (!default_of_item_fits(t, item))
            return false;
    }
    return json_is_array(value);
}

static void check_format(const char *where, const struct field_type *t, const char *format_word)
{
    static const char *const formats[] = {"email", "currency", "line"};
    if (t->kind != STRING || !is_one_of(format_word, formats, ARRAY_SIZE(formats)))
        mistake(where, "\"format\" is for strings: email, currency, line");
}

static void check_field(const struct schema *s, json_t *field)
{
    const char *name = json_string_value(json_object_get(field, "name"));
    char *where = format("%s: %s", s->path, name ? name : "(field)");
    check_attributes(where, field, field_attributes, ARRAY_SIZE(field_attributes));
    if (!is_snake(name))
        mistake(where, "a field's name is snake_case");
    struct field_type t = field_type(field);
    if (t.kind == BAD)
        mistake(
            where,
            "type must be boolean, int, long, string, uuid, timestamp-micros, a shared type's full "
            "name, an array of those, or [\"null\", one of these]");
    if (t.array && json_integer_value(json_object_get(field, "max_items")) <= 0)
        mistake(where, "an array needs \"max_items\"");
    bool api = !json_is_false(json_object_get(field, "api"));
    bool from_outside = api && (s->role == ROLE_COMMAND || s->role == ROLE_PART);
    if (s->role == ROLE_COMMAND && from_outside && t.kind == STRING &&
        json_integer_value(json_object_get(field, "max_length")) <= 0)
        mistake(where, "a string in a command needs \"max_length\"");
    const json_t *value = json_object_get(field, "default");
    if (t.kind != BAD && (value ? !default_fits(&t, value) : t.optional))
        mistake(where, "\"default\" does not fit the type (an optional field's is null)");
    if (json_object_get(field, "format"))
        check_format(where, &t, text_of(field, "format"));
    if (json_is_true(json_object_get(field, "unique_items")) &&
        !(t.array && (t.kind == STRING || t.kind == ENUM)))
        mistake(where, "\"unique_items\" is for arrays of strings or enums");
    free(where);
}

static json_t *field_named(const json_t *record, const char *name)
{
    size_t i = 0;
    json_t *field = NULL;
    json_array_foreach(json_object_get(record, "fields"), i, field)
    {
        if (strcmp(text_of(field, "name"), name) == 0)
            return field;
    }
    return NULL;
}

static void check_meta_and_key(const struct schema *s)
{
    const char *want = s->role == ROLE_COMMAND ? "hirelog.CommandMeta" : "hirelog.EventMeta";
    const json_t *first = json_array_get(json_object_get(s->json, "fields"), 0);
    if (strcmp(text_of(first, "name"), "meta") != 0 || strcmp(text_of(first, "type"), want) != 0)
        mistake(s->path, "the first field must be \"meta\" of type %s", want);
    if (s->role != ROLE_COMMAND)
        return;
    const json_t *key = field_named(s->json, text_of(s->json, "key"));
    struct field_type t = field_type(key);
    if (t.kind != UUID || t.optional || t.array)
        mistake(s->path, "\"key\" must name a uuid field");
}

static void check_schema(const struct schema *s)
{
    check_attributes(s->path, s->json, record_attributes, ARRAY_SIZE(record_attributes));
    size_t i = 0;
    json_t *item = NULL;
    if (s->role == ROLE_ENUM) {
        json_array_foreach(json_object_get(s->json, "symbols"), i, item)
        {
            if (!is_snake(json_string_value(item)))
                mistake(s->path, "a symbol is a snake_case string");
        }
        if (i == 0)
            mistake(s->path, "\"symbols\" is missing");
        return;
    }
    if (!json_is_array(json_object_get(s->json, "fields")))
        mistake(s->path, "\"fields\" is missing");
    json_array_foreach(json_object_get(s->json, "fields"), i, item)
    {
        check_field(s, item);
        if (field_named(s->json, text_of(item, "name")) != item)
            mistake(s->path, "field %s stands there twice", text_of(item, "name"));
    }
    if (s->role == ROLE_COMMAND || s->role == ROLE_EVENT)
        check_meta_and_key(s);
}

/* An endless struct, and an endless value on the wire (avro-c recurses without a bound). */
static void check_recursion(const struct schema *s, const struct schema *top, int depth)
{
    if (depth > DEPTH_MAX) {
        mistake(top->path, "is recursive, or nested deeper than %d", DEPTH_MAX);
        stop_on_mistakes();
    }
    size_t i = 0;
    json_t *field = NULL;
    json_array_foreach(json_object_get(s->json, "fields"), i, field)
    {
        struct field_type t = field_type(field);
        if (t.kind == RECORD)
            check_recursion(t.shared, top, depth + 1);
    }
}

/* ---- the published text ---- */

static json_t *publish(const json_t *node, const struct schema **seen, size_t *n_seen);

static json_t *publish_object(const json_t *object, const struct schema **seen, size_t *n_seen)
{
    static const char *const ours[] = {"role",      "key",       "api",          "digest",
                                       "min",       "max",       "min_length",   "max_length",
                                       "min_items", "max_items", "unique_items", "format"};
    json_t *ret = checked(json_object());
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)object, name, value)
    {
        if (is_one_of(name, ours, ARRAY_SIZE(ours)))
            continue;
        bool is_type =
            strcmp(name, "type") == 0 || strcmp(name, "items") == 0 || strcmp(name, "fields") == 0;
        json_object_set_new(ret, name, is_type ? publish(value, seen, n_seen) : json_incref(value));
    }
    return ret;
}

/* A shared type is written out where it is first used, and named from then on. */
static json_t *publish_name(const json_t *name, const struct schema **seen, size_t *n_seen)
{
    const struct schema *shared = find_shared(json_string_value(name));
    for (size_t i = 0; i < *n_seen; i++) {
        if (seen[i] == shared)
            shared = NULL;
    }
    if (shared == NULL)
        return json_incref((json_t *)name);
    seen[(*n_seen)++] = shared;
    return publish_object(shared->json, seen, n_seen);
}

static json_t *publish(const json_t *node, const struct schema **seen, size_t *n_seen)
{
    if (json_is_string(node))
        return publish_name(node, seen, n_seen);
    if (json_is_object(node))
        return publish_object(node, seen, n_seen);
    json_t *ret = checked(json_array());
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach(node, i, item)
    {
        json_array_append_new(ret, publish(item, seen, n_seen));
    }
    return ret;
}

static void publish_schema(struct schema *s)
{
    static const struct schema *seen[FILES_MAX];
    size_t n_seen = 0;
    uint8_t hash[SHA256_DIGEST_LENGTH];
    s->wire = publish_object(s->json, seen, &n_seen);
    s->text = checked(json_dumps(s->wire, JSON_COMPACT));
    SHA256((const unsigned char *)s->text, strlen(s->text), hash);
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(s->sha + 2 * i, 3, "%02x", hash[i]);
}

/* What matters to a decoder, in the files' own terms: shared types are the same by name. */
static bool same_field_type(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "type"), json_object_get(b, "type"));
}

/* FULL_TRANSITIVE in our narrow sense: a version keeps every field of the one before it and adds
 * only such with defaults. */
static void check_compatible(const struct schema *old, const struct schema *new)
{
    size_t i = 0;
    json_t *field = NULL;
    json_array_foreach(json_object_get(old->json, "fields"), i, field)
    {
        const char *name = text_of(field, "name");
        const json_t *now = field_named(new->json, name);
        if (now == NULL)
            mistake(new->path, "field %s of version %d is gone", name, old->version);
        else if (!same_field_type(field, now))
            mistake(new->path, "field %s has another type than in version %d", name, old->version);
        else if (!json_equal(json_object_get(field, "default"), json_object_get(now, "default")))
            mistake(new->path, "field %s has another default than in version %d", name,
                    old->version);
    }
    json_array_foreach(json_object_get(new->json, "fields"), i, field)
    {
        const char *name = text_of(field, "name");
        if (field_named(old->json, name) == NULL && json_object_get(field, "default") == NULL)
            mistake(new->path, "new field %s needs a default", name);
    }
    if (strcmp(text_of(old->json, "role"), text_of(new->json, "role")) != 0 ||
        strcmp(text_of(old->json, "key"), text_of(new->json, "key")) != 0)
        mistake(new->path, "role and key stay as in version %d", old->version);
}

static void check_and_publish_all(void)
{
    for (size_t i = 0; i < n_schemas; i++)
        check_schema(&schemas[i]);
    stop_on_mistakes();
    for (size_t i = 0; i < n_schemas; i++)
        check_recursion(&schemas[i], &schemas[i], 0);
    for (size_t i = 0; i < n_schemas; i++) {
        if (!schemas[i].newest)
            check_compatible(&schemas[i], &schemas[i + 1]);
        if (schemas[i].role < ROLE_PART)
            publish_schema(&schemas[i]);
    }
}

/* ---- ids.lock ---- */

static struct schema *find_version(const char *subject, int version)
{
    for (size_t i = 0; i < n_schemas; i++) {
        struct schema *s = &schemas[i];
        if (s->role < ROLE_PART && s->version == version && strcmp(s->full_name, subject) == 0)
            return s;
    }
    return NULL;
}

static void read_lock_line(const char *path, const char *line, int32_t *last_id)
{
    char subject[NAME_SIZE];
    char sha[2 * SHA256_DIGEST_LENGTH + 1];
    int32_t id = 0;
    int version = 0;
    if (sscanf(line, "%" SCNd32 " %255s %d %64s", &id, subject, &version, sha) != 4) {
        mistake(path, "not `<id> <subject> <version> <sha256>`: %s", line);
        return;
    }
    if (id < FIRST_ID || id <= *last_id)
        mistake(path, "id %" PRId32 ": ids rise from %d", id, FIRST_ID);
    *last_id = id;
    struct schema *s = find_version(subject, version);
    if (s == NULL) {
        mistake(path, "%s version %d was published and may not go away", subject, version);
        return;
    }
    if (s->id != 0)
        mistake(path, "%s version %d stands there twice", subject, version);
    if (strcmp(sha, s->sha) != 0)
        mistake(s->path,
                "%s version %d was published and may not change (text now %s): undo, or make it "
                "%s.v%d.avsc; a shared type in it gets a new name",
                subject, version, s->sha, s->name, version + 1);
    s->id = id;
}

/* Returns the highest id; what is not in the file keeps id 0. */
static int32_t read_lock(const char *path)
{
    int32_t last_id = FIRST_ID - 1;
    char line[1024];
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '#' && line[0] != '\0')
            read_lock_line(path, line, &last_id);
    }
    if (f != NULL)
        fclose(f);
    return last_id;
}

static void lock_new(const char *path, int32_t last_id, bool write)
{
    FILE *f = NULL;
    for (size_t i = 0; i < n_schemas; i++) {
        struct schema *s = &schemas[i];
        if (s->role >= ROLE_PART || s->id != 0)
            continue;
        if (!write) {
            mistake(s->path,
                    "%s version %d has no id yet: `build/tools/generate schemas build/gen/schemas "
                    "--lock` publishes it for ever",
                    s->full_name, s->version);
            continue;
        }
        f = f ? f : checked(fopen(path, "a"));
        s->id = ++last_id;
        fprintf(f, "%" PRId32 " %s %d %s\n", s->id, s->full_name, s->version, s->sha);
    }
    if (f != NULL && fclose(f) != 0)
        mistake(path, "%s", strerror(errno));
}

/* ---- records.h ---- */

static char *item_c_type(const struct field_type *t, bool in_array)
{
    if (t->kind == ENUM)
        return in_array ? format("int ") : format("enum %s ", t->shared->snake);
    if (t->kind == RECORD)
        return format("struct %s ", t->shared->snake);
    return format("%s", kinds[t->kind].c_type);
}

static void emit_member(FILE *f, const json_t *field)
{
    const char *name = text_of(field, "name");
    struct field_type t = field_type(field);
    char *c_type = item_c_type(&t, t.array);
    fprintf(f, "    /* %s */\n", text_of(field, "doc"));
    if (t.optional)
        fprintf(f, "    bool has_%s;\n", name);
    if (t.array)
        fprintf(f, "    struct {\n        %s*items;\n        size_t n;\n    } %s;\n", c_type, name);
    else
        fprintf(f, "    %s%s;\n", c_type, name);
    free(c_type);
}

static void emit_enum(FILE *f, const struct schema *s)
{
    char *upper = upper_case(s->snake);
    size_t i = 0;
    json_t *symbol = NULL;
    fprintf(f, "/* %s */\nenum %s {\n", text_of(s->json, "doc"), s->snake);
    json_array_foreach(json_object_get(s->json, "symbols"), i, symbol)
    {
        char *constant = upper_case(json_string_value(symbol));
        fprintf(f, "    %s_%s,\n", upper, constant);
        free(constant);
    }
    fprintf(f, "};\n#define %s_N %zu\nextern const struct enum_type enum_%s;\n\n", upper, i,
            s->snake);
    free(upper);
}

/* The structs that it holds come first. */
static void emit_struct(FILE *f, struct schema *s)
{
    if (s->emitted)
        return;
    s->emitted = true;
    size_t i = 0;
    json_t *field = NULL;
    json_array_foreach(json_object_get(s->json, "fields"), i, field)
    {
        struct field_type t = field_type(field);
        if (t.kind == RECORD)
            emit_struct(f, t.shared);
    }
    fprintf(f, "/* %s (%s, %s) */\n", text_of(s->json, "doc"), s->service, role_words[s->role]);
    fprintf(f, "struct %s {\n", s->snake);
    json_array_foreach(json_object_get(s->json, "fields"), i, field)
    {
        emit_member(f, field);
    }
    fprintf(f, "};\nextern const struct record_type type_%s;\n\n", s->snake);
}

static const char notice[] = "/* Made by schemas/generate.c from schemas/; change it there. */\n";

static void emit_header(FILE *f)
{
    fprintf(f, "%s", notice);
    fputs("#ifndef GEN_SCHEMAS_RECORDS_H\n#define GEN_SCHEMAS_RECORDS_H\n\n"
          "#include \"schemas/record.h\"\n\n",
          f);
    for (size_t i = 0; i < n_schemas; i++) {
        if (schemas[i].role == ROLE_ENUM)
            emit_enum(f, &schemas[i]);
    }
    for (size_t i = 0; i < n_schemas; i++) {
        if (schemas[i].role != ROLE_ENUM && schemas[i].newest)
            emit_struct(f, &schemas[i]);
    }
    fputs("#endif\n", f);
}

/* ---- records.c ---- */

static void emit_literal(FILE *f, const char *text)
{
    fputc('"', f);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(f, "\\%c", *c);
        else if (*c < 0x20 || *c >= 0x7f || *c == '?')
            fprintf(f, "\\%03o", *c);
        else
            fputc(*c, f);
    }
    fputc('"', f);
}

static void emit_bound(FILE *f, const json_t *field, const char *name, const char *without)
{
    const json_t *value = json_object_get(field, name);
    if (value == NULL)
        fprintf(f, "     .%s = %s,\n", name, without);
    else
        fprintf(f, "     .%s = INT64_C(%" JSON_INTEGER_FORMAT "),\n", name,
                json_integer_value(value));
}

static void emit_field_bounds(FILE *f, const json_t *field, const struct field_type *t)
{
    if (t->kind == LONG) {
        emit_bound(f, field, "min", t->is_int ? "INT32_MIN" : "INT64_MIN");
        emit_bound(f, field, "max", t->is_int ? "INT32_MAX" : "INT64_MAX");
    }
    if (t->kind == STRING) {
        emit_bound(f, field, "min_length", "0");
        emit_bound(f, field, "max_length", "INT64_MAX");
    }
    if (t->array) {
        emit_bound(f, field, "min_items", "0");
        emit_bound(f, field, "max_items", "0");
    }
}

static void emit_text(FILE *f, const char *member, const char *text)
{
    fprintf(f, "     .%s = ", member);
    emit_literal(f, text);
    fputs(",\n", f);
}

static void
emit_field_place(FILE *f, const struct schema *s, const char *name, const struct field_type *t)
{
    char *c_type = item_c_type(t, t->array);
    fprintf(f, "     .offset = offsetof(struct %s, %s),\n", s->snake, name);
    if (t->optional)
        fprintf(f, "     .has_offset = offsetof(struct %s, has_%s),\n", s->snake, name);
    fprintf(f, "     .item_size = sizeof(%s),\n", c_type);
    if (t->kind == RECORD)
        fprintf(f, "     .record = &type_%s,\n", t->shared->snake);
    if (t->kind == ENUM)
        fprintf(f, "     .enums = &enum_%s,\n", t->shared->snake);
    free(c_type);
}

static void emit_flag(FILE *f, const char *name, bool value)
{
    if (value)
        fprintf(f, "     .%s = true,\n", name);
}

static void emit_field(FILE *f, const struct schema *s, const json_t *field)
{
    const char *name = text_of(field, "name");
    struct field_type t = field_type(field);
    const json_t *value = json_object_get(field, "default");
    fputs("    {\n", f);
    emit_text(f, "name", name);
    emit_text(f, "doc", text_of(field, "doc"));
    fprintf(f, "     .kind = %s,\n", kinds[t.kind].constant);
    emit_flag(f, "optional", t.optional);
    emit_flag(f, "array", t.array);
    emit_flag(f, "api", !json_is_false(json_object_get(field, "api")));
    emit_flag(f, "digest", !json_is_false(json_object_get(field, "digest")));
    emit_flag(f, "pii", json_is_true(json_object_get(field, "pii")));
    emit_flag(f, "unique_items", json_is_true(json_object_get(field, "unique_items")));
    emit_field_place(f, s, name, &t);
    emit_field_bounds(f, field, &t);
    if (value != NULL) {
        char *text = checked(json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY));
        emit_text(f, "default_json", text);
        free(text);
    }
    if (json_object_get(field, "format"))
        emit_text(f, "format", text_of(field, "format"));
    fputs("    },\n", f);
}

static void emit_fields(FILE *f, const struct schema *s)
{
    size_t i = 0;
    json_t *field = NULL;
    fprintf(f, "static const struct field fields_%s[] = {\n", s->snake);
    json_array_foreach(json_object_get(s->json, "fields"), i, field)
    {
        emit_field(f, s, field);
    }
    fputs("};\n", f);
}

static void emit_versions(FILE *f, const struct schema *newest)
{
    fprintf(f, "static const struct schema_version versions_%s[] = {\n", newest->snake);
    for (const struct schema *s = newest - (newest->version - 1); s <= newest; s++) {
        fprintf(f, "    {%" PRId32 ", %d,\n     ", s->id, s->version);
        emit_literal(f, s->text);
        fputs("},\n", f);
    }
    fputs("};\n", f);
}

static size_t key_index(const struct schema *s)
{
    size_t i = 0;
    json_t *field = NULL;
    json_array_foreach(json_object_get(s->json, "fields"), i, field)
    {
        if (strcmp(text_of(field, "name"), text_of(s->json, "key")) == 0)
            break;
    }
    return i;
}

static void emit_record(FILE *f, const struct schema *s, size_t index)
{
    emit_fields(f, s);
    if (s->role != ROLE_PART)
        emit_versions(f, s);
    fprintf(f, "const struct record_type type_%s = {\n", s->snake);
    emit_text(f, "name", s->name);
    emit_text(f, "subject", s->full_name);
    emit_text(f, "service", s->service);
    emit_text(f, "doc", text_of(s->json, "doc"));
    fprintf(f, "     .role = %s,\n", role_constants[s->role]);
    fprintf(f, "     .size = sizeof(struct %s),\n", s->snake);
    fprintf(f, "     .fields = fields_%s,\n     .n_fields = ARRAY_SIZE(fields_%s),\n", s->snake,
            s->snake);
    if (s->role == ROLE_COMMAND)
        fprintf(f, "     .key = &fields_%s[%zu],\n", s->snake, key_index(s));
    if (s->role == ROLE_PART) {
        fputs("     .index = RECORD_INDEX_NONE,\n};\n\n", f);
        return;
    }
    fprintf(f, "     .versions = versions_%s,\n     .n_versions = %d,\n", s->snake, s->version);
    fprintf(f, "     .index = %zu,\n};\n\n", index);
}

static void emit_enum_table(FILE *f, const struct schema *s)
{
    size_t i = 0;
    json_t *symbol = NULL;
    fprintf(f, "static const char *const symbols_%s[] = {", s->snake);
    json_array_foreach(json_object_get(s->json, "symbols"), i, symbol)
    {
        fprintf(f, "\"%s\", ", json_string_value(symbol));
    }
    fprintf(f, "};\nconst struct enum_type enum_%s = {\"%s\", symbols_%s, %zu};\n\n", s->snake,
            s->name, s->snake, i);
}

static void emit_source(FILE *f)
{
    size_t index = 0;
    fprintf(f, "%s#include \"schemas/records.h\"\n\n", notice);
    for (size_t i = 0; i < n_schemas; i++) {
        const struct schema *s = &schemas[i];
        if (s->role == ROLE_ENUM)
            emit_enum_table(f, s);
    }
    for (size_t i = 0; i < n_schemas; i++) {
        const struct schema *s = &schemas[i];
        if (s->role != ROLE_ENUM && s->newest)
            emit_record(f, s, s->role == ROLE_PART ? 0 : index++);
    }
    fputs("const struct record_type *const record_types[] = {\n", f);
    for (size_t i = 0; i < n_schemas; i++) {
        if (schemas[i].role < ROLE_PART && schemas[i].newest)
            fprintf(f, "    &type_%s,\n", schemas[i].snake);
    }
    fputs("};\nconst size_t n_record_types = ARRAY_SIZE(record_types);\n", f);
}

/* ---- main ---- */

/* Whole or not at all, so that a compiler beside us never reads half a file. */
static void write_file(const char *dir, const char *name, void (*emit)(FILE *))
{
    char *path = format("%s/%s", dir, name);
    char *temporary = format("%s.%d", path, (int)getpid());
    FILE *f = fopen(temporary, "w");
    if (f == NULL) {
        mistake(temporary, "%s", strerror(errno));
        stop_on_mistakes();
    }
    emit(f);
    if (fclose(f) != 0 || rename(temporary, path) != 0)
        mistake(path, "%s", strerror(errno));
    free(temporary);
    free(path);
}

int main(int argc, char **argv)
{
    bool lock = argc == 4 && strcmp(argv[3], "--lock") == 0;
    if (argc != 3 && !lock) {
        fputs("usage: generate SCHEMAS_DIR OUT_DIR [--lock]\n", stderr);
        return 64;
    }
    json_object_seed(1);
    load_all(argv[1]);
    stop_on_mistakes();
    check_and_publish_all();
    stop_on_mistakes();
    char *path = format("%s/ids.lock", argv[1]);
    int32_t last_id = read_lock(path);
    stop_on_mistakes();
    lock_new(path, last_id, lock);
    stop_on_mistakes();
    write_file(argv[2], "records.h", emit_header);
    write_file(argv[2], "records.c", emit_source);
    free(path);
    stop_on_mistakes();
    return 0;
}

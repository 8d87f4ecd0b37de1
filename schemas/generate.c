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
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schemas/generate.h"

#define DEPTH_MAX 16
#define FIRST_ID  1000000
#define NAME_SIZE 256

const char *const role_words[] = {"command", "event", "state", "part"};

struct schema schemas[FILES_MAX];
size_t n_schemas;
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

void *checked(void *p)
{
    if (p == NULL) {
        fputs("generate: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

char *format(const char *fmt, ...)
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

static bool is_snake(const char *s)
{
    return s != NULL && islower((unsigned char)s[0]) &&
           strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(s);
}

const char *text_of(const json_t *object, const char *member)
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

/* Decimal digits up to `end` (a character), 1 to INT32_MAX. */
static bool read_number(const char *text, char end, int32_t *ret)
{
    char *rest = NULL;
    errno = 0;
    long n = strtol(text, &rest, 10);
    if (!isdigit((unsigned char)text[0]) || *rest != end || errno != 0 || n < 1 || n > INT32_MAX)
        return false;
    *ret = (int32_t)n;
    return true;
}

/* Name.avsc is version 1, Name.v2.avsc version 2. False: not a schema file's name. */
static bool split_file_name(const char *file, char ret_name[NAME_SIZE], int32_t *ret_version)
{
    size_t len = strspn(file, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    if (len == 0 || len >= NAME_SIZE)
        return false;
    snprintf(ret_name, NAME_SIZE, "%.*s", (int)len, file);
    *ret_version = 1;
    if (strcmp(file + len, ".avsc") == 0)
        return true;
    return strncmp(file + len, ".v", 2) == 0 && read_number(file + len + 2, '.', ret_version) &&
           *ret_version >= 2 && strcmp(strrchr(file, '.'), ".avsc") == 0 &&
           strspn(file + len + 2, "0123456789") + 5 == strlen(file + len + 2);
}

static void load_file(const char *dir, const char *service, const char *file)
{
    char name[NAME_SIZE];
    char *path = format("%s/%s/%s", dir, service, file);
    int32_t version = 0;
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
        return;
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
struct field_type field_type(const json_t *field)
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

static bool same_default(const json_t *a, const json_t *b)
{
    const json_t *x = json_object_get(a, "default");
    const json_t *y = json_object_get(b, "default");
    return x == y || json_equal(x, y);
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
        else if (!same_default(field, now))
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
    char id_text[16];
    char version_text[16];
    char subject[NAME_SIZE];
    char sha[2 * SHA256_DIGEST_LENGTH + 1];
    int32_t id = 0;
    int32_t version = 0;
    if (sscanf(line, "%15s %255s %15s %64s", id_text, subject, version_text, sha) != 4 ||
        !read_number(id_text, '\0', &id) || !read_number(version_text, '\0', &version)) {
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

/* generate_emit.c - the generator's two outputs, records.h and records.c. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/generate.h"

static const char *const role_constants[] = {"RECORD_COMMAND", "RECORD_EVENT", "RECORD_STATE",
                                             "RECORD_PART"};

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

static char *upper_case(const char *text)
{
    char *ret = checked(strdup(text));
    for (char *c = ret; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    return ret;
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

void emit_header(FILE *f)
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

void emit_source(FILE *f)
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

#include "schemas/schema_text.h"

#include <stdlib.h>

static json_t *type_of(const json_t *node, const char *space, int depth);

static bool is_primitive(const char *name)
{
    static const char *const names[] = {"null",  "boolean", "int",   "long",
                                        "float", "double",  "bytes", "string"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool is_named(const char *type)
{
    return type &&
           (strcmp(type, "record") == 0 || strcmp(type, "enum") == 0 || strcmp(type, "fixed") == 0);
}

static json_t *full_name(const char *name, const char *space)
{
    if (strchr(name, '.') || space[0] == '\0')
        return json_string(name);
    return json_sprintf("%s.%s", space, name);
}

/* The namespace that the types inside of a named type are in; malloc'ed. */
static char *space_inside(const json_t *full)
{
    char *space = strdup(json_string_value(full));
    if (!space)
        abort();
    char *dot = strrchr(space, '.');
    *(dot ? dot : space) = '\0';
    return space;
}

/* An array of types, or of fields, which have theirs as a member. NULL when an item has none. */
static json_t *list_of(const json_t *array, const char *space, int depth)
{
    json_t *ret = json_array();
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)array, i, item)
    {
        json_t *type = type_of(item, space, depth);
        if (!type || json_array_append_new(ret, type) != 0) {
            json_decref(ret);
            return NULL;
        }
    }
    return ret;
}

static json_t *member_of(const char *name, const json_t *value, const char *space, int depth)
{
    if (strcmp(name, "type") == 0 || strcmp(name, "items") == 0 || strcmp(name, "values") == 0)
        return type_of(value, space, depth);
    if (strcmp(name, "fields") == 0)
        return json_is_array(value) ? list_of(value, space, depth) : NULL;
    return json_incref((json_t *)value);
}

/* A type with attributes, or a field. */
static json_t *object_of(const json_t *object, const char *outer, int depth)
{
    const char *type = json_string_value(json_object_get(object, "type"));
    const char *name = json_string_value(json_object_get(object, "name"));
    const char *own = json_string_value(json_object_get(object, "namespace"));
    bool named = is_named(type) && name;
    json_t *full = named ? full_name(name, own ? own : outer) : NULL;
    char *space = named ? space_inside(full) : NULL;
    json_t *ret = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        if (strcmp(key, "doc") == 0 || (named && strcmp(key, "namespace") == 0))
            continue;
        json_t *made = named && strcmp(key, "name") == 0 ? json_incref(full)
                       : named && strcmp(key, "type") == 0
                           ? json_incref(value)
                           : member_of(key, value, space ? space : outer, depth);
        if (!made || json_object_set_new(ret, key, made) != 0) {
            json_decref(ret);
            ret = NULL;
            break;
        }
    }
    free(space);
    json_decref(full);
    return ret;
}

static json_t *type_of(const json_t *node, const char *space, int depth)
{
    if (depth == 0)
        return NULL;
    if (json_is_string(node))
        return is_primitive(json_string_value(node)) ? json_incref((json_t *)node)
                                                     : full_name(json_string_value(node), space);
    if (json_is_array(node))
        return list_of(node, space, depth - 1);
    if (!json_is_object(node))
        return NULL;
    if (json_object_size(node) == 1 && json_object_get(node, "type"))
        return type_of(json_object_get(node, "type"), space, depth - 1);
    return object_of(node, space, depth - 1);
}

json_t *schema_text_canonical(const char *text)
{
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    json_t *ret = json ? type_of(json, "", SCHEMA_TEXT_DEPTH_MAX) : NULL;
    json_decref(json);
    return ret;
}

const char *schema_text_name(const json_t *canonical)
{
    const char *name = json_string_value(json_object_get(canonical, "name"));
    return name ? name : "";
}

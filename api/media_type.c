#include "api/media_type.h"

#include <string.h>
#include <strings.h>

#include "api/field_list.h"

#define APPLICATION "application/"
#define SUFFIX      "+json"

static bool json_type(struct field_part type)
{
    size_t begin = strlen(APPLICATION), end = strlen(SUFFIX);
    if (field_part_is(type, APPLICATION "json"))
        return true;
    return type.len > begin + end && strncasecmp(type.s, APPLICATION, begin) == 0 &&
           strncasecmp(type.s + type.len - end, SUFFIX, end) == 0;
}

bool media_type_is_json(const char *content_type)
{
    struct field_part rest = {content_type, strlen(content_type)}, part, name, value;
    if (!field_part_next(&rest, ';', &part) || !json_type(part))
        return false;
    while (field_part_next(&rest, ';', &part)) {
        field_part_split(part, &name, &value);
        if (field_part_is(name, "charset") && !field_part_is(field_part_unquoted(value), "utf-8"))
            return false;
    }
    return true;
}

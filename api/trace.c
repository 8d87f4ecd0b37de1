#include "api/trace.h"

#include <stdio.h>
#include <string.h>

#define HEX           "0123456789abcdef"
#define VERSION_LEN   2
#define TRACE_ID      3
#define TRACE_ID_LEN  32
#define PARENT_ID     36
#define PARENT_ID_LEN 16
#define FLAGS         53
#define FLAGS_LEN     2

static bool hex_at(const char *text, size_t at, size_t len)
{
    return strspn(text + at, HEX) >= len && (text[at + len] == '-' || text[at + len] == '\0');
}

static bool zeros_at(const char *text, size_t at, size_t len)
{
    return strspn(text + at, "0") >= len;
}

/* version "-" trace-id "-" parent-id "-" flags, and of a later version "-" and more. */
static bool shape_valid(const char *text)
{
    size_t len = strlen(text);
    if (len < TRACEPARENT_LEN || (len > TRACEPARENT_LEN && text[TRACEPARENT_LEN] != '-'))
        return false;
    return hex_at(text, 0, VERSION_LEN) && hex_at(text, TRACE_ID, TRACE_ID_LEN) &&
           hex_at(text, PARENT_ID, PARENT_ID_LEN) && hex_at(text, FLAGS, FLAGS_LEN);
}

bool trace_parent_parse(const char *text, char ret[TRACEPARENT_LEN + 1])
{
    if (!shape_valid(text) || strncmp(text, "ff", VERSION_LEN) == 0 ||
        zeros_at(text, TRACE_ID, TRACE_ID_LEN) || zeros_at(text, PARENT_ID, PARENT_ID_LEN))
        return false;
    bool ours = strncmp(text, "00", VERSION_LEN) == 0;
    if (ours && text[TRACEPARENT_LEN] != '\0')
        return false;
    (void)snprintf(ret, TRACEPARENT_LEN + 1, "00%s", text + VERSION_LEN);
    if (!ours) { /* of its flags version 00 knows the last bit */
        ret[FLAGS] = '0';
        ret[FLAGS + 1] = strchr("13579bdf", text[FLAGS + 1]) ? '1' : '0';
    }
    return true;
}

#include "api/target.h"

#include <string.h>
#include <strings.h>

#define UNRESERVED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
#define SUB_DELIMS "!$&'()*+,;="
#define PORT       "0123456789"
#define ADDRESS    "0123456789abcdefABCDEF:."

bool target_host_valid(const char *host)
{
    size_t len;
    if (host[0] == '[') {
        len = 1 + strspn(host + 1, ADDRESS);
        if (len == 1 || host[len++] != ']')
            return false;
    } else {
        len = strspn(host, UNRESERVED SUB_DELIMS "%");
    }
    if (host[len] == ':' && len > 0)
        len += 1 + strspn(host + len + 1, PORT);
    return host[len] == '\0';
}

/* Those that no URI may have as they are. Browsers leave []{}|\^` alone in a query, so they pass. */
static bool characters_valid(const char *target)
{
    for (; *target; target++) {
        unsigned char c = (unsigned char)*target;
        if (c <= ' ' || c >= 0x7f || strchr("\"<>#", c))
            return false;
    }
    return true;
}

/* What follows "http://" or "https://"; NULL: neither stands there. */
static const char *authority_of(const char *target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
        if (strncasecmp(target, schemes[i], strlen(schemes[i])) == 0)
            return target + strlen(schemes[i]);
    return NULL;
}

const char *target_origin(const char *target, const char *method, struct arena *a)
{
    bool options = strcmp(method, "OPTIONS") == 0;
    if (!characters_valid(target))
        return NULL;
    if (target[0] == '/' || (options && strcmp(target, TARGET_SERVER) == 0))
        return target;
    const char *authority = authority_of(target);
    if (!authority)
        return NULL;
    size_t len = strcspn(authority, "/?");
    const char *host = arena_strndup(a, authority, len), *rest = authority + len;
    if (len == 0 || !target_host_valid(host))
        return NULL;
    if (rest[0] == '\0' && options)
        return TARGET_SERVER;
    return rest[0] == '/' ? rest : arena_printf(a, "/%s", rest);
}

#include "api/field_list.h"

#include <string.h>
#include <strings.h>

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

struct field_part field_part_trimmed(const char *s, size_t len)
{
    while (len > 0 && blank(*s))
        s++, len--;
    while (len > 0 && blank(s[len - 1]))
        len--;
    return (struct field_part){s, len};
}

/* Up to the separator or the end. A quoted string that does not end takes the rest with it. */
static size_t part_len(struct field_part rest, char separator)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < rest.len && (quoted || rest.s[i] != separator); i++) {
        if (quoted && rest.s[i] == '\\' && i + 1 < rest.len)
            i++;
        else if (rest.s[i] == '"')
            quoted = !quoted;
    }
    return i;
}

bool field_part_next(struct field_part *rest, char separator, struct field_part *ret)
{
    while (rest->len > 0) {
        size_t len = part_len(*rest, separator), taken = len + (len < rest->len);
        struct field_part part = field_part_trimmed(rest->s, len);
        *rest = (struct field_part){rest->s + taken, rest->len - taken};
        if (part.len > 0) {
            *ret = part;
            return true;
        }
    }
    return false;
}

bool field_part_is(struct field_part p, const char *word)
{
    return p.len == strlen(word) && strncasecmp(p.s, word, p.len) == 0;
}

void field_part_split(struct field_part p,
                      struct field_part *ret_name,
                      struct field_part *ret_value)
{
    const char *equals = memchr(p.s, '=', p.len);
    size_t name_len = equals ? (size_t)(equals - p.s) : p.len, behind = name_len + (equals != NULL);
    *ret_name = field_part_trimmed(p.s, name_len);
    *ret_value = field_part_trimmed(p.s + behind, p.len - behind);
}

struct field_part field_part_unquoted(struct field_part p)
{
    bool quoted = p.len >= 2 && p.s[0] == '"' && p.s[p.len - 1] == '"';
    return quoted ? (struct field_part){p.s + 1, p.len - 2} : p;
}

#include "schemas/text.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define LOW_BITS  UINT64_C(0x0101010101010101)

static bool is_continuation(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Bytes of the character at p, 0 when it is not one (RFC 3629, table of well-formed sequences). */
static size_t character_size(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return p[0] != 0;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        return left >= 2 && is_continuation(p[1]) ? 2 : 0;
    if (p[0] >= 0xe0 && p[0] <= 0xef) {
        if (left < 3 || !is_continuation(p[1]) || !is_continuation(p[2]))
            return 0;
        bool overlong = p[0] == 0xe0 && p[1] < 0xa0;
        bool surrogate = p[0] == 0xed && p[1] >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        if (left < 4 || !is_continuation(p[1]) || !is_continuation(p[2]) || !is_continuation(p[3]))
            return 0;
        bool overlong = p[0] == 0xf0 && p[1] < 0x90;
        bool beyond = p[0] == 0xf4 && p[1] >= 0x90;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

/* Eight bytes of plain ASCII, none of them NUL: most of what passes here. */
static bool is_plain_word(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return ((word | (word - LOW_BITS)) & HIGH_BITS) == 0;
}

bool text_is_clean(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        if (len - i >= sizeof(uint64_t) && is_plain_word(text + i)) {
            i += sizeof(uint64_t);
            continue;
        }
        size_t size = character_size((const unsigned char *)text + i, len - i);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

size_t text_characters(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += !is_continuation((unsigned char)text[i]);
    return n;
}

static bool is_control(const unsigned char *p)
{
    bool c1 = p[0] == 0xc2 && p[1] < 0xa0;
    return p[0] < 0x20 || p[0] == 0x7f || c1;
}

/* U+2028 and U+2029. */
static bool is_separator(const unsigned char *p)
{
    return p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9);
}

bool text_is_line(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (is_control(p) || is_separator(p))
            return false;
    }
    return true;
}

bool text_is_text(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (is_control(p) && strchr("\t\n\r", *p) == NULL)
            return false;
    }
    return true;
}

static const char letters_digits[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* Letters, digits, inner hyphens; 1 to 63. Returns its length, 0 = not one. */
static size_t label_length(const char *p)
{
    size_t len = 0;
    for (;;) {
        len += strspn(p + len, letters_digits);
        size_t hyphens = strspn(p + len, "-");
        if (hyphens == 0)
            break;
        len += hyphens;
    }
    return len > 63 || len == 0 || p[0] == '-' || p[len - 1] == '-' ? 0 : len;
}

static size_t local_length(const char *p)
{
    size_t len = 0;
    while (p[len] != '\0' &&
           (strchr(letters_digits, p[len]) || strchr(".!#$%&'*+/=?^_`{|}~-", p[len])))
        len++;
    return len;
}

bool text_is_email(const char *text)
{
    size_t local = local_length(text);
    if (strlen(text) > TEXT_EMAIL_MAX || local == 0 || local > 64 || text[local] != '@')
        return false;
    for (const char *p = text + local + 1;; p++) {
        size_t label = label_length(p);
        p += label;
        if (label == 0 || *p != '.')
            return label > 0 && *p == '\0';
    }
}

char *text_ascii_lower(const char *text, struct arena *a)
{
    char *lower = arena_strdup(a, text);
    for (char *c = lower; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return lower;
}

size_t text_prefix(const char *text, size_t max)
{
    size_t len = strnlen(text, max + 1);
    if (len <= max)
        return len;
    len = max;
    while (len > 0 && is_continuation((unsigned char)text[len]))
        len--;
    return len;
}

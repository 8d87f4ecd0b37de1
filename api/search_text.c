#include "api/search_text.h"

#include <ctype.h>
#include <string.h>

static bool is_ascii_word(char c)
{
    return isascii(c) && isalnum((unsigned char)c);
}

/* PostgreSQL's locale decides which of the others are letters. */
static bool may_be_word(char c)
{
    return is_ascii_word(c) || !isascii(c);
}

/* Does the minus at p stand inside a word, or exclude a word or a phrase? */
static bool minus_means(const char *text, const char *p, size_t *unsure)
{
    const char *word = p[1] == '"' ? p + 2 : p + 1;
    if (p > text && may_be_word(p[-1]) && may_be_word(p[1]))
        return true;
    if (is_ascii_word(*word))
        return true;
    return may_be_word(*word) && ++*unsure <= SEARCH_NOT_MAX;
}

char *search_text_clean(const char *text, struct arena *a)
{
    char *clean = arena_strdup(a, text);
    size_t unsure = 0;
    for (const char *p = text; (p = strchr(p, '-')); p++)
        if (!minus_means(text, p, &unsure))
            clean[p - text] = ' ';
    return clean;
}

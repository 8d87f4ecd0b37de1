#include "api/password_text.h"

#include <sodium.h>
#include <string.h>

#include "api/password.h"
#include "schemas/text.h"
#include "schemas/unicode.h"

static bool length_fits(const char *text, enum password_use use)
{
    size_t n = text_characters(text, strlen(text));
    return n >= (use == PASSWORD_NEW ? PASSWORD_MIN : 1) && n <= PASSWORD_MAX;
}

/* NULL = fine, and *ret is filled. */
static const char *prepare(const char *text,
                           enum password_use use,
                           struct arena *a,
                           struct password_text *ret,
                           uint32_t *bad)
{
    struct password_text p = {0};
    if (!unicode_password(text, a, &p.prepared, bad)) {
        if (use == PASSWORD_NEW && *bad != 0)
            return "format";
        p.prepared = arena_strdup(a, text);
    } else if (strcmp(p.prepared, text) != 0) {
        p.raw = arena_strdup(a, text);
    }
    bool fits = length_fits(p.prepared, use);
    fits = fits || (use == PASSWORD_PROOF && p.raw && length_fits(p.raw, use));
    if (fits)
        *ret = p;
    else
        password_text_wipe(&p);
    return fits ? NULL : "length";
}

void password_text_take(json_t *body,
                        const char *name,
                        enum password_use use,
                        struct arena *a,
                        struct password_text *ret,
                        struct field_errors *errors)
{
    uint32_t bad = 0;
    const json_t *v = json_object_get(body, name);
    *ret = (struct password_text){0};
    const char *code = !v                   ? "required"
                       : !json_is_string(v) ? "type"
                                            : prepare(json_string_value(v), use, a, ret, &bad);
    if (code && bad != 0)
        field_errors_add(errors, a, name, code,
                         arena_printf(a, "U+%04X is not allowed in a password", bad));
    else if (code)
        field_errors_add(errors, a, name, code,
                         arena_printf(a, "a text of %d to %d characters",
                                      use == PASSWORD_NEW ? PASSWORD_MIN : 1, PASSWORD_MAX));
    (void)json_object_del(body, name);
}

static void wipe(char *text)
{
    if (text)
        sodium_memzero(text, strlen(text));
}

void password_text_wipe(struct password_text *p)
{
    wipe(p->prepared);
    wipe(p->raw);
}

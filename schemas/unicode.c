#include "schemas/unicode.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uidna.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include "schemas/text.h"

#define ZWNJ           0x200c
#define ZWJ            0x200d
#define BRAILLE_BLANK  0x2800 /* a symbol without a dot */
#define CLASS_VIRAMA   9
#define DOMAIN_MAX     256 /* bytes of A-labels, more than any name in the DNS has */
#define UTF8_UNIT_MAX  3   /* bytes of UTF-8 for one unit of UTF-16 */
#define NFC_EXPAND_MAX 3   /* units of NFC for one unit, by UAX #15 */

/* ---- visible */

#define SEEN_MASK \
    (U_GC_L_MASK | U_GC_MC_MASK | U_GC_ME_MASK | U_GC_N_MASK | U_GC_P_MASK | U_GC_S_MASK)

static bool is_seen(UChar32 c)
{
    return (U_GET_GC_MASK(c) & SEEN_MASK) != 0 && c != BRAILLE_BLANK &&
           !u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
}

bool text_is_visible(const char *text)
{
    int32_t len = (int32_t)strlen(text);
    for (int32_t i = 0; i < len;) {
        UChar32 c;
        U8_NEXT(text, i, len, c);
        if (c >= 0 && is_seen(c))
            return true;
    }
    return false;
}

/* ---- UTF-16, in which ICU works */

struct wide {
    UChar *s;
    int32_t n;
};

static struct wide wide_new(const char *text, size_t len, struct arena *a)
{
    struct wide w = {.s = ARENA_ARRAY(a, UChar, len + 1)};
    UErrorCode e = U_ZERO_ERROR;
    u_strFromUTF8(w.s, (int32_t)len + 1, &w.n, text, (int32_t)len, &e);
    if (U_FAILURE(e))
        w.n = 0;
    return w;
}

static char *narrow(struct wide w, struct arena *a)
{
    size_t size = (size_t)w.n * UTF8_UNIT_MAX + 1;
    char *out = arena_alloc(a, size);
    UErrorCode e = U_ZERO_ERROR;
    u_strToUTF8(out, (int32_t)size, NULL, w.s, w.n, &e);
    return U_FAILURE(e) ? NULL : out;
}

static bool nfc(struct wide *w, struct arena *a)
{
    UErrorCode e = U_ZERO_ERROR;
    const UNormalizer2 *n = unorm2_getNFCInstance(&e);
    int32_t room = w->n * NFC_EXPAND_MAX + 1;
    UChar *out = ARENA_ARRAY(a, UChar, (size_t)room);
    int32_t len = U_FAILURE(e) ? 0 : unorm2_normalize(n, w->s, w->n, out, room, &e);
    *w = (struct wide){out, len};
    return U_SUCCESS(e);
}

/* ---- the classes of RFC 8264 */

static UChar32 before(struct wide w, int32_t i)
{
    UChar32 c = 0;
    if (i > 0)
        U16_PREV(w.s, 0, i, c);
    return c;
}

static UChar32 after(struct wide w, int32_t i)
{
    UChar32 c = 0;
    if (i < w.n)
        U16_NEXT(w.s, i, w.n, c);
    return c;
}

static bool is_script(UChar32 c, UScriptCode script)
{
    UErrorCode e = U_ZERO_ERROR;
    return c != 0 && uscript_getScript(c, &e) == script;
}

static bool has_any(struct wide w, bool (*is)(UChar32 c))
{
    for (int32_t i = 0; i < w.n;) {
        UChar32 c;
        U16_NEXT(w.s, i, w.n, c);
        if (is(c))
            return true;
    }
    return false;
}

static bool is_japanese(UChar32 c)
{
    return is_script(c, USCRIPT_HIRAGANA) || is_script(c, USCRIPT_KATAKANA) ||
           is_script(c, USCRIPT_HAN);
}

static bool is_arabic_digit(UChar32 c)
{
    return c >= 0x0660 && c <= 0x0669;
}

static bool is_persian_digit(UChar32 c)
{
    return c >= 0x06f0 && c <= 0x06f9;
}

static int32_t joining(UChar32 c)
{
    return u_getIntPropertyValue(c, UCHAR_JOINING_TYPE);
}

/* RFC 5892 A.1: between letters that join, transparent ones passed over. */
static bool joins_around(struct wide w, int32_t from, int32_t to)
{
    UChar32 c = 0;
    do
        if (from == 0)
            return false;
        else
            U16_PREV(w.s, 0, from, c);
    while (joining(c) == U_JT_TRANSPARENT);
    if (joining(c) != U_JT_LEFT_JOINING && joining(c) != U_JT_DUAL_JOINING)
        return false;
    do
        if (to == w.n)
            return false;
        else
            U16_NEXT(w.s, to, w.n, c);
    while (joining(c) == U_JT_TRANSPARENT);
    return joining(c) == U_JT_RIGHT_JOINING || joining(c) == U_JT_DUAL_JOINING;
}

enum verdict { NO_RULE, ALLOWED, DISALLOWED };

static enum verdict verdict_of(bool allowed)
{
    return allowed ? ALLOWED : DISALLOWED;
}

/* Characters whose neighbours decide: RFC 5892 appendix A. c stands from `from` to `to`. */
static enum verdict contextual(struct wide w, UChar32 c, int32_t from, int32_t to)
{
    UChar32 left = before(w, from), right = after(w, to);
    switch (c) {
    case ZWJ:
        return verdict_of(u_getCombiningClass(left) == CLASS_VIRAMA);
    case ZWNJ:
        return verdict_of(u_getCombiningClass(left) == CLASS_VIRAMA || joins_around(w, from, to));
    case 0x00b7:
        return verdict_of(left == 'l' && right == 'l');
    case 0x0375:
        return verdict_of(is_script(right, USCRIPT_GREEK));
    case 0x05f3:
    case 0x05f4:
        return verdict_of(is_script(left, USCRIPT_HEBREW));
    case 0x30fb:
        return verdict_of(has_any(w, is_japanese));
    default:
        break;
    }
    if (is_arabic_digit(c))
        return verdict_of(!has_any(w, is_persian_digit));
    return is_persian_digit(c) ? verdict_of(!has_any(w, is_arabic_digit)) : NO_RULE;
}

/* RFC 5892 2.6, RFC 8264 9.6: what the properties below would judge otherwise. */
static enum verdict exception(UChar32 c)
{
    static const UChar32 allowed[] = {0x00df, 0x03c2, 0x06fd, 0x06fe, 0x0f0b, 0x3007};
    static const UChar32 disallowed[] = {0x0640, 0x07fa, 0x302e, 0x302f, 0x3031,
                                         0x3032, 0x3033, 0x3034, 0x3035, 0x303b};
    for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
        if (allowed[i] == c)
            return ALLOWED;
    for (size_t i = 0; i < ARRAY_SIZE(disallowed); i++)
        if (disallowed[i] == c)
            return DISALLOWED;
    return NO_RULE;
}

static bool is_old_hangul(UChar32 c)
{
    int32_t type = u_getIntPropertyValue(c, UCHAR_HANGUL_SYLLABLE_TYPE);
    return type == U_HST_LEADING_JAMO || type == U_HST_VOWEL_JAMO || type == U_HST_TRAILING_JAMO;
}

static bool is_ignorable(UChar32 c)
{
    return u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) || U_IS_UNICODE_NONCHAR(c);
}

/* Of both classes: letters and digits. */
#define LETTER_DIGIT_MASK                                                                      \
    (U_GC_LL_MASK | U_GC_LU_MASK | U_GC_LO_MASK | U_GC_ND_MASK | U_GC_LM_MASK | U_GC_MN_MASK | \
     U_GC_MC_MASK)
/* Of FreeformClass only. */
#define FREEFORM_MASK                                                                \
    (LETTER_DIGIT_MASK | U_GC_LT_MASK | U_GC_NL_MASK | U_GC_NO_MASK | U_GC_ME_MASK | \
     U_GC_ZS_MASK | U_GC_P_MASK | U_GC_S_MASK)

static bool has_compatibility(UChar32 c)
{
    UErrorCode e = U_ZERO_ERROR;
    UChar one[2];
    int32_t n = 0;
    U16_APPEND_UNSAFE(one, n, c);
    const UNormalizer2 *k = unorm2_getNFKCInstance(&e);
    return U_SUCCESS(e) && !unorm2_isNormalized(k, one, n, &e);
}

/* The algorithm of RFC 8264 8, in its order. */
static bool in_class(struct wide w, UChar32 c, int32_t from, int32_t to, bool freeform)
{
    enum verdict v = exception(c);
    if (v == NO_RULE)
        v = contextual(w, c, from, to);
    if (v != NO_RULE)
        return v == ALLOWED;
    if (c >= 0x21 && c <= 0x7e)
        return true;
    if (is_old_hangul(c) || is_ignorable(c))
        return false;
    if (!freeform && has_compatibility(c))
        return false;
    return (U_GET_GC_MASK(c) & (freeform ? FREEFORM_MASK : LETTER_DIGIT_MASK)) != 0;
}

/* False: *ret_bad is the first one that is not of the class; 0 of an empty text. */
static bool all_in_class(struct wide w, bool freeform, uint32_t *ret_bad)
{
    *ret_bad = 0;
    for (int32_t i = 0; i < w.n;) {
        int32_t from = i;
        UChar32 c;
        U16_NEXT(w.s, i, w.n, c);
        if (!in_class(w, c, from, i, freeform)) {
            *ret_bad = (uint32_t)c;
            return false;
        }
    }
    return w.n > 0;
}

/* ---- passwords */

bool unicode_password(const char *text, struct arena *a, char **ret, uint32_t *ret_bad)
{
    struct wide w = wide_new(text, strlen(text), a);
    *ret_bad = 0;
    for (int32_t i = 0; i < w.n; i++)
        if (u_charType(w.s[i]) == U_SPACE_SEPARATOR) /* all of them are one unit */
            w.s[i] = ' ';
    if (!nfc(&w, a) || !all_in_class(w, true, ret_bad))
        return false;
    char *prepared = narrow(w, a);
    if (prepared)
        *ret = prepared;
    return prepared != NULL;
}

/* ---- e-mail addresses */

/* RFC 8265 3.3.2: fullwidth and halfwidth characters are what they decompose to. */
static bool width_map(struct wide *w, struct arena *a)
{
    UErrorCode e = U_ZERO_ERROR;
    const UNormalizer2 *k = unorm2_getNFKDInstance(&e);
    int32_t room = w->n * UTF8_UNIT_MAX + 4, n = 0;
    UChar *out = ARENA_ARRAY(a, UChar, (size_t)room);
    for (int32_t i = 0; i < w->n && U_SUCCESS(e);) {
        UChar32 c;
        U16_NEXT(w->s, i, w->n, c);
        int32_t width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
        int32_t len = width == U_EA_FULLWIDTH || width == U_EA_HALFWIDTH
                          ? unorm2_getRawDecomposition(k, c, out + n, room - n, &e)
                          : -1;
        if (len >= 0)
            n += len;
        else
            U16_APPEND_UNSAFE(out, n, c);
    }
    *w = (struct wide){out, n};
    return U_SUCCESS(e);
}

static bool lower(struct wide *w, struct arena *a)
{
    UErrorCode e = U_ZERO_ERROR;
    int32_t room = w->n * NFC_EXPAND_MAX + 1;
    UChar *out = ARENA_ARRAY(a, UChar, (size_t)room);
    int32_t n = u_strToLower(out, room, w->s, w->n, "", &e);
    *w = (struct wide){out, n};
    return U_SUCCESS(e);
}

/* NULL: no UsernameCaseMapped. */
static char *local_part(const char *text, size_t len, struct arena *a)
{
    struct wide w = wide_new(text, len, a);
    uint32_t bad;
    bool ok = width_map(&w, a) && lower(&w, a) && nfc(&w, a) && all_in_class(w, false, &bad);
    return ok ? narrow(w, a) : NULL;
}

/* NULL: no name of hosts. */
static char *domain_part(const char *text, struct arena *a)
{
    UErrorCode e = U_ZERO_ERROR;
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    char *out = arena_alloc(a, DOMAIN_MAX);
    UIDNA *idna = uidna_openUTS46(UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_CHECK_BIDI |
                                      UIDNA_CHECK_CONTEXTJ | UIDNA_USE_STD3_RULES,
                                  &e);
    if (U_FAILURE(e))
        return NULL;
    int32_t n = uidna_nameToASCII_UTF8(idna, text, -1, out, DOMAIN_MAX - 1, &info, &e);
    uidna_close(idna);
    if (U_FAILURE(e) || info.errors != 0 || n <= 0 || n >= DOMAIN_MAX)
        return NULL;
    out[n] = '\0';
    return out;
}

static bool is_ascii(const char *text)
{
    while (*text > 0)
        text++;
    return *text == '\0';
}

const char *unicode_email(const char *email, struct arena *a)
{
    const char *at = strrchr(email, '@');
    if (is_ascii(email) || at == NULL)
        return text_ascii_lower(email, a);
    const char *local = local_part(email, (size_t)(at - email), a);
    const char *domain = is_ascii(at + 1) ? text_ascii_lower(at + 1, a) : domain_part(at + 1, a);
    return local && domain ? arena_printf(a, "%s@%s", local, domain) : text_ascii_lower(email, a);
}

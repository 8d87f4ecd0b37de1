/*
 * unicode.h - what text looks like and when two texts are one, by Unicode's properties: visible
 * characters, and the string classes of RFC 8264 and RFC 8265 (PRECIS). By ICU. Pure, any thread.
 */
#ifndef SCHEMAS_UNICODE_H
#define SCHEMAS_UNICODE_H

#include "ops/runtime/arena.h"

/* Does clean text have a character that a reader sees? Spaces, controls, format characters, what is
 * ignorable by default, private use, unassigned code points and marks without a base are none. */
bool text_is_visible(const char *text);
/*
 * A password in the form of RFC 8265 OpaqueString: other spaces are U+0020, NFC, and nothing that
 * RFC 8264's FreeformClass disallows. ret_bad: the first disallowed code point; 0 = the text is
 * empty. False: it is no OpaqueString, *ret untouched.
 */
MUST_CHECK bool unicode_password(const char *text, struct arena *a, char **ret, uint32_t *ret_bad);
/*
 * The form in which e-mail addresses are compared: the local part by RFC 8265 UsernameCaseMapped,
 * the domain as A-labels (UTS 46), in lower case. Of an address in ASCII it is that address in lower
 * case, always, so that claims and accounts made before this rule keep their keys. What has no such
 * form (no @, disallowed code points) comes back with only A to Z in lower case.
 */
const char *unicode_email(const char *email, struct arena *a);

#endif

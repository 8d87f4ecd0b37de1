/*
 * password_text.h - a password as it stands in a body -> what is hashed (RFC 8265, OpaqueString): the
 * same characters are the same password, however a keyboard encodes them. Pure.
 */
#ifndef API_PASSWORD_TEXT_H
#define API_PASSWORD_TEXT_H

#include "schemas/json.h"

/* Arena memory, for password_text_wipe() when it has been used. */
struct password_text {
    char *prepared; /* what is hashed; when the text has no such form, as it was sent */
    char *raw;      /* as it was sent, when that differs: hashes made before there was a form */
};

enum password_use {
    PASSWORD_NEW,   /* PASSWORD_MIN to PASSWORD_MAX characters; must be an OpaqueString */
    PASSWORD_PROOF, /* 1 to PASSWORD_MAX characters; any text may have become a hash once */
};

/* Takes the member `name` out of the body. Lengths count after preparation. *ret is {0} when an error
 * was added: required, type, length, or format with the code point that a password may not have. */
void password_text_take(json_t *body,
                        const char *name,
                        enum password_use use,
                        struct arena *a,
                        struct password_text *ret,
                        struct field_errors *errors);
void password_text_wipe(struct password_text *p);

#endif

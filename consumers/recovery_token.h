/*
 * recovery_token.h - the text with which the owner of an account sets a new password without the old
 * one. It is printed by `hirelog account recover` and taken by POST /api/password/reset/.
 *
 * Nothing is stored. The token names the account and the end of its time, and its MAC (HMAC-SHA-256
 * under the identity key) also covers the credential that the account has now. So a token is good for one
 * change: with it, or with any other change of the password, the account has another credential.
 * A loss of the vault, which is why it exists, cannot lose it. Pure; any thread.
 */
#ifndef CONSUMERS_RECOVERY_TOKEN_H
#define CONSUMERS_RECOVERY_TOKEN_H

#include "consumers/identity_key.h"
#include "ops/runtime/uuid.h"

#define RECOVERY_TOKEN_SECONDS 3600
#define RECOVERY_TOKEN_BYTES   (16 + 8 + 32) /* user id, end of its time, MAC */
#define RECOVERY_TOKEN_TEXT    75            /* base64url without padding */

/* What a token says. Nothing of it is believed before recovery_token_proved(). */
struct recovery_token {
    struct uuid user_id;
    int64_t expires_at; /* seconds since 1970 */
    uint8_t mac[32];
};

void recovery_token_make(const uint8_t key[IDENTITY_KEY_BYTES],
                         const struct uuid *user_id,
                         const struct uuid *credential_id,
                         int64_t now_us,
                         char ret[RECOVERY_TOKEN_TEXT + 1]);
/* False: the text has not the form of a token. */
MUST_CHECK bool recovery_token_parse(const char *text, struct recovery_token *ret);
/* credential_id: the one that the account has now. False: the token is too old, was used, or is not ours. */
MUST_CHECK bool recovery_token_proved(const struct recovery_token *t,
                                      const uint8_t key[IDENTITY_KEY_BYTES],
                                      const struct uuid *credential_id,
                                      int64_t now_us);

#endif

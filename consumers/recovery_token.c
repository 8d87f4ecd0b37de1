#include "consumers/recovery_token.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define PURPOSE   "hirelog password recovery" /* the key serves other purposes, too */
#define SECOND_US 1000000

static_assert(crypto_auth_hmacsha256_BYTES == sizeof(((struct recovery_token *)NULL)->mac),
              "the MAC fills its place");
static_assert(crypto_auth_hmacsha256_KEYBYTES == IDENTITY_KEY_BYTES, "the key has the MAC's size");

static void put_int8(uint8_t *to, int64_t value)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
}

static int64_t get_int8(const uint8_t *from)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | from[i];
    return (int64_t)value;
}

static void mac_of(const struct recovery_token *t,
                   const uint8_t key[IDENTITY_KEY_BYTES],
                   const struct uuid *credential_id,
                   uint8_t ret[32])
{
    crypto_auth_hmacsha256_state s;
    uint8_t expires_at[8];
    put_int8(expires_at, t->expires_at);
    crypto_auth_hmacsha256_init(&s, key, IDENTITY_KEY_BYTES);
    crypto_auth_hmacsha256_update(&s, (const uint8_t *)PURPOSE, sizeof(PURPOSE));
    crypto_auth_hmacsha256_update(&s, t->user_id.b, sizeof(t->user_id.b));
    crypto_auth_hmacsha256_update(&s, expires_at, sizeof(expires_at));
    crypto_auth_hmacsha256_update(&s, credential_id->b, sizeof(credential_id->b));
    crypto_auth_hmacsha256_final(&s, ret);
}

void recovery_token_make(const uint8_t key[IDENTITY_KEY_BYTES],
                         const struct uuid *user_id,
                         const struct uuid *credential_id,
                         int64_t now_us,
                         char ret[RECOVERY_TOKEN_TEXT + 1])
{
    struct recovery_token t = {.user_id = *user_id,
                               .expires_at = now_us / SECOND_US + RECOVERY_TOKEN_SECONDS};
    uint8_t bytes[RECOVERY_TOKEN_BYTES];
    memcpy(bytes, t.user_id.b, 16);
    put_int8(bytes + 16, t.expires_at);
    mac_of(&t, key, credential_id, bytes + 24);
    sodium_bin2base64(ret, RECOVERY_TOKEN_TEXT + 1, bytes, sizeof(bytes),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool recovery_token_parse(const char *text, struct recovery_token *ret)
{
    uint8_t bytes[RECOVERY_TOKEN_BYTES];
    size_t n = 0;
    if (strlen(text) != RECOVERY_TOKEN_TEXT ||
        sodium_base642bin(bytes, sizeof(bytes), text, RECOVERY_TOKEN_TEXT, NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        n != sizeof(bytes))
        return false;
    memcpy(ret->user_id.b, bytes, 16);
    ret->expires_at = get_int8(bytes + 16);
    memcpy(ret->mac, bytes + 24, sizeof(ret->mac));
    return true;
}

bool recovery_token_proved(const struct recovery_token *t,
                           const uint8_t key[IDENTITY_KEY_BYTES],
                           const struct uuid *credential_id,
                           int64_t now_us)
{
    uint8_t mac[32];
    mac_of(t, key, credential_id, mac);
    return sodium_memcmp(mac, t->mac, sizeof(mac)) == 0 && t->expires_at > now_us / SECOND_US;
}

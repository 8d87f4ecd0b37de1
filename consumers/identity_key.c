#include "consumers/identity_key.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FILE_BYTES_MAX 512 /* what is behind them is not looked at */

enum err_code
identity_key_read(const struct config *cfg, uint8_t ret[IDENTITY_KEY_BYTES], struct err *err)
{
    char text[FILE_BYTES_MAX];
    FILE *f = fopen(cfg->identity_key_file, "re");
    if (!f)
        return err_set(err, ERR_INVALID, "identity_key_file = %s cannot be read: %s",
                       cfg->identity_key_file, strerror(errno));
    size_t n = fread(text, 1, sizeof(text), f);
    fclose(f);
    while (n > 0 && strchr("\r\n", text[n - 1]))
        n--;
    if (n < IDENTITY_KEY_BYTES)
        return err_set(err, ERR_INVALID, "identity_key_file needs %d bytes or more",
                       IDENTITY_KEY_BYTES);
    crypto_generichash(ret, IDENTITY_KEY_BYTES, (const uint8_t *)text, n, NULL, 0);
    sodium_memzero(text, sizeof(text));
    return ERR_OK;
}

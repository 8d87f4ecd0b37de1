/*
 * identity_key.h - the secret of `identity_key_file`: proves what this system itself said, such as who an
 * anonymous sender is (I1) and that a recovery token is ours.
 */
#ifndef CONSUMERS_IDENTITY_KEY_H
#define CONSUMERS_IDENTITY_KEY_H

#include "ops/runtime/config.h"

#define IDENTITY_KEY_BYTES 32

/* The key that the file's text makes; line ends behind it do not count. ERR_INVALID: the file cannot be
 * read, or has fewer than IDENTITY_KEY_BYTES bytes. */
MUST_CHECK enum err_code
identity_key_read(const struct config *cfg, uint8_t ret[IDENTITY_KEY_BYTES], struct err *err);

#endif

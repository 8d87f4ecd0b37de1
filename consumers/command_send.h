/*
 * command_send.h - one command to the partition of its key, by a producer of its own: for people's tools,
 * which send seldom. Never logs.
 */
#ifndef CONSUMERS_COMMAND_SEND_H
#define CONSUMERS_COMMAND_SEND_H

#include "consumers/manifest.h"
#include "ops/runtime/config.h"
#include "schemas/codec.h"

/* ERR_OK: stored by the brokers (acks=all). ERR_UNAVAILABLE: perhaps stored; send the same again.
 * ERR_CORRUPT: the topic has another number of partitions than the settings say. ERR_INVALID: it cannot be encoded, or is too large. */
MUST_CHECK enum err_code
command_send(const struct config *cfg, struct record command, struct codec *codec, struct err *err);

#endif

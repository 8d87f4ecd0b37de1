/* money.h - rules of amounts: integer minor units and an ISO 4217 code of three capital letters. */
#ifndef OPS_RUNTIME_MONEY_H
#define OPS_RUNTIME_MONEY_H

#include "ops/runtime/base.h"

#define MONEY_AMOUNT_MAX 1000000000000 /* minor units */

bool money_currency_valid(const char *code); /* an active ISO 4217 code (table) */
MUST_CHECK bool
money_add(int64_t a, int64_t b, int64_t *ret); /* false on overflow or above the max */

#endif

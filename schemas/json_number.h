/*
 * json_number.h - numbers of JSON that are integers but not written as such: 1.0, 1e2, 120e-1. JSON
 * Schema's `integer` takes them all. Pure.
 */
#ifndef SCHEMAS_JSON_NUMBER_H
#define SCHEMAS_JSON_NUMBER_H

#include "ops/runtime/arena.h"

/* The text with each such number, of up to 18 digits, as plain digits: exact, as no double is made of
 * it. Everything else stays, so does text that is no JSON. `text` itself when there is none. */
struct bytes json_numbers_plain(struct bytes text, struct arena *a);

#endif

/*
 * text.h - what a string may hold: UTF-8 without U+0000, and the formats of the .avsc files. Pure,
 * any thread.
 */
#ifndef SCHEMAS_TEXT_H
#define SCHEMAS_TEXT_H

#include "ops/runtime/arena.h"

#define TEXT_EMAIL_MAX 254

/* Valid UTF-8 without U+0000 (no overlong forms, no surrogates)? */
bool text_is_clean(const char *text, size_t len);
/* Characters (code points) of clean text. */
size_t text_characters(const char *text, size_t len);
/* No control characters, line or paragraph separators. Clean text expected, as below. */
bool text_is_line(const char *text);
/* No control characters but tab, newline, carriage return. */
bool text_is_text(const char *text);
/* The e-mail addresses of HTML forms: ASCII, one @, dotted labels behind it, at most
 * TEXT_EMAIL_MAX. */
bool text_is_email(const char *text);
/* A copy with the letters A to Z in lower case. */
char *text_ascii_lower(const char *text, struct arena *a);
/* Bytes of the longest prefix of clean text that has at most `max` bytes and cuts no character. */
size_t text_prefix(const char *text, size_t max);

#endif

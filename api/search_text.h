/*
 * search_text.h - words to search for, as somebody typed them -> text that PostgreSQL's
 * websearch_to_tsquery takes, whatever it was: each minus without a word behind it waits on a stack of
 * 32 there, and the 33rd is an error (XX000). Pure.
 */
#ifndef API_SEARCH_TEXT_H
#define API_SEARCH_TEXT_H

#include "ops/runtime/arena.h"

#define SEARCH_NOT_MAX 16 /* of words that do not begin with a letter or digit of ASCII */

/* Same words, same quotes, same exclusions (-word, -"phrase"); a minus that excludes nothing is a
 * space. Clean text expected. */
char *search_text_clean(const char *text, struct arena *a);

#endif

/*
 * docs_page.h - /docs/: the contract for people, printed once at start from the same tables as
 * openapi.json and asyncapi.json, which it leads to. Nothing in it is loaded from anywhere, so the
 * answer's policy stays "default-src 'none'".
 */
#ifndef API_DOCS_PAGE_H
#define API_DOCS_PAGE_H

#include "ops/runtime/base.h"

struct api;

/* Of what this process serves. malloc'ed text; caller frees. */
char *docs_page_text(struct api *api);

#endif

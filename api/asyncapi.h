/*
 * asyncapi.h - /asyncapi.json (AsyncAPI 3.0), printed once at start from the manifest and the schemas: the
 * event topics, for whoever subscribes to them.
 */
#ifndef API_ASYNCAPI_H
#define API_ASYNCAPI_H

#include "ops/runtime/base.h"

struct api;

/* Of the services that this process serves. malloc'ed text; caller frees. */
char *asyncapi_text(struct api *api);

#endif

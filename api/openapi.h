/* openapi.h - /openapi.json, printed once at start from the route table, the schemas and the
 * resource table. */
#ifndef API_OPENAPI_H
#define API_OPENAPI_H

#include "ops/runtime/base.h"

struct api;

/* Of the routes that this process serves; api NULL = of all. malloc'ed text; caller frees. */
char *openapi_text(struct api *api);

#endif

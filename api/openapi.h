/* openapi.h - /openapi.json, printed once at start from the route table, the schemas and the
 * resource table. */
#ifndef API_OPENAPI_H
#define API_OPENAPI_H

#include "ops/runtime/base.h"

/* malloc'ed text; caller frees. */
char *openapi_text(void);

#endif

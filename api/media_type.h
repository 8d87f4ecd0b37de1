/* media_type.h - Content-Type of a request (RFC 9110 8.3). Pure. */
#ifndef API_MEDIA_TYPE_H
#define API_MEDIA_TYPE_H

#include <stdbool.h>

/* application/json, application/merge-patch+json, ...; parameters may follow, but no charset other than UTF-8. */
bool media_type_is_json(const char *content_type);

#endif

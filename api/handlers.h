/*
 * handlers.h - the handlers of the table that are more than read.h and write.h do: accounts,
 * command status, registry, event streams, documentation.
 */
#ifndef API_HANDLERS_H
#define API_HANDLERS_H

#include "api/route.h"

handler_fn account_register;
handler_fn account_login;
handler_fn account_logout;
handler_fn account_password;
handler_fn account_reset;

handler_fn command_status;

#define SCHEMA_FETCHES_MAX 64 /* that wait for the schema registry; beyond it 503 */
handler_fn registry_schema_by_id;
handler_fn registry_subjects;
handler_fn registry_versions;
handler_fn registry_version_of;
handler_fn registry_look_up;

handler_fn openapi_show;

handler_fn events_show;

handler_fn asyncapi_show;
handler_fn docs_show;

#endif

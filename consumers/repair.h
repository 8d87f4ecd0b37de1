/*
 * repair.h - the only way on where a lane has stopped because log and view do not belong together
 * (W11). For a person to call, with the service's workers stopped. Never logs.
 */
#ifndef CONSUMERS_REPAIR_H
#define CONSUMERS_REPAIR_H

#include "consumers/manifest.h"
#include "ops/runtime/config.h"
#include "ops/runtime/err.h"

/* The event log is right: drops the view (rows, states, outcomes, positions, claims, dead letters;
 * not the vault) and makes it anew, empty; the lanes fill it from the log. ERR_CONFLICT: a worker
 * still has a lane. */
MUST_CHECK enum err_code
repair_rebuild(const struct config *cfg, const struct service *service, struct err *err);
/* The command log is taken as it is: commands that it lost stay lost, a position outside of it goes
 * to its beginning (what was decided already is skipped by its outcome). *ret_moved: partitions
 * that were moved. ERR_CONFLICT as above. */
MUST_CHECK enum err_code repair_accept_commands(const struct config *cfg,
                                                const struct service *service,
                                                int64_t *ret_moved,
                                                struct err *err);

#endif

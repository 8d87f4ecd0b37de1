/*
 * migrate.h - schemas, roles, grants and lane rows of services, whatever of them is missing. Run at
 * deployment, before the workers
 * (`hirelog migrate`); running it again changes nothing. Logs in as the administrator (pg_admin,
 * pg_admin_<service>).
 * Never logs.
 */
#ifndef PROJECTIONS_MIGRATE_H
#define PROJECTIONS_MIGRATE_H

#include "ops/runtime/config.h"

struct migrate_service {
    const char *name;
    bool vault;        /* has credentials and sessions */
    const char *admin; /* connection string of its database's owner; NULL or "" = pg_admin */
};

/*
 * One transaction per service, one migration at a time. A schema that was lost is made anew: lanes
 * then catch up from the log; the vault is never touched once it exists. ERR_CONFLICT: a service
 * has lanes for another number of partitions than cfg->partitions. ERR_INVALID: the password file
 * cannot be read.
 */
MUST_CHECK enum err_code migrate_run(const struct config *cfg,
                                     const struct migrate_service *services,
                                     size_t n,
                                     struct err *err);

/* Drops a service's view and what belongs to it (hirelog_<service>, hirelog_<service>_g<N>), not
 * its vault. */
MUST_CHECK enum err_code
migrate_drop(const struct config *cfg, const struct migrate_service *service, struct err *err);

#endif

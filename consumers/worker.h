/*
 * worker.h - `hirelog worker`: for each chosen service its group of lanes, its projector and its reactors; the admin port; the
 * watchdog. Logs its life.
 */
#ifndef CONSUMERS_WORKER_H
#define CONSUMERS_WORKER_H

#include "ops/runtime/config.h"
#include "ops/runtime/err.h"

/*
 * Runs until lifecycle says stop, then lets every lane end its batch. ERR_UNAVAILABLE: one did not
 * within 5 s, its thread still runs: leave by _exit. ERR_INVALID: the admin port is
 * taken. lifecycle_setup() comes first.
 */
MUST_CHECK enum err_code worker_run(const struct config *cfg, struct err *err);

#endif

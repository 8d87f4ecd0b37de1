/*
 * service_order.h - in which order the logs of all services are cut: who follows another service's events comes
 * before that service. So each log that is cut later has the causes of what is in those that were cut before. Pure.
 */
#ifndef CONSUMERS_SERVICE_ORDER_H
#define CONSUMERS_SERVICE_ORDER_H

#include "consumers/manifest.h"
#include "ops/runtime/err.h"

/*
 * Every service once: before each stands whoever reacts to its events or projects them (the manifest's reactors and
 * projections). Of services that do not follow each other the manifest's later one comes first: it may name what
 * the earlier ones made (a message its sender, a job its client). ERR_INTERNAL: services follow each other in a circle.
 */
MUST_CHECK enum err_code services_followers_first(const struct service *ret[SERVICES_MAX],
                                                  struct err *err);

#endif

/*
 * metrics.h - counters, gauges and histograms, printed in Prometheus text. Registration takes a
 * lock, updates are atomic. A metric lives as long as the process.
 */
#ifndef OPS_RUNTIME_METRICS_H
#define OPS_RUNTIME_METRICS_H

#include "ops/runtime/strbuf.h"

struct metric; /* opaque */

/* `labels` is Prometheus text without braces (`service="job",partition="0"`) or "". The same name
 * and labels give the same metric. Names end in _total (counters) or carry their unit (_seconds,
 * _bytes). */
struct metric *metrics_counter(const char *name, const char *labels, const char *help);
struct metric *metrics_gauge(const char *name, const char *labels, const char *help);
struct metric *metrics_histogram(const char *name,
                                 const char *labels,
                                 const char *help); /* seconds, 100 us .. 10 s */
void metric_add(struct metric *m, int64_t n);
void metric_set(struct metric *m, int64_t v);
void metric_observe_us(struct metric *m, int64_t us);
void metrics_print(struct strbuf *out); /* all of them, sorted by name */

#endif

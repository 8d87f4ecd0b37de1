#include "ops/runtime/metrics.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
static const char *const kind_names[] = {"counter", "gauge", "histogram"};

/* Upper bounds of the buckets in microseconds; the last, +Inf, is not listed. */
static const int64_t bounds_us[] = {100,     250,     500,     1000,    2500,   5000,
                                    10000,   25000,   50000,   100000,  250000, 500000,
                                    1000000, 2500000, 5000000, 10000000};
#define BUCKETS_N (ARRAY_SIZE(bounds_us) + 1)

struct metric {
    struct metric *next; /* sorted by name, then labels */
    enum metric_kind kind;
    const char *help;
    char *name;
    char *labels;
    _Atomic int64_t value; /* histogram: sum in microseconds */
    _Atomic int64_t *buckets;
};

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct metric *registry;

static int compare(const struct metric *m, const char *name, const char *labels)
{
    int c = strcmp(m->name, name);
    return c ? c : strcmp(m->labels, labels);
}

static struct metric *
metric_new(enum metric_kind kind, const char *name, const char *labels, const char *help)
{
    struct metric *m = calloc(1, sizeof(*m));
    if (!m)
        abort();
    m->kind = kind;
    m->help = help;
    m->name = strdup(name);
    m->labels = strdup(labels);
    if (kind == METRIC_HISTOGRAM)
        m->buckets = calloc(BUCKETS_N, sizeof(*m->buckets));
    if (!m->name || !m->labels || (kind == METRIC_HISTOGRAM && !m->buckets))
        abort();
    return m;
}

static struct metric *
get(enum metric_kind kind, const char *name, const char *labels, const char *help)
{
    pthread_mutex_lock(&registry_lock);
    struct metric **at = &registry;
    while (*at && compare(*at, name, labels) < 0)
        at = &(*at)->next;
    if (!*at || compare(*at, name, labels) != 0) {
        struct metric *m = metric_new(kind, name, labels, help);
        m->next = *at;
        *at = m;
    }
    struct metric *found = *at;
    pthread_mutex_unlock(&registry_lock);
    assert(found->kind == kind);
    return found;
}

struct metric *metrics_counter(const char *name, const char *labels, const char *help)
{
    return get(METRIC_COUNTER, name, labels, help);
}

struct metric *metrics_gauge(const char *name, const char *labels, const char *help)
{
    return get(METRIC_GAUGE, name, labels, help);
}

struct metric *metrics_histogram(const char *name, const char *labels, const char *help)
{
    return get(METRIC_HISTOGRAM, name, labels, help);
}

void metric_add(struct metric *m, int64_t n)
{
    assert(m->kind != METRIC_HISTOGRAM);
    atomic_fetch_add_explicit(&m->value, n, memory_order_relaxed);
}

void metric_set(struct metric *m, int64_t v)
{
    assert(m->kind == METRIC_GAUGE);
    atomic_store_explicit(&m->value, v, memory_order_relaxed);
}

void metric_observe_us(struct metric *m, int64_t us)
{
    size_t i = 0;
    assert(m->kind == METRIC_HISTOGRAM);
    while (i < ARRAY_SIZE(bounds_us) && us > bounds_us[i])
        i++;
    atomic_fetch_add_explicit(&m->buckets[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->value, us, memory_order_relaxed);
}

static void
print_sample(struct strbuf *out, const struct metric *m, const char *suffix, const char *le)
{
    const char *comma = m->labels[0] && le ? "," : "";
    strbuf_addf(out, "%s%s", m->name, suffix);
    if (m->labels[0] || le)
        strbuf_addf(out, "{%s%s", m->labels, comma);
    if (le)
        strbuf_addf(out, "le=\"%s\"", le);
    strbuf_adds(out, m->labels[0] || le ? "} " : " ");
}

static void print_histogram(struct strbuf *out, struct metric *m)
{
    int64_t total = 0;
    char le[32];
    for (size_t i = 0; i < BUCKETS_N; i++) {
        total += m->buckets[i];
        if (i < ARRAY_SIZE(bounds_us))
            snprintf(le, sizeof(le), "%g", (double)bounds_us[i] / 1e6);
        print_sample(out, m, "_bucket", i < ARRAY_SIZE(bounds_us) ? le : "+Inf");
        strbuf_addf(out, "%lld\n", (long long)total);
    }
    print_sample(out, m, "_sum", NULL);
    strbuf_addf(out, "%.6f\n", (double)m->value / 1e6);
    print_sample(out, m, "_count", NULL);
    strbuf_addf(out, "%lld\n", (long long)total);
}

void metrics_print(struct strbuf *out)
{
    const char *last = "";
    pthread_mutex_lock(&registry_lock);
    for (struct metric *m = registry; m; m = m->next) {
        if (strcmp(m->name, last) != 0)
            strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name,
                        kind_names[m->kind]);
        last = m->name;
        if (m->kind == METRIC_HISTOGRAM) {
            print_histogram(out, m);
            continue;
        }
        print_sample(out, m, "", NULL);
        strbuf_addf(out, "%lld\n", (long long)m->value);
    }
    pthread_mutex_unlock(&registry_lock);
}

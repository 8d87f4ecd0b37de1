#include "consumers/topology_command.h"

#include "consumers/manifest.h"
#include "consumers/topology.h"

#define READER_WAIT_MS 100

struct wanted {
    char names[2 * SERVICES_MAX][TOPIC_NAME_MAX];
    struct kafka_topic_spec specs[2 * SERVICES_MAX];
    size_t n;
};

static void want(struct wanted *w, const struct config *cfg, enum topology_place place)
{
    w->specs[w->n] = topology_spec(cfg, place, w->names[w->n]);
    w->n++;
}

static enum err_code create(const struct config *cfg, struct err *err)
{
    static struct wanted w;
    rd_kafka_t *rk = NULL;
    for (size_t i = 0; i < n_services; i++) {
        if (!services_list_has(cfg->services, services[i].name))
            continue;
        service_command_topic(cfg->topic_prefix, services[i].name, w.names[w.n]);
        want(&w, cfg, TOPOLOGY_COMMANDS);
        service_event_topic(cfg->topic_prefix, services[i].name, w.names[w.n]);
        want(&w, cfg, TOPOLOGY_EVENTS);
    }
    TRY(kafka_reader_open(cfg, false, READER_WAIT_MS, &rk, err));
    enum err_code code = kafka_topics_create(rk, w.specs, w.n, err);
    kafka_consumer_close(rk);
    return code;
}

/* ---- check */

static bool alike(const struct topology_finding *a, const struct topology_finding *b)
{
    return a->weight == TOPOLOGY_WEAKENS && b->weight == a->weight && a->place != TOPOLOGY_BROKER &&
           b->place != TOPOLOGY_BROKER && strcmp(a->setting, b->setting) == 0 &&
           strcmp(a->value, b->value) == 0 && a->why == b->why;
}

static bool told_before(const struct topology_report *r, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (alike(&r->findings[k], &r->findings[i]))
            return true;
    return false;
}

static size_t others_alike(const struct topology_report *r, size_t i)
{
    size_t n = 0;
    for (size_t k = i + 1; k < r->n; k++)
        n += alike(&r->findings[i], &r->findings[k]);
    return n;
}

static void print_all(const struct topology_report *r)
{
    owned_value(strbuf_release) struct strbuf s = {0};
    for (size_t i = 0; i < r->n; i++) {
        if (told_before(r, i))
            continue;
        strbuf_addf(&s, "%-7s ", topology_weight_name[r->findings[i].weight]);
        topology_print(&r->findings[i], &s);
        size_t more = others_alike(r, i);
        if (more > 0)
            strbuf_addf(&s, "; %zu more topics are alike", more);
        strbuf_addc(&s, '\n');
    }
    if (r->n == 0)
        strbuf_adds(&s, "ok\n");
    fputs(strbuf_cstr(&s), stdout);
}

static enum err_code check(const struct config *cfg, struct err *err)
{
    owned_value(topology_report_release) struct topology_report r;
    topology_report_init(&r);
    TRY(topology_check(cfg, false, &r, err));
    print_all(&r);
    return topology_verdict(&r, err);
}

enum err_code topology_command(const struct config *cfg, const char *verb, struct err *err)
{
    if (strcmp(verb, "create") == 0)
        return create(cfg, err);
    if (strcmp(verb, "check") == 0)
        return check(cfg, err);
    return err_set(err, ERR_INVALID, "topics create, or topics check");
}

#include "api/docs_page.h"

#include "api/api.h"
#include "api/feed_rules.h"
#include "api/handlers.h"
#include "api/request.h"
#include "schemas/records.h"

static void add_text(struct strbuf *s, const char *text)
{
    for (const char *p = text; *p; p++)
        switch (*p) {
        case '<':
            strbuf_adds(s, "&lt;");
            break;
        case '>':
            strbuf_adds(s, "&gt;");
            break;
        case '&':
            strbuf_adds(s, "&amp;");
            break;
        default:
            strbuf_addc(s, *p);
        }
}

static void add_cell(struct strbuf *s, const char *text, bool code)
{
    strbuf_adds(s, code ? "<td><code>" : "<td>");
    add_text(s, text);
    strbuf_adds(s, code ? "</code></td>" : "</td>");
}

static const char *who_words(enum who who)
{
    static const char *const words[] = {
        [WHO_ANYONE] = "anyone",
        [WHO_MAYBE] = "anyone",
        [WHO_USER] = "a user",
        [WHO_CLIENT] = "a client",
        [WHO_FREELANCER] = "a freelancer",
    };
    return words[who];
}

static void add_routes(struct strbuf *s, struct api *api)
{
    strbuf_adds(s, "<h2>Requests</h2>\n<table>\n<tr><th>method</th><th>path</th><th>who</th>"
                   "<th>what</th></tr>\n");
    for (size_t i = 0; i < n_routes; i++) {
        if (!api_serves(api, &routes[i]))
            continue;
        strbuf_adds(s, "<tr>");
        add_cell(s, routes[i].method, true);
        add_cell(s, routes[i].path, true);
        add_cell(s, who_words(routes[i].who), false);
        add_cell(s, routes[i].summary, false);
        strbuf_adds(s, "</tr>\n");
    }
    strbuf_adds(s, "</table>\n");
}

static bool is_served(struct api *api, const char *service)
{
    const struct api_service *s = api_service_find(api, service);
    return strcmp(service, type_command_rejected.service) == 0 || (s && s->served);
}

static void add_events(struct strbuf *s, struct api *api)
{
    strbuf_adds(s, "<h2>Events</h2>\n<p>In the topics all of them; in <code>/api/events/</code> "
                   "each viewer's own.</p>\n<table>\n<tr><th>service</th><th>event</th>"
                   "<th>who sees it</th><th>what</th></tr>\n");
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        if (t->role != RECORD_EVENT || !is_served(api, t->service))
            continue;
        strbuf_adds(s, "<tr>");
        add_cell(s, t == &type_command_rejected ? "every" : t->service, false);
        add_cell(s, t->name, true);
        add_cell(s, feed_rule_words(feed_rule_find(t)), false);
        add_cell(s, t->doc, false);
        strbuf_adds(s, "</tr>\n");
    }
    strbuf_adds(s, "</table>\n");
}

char *docs_page_text(struct api *api)
{
    struct strbuf s;
    strbuf_init(&s);
    strbuf_adds(&s, "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
                    "<title>hirelog</title></head>\n<body>\n<h1>hirelog</h1>\n<p>"
                    "<a href=\"/openapi.json\">openapi.json</a>: every request. "
                    "<a href=\"/asyncapi.json\">asyncapi.json</a>: every event topic. "
                    "<a href=\"/subjects\">subjects</a>: every schema.</p>\n");
    add_routes(&s, api);
    add_events(&s, api);
    strbuf_adds(&s, "</body>\n</html>\n");
    return s.data;
}

enum step docs_show(struct request *rq)
{
    rq->reply.content_type = rq->route->content_type;
    return reply_json(rq, MHD_HTTP_OK, rq->api->docs);
}

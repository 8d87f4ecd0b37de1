#include "schemas/published.h"

#include <assert.h>

#include "schemas/registry.h"
#include "schemas/schema_text.h"

static bool same_schema(const char *x, const char *y)
{
    json_t *a = schema_text_canonical(x);
    json_t *b = schema_text_canonical(y);
    bool same = a && b && json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return same;
}

enum err_code published_locked(struct registry_client *c,
                               const struct record_type *t,
                               const struct schema_version *v,
                               struct err *err)
{
    owned_value(arena_release) struct arena a;
    const char *text = NULL;
    arena_init(&a);
    enum err_code code = registry_client_text(c, v->id, &a, &text, err);
    if (code == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(code);
    if (same_schema(text, v->text))
        return ERR_OK;
    return err_set(
        err, ERR_CONFLICT,
        "the schema registry has another text under id %d, which stands for %s %d here: it "
        "cannot be used",
        (int)v->id, t->subject, (int)v->version);
}

enum err_code published_find(struct registry_client *c,
                             const struct record_type *t,
                             const struct schema_version *v,
                             struct arena *a,
                             struct registry_place *ret,
                             struct err *err)
{
    struct registry_place place = {0};
    TRY(registry_client_find(c, t->subject, v->text, a, &place, err));
    assert(place.text);
    if (!same_schema(place.text, v->text))
        return err_set(err, ERR_CONFLICT, "the schema registry takes another text for %s %d",
                       t->subject, (int)v->version);
    if (place.id == 0 || (place.id >= REGISTRY_LOCKED_ID_MIN && place.id != v->id))
        return err_set(
            err, ERR_CONFLICT,
            "the schema registry gives %s %d the id %d: those from %d up are hirelog's own",
            t->subject, (int)v->version, (int)place.id, REGISTRY_LOCKED_ID_MIN);
    *ret = place;
    return ERR_OK;
}

/* ---- the commands: a walk over every version, with a line for each */

struct walk {
    struct registry_client *c;
    struct strbuf *out;
    size_t n_refused;
    struct arena a; /* of one version */
};

typedef enum err_code step_fn(struct walk *w,
                              const struct record_type *t,
                              const struct schema_version *v,
                              struct err *err);

static enum err_code each_version(struct walk *w, step_fn *step, struct err *err)
{
    for (size_t i = 0; i < n_record_types; i++)
        for (size_t v = 0; v < record_types[i]->n_versions; v++) {
            arena_clear(&w->a);
            TRY(step(w, record_types[i], &record_types[i]->versions[v], err));
        }
    return ERR_OK;
}

static void say(struct walk *w,
                const char *word,
                const struct record_type *t,
                const struct schema_version *v,
                const char *what)
{
    strbuf_addf(w->out, "%-9s %s %d%s%s\n", word, t->subject, (int)v->version, what[0] ? ": " : "",
                what);
}

static void say_id(struct walk *w,
                   const char *word,
                   const struct record_type *t,
                   const struct schema_version *v,
                   int32_t id)
{
    say(w, word, t, v, arena_printf(&w->a, "id %d", (int)id));
}

static void refused(struct walk *w, const struct record_type *t, const struct schema_version *v)
{
    w->n_refused++;
    say(w, "refused", t, v, registry_client_reason(w->c));
}

static enum err_code locked_step(struct walk *w,
                                 const struct record_type *t,
                                 const struct schema_version *v,
                                 struct err *err)
{
    return published_locked(w->c, t, v, err);
}

static enum err_code check_step(struct walk *w,
                                const struct record_type *t,
                                const struct schema_version *v,
                                struct err *err)
{
    struct registry_place place;
    enum err_code code = published_find(w->c, t, v, &w->a, &place, err);
    if (code == ERR_OK)
        say_id(w, "there", t, v, place.id);
    if (code != ERR_NOT_FOUND)
        return code;
    code = registry_client_check(w->c, t->subject, v->text, err);
    if (code == ERR_OK || code == ERR_NOT_FOUND)
        say(w, "new", t, v, "");
    else if (code == ERR_REJECTED)
        refused(w, t, v);
    else
        return code;
    return ERR_OK;
}

static enum err_code publish_step(struct walk *w,
                                  const struct record_type *t,
                                  const struct schema_version *v,
                                  struct err *err)
{
    struct registry_place place;
    int32_t id = 0;
    if (v == t->versions)
        TRY(registry_client_be_strict(w->c, t->subject, err));
    enum err_code code = published_find(w->c, t, v, &w->a, &place, err);
    if (code == ERR_OK)
        say_id(w, "there", t, v, place.id);
    if (code != ERR_NOT_FOUND)
        return code;
    code = registry_client_register(w->c, t->subject, v->text, &id, err);
    if (code == ERR_REJECTED) {
        refused(w, t, v);
        return ERR_OK;
    }
    TRY(code);
    TRY(published_find(w->c, t, v, &w->a, &place, err)); /* what a start will find */
    say_id(w, "published", t, v, place.id);
    return ERR_OK;
}

static enum err_code list_step(struct walk *w,
                               const struct record_type *t,
                               const struct schema_version *v,
                               struct err *err)
{
    struct registry_place place = {0};
    enum err_code code = published_find(w->c, t, v, &w->a, &place, err);
    if (code != ERR_NOT_FOUND)
        TRY(code);
    if (code == ERR_OK)
        strbuf_addf(w->out, "%d %d %s %d %d\n", (int)v->id, (int)place.id, t->subject,
                    (int)v->version, (int)place.version);
    else
        strbuf_addf(w->out, "%d - %s %d -\n", (int)v->id, t->subject, (int)v->version);
    return ERR_OK;
}

static enum err_code
walk(const struct config *cfg, step_fn *first, step_fn *step, struct strbuf *out, struct err *err)
{
    owned(registry_client_free) struct registry_client *c = NULL;
    if (!cfg->schema_registry_url[0])
        return err_set(err, ERR_INVALID, "schema_registry_url is not set");
    TRY(registry_client_open(cfg, &c, err));
    struct walk w = {.c = c, .out = out};
    arena_init(&w.a);
    enum err_code code = first ? each_version(&w, first, err) : ERR_OK;
    if (code == ERR_OK)
        code = each_version(&w, step, err);
    arena_release(&w.a);
    if (code == ERR_OK && w.n_refused > 0)
        code = err_set(err, ERR_REJECTED, "the schema registry refuses %zu schemas", w.n_refused);
    return code;
}

/* Locked ids first: before anything is registered where it cannot be used. */
enum err_code published_check(const struct config *cfg, struct strbuf *out, struct err *err)
{
    return walk(cfg, locked_step, check_step, out, err);
}

enum err_code published_publish(const struct config *cfg, struct strbuf *out, struct err *err)
{
    return walk(cfg, locked_step, publish_step, out, err);
}

enum err_code published_list(const struct config *cfg, struct strbuf *out, struct err *err)
{
    return walk(cfg, NULL, list_step, out, err);
}

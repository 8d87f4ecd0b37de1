#include "schemas/schema_ids.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "ops/runtime/timeutil.h"
#include "schemas/published.h"
#include "schemas/registry.h"
#include "schemas/schema_text.h"
#include "schemas/wire.h"

/* Open addressing; a place is filled once, its id last, so that readers need no lock. */
struct known {
    atomic_int id;           /* 0 = free */
    const struct wire *wire; /* NULL: a version that only a newer program knows */
    const char *text;
};

static struct known table[2 * SCHEMA_IDS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows, and of filling */
static struct registry_client *client;                   /* NULL: no registry is set */
static size_t n_known;
static int64_t away_until_us;
static struct err away;

enum err_code schema_ids_open(const struct config *cfg, struct err *err)
{
    assert(client == NULL);
    return cfg->schema_registry_url[0] ? registry_client_open(cfg, &client, err) : ERR_OK;
}

bool schema_ids_are_a_registrys(void)
{
    return client != NULL;
}

/* ---- what is known */

/* The place of id, or the free one where it belongs. */
static struct known *place_of(int32_t id)
{
    for (size_t i = (size_t)id % ARRAY_SIZE(table);; i = (i + 1) % ARRAY_SIZE(table)) {
        int there = atomic_load_explicit(&table[i].id, memory_order_acquire);
        if (there == id || there == 0)
            return &table[i];
    }
}

static const struct known *find(int32_t id)
{
    const struct known *k = id > 0 && id < REGISTRY_LOCKED_ID_MIN ? place_of(id) : NULL;
    return k && atomic_load_explicit(&k->id, memory_order_acquire) == id ? k : NULL;
}

/* Under the lock; text lives for ever. */
static enum err_code remember(int32_t id, const struct wire *w, const char *text, struct err *err)
{
    struct known *k = place_of(id);
    if (atomic_load_explicit(&k->id, memory_order_relaxed) == id)
        return k->wire == w ? ERR_OK
                            : err_set(err, ERR_CONFLICT,
                                      "the schema registry gives two schemas the id %d", (int)id);
    if (n_known == SCHEMA_IDS_MAX)
        return err_set(err, ERR_UNAVAILABLE, "more than %d schema ids", SCHEMA_IDS_MAX);
    n_known++;
    k->wire = w;
    k->text = text;
    atomic_store_explicit(&k->id, id, memory_order_release);
    return ERR_OK;
}

/* ---- asking for one id */

/* Which of our texts is it? False: not even one of our types. *ret NULL: a version we don't know. */
static bool recognise(const char *text, const struct wire **ret)
{
    json_t *json = schema_text_canonical(text);
    const char *name = json ? schema_text_name(json) : "";
    const struct record_type *t = registry_subject(name);
    const struct schema_version *v = t ? registry_lookup(t, text) : NULL;
    bool ours = strncmp(name, SCHEMA_NAMESPACE, strlen(SCHEMA_NAMESPACE)) == 0;
    *ret = v ? wire_of(t, v) : NULL;
    json_decref(json);
    return ours;
}

/* Whatever keeps the registry from telling: wait, and don't call it for each of many records. */
static enum err_code stay_away(struct err *err)
{
    away = *err;
    away.code = ERR_UNAVAILABLE;
    away_until_us = time_monotonic_us() + SCHEMA_IDS_AWAY_MS * 1000LL;
    return err->code = ERR_UNAVAILABLE;
}

static enum err_code ask(int32_t id, struct err *err)
{
    owned_value(arena_release) struct arena a;
    const struct wire *w = NULL;
    const char *text = NULL;
    struct err why = {0};
    arena_init(&a);
    if (time_monotonic_us() < away_until_us)
        return err_set(err, away.code, "%s", away.msg);
    enum err_code code = registry_client_text(client, id, &a, &text, &why);
    if (code != ERR_OK && code != ERR_NOT_FOUND)
        code = stay_away(&why);
    if (code != ERR_OK)
        return err_set(err, code, "%s", why.msg);
    assert(text);
    if (!recognise(text, &w))
        return err_set(err, ERR_NOT_FOUND, "schema id %d is none of ours", (int)id);
    char *kept = w ? NULL : strdup(text);
    return remember(id, w, w ? w->version->text : kept, err);
}

/* Known, now or before. */
static enum err_code learn(int32_t id, const struct known **ret, struct err *err)
{
    enum err_code code = ERR_OK;
    const struct known *k = find(id);
    if (!k && client && id > 0 && id < REGISTRY_LOCKED_ID_MIN) {
        pthread_mutex_lock(&lock);
        if (!find(id))
            code = ask(id, err);
        pthread_mutex_unlock(&lock);
        k = find(id);
    }
    if (code != ERR_OK)
        return code;
    if (!k)
        return err_set(err, ERR_NOT_FOUND, "unknown schema id %d", (int)id);
    *ret = k;
    return ERR_OK;
}

enum err_code schema_ids_wire(int32_t id, const struct wire **ret, struct err *err)
{
    const struct known *k = NULL;
    TRY(learn(id, &k, err));
    assert(k);
    if (!k->wire)
        return err_set(err, ERR_NOT_FOUND, "schema id %d is a version that we don't know", (int)id);
    *ret = k->wire;
    return ERR_OK;
}

enum err_code schema_ids_text(int32_t id, const char **ret, struct err *err)
{
    const struct known *k = NULL;
    TRY(learn(id, &k, err));
    assert(k);
    *ret = k->text;
    return ERR_OK;
}

const char *schema_ids_known_text(int32_t id)
{
    const struct known *k = find(id);
    return k ? k->text : NULL;
}

/* ---- at a writer's start */

static enum err_code
look_up_one(const struct record_type *t, const struct schema_version *v, struct err *err)
{
    owned_value(arena_release) struct arena a;
    struct registry_place place = {0};
    arena_init(&a);
    TRY(published_locked(client, t, v, err));
    if (t->role == RECORD_STATE)
        return ERR_OK;
    enum err_code code = published_find(client, t, v, &a, &place, err);
    if (code == ERR_NOT_FOUND)
        return err_set(err, code, "%s %d is not in the schema registry: hirelog schemas publish",
                       t->subject, (int)v->version);
    TRY(code);
    const struct wire *w = wire_of(t, v);
    if (place.id != v->id)
        TRY(remember(place.id, w, v->text, err));
    wire_write_as(w, place.id);
    return ERR_OK;
}

enum err_code schema_ids_look_up(struct err *err)
{
    enum err_code code = ERR_OK;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; client && code == ERR_OK && i < n_record_types; i++)
        for (size_t v = 0; code == ERR_OK && v < record_types[i]->n_versions; v++)
            code = look_up_one(record_types[i], &record_types[i]->versions[v], err);
    pthread_mutex_unlock(&lock);
    return code;
}

#include "schemas/registry.h"

#include <assert.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>

#include "schemas/schema_text.h"

struct entry {
    int32_t id;
    const struct record_type *type;
    const struct schema_version *version;
};

static struct entry *entries; /* sorted by id */
static size_t n_entries;

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static void build_entries(void)
{
    size_t n = 0;
    for (size_t i = 0; i < n_record_types; i++)
        n += record_types[i]->n_versions;
    entries = calloc(n, sizeof *entries);
    assert(entries != NULL);
    for (size_t i = 0; i < n_record_types; i++) {
        const struct record_type *t = record_types[i];
        for (size_t v = 0; v < t->n_versions; v++)
            entries[n_entries++] = (struct entry){t->versions[v].id, t, &t->versions[v]};
    }
    qsort(entries, n_entries, sizeof *entries, compare_entries);
}

bool registry_by_id(int32_t id,
                    const struct record_type **ret_type,
                    const struct schema_version **ret_version)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, build_entries);
    const struct entry key = {.id = id};
    const struct entry *e = bsearch(&key, entries, n_entries, sizeof *entries, compare_entries);
    if (e == NULL)
        return false;
    *ret_type = e->type;
    *ret_version = e->version;
    return true;
}

const struct record_type *registry_subject(const char *subject)
{
    for (size_t i = 0; i < n_record_types; i++) {
        if (strcmp(record_types[i]->subject, subject) == 0)
            return record_types[i];
    }
    return NULL;
}

const struct schema_version *registry_version(const struct record_type *t, int32_t version)
{
    if (version == 0 && t->n_versions > 0)
        return &t->versions[t->n_versions - 1];
    for (size_t i = 0; i < t->n_versions; i++) {
        if (t->versions[i].version == version)
            return &t->versions[i];
    }
    return NULL;
}

const struct schema_version *registry_lookup(const struct record_type *t, const char *schema_text)
{
    const struct schema_version *ret = NULL;
    json_t *wanted = schema_text_canonical(schema_text);
    for (size_t i = 0; wanted != NULL && ret == NULL && i < t->n_versions; i++) {
        json_t *ours = schema_text_canonical(t->versions[i].text);
        if (json_equal(wanted, ours))
            ret = &t->versions[i];
        json_decref(ours);
    }
    json_decref(wanted);
    return ret;
}

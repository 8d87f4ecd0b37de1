#include "schemas/record.h"

static int compare_type(const char *service, const char *name, const struct record_type *t)
{
    int order = strcmp(name, t->name);
    return order != 0 || service == NULL ? order : strcmp(service, t->service);
}

const struct record_type *record_type_find(const char *service, const char *name)
{
    size_t low = 0;
    size_t high = n_record_types;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_type(service, name, record_types[middle]);
        if (order == 0)
            return record_types[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct field *record_field(const struct record_type *t, const char *name)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        if (strcmp(t->fields[i].name, name) == 0)
            return &t->fields[i];
    }
    return NULL;
}

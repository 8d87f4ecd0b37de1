#include "projections/service_sql.h"

#include <string.h>

/* The table is sorted by path, which is another order than by (service, kind, name); it is walked
 * at start only. */
const struct sql_file *sql_file_find(const char *service, const char *kind, const char *name)
{
    for (size_t i = 0; i < n_sql_files; i++) {
        const struct sql_file *f = &sql_files[i];
        if (strcmp(f->service, service) == 0 && strcmp(f->kind, kind) == 0 &&
            strcmp(f->name, name) == 0)
            return f;
    }
    return NULL;
}

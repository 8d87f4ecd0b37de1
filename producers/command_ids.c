#include "producers/command_ids.h"

bool command_ids_have(const struct uuid *ids, size_t n, const struct uuid *id)
{
    for (size_t i = 0; i < n; i++)
        if (uuid_equal(&ids[i], id))
            return true;
    return false;
}

struct uuid *command_ids_with(const struct uuid *ids,
                              size_t n,
                              size_t max,
                              const struct uuid *id,
                              struct arena *a,
                              size_t *ret_n)
{
    size_t gone = n < max ? 0 : n - max + 1;
    size_t kept = n - gone;
    struct uuid *ret = ARENA_ARRAY(a, struct uuid, kept + 1);
    for (size_t i = 0; i < kept; i++)
        ret[i] = ids[gone + i];
    ret[kept] = *id;
    *ret_n = kept + 1;
    return ret;
}

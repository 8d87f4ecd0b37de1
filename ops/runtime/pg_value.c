/* pg_value.c - binary parameters and results of pg.h. Formats: PostgreSQL's *_send and *_recv
 * functions. */
#include <assert.h>
#include <endian.h>

#include "ops/runtime/pg.h"

#define PG_EPOCH_US 946684800000000LL /* 2000-01-01, where timestamptz counts from */

struct pg_param pg_p_null(enum pg_type type)
{
    return (struct pg_param){.type = type};
}

static struct pg_param from_bytes(struct arena *a, enum pg_type type, const void *data, size_t len)
{
    return (struct pg_param){.type = type, .data = arena_bytes(a, data, len).data, .len = (int)len};
}

struct pg_param pg_p_int8(struct arena *a, int64_t v)
{
    uint64_t be = htobe64((uint64_t)v);
    return from_bytes(a, PG_INT8, &be, sizeof(be));
}

struct pg_param pg_p_int4(struct arena *a, int32_t v)
{
    uint32_t be = htobe32((uint32_t)v);
    return from_bytes(a, PG_INT4, &be, sizeof(be));
}

struct pg_param pg_p_bool(struct arena *a, bool v)
{
    uint8_t byte = v;
    return from_bytes(a, PG_BOOL, &byte, 1);
}

struct pg_param pg_p_text(struct arena *a, const char *s)
{
    return s ? from_bytes(a, PG_TEXT, s, strlen(s)) : pg_p_null(PG_TEXT);
}

struct pg_param pg_p_uuid(struct arena *a, const struct uuid *u)
{
    return u ? from_bytes(a, PG_UUID, u->b, sizeof(u->b)) : pg_p_null(PG_UUID);
}

struct pg_param pg_p_time(struct arena *a, int64_t us)
{
    struct pg_param p = pg_p_int8(a, us - PG_EPOCH_US);
    p.type = PG_TIMESTAMPTZ;
    return p;
}

struct pg_param pg_p_bytea(struct arena *a, struct bytes b)
{
    return from_bytes(a, PG_BYTEA, b.data, b.len);
}

static enum pg_type element_of(enum pg_type array_type)
{
    switch (array_type) {
    case PG_BOOL_ARRAY:
        return PG_BOOL;
    case PG_BYTEA_ARRAY:
        return PG_BYTEA;
    case PG_INT4_ARRAY:
        return PG_INT4;
    case PG_TEXT_ARRAY:
        return PG_TEXT;
    case PG_INT8_ARRAY:
        return PG_INT8;
    case PG_TIMESTAMPTZ_ARRAY:
        return PG_TIMESTAMPTZ;
    case PG_UUID_ARRAY:
        return PG_UUID;
    default:
        assert(!"not an array type");
        return PG_TEXT;
    }
}

static uint8_t *put_int4(uint8_t *p, int32_t v)
{
    uint32_t be = htobe32((uint32_t)v);
    memcpy(p, &be, sizeof(be));
    return p + sizeof(be);
}

/* array_recv: ndim, hasnull, element oid, then per dimension its length and lower bound, then each
 * element's length and bytes. */
struct pg_param
pg_p_array(struct arena *a, enum pg_type array_type, const struct pg_param *elements, size_t n)
{
    size_t size = n ? 20 : 12;
    bool has_null = false;
    for (size_t i = 0; i < n; i++) {
        assert(elements[i].type == element_of(array_type));
        size += 4 + (elements[i].data ? (size_t)elements[i].len : 0);
        has_null |= !elements[i].data;
    }
    uint8_t *start = arena_alloc(a, size);
    uint8_t *p = put_int4(start, n ? 1 : 0);
    p = put_int4(p, has_null);
    p = put_int4(p, (int32_t)element_of(array_type));
    if (n) {
        p = put_int4(p, (int32_t)n);
        p = put_int4(p, 1);
    }
    for (size_t i = 0; i < n; i++) {
        p = put_int4(p, elements[i].data ? elements[i].len : -1);
        if (elements[i].data && elements[i].len > 0) {
            memcpy(p, elements[i].data, (size_t)elements[i].len);
            p += elements[i].len;
        }
    }
    return (struct pg_param){.type = array_type, .data = start, .len = (int)size};
}

bool pg_is_null(const PGresult *r, int row, int col)
{
    return PQgetisnull(r, row, col);
}

int64_t pg_get_int8(const PGresult *r, int row, int col)
{
    const char *v = PQgetvalue(r, row, col);
    if (PQftype(r, col) == PG_INT4) {
        uint32_t be4;
        memcpy(&be4, v, sizeof(be4));
        return (int32_t)be32toh(be4);
    }
    uint64_t be;
    assert(PQftype(r, col) == PG_INT8 || PQftype(r, col) == PG_TIMESTAMPTZ);
    assert(PQgetlength(r, row, col) == sizeof(be));
    memcpy(&be, v, sizeof(be));
    return (int64_t)be64toh(be);
}

bool pg_get_bool(const PGresult *r, int row, int col)
{
    assert(PQftype(r, col) == PG_BOOL);
    return *PQgetvalue(r, row, col) != 0;
}

struct uuid pg_get_uuid(const PGresult *r, int row, int col)
{
    struct uuid u;
    assert(PQftype(r, col) == PG_UUID && PQgetlength(r, row, col) == sizeof(u.b));
    memcpy(u.b, PQgetvalue(r, row, col), sizeof(u.b));
    return u;
}

int64_t pg_get_time(const PGresult *r, int row, int col)
{
    assert(PQftype(r, col) == PG_TIMESTAMPTZ);
    return pg_get_int8(r, row, col) + PG_EPOCH_US;
}

/* jsonb's binary form has a version byte in front: queries select text. */
struct bytes pg_get_bytes(const PGresult *r, int row, int col)
{
    return (struct bytes){(const uint8_t *)PQgetvalue(r, row, col),
                          (size_t)PQgetlength(r, row, col)};
}

const char *pg_get_text(const PGresult *r, int row, int col)
{
    return PQgetvalue(r, row, col);
}

#include "consumers/archive.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include <avro.h>
#include <openssl/evp.h>

#include "ops/runtime/strbuf.h"

/* avro-c keeps a block in memory until it is full, and refuses a record that is larger than one. */
#define BLOCK_BYTES (4 * 1024 * 1024)
#define IO_BYTES    65536

static const char schema_text[] =
    "{\"type\":\"record\",\"name\":\"Record\",\"namespace\":\"hirelog.archive\","
    "\"doc\":\"One record of a Kafka partition, byte for byte.\",\"fields\":["
    "{\"name\":\"offset\",\"type\":\"long\",\"doc\":\"where it stood\"},"
    "{\"name\":\"timestamp\",\"type\":\"long\",\"doc\":\"milliseconds since 1970\"},"
    "{\"name\":\"timestamp_type\",\"type\":{\"type\":\"enum\",\"name\":\"TimestampType\","
    "\"symbols\":[\"create_time\",\"log_append_time\"]}},"
    "{\"name\":\"key\",\"type\":[\"null\",\"bytes\"]},"
    "{\"name\":\"value\",\"type\":[\"null\",\"bytes\"]},"
    "{\"name\":\"headers\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\","
    "\"name\":\"Header\",\"fields\":[{\"name\":\"key\",\"type\":\"string\"},"
    "{\"name\":\"value\",\"type\":[\"null\",\"bytes\"]}]}}}]}";

enum field { OFFSET, TIMESTAMP, TIMESTAMP_TYPE, KEY, VALUE, HEADERS };
enum header_field { HEADER_KEY, HEADER_VALUE };
enum branch { BRANCH_NULL, BRANCH_BYTES };

/* ---- records */

static const uint8_t nothing[1]; /* what an empty value points to: NULL would be null */

static struct bytes view_of(const void *data, size_t len)
{
    return (struct bytes){data ? data : NULL, data ? len : 0};
}

void archive_record_of(const rd_kafka_message_t *m, struct arena *a, struct archive_record *ret)
{
    rd_kafka_timestamp_type_t type;
    rd_kafka_headers_t *headers = NULL;
    const char *name;
    const void *value;
    size_t len;
    *ret = (struct archive_record){
        .offset = m->offset,
        .timestamp_ms = rd_kafka_message_timestamp(m, &type),
        .key = view_of(m->key, m->key_len),
        .value = view_of(m->payload, m->len),
    };
    ret->append_time = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
    if (rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    ret->headers = ARENA_ARRAY(a, struct archive_header, rd_kafka_header_cnt(headers));
    while (!rd_kafka_header_get_all(headers, ret->n_headers, &name, &value, &len))
        ret->headers[ret->n_headers++] = (struct archive_header){name, view_of(value, len)};
}

rd_kafka_headers_t *archive_headers_new(const struct archive_record *r)
{
    if (r->n_headers == 0)
        return NULL;
    rd_kafka_headers_t *h = rd_kafka_headers_new(r->n_headers);
    for (size_t i = 0; i < r->n_headers; i++)
        rd_kafka_header_add(h, r->headers[i].name, -1, r->headers[i].value.data,
                            (ssize_t)r->headers[i].value.len);
    return h;
}

size_t archive_record_bytes(const struct archive_record *r)
{
    size_t n = r->key.len + r->value.len;
    for (size_t i = 0; i < r->n_headers; i++)
        n += strlen(r->headers[i].name) + r->headers[i].value.len;
    return n;
}

bool archive_record_blank(const struct archive_record *r)
{
    return !r->key.data && !r->value.data && r->n_headers == 0;
}

/* ---- digests */

static void hex_of(const uint8_t *bytes, unsigned n, char *ret)
{
    for (unsigned i = 0; i < n; i++)
        snprintf(ret + 2 * (size_t)i, 3, "%02x", bytes[i]);
}

static EVP_MD_CTX *sha256_new(void)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
        abort();
    return ctx;
}

/* Ends and frees it. */
static void sha256_text(EVP_MD_CTX *ctx, char ret[ARCHIVE_SHA256_LEN + 1])
{
    uint8_t sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    EVP_DigestFinal_ex(ctx, sum, &n);
    EVP_MD_CTX_free(ctx);
    assert(2 * n == ARCHIVE_SHA256_LEN);
    hex_of(sum, n, ret);
}

void archive_sha256(const void *data, size_t len, char ret[ARCHIVE_SHA256_LEN + 1])
{
    EVP_MD_CTX *ctx = sha256_new();
    EVP_DigestUpdate(ctx, data, len);
    sha256_text(ctx, ret);
}

struct archive_digest {
    EVP_MD_CTX *ctx;
    bool with_offsets;
    struct strbuf scratch; /* one record in canonical form */
};

struct archive_digest *archive_digest_new(bool with_offsets)
{
    struct archive_digest *d = calloc(1, sizeof(*d));
    if (!d)
        abort();
    d->ctx = sha256_new();
    d->with_offsets = with_offsets;
    return d;
}

static void add_number(struct strbuf *s, int64_t n)
{
    uint8_t big_endian[8];
    for (int i = 0; i < 8; i++)
        big_endian[i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
    strbuf_add(s, big_endian, sizeof(big_endian));
}

static void add_bytes(struct strbuf *s, struct bytes b)
{
    add_number(s, b.data ? (int64_t)b.len : -1);
    strbuf_add(s, b.data ? b.data : nothing, b.len);
}

/* The form is frozen: old manifests hold what comes of it. */
void archive_digest_add(struct archive_digest *d, const struct archive_record *r)
{
    struct strbuf *s = &d->scratch;
    if (archive_record_blank(r))
        return;
    strbuf_clear(s);
    if (d->with_offsets)
        add_number(s, r->offset);
    add_number(s, r->timestamp_ms);
    add_bytes(s, r->key);
    add_bytes(s, r->value);
    add_number(s, (int64_t)r->n_headers);
    for (size_t i = 0; i < r->n_headers; i++) {
        const char *name = r->headers[i].name;
        add_bytes(s, (struct bytes){(const uint8_t *)name, strlen(name)});
        add_bytes(s, r->headers[i].value);
    }
    EVP_DigestUpdate(d->ctx, s->data, s->len);
}

void archive_digest_text(struct archive_digest *d, char ret[ARCHIVE_SHA256_LEN + 1])
{
    sha256_text(STEAL(d->ctx), ret);
}

void archive_digest_free(struct archive_digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->ctx);
    strbuf_release(&d->scratch);
    free(d);
}

/* ---- files */

static enum err_code disk_says(const char *doing, const char *path, struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "cannot %s %s: %s", doing, path, strerror(errno));
}

enum err_code
archive_path(const char *dir, const char *name, char ret[ARCHIVE_PATH_MAX], struct err *err)
{
    int n = snprintf(ret, ARCHIVE_PATH_MAX, "%s/%s", dir, name);
    if (n < 0 || n >= ARCHIVE_PATH_MAX)
        return err_set(err, ERR_INVALID, "the directory's name is longer than %d bytes",
                       ARCHIVE_PATH_MAX - ARCHIVE_NAME_MAX);
    return ERR_OK;
}

enum err_code archive_sync_dir(const char *dir, struct err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return disk_says("open", dir, err);
    int code = fsync(fd);
    int reason = errno;
    close(fd);
    errno = reason;
    return code ? disk_says("flush", dir, err) : ERR_OK;
}

static enum err_code hash_stream(FILE *f, char sha256[ARCHIVE_SHA256_LEN + 1], int64_t *ret_bytes)
{
    uint8_t buffer[IO_BYTES];
    EVP_MD_CTX *ctx = sha256_new();
    size_t n;
    *ret_bytes = 0;
    while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0) {
        EVP_DigestUpdate(ctx, buffer, n);
        *ret_bytes += (int64_t)n;
    }
    sha256_text(ctx, sha256);
    return ferror(f) ? ERR_UNAVAILABLE : ERR_OK;
}

static enum err_code hash_file(const char *path,
                               char sha256[ARCHIVE_SHA256_LEN + 1],
                               int64_t *ret_bytes,
                               struct err *err)
{
    FILE *f = fopen(path, "rbe");
    if (!f)
        return disk_says("read", path, err);
    enum err_code code = hash_stream(f, sha256, ret_bytes);
    if (code != ERR_OK)
        disk_says("read", path, err);
    fclose(f);
    return code;
}

/* ---- writing */

struct archive_writer {
    char dir[ARCHIVE_PATH_MAX], path[ARCHIVE_PATH_MAX], temporary[ARCHIVE_PATH_MAX];
    FILE *f;
    avro_schema_t schema;
    avro_value_iface_t *iface;
    avro_value_t value;
    avro_file_writer_t avro;
    size_t content;
    struct archive_file file;
};

static void must(int code)
{
    if (code)
        abort(); /* out of memory, or a field that the schema above does not have */
}

static enum err_code open_avro(struct archive_writer *w, struct err *err)
{
    must(avro_schema_from_json_length(schema_text, sizeof(schema_text) - 1, &w->schema));
    w->iface = avro_generic_class_from_schema(w->schema);
    must(avro_generic_value_new(w->iface, &w->value));
    w->f = fopen(w->temporary, "wbe");
    if (!w->f)
        return disk_says("write", w->temporary, err);
    errno = 0;
    if (avro_file_writer_create_with_codec_fp(w->f, w->temporary, 0, w->schema, &w->avro, "deflate",
                                              BLOCK_BYTES))
        return disk_says("write", w->temporary, err);
    return ERR_OK;
}

enum err_code archive_writer_open(
    const char *dir, int32_t partition, int64_t first, struct archive_writer **ret, struct err *err)
{
    char temporary[ARCHIVE_NAME_MAX + 4];
    owned(archive_writer_free) struct archive_writer *w = calloc(1, sizeof(*w));
    if (!w)
        abort();
    w->file.first = first;
    snprintf(w->file.name, sizeof(w->file.name), "%d-%020" PRId64 ".avro", (int)partition, first);
    snprintf(temporary, sizeof(temporary), "%s.tmp", w->file.name);
    snprintf(w->dir, sizeof(w->dir), "%s", dir);
    TRY(archive_path(dir, w->file.name, w->path, err));
    TRY(archive_path(dir, temporary, w->temporary, err));
    TRY(open_avro(w, err));
    *ret = STEAL(w);
    return ERR_OK;
}

static avro_value_t field_of(const avro_value_t *record, size_t index)
{
    avro_value_t field = {0};
    must(avro_value_get_by_index(record, index, &field, NULL));
    assert(field.iface);
    return field;
}

static void set_bytes(const avro_value_t *record, size_t index, struct bytes b)
{
    avro_value_t field = field_of(record, index), branch = {0};
    must(avro_value_set_branch(&field, b.data ? BRANCH_BYTES : BRANCH_NULL, &branch));
    if (b.data)
        must(avro_value_set_bytes(&branch, (void *)(uintptr_t)b.data, b.len));
    else
        must(avro_value_set_null(&branch));
}

static void set_record(avro_value_t *v, const struct archive_record *r)
{
    must(avro_value_reset(v));
    avro_value_t offset = field_of(v, OFFSET), timestamp = field_of(v, TIMESTAMP);
    avro_value_t type = field_of(v, TIMESTAMP_TYPE), headers = field_of(v, HEADERS);
    must(avro_value_set_long(&offset, r->offset));
    must(avro_value_set_long(&timestamp, r->timestamp_ms));
    must(avro_value_set_enum(&type, r->append_time));
    set_bytes(v, KEY, r->key);
    set_bytes(v, VALUE, r->value);
    for (size_t i = 0; i < r->n_headers; i++) {
        avro_value_t header;
        must(avro_value_append(&headers, &header, NULL));
        avro_value_t name = field_of(&header, HEADER_KEY);
        must(avro_value_set_string(&name, (char *)(uintptr_t)r->headers[i].name));
        set_bytes(&header, HEADER_VALUE, r->headers[i].value);
    }
}

enum err_code
archive_writer_add(struct archive_writer *w, const struct archive_record *r, struct err *err)
{
    size_t size = archive_record_bytes(r);
    if (size > ARCHIVE_RECORD_BYTES_MAX)
        return err_set(err, ERR_INVALID,
                       "the record at offset %" PRId64 " has %zu bytes, more than the %d that an "
                       "archive takes",
                       r->offset, size, ARCHIVE_RECORD_BYTES_MAX);
    set_record(&w->value, r);
    errno = 0;
    if (avro_file_writer_append_value(w->avro, &w->value) || ferror(w->f))
        return disk_says("write", w->temporary, err);
    w->file.last = r->offset;
    w->file.records++;
    w->content += size;
    return ERR_OK;
}

bool archive_writer_full(const struct archive_writer *w)
{
    return w->content >= ARCHIVE_FILE_BYTES_MAX;
}

/* avro-c's last block, the C library's buffer, the kernel's. */
static enum err_code write_out(struct archive_writer *w, struct err *err)
{
    errno = 0;
    int code = avro_file_writer_close(STEAL(w->avro));
    if (code || fflush(w->f) || ferror(w->f) || fsync(fileno(w->f)))
        return disk_says("write", w->temporary, err);
    if (fclose(STEAL(w->f)))
        return disk_says("write", w->temporary, err);
    return ERR_OK;
}

enum err_code
archive_writer_finish(struct archive_writer *w, struct archive_file *ret, struct err *err)
{
    TRY(write_out(w, err));
    TRY(hash_file(w->temporary, w->file.sha256, &w->file.bytes, err));
    if (rename(w->temporary, w->path))
        return disk_says("rename", w->temporary, err);
    w->temporary[0] = '\0';
    TRY(archive_sync_dir(w->dir, err));
    *ret = w->file;
    return ERR_OK;
}

void archive_writer_free(struct archive_writer *w)
{
    if (!w)
        return;
    if (w->avro)
        avro_file_writer_close(w->avro);
    if (w->f)
        fclose(w->f);
    if (w->temporary[0])
        unlink(w->temporary);
    if (w->iface) {
        avro_value_decref(&w->value);
        avro_value_iface_decref(w->iface);
        avro_schema_decref(w->schema);
    }
    free(w);
}

/* ---- reading */

struct archive_reader {
    struct archive_file file;
    avro_file_reader_t avro;
    avro_schema_t schema;
    avro_value_iface_t *iface;
    avro_value_t value;
    int64_t read, last; /* records so far; offset of the newest */
    struct arena arena; /* of one record */
};

enum err_code archive_file_check(const char *dir, const struct archive_file *f, struct err *err)
{
    char path[ARCHIVE_PATH_MAX], sha256[ARCHIVE_SHA256_LEN + 1] = "";
    int64_t bytes = 0;
    TRY(archive_path(dir, f->name, path, err));
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return err_set(err, ERR_INVALID, "%s is missing", path);
    TRY(hash_file(path, sha256, &bytes, err));
    if (bytes != f->bytes)
        return err_set(err, ERR_INVALID, "%s has %" PRId64 " bytes, the manifest says %" PRId64,
                       path, bytes, f->bytes);
    if (strcmp(sha256, f->sha256) != 0)
        return err_set(err, ERR_INVALID, "%s was changed: its SHA-256 is not the manifest's", path);
    return ERR_OK;
}

static enum err_code not_ours(const struct archive_reader *r, const char *why, struct err *err)
{
    return err_set(err, ERR_CORRUPT, "%s: %s", r->file.name, why);
}

/* Our fields by their places: the schema in the file must be the one that we write. */
static enum err_code check_schema(struct archive_reader *r, struct err *err)
{
    avro_schema_t ours;
    must(avro_schema_from_json_length(schema_text, sizeof(schema_text) - 1, &ours));
    r->schema = avro_file_reader_get_writer_schema(r->avro);
    bool same = avro_schema_equal(r->schema, ours);
    avro_schema_decref(ours);
    return same ? ERR_OK : not_ours(r, "its schema is not an archive's", err);
}

enum err_code archive_reader_open(const char *dir,
                                  const struct archive_file *f,
                                  struct archive_reader **ret,
                                  struct err *err)
{
    char path[ARCHIVE_PATH_MAX];
    owned(archive_reader_free) struct archive_reader *r = calloc(1, sizeof(*r));
    if (!r)
        abort();
    r->file = *f;
    r->last = f->first - 1;
    arena_init(&r->arena);
    TRY(archive_path(dir, f->name, path, err));
    if (avro_file_reader(path, &r->avro))
        return not_ours(r, "not an Avro file that can be read", err);
    TRY(check_schema(r, err));
    r->iface = avro_generic_class_from_schema(r->schema);
    must(avro_generic_value_new(r->iface, &r->value));
    *ret = STEAL(r);
    return ERR_OK;
}

static struct bytes get_bytes(const avro_value_t *record, size_t index)
{
    avro_value_t field = field_of(record, index), branch = {0};
    const void *data = NULL;
    size_t len = 0;
    int which = BRANCH_NULL;
    must(avro_value_get_discriminant(&field, &which));
    if (which == BRANCH_NULL)
        return (struct bytes){NULL, 0};
    must(avro_value_get_current_branch(&field, &branch));
    must(avro_value_get_bytes(&branch, &data, &len));
    return (struct bytes){len > 0 ? data : nothing, len};
}

static void get_headers(struct archive_reader *r, struct archive_record *ret)
{
    avro_value_t array = field_of(&r->value, HEADERS), header;
    must(avro_value_get_size(&array, &ret->n_headers));
    ret->headers = ARENA_ARRAY(&r->arena, struct archive_header, ret->n_headers);
    for (size_t i = 0; i < ret->n_headers; i++) {
        must(avro_value_get_by_index(&array, i, &header, NULL));
        avro_value_t name = field_of(&header, HEADER_KEY);
        size_t len;
        must(avro_value_get_string(&name, &ret->headers[i].name, &len));
        ret->headers[i].value = get_bytes(&header, HEADER_VALUE);
    }
}

static void get_record(struct archive_reader *r, struct archive_record *ret)
{
    avro_value_t offset = field_of(&r->value, OFFSET), timestamp = field_of(&r->value, TIMESTAMP);
    avro_value_t type = field_of(&r->value, TIMESTAMP_TYPE);
    int which = 0;
    *ret = (struct archive_record){0};
    must(avro_value_get_long(&offset, &ret->offset));
    must(avro_value_get_long(&timestamp, &ret->timestamp_ms));
    must(avro_value_get_enum(&type, &which));
    ret->append_time = which != 0;
    ret->key = get_bytes(&r->value, KEY);
    ret->value = get_bytes(&r->value, VALUE);
    get_headers(r, ret);
}

/* The bytes are what was exported (SHA-256); that their manifest speaks of them is looked at here. */
enum err_code archive_reader_next(struct archive_reader *r,
                                  struct archive_record *ret,
                                  bool *ret_end,
                                  struct err *err)
{
    *ret_end = r->read == r->file.records;
    if (*ret_end)
        return r->last == r->file.last ? ERR_OK : not_ours(r, "its last offset differs", err);
    arena_clear(&r->arena);
    must(avro_value_reset(&r->value));
    if (avro_file_reader_read_value(r->avro, &r->value))
        return not_ours(r, "it ends before its last record", err);
    get_record(r, ret);
    if (ret->offset <= r->last || (r->read == 0 && ret->offset != r->file.first))
        return not_ours(r, "its offsets are not the manifest's", err);
    r->last = ret->offset;
    r->read++;
    return ERR_OK;
}

void archive_reader_free(struct archive_reader *r)
{
    if (!r)
        return;
    if (r->iface) {
        avro_value_decref(&r->value);
        avro_value_iface_decref(r->iface);
    }
    if (r->schema)
        avro_schema_decref(r->schema);
    if (r->avro)
        avro_file_reader_close(r->avro);
    arena_release(&r->arena);
    free(r);
}

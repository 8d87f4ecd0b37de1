/*
 * avro_cat.c - prints event records with avro-c's own generic reader and the schemas of a registry:
 * hirelog's codec has no part in it.
 *
 *     kcat -C ... -f '%R%s' | avro_cat DIR      (frames of 4-byte big-endian length + value)
 *
 * DIR/<id> holds the text of schema <id>, as fetched from the registry. One line of JSON per
 * record, the record's name first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <avro.h>

#include "ops/runtime/base.h"

#define RECORD_MAX     (1 << 20)
#define SCHEMA_MAX     (1 << 16)
#define FRAME_OVERHEAD 5

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "avro_cat: %s: %s\n", what, detail);
    exit(1);
}

static uint32_t big_endian(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return ntohl(v);
}

static avro_schema_t schema_of(const char *dir, uint32_t id)
{
    static char text[SCHEMA_MAX];
    char path[512];
    avro_schema_t schema;
    snprintf(path, sizeof(path), "%s/%u", dir, id);
    FILE *f = fopen(path, "r");
    if (!f)
        die("the registry has no such schema", path);
    size_t n = fread(text, 1, sizeof(text), f);
    fclose(f);
    if (avro_schema_from_json_length(text, n, &schema))
        die(path, avro_strerror());
    return schema;
}

static void print_value(const char *dir, const uint8_t *value, uint32_t len)
{
    if (len < FRAME_OVERHEAD || value[0] != 0)
        die("not in Confluent framing", "");
    avro_schema_t schema = schema_of(dir, big_endian(value + 1));
    avro_value_iface_t *iface = avro_generic_class_from_schema(schema);
    avro_value_t record;
    avro_reader_t reader =
        avro_reader_memory((const char *)value + FRAME_OVERHEAD, len - FRAME_OVERHEAD);
    char *json;
    if (avro_generic_value_new(iface, &record) || avro_value_read(reader, &record) ||
        avro_value_to_json(&record, 1, &json))
        die(avro_schema_name(schema), avro_strerror());
    printf("%s %s\n", avro_schema_name(schema), json);
    free(json);
    avro_value_decref(&record);
    avro_value_iface_decref(iface);
    avro_reader_free(reader);
    avro_schema_decref(schema);
}

int main(int argc, char **argv)
{
    static uint8_t value[RECORD_MAX];
    uint8_t length[4];
    if (argc != 2)
        die("usage", "avro_cat DIR <frames");
    while (fread(length, sizeof(length), 1, stdin) == 1) {
        uint32_t n = big_endian(length);
        if (n > sizeof(value) || fread(value, 1, n, stdin) != n)
            die("broken frame", "");
        print_value(argv[1], value, n);
    }
    return 0;
}

/*
 * generate.h - internal to the generator: the schema files as loaded (generate.c), and what is
 * written from them (generate_emit.c). One thread; out of memory ends the process.
 */
#ifndef SCHEMAS_GENERATE_H
#define SCHEMAS_GENERATE_H

#include <jansson.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "ops/runtime/base.h"

#define FILES_MAX 1024

enum role { ROLE_COMMAND, ROLE_EVENT, ROLE_STATE, ROLE_PART, ROLE_ENUM };
extern const char *const role_words[]; /* as in the files; none for ROLE_ENUM */

/* One .avsc file: one version of one type. */
struct schema {
    char *path;
    char *service;
    char *name;
    char *full_name;
    char *snake;
    int version;
    enum role role;
    bool newest;  /* describes the C type */
    bool emitted; /* its struct was written (a struct stands after those it holds) */
    int32_t id;   /* 0 = not in the lock file */
    json_t *json; /* as in the file */
    json_t *wire; /* as published */
    char *text;   /* wire, compact */
    char sha[2 * SHA256_DIGEST_LENGTH + 1];
};

/* By name, service, version; at most FILES_MAX. */
extern struct schema schemas[];
extern size_t n_schemas;

enum kind { BOOL, LONG, STRING, UUID, TIME, ENUM, RECORD, BAD };

struct field_type {
    enum kind kind;
    bool optional;
    bool array;
    bool is_int;           /* Avro int: 32 bits on the wire */
    struct schema *shared; /* ENUM and RECORD */
};

/* kind BAD: none of the supported forms. Arrays of null, of arrays and of unions are among those.
 */
struct field_type field_type(const json_t *field);
/* The member's string, "" when there is none. */
const char *text_of(const json_t *object, const char *member);

void *checked(void *p); /* ends the process on NULL */
char *format(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The C files' texts, from schemas[]. */
void emit_header(FILE *f);
void emit_source(FILE *f);

#endif

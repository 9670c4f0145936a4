/* vectors - walks the JSON of third-party vector files. Every field is handed out on a heap block
 * of its exact size, freed by vectors_close(). A missing field fails the test. */
#ifndef SUPPORT_VECTORS_H
#define SUPPORT_VECTORS_H

#include "support/test.h"

#include <jansson.h>

enum { VECTOR_BLOCKS_MAX = 1 << 16 };

struct vectors {
    json_t *root;
    size_t n_blocks;
    struct bytes *blocks;
    /* what the runner counts; vectors_report() prints it and fails when nothing was run */
    unsigned n_run;
    unsigned n_out_of_scope;
};

struct vectors vectors_open(const char *name);
void vectors_close(struct vectors *v);
void vectors_report(const struct vectors *v, const char *name);

const json_t *vector_at(const json_t *object, const char *key);
bool vector_has(const json_t *object, const char *key);
const char *vector_str(const json_t *object, const char *key);
int64_t vector_int(const json_t *object, const char *key);
/* Hexadecimal text to bytes. */
struct bytes vector_hex(struct vectors *v, const json_t *object, const char *key);
/* An exact-size copy that lives as long as the file. */
struct bytes vector_keep(struct vectors *v, struct bytes in);

#define VECTOR_EACH(i, item, array) json_array_foreach((array), (i), (item))

#endif

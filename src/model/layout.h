/* layout - where each sealed piece of a package lies; arithmetic on a verified manifest only. */
#ifndef MODEL_LAYOUT_H
#define MODEL_LAYOUT_H

#include "model/manifest.h"

struct layout_file {
    uint64_t n_bytes;   /* plaintext */
    uint64_t n_chunks;  /* at least 1 */
    uint64_t leaves_at; /* offset of the sealed leaf table in the package */
    uint64_t chunks_at; /* offset of the first sealed chunk */
};

struct layout {
    struct layout_file files[MANIFEST_FILES_MAX];
    uint32_t n_files;
    uint64_t end; /* the package's exact length */
};

uint64_t layout_n_chunks(uint64_t n_bytes);
/* Plaintext length of one chunk. */
size_t layout_chunk_bytes(const struct layout_file *f, uint64_t chunk);
uint64_t layout_chunk_at(const struct layout_file *f, uint64_t chunk);
size_t layout_leaves_bytes(const struct layout_file *f); /* plaintext of the leaf table */
/* payload_at: where the payload begins. */
void layout_of(const struct manifest *m, uint64_t payload_at, struct layout *out);

#endif

/* model_files_impl - what the two kinds of model_files share; included by src/model alone. */
#ifndef MODEL_MODEL_FILES_IMPL_H
#define MODEL_MODEL_FILES_IMPL_H

#include "base/arena.h"
#include "crypto/aead.h"
#include "model/layout.h"
#include "model/model_files.h"

enum { SEALED_CHUNK_MAX = MANIFEST_CHUNK_BYTES + AEAD_TAG_LEN };

/* What one thread needs to read chunks. */
struct chunk_reader {
    uint8_t *buf; /* SEALED_CHUNK_MAX bytes */
    struct aead *aead;
};

struct model_files_ops {
    /* Puts the plaintext of a chunk at the start of r->buf, which is
     * layout_chunk_bytes() long. Its leaf is checked by the caller. */
    status (*read_chunk)(struct model_files *m, uint32_t file, uint64_t chunk,
                         struct chunk_reader *r);
    void (*free)(struct model_files *m);
};

struct model_file {
    char name[MANIFEST_NAME_MAX + 1];
    uint8_t *leaves;   /* n_chunks * SHA256_LEN */
    uint8_t *has_leaf; /* n_chunks; a byte each, so that threads may set neighbours */
};

/* Embedded first in each kind's own struct. */
struct model_files {
    const struct model_files_ops *ops;
    struct layout layout; /* of a folder only sizes and chunk counts are set */
    struct model_file files[MANIFEST_FILES_MAX];
    bool is_sealed;      /* chunks come through an AEAD under `dek` */
    struct aead_key dek; /* for is_sealed */
};

/* Adds a file with room for its leaves. */
NODISCARD status model_files_add(struct model_files *m, const char *name, uint64_t n_bytes);
/* Frees the leaves, wipes the key; the kinds' free functions call it. */
void model_files_clear(struct model_files *m);

#endif

#include "model/layout.h"

#include "crypto/aead.h"

uint64_t layout_n_chunks(uint64_t n_bytes)
{
    return (n_bytes + MANIFEST_CHUNK_BYTES - 1) / MANIFEST_CHUNK_BYTES;
}

size_t layout_chunk_bytes(const struct layout_file *f, uint64_t chunk)
{
    uint64_t left = f->n_bytes - chunk * MANIFEST_CHUNK_BYTES;
    return left < MANIFEST_CHUNK_BYTES ? (size_t)left : MANIFEST_CHUNK_BYTES;
}

uint64_t layout_chunk_at(const struct layout_file *f, uint64_t chunk)
{
    return f->chunks_at + chunk * (MANIFEST_CHUNK_BYTES + AEAD_TAG_LEN);
}

size_t layout_leaves_bytes(const struct layout_file *f)
{
    return (size_t)f->n_chunks * SHA256_LEN;
}

/* No sum can overflow: a manifest has at most 16 files of at most 2^36 bytes. */
void layout_of(const struct manifest *m, uint64_t payload_at, struct layout *out)
{
    *out = (struct layout){.n_files = m->n_files, .end = payload_at};
    for (uint32_t i = 0; i < m->n_files; i++) {
        struct layout_file *f = &out->files[i];
        f->n_bytes = m->files[i].n_bytes;
        f->n_chunks = layout_n_chunks(f->n_bytes);
        f->leaves_at = out->end;
        f->chunks_at = f->leaves_at + layout_leaves_bytes(f) + AEAD_TAG_LEN;
        out->end = f->chunks_at + f->n_bytes + f->n_chunks * AEAD_TAG_LEN;
    }
}

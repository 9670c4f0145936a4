/* source - where the bytes of a model package come from: a file here, a cloud object elsewhere.
 *
 * Untrusted: a source may return any bytes, or none. Nothing that it says is believed; the package
 * checks every byte that it uses. read_at is called from many threads at once.
 */
#ifndef MODEL_SOURCE_H
#define MODEL_SOURCE_H

#include "base/bytes.h"

struct model_source;

struct model_source_ops {
    /* Exactly n bytes at offset, which lies within n_bytes. ST_IO, ST_TIMEOUT, ST_TRUNCATED. */
    status (*read_at)(struct model_source *s, uint64_t offset, uint8_t *out, size_t n);
    void (*free)(struct model_source *s);
};

/* Embed it first in an implementation's own struct. */
struct model_source {
    const struct model_source_ops *ops;
    uint64_t n_bytes;
};

/* ST_TRUNCATED when the range goes beyond the source's end. */
NODISCARD status source_read_at(struct model_source *s, uint64_t offset, uint8_t *out, size_t n);
void source_freep(struct model_source **s);

/* A regular file, read with pread(2). ST_NOTFOUND, ST_IO. */
NODISCARD status source_open_file(const char *path, struct model_source **out);
/* Bytes in memory, borrowed for the life of the source. */
NODISCARD status source_open_bytes(struct bytes in, struct model_source **out);

#endif

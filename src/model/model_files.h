/* model_files - the files of one model, read in verified chunks: from a folder or from a package.
 *
 * Both give the same bytes and the same content digest, so that what ran inside an enclave from an
 * encrypted package can be run again by an auditor from the plain folder.
 */
#ifndef MODEL_MODEL_FILES_H
#define MODEL_MODEL_FILES_H

#include "base/buf.h"
#include "base/pool.h"
#include "crypto/hash.h"

struct model_files; /* opened by folder_open() or package_unlock() */

void model_files_freep(struct model_files **m);

/* Whether the model has this file, and how long it is. */
bool model_files_find(const struct model_files *m, const char *name, uint64_t *out_n_bytes);

/* Appends n bytes of a file. ST_NOTFOUND, ST_TRUNCATED beyond its end, ST_LIMIT beyond out->max,
 * ST_AUTH and ST_MISMATCH for bytes that are not the package's. */
NODISCARD status model_files_read(struct model_files *m, const char *name, uint64_t offset,
                                  size_t n, struct buf *out);
/* The whole of a small file; an absent file appends nothing. */
NODISCARD status model_files_read_all(struct model_files *m, const char *name, struct buf *out);

/* Takes one verified piece; called from many threads at once, in no order. The piece is wiped after
 * the call. */
typedef status (*model_sink_fn)(void *ctx, uint64_t offset, struct bytes chunk);

/* Hands every byte of a file to the sink exactly once. On failure the sink has seen some verified
 * pieces, of which the caller must make no use. */
NODISCARD status model_files_stream(struct model_files *m, const char *name, struct pool *pool,
                                    model_sink_fn sink, void *ctx);

/* Digest of names, sizes and Merkle roots of all files (content.h): the model_hash of receipts.
 * For a folder, files that were not read yet are read now. */
NODISCARD status model_files_content_digest(struct model_files *m, struct pool *pool,
                                            uint8_t out[static SHA256_LEN]);

#endif

/* embedder - a model made ready: tokenizer, weights in the engine's form, limits and digests.
 *
 * Opened from a plain Hugging Face folder or from an encrypted package; both give the same vectors
 * and the same model digest. Immutable after opening; many threads may tokenize with one. Encoding
 * goes through an embedder_work, of which each belongs to one thread at a time.
 */
#ifndef SERVE_EMBEDDER_H
#define SERVE_EMBEDDER_H

#include "base/buf.h"
#include "base/pool.h"
#include "crypto/hash.h"
#include "model/package.h"

struct embedder;
struct embedder_work;
struct bert_config;

struct embedder_options {
    const char *kernels;     /* "auto", "reference", "avx2" ...; NULL: auto. ST_UNSUPPORTED */
    struct pool *pool;       /* for loading; borrowed for the call */
    uint32_t max_tokens;     /* lowers the model's own limit; 0: does not */
    uint32_t allowed_dtypes; /* enum manifest_dtype; 0: all. A package's manifest can only narrow */
};

NODISCARD status embedder_open_folder(const char *folder, const struct embedder_options *o,
                                      struct embedder **out);
/* The package is borrowed for the call. */
NODISCARD status embedder_open_package(struct package *p, struct key_release *release,
                                       const struct embedder_options *o, struct embedder **out);
void embedder_freep(struct embedder **e);

/* Token ids of one text, with its special tokens. out_ids holds embedder_max_tokens(). A longer
 * text is cut and *out_truncated set; with no_truncate it is refused with ST_LIMIT. */
NODISCARD status embedder_tokenize(const struct embedder *e, struct bytes text, bool no_truncate,
                                   uint32_t *out_ids, size_t *out_n, bool *out_truncated);

/* The same under a limit below the model's: executes again what a manifest's lower limit has cut.
 */
NODISCARD status embedder_tokenize_to(const struct embedder *e, struct bytes text,
                                      uint32_t max_tokens, bool no_truncate, uint32_t *out_ids,
                                      size_t *out_n, bool *out_truncated);

/* Scratch for batches of up to max_batch_tokens tokens in all, for one pool of at most n_threads;
 * wiped when freed. */
NODISCARD status embedder_work_new(const struct embedder *e, size_t max_batch_tokens,
                                   uint32_t n_threads, struct embedder_work **out);
void embedder_work_freep(struct embedder_work **w);

/* n_texts sequences: ids of text i are ids[offsets[i]] to ids[offsets[i + 1]]. out holds
 * n_texts * embedder_dim() floats. */
struct embedder_batch {
    const uint32_t *ids;
    const uint32_t *offsets; /* n_texts + 1 */
    size_t n_texts;
    bool normalize;
};
NODISCARD status embedder_encode(const struct embedder *e, struct embedder_work *w,
                                 struct pool *pool, const struct embedder_batch *in, float *out);

uint32_t embedder_dim(const struct embedder *e);
uint32_t embedder_max_tokens(const struct embedder *e); /* of one text, special tokens included */
const struct bert_config *embedder_config(const struct embedder *e);
const char *embedder_kernels(const struct embedder *e); /* the kernels that were chosen */
size_t embedder_weight_bytes(const struct embedder *e);
/* Content digest (docs/PACKAGE.md section 6), the same for folder and package: receipts' model_hash
 * with scheme "sha256-manifest", and the statement's model digest. SHA256_LEN bytes. */
const uint8_t *embedder_model_digest(const struct embedder *e);
const uint8_t *embedder_tokenizer_digest(const struct embedder *e); /* SHA-256 of tokenizer.json */
/* The manifest of the package, or NULL for a folder; its digest, or zeroes. */
const struct manifest *embedder_manifest(const struct embedder *e);
const uint8_t *embedder_manifest_digest(const struct embedder *e);

#endif

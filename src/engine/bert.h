/* bert - BERT encoders: weights from a safetensors file, packed once, and texts to embeddings.
 *
 * Life of a model: bert_new() checks the header against the configuration and lays out the arena,
 * bert_load_range() takes the file's bytes in any order from any thread, bert_ready() says whether
 * all of them came; from then on the model is constant and any number of threads may encode with
 * it, each with scratch of its own. docs/NUMERICS.md fixes every bit of the result.
 *
 * Untrusted: header, weights and token ids. Names, shapes, types and offsets are checked, weights
 * must be finite, ids must be in the vocabulary. Activations are secrets: scratch is wiped.
 */
#ifndef ENGINE_BERT_H
#define ENGINE_BERT_H

#include "base/bytes.h"
#include "base/pool.h"
#include "engine/bert_config.h"
#include "engine/kern.h"
#include "formats/safetensors.h"

struct bert;
struct bert_work;

/*
 * Checks that the header holds exactly the tensors of that configuration, and makes room for them.
 * Names may start with `bert.`; LayerNorm may use gamma and beta; `embeddings.position_ids` and
 * `pooler.dense.*` are known and not used.
 *
 *   c, header       read during the call only
 *   kern            constant table, from kern_select()
 *   allowed_dtypes  bit mask of 1u << TENSOR_F32, TENSOR_F16, TENSOR_BF16
 *
 * Fails with ST_FORMAT (missing, extra, twice, wrong shape), ST_POLICY (type outside the mask),
 * ST_UNSUPPORTED (sizes or types that the engine does not do), ST_NOMEM.
 */
NODISCARD status bert_new(const struct bert_config *c, const struct safetensors *header,
                          const struct kern_ops *kern, uint32_t allowed_dtypes, struct bert **out);
void bert_freep(struct bert **b);

/*
 * Packs the bytes of the weights file at [file_offset, file_offset + chunk.n) into place.
 * Thread-safe. Ranges come in any order, may cover the header and gaps, must not overlap one
 * another and must not cut an element in two (cuts at multiples of 8 never do). Fails with ST_USAGE
 * on those and with ST_FORMAT on a weight that is not finite; after a failure the model can only be
 * freed.
 */
NODISCARD status bert_load_range(struct bert *b, uint64_t file_offset, struct bytes chunk);
/* Every byte of every tensor was loaded: ST_TRUNCATED names the first that was not. */
NODISCARD status bert_ready(struct bert *b);

const struct bert_config *bert_config_of(const struct bert *b);
const char *bert_kernels_of(const struct bert *b); /* name of the kernel table */
size_t bert_weight_bytes(const struct bert *b);    /* of the packed weights */

/*
 * Scratch for one bert_encode() at a time on a pool of at most n_threads. It takes
 * about 12 * hidden * 4 bytes a token; a batch above max_tokens is worked off in parts. Wiped on
 * free.
 */
NODISCARD status bert_work_new(const struct bert *b, size_t max_tokens, uint32_t n_threads,
                               struct bert_work **out);
void bert_work_freep(struct bert_work **w);

struct bert_batch {
    const uint32_t *ids;     /* all texts' token ids, one after another */
    const uint32_t *offsets; /* [n_texts + 1], ascending from 0: text i is ids[offsets[i]..] */
    size_t n_texts;
};

/*
 * Embeds each text: [n_texts, hidden] floats, with L2 normalisation if asked. The bits of a row
 * depend on the weights and on that text's ids alone. `p` may be NULL: then the caller's thread
 * does it all.
 *
 * Fails with ST_USAGE (not ready, empty text, offsets), ST_LIMIT (text above the model's positions
 * or above max_tokens), ST_FORMAT (id outside the vocabulary, result not finite).
 */
NODISCARD status bert_encode(const struct bert *b, struct bert_work *w, struct pool *p,
                             const struct bert_batch *in, bool normalize, float *out);

#endif

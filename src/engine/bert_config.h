/* bert_config - the shape of a BERT encoder, from the JSON files of a Hugging Face folder.
 *
 *     config.json                  architecture and sizes (required)
 *     modules.json                 sentence-transformers: Transformer, Pooling, then maybe
 * Normalize 1_Pooling/config.json        mean or cls sentence_bert_config.json    max_seq_length
 *
 * Without the last three: mean pooling, no normalisation, as many tokens as there are positions.
 *
 * Untrusted: all of it. Sizes are bounded, and what the engine does not compute is refused with
 * ST_UNSUPPORTED rather than computed wrongly: other architectures, activations other than the
 * exact gelu, relative positions, decoders, quantised weights, other pooling modes or modules.
 */
#ifndef ENGINE_BERT_CONFIG_H
#define ENGINE_BERT_CONFIG_H

#include "base/bytes.h"

enum { BERT_CONFIG_JSON_MAX = 256 << 10 };

enum bert_pooling { BERT_POOLING_MEAN, BERT_POOLING_CLS };

struct bert_config {
    uint32_t n_layers;
    uint32_t hidden;
    uint32_t n_heads; /* divides hidden */
    uint32_t intermediate;
    uint32_t vocab_size;
    uint32_t max_positions;
    uint32_t type_vocab;
    uint32_t max_tokens; /* of one text, specials included: 3 .. max_positions */
    float layer_norm_eps;
    enum bert_pooling pooling;
    bool normalize; /* the model ends in L2 normalisation */
};

/* The files' content; .n == 0 when a file is absent. */
struct bert_files {
    struct bytes config, pooling, sbert, modules;
};

/* ST_FORMAT (missing, mistyped, contradictory), ST_LIMIT (size), ST_UNSUPPORTED. */
NODISCARD status bert_config_parse(const struct bert_files *files, struct bert_config *out);

const char *bert_pooling_name(enum bert_pooling p); /* "mean" "cls" */

#endif

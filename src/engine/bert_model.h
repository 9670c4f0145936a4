/* bert_model - what a loaded encoder is made of; private to bert_*.c.
 *
 * Matrices are packed [N/16][K][16] in the type of the file, tables stay [rows][hidden] in the type
 * of the file, vectors (biases, norms) are widened to f32 at load. All three widenings are exact.
 */
#ifndef ENGINE_BERT_MODEL_H
#define ENGINE_BERT_MODEL_H

#include "base/arena.h"
#include "engine/bert.h"

#include <pthread.h>

enum bert_weight_kind { BERT_VECTOR, BERT_TABLE, BERT_MATRIX };

struct bert_weight {
    void *p;
    enum kern_type type; /* of what p points to */
};

/* Weights of the embedding stage, then of one layer; the order is that of the tables in
 * bert_names.c. */
enum bert_stem { STEM_WORDS, STEM_POSITIONS, STEM_TYPES, STEM_GAIN, STEM_BIAS, STEM_COUNT };
enum bert_part {
    PART_Q,
    PART_K,
    PART_V,
    PART_Q_BIAS,
    PART_K_BIAS,
    PART_V_BIAS,
    PART_OUT,
    PART_OUT_BIAS,
    PART_GAIN_1,
    PART_BIAS_1,
    PART_UP,
    PART_UP_BIAS,
    PART_DOWN,
    PART_DOWN_BIAS,
    PART_GAIN_2,
    PART_BIAS_2,
    PART_COUNT
};

struct bert_layer {
    struct bert_weight part[PART_COUNT];
};

/* One tensor of the model and where in the file its bytes are. */
struct bert_slot {
    char name[80];
    enum bert_weight_kind kind;
    uint64_t rows, columns; /* a vector has one row */
    uint64_t begin, end;    /* in the file; both 0 until the header names it */
    enum kern_type file_type;
    struct bert_weight *weight;
};

struct bert_range {
    uint64_t begin, end;
};

/* What has been loaded so far: disjoint, ascending, neighbours merged. */
struct bert_ranges {
    struct bert_range *v;
    size_t n, cap;
    size_t n_loading; /* calls of bert_load_range() at work */
    bool is_bad;
};

struct bert {
    struct bert_config config;
    const struct kern_ops *kern;
    struct arena *arena;
    size_t weight_bytes;
    struct bert_weight stem[STEM_COUNT];
    struct bert_layer *layers;
    struct bert_slot *slots; /* ascending by place in the file once bert_new() is through */
    size_t n_slots;
    bool is_ready;
    pthread_mutex_t lock; /* guards: ranges */
    struct bert_ranges ranges;
};

static inline size_t bert_type_bytes(enum kern_type t)
{
    return t == KERN_F32 ? 4 : 2;
}

static inline const float *bert_vector(const struct bert_weight *w)
{
    return (const float *)w->p;
}

/* bert_names.c */
/* Lists every tensor that a model of b->config has; fills b->slots. */
NODISCARD status bert_names_list(struct bert *b);
/* Finds the header's tensor for each slot; refuses missing, extra, misshapen and mistyped ones. */
NODISCARD status bert_names_match(struct bert *b, const struct safetensors *header,
                                  uint32_t allowed_dtypes);

/* bert_ranges.c */
NODISCARD status bert_ranges_add(struct bert_ranges *r, struct bert_range range);
bool bert_ranges_cover(const struct bert_ranges *r, struct bert_range range);

#endif

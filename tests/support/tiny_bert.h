/* tiny_bert - a small encoder with pseudo-random weights, made on the spot; the same on every
 * machine.
 *
 * Coarse weights have eight significant bits, so that F32, F16 and BF16 files of one seed hold the
 * very same numbers.
 */
#ifndef SUPPORT_TINY_BERT_H
#define SUPPORT_TINY_BERT_H

#include "engine/bert_config.h"
#include "formats/safetensors.h"

enum { TINY_TENSORS_MAX = 64, TINY_NAME_MAX = 80 };

struct tiny_tensor {
    char name[TINY_NAME_MAX];
    enum tensor_dtype dtype;
    uint32_t n_dims;
    uint64_t dims[2];
    uint64_t begin, end; /* absolute, once laid out */
};

struct tiny_bert {
    struct bert_config config;
    enum tensor_dtype dtype;
    bool is_coarse;
    const char *prefix; /* "" or "bert." */
    bool is_old;        /* gamma and beta */
    size_t n_tensors;
    struct tiny_tensor tensor[TINY_TENSORS_MAX];
    uint8_t *file; /* header and data */
    size_t file_bytes, header_bytes;
};

/* Two layers, hidden 64, two heads, vocabulary 101, 160 positions: names and shapes only. */
void tiny_bert_init(struct tiny_bert *t, enum tensor_dtype dtype, bool is_coarse);
/* Adds one tensor at the end of the list. */
void tiny_bert_add(struct tiny_bert *t, const char *name, uint64_t rows, uint64_t columns);
/* Lays the file out and fills it. Aborts without memory. */
void tiny_bert_fill(struct tiny_bert *t);
void tiny_bert_done(struct tiny_bert *t);

#endif

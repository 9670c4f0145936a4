/* bert_forward - one forward pass over texts that fit the scratch; private to bert_*.c.
 *
 * Who may write what: a task writes only the rows and columns that its number names, so neither the
 * order of tasks nor the worker that runs one can change a bit.
 */
#ifndef ENGINE_BERT_FORWARD_H
#define ENGINE_BERT_FORWARD_H

#include "engine/bert_model.h"

enum { BERT_QUERY_ROWS = 64 }; /* of one attention task */

/* One worker's: K^T and scores of one head. */
struct bert_scratch {
    float *keys;    /* [ceil(longest/16)][head size][16] */
    float *scores;  /* [ceil(longest/16)][BERT_QUERY_ROWS + 1][16] */
    float *inverse; /* [BERT_QUERY_ROWS] */
};

struct bert_normed {
    const float *add;
    const struct bert_weight *gain, *bias;
    size_t n_tasks;
};

struct bert_product;

struct bert_pass {
    const struct bert *bert;
    struct pool *pool;            /* NULL: the caller alone */
    struct bert_scratch *scratch; /* [workers] */
    const uint32_t *ids;          /* [n_tokens], checked */
    uint32_t *positions;          /* [n_tokens] within its text */
    uint32_t *first_token;        /* [n_texts + 1] */
    uint32_t *first_task;         /* [n_texts]: of attention */
    size_t n_texts, n_tokens, n_attention_tasks;
    /* Floats between panels. An odd number of rows spreads the panels over all cache sets. */
    size_t stride;
    float *x;    /* [tokens, hidden] */
    float *y;    /* [tokens, hidden] */
    float *wide; /* [tokens, max(3 hidden, intermediate)] */
    bool normalize;
    float *out;                         /* [n_texts, hidden] */
    const struct bert_product *product; /* of the phase that runs */
    struct bert_normed normed;          /* likewise */
};

struct bert_work {
    struct arena *arena;
    size_t max_tokens;
    uint32_t n_threads;
    struct bert_pass pass; /* its pointers and constants; the rest is of each call */
};

void bert_forward_run(struct bert_pass *pass);

#endif

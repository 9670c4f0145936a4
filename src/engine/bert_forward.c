/* The forward pass. Activations are panels, [columns/16][rows][16] (kern.h); rows are the tokens of
 * all texts one after another, and attention stays within each text. */
#include "engine/bert_forward.h"

#include <math.h>

#include "engine/numerics.h"

enum {
    PANELS_A_TASK = 4,        /* weights of one task: 64 columns */
    TILE_ROWS = 14,           /* the tallest tile of any kernel */
    TILES_A_TASK = 4,         /* so the task's rows stay in the second-level cache */
    NORM_ROWS_A_TASK = 16,    /* below this a hand-over costs more than the work */
    NORM_VALUES_ALONE = 8192, /* this few are done by the caller alone */
};

struct phase {
    struct bert_pass *pass;
    void (*run)(struct bert_pass *pass, uint32_t task, uint32_t worker);
};

static void run_task(void *ctx, uint32_t task, uint32_t worker)
{
    const struct phase *p = ctx;
    struct numerics_env env = numerics_enter();
    p->run(p->pass, task, worker);
    numerics_leave(env);
}

static void run_phase(struct bert_pass *pass, size_t n_tasks,
                      void (*run)(struct bert_pass *, uint32_t, uint32_t))
{
    struct phase p = {.pass = pass, .run = run};
    if (pass->pool != NULL) {
        pool_run(pass->pool, (uint32_t)n_tasks, run_task, &p);
        return;
    }
    for (uint32_t i = 0; i < n_tasks; i++)
        run_task(&p, i, 0);
}

static size_t blocks(size_t n, size_t size)
{
    return (n + size - 1) / size;
}

/* Block i of `n` blocks of about equal size: its first element; block n starts at the end. */
static size_t block_start(size_t i, size_t n, size_t total)
{
    return i * total / n;
}

/* --- products ------------------------------------------------------------------------------ */

/* Up to three matrices of one shape over the same rows: Q, K and V are one phase. */
struct bert_product {
    const float *a;
    size_t k, n; /* of each matrix */
    const struct bert_weight *weight[3];
    const struct bert_weight *bias[3];
    size_t n_matrices;
    float *c; /* the matrices' columns, one matrix after the other */
    bool gelu;
    const struct bert_weight *after; /* the first weights of the product that follows, or NULL */
    size_t after_k;
    size_t n_row_blocks;
    size_t n_panel_blocks; /* of one matrix */
};

static const uint8_t *panels_at(const struct bert_weight *w, size_t k, size_t panel)
{
    return (const uint8_t *)w->p + panel * k * KERN_PANEL * bert_type_bytes(w->type);
}

/* Where this core's next weights are, as far as can be told: workers take turns at the tasks. */
static const void *next_panels(const struct bert_pass *pass, const struct bert_product *p,
                               size_t task)
{
    size_t block = task / p->n_row_blocks + (pass->pool ? pool_size(pass->pool) : 1);
    size_t n_blocks = p->n_matrices * p->n_panel_blocks;
    if (block < n_blocks)
        return panels_at(p->weight[block / p->n_panel_blocks], p->k,
                         block % p->n_panel_blocks * PANELS_A_TASK);
    return p->after ? panels_at(p->after, p->after_k, (block - n_blocks) * PANELS_A_TASK) : NULL;
}

/* Blocks of whole tiles: 128 rows are 10 tiles of 12 or 13, in blocks of 3 or 4. */
static size_t row_start(size_t block, size_t n_blocks, size_t n_rows)
{
    size_t n_tiles = blocks(n_rows, TILE_ROWS);
    return block_start(block_start(block, n_blocks, n_tiles), n_tiles, n_rows);
}

static void product_task(struct bert_pass *pass, uint32_t task, uint32_t worker)
{
    (void)worker;
    const struct bert_product *p = pass->product;
    size_t row_block = task % p->n_row_blocks;
    size_t panel_block = task / p->n_row_blocks % p->n_panel_blocks;
    size_t matrix = task / p->n_row_blocks / p->n_panel_blocks;
    size_t row = row_start(row_block, p->n_row_blocks, pass->n_tokens);
    size_t row_end = row_start(row_block + 1, p->n_row_blocks, pass->n_tokens);
    size_t n_panels = p->n / KERN_PANEL;
    size_t panel = panel_block * PANELS_A_TASK;
    size_t panel_end = panel + PANELS_A_TASK < n_panels ? panel + PANELS_A_TASK : n_panels;
    const struct bert_weight *w = p->weight[matrix];
    struct kern_gemm g = {
        .n_rows = row_end - row,
        .n_panels = panel_end - panel,
        .k = p->k,
        .a = p->a + row * KERN_PANEL,
        .a_stride = pass->stride,
        .b = panels_at(w, p->k, panel),
        .b_stride = p->k * KERN_PANEL,
        .b_type = w->type,
        .bias = bert_vector(p->bias[matrix]) + panel * KERN_PANEL,
        .c = p->c + (matrix * n_panels + panel) * pass->stride + row * KERN_PANEL,
        .c_stride = pass->stride,
        .gelu = p->gelu,
        .next = row_block + 1 == p->n_row_blocks ? next_panels(pass, p, task) : NULL,
    };
    pass->bert->kern->gemm(&g);
}

static void run_product(struct bert_pass *pass, struct bert_product *p)
{
    p->n_row_blocks = blocks(blocks(pass->n_tokens, TILE_ROWS), TILES_A_TASK);
    p->n_panel_blocks = blocks(p->n / KERN_PANEL, PANELS_A_TASK);
    pass->product = p;
    run_phase(pass, p->n_matrices * p->n_panel_blocks * p->n_row_blocks, product_task);
}

static void run_qkv(struct bert_pass *pass, const struct bert_weight *part)
{
    struct bert_product p = {
        .a = pass->x,
        .k = pass->bert->config.hidden,
        .n = pass->bert->config.hidden,
        .weight = {&part[PART_Q], &part[PART_K], &part[PART_V]},
        .bias = {&part[PART_Q_BIAS], &part[PART_K_BIAS], &part[PART_V_BIAS]},
        .n_matrices = 3,
        .c = pass->wide,
        .after = &part[PART_OUT],
        .after_k = pass->bert->config.hidden,
    };
    run_product(pass, &p);
}

static void run_one(struct bert_pass *pass, const struct bert_weight *part, enum bert_part which,
                    struct bert_product p)
{
    p.weight[0] = &part[which];
    p.bias[0] = &part[which + 1];
    p.n_matrices = 1;
    run_product(pass, &p);
}

/* --- rows: embedding and layer norm -------------------------------------------------------- */

static size_t norm_tasks(const struct bert_pass *pass)
{
    if (pass->n_tokens * pass->bert->config.hidden <= NORM_VALUES_ALONE)
        return 1;
    return blocks(pass->n_tokens, NORM_ROWS_A_TASK);
}

static void norm_task(struct bert_pass *pass, uint32_t task, uint32_t worker)
{
    (void)worker;
    const struct bert_normed *n = &pass->normed;
    size_t row = block_start(task, n->n_tasks, pass->n_tokens);
    struct kern_norm k = {
        .n_rows = block_start(task + 1, n->n_tasks, pass->n_tokens) - row,
        .n_panels = pass->bert->config.hidden / KERN_PANEL,
        .x = pass->x + row * KERN_PANEL,
        .x_stride = pass->stride,
        .add = n->add ? n->add + row * KERN_PANEL : NULL,
        .add_stride = pass->stride,
        .gain = bert_vector(n->gain),
        .bias = bert_vector(n->bias),
        .eps = pass->bert->config.layer_norm_eps,
    };
    pass->bert->kern->norm(&k);
}

/* x = layer_norm(x + add) */
static void run_norm(struct bert_pass *pass, const float *add, const struct bert_weight *gain)
{
    pass->normed = (struct bert_normed){
        .add = add, .gain = gain, .bias = gain + 1, .n_tasks = norm_tasks(pass)};
    run_phase(pass, pass->normed.n_tasks, norm_task);
}

/* out += row, or out = row; `out` is a row of panels `stride` apart. */
static void take_row(float *out, size_t stride, const struct bert_weight *table, size_t row,
                     size_t n, bool is_first)
{
    for (size_t panel = 0; panel < n / KERN_PANEL; panel++) {
        float *to = out + panel * stride, v[KERN_PANEL];
        size_t at = row * n + panel * KERN_PANEL;
        if (table->type == KERN_F32)
            memcpy(v, (const float *)table->p + at, sizeof(v));
        for (size_t l = 0; table->type == KERN_F16 && l < KERN_PANEL; l++)
            v[l] = numerics_from_f16(((const uint16_t *)table->p)[at + l]);
        for (size_t l = 0; table->type == KERN_BF16 && l < KERN_PANEL; l++)
            v[l] = numerics_from_bf16(((const uint16_t *)table->p)[at + l]);
        for (size_t l = 0; l < KERN_PANEL; l++)
            to[l] = is_first ? v[l] : to[l] + v[l];
    }
}

/* (word + type) + position. The type is 0 throughout: an embedding has one segment. */
static void embed_token(struct bert_pass *pass, size_t token)
{
    const struct bert_weight *stem = pass->bert->stem;
    size_t hidden = pass->bert->config.hidden;
    float *out = pass->x + token * KERN_PANEL;
    take_row(out, pass->stride, &stem[STEM_WORDS], pass->ids[token], hidden, true);
    take_row(out, pass->stride, &stem[STEM_TYPES], 0, hidden, false);
    take_row(out, pass->stride, &stem[STEM_POSITIONS], pass->positions[token], hidden, false);
}

static void embed_task(struct bert_pass *pass, uint32_t task, uint32_t worker)
{
    size_t n_tasks = pass->normed.n_tasks;
    size_t end = block_start(task + 1, n_tasks, pass->n_tokens);
    for (size_t i = block_start(task, n_tasks, pass->n_tokens); i < end; i++)
        embed_token(pass, i);
    norm_task(pass, task, worker);
}

static void run_embed(struct bert_pass *pass)
{
    const struct bert_weight *stem = pass->bert->stem;
    pass->normed = (struct bert_normed){
        .gain = &stem[STEM_GAIN], .bias = &stem[STEM_BIAS], .n_tasks = norm_tasks(pass)};
    run_phase(pass, pass->normed.n_tasks, embed_task);
}

/* --- attention ----------------------------------------------------------------------------- */

struct span {
    size_t text, head;
    size_t first, n;       /* tokens of the text */
    size_t query, n_query; /* rows of this task, within the text */
};

/* Tasks are numbered text by text, head by head, block of queries by block of queries. */
static struct span span_of(const struct bert_pass *pass, uint32_t task)
{
    size_t low = 0, high = pass->n_texts;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (pass->first_task[middle] <= task)
            low = middle;
        else
            high = middle;
    }
    struct span s = {.text = low, .first = pass->first_token[low]};
    s.n = pass->first_token[low + 1] - s.first;
    size_t n_blocks = blocks(s.n, BERT_QUERY_ROWS);
    size_t i = task - pass->first_task[low];
    s.head = i / n_blocks;
    s.query = block_start(i % n_blocks, n_blocks, s.n);
    s.n_query = block_start(i % n_blocks + 1, n_blocks, s.n) - s.query;
    return s;
}

static void attention_task(struct bert_pass *pass, uint32_t task, uint32_t worker)
{
    const struct kern_ops *kern = pass->bert->kern;
    const struct bert_config *c = &pass->bert->config;
    struct span s = span_of(pass, task);
    size_t depth = c->hidden / c->n_heads, head_panels = depth / KERN_PANEL;
    size_t all_panels = c->hidden / KERN_PANEL, stride = pass->stride;
    const float *q = pass->wide + s.head * head_panels * stride + s.first * KERN_PANEL;
    const float *k = q + all_panels * stride;
    const float *v = k + all_panels * stride;
    float *out = pass->y + s.head * head_panels * stride + (s.first + s.query) * KERN_PANEL;
    struct bert_scratch *w = &pass->scratch[worker];
    size_t score_stride = (s.n_query | 1) * KERN_PANEL;
    float scale = 1.0f / sqrtf((float)depth);

    kern->transpose(k, stride, s.n, head_panels, w->keys);
    struct kern_gemm scores = {.n_rows = s.n_query,
                               .n_panels = blocks(s.n, KERN_PANEL),
                               .k = depth,
                               .a = q + s.query * KERN_PANEL,
                               .a_stride = stride,
                               .b = w->keys,
                               .b_stride = depth * KERN_PANEL,
                               .c = w->scores,
                               .c_stride = score_stride};
    kern->gemm(&scores);
    kern->softmax(w->scores, score_stride, s.n_query, s.n, scale, w->inverse);
    struct kern_gemm mixed = {.n_rows = s.n_query,
                              .n_panels = head_panels,
                              .k = s.n,
                              .a = w->scores,
                              .a_stride = score_stride,
                              .b = v,
                              .b_stride = stride,
                              .c = out,
                              .c_stride = stride};
    kern->gemm(&mixed);
    kern->scale(out, stride, s.n_query, head_panels, w->inverse);
}

/* --- pooling ------------------------------------------------------------------------------- */

static float value_at(const struct bert_pass *pass, size_t token, size_t i)
{
    return pass->x[i / KERN_PANEL * pass->stride + token * KERN_PANEL + i % KERN_PANEL];
}

static void pool_mean(const struct bert_pass *pass, size_t first, size_t end, float *out)
{
    for (size_t i = 0; i < pass->bert->config.hidden; i += KERN_PANEL) {
        const float *x = pass->x + i / KERN_PANEL * pass->stride;
        float sum[KERN_PANEL] = {0};
        for (size_t token = first; token < end; token++) {
            for (size_t l = 0; l < KERN_PANEL; l++)
                sum[l] += x[token * KERN_PANEL + l];
        }
        for (size_t l = 0; l < KERN_PANEL; l++)
            out[i + l] = sum[l] / (float)(end - first);
    }
}

static void l2_normalize(float *x, size_t n)
{
    float lanes[NUMERICS_LANES] = {0};
    for (size_t i = 0; i < n; i++)
        lanes[i % NUMERICS_LANES] = fmaf(x[i], x[i], lanes[i % NUMERICS_LANES]);
    for (size_t half = NUMERICS_LANES / 2; half > 0; half /= 2) {
        for (size_t l = 0; l < half; l++)
            lanes[l] += lanes[l + half];
    }
    float length = sqrtf(lanes[0]);
    length = length < 1e-12f ? 1e-12f : length;
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] / length;
}

static void pool_task(struct bert_pass *pass, uint32_t task, uint32_t worker)
{
    (void)worker;
    const struct bert_config *c = &pass->bert->config;
    float *out = pass->out + (size_t)task * c->hidden;
    size_t first = pass->first_token[task];
    if (c->pooling == BERT_POOLING_MEAN) {
        pool_mean(pass, first, pass->first_token[task + 1], out);
    } else {
        for (size_t i = 0; i < c->hidden; i++)
            out[i] = value_at(pass, first, i);
    }
    if (pass->normalize)
        l2_normalize(out, c->hidden);
}

/* --- the whole ----------------------------------------------------------------------------- */

/* `following`: the next layer's first weights, or NULL. */
static void run_layer(struct bert_pass *pass, const struct bert_weight *part,
                      const struct bert_weight *following)
{
    size_t hidden = pass->bert->config.hidden, inner = pass->bert->config.intermediate;
    run_qkv(pass, part);
    run_phase(pass, pass->n_attention_tasks, attention_task);
    run_one(pass, part, PART_OUT,
            (struct bert_product){.a = pass->y,
                                  .k = hidden,
                                  .n = hidden,
                                  .c = pass->wide,
                                  .after = &part[PART_UP],
                                  .after_k = hidden});
    run_norm(pass, pass->wide, &part[PART_GAIN_1]);
    run_one(pass, part, PART_UP,
            (struct bert_product){.a = pass->x,
                                  .k = hidden,
                                  .n = inner,
                                  .c = pass->wide,
                                  .gelu = true,
                                  .after = &part[PART_DOWN],
                                  .after_k = inner});
    run_one(pass, part, PART_DOWN,
            (struct bert_product){.a = pass->wide,
                                  .k = inner,
                                  .n = hidden,
                                  .c = pass->y,
                                  .after = following,
                                  .after_k = hidden});
    run_norm(pass, pass->y, &part[PART_GAIN_2]);
}

void bert_forward_run(struct bert_pass *pass)
{
    run_embed(pass);
    uint32_t n_layers = pass->bert->config.n_layers;
    const struct bert_layer *layer = pass->bert->layers;
    for (uint32_t i = 0; i < n_layers; i++)
        run_layer(pass, layer[i].part, i + 1 < n_layers ? &layer[i + 1].part[PART_Q] : NULL);
    run_phase(pass, pass->n_texts, pool_task);
}

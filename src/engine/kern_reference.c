/* The specification of eml-n1 in plain loops; docs/NUMERICS.md says the same in words. */
#include "engine/kern.h"

#include "engine/kern_math.h"
#include "engine/numerics.h"

#include <math.h>

/* Element (row, column) of a matrix in panels. */
static size_t at(size_t row, size_t column, size_t stride)
{
    return column / KERN_PANEL * stride + row * KERN_PANEL + column % KERN_PANEL;
}

static float weight(const struct kern_gemm *g, size_t k, size_t n)
{
    size_t i = at(k, n, g->b_stride);
    if (g->b_type == KERN_F32)
        return ((const float *)g->b)[i];
    uint16_t half = ((const uint16_t *)g->b)[i];
    return g->b_type == KERN_F16 ? numerics_from_f16(half) : numerics_from_bf16(half);
}

/* 0.5 * erf(x / sqrt 2) as an odd rational function, exactly 0.5 from GELU_LIMIT on. */
static float gelu(float x)
{
    float t = x > GELU_LIMIT ? GELU_LIMIT : x < -GELU_LIMIT ? -GELU_LIMIT : x;
    float u = t * t;
    float p = GELU_P5;
    p = fmaf(p, u, GELU_P4);
    p = fmaf(p, u, GELU_P3);
    p = fmaf(p, u, GELU_P2);
    p = fmaf(p, u, GELU_P1);
    p = fmaf(p, u, GELU_P0);
    float q = GELU_Q5;
    q = fmaf(q, u, GELU_Q4);
    q = fmaf(q, u, GELU_Q3);
    q = fmaf(q, u, GELU_Q2);
    q = fmaf(q, u, GELU_Q1);
    q = fmaf(q, u, 1.0f);
    float h = t * p / q;
    return fmaf(x, h, 0.5f * x);
}

static void gemm(const struct kern_gemm *g)
{
    for (size_t n = 0; n < g->n_panels * KERN_PANEL; n++) {
        for (size_t m = 0; m < g->n_rows; m++) {
            float acc = g->bias ? g->bias[n] : 0.0f;
            for (size_t k = 0; k < g->k; k++)
                acc = fmaf(g->a[at(m, k, g->a_stride)], weight(g, k, n), acc);
            g->c[at(m, n, g->c_stride)] = g->gelu ? gelu(acc) : acc;
        }
    }
}

/* The written tree: halves are added onto each other until one lane is left. */
static float lanes_sum(float lanes[static NUMERICS_LANES])
{
    for (size_t half = NUMERICS_LANES / 2; half > 0; half /= 2) {
        for (size_t l = 0; l < half; l++)
            lanes[l] += lanes[l + half];
    }
    return lanes[0];
}

static void norm_row(const struct kern_norm *n, size_t row)
{
    size_t size = n->n_panels * KERN_PANEL;
    float sum[NUMERICS_LANES] = {0};
    for (size_t i = 0; i < size; i++) {
        float *x = &n->x[at(row, i, n->x_stride)];
        if (n->add != NULL)
            *x += n->add[at(row, i, n->add_stride)];
        sum[i % NUMERICS_LANES] += *x;
    }
    float mean = lanes_sum(sum) / (float)size;
    float squares[NUMERICS_LANES] = {0};
    for (size_t i = 0; i < size; i++) {
        float d = n->x[at(row, i, n->x_stride)] - mean;
        squares[i % NUMERICS_LANES] = fmaf(d, d, squares[i % NUMERICS_LANES]);
    }
    float factor = 1.0f / sqrtf(lanes_sum(squares) / (float)size + n->eps);
    for (size_t i = 0; i < size; i++) {
        float *x = &n->x[at(row, i, n->x_stride)];
        *x = fmaf((*x - mean) * factor, n->gain[i], n->bias[i]);
    }
}

static void norm(const struct kern_norm *n)
{
    for (size_t row = 0; row < n->n_rows; row++)
        norm_row(n, row);
}

/* For x from -infinity to a little above zero; never below exp(EXP_LIMIT), so always normal. */
static float exp_n1(float x)
{
    x = x < EXP_LIMIT ? EXP_LIMIT : x;
    float t = fmaf(x, EXP_LOG2E, EXP_MAGIC);
    float n = t - EXP_MAGIC;
    float r = fmaf(n, -EXP_LN2_HI, x);
    r = fmaf(n, -EXP_LN2_LO, r);
    float p = EXP_C6;
    p = fmaf(p, r, EXP_C5);
    p = fmaf(p, r, EXP_C4);
    p = fmaf(p, r, EXP_C3);
    p = fmaf(p, r, EXP_C2);
    p = fmaf(p, r * r, r);
    p = p + 1.0f;
    return numerics_float(numerics_bits(p) + (numerics_bits(t) << 23));
}

static float softmax_row(float *s, size_t stride, size_t n_cols, float scale)
{
    float max = s[0];
    for (size_t j = 1; j < n_cols; j++) {
        float v = s[at(0, j, stride)];
        max = v > max ? v : max;
    }
    float shift = -(max * scale);
    float sum[NUMERICS_LANES] = {0};
    for (size_t j = 0; j < n_cols; j++) {
        float *e = &s[at(0, j, stride)];
        *e = exp_n1(fmaf(*e, scale, shift));
        sum[j % NUMERICS_LANES] += *e;
    }
    return 1.0f / lanes_sum(sum);
}

static void softmax(float *s, size_t s_stride, size_t n_rows, size_t n_cols, float scale,
                    float *out_inverse)
{
    for (size_t row = 0; row < n_rows; row++)
        out_inverse[row] = softmax_row(s + row * KERN_PANEL, s_stride, n_cols, scale);
}

static void scale_rows(float *x, size_t x_stride, size_t n_rows, size_t n_panels,
                       const float *factor)
{
    for (size_t row = 0; row < n_rows; row++) {
        for (size_t i = 0; i < n_panels * KERN_PANEL; i++)
            x[at(row, i, x_stride)] *= factor[row];
    }
}

static void transpose(const float *keys, size_t keys_stride, size_t n_rows, size_t n_panels,
                      float *out)
{
    size_t depth = n_panels * KERN_PANEL;
    size_t padded = (n_rows + KERN_PANEL - 1) / KERN_PANEL * KERN_PANEL;
    for (size_t row = 0; row < padded; row++) {
        for (size_t i = 0; i < depth; i++)
            out[at(i, row, depth * KERN_PANEL)] =
                row < n_rows ? keys[at(row, i, keys_stride)] : 0.0f;
    }
}

const struct kern_ops kern_reference = {.name = "reference",
                                        .gemm = gemm,
                                        .norm = norm,
                                        .softmax = softmax,
                                        .scale = scale_rows,
                                        .transpose = transpose};

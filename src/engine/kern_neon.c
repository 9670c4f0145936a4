/* NEON: one panel row is four registers of four lanes. Same bits as kern_reference.c.
 *
 * Register budget of the product: 4 x rows accumulators, 4 weights and the values of a within 32:
 * six rows.
 */
#include "engine/kern.h"

#if defined(__aarch64__)

#include <arm_neon.h>
#include <math.h>

#include "engine/kern_math.h"
#include "engine/kern_unroll.h"

enum { TILE_ROWS = 6, QUADS = 4, QUAD = 4 };

KERN_INLINE float32x4_t gelu4(float32x4_t x)
{
    float32x4_t limit = vdupq_n_f32(GELU_LIMIT);
    float32x4_t t = vmaxq_f32(vminq_f32(x, limit), vdupq_n_f32(-GELU_LIMIT));
    float32x4_t u = vmulq_f32(t, t);
    float32x4_t p = vdupq_n_f32(GELU_P5);
    p = vfmaq_f32(vdupq_n_f32(GELU_P4), p, u);
    p = vfmaq_f32(vdupq_n_f32(GELU_P3), p, u);
    p = vfmaq_f32(vdupq_n_f32(GELU_P2), p, u);
    p = vfmaq_f32(vdupq_n_f32(GELU_P1), p, u);
    p = vfmaq_f32(vdupq_n_f32(GELU_P0), p, u);
    float32x4_t q = vdupq_n_f32(GELU_Q5);
    q = vfmaq_f32(vdupq_n_f32(GELU_Q4), q, u);
    q = vfmaq_f32(vdupq_n_f32(GELU_Q3), q, u);
    q = vfmaq_f32(vdupq_n_f32(GELU_Q2), q, u);
    q = vfmaq_f32(vdupq_n_f32(GELU_Q1), q, u);
    q = vfmaq_f32(vdupq_n_f32(1.0f), q, u);
    float32x4_t h = vdivq_f32(vmulq_f32(t, p), q);
    return vfmaq_f32(vmulq_f32(vdupq_n_f32(0.5f), x), x, h);
}

KERN_INLINE float32x4_t weights4(const void *b, size_t i, enum kern_type type)
{
    if (type == KERN_F32)
        return vld1q_f32((const float *)b + i);
    uint16x4_t half = vld1_u16((const uint16_t *)b + i);
    if (type == KERN_F16)
        return vcvt_f32_f16(vreinterpret_f16_u16(half));
    return vreinterpretq_f32_u32(vshll_n_u16(half, 16));
}

struct tile {
    const float *a;
    const void *b;
    const float *bias;
    float *c;
};

KERN_INLINE void step(float32x4_t acc[][QUADS], const float *a, const void *b, size_t k,
                      const int rows, const enum kern_type type)
{
    float32x4_t w[QUADS];
    KERN_UNROLL for (size_t i = 0; i < QUADS; i++) w[i] =
        weights4(b, k * KERN_PANEL + i * QUAD, type);
    KERN_UNROLL for (int r = 0; r < rows; r++)
    {
        float32x4_t x = vld1q_dup_f32(a + r * KERN_PANEL);
        KERN_UNROLL for (int i = 0; i < QUADS; i++) acc[r][i] = vfmaq_f32(acc[r][i], x, w[i]);
    }
}

KERN_INLINE void tile_at(const struct kern_gemm *g, struct tile t, const int rows,
                         const enum kern_type type)
{
    float32x4_t acc[TILE_ROWS][QUADS];
    KERN_UNROLL for (int i = 0; i < QUADS; i++)
    {
        float32x4_t start = t.bias ? vld1q_f32(t.bias + i * QUAD) : vdupq_n_f32(0.0f);
        KERN_UNROLL for (int r = 0; r < rows; r++) acc[r][i] = start;
    }
    const float *a = t.a;
    size_t k = 0;
    for (; k + KERN_PANEL <= g->k; k += KERN_PANEL, a += g->a_stride) {
        for (size_t i = 0; i < KERN_PANEL; i++)
            step(acc, a + i, t.b, k + i, rows, type);
    }
    for (size_t i = 0; k < g->k; k++, i++)
        step(acc, a + i, t.b, k, rows, type);
    KERN_UNROLL for (int r = 0; r < rows; r++)
    {
        KERN_UNROLL for (int i = 0; i < QUADS; i++)
            vst1q_f32(t.c + r * KERN_PANEL + i * QUAD, acc[r][i]);
    }
    for (int i = 0; g->gelu && i < rows * KERN_PANEL; i += QUAD)
        vst1q_f32(t.c + i, gelu4(vld1q_f32(t.c + i)));
}

#define TILE(r, type)           \
    case r:                     \
        tile_at(g, t, r, type); \
        return;
#define TILES(name, type)                                                                 \
    static void name(const struct kern_gemm *g, struct tile t, size_t rows)               \
    {                                                                                     \
        switch (rows) {                                                                   \
            TILE(1, type)                                                                 \
            TILE(2, type) TILE(3, type) TILE(4, type) TILE(5, type) TILE(6, type) default \
                : __builtin_unreachable();                                                \
        }                                                                                 \
    }
TILES(tile_f32, KERN_F32)
TILES(tile_f16, KERN_F16)
TILES(tile_bf16, KERN_BF16)

static void one_tile(const struct kern_gemm *g, size_t row, size_t rows, size_t panel)
{
    size_t size = g->b_type == KERN_F32 ? 4 : 2;
    struct tile t = {.a = g->a + row * KERN_PANEL,
                     .b = (const char *)g->b + panel * g->b_stride * size,
                     .bias = g->bias ? g->bias + panel * KERN_PANEL : NULL,
                     .c = g->c + panel * g->c_stride + row * KERN_PANEL};
    if (g->b_type == KERN_F32)
        tile_f32(g, t, rows);
    else if (g->b_type == KERN_F16)
        tile_f16(g, t, rows);
    else
        tile_bf16(g, t, rows);
}

static void gemm(const struct kern_gemm *g)
{
    size_t n_tiles = (g->n_rows + TILE_ROWS - 1) / TILE_ROWS;
    for (size_t panel = 0; panel < g->n_panels; panel++) {
        for (size_t i = 0, row = 0; i < n_tiles; i++) {
            size_t rows = (g->n_rows - row + n_tiles - i - 1) / (n_tiles - i);
            one_tile(g, row, rows, panel);
            row += rows;
        }
    }
}

/* Lane l + lane l + 8, then 4, 2, 1: the tree of the profile. */
KERN_INLINE float lanes_sum(const float32x4_t v[QUADS])
{
    float32x4_t y = vaddq_f32(vaddq_f32(v[0], v[2]), vaddq_f32(v[1], v[3]));
    float32x2_t z = vadd_f32(vget_low_f32(y), vget_high_f32(y));
    return vget_lane_f32(z, 0) + vget_lane_f32(z, 1);
}

static float row_mean(const struct kern_norm *n, size_t row)
{
    float32x4_t sum[QUADS] = {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)};
    for (size_t p = 0; p < n->n_panels; p++) {
        for (size_t i = 0; i < QUADS; i++) {
            size_t lane = row * KERN_PANEL + i * QUAD;
            float *x = n->x + p * n->x_stride + lane;
            float32x4_t v = vld1q_f32(x);
            if (n->add != NULL)
                v = vaddq_f32(v, vld1q_f32(n->add + p * n->add_stride + lane));
            vst1q_f32(x, v);
            sum[i] = vaddq_f32(sum[i], v);
        }
    }
    return lanes_sum(sum) / (float)(n->n_panels * KERN_PANEL);
}

static void norm_row(const struct kern_norm *n, size_t row)
{
    float32x4_t mean = vdupq_n_f32(row_mean(n, row));
    float32x4_t squares[QUADS] = {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)};
    for (size_t p = 0; p < n->n_panels; p++) {
        for (size_t i = 0; i < QUADS; i++) {
            const float *x = n->x + p * n->x_stride + row * KERN_PANEL + i * QUAD;
            float32x4_t d = vsubq_f32(vld1q_f32(x), mean);
            squares[i] = vfmaq_f32(squares[i], d, d);
        }
    }
    float variance = lanes_sum(squares) / (float)(n->n_panels * KERN_PANEL);
    float32x4_t factor = vdupq_n_f32(1.0f / sqrtf(variance + n->eps));
    for (size_t i = 0; i < n->n_panels * QUADS; i++) {
        float *x = n->x + i / QUADS * n->x_stride + row * KERN_PANEL + i % QUADS * QUAD;
        float32x4_t d = vmulq_f32(vsubq_f32(vld1q_f32(x), mean), factor);
        vst1q_f32(x, vfmaq_f32(vld1q_f32(n->bias + i * QUAD), d, vld1q_f32(n->gain + i * QUAD)));
    }
}

static void norm(const struct kern_norm *n)
{
    for (size_t row = 0; row < n->n_rows; row++)
        norm_row(n, row);
}

KERN_INLINE float32x4_t exp4(float32x4_t x)
{
    float32x4_t magic = vdupq_n_f32(EXP_MAGIC);
    x = vmaxq_f32(x, vdupq_n_f32(EXP_LIMIT));
    float32x4_t t = vfmaq_f32(magic, x, vdupq_n_f32(EXP_LOG2E));
    float32x4_t n = vsubq_f32(t, magic);
    float32x4_t r = vfmaq_f32(x, n, vdupq_n_f32(-EXP_LN2_HI));
    r = vfmaq_f32(r, n, vdupq_n_f32(-EXP_LN2_LO));
    float32x4_t p = vdupq_n_f32(EXP_C6);
    p = vfmaq_f32(vdupq_n_f32(EXP_C5), p, r);
    p = vfmaq_f32(vdupq_n_f32(EXP_C4), p, r);
    p = vfmaq_f32(vdupq_n_f32(EXP_C3), p, r);
    p = vfmaq_f32(vdupq_n_f32(EXP_C2), p, r);
    p = vfmaq_f32(r, p, vmulq_f32(r, r));
    p = vaddq_f32(p, vdupq_n_f32(1.0f));
    uint32x4_t power = vshlq_n_u32(vreinterpretq_u32_f32(t), 23);
    return vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(p), power));
}

/* Four columns from `column` on; lanes at or past n_cols get `filler`. */
static float32x4_t columns4(const float *s, size_t stride, size_t column, size_t n_cols,
                            float filler)
{
    const float *at = s + column / KERN_PANEL * stride + column % KERN_PANEL;
    if (column + QUAD <= n_cols)
        return vld1q_f32(at);
    float lanes[QUAD] = {filler, filler, filler, filler};
    for (size_t i = 0; column + i < n_cols; i++)
        lanes[i] = at[i];
    return vld1q_f32(lanes);
}

static float row_max(const float *s, size_t stride, size_t n_cols)
{
    float32x4_t max = vdupq_n_f32(-INFINITY);
    for (size_t j = 0; j < n_cols; j += QUAD)
        max = vmaxq_f32(max, columns4(s, stride, j, n_cols, -INFINITY));
    return vmaxvq_f32(max);
}

static float softmax_row(float *s, size_t stride, size_t n_cols, float scale)
{
    float32x4_t factor = vdupq_n_f32(scale);
    float32x4_t shift = vdupq_n_f32(-(row_max(s, stride, n_cols) * scale));
    float32x4_t sum[QUADS] = {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)};
    for (size_t j = 0; j < n_cols; j += QUAD) {
        float *at = s + j / KERN_PANEL * stride + j % KERN_PANEL;
        float32x4_t e = exp4(vfmaq_f32(shift, columns4(s, stride, j, n_cols, 0), factor));
        float lanes[QUAD] = {0};
        vst1q_f32(lanes, e);
        /* The other lanes add +0 to a sum that is +0 or positive: no bit changes. */
        for (size_t i = 0; i < QUAD; i++) {
            if (j + i < n_cols)
                at[i] = lanes[i];
            else
                lanes[i] = 0;
        }
        size_t quad = j % KERN_PANEL / QUAD;
        sum[quad] = vaddq_f32(sum[quad], vld1q_f32(lanes));
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
    for (size_t p = 0; p < n_panels; p++) {
        for (size_t i = 0; i < n_rows * KERN_PANEL; i += QUAD) {
            float *at = x + p * x_stride + i;
            vst1q_f32(at, vmulq_n_f32(vld1q_f32(at), factor[i / KERN_PANEL]));
        }
    }
}

static void transpose(const float *keys, size_t keys_stride, size_t n_rows, size_t n_panels,
                      float *out)
{
    size_t depth = n_panels * KERN_PANEL;
    size_t padded = (n_rows + KERN_PANEL - 1) / KERN_PANEL * KERN_PANEL;
    for (size_t row = 0; row < padded; row++) {
        float *to = out + row / KERN_PANEL * depth * KERN_PANEL + row % KERN_PANEL;
        for (size_t i = 0; i < depth; i++) {
            const float *from = keys + i / KERN_PANEL * keys_stride + i % KERN_PANEL;
            to[i * KERN_PANEL] = row < n_rows ? from[row * KERN_PANEL] : 0.0f;
        }
    }
}

extern const struct kern_ops kern_neon;
const struct kern_ops kern_neon = {.name = "neon",
                                   .gemm = gemm,
                                   .norm = norm,
                                   .softmax = softmax,
                                   .scale = scale_rows,
                                   .transpose = transpose};

#else
typedef int kern_neon_is_for_arm; /* a translation unit must not be empty */
#endif
